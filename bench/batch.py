"""Batches of sequences in step: `python -m bench.batch`, maskwright beside the batch calls of llguidance and XGrammar.

A step reads a token for every sequence and fills every mask. Batches of 1, 32, 256 and 1,024 sequences, in three kinds:

    same       one grammar for all of them
    mixed      a grammar for every four sequences
    different  as many grammars as sequences

on one and on two threads, while the grammars meet their texts for the first time (first pass) and once they know them
(steady state). What exactly is timed is said in batch_measure.py. Schemas are those of the development cases that all
engines compile and whose valid texts all of them accept; without case files the workloads, which are few.

    python -m bench.batch
    python -m bench.batch --batches 256 --kinds mixed --threads 2 --engines maskwright llguidance
    python -m bench.batch --compile-seconds 1800     # enough for XGrammar to compile 1,024 schemas
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import batch_measure
from bench.__main__ import WIDTH_OF_FILES, default_tokenizer
from bench.batch_measure import BatchRecord, Workload
from bench.cases import WORKLOADS, Case, data_home, read_cases
from bench.engines.batches import BATCHES
from bench.measure import Question
from bench.plot import write_batch_plot
from bench.report import describe_machine, time_text
from bench.summary import Spread, spread
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder

SEQUENCES_OF_A_GRAMMAR = {"same": sys.maxsize, "mixed": 4, "different": 1}
"""Kind -> how many sequences of a batch have the same grammar, at most."""
MAX_TOKENS = 400
"""Of all texts of one schema: the first pass of a batch is as long as its longest sequence."""
MIN_TOKENS = 24
SPARE = 1.6
"""Candidates for each schema that is wanted: not every engine takes every schema."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One engine on one workload; times are of a step of the whole batch, in microseconds."""

    engine: str
    workload: str
    n_sequences: int
    n_grammars: int
    n_threads: int
    problem: str
    compile_ms: float = 0.0
    first_pass: Spread | None = None
    steady: Spread | None = None
    steady_cpu: Spread | None = None


class Child:
    """A process with one engine in it."""

    def __init__(self, name: str, folder: Path, log: Path) -> None:
        self.name = name
        self.pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        self.problem = ""
        self.version = ""
        self.verdicts: list[bool] = []
        try:
            self.version = self.pool.submit(batch_measure.set_up, name, folder, log).result()
        except ImportError as error:
            self.problem = f"not installed ({error})"

    def measure(self, workload: Workload, n_threads: int, n_steps: int) -> BatchRecord | str:
        """As `batch_measure.measure`."""
        return self.pool.submit(batch_measure.measure, workload, n_threads, n_steps).result()


