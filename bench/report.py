"""Figures -> tables in the terminal, and everything -> a JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.measure import CaseRecord, Question
from bench.summary import PERCENTILES, Spread, Summary, concatenate, passes, spread
from bench.worker import SetUp

TAIL_CHARACTERS = 60

Row = tuple[str, Callable[[Summary], str]]


def print_summaries(console: Console, title: str, summaries: dict[str, Summary], verdicts_only: bool) -> None:
    """One column per engine, one row per figure."""
    console.print(f"\n{title}", style="bold", highlight=False)
    table = Table()
    table.add_column("")
    for name in summaries:
        table.add_column(name, justify="right")
    for label, figure in VERDICT_ROWS + (COMPILE_ROWS if verdicts_only else TIME_ROWS) + MACHINE_ROWS:
        table.add_row(label, *(figure(summary) for summary in summaries.values()))
    console.print(table)


def print_by_case(console: Console, records_of: dict[str, list[CaseRecord]]) -> None:
    """A line for each case and engine."""
    table = Table(title="Mask + commit by case")
    headings = ("case", "engine", "compile", "first mask", "masks", "mean", "p50", "p99", "max", "held", "passed")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"case", "engine"} else "right", no_wrap=True)
    by_case = zip(*records_of.values(), strict=False)  # an interrupted run may have asked some engines fewer cases
    for records in by_case:
        for name, record in zip(records_of, records, strict=True):
            table.add_row(record.name, name, *_figures_of_case(record))
        table.add_section()
    console.print(table)


def _figures_of_case(record: CaseRecord) -> list[str]:
    if record.refusal:
        # Who was stopped or crashed has left no time.
        compile_time = time_text(record.compile_ns / 1e3) if record.compile_ns else ""
        return [compile_time, *[""] * 7, record.refusal.split(":")[0]]
    masks = spread(concatenate(one.mask_ns + one.commit_ns for one in record.instances))
    times = (masks.mean, masks.percentiles[0], masks.percentiles[PERCENTILES.index(99.0)], masks.maximum)
    return [
        time_text(record.compile_ns / 1e3),
        time_text(record.first_mask_ns / 1e3),
        f"{masks.count:,}",
        *map(time_text, times),
        size_text(record.grammar_bytes),
        "yes" if passes(record) else "no",
    ]


def print_slowest_compiles(console: Console, name: str, records: Sequence[CaseRecord], limit: int = 5) -> None:
    """The schemas that took longest to compile or to refuse."""
    slowest = sorted(records, key=lambda record: -record.compile_ns)[:limit]
    listed = ", ".join(f"{record.name} {time_text(record.compile_ns / 1e3)}" for record in slowest)
    console.print(f"{name}: slowest to compile or refuse: {listed}", markup=False, highlight=False, soft_wrap=True)


def print_refusals(console: Console, summaries: dict[str, Summary], limit: int = 40) -> None:
    """Why schemas did not compile, most frequent first."""
    for name, summary in summaries.items():
        if summary.refusals:
            console.print(f"[bold]{name}[/bold] refused {summary.n_cases - summary.n_compiled} schemas:")
            for reason, count in summary.refusals[:limit]:
                console.print(f"  {count:5}  {reason}", markup=False, highlight=False, soft_wrap=True)
            if len(summary.refusals) > limit:
                console.print(f"         and {len(summary.refusals) - limit} other reasons (all are in the JSON file)")


def print_wrong_verdicts(
    console: Console,
    name: str,
    records: Sequence[CaseRecord],
    questions: dict[str, Question],
    decode: Callable[[list[int]], str],
    limit: int,
) -> None:
    """Where an engine was wrong, with the text up to the refused token."""
    shown = 0
    for record in records:
        if record.refusal or passes(record):
            continue
        for index, instance in enumerate(record.instances):
            if instance.accepted == instance.valid:
                continue
            shown += 1
            if shown <= limit:
                what = "wrong accept" if instance.accepted else "wrong reject"
                tokens = list(questions[record.name].instances[index][0])
                after = _tail(decode(tokens[: instance.refused_at]))
                token = "" if instance.accepted else _refused(tokens, instance.refused_at, decode)
                line = f"  {name}: {what} in {record.name}[{index}] after {after}{token} {instance.failure[:120]}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    if shown > limit:
        console.print(f"  {name}: and {shown - limit} other wrong verdicts (all are in the JSON file)")


def print_slowest(
    console: Console,
    name: str,
    records: Sequence[CaseRecord],
    questions: dict[str, Question],
    decode: Callable[[list[int]], str],
    limit: int,
) -> None:
    """The masks that took longest, and the end of the text before each."""
    found = []
    for record in records:
        for index, instance in enumerate(record.instances):
            total = instance.mask_ns + instance.commit_ns
            found += [(int(total[i]), record.name, index, int(i)) for i in np.argsort(total)[-limit:]]
    console.print(f"\nSlowest masks of {name}", style="bold")
    table = Table()
    for heading in ("us", "mask", "commit", "case", "token", "after"):
        table.add_column(heading, justify="left" if heading in {"case", "after"} else "right", overflow="fold")
    by_name = {record.name: record for record in records}
    for total, case, index, position in sorted(found, reverse=True)[:limit]:
        instance = by_name[case].instances[index]
        prefix = list(questions[case].instances[index][0][:position])
        mask, commit = int(instance.mask_ns[position]), int(instance.commit_ns[position])
        row = (f"{total / 1e3:.1f}", f"{mask / 1e3:.1f}", f"{commit / 1e3:.1f}", f"{case}[{index}]", str(position))
        table.add_row(*row, _tail(decode(prefix)).replace("[", r"\["))
    console.print(table)


def write_json(
    path: Path,
    options: dict[str, Any],
    set_ups: dict[str, SetUp],
    summaries: dict[str, Summary],
    common: dict[str, Summary],
    records_of: dict[str, list[CaseRecord]],
) -> None:
    """Everything, in one file: machine, options, figures, and a line per case."""
    document = {
        "machine": describe_machine(),
        "options": options,
        "percentiles": PERCENTILES,
        "engines": {
            name: {
                **asdict(set_ups[name]),
                "all_cases": asdict(summaries[name]),
                "common_cases": asdict(common[name]),
                "cases": [_case_line(record) for record in records_of[name]],
            }
            for name in summaries
        },
    }
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, operating system, Python."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def time_text(us: float) -> str:
    """`time_text(1.25)` -> "1.2 us": microseconds in a unit that suits them."""
    if us >= 1e6:
        return f"{us / 1e6:.2f} s"
    return f"{us / 1e3:,.2f} ms" if us >= 1e4 else f"{us:,.1f} us"


def _spread_rows(label: str, pick: Callable[[Summary], Spread]) -> list[Row]:
    def percentile(index: int) -> Callable[[Summary], str]:
        return lambda summary: time_text(pick(summary).percentiles[index])

    rows: list[Row] = [(f"{label}, mean", lambda summary: time_text(pick(summary).mean))]
    rows += [(f"{label}, p{level:g}", percentile(index)) for index, level in enumerate(PERCENTILES)]
    return [*rows, (f"{label}, max", lambda summary: time_text(pick(summary).maximum))]


VERDICT_ROWS: list[Row] = [
    ("cases", lambda summary: f"{summary.n_cases:,}"),
    ("compiled", lambda summary: f"{summary.n_compiled:,}"),
    ("passed (all verdicts right)", lambda summary: f"{summary.n_passed:,}"),
    ("time-outs", lambda summary: f"{summary.n_time_outs:,}"),
    ("crashes", lambda summary: f"{summary.n_crashes:,}"),
    ("wrong accepts (instances)", lambda summary: f"{summary.n_wrong_accepts:,}"),
    ("wrong rejects (instances)", lambda summary: f"{summary.n_wrong_rejects:,}"),
    ("gave up at run time (instances)", lambda summary: f"{summary.n_failures:,}"),
    ("accept against mask (instances)", lambda summary: f"{summary.n_disagreements:,}"),
]
COMPILE_ROWS = _spread_rows("compile", lambda summary: summary.compile)
TIME_ROWS: list[Row] = [
    ("masks", lambda summary: f"{summary.mask.count:,}"),
    *_spread_rows("mask + commit", lambda summary: summary.mask_and_commit),
    *COMPILE_ROWS,
    *_spread_rows("first mask", lambda summary: summary.first_mask),
]


def size_text(n_bytes: float) -> str:
    """`size_text(1.5e6)` -> "1.50 MB"; "-" for nothing, which is what an engine says that does not tell."""
    return f"{n_bytes / 1e6:,.2f} MB" if n_bytes else "-"


MACHINE_ROWS: list[Row] = [
    ("held by a schema, p50", lambda summary: size_text(summary.grammar_bytes[0])),
    ("held by a schema, p99", lambda summary: size_text(summary.grammar_bytes[PERCENTILES.index(99.0)])),
    ("shared by all schemas", lambda summary: size_text(summary.shared_bytes)),
    ("growth of the process", lambda summary: f"{summary.rss_growth_bytes / 2**20:,.0f} MiB"),
    ("core taken away (times)", lambda summary: f"{summary.n_preemptions:,}"),
]


def _case_line(record: CaseRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "passed": passes(record),
        "refusal": record.refusal,
        "compile_us": record.compile_ns / 1e3,
        "first_mask_us": record.first_mask_ns / 1e3,
        "grammar_bytes": record.grammar_bytes,
        "instances": [
            {
                "valid": instance.valid,
                "refused_at": instance.refused_at,
                "failure": instance.failure,
                "masks": int(instance.mask_ns.size),
                "total_us": float((instance.mask_ns + instance.commit_ns).sum() / 1e3),
                "slowest_us": float((instance.mask_ns + instance.commit_ns).max(initial=0) / 1e3),
            }
            for instance in record.instances
        ],
    }


def _tail(text: str) -> str:
    return repr(text if len(text) <= TAIL_CHARACTERS else "..." + text[-TAIL_CHARACTERS:])


def _refused(tokens: list[int], position: int | None, decode: Callable[[list[int]], str]) -> str:
    if position is None or position >= len(tokens):
        return ", EOS refused"
    return f", {decode([tokens[position]])!r} refused"
