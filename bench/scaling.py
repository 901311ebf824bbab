"""How cost grows with the size of the vocabulary and of the schema: `python -m bench.scaling`.

Two kinds of tables, each engine on one pinned core, in a process of its own:

*   **Vocabulary.** A fixed sample of the development cases (else the workloads) with every tokenizer at hand, and with
    two larger ones made of Llama 3's (workloads/larger_tokenizer.py says how).
*   **Schemas.** Series in which one size grows (workloads/sizes.py), with the default tokenizer.

Every valid text is read twice, so that there are masks of a first pass, in which a grammar may learn, and of a second.
Memory is what engines say of themselves; the others show "-".

    python -m bench.scaling
    python -m bench.scaling --only vocabulary --sample 200
    python -m bench.scaling --only properties depth --engines maskwright xgrammar
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.__main__ import choose_core, default_tokenizer
from bench.cases import WORKLOADS, Case, data_home, read_cases, sample_cases
from bench.engines import ENGINE_NAMES
from bench.measure import CaseRecord, InstanceRecord, Question
from bench.report import describe_machine, size_text, time_text
from bench.summary import Spread, concatenate, spread
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder
from bench.worker import EngineWorker, WorkerOptions
from bench.workloads.larger_tokenizer import frequent_pairs, write_larger_tokenizer
from bench.workloads.sizes import series

WIDTH_OF_FILES = 190
VOCABULARY = "vocabulary"
LARGER_SIZES = (200_000, 262_144)
DEFAULT_ENGINES = ["maskwright", "llguidance"]
P50, P99 = 0, 3
HEADINGS = (
    *("engine", "set-up", "refused", "compile p50", "first mask p50", "first mask p99"),
    *("first pass", "second pass", "schema holds", "shared"),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One engine at one size of a series. Masks and commits in microseconds; `refused` counts schemas and texts."""

    series: str
    label: str
    engine: str
    set_up_s: float
    refused: int
    compile: Spread
    first_mask: Spread
    first_pass: Spread
    second_pass: Spread
    grammar_bytes: int
    shared_bytes: int


