"""How a Lark grammar is to be read, as said on the command line: its lexer and its indenter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskwright.grammar.ir import Grammar


class LexerChoice(StrEnum):
    """How a Lark grammar is to be read: `maskwright.grammar.lark.Lexer`, which is imported only when needed."""

    CONTEXTUAL = "contextual"
    BASIC = "basic"
    DYNAMIC_COMPLETE = "dynamic_complete"


class IndenterChoice(StrEnum):
    """What finds blocks by their indentation."""

    PYTHON = "python"


@dataclass(frozen=True, slots=True)
class LarkOptions:
    """What was asked for; None: not said."""

    lexer: LexerChoice | None = None
    indenter: IndenterChoice | None = None

    def flags(self) -> list[str]:
        """The options that were given, as they are written."""
        return [name for name, value in (("--lexer", self.lexer), ("--indenter", self.indenter)) if value is not None]

    def grammar(self, text: str, start: str | None, folder: Path | None) -> Grammar:
        """The grammar of a text; imports and files are looked for in the folder that it lies in."""
        from maskwright.grammar.lark import PYTHON_INDENTER, Lexer, lark_grammar

        return lark_grammar(
            text,
            start or "start",
            lexer=Lexer((self.lexer or LexerChoice.CONTEXTUAL).value),
            indenter=PYTHON_INDENTER if self.indenter is IndenterChoice.PYTHON else None,
            import_paths=[folder] if folder else [],
        )


AS_LARK_DOES = LarkOptions()
"""Nothing was said."""
