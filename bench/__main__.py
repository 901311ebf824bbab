"""The command line of the bench: read cases, ask every engine every case, print and save.

Engines take turns in blocks of cases, so that a slow quarter of an hour of the machine hits all of them alike.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.cases import WORKLOADS, Case, data_home, filter_cases, read_cases, sample_cases
from bench.engines import ENGINE_NAMES
from bench.measure import CaseRecord, Question
from bench.plot import write_plot
from bench.report import (
    print_by_case,
    print_refusals,
    print_slowest,
    print_slowest_compiles,
    print_summaries,
    print_wrong_verdicts,
    write_json,
)
from bench.summary import Summary, common_cases, summarise
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder
from bench.worker import EngineWorker, WorkerOptions
from bench.workloads.large import large_cases

BLOCK_OF_CASES = 50
BUNDLED_TOKENIZER = Path(__file__).resolve().parents[1] / "maskwright" / "assets" / "tiny-lm"
WIDTH_OF_FILES = 170  # columns, where the output is not a terminal

EXAMPLES = """examples:
  python -m bench --sample 300
  python -m bench --engines maskwright llguidance --tokenizer path/to/folder --cases path/to/cases.tar.xz
  python -m bench --engines maskwright --verdicts-only
  python -m bench --engines maskwright --sample 300 --slowest 30
  python -m bench --workloads
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked and answered: per engine a worker and its records, in the order of the questions."""

    questions: dict[str, Question]
    workers: dict[str, EngineWorker]
    records_of: dict[str, list[CaseRecord]]


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; 0 unless it could not start."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    try:
        cases = _select_cases(options)
        with ExitStack() as stack:
            folder = stack.enter_context(tokenizer_folder(options.tokenizer or default_tokenizer()))
            tokenizer = load_tokenizer(folder)
            stamp = time.strftime("%Y%m%d-%H%M%S")
            options.output.mkdir(parents=True, exist_ok=True)
            run = _ask_all(options, console, cases, tokenizer, folder, stamp)
    except (FileNotFoundError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if not run.records_of:
        print("bench: none of the engines is available", file=sys.stderr)
        return 2
    _report(options, console, run, tokenizer, stamp)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cases",
        type=Path,
        nargs="+",
        help="folders, archives or single files (default: maskbench-dev.tar.xz in MASKWRIGHT_DATA or ../shared/data, "
        "else the workloads)",
    )
    parser.add_argument("--workloads", action="store_true", help="the synthetic workloads, and a table by workload")
    parser.add_argument(
        "--tokenizer",
        type=Path,
        help="a Hugging Face tokenizer folder, or an archive of one (default: tokenizer-llama3.tar.xz in "
        "MASKWRIGHT_DATA or ../shared/data, else that of the bundled model)",
    )
    parser.add_argument(
        "--engines",
        nargs="+",
        choices=ENGINE_NAMES,
        default=list(ENGINE_NAMES),
        metavar="ENGINE",
        help=f"any of {', '.join(ENGINE_NAMES)} (default: all that are installed)",
    )
    parser.add_argument("--sample", type=int, metavar="N", help="only N cases, drawn with --seed")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
    parser.add_argument("--filter", metavar="PATTERN", help="only cases whose name matches, e.g. 'Github_*'")
    parser.add_argument(
        "--limit-seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="for one case of one engine (default: %(default)s)",
    )
    parser.add_argument(
        "--limit-gib",
        type=float,
        default=6.0,
        metavar="G",
        help="memory of one engine beyond its set-up (default: %(default)s)",
    )
    parser.add_argument("--core", type=int, help="the core that engines are pinned to (default: the last one)")
    parser.add_argument("--cpu-time", action="store_true", help="processor time, not wall time: for busy machines")
    parser.add_argument("--verdicts-only", action="store_true", help="no masks but the last one of each instance")
    parser.add_argument("--by-case", action="store_true", help="a table with a line for each case and engine")
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="print the N slowest masks per engine")
    parser.add_argument(
        "--wrong",
        type=int,
        default=5,
        metavar="N",
        help="print the first N wrong verdicts per engine (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


def _select_cases(options: argparse.Namespace) -> list[Case]:
    paths: list[Path] = list(options.cases or [])
    if options.workloads:
        paths.append(WORKLOADS)
    if not paths:
        archive = data_home() / "maskbench-dev.tar.xz"
        paths = [archive if archive.exists() else WORKLOADS]
    cases = [case for path in paths for case in read_cases(path)] + (large_cases() if options.workloads else [])
    cases = sample_cases(filter_cases(cases, options.filter), options.sample, options.seed)
    if not cases:
        raise ValueError(f"no case is called {options.filter!r}")
    return cases


def default_tokenizer() -> Path:
    """The archive of the Llama-3 tokenizer, else that of the bundled model."""
    archive = data_home() / "tokenizer-llama3.tar.xz"
    return archive if archive.exists() else BUNDLED_TOKENIZER


def _ask_all(
    options: argparse.Namespace,
    console: Console,
    cases: list[Case],
    tokenizer: Tokenizer,
    folder: Path,
    stamp: str,
) -> Run:
    core = choose_core(options.core)
    workers: dict[str, EngineWorker] = {}
    with ExitStack() as stack:
        for name in options.engines:
            log = options.output / f"{stamp}-{name}.log"
            stack.callback(_remove_if_empty, log)
            with console.status(f"Setting up {name}"):
                worker = EngineWorker(
                    WorkerOptions(
                        engine_module=f"bench.engines.{name}",
                        tokenizer_folder=folder,
                        core=core,
                        memory_bytes=int(options.limit_gib * 2**30),
                        seconds_per_case=options.limit_seconds,
                        verdicts_only=options.verdicts_only,
                        cpu_time=options.cpu_time,
                        log=log,
                    )
                )
            stack.callback(worker.close)
            if worker.set_up.problem:
                console.print(f"{name} is left out: {worker.set_up.problem}", markup=False)
            else:
                workers[name] = worker
                console.print(
                    f"{name} {worker.set_up.version}: ready in {worker.set_up.seconds:.1f} s, {worker.set_up.settings}",
                    markup=False,
                    highlight=False,
                )
        questions = [_question(case, tokenizer) for case in cases] if workers else []
        records_of: dict[str, list[CaseRecord]] = {name: [] for name in workers}
        columns = (TextColumn("{task.description:<60}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=console, transient=True) as progress:
                task = progress.add_task("", total=len(questions) * len(workers))
                for begin in range(0, len(questions), BLOCK_OF_CASES):
                    for name, worker in workers.items():
                        for question in questions[begin : begin + BLOCK_OF_CASES]:
                            progress.update(task, description=f"{name}: {question.name}"[:60])
                            records_of[name].append(worker.ask(question))
                            progress.advance(task)
                    if not console.is_terminal:  # no bar is drawn there
                        console.print(f"{min(begin + BLOCK_OF_CASES, len(questions))} of {len(questions)} cases")
        except KeyboardInterrupt:
            console.print("Interrupted: the figures below are of the cases until now")
        return Run({question.name: question for question in questions}, workers, records_of)


def _question(case: Case, tokenizer: Tokenizer) -> Question:
    instances = tuple((tuple(tokenizer.encode(instance.text)), instance.valid) for instance in case.instances)
    return Question(case.name, case.schema, instances)


def choose_core(asked: int | None) -> int | None:
    """The core to pin to; None on systems that cannot."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = os.sched_getaffinity(0)
    if asked is not None and asked not in allowed:
        raise ValueError(f"core {asked} is not one of {sorted(allowed)}")
    return max(allowed) if asked is None else asked


