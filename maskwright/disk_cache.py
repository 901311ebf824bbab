"""A cache on disk for numpy arrays that are computed from content: same kind and key, same arrays, for ever.

One file per entry, `<folder>/<kind>/<key>.arrays`, in the user's cache folder (`MASKWRIGHT_CACHE_DIR` names another,
set to nothing it switches the cache off). Whatever goes wrong - no such folder, no rights, disk full, a damaged or
half-written file - the answer is "not cached" and never an error or a wrong array:

 *  a file is written under a temporary name and then renamed, which is atomic: readers see all of it or nothing, and
    of several writers the last one wins with the same content;
 *  a checksum over everything behind it, since a rename survives a power failure that the content does not.

    magic  8 bytes | blake2b of the rest, 32 bytes | header length, 8 bytes little-endian | header, JSON | array data

The header names kind, key, and for each array name, dtype and shape; the data follows in that order, C-contiguous.
Rejected: npz (checks a CRC per member, but reads three times slower and can hold pickles); numpy's memory maps
(read-only arrays are another type to numba, and a file under a map must not be replaced on all systems).

A kind with few entries, such as the tables of a vocabulary, grows to some megabytes and stays. One with any number of
them is bounded by whoever stores: every sixteenth entry, by its key, looks at how much there is, and if that is too
much the oldest files go until half is left. Reading costs about 1 ms per megabyte, and 150 us at least.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import platformdirs
from numpy.typing import NDArray

CACHE_DIR_VARIABLE: Final = "MASKWRIGHT_CACHE_DIR"

_MAGIC: Final = b"MWARRAY1"
_DIGEST_SIZE: Final = 32
_HEADER_BEGIN: Final = len(_MAGIC) + _DIGEST_SIZE + 8
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
        content = path.read_bytes()
    except OSError:
        return None
    return _unpacked(content, kind, key)


def store_arrays(kind: str, key: str, arrays: Mapping[str, NDArray[Any]], max_bytes: int | None = None) -> bool:
    """Store the arrays under `kind` and `key`; False, and no trace, where that is not possible.

    `max_bytes` bounds the files of the kind, roughly; keys must then end in a hexadecimal digest.
    """
    path = _path(kind, key)
    if path is None:
        return False
    content = _packed(kind, key, arrays)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    except OSError:
        return False
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
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


def _packed(kind: str, key: str, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    assert all(array.dtype.kind in "biuf" for array in arrays.values()), "only plain numbers are stored"
    listed = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    header = json.dumps({"kind": kind, "key": key, "arrays": listed}).encode()
    body = len(header).to_bytes(8, "little") + header + b"".join(array.tobytes() for array in arrays.values())
    return _MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest() + body


def _unpacked(content: bytes, kind: str, key: str) -> dict[str, NDArray[Any]] | None:
    """The arrays of a file, or None if it is damaged, of another version, or not about this key."""
    body = memoryview(content)[len(_MAGIC) + _DIGEST_SIZE :]
    digest = content[len(_MAGIC) : len(_MAGIC) + _DIGEST_SIZE]
    if not content.startswith(_MAGIC) or hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest() != digest:
        return None
    # From here on the file is as some version of `_packed` wrote it.
    data_begin = _HEADER_BEGIN + int.from_bytes(body[:8], "little")
    header = json.loads(content[_HEADER_BEGIN:data_begin])
    if (header["kind"], header["key"]) != (kind, key):
        return None
    arrays = {}
    position = data_begin
    for name, dtype_name, shape in header["arrays"]:
        stored = np.dtype(dtype_name)
        array = np.frombuffer(content, stored, math.prod(shape), position).reshape(shape)
        arrays[name] = array.astype(stored.newbyteorder("="))  # always a copy, hence writable
        position += array.nbytes
    return arrays
