"""`maskwright batch`: every row of a JSONL file gets one answer, on one machine or on a Ray cluster.

The run itself is `maskwright.integrations.batch`; here options become a job, and what happens is told.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from maskwright.integrations.command_line.json_options import OptionsRequest
from maskwright.integrations.command_line.messages import UserMistakeError, compiling, complain, need_file_place
from maskwright.integrations.command_line.models import loading, need_packages
from maskwright.integrations.command_line.specification import Kind, Schema, Specification

if TYPE_CHECKING:
    from maskwright.integrations.batch import Constraint, Fields, Progress
    from maskwright.integrations.batch.work import Model, Runner

TRANSFORMERS: Final = "transformers"
VLLM: Final = "vllm"

BATCH_SIZES: Final = {TRANSFORMERS: 16, VLLM: 256}
"""vLLM makes batches of its own out of what it is given."""

LINE_SECONDS: Final = 30.0
"""How often progress is told where stderr is no terminal."""


@dataclass(frozen=True, slots=True)
class RayRequest:
    """Where a run on Ray finds its cluster, and what it takes of it; None: not said."""

    address: str | None = None
    workers: int | None = None
    gpus_per_worker: float = 0


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What was asked for; model None is the bundled one, batch_size None that of the engine, ray None: here."""

    input: Path
    output: Path
    fields: Fields
    engine: str
    model: str | None
    max_tokens: int
    temperature: float
    seed: int
    batch_size: int | None
    vllm_settings: str | None = None
    ray: RayRequest | None = field(default=None)


def ray_request(is_asked: bool, address: str | None, workers: int | None, gpus_per_worker: float) -> RayRequest | None:
    """Where to run; options of Ray without --ray would do nothing and are refused."""
    if is_asked:
        return RayRequest(address, workers, gpus_per_worker)
    for option, value in (("--ray-address", address), ("--workers", workers), ("--gpus-per-worker", gpus_per_worker)):
        if value:
            raise UserMistakeError(f"{option} goes with --ray.")
    return None


def batch(specification: Specification | None, request: BatchRequest, options: OptionsRequest) -> Progress:
    """Answer all rows that are not answered yet; raises UserMistakeError and what `batch.run` raises."""
    _check(specification, request)
    from maskwright.integrations.batch import Asking, Job, run

    constraint = None if specification is None else constraint_of(specification, options)
    asking = Asking(constraint, request.seed, lambda schema: schema_options(schema, options))
    size = request.batch_size or BATCH_SIZES[request.engine]
    job = Job(request.input, request.output, asking, request.fields, size)
    runner = _told(request, _runner(request.ray))
    with _progress() as on_progress:
        return run(job, _model(request), runner, on_progress)


def _check(specification: Specification | None, request: BatchRequest) -> None:
    """Refuse what could not be done, as far as that can be told before the work."""
    if specification is None and request.fields.schema is None:
        raise UserMistakeError("name what the texts have to satisfy: --schema SPEC, --regex PATTERN or --schema-field.")
    need_file_place("OUT", request.output)
    if request.engine == TRANSFORMERS:
        need_packages("generating")
        if request.vllm_settings is not None:
            raise UserMistakeError("--vllm-settings goes with --engine vllm.")
        return
    try:
        settings = json.loads(request.vllm_settings or "{}")
    except ValueError as error:
        raise UserMistakeError(f"--vllm-settings is not JSON: {error}.") from error
    if not isinstance(settings, dict):
        raise UserMistakeError("--vllm-settings is a JSON object of arguments for vllm.LLM.")


def constraint_of(specification: Specification, options: OptionsRequest) -> Constraint:
    """The specification as plain data; raises UserMistakeError for what is wrong with it."""
    from maskwright.integrations.batch import Constraint
    from maskwright.integrations.batch import Kind as ConstraintKind

    specification.grammar(options)
    if specification.kind is Kind.JSON_SCHEMA:
        assert not isinstance(specification.content, str)
        written = schema_options(specification.content, options)
        return Constraint(ConstraintKind.JSON, json.dumps(specification.content), options=written)
    lark = specification.lark
    return Constraint(
        ConstraintKind(specification.kind.value),
        str(specification.content),
        start=specification.start,
        lexer=(lark.lexer.value if lark.lexer is not None else "contextual"),
        has_python_blocks=lark.indenter is not None,
        folder=str(specification.folder.resolve())
        if specification.folder and specification.kind is Kind.LARK
        else None,
    )


def schema_options(schema: Schema, options: OptionsRequest) -> str | None:
    """The options of a schema with the flags in place of them, as JSON text; None where no flag is given."""
    if not options.flags():
        return None
    from maskwright.grammar.json_schema.options import options_in

    return json.dumps(options.applied_to(options_in(schema)).to_json())


def _model(request: BatchRequest) -> Model:
    from maskwright.integrations.batch import OnTransformers, OnVLLM, Sampling

    sampling = Sampling(request.max_tokens, request.temperature)
    if request.engine == VLLM:
        return OnVLLM(request.model, sampling, request.vllm_settings or "{}")
    return OnTransformers(request.model, sampling)


def _runner(ray: RayRequest | None) -> Runner:
    from maskwright.integrations.batch import OnRay, run_here

    if ray is None:
        return run_here
    return OnRay(ray.address, ray.workers, gpus_per_worker=ray.gpus_per_worker)


def _told(request: BatchRequest, runner: Runner) -> Runner:
    """The runner, whose model is loaded with patience, and whose compiling is explained."""

    def run(model: Model, constraint: Constraint | None, batches: Iterator[Any]) -> Iterator[Any]:
        answers = runner(model, constraint, batches)
        with loading(request.model), compiling():
            first = next(answers, None)
        if first is not None:
            yield first
            yield from answers

    return run


@contextmanager
def _progress() -> Iterator[Callable[[Progress], object]]:
    """A line where rows are there already; then a bar on stderr where that is a terminal, else a line now and then.

    The bar begins with the first batch: until then others may say that they take their time.
    """
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("Rows"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bars = Bars(*columns, TextColumn("{task.fields[faults]}"), console=Console(stderr=True), transient=True)
    bar = bars.add_task("", total=None, faults="")

    def show(progress: Progress) -> None:
        if progress.tally.n_rows == progress.n_before:
            _tell_what_is_there(progress)
            return
        bars.start()
        faults = f"{progress.tally.n_errors} errors" if progress.tally.n_errors else ""
        bars.update(bar, completed=progress.tally.n_rows, total=progress.n_rows, faults=faults)

    try:
        yield show
    finally:
        bars.stop()


def _lines() -> Callable[[Progress], object]:
    told = time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal told
        if progress.tally.n_rows == progress.n_before:
            _tell_what_is_there(progress)
        elif time.monotonic() - told >= LINE_SECONDS:
            told = time.monotonic()
            complain(f"{progress.tally.n_rows:,} of {progress.n_rows:,} rows")

    return show


def _tell_what_is_there(progress: Progress) -> None:
    if progress.n_before:
        complain(f"{progress.n_before:,} of {progress.n_rows:,} rows are there already")


def summary(progress: Progress, output: Path, seconds: float) -> str:
    """One line about what came of it."""
    tally = progress.tally
    n_new = tally.n_rows - progress.n_before
    rate = f"; {n_new:,} written now, {n_new / seconds:.1f} rows/s" if n_new else "; nothing was left to do"
    return (
        f"{output}: {tally.n_rows:,} rows, {tally.n_errors:,} with an error, {tally.n_cut:,} cut by --max-tokens{rate}"
    )
