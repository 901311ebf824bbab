"""EBNF: a written grammar as the W3C's documents write theirs.

A comment at the head is always there: it tells readers of EBNF which of its notations follows. There are no escapes, so
what cannot be seen on a screen is written by its code, and a text with both quotes as several texts. There are no
counts either: `x{2,4}` is written out as `x x (x x?)?`, up to MAX_COPIES times.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from itertools import groupby

from maskwright.errors import LimitExceeded, UnsupportedConversion
from maskwright.grammar.notation.printing.layout import (
    Level,
    Printed,
    Spelling,
    alternatives,
    class_body,
    is_plain,
    rules_in_lines,
    signed,
)
from maskwright.grammar.notation.written import (
    Characters,
    Expression,
    Reference,
    SpecialToken,
    Text,
    WrittenGrammar,
)

NOTATION = "the W3C's EBNF"

_ENDS_IN_CODE = re.compile("#x[0-9A-F]+$")

MAX_COPIES = 64
MAX_LENGTH = 10_000
"""Copies of a repeated part, and characters of all of them."""


def print_w3c(grammar: WrittenGrammar, comments: Sequence[str] = ()) -> str:
    """The text of a grammar without patterns and special tokens, whose names the W3C's notation allows."""
    heads = [f"/* {comment} */" for comment in ("EBNF as the W3C writes it.", *comments)]
    return rules_in_lines(((rule.name, alternatives(rule, _SPELLING)) for rule in grammar.rules), "::=", heads)


def _leaf(rule: str, item: Expression) -> Printed:
    match item:
        case Text(characters):
            pieces = _text_pieces(characters)
            return Printed(" ".join(pieces), Level.ITEM if len(pieces) == 1 else Level.SEQUENCE)
        case Characters(members):
            return Printed(f"[{class_body(members, _class_character)}]")
        case Reference(name):
            return Printed(name)
        case SpecialToken():
            raise UnsupportedConversion("a special token", rule, NOTATION, "it knows characters only")
    raise AssertionError(item)


def _text_pieces(characters: str) -> list[str]:
    """A text as quoted texts and character codes."""
    pieces = []
    for visible, run in groupby(characters, lambda character: is_plain(ord(character))):
        text = "".join(run)
        if not visible:
            pieces += [f"#x{ord(character):X}" for character in text]
        elif '"' not in text:
            pieces.append(f'"{text}"')
        elif "'" not in text:
            pieces.append(f"'{text}'")
        else:
            pieces += [f"'{part}'" if part.startswith('"') else f'"{part}"' for part in re.findall('"+|[^"]+', text)]
    return pieces


def _class_character(code: int, before: str) -> str:
    """By its code if it means something in a class, or if it would be read as one more digit of the code before it."""
    is_digit = chr(code) in string.hexdigits and _ENDS_IN_CODE.search(before) is not None
    return chr(code) if is_plain(code) and chr(code) not in "[]^-#" and not is_digit else f"#x{code:X}"


def _repeated(rule: str, body: Printed, minimum: int, maximum: int | None) -> Printed:
    if (shown := signed(body, minimum, maximum)) is not None:
        return shown
    n_copies = minimum if maximum is None else maximum
    copy = body.at(Level.ITEM)
    if n_copies > MAX_COPIES or n_copies * len(copy) > MAX_LENGTH:
        raise LimitExceeded("A repetition written out", n_copies, MAX_COPIES, f"rule {rule}", "use smaller counts")
    copies = [copy] * minimum
    if maximum is None:
        copies[-1] += "+"
    else:
        optional = ""
        for _ in range(maximum - minimum):
            optional = f"({copy} {optional})?" if optional else f"{copy}?"
        copies += [optional] if optional else []
    return Printed(" ".join(copies), Level.SEQUENCE) if copies else Printed("''")


def _excluded(_: str, left: Printed, right: Printed) -> Printed:
    return Printed(f"{left.at(Level.REPETITION)} - {right.at(Level.REPETITION)}", Level.CHOICE)


_SPELLING = Spelling(_leaf, _repeated, _excluded, "''")
