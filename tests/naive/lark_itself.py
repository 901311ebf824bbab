"""lark as the judge of Lark grammars: its LALR parser with its contextual lexer, and the shipped grammars with texts.

`indenter` is what the files of `schemas/lark` write under that key: the names of the terminals by which lark's
`Indenter` tells blocks apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lark import Lark
from lark.exceptions import LarkError
from lark.indenter import Indenter

FOLDER = Path(__file__).parents[2] / "schemas" / "lark"


@dataclass(frozen=True, slots=True)
class ShippedGrammar:
    """A grammar of `schemas/lark` with the texts beside it."""

    name: str
    text: str
    start: str
    indenter: Mapping[str, Any] | None
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]

    def parser(self) -> Lark:
        """lark's parser for it, built anew."""
        return lark_parser(self.text, start=self.start, indenter=self.indenter)


def shipped_grammars() -> list[ShippedGrammar]:
    """All of them, by name."""
    return [_shipped(path) for path in sorted(FOLDER.glob("*.lark"))]


def _shipped(path: Path) -> ShippedGrammar:
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return ShippedGrammar(
        name=path.stem,
        text=path.read_text(encoding="utf-8"),
        start=beside.get("start", "start"),
        indenter=beside.get("indenter"),
        accepted=tuple(beside["accepted"]),
        rejected=tuple(beside["rejected"]),
    )


def lark_parser(
    text: str, *, start: str = "start", indenter: Mapping[str, Any] | None = None, lexer: str = "contextual"
) -> Lark:
    """lark's LALR(1) parser with one of its two lexers, and the indenter where there is one."""
    return Lark(
        text,
        parser="lalr",
        lexer=lexer,
        start=start,
        maybe_placeholders=False,
        postlex=_indenter(indenter) if indenter else None,
    )


def _indenter(names: Mapping[str, Any]) -> Indenter:
    made: Indenter = indenter_class(names)()
    return made


def indenter_class(names: Mapping[str, Any]) -> type[Indenter]:
    """lark's indenter with these names of terminals."""
    settings = {
        "NL_type": names["line_break"],
        "INDENT_type": names["indent"],
        "DEDENT_type": names["dedent"],
        "OPEN_PAREN_types": list(names["opening"]),
        "CLOSE_PAREN_types": list(names["closing"]),
        "tab_len": names["tab_length"],
    }
    return type("NamedIndenter", (Indenter,), settings)


def accepts(parser: Lark, text: str) -> bool:
    """Whether lark parses the text. A bracket closed that was never opened is an AssertionError of the indenter."""
    try:
        parser.parse(text)
    except (LarkError, AssertionError):
        return False
    return True
