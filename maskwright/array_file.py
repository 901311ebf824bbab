"""Files of named arrays behind a JSON header: what is kept on disk, and what a compiled grammar is saved as.

    magic  8 bytes | blake2b of the rest, 32 bytes | header length, 8 bytes little-endian | header, JSON | array data

The header is an object; `arrays` in it lists name, dtype, shape and offset of each array, C-contiguous, every one at a
multiple of 64 bytes. Nothing in a file is ever executed. A checksum over everything behind it finds damage: a rename
survives a power failure that the content does not. It does not find malice; so the header's numbers are checked too:
no array reaches beyond its file, and all together are no larger than that, whoever wrote it.

A file is written under a temporary name and then renamed, which is atomic: readers see all of it or nothing, and of
several writers the last one wins. It is read whole, and only if it is a regular file (`read_regular`): a pipe would
wait for ever, a device never end, and a memory map kills the process when somebody shortens the file.
Cost: about 1 ms a megabyte, for the checksum. Rejected: npz (a CRC per member, but reads three times slower, and can
hold pickles).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"MWARRAY2"
_DIGEST_SIZE: Final = 32
_HEADER_BEGIN: Final = len(_MAGIC) + _DIGEST_SIZE + 8
_ALIGNMENT: Final = 64
_DTYPE_NAME: Final = re.compile(r"[<>|][biuf][0-9]{1,2}")
_MOST_DIMENSIONS: Final = 8
MAX_FILE_BYTES: Final = 2 << 30
"""The tables of the largest vocabularies take some 100 MB."""
SHOWN_CHARACTERS: Final = 200
_KINDS: Final = "biuf"
"""Plain numbers, by the letters of `numpy.dtype.kind`."""


class DamagedFileError(Exception):
    """The bytes are not a file of arrays, or not all of one; the text says in what respect."""


def packed(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The content of a file; `header` may hold whatever JSON can, but nothing called `arrays`."""
    assert "arrays" not in header
    assert all(array.dtype.kind in _KINDS for array in arrays.values()), "only plain numbers are stored"
    listed, size = [], 0
    for name, array in arrays.items():
        listed.append([name, array.dtype.str, array.shape, size])
        size += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    text = json.dumps({**header, "arrays": listed}, ensure_ascii=True).encode()
    text += b" " * (-(_HEADER_BEGIN + len(text)) % _ALIGNMENT)
    body = bytearray(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        body += array.tobytes()
        body += bytes(-array.nbytes % _ALIGNMENT)
    return _MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest() + body


def unpacked(content: bytes | memoryview) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of a file's content; arrays are views of it where it has the machine's byte order.

    Raises DamagedFileError.
    """
    view = memoryview(content)
    if len(view) < _HEADER_BEGIN or bytes(view[: len(_MAGIC)]) != _MAGIC:
        raise DamagedFileError("it does not begin like a file of this version")
    body = view[len(_MAGIC) + _DIGEST_SIZE :]
    digest = hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()
    if view[len(_MAGIC) : len(_MAGIC) + _DIGEST_SIZE] != digest:
        raise DamagedFileError("its checksum does not fit its content")
    data_begin = _HEADER_BEGIN + int.from_bytes(body[:8], "little")
    try:
        header = json.loads(bytes(view[_HEADER_BEGIN:data_begin]))
        listed = header.pop("arrays")
        data = view[data_begin:]
        arrays = {name: _array(data, *entry) for name, *entry in listed}
        if sum(array.nbytes for array in arrays.values()) > len(data) or not all(
            isinstance(name, str) for name in arrays
        ):
            raise ValueError("arrays that overlap")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, SyntaxError, RecursionError) as error:
        raise DamagedFileError(f"its header cannot be read ({str(error)[:SHOWN_CHARACTERS]})") from error
    return header, arrays


def _array(data: memoryview, dtype_name: str, shape: list[int], offset: int) -> NDArray[Any]:
    """One array of a file; raises ValueError or TypeError where that lies outside of it."""
    if not _DTYPE_NAME.fullmatch(dtype_name) or not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"an array of {dtype_name!r:.40}")
    dtype = np.dtype(dtype_name)
    if dtype.kind not in _KINDS or not all(type(n) is int and n >= 0 for n in (*shape, offset)):
        raise ValueError(f"an array of {dtype_name} with the shape {shape} at {offset}")
    count = math.prod(shape)
    if count == 0:
        return np.zeros(shape, dtype.newbyteorder("="))
    array = np.frombuffer(data, dtype, count, offset).reshape(shape)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))


def read_regular(path: Path) -> tuple[bytes, os.stat_result]:
    """The content of a regular file, and what the system says of it; raises OSError, also for any other thing."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        if status.st_size > MAX_FILE_BYTES:
            raise OSError(errno.EFBIG, f"More than {MAX_FILE_BYTES} bytes", str(path))
        return file.read(status.st_size + 1), status


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it; raises OSError, and leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
