"""What a worker is doing, in a file that both it and its watcher have mapped: known even when the worker is gone.

    begun, read, refused, failed     uint64 each: how many inputs, and what became of them
    size | content                   the input in progress

An input is counted when it begins, so `begun - read - refused - failed` is 1 while one is in progress.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

MAX_SIZE: Final = 1 << 20
_COUNTS: Final = struct.Struct("<5Q")


@dataclass(slots=True)
class Record:
    """The mapped file (mutable); see the module."""

    mapped: mmap.mmap
    begun: int = 0
    read: int = 0
    refused: int = 0
    failed: int = 0

    @classmethod
    def at(cls, path: Path) -> Self:
        """The record in a file, which is made if there is none."""
        if not path.exists():
            path.write_bytes(bytes(_COUNTS.size + MAX_SIZE))
        with path.open("r+b") as file:
            record = cls(mmap.mmap(file.fileno(), 0))
        record.look()
        return record

    def begin(self, content: bytes) -> None:
        """An input is tried now."""
        self.begun += 1
        kept = content[:MAX_SIZE]
        self.mapped[_COUNTS.size : _COUNTS.size + len(kept)] = kept
        self._write(len(kept))

    def end(self) -> None:
        """The counts of what became of inputs have changed."""
        self._write(_COUNTS.unpack_from(self.mapped)[4])

    def _write(self, size: int) -> None:
        _COUNTS.pack_into(self.mapped, 0, self.begun, self.read, self.refused, self.failed, size)

    def look(self) -> int:
        """Take over the counts from the file; how many inputs have begun."""
        self.begun, self.read, self.refused, self.failed, _ = _COUNTS.unpack_from(self.mapped)
        return self.begun

    @property
    def content(self) -> bytes:
        """The input that began last."""
        size = _COUNTS.unpack_from(self.mapped)[4]
        return self.mapped[_COUNTS.size : _COUNTS.size + size]
