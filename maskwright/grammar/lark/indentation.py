"""Blocks by indentation: which terminals of a grammar open and close them, as lark's `Indenter` has it.

lark grammars for languages such as Python declare terminals that no text has (`%declare _INDENT _DEDENT`) and are used
with an object that inserts them. Here that object is a record; `PYTHON_INDENTER` has the values of lark's
`PythonIndenter`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Indenter:
    """The names of the terminals that matter, with the meaning of lark's `Indenter` (`NL_type`, `INDENT_type`, ...).

    `Indenter("_NL", "_INDENT", "_DEDENT")` is for a grammar in which parentheses do not suspend the layout.
    """

    line_break: str
    indent: str
    dedent: str
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    tab_length: int = 8


PYTHON_INDENTER = Indenter(
    "_NEWLINE", "_INDENT", "_DEDENT", ("LPAR", "LSQB", "LBRACE"), ("RPAR", "RSQB", "RBRACE"), tab_length=8
)
"""As lark's `lark.indenter.PythonIndenter`."""
