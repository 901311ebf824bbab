from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright import array_file
from maskwright.disk_cache import CACHE_DIR_VARIABLE, cache_folder, load_arrays, store_arrays

ARRAYS = {
    "nodes": np.arange(30, dtype=np.int32).reshape(5, 6),
    "bytes": np.array([0, 255], dtype=np.uint8),
    "empty": np.zeros((0, 6), dtype=np.int32),
    "one": np.array(2.5),
    "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    return tmp_path


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_arrays_come_back_equal_writable_and_contiguous(folder: Path) -> None:
    assert store_arrays("kind", "key", ARRAYS)
    loaded = load_arrays("kind", "key")
    assert loaded is not None
    assert list(loaded) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].shape == array.shape
        assert (loaded[name] == array).all()
        assert loaded[name].flags.writeable
        assert loaded[name].flags.c_contiguous
    assert files_below(folder) == ["key.arrays"]


def test_what_was_not_stored_is_not_there(folder: Path) -> None:
    assert load_arrays("kind", "key") is None
    store_arrays("kind", "key", ARRAYS)
    assert load_arrays("kind", "other") is None
    assert load_arrays("other", "key") is None


def test_a_file_under_a_wrong_name_is_not_taken(folder: Path) -> None:
    store_arrays("kind", "key", ARRAYS)
    (folder / "kind" / "key.arrays").rename(folder / "kind" / "other.arrays")
    assert load_arrays("kind", "other") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**9), flipped=st.integers(1, 255))
def test_a_flipped_byte_anywhere_is_noticed_and_the_file_rewritten(folder: Path, place: int, flipped: int) -> None:
    store_arrays("kind", "key", ARRAYS)
    path = folder / "kind" / "key.arrays"
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flipped
    path.write_bytes(content)
    assert load_arrays("kind", "key") is None
    assert store_arrays("kind", "key", ARRAYS)
    assert load_arrays("kind", "key") is not None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**9))
def test_a_truncated_or_lengthened_file_is_ignored(folder: Path, place: int) -> None:
    store_arrays("kind", "key", ARRAYS)
    path = folder / "kind" / "key.arrays"
    content = path.read_bytes()
    path.write_bytes(content[: place % len(content)])
    assert load_arrays("kind", "key") is None
    path.write_bytes(content + b"\0")
    assert load_arrays("kind", "key") is None


def test_a_folder_in_the_place_of_the_file_is_survived(folder: Path) -> None:
    (folder / "kind" / "key.arrays").mkdir(parents=True)
    assert load_arrays("kind", "key") is None
    assert not store_arrays("kind", "key", ARRAYS)
    assert files_below(folder) == []


def test_a_cache_folder_that_cannot_be_made_means_no_caching(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_bytes(b"")
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(folder / "file" / "cache"))
    assert not store_arrays("kind", "key", ARRAYS)
    assert load_arrays("kind", "key") is None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write into any folder")
def test_a_read_only_folder_means_no_caching(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        assert not store_arrays("kind", "key", ARRAYS)
        assert load_arrays("kind", "key") is None
    finally:
        folder.chmod(0o700)


def test_without_the_right_to_create_files_nothing_is_cached(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(array_file.tempfile, "mkstemp", refuse)
    assert not store_arrays("kind", "key", ARRAYS)
    assert files_below(folder) == []


def test_a_full_disk_leaves_the_old_entry_and_no_litter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_arrays("kind", "key", ARRAYS)

    class FullDisk:
        def __init__(self, descriptor: int, mode: str) -> None:
            self.descriptor = descriptor

        def __enter__(self) -> FullDisk:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.descriptor)

        def write(self, content: bytes) -> None:
            os.write(self.descriptor, content[:10])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(array_file.os, "fdopen", FullDisk)
        assert not store_arrays("kind", "key", ARRAYS)
    assert files_below(folder) == ["key.arrays"]
    assert load_arrays("kind", "key") is not None


def test_an_empty_variable_switches_the_cache_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_DIR_VARIABLE, "")
    assert cache_folder() is None
    assert not store_arrays("kind", "key", ARRAYS)
    assert load_arrays("kind", "key") is None
    assert files_below(tmp_path) == []


def test_by_default_entries_lie_in_the_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: f"/home/someone/.cache/{name}")
    assert cache_folder() == Path("/home/someone/.cache/maskwright")


def test_a_user_without_a_home_gets_no_folder_called_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: f"~/.cache/{name}")
    assert cache_folder() is None


def _write_often(folder: str, writer: int) -> None:
    os.environ[CACHE_DIR_VARIABLE] = folder
    for turn in range(100):
        # Which of two contents it is does not matter to the cache; a mixture of the two would.
        value = (writer + turn) % 2
        assert store_arrays("kind", "key", {"all": np.full(20_000, value, dtype=np.int32)})


def test_many_writing_processes_never_show_a_half_written_entry(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(str(folder), writer)) for writer in range(3)]
    for process in writers:
        process.start()
    n_loaded = 0
    while any(process.is_alive() for process in writers):
        loaded = load_arrays("kind", "key")
        if loaded is None:
            assert n_loaded == 0, "an entry that was there has gone"
        else:
            assert loaded["all"].min() == loaded["all"].max()
            n_loaded += 1
    for process in writers:
        process.join()
        assert process.exitcode == 0
    assert n_loaded > 0
    assert files_below(folder) == ["key.arrays"]


def test_a_bounded_kind_drops_its_oldest_entries(folder: Path) -> None:
    array = {"a": np.arange(1_000, dtype=np.int32)}
    for number in range(32):
        assert store_arrays("kind", f"{number:02x}f", array, 40_000)
        path = folder / "kind" / f"{number:02x}f.arrays"
        os.utime(path, ns=(number, number))
    assert load_arrays("kind", "1ff") is not None, "the newest"
    assert store_arrays("kind", "0f0", array, 40_000), "which looks at how much there is"
    kept = sorted(path.stem for path in (folder / "kind").iterdir())
    assert sum(path.stat().st_size for path in (folder / "kind").iterdir()) <= 20_000
    assert kept == ["0f0", "1df", "1ef", "1ff"]
    assert load_arrays("kind", "0af") is None and load_arrays("kind", "1ff") is not None


def test_a_kind_without_bounds_drops_nothing(folder: Path) -> None:
    for number in range(16):
        store_arrays("kind", f"{number:x}0", {"a": np.arange(1_000, dtype=np.int32)})
    assert len(list((folder / "kind").iterdir())) == 16
