"""A run: rows in, answers out, each exactly once, whatever happened to earlier starts of it.

    job = Job(Path("in.jsonl"), Path("out.jsonl"), Asking(Constraint(Kind.REGEX, "yes|no")))
    run(job, OnTransformers(), run_here).tally.n_rows     # as many as there are rows in in.jsonl

A run is known by what its rows depend on (`_identity`): the bytes of the input, the constraint, the seed, the names of
the members, the batch size, and the model with how it is asked. Where it runs is not among these: one that was begun
on a machine may be finished on a cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from maskwright.integrations.batch.errors import UnusableFile
from maskwright.integrations.batch.output import OutputFile, Tally, opened
from maskwright.integrations.batch.rows import Fields, Survey, read_rows, survey
from maskwright.integrations.batch.work import Asking, Model, Runner, batches_of

FORMAT = 1
"""Grows when rows would be written otherwise, or texts be drawn otherwise, than before."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: rows of a file, how they are asked, and where their answers go."""

    input: Path
    output: Path
    asking: Asking
    fields: Fields = field(default_factory=Fields)
    batch_size: int = 16


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: all rows of the output, and how many of them were there before this start."""

    tally: Tally
    n_rows: int
    n_before: int


def run(job: Job, model: Model, runner: Runner, on_progress: Callable[[Progress], object] = lambda _: None) -> Progress:
    """Answer every row that is not answered yet; `on_progress` is told at the start and after every batch.

    Raises a BatchError, or what is wrong with the constraint; then the output has the rows that were done.
    """
    if job.output.exists() and job.input.exists() and job.output.samefile(job.input):
        raise UnusableFile(job.output, "the rows would be written over the input")
    surveyed = survey(job.input, job.fields)
    stamp = _stamp(job.input)
    rows = read_rows(job.input, job.fields)
    with opened(job.output, _identity(job, model, surveyed), rows) as output:
        before = output.tally.n_rows
        on_progress(Progress(output.tally, surveyed.n_rows, before))
        if before < surveyed.n_rows:
            for _ in _written(job, model, runner, output):
                on_progress(Progress(output.tally, surveyed.n_rows, before))
        if _stamp(job.input) != stamp or output.tally.n_rows != surveyed.n_rows:
            raise UnusableFile(job.input, "it was changed during the run, so the output is not that of one input")
        return Progress(output.tally, surveyed.n_rows, before)


def _written(job: Job, model: Model, runner: Runner, output: OutputFile) -> Iterator[None]:
    """Write batch after batch, from the one that the output ends in."""
    n_behind = output.tally.n_rows % job.batch_size
    rows = islice(read_rows(job.input, job.fields), output.tally.n_rows - n_behind, None)
    batches = batches_of(rows, job.batch_size, job.asking)
    for batch, answers in runner(model, job.asking.constraint, batches):
        output.append(list(zip(batch.rows, answers, strict=True))[n_behind:])
        n_behind = 0
        yield


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _identity(job: Job, model: Model, surveyed: Survey) -> dict[str, Any]:
    """What the rows of a run depend on, as plain data, for people to read too."""
    constraint = job.asking.constraint
    return {
        "format": FORMAT,
        "input": surveyed.digest,
        "constraint": None if constraint is None else constraint.key.hex(),
        "schema_options": job.asking.schema_options(True),
        **model.description,
        "seed": job.asking.seed,
        "batch_size": job.batch_size,
        "fields": asdict(job.fields),
    }
