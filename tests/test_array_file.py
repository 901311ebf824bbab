"""Files of arrays that somebody forged: refused in words, and without memory that the file itself does not have."""

from __future__ import annotations

import hashlib
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright import array_file
from maskwright.array_file import DamagedFileError, packed, read_regular, unpacked, write_atomically
from maskwright.disk_cache import CACHE_DIR_VARIABLE, load_arrays, store_arrays

DATA = bytes(range(64))


def forged(header: Any, data: bytes = DATA) -> bytes:
    """A file whose checksum fits whatever is in it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = len(text).to_bytes(8, "little") + text + data
    return b"MWARRAY2" + hashlib.blake2b(body, digest_size=32).digest() + body


def header_of(*arrays: Any) -> dict[str, Any]:
    """A header with these arrays."""
    return {"kind": "x", "arrays": list(arrays)}


@pytest.mark.parametrize(
    "header",
    [
        header_of(["a", "<i4", [1 << 40], 0]),
        header_of(["a", "<i4", [1 << 62, 4], 0]),
        header_of(["a", "<i4", [10**30], 0]),
        header_of(["a", "<i4", [4], 10**30]),
        header_of(["a", "<i4", [0, 10**30], 0]),
        header_of(["a", "<i4", [-1], 0]),
        header_of(["a", "<i4", [4], -4]),
        header_of(["a", "<i4", [1.5], 0]),
        header_of(["a", "<i4", [True], 0]),
        header_of(["a", "<i4", [1] * 100, 0]),
        header_of(["a", "<i4", {"0": 4}, 0]),
        header_of(["a", "<i4", 4, 0]),
        header_of(["a", "|O", [1], 0]),
        header_of(["a", "i4,i4", [1], 0]),
        header_of(["a", "(3,", [1], 0]),
        header_of(["a", "(1000000000,)<i8", [1], 0]),
        header_of(["a", "<U100000000", [1], 0]),
        header_of(["a", {"names": ["b"], "formats": ["<i4"]}, [1], 0]),
        header_of(["a", 5, [1], 0]),
        header_of([["a"], "<i4", [1], 0]),
        header_of([5, "<i4", [1], 0]),
        header_of(["a"]),
        header_of("a"),
        header_of(*(["a" * n, "|u1", [64], 0] for n in range(1, 3))),
        [["arrays"]],
        {"arrays": 5},
        {},
        b"[" * 100_000,
        b'{"arrays": [["a", "<i4", [' + b"9" * 5_000 + b"], 0]]}",
        b"\xff\xfe",
        b"",
    ],
    ids=str,
)
def test_a_forged_header_is_damage_and_takes_no_memory(header: Any) -> None:
    content = forged(header)
    tracemalloc.start()
    with pytest.raises(DamagedFileError) as refused:
        unpacked(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(content) + 200_000
    assert len(str(refused.value)) < 300


@given(length=st.integers(0, (1 << 64) - 1))
def test_a_forged_length_of_the_header_is_damage(length: int) -> None:
    text = json.dumps(header_of()).encode()
    body = length.to_bytes(8, "little") + text + DATA
    content = b"MWARRAY2" + hashlib.blake2b(body, digest_size=32).digest() + body
    if length == len(text):
        assert unpacked(content) == ({"kind": "x"}, {})
    else:
        with pytest.raises(DamagedFileError):
            unpacked(content)


def test_several_arrays_may_share_what_the_file_has() -> None:
    arrays = unpacked(forged(header_of(["a", "|u1", [32], 0], ["b", "|u1", [32], 32])))[1]
    assert bytes(arrays["a"]) + bytes(arrays["b"]) == DATA


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no file without end")
def test_a_link_to_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    with pytest.raises(OSError, match="Not a regular file"):
        read_regular(tmp_path / "link")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(bytes(1001))
    monkeypatch.setattr(array_file, "MAX_FILE_BYTES", 1000)
    with pytest.raises(OSError, match="More than 1000 bytes"):
        read_regular(tmp_path / "file")


def test_links_to_regular_files_are_followed_and_replaced(tmp_path: Path) -> None:
    content = packed({}, {"a": np.arange(3)})
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link")[0] == content
    write_atomically(tmp_path / "link", b"other")
    assert (tmp_path / "file").read_bytes() == content, "what a link leads to is never written"
    assert not (tmp_path / "link").is_symlink()


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of one entry in the cache."""
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    assert store_arrays("kind", "key", {"a": np.arange(3)})
    return tmp_path / "kind" / "key.arrays"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")
def test_entries_that_others_wrote_or_may_write_are_not_taken(entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert entry.stat().st_mode & 0o777 == 0o600
    for mode, is_taken in ((0o600, True), (0o644, True), (0o620, False), (0o602, False), (0o666, False)):
        entry.chmod(mode)
        assert (load_arrays("kind", "key") is not None) == is_taken
    entry.chmod(0o600)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert (load_arrays("kind", "key") is not None) == (owner == 0), "what the system's own user wrote is taken by all"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_in_the_place_of_an_entry_is_not_cached(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry)
    assert load_arrays("kind", "key") is None
    assert store_arrays("kind", "key", {"a": np.arange(3)}), "and is replaced"
    assert load_arrays("kind", "key") is not None
