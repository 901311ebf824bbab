"""Specifications that broke engines, one by one in a child process: `python -m bench.hostile`.

First the kept cases (`hostile_kept`): their time and memory, and whether they end as they should. Then the large ones:
each case of `bench/workloads/hostile.py` has to end within limits of time and memory, as a grammar or as a typed error;
a time-out, a crash, or an error that is not one of ours is a failure. Where a case has a valid text, it is masked token
by token.

    python -m bench.hostile                            # full size
    python -m bench.hostile --kept                     # the kept cases alone, a minute
    python -m bench.hostile --scale 0.1 --filter "*pattern*"
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import time
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.__main__ import default_tokenizer
from bench.hostile_kept import run_kept
from bench.measure import CaseRecord, Question
from bench.report import describe_machine
from bench.summary import concatenate
from bench.tokenizer import load_tokenizer, tokenizer_folder
from bench.worker import EngineWorker, WorkerOptions
from bench.workloads.hostile import HostileCase, hostile_cases
from maskwright import errors

WIDTH_OF_FILES = 190
MAX_REASON = 70

OUR_ERRORS = {
    name
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.SpecificationError | errors.VocabularyError)
}
"""The names of errors that a specification may be refused with."""


def main(arguments: list[str] | None = None) -> int:
    """Run, print and save; 1 if a case failed."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    cases = [case for case in hostile_cases(options.scale) if fnmatchcase(case.name, options.filter)]
    options.output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tokenizer_folder(options.tokenizer)) if options.tokenizer else None
        kept = run_kept(console, options.filter, folder)
    if options.kept:
        cases = []
    stamp = time.strftime("%Y%m%d-%H%M%S")
    lines = _large(console, cases, options, stamp) if cases else []
    failed = [line["name"] for line in [*kept, *lines] if not line["is_fine"]]
    console.print(f"Failed: {', '.join(failed) or 'none'}", style="bold", markup=False)
    target = options.output / f"{stamp}-hostile.json"
    target.write_text(
        json.dumps({"machine": describe_machine(), "scale": options.scale, "kept": kept, "cases": lines}, indent=1)
    )
    console.print(f"Written: {target}", highlight=False)
    return int(bool(failed))


def _large(console: Console, cases: list[HostileCase], options: argparse.Namespace, stamp: str) -> list[dict[str, Any]]:
    """Run the large cases and print a table: a record of each."""
    table = Table(
        title=f"{len(cases)} hostile specifications, limits {options.limit_seconds:g} s, {options.limit_gib:g} GiB"
    )
    for heading in ("", "KB", "outcome", "compile", "masks", "p50", "p99", "max", "peak"):
        table.add_column(heading, justify="left" if heading in {"", "outcome"} else "right")
    lines: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = stack.enter_context(tokenizer_folder(options.tokenizer or default_tokenizer()))
        tokenizer = load_tokenizer(folder)
        worker = EngineWorker(
            WorkerOptions(
                engine_module="bench.engines.maskwright_notations",
                tokenizer_folder=folder,
                core=None,
                memory_bytes=int(options.limit_gib * 2**30),
                seconds_per_case=options.limit_seconds,
                verdicts_only=False,
                cpu_time=False,
                log=options.output / f"{stamp}-hostile.log",
            )
        )
        stack.callback(worker.close)
        if worker.set_up.problem:
            print(f"bench: {worker.set_up.problem}", file=sys.stderr)
            return [{"name": "set-up", "is_fine": False}]
        for case in cases:
            instances = tuple((tuple(tokenizer.encode(text)), True) for text in case.valid)
            begin = time.perf_counter()
            record = worker.ask(Question(case.name, f"{case.kind}\n{case.text}", instances))
            line = _line(case, record, time.perf_counter() - begin, worker.set_up.rss_bytes)
            lines.append(line)
            table.add_row(*_row(line))
            if not console.is_terminal:
                console.print("  ".join(_row(line)), markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.hostile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes (default: 1)")
    parser.add_argument("--kept", action="store_true", help="only the cases of tests/hostile")
    parser.add_argument("--filter", default="*", metavar="PATTERN", help="only cases whose name matches")
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: as python -m bench)")
    parser.add_argument("--limit-seconds", type=float, default=60.0, metavar="S", help="for one case (default: 60)")
    parser.add_argument("--limit-gib", type=float, default=4.0, metavar="G", help="beyond the set-up (default: 4)")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


def outcome_of(record: CaseRecord) -> tuple[str, bool]:
    """What to print of a record, and whether the case ended as it should."""
    if record.refusal:
        return record.refusal.splitlines()[0], record.refusal.split(":")[0] in OUR_ERRORS
    for instance in record.instances:
        if instance.failure or not instance.accepted:
            return f"valid text refused at token {instance.refused_at} {instance.failure}".strip(), False
    return "compiled", True


def _line(case: HostileCase, record: CaseRecord, seconds: float, base_rss: int) -> dict[str, Any]:
    outcome, is_fine = outcome_of(record)
    masks = concatenate(one.mask_ns + one.commit_ns for one in record.instances) / 1e3
    return {
        "name": case.name,
        "kilobytes": len(case.text) / 1e3,
        "outcome": outcome,
        "is_fine": is_fine,
        "seconds": seconds,
        "compile_ms": record.compile_ns / 1e6,
        "masks": int(masks.size),
        "mask_us": [float(one) for one in (*np.percentile(masks, (50, 99)), masks.max())] if masks.size else [],
        "peak_mib": max(0, record.peak_rss_bytes - base_rss) / 2**20,
    }


def _row(line: dict[str, Any]) -> list[str]:
    figures = [f"{figure:,.1f} us" for figure in line["mask_us"]] or [""] * 3
    outcome = line["outcome"]
    return [
        line["name"],
        f"{line['kilobytes']:,.1f}",
        outcome if len(outcome) <= MAX_REASON else outcome[: MAX_REASON - 3] + "...",
        f"{line['compile_ms']:,.1f} ms",
        f"{line['masks']:,}",
        *figures,
        f"{line['peak_mib']:,.0f} MiB",
    ]


if __name__ == "__main__":
    sys.exit(main())
