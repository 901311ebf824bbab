"""The kept hostile cases (`tests/hostile/cases`) with the time and memory of each: a part of `python -m bench.hostile`.

Each is tried in a process of its own by `tests.hostile.isolated`, with a vocabulary of some 300 tokens or, where one is
named, a tokenizer's. A case fails if it ends otherwise than its file says, or beyond SECONDS or MEGABYTES.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.hostile.isolated import Outcome
from tests.hostile.records import hostile_cases

SECONDS, MEGABYTES = 2.0, 300.0
MAX_REASON = 90


def run_kept(console: Console, pattern: str, folder: Path | None) -> list[dict[str, Any]]:
    """Try the cases whose names match, and print a table: a record of each, with `is_fine`."""
    expected = {case.name: case for case in hostile_cases() if fnmatchcase(case.name, pattern)}
    table = Table(title=f"{len(expected)} kept hostile cases, limits {SECONDS:g} s, {MEGABYTES:g} MB")
    for heading in ("", "kind", "outcome", "seconds", "MB"):
        table.add_column(heading, justify="right" if heading in {"seconds", "MB"} else "left")
    lines = []
    for outcome in _outcomes(list(expected), folder) if expected else ():
        case = expected[outcome.name]
        is_as_said = case.is_as_said(outcome.error, outcome.message)
        is_fine = is_as_said and outcome.seconds <= SECONDS and not outcome.megabytes > MEGABYTES
        lines.append({**asdict(outcome), "kind": case.kind, "is_fine": is_fine})
        reason = f"{outcome.error}: {outcome.message.splitlines()[0]}" if outcome.message else outcome.error
        shown = reason if len(reason) <= MAX_REASON else reason[: MAX_REASON - 3] + "..."
        figures = (f"{outcome.seconds:.2f}", f"{outcome.megabytes:.0f}")
        style = None if is_fine else "bold red"
        table.add_row(outcome.name, case.kind, shown.replace("[", r"\["), *figures, style=style)
    console.print(table)
    return lines


def _outcomes(names: list[str], folder: Path | None) -> Iterator[Outcome]:
    command = [sys.executable, "-m", "tests.hostile.isolated", *names]
    if folder is not None:
        command += ["--tokenizer", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Outcome(**json.loads(line))