def main(arguments: list[str] | None = None) -> int:
    """Run, print and save; 2 if the bench cannot start."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / f"{time.strftime('%Y%m%d-%H%M%S')}-batch"
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tokenizer_folder(options.tokenizer or default_tokenizer()))
            tokenizer = load_tokenizer(folder)
            most = max(n_grammars_of(kind, batch) for kind in options.kinds for batch in options.batches)
            questions = candidates(_read_cases(options.cases), tokenizer, int(SPARE * most) + 8)
            children = []
            for name in options.engines:
                child = Child(name, folder, options.output / "batch.log")
                stack.callback(child.pool.shutdown)
                console.print(f"{name}: {child.problem or child.version}", markup=False, highlight=False)
                if not child.problem:
                    child.verdicts = child.pool.submit(
                        batch_measure.qualify, questions, options.compile_seconds, tokenizer.eos_token_id
                    ).result()
                    told = f"{sum(child.verdicts)} of the {len(child.verdicts)} candidates that it had time for"
                    console.print(f"  takes {told}", highlight=False)
                    children.append(child)
            figures = _measure_all(options, console, children, questions)
    except (FileNotFoundError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    title = f"Tokenizer {tokenizer.name} ({tokenizer.size:,} tokens); p50 / p99 of a step of the whole batch, wall time"
    print_figures(console, title, figures)
    document = {
        "machine": describe_machine(),
        "tokenizer": tokenizer.name,
        "versions": {child.name: child.version for child in children},
        "figures": [asdict(one) for one in figures],
    }
    target.with_suffix(".json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    console.print(f"Written: {target.with_suffix('.json')}", highlight=False)
    try:
        drawn = [asdict(one) for one in figures if not one.problem]
        write_batch_plot(target.with_suffix(".png"), drawn, "steady_cpu" if options.cpu_time else "steady")
        console.print(f"Written: {target.with_suffix('.png')}", highlight=False)
    except ImportError:
        console.print("No plot: matplotlib is not installed (pip install 'maskwright[bench]')", markup=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.batch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", nargs="+", choices=BATCHES, default=list(BATCHES), metavar="ENGINE")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 32, 256, 1024], metavar="N")
    parser.add_argument(
        "--kinds", nargs="+", choices=SEQUENCES_OF_A_GRAMMAR, default=list(SEQUENCES_OF_A_GRAMMAR), metavar="KIND"
    )
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--steps", type=int, default=400, help="of the steady state (default: %(default)s)")
    parser.add_argument(
        "--compile-seconds",
        type=float,
        default=300.0,
        metavar="S",
        help="for an engine to compile the candidates; with too few of them it sits out the large workloads",
    )
    parser.add_argument("--cpu-time", action="store_true", help="draw the processor time of all threads, not wall time")
    parser.add_argument("--cases", type=Path, help="a folder or archive (default: as python -m bench)")
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: as python -m bench)")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


def _read_cases(path: Path | None) -> list[Case]:
    archive = data_home() / "maskbench-dev.tar.xz"
    return read_cases(path or (archive if archive.exists() else WORKLOADS))


def n_grammars_of(kind: str, n_sequences: int) -> int:
    """`n_grammars_of("mixed", 32)` -> 8."""
    return max(1, n_sequences // SEQUENCES_OF_A_GRAMMAR[kind])


def candidates(cases: list[Case], tokenizer: Tokenizer, count: int) -> list[Question]:
    """The first `count` cases, in an order that never changes, with valid texts of a size that suits a batch."""
    questions = []
    for case in random.Random(0).sample(cases, len(cases)):
        texts: list[tuple[int, ...]] = []
        for instance in case.instances:
            tokens = tuple(tokenizer.encode(instance.text)) if instance.valid else ()
            if len(tokens) >= MIN_TOKENS and sum(map(len, texts)) + len(tokens) <= MAX_TOKENS:
                texts.append(tokens)
        if texts:
            questions.append(Question(case.name, case.schema, tuple((text, True) for text in texts)))
        if len(questions) == count:
            break
    return questions


def common_questions(
    verdicts_of: dict[str, list[bool]], questions: list[Question], count: int
) -> tuple[list[str], list[Question]]:
    """The first `count` questions that engines agree to take, and these engines.

    While there are too few, the engine that has looked at fewest of them has to sit out.
    """
    taking_part = dict(verdicts_of)
    while taking_part:
        judged = zip(questions, *taking_part.values(), strict=False)
        common = [question for question, *verdicts in judged if all(verdicts)]
        if len(common) >= count:
            return list(taking_part), common[:count]
        slowest = min(taking_part, key=lambda name: len(taking_part[name]))
        del taking_part[slowest]
    return [], []


def workload_of(kind: str, n_sequences: int, questions: list[Question]) -> Workload:
    """A batch in which the grammars take turns."""
    return Workload(
        name=f"{n_sequences:,} x {kind}" if n_sequences > 1 else "1",
        schemas=tuple(question.schema for question in questions),
        texts=tuple(tuple(tokens for tokens, _ in question.instances) for question in questions),
        schema_of=tuple(index % len(questions) for index in range(n_sequences)),
    )


def _measure_all(
    options: argparse.Namespace, console: Console, children: list[Child], questions: list[Question]
) -> list[Figures]:
    verdicts_of = {child.name: child.verdicts for child in children}
    figures: list[Figures] = []
    for n_sequences in options.batches:
        for kind in options.kinds if n_sequences > 1 else options.kinds[:1]:
            n_grammars = n_grammars_of(kind, n_sequences)
            engines, chosen = common_questions(verdicts_of, questions, n_grammars)
            if not chosen:
                console.print(f"{n_sequences:,} sequences, {kind}: too few cases", highlight=False)
                continue
            workload = workload_of(kind, n_sequences, chosen)
            for n_threads in options.threads if n_sequences > 1 else [1]:
                for child in children:
                    if child.name in engines:
                        record = child.measure(workload, n_threads, options.steps)
                        figures.append(figures_of(child.name, workload, n_threads, record))
                        line = _steady(figures[-1])
                        console.print(f"{child.name}: {workload.name}, {n_threads} threads: {line}", highlight=False)
    return figures


def figures_of(engine: str, workload: Workload, n_threads: int, record: BatchRecord | str) -> Figures:
    """Records -> figures."""
    asked: Any = (engine, workload.name, len(workload.schema_of), len(workload.schemas), n_threads)
    if isinstance(record, str):
        return Figures(*asked, problem=record)
    return Figures(
        *asked,
        problem="",
        compile_ms=record.compile_ns / 1e6,
        first_pass=spread(record.first_pass_ns),
        steady=spread(record.steady_ns),
        steady_cpu=spread(record.steady_cpu_ns),
    )


def print_figures(console: Console, title: str, figures: list[Figures]) -> None:
    """A row per workload and number of threads, and for each engine the steady state, its cost, and the first pass."""
    engines = list(dict.fromkeys(one.engine for one in figures))
    for heading, cell in (("Steady state", _steady), ("Steady state, processor time", _cpu), ("First pass", _first)):
        table = Table(title=f"{heading}. {title if cell is not _cpu else title.replace('wall', 'processor')}")
        table.add_column("")
        for name in ("threads", *engines):
            table.add_column(name, justify="right")
        for workload, n_threads in dict.fromkeys((one.workload, one.n_threads) for one in figures):
            of_engine = {one.engine: one for one in figures if (one.workload, one.n_threads) == (workload, n_threads)}
            cells = [cell(of_engine[name]) if name in of_engine else "-" for name in engines]
            table.add_row(workload, str(n_threads), *cells)
        console.print(table)


def _steady(one: Figures) -> str:
    return one.problem or _cell(one.steady)


def _cpu(one: Figures) -> str:
    return one.problem or _cell(one.steady_cpu)


def _first(one: Figures) -> str:
    return one.problem or _cell(one.first_pass)


def _cell(times: Spread | None) -> str:
    assert times is not None, "there is a record where there is no problem"
    return f"{time_text(times.percentiles[0])} / {time_text(times.percentiles[3])}"


if __name__ == "__main__":
    sys.exit(main())