def _report(options: argparse.Namespace, console: Console, run: Run, tokenizer: Tokenizer, stamp: str) -> None:
    base = {name: worker.set_up.rss_bytes for name, worker in run.workers.items()}
    summaries = {name: summarise(records, base[name]) for name, records in run.records_of.items()}
    common = common_cases(run.records_of)
    on_common: dict[str, Summary] = {
        name: summarise([record for record in records if record.name in common], base[name])
        for name, records in run.records_of.items()
    }
    n_cases, size = len(run.questions), tokenizer.size
    clock = "processor time" if options.cpu_time else "wall time"
    title = f"{n_cases:,} cases, tokenizer {tokenizer.name} ({size:,} tokens), one core, {clock}"
    print_summaries(console, title, summaries, options.verdicts_only)
    if len(summaries) > 1 and not options.verdicts_only:
        print_summaries(console, f"The {len(common):,} cases that all of them compiled", on_common, verdicts_only=False)
    if options.by_case or options.workloads:
        print_by_case(console, run.records_of)
    print_refusals(console, summaries)
    for name, records in run.records_of.items():
        print_slowest_compiles(console, name, records)
        print_wrong_verdicts(console, name, records, run.questions, tokenizer.decode, options.wrong)
        if options.slowest and not options.verdicts_only:
            print_slowest(console, name, records, run.questions, tokenizer.decode, options.slowest)
    set_ups = {name: worker.set_up for name, worker in run.workers.items()}
    told = {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()}
    told["cases"] = [str(path) for path in options.cases or []]
    target = options.output / stamp
    write_json(target.with_suffix(".json"), told, set_ups, summaries, on_common, run.records_of)
    console.print(f"Written: {target.with_suffix('.json')}", highlight=False)
    if not options.verdicts_only:
        try:
            write_plot(target.with_suffix(".png"), title, run.records_of)
            console.print(f"Written: {target.with_suffix('.png')}", highlight=False)
        except ImportError:
            console.print("No plot: matplotlib is not installed (pip install 'maskwright[bench]')", markup=False)


def _remove_if_empty(log: Path) -> None:
    if log.exists() and log.stat().st_size == 0:
        log.unlink()


if __name__ == "__main__":
    sys.exit(main())
