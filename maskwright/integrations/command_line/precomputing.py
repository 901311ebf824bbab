"""`maskwright compile --precompute SECONDS`: masks made ahead, with a bar that shows how far it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.precomputing import Precomputed


def precompute_visibly(grammar: CompiledGrammar, seconds: float) -> Precomputed:
    """`CompiledGrammar.precompute` with a bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        return grammar.precompute(budget_s=seconds)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=seconds)

        def show(done: Precomputed) -> None:
            progress.update(bar, completed=done.seconds, description=_places(done))

        return grammar.precompute(budget_s=seconds, on_progress=show)


def row(done: Precomputed) -> tuple[str, str]:
    """(What, value) for people."""
    made = f"all {done.n_explored:,}" if done.is_complete else _places(done)
    return ("masks made ahead", f"{made}, in {done.seconds:.2f} s, {done.size_bytes / 2**20:.1f} MiB")


def to_json(done: Precomputed) -> dict[str, Any]:
    """The same for programs."""
    return {
        "made": done.n_explored,
        "waiting": done.n_waiting,
        "complete": done.is_complete,
        "bytes": done.size_bytes,
        "seconds": done.seconds,
    }


def _places(done: Precomputed) -> str:
    return f"{done.n_explored:,} made, {done.n_waiting:,} more known"
