"""What ends a run, each with what to do about it; what is wrong with a single row is a `RowError`, and ends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import MaskwrightError


class BatchError(MaskwrightError):
    """The base of all errors that end a run, or keep it from beginning."""


@dataclass(unsafe_hash=True)
class UnusableFile(BatchError):
    """A file of rows cannot be read or written."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}."


@dataclass(unsafe_hash=True)
class DuplicateId(BatchError):
    """Two rows have one id, so nobody could tell their answers apart."""

    path: Path
    line: int
    id: str | int
    first_line: int

    def __str__(self) -> str:
        return (
            f"{self.path}, line {self.line}: the id {self.id!r} is that of line {self.first_line} already "
            "(rows without an id have the number of their line)."
        )


@dataclass(unsafe_hash=True)
class OutputOfAnotherRun(BatchError):
    """The output file holds rows that this run would not have written, so it is left as it is."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; remove it to start anew, or name another file."


@dataclass(unsafe_hash=True)
class HostFailed(BatchError):
    """What runs the model failed, and not for the sake of one row: nothing was written for the rows at hand."""

    reason: str

    def __str__(self) -> str:
        return f"The run stopped: {self.reason}. What is written stays; started again it goes on from there."
