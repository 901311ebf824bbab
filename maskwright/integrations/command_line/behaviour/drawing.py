"""`maskwright behaviour draw`: the automaton of a specification as a picture.

Pictures are drawn by graphviz's program `dot`, which Debian's package and the one of PyPI both put (or look for) on the
PATH. Where it is missing, its input is written instead, and how to draw it is said: any viewer of DOT will do.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from maskwright.integrations.command_line.messages import UserMistakeError, need_file_place

FORMATS = (".svg", ".png", ".pdf")
"""That `dot` draws; any other suffix gets its input."""

MAX_SECONDS = 120
"""For a picture; layouts of many states can take any time."""


def draw(dot: str, output: Path | None) -> None:
    """Write the picture of a DOT text: to stdout as DOT, or to a file in the format of its suffix."""
    if output is None:
        print(dot, end="")
        return
    need_file_place("--output", output)
    if output.suffix.lower() not in FORMATS:
        output.write_text(dot, encoding="utf-8")
        return
    program = shutil.which("dot")
    if program is None:
        instead = output.with_suffix(".dot")
        need_file_place("--output", instead)
        instead.write_text(dot, encoding="utf-8")
        print(
            f"graphviz is not installed (no program `dot`), so {instead} was written; draw it with "
            f"`dot -T{output.suffix[1:].lower()} {instead} -o {output}`.",
            file=sys.stderr,
        )
        return
    _drawn(program, dot, output)


def _drawn(program: str, dot: str, output: Path) -> None:
    command = [program, f"-T{output.suffix[1:].lower()}", "-o", str(output)]
    try:
        subprocess.run(command, input=dot.encode(), check=True, capture_output=True, timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserMistakeError(
            f"dot did not finish within {MAX_SECONDS} seconds: draw fewer states with --max-states."
        ) from None
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
        raise UserMistakeError(f"dot failed: {told[0]}") from error
