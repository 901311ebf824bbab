"""A cache on disk for numpy arrays that are computed from content: same kind and key, same arrays, for ever.

One file per entry (`array_file`), `<folder>/<kind>/<key>.arrays`, in the user's cache folder (`MASKWRIGHT_CACHE_DIR`
names another, set to nothing it switches the cache off). Whatever goes wrong - no such folder, no rights, disk full, a
damaged or half-written file - the answer is "not cached" and never an error or a wrong array.

Kernels take what they find in arrays for indices, so a forged entry could make them read anywhere. Entries are written
for their owner alone, and where the system has owners only those are read that this user or the system's own user
wrote, and that nobody else may write: a folder like /tmp may be shared, entries of strangers are not taken.

A kind with few entries, such as the tables of a vocabulary, grows to some megabytes and stays. One with any number of
them is bounded by whoever stores: every sixteenth entry, by its key, looks at how much there is, and if that is too
much the oldest files go until half is left. Reading costs about 1 ms per megabyte, and 150 us at least.
Rejected: memory maps, for a user's entries may be replaced while they are in use, which not all systems allow.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs
from numpy.typing import NDArray

from maskwright.array_file import DamagedFileError, packed, read_regular, unpacked, write_atomically

CACHE_DIR_VARIABLE: Final = "MASKWRIGHT_CACHE_DIR"

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def cache_folder() -> Path | None:
    """Where entries lie, or None if caching is off or no absolute folder is known (a user without a home)."""
    named = os.environ.get(CACHE_DIR_VARIABLE)
    if named is not None:
        return Path(named) if named else None
    folder = Path(platformdirs.user_cache_dir("maskwright"))
    return folder if folder.is_absolute() else None


def load_arrays(kind: str, key: str) -> dict[str, NDArray[Any]] | None:
    """The arrays stored under `kind` and `key`, writable and C-contiguous, or None if there are none."""
    path = _path(kind, key)
    if path is None:
        return None
    try:
        content, status = read_regular(path)
        if not _is_trusted(status):
            return None
        header, arrays = unpacked(content)
    except (OSError, DamagedFileError):
        return None
    if (header.get("kind"), header.get("key")) != (kind, key):
        return None
    return {name: array.copy() for name, array in arrays.items()}  # writable: numba takes others as another type


def _is_trusted(status: os.stat_result) -> bool:
    """Did this user or the system's own write the file, and may nobody else?"""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def store_arrays(kind: str, key: str, arrays: Mapping[str, NDArray[Any]], max_bytes: int | None = None) -> bool:
    """Store the arrays under `kind` and `key`; False, and no trace, where that is not possible.

    `max_bytes` bounds the files of the kind, roughly; keys must then end in a hexadecimal digest.
    """
    path = _path(kind, key)
    if path is None:
        return False
    try:
        write_atomically(path, packed({"kind": kind, "key": key}, arrays))
    except OSError:
        return False
    if max_bytes is not None and key.endswith("0"):
        _drop_oldest(path.parent, max_bytes)
    return True


def _drop_oldest(folder: Path, max_bytes: int) -> None:
    """If the files of a folder take more than they may, remove the oldest until half of that is left."""
    with contextlib.suppress(OSError):
        found = [(entry.stat(), entry.path) for entry in os.scandir(folder) if entry.name.endswith(".arrays")]
        total = sum(status.st_size for status, _ in found)
        if total <= max_bytes:
            return
        for status, path in sorted(found, key=lambda one: one[0].st_mtime_ns):
            if total <= max_bytes // 2:
                return
            with contextlib.suppress(OSError):  # somebody else may have removed it
                Path(path).unlink()
            total -= status.st_size


def _path(kind: str, key: str) -> Path | None:
    assert _FILE_NAME.fullmatch(kind) and _FILE_NAME.fullmatch(key), (kind, key)
    folder = cache_folder()
    return None if folder is None else folder / kind / f"{key}.arrays"
