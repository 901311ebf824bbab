"""The notations by name: what can be read, and what can be written."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """The notations that are read."""

    LARK = "lark"
    GBNF = "gbnf"
    EBNF = "ebnf"


class Target(StrEnum):
    """The notations that are written: EBNF as XGrammar reads it, and as the W3C writes it."""

    LARK = "lark"
    GBNF = "gbnf"
    EBNF = "ebnf"
    W3C = "w3c"
