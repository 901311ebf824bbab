"""`maskwright trace`: a trace in the terminal, or as a page.

Each token is a line: its number, the mass that the mask kept, how many tokens were allowed, its text in the colour of
that mass (dim where it was forced), and the place. Below it is the text as a whole in the same colours. Colours are
left out where the output is no terminal, or NO_COLOR is set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, TextIO

from maskwright.errors import InvalidTraceFile
from maskwright.integrations.command_line.messages import UserMistakeError, need_file_place
from maskwright.integrations.tracing.page import page_of
from maskwright.integrations.tracing.reading import read_trace
from maskwright.integrations.tracing.records import Trace, TracedText, TracedToken
from maskwright.integrations.tracing.shown import (
    N_GRADES,
    grade_of,
    place_of,
    share_of,
    spelling_of,
    summary_of,
    text_of,
    visible,
)

COLOURS: Final = ("green", "chartreuse3", "yellow", "dark_orange", "red")
assert len(COLOURS) == N_GRADES

MOST_SPELLED: Final = 28
"""Characters of a token in its column."""


def read(name: str) -> Trace:
    """The trace of a file; raises UserMistakeError."""
    try:
        return read_trace(Path(name))
    except InvalidTraceFile as error:
        raise UserMistakeError(str(error)) from error
    except OSError as error:
        raise UserMistakeError(f"{name}: cannot read the trace: {error.strerror or error}.") from error


def write_page(trace: Trace, output: Path) -> None:
    """The page, into a file; raises UserMistakeError."""
    need_file_place("--html", output)
    output.write_text(page_of(trace), encoding="utf-8")


def show(trace: Trace, stream: TextIO | None = None) -> None:
    """The trace on a stream, by default stdout."""
    from rich.console import Console
    from rich.text import Text

    # Without a terminal a line is as long as it is: whoever reads it has a pager, or is a program.
    stream = stream or sys.stdout
    console = Console(file=stream, highlight=False, soft_wrap=True, width=None if stream.isatty() else 1 << 16)
    kind = f" ({trace.header.grammar})" if trace.header.grammar else ""
    console.print(Text(visible(f"{trace.header.name or 'a run'}{kind}")))
    for number, text in enumerate(trace.texts):
        console.print(Text(f"text {number}: {summary_of(text)}"))
        console.print(Text(f"{'step':>5} {'kept':>8} {'allowed':>8}  {'token':<{MOST_SPELLED}}  where", style="bold"))
        for place, token in enumerate(text.tokens):
            console.print(_line(place, token))
        console.print(_coloured(text))


def _line(place: int, token: TracedToken) -> object:
    from rich.text import Text

    spelled = spelling_of(token)
    spelled = spelled if len(spelled) <= MOST_SPELLED else spelled[: MOST_SPELLED - 1] + "…"
    return Text.assemble(
        f"{place:>5} {share_of(token):>8} {token.allowed:>8}  ",
        (spelled, _style(token)),
        " " * (MOST_SPELLED - len(spelled)),
        f"  {place_of(token)}",
    )


def _coloured(text: TracedText) -> object:
    from rich.text import Text

    return Text.assemble(*[(text_of(token), _style(token)) for token in text.tokens if not token.name])


def _style(token: TracedToken) -> str:
    grade = grade_of(token)
    colour = "" if grade is None else COLOURS[grade]
    return f"dim {colour}".strip() if token.is_forced else colour