def main(arguments: list[str] | None = None) -> int:
    """Run, print and save; 2 if the bench cannot start."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / f"{time.strftime('%Y%m%d-%H%M%S')}-scaling.json"
    figures: list[Figures] = []
    try:
        if VOCABULARY in options.only:
            figures += _by_vocabulary(options, console)
        wanted = [name for name in options.only if name != VOCABULARY]
        if wanted:
            figures += _by_schema(options, console, wanted)
    except (FileNotFoundError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    for name in dict.fromkeys(one.series for one in figures):
        _print(console, name, [one for one in figures if one.series == name])
    document = {"machine": describe_machine(), "figures": [asdict(one) for one in figures]}
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")
    console.print(f"Written: {target}", highlight=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [VOCABULARY, *series()]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SERIES", help=", ".join(names))
    parser.add_argument("--engines", nargs="+", choices=ENGINE_NAMES, default=DEFAULT_ENGINES, metavar="ENGINE")
    parser.add_argument("--sample", type=int, default=60, metavar="N", help="cases for vocabularies (default: 60)")
    parser.add_argument("--core", type=int, help="the core that engines are pinned to (default: the last one)")
    parser.add_argument("--cpu-time", action="store_true", help="processor time, not wall time: for busy machines")
    parser.add_argument("--limit-seconds", type=float, default=120.0, metavar="S", help="for one schema")
    parser.add_argument("--limit-gib", type=float, default=6.0, metavar="G", help="memory of one engine")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


def _by_vocabulary(options: argparse.Namespace, console: Console) -> Iterator[Figures]:
    archive = data_home() / "maskbench-dev.tar.xz"
    cases = read_cases(archive if archive.exists() else WORKLOADS)
    sample = sample_cases(cases, options.sample, 0)
    with TemporaryDirectory(prefix="maskwright-bench-") as scratch:
        for path in _tokenizers(Path(scratch), cases):
            with _workers(options, path) as (tokenizer, workers):
                label = f"{tokenizer.name}, {tokenizer.size:,}"
                for engine, worker in workers.items():
                    yield _ask(console, engine, worker, tokenizer, VOCABULARY, label, sample)


def _tokenizers(scratch: Path, cases: list[Case]) -> Iterator[Path]:
    """Every tokenizer in the data folder by size of its file, and larger ones; else that of the bundled model."""
    found = sorted(data_home().glob("tokenizer-*.tar.xz"), key=lambda path: path.stat().st_size)
    yield from found or [default_tokenizer()]
    if found:
        texts = [text for case in cases for text in (case.schema, *(instance.text for instance in case.instances))]
        with tokenizer_folder(default_tokenizer()) as source:
            pairs = frequent_pairs(source, texts)
            for size in LARGER_SIZES:
                folder = scratch / f"{source.name} and pairs"
                write_larger_tokenizer(source, folder, size, pairs)
                yield folder
                shutil.rmtree(folder)


def _by_schema(options: argparse.Namespace, console: Console, names: list[str]) -> Iterator[Figures]:
    with _workers(options, default_tokenizer()) as (tokenizer, workers):
        for name in names:
            for size, case in series()[name]:
                for engine, worker in workers.items():
                    yield _ask(console, engine, worker, tokenizer, name, f"{size:,}", [case])


@contextmanager
def _workers(options: argparse.Namespace, path: Path) -> Iterator[tuple[Tokenizer, dict[str, EngineWorker]]]:
    """The tokenizer at a path, and a process for each engine. Raises ValueError where one cannot be set up."""
    with ExitStack() as stack:
        folder = stack.enter_context(tokenizer_folder(path))
        workers = {}
        for engine in options.engines:
            worker = EngineWorker(
                WorkerOptions(
                    engine_module=f"bench.engines.{engine}",
                    tokenizer_folder=folder,
                    core=choose_core(options.core),
                    memory_bytes=int(options.limit_gib * 2**30),
                    seconds_per_case=options.limit_seconds,
                    verdicts_only=False,
                    cpu_time=options.cpu_time,
                    log=options.output / f"scaling-{engine}.log",
                )
            )
            stack.callback(worker.close)
            if worker.set_up.problem:
                raise ValueError(f"{engine}: {worker.set_up.problem}")
            workers[engine] = worker
        yield load_tokenizer(folder), workers


def _ask(
    console: Console,
    engine: str,
    worker: EngineWorker,
    tokenizer: Tokenizer,
    name: str,
    label: str,
    cases: list[Case],
) -> Figures:
    records = [worker.ask(_question(case, tokenizer)) for case in cases]
    figures = figures_of(name, label, engine, worker.set_up.seconds, records)
    told = f"first pass {_cell(figures.first_pass)}, second pass {_cell(figures.second_pass)}"
    console.print(f"{name} {label}, {engine}: {told}", highlight=False)
    return figures


def _question(case: Case, tokenizer: Tokenizer) -> Question:
    texts = tuple((tuple(tokenizer.encode(one.text)), True) for one in case.instances if one.valid)
    return Question(case.name, case.schema, 2 * texts)


def figures_of(name: str, label: str, engine: str, set_up_s: float, records: list[CaseRecord]) -> Figures:
    """Records of cases whose texts were read twice -> figures."""
    compiled = [record for record in records if not record.refusal]
    halves = [len(record.instances) // 2 for record in compiled]
    firsts = [one for record, half in zip(compiled, halves, strict=True) for one in record.instances[:half]]
    seconds = [one for record, half in zip(compiled, halves, strict=True) for one in record.instances[half:]]
    held = sorted(record.grammar_bytes for record in compiled) or [0]
    return Figures(
        series=name,
        label=label,
        engine=engine,
        set_up_s=set_up_s,
        refused=len(records) - len(compiled) + sum(not one.accepted for one in firsts),
        compile=_spread_of([record.compile_ns for record in compiled]),
        first_mask=_spread_of([record.first_mask_ns for record in compiled if record.first_mask_ns]),
        first_pass=_masks(firsts),
        second_pass=_masks(seconds),
        grammar_bytes=held[len(held) // 2],
        shared_bytes=max((record.shared_bytes for record in compiled), default=0),
    )


def _spread_of(times_ns: list[int]) -> Spread:
    return spread(concatenate([np.array(times_ns, dtype=np.int64)]))


def _masks(instances: list[InstanceRecord]) -> Spread:
    return spread(concatenate(one.mask_ns + one.commit_ns for one in instances))


def _print(console: Console, name: str, figures: list[Figures]) -> None:
    table = Table(title=f"{name}: mask + commit, mean / p99")
    table.add_column(name)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "engine" else "right", no_wrap=True)
    for one in figures:
        table.add_row(
            one.label,
            one.engine,
            f"{one.set_up_s:.1f} s",
            str(one.refused or ""),
            time_text(one.compile.percentiles[P50]),
            time_text(one.first_mask.percentiles[P50]),
            time_text(one.first_mask.percentiles[P99]),
            _cell(one.first_pass),
            _cell(one.second_pass),
            size_text(one.grammar_bytes),
            size_text(one.shared_bytes),
        )
    console.print(table)


def _cell(times: Spread) -> str:
    return f"{time_text(times.mean)} / {time_text(times.percentiles[P99])}"


if __name__ == "__main__":
    sys.exit(main())
