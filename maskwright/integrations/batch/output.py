"""The output file: at every moment the beginning of the finished file, whatever was killed when.

The invariant. Rows are appended in the order of the input, whole batches at a time, by one process. So OUT is a prefix
of what it will be in the end, perhaps followed by a part of a line. To go on, a run counts the whole lines, cuts off
what follows, and begins with the row behind them: no row can be lost or come twice, and the finished file has the
same bytes as if nothing had happened. The file is its own journal.

What may be lost, and is made again. A killed process loses the batch that it was working on; whatever `write` has
taken is the kernel's and survives. A power failure may also take what was not yet `fsync`ed, and leave zeros in its
place; each batch is synced before the next is begun to be written, so only the last one can be hurt. A line with a
zero byte, or without an end, is no answer, and from there on the file is cut.

Which run it is. OUT.run, beside OUT, says what the rows depend on: the digest of the input, the constraint, the model,
the options. It is written and synced before the first row. A run that would write other rows is refused, and so is an
OUT without it: nobody's file is mixed or overwritten. On the way every line is compared with its row of the input.
Started again after the end, a run finds nothing to do. A lock (`flock`, gone with its process) keeps a second run out.

Rejected. Ids as the journal, rows in the order in which they are finished: rows without an id have no place in it, all
ids have to be kept, and two runs give two files. A part file, renamed when it is complete: the rows cannot be used, or
watched, before the end, and nothing is gained, as OUT.run and the number of lines say the same. A database (SQLite):
exact too, but then a second format has to be turned into JSONL. `fsync` after every row: a disk's turn for each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, final

from maskwright.integrations.batch.answers import ERROR, LENGTH, Answer, head_of, line_of
from maskwright.integrations.batch.errors import OutputOfAnotherRun, UnusableFile
from maskwright.integrations.batch.rows import Row

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: two runs at once are the user's to avoid
    fcntl = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows were written, and how many of them are errors, or were cut by the most tokens."""

    n_rows: int = 0
    n_errors: int = 0
    n_cut: int = 0

    def with_reason(self, finish_reason: str) -> Tally:
        """One row more."""
        return Tally(
            self.n_rows + 1,
            self.n_errors + (finish_reason == ERROR),
            self.n_cut + (finish_reason == LENGTH),
        )


@final
class OutputFile:
    """An output file that rows are appended to; `tally` counts all that are in it, of earlier starts too."""

    def __init__(self, path: Path, file: BinaryIO, tally: Tally) -> None:
        self._path = path
        self._file = file
        self.tally = tally

    def append(self, answered: Sequence[tuple[Row, Answer]]) -> None:
        """Write the next rows and wait until they are on the disk; raises UnusableFile."""
        lines = [line_of(row, answer) for row, answer in answered]
        try:
            self._file.write(b"".join(lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise UnusableFile(self._path, f"rows cannot be written ({error.strerror or error})") from error
        for line in lines:
            head = head_of(line)
            assert head is not None, "what is written can be read"
            self.tally = self.tally.with_reason(head.finish_reason)


def run_file(path: Path) -> Path:
    """Where it is said which run an output file belongs to: `run_file(Path("out.jsonl"))` -> `out.jsonl.run`."""
    return path.with_name(path.name + ".run")


@contextmanager
def opened(path: Path, run: Mapping[str, Any], rows: Iterator[Row]) -> Iterator[OutputFile]:
    """The output file of a run, with the rows kept that are in it; `rows` is led to the first that is missing.

    run: what the rows depend on, plain data. Raises OutputOfAnotherRun and UnusableFile.
    """
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise UnusableFile(path, f"it cannot be written ({error.strerror or error})") from error
    with file:
        _lock(path, file)
        if os.fstat(file.fileno()).st_size == 0:
            _write_synced(run_file(path), json.dumps(run, indent=1).encode())
        else:
            _check_run(path, run)
        tally, size = _kept(path, file, rows)
        file.seek(size)
        file.truncate()
        yield OutputFile(path, file, tally)


def _lock(path: Path, file: BinaryIO) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UnusableFile(path, "another run is writing it") from None
    except OSError:
        pass  # a file system without locks: then it is the user's to start one run at a time


def _check_run(path: Path, run: Mapping[str, Any]) -> None:
    try:
        known = json.loads(run_file(path).read_bytes())
    except FileNotFoundError:
        raise OutputOfAnotherRun(path, f"it is there already, without a {run_file(path).name} to go on from") from None
    except (OSError, ValueError) as error:
        raise OutputOfAnotherRun(path, f"{run_file(path).name} cannot be read") from error
    for name in dict.fromkeys([*run, *(known if isinstance(known, dict) else {})]):
        was = known.get(name) if isinstance(known, dict) else None
        if was != run.get(name):
            short = all(len(str(value)) <= 60 for value in (was, run.get(name)))
            what = f"with {name} {was!r}, not {run.get(name)!r}" if short else f"with another {name}"
            raise OutputOfAnotherRun(path, f"it was begun {what}")


def _kept(path: Path, file: BinaryIO, rows: Iterator[Row]) -> tuple[Tally, int]:
    """What is in the file already, and its bytes; `rows` is led behind the last of these rows."""
    tally, size = Tally(), 0
    for line in file:
        head = head_of(line)
        if head is None:
            break
        row = next(rows, None)
        if row is None or (head.line, head.id) != (row.line, row.id):
            raise OutputOfAnotherRun(path, f"row {tally.n_rows + 1} of it is not that of the input")
        tally, size = tally.with_reason(head.finish_reason), size + len(line)
    return tally, size


def _write_synced(path: Path, content: bytes) -> None:
    """A whole file or none, also after a power failure."""
    temporary = path.with_name(path.name + ".writing")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise UnusableFile(path, f"it cannot be written ({error.strerror or error})") from error
