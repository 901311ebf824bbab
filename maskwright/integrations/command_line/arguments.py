"""Arguments and options that several commands have: what SPEC is, and how it is read."""

from __future__ import annotations

from typing import Annotated

import typer

from maskwright.integrations.command_line.lark_options import IndenterChoice, LexerChoice
from maskwright.integrations.command_line.specification import Kind

SpecArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SPEC",
        help=(
            "A file (.json: JSON Schema, .gbnf, .ebnf or .lark: grammar, .regex or .txt: pattern) "
            "or module:Name of a Python type."
        ),
        show_default=False,
    ),
]
KindOption = Annotated[Kind | None, typer.Option(help="What SPEC is, if its suffix does not tell.", show_default=False)]
RegexOption = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="A regular expression in place of SPEC.", show_default=False)
]
StartOption = Annotated[
    str | None,
    typer.Option(
        metavar="RULE",
        help="The rule that a grammar starts from (default: the usual one of its notation).",
        show_default=False,
    ),
]
LexerOption = Annotated[
    LexerChoice | None,
    typer.Option(help="How a Lark grammar is read (default: contextual).", show_default=False),
]
IndenterOption = Annotated[
    IndenterChoice | None,
    typer.Option(help="What finds the blocks of a Lark grammar by their indentation.", show_default=False),
]
