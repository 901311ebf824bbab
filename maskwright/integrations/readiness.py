"""Where a person waits for kernels to be compiled: a line on stderr that says so, and how far it is.

Nothing below `integrations` prints, so a first request would be silent for minutes. Whoever talks to a person calls
`make_kernels_ready` first; it does nothing where this machine has compiled them before.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.warming_up import Step

FIRST_TIME = "maskwright: compiling its kernels, once on this machine: this takes some minutes ..."


def make_kernels_ready() -> None:
    """Compile all kernels, with a line of progress on stderr, if this machine has never done so."""
    from maskwright.matching.warming_up import kernels_are_ready

    if kernels_are_ready():
        return
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.vocabulary import Vocabulary

    bytes_alone = Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
    warm_up_visibly(Compiler(bytes_alone), FIRST_TIME)


def warm_up_visibly(compiler: Compiler, message: str) -> Step:
    """`Compiler.warm_up` with a bar on stderr where that is a terminal, and else with a line before and after it."""
    if not sys.stderr.isatty():
        print(message, file=sys.stderr, flush=True)
        began = time.perf_counter()
        step = compiler.warm_up()
        print(f"maskwright: ready after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        return step
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    console.print(message, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[kernels]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=None, kernels="")

        def show(step: Step) -> None:
            kernels = f"{step.n_compiled} kernels compiled" if step.n_compiled else ""
            progress.update(
                bar, completed=step.n_done, total=step.n_steps, description=step.what or "done", kernels=kernels
            )

        return compiler.warm_up(show)
