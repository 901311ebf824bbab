r"""Which EBNF a grammar is written in: the first sign that only one of the two notations has decides.

    signs of the W3C's      a 'text' in single quotes, a comment /* */, a character code #x20 (also inside a class),
                            a numbered rule [12], an exclusion A - B, a constraint such as [ wfc: ... ]
    signs of XGrammar's     a comment # ..., a backslash in "..." or [...], counts {2,5}, an assertion (= ...), a macro

Why it must be decided: a backslash is an escape for one and itself for the other, and [#x20] lists four characters or
is a space. All else is read alike, so a grammar without any sign means the same in both (and is taken as XGrammar's).
A comment at the head of a grammar is a sign too, and so decides whatever follows.
Rejected: reading each construct by its own looks, for then `[\]` and `"\"` would have two meanings in one grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Notation(Enum):
    """The two ways to write EBNF that are read."""

    XGRAMMAR = "XGrammar's EBNF"
    W3C = "the W3C's EBNF"


@dataclass(frozen=True, slots=True)
class Style:
    """A notation, and the sign that decided for it with its place (none: nothing did)."""

    notation: Notation
    sign: str = ""
    position: int = 0

    def reason(self, text: str) -> str:
        """Why a grammar is read like this, for the fault of something that only the other notation has."""
        if not self.sign:
            return f"this is read as {self.notation.value}; a comment at the head, /* or #, decides"
        line = text.count("\n", 0, self.position) + 1
        return f"this is read as {self.notation.value} because of {self.sign} in line {line}"


NAME = re.compile(r"[^\W\d][\w.-]*")
"""The name of a rule, in both notations."""

NUMBER = re.compile(r"\[\s*[0-9]+[a-z]*\s*\](?=\s*[^\W\d][\w.-]*\s*::=)")
"""The number of a rule, with the rule behind it."""

CONSTRAINT = re.compile(r"\[\s*(wfc|vc|nsc|ns|gc)\s*:[^\]]*\]", re.IGNORECASE)
"""A condition in words, as in the specification of XML."""

MACROS = frozenset(("TagDispatch", "TokenTagDispatch", "Token", "ExcludeToken"))

_QUOTED = re.compile(r'"[^"\\]*["\\]?')
_CLASS = re.compile(r"\[[^\]\\]*[\]\\]?")
_CODE = re.compile(r"#x[0-9A-Fa-f]")


def style_of(text: str) -> Style:
    """The notation of a grammar by its first sign."""
    position = 0
    while position < len(text):
        sign, notation, position = _sign_at(text, position)
        if notation is not None:
            return Style(notation, sign, position)
    return Style(Notation.XGRAMMAR)


def _sign_at(text: str, position: int) -> tuple[str, Notation | None, int]:
    """What begins at a position: the sign and its notation with its place; or nothing, and where to go on."""
    character = text[position]
    if character == "'":
        return "the single quote", Notation.W3C, position
    if text.startswith("/*", position):
        return "the comment /*", Notation.W3C, position
    if character == "#":
        if _CODE.match(text, position):
            return "the character code #x", Notation.W3C, position
        return "the comment #", Notation.XGRAMMAR, position
    if character == "-":
        return "the exclusion '-'", Notation.W3C, position
    if character == "{":
        return "the counts in braces", Notation.XGRAMMAR, position
    if text.startswith("(=", position):
        return "the assertion (=", Notation.XGRAMMAR, position
    if name := NAME.match(text, position):
        if name[0] in MACROS and text.startswith("(", name.end()):
            return f"the macro {name[0]}", Notation.XGRAMMAR, position
        return "", None, name.end()
    if character == "[":
        return _sign_in_brackets(text, position)
    if quoted := _QUOTED.match(text, position):
        if quoted[0].endswith("\\"):
            return "the backslash", Notation.XGRAMMAR, quoted.end() - 1
        return "", None, quoted.end()
    return "", None, position + 1


def _sign_in_brackets(text: str, position: int) -> tuple[str, Notation | None, int]:
    if NUMBER.match(text, position):
        return "the number of a rule", Notation.W3C, position
    if CONSTRAINT.match(text, position):
        return "the constraint in brackets", Notation.W3C, position
    brackets = _CLASS.match(text, position)
    assert brackets is not None
    if code := _CODE.search(brackets[0]):
        return "the character code #x", Notation.W3C, position + code.start()
    if brackets[0].endswith("\\"):
        return "the backslash", Notation.XGRAMMAR, brackets.end() - 1
    return "", None, brackets.end()
