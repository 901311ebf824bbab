"""A Lark text cut into tokens, with the places of each: what is quoted, written as a pattern, or embedded is one token.

`%json`, `%regex` and `%lark` with what follows them are one token too, whatever lines they span, so that all that comes
later sees statements of lark's notation with strange symbols in them.
Source: the terminals of lark's own `load_grammar`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto

from maskwright.errors import GrammarSyntaxError, LimitExceeded

MAX_EMBEDDED = 8
"""Grammars inside each other; each level is read by recursion."""

MAX_SCHEMA_DEPTH = 500
"""What nests deeper in a JSON value is left to no reader."""


class Kind(StrEnum):
    """The kinds of token; `SIGN` is any other character, or `..` or `->`."""

    BLANK = auto()
    COMMENT = auto()
    LINE_END = auto()
    STRING = auto()
    PATTERN = auto()
    NAME = auto()
    NUMBER = auto()
    DIRECTIVE = auto()
    EMBEDDED = auto()
    GRAMMAR = auto()
    SPECIAL_TOKEN = auto()
    COUNT = auto()
    SIGN = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """What stands at `text[begin:end]`; `value` is the JSON value of an embedded part, or the text of a grammar."""

    kind: Kind
    text: str
    begin: int
    end: int
    value: object = None

    @property
    def is_blank(self) -> bool:
        """Does it separate, and nothing else?"""
        return self.kind in (Kind.BLANK, Kind.COMMENT)


_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+|\\[ ]*\r?\n)
    |(?P<comment>//[^\n]*|\#[^\n]*)
    |(?P<line_end>(?:\r?\n)+)
    |(?P<string>"(?:\\"|\\\\|[^"\n])*?"i?)
    |(?P<pattern>/(?!/)(?:\\/|\\\\|[^/])*?/[imslux]*)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[+-]?[0-9]+)
    |(?P<directive>%[A-Za-z_]*)
    |(?P<grammar>@[A-Za-z_0-9]*)
    |(?P<special_token><[^\s>][^>\n]*>)
    |(?P<count>\{[ \t]*(?:[0-9]+[ \t]*(?:,[ \t]*[0-9]*[ \t]*)?|,[ \t]*[0-9]+[ \t]*)\})
    |(?P<sign>\.\.|->|.)""",
    re.VERBOSE | re.DOTALL,
)

EMBEDDING = ("%json", "%regex", "%lark")


def tokens(text: str, name: str, begin: int = 0, depth: int = 0) -> Iterator[Token]:
    """The tokens from a position to the end; faults are told of the whole text, which `name` is for the reader."""
    at = begin
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None, "a sign is any character"
        kind = Kind(str(found.lastgroup))
        token = Token(kind, found[0], at, found.end())
        if kind is Kind.DIRECTIVE and token.text in EMBEDDING:
            token = _embedded(text, name, token, depth)
        yield token
        at = token.end


def _embedded(text: str, name: str, directive: Token, depth: int) -> Token:
    """The directive with the value behind it."""
    at = directive.end
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    sign = text[at : at + 1]
    if directive.text == "%lark":
        if sign != "{":
            raise GrammarSyntaxError("expected '{' and a grammar behind %lark", text, at, name)
        end = _closing(text, name, at, depth)
        return Token(Kind.EMBEDDED, directive.text, directive.begin, end, text[at + 1 : end - 1])
    if sign != "{" and not (sign == '"' and directive.text == "%json"):
        expected = "a JSON Schema, '{...}', or the name of a file in quotes" if directive.text == "%json" else "'{...}'"
        raise GrammarSyntaxError(f"expected {expected} behind {directive.text}", text, at, name)
    try:
        value, end = json.JSONDecoder().raw_decode(text, at)
    except json.JSONDecodeError as error:
        message = f"the JSON behind {directive.text} is malformed: {error.msg[:1].lower()}{error.msg[1:]}"
        raise GrammarSyntaxError(message, text, error.pos, name) from None
    except RecursionError:
        stage = f"The nesting of the JSON behind {directive.text}"
        raise LimitExceeded(stage, MAX_SCHEMA_DEPTH + 1, MAX_SCHEMA_DEPTH) from None
    return Token(Kind.EMBEDDED, directive.text, directive.begin, end, value)


def _closing(text: str, name: str, opening: int, depth: int) -> int:
    """The position behind the brace that closes an embedded grammar."""
    if depth >= MAX_EMBEDDED:
        raise LimitExceeded("The nesting of %lark", depth + 1, MAX_EMBEDDED, remedy="name grammars and use @name")
    level = 0
    for token in tokens(text, name, opening, depth + 1):
        if token.kind is Kind.SIGN:
            level += (token.text == "{") - (token.text == "}")
            if level == 0:
                return token.end
    raise GrammarSyntaxError("the '{' of this embedded grammar is never closed by '}'", text, opening, name)
