r"""What the two notations of regular expressions differ in, as tables: Python's `re` and ECMA-262.

ECMA-262 is read as JSON Schema validators treat it: by code points (the `u` flag), but lenient where the `u` flag would
only complain (`\-`, `\_`, a lone `{` or `]`; a `\p{...}` beside them stays a property), and with Python's and PCRE's
`(?P<name>...)`. A letter escape that means one thing in ECMA-262 and another in Python (`\Z`, `\a`) is refused in
ECMA-262, because a writer means the other.
Source: ECMA-262 2024, 22.2.1 and annex B.1.2; the documentation of Python's `re`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from maskwright.grammar.characters import unicode_classes as unicode
from maskwright.grammar.characters.character_set import (
    CharacterSet,
    character_set,
)
from maskwright.grammar.characters.syntax import (
    TEXT_END,
    TEXT_START,
    Expression,
    Look,
    alternation,
    characters,
    concatenation,
)


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that hold at one place of a pattern, named as in Python's `re`."""

    ignore_case: bool = False
    multiline: bool = False
    dot_all: bool = False
    verbose: bool = False
    ascii: bool = False


FLAG_LETTERS = {"i": "ignore_case", "m": "multiline", "s": "dot_all", "x": "verbose", "a": "ascii"}


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""One notation.

    classes: what `\d`, `\w`, `\s` mean, by letter; the upper-case letter is the complement.
    ascii_classes: the same under the flag `a`.
    line_ends: what `.` does not match.
    text_end: what `$` means without the flag `m`.
    anchors: escapes that match a place, by letter (`\b` and `\B` are made by `word_boundary`).
    control_escapes: escapes that stand for one character, by letter.
    flag_letters: the flags that may be written in a group.
    ignore_case: a set together with everything that equals a member when case is ignored.
    keeps_order: does the tree keep which alternative is tried first, and which repetitions are lazy?
    """

    name: str
    classes: Mapping[str, Callable[[], CharacterSet]]
    ascii_classes: Mapping[str, Callable[[], CharacterSet]]
    line_ends: CharacterSet
    text_end: Expression
    anchors: Mapping[str, Expression]
    control_escapes: Mapping[str, int]
    flag_letters: str
    ignore_case: Callable[[CharacterSet], CharacterSet]
    keeps_order: bool = False


def under_flags(members: CharacterSet, dialect: Dialect, flags: Flags) -> CharacterSet:
    """A written set with what the flag `i` adds to it."""
    if not flags.ignore_case:
        return members
    return unicode.ignoring_ascii_case(members) if flags.ascii else dialect.ignore_case(members)


def look_ahead(body: Expression) -> Look:
    """The body follows."""
    return Look(body, is_ahead=True, is_negated=False)


def look_behind(body: Expression) -> Look:
    """The body precedes."""
    return Look(body, is_ahead=False, is_negated=False)


def negated(look: Look) -> Look:
    """The opposite condition."""
    return Look(look.body, look.is_ahead, not look.is_negated)


def word_boundary(word: CharacterSet) -> Expression:
    r"""`\b`: exactly one of the two neighbours is a word character."""
    follows, precedes = look_ahead(characters(word)), look_behind(characters(word))
    return alternation((concatenation((negated(precedes), follows)), concatenation((precedes, negated(follows)))))


def no_word_boundary(word: CharacterSet) -> Expression:
    r"""ECMA-262's `\B`: both neighbours are word characters or neither is."""
    follows, precedes = look_ahead(characters(word)), look_behind(characters(word))
    return alternation((concatenation((precedes, follows)), concatenation((negated(precedes), negated(follows)))))


def no_word_boundary_in_text(word: CharacterSet) -> Expression:
    r"""Python's `\B`: the same, but never in the empty text (as in Python up to 3.13)."""
    follows, precedes = look_ahead(characters(word)), look_behind(characters(word))
    other = characters(~word)
    return alternation(
        (
            concatenation((precedes, follows)),
            concatenation((negated(precedes), look_ahead(other))),
            concatenation((look_behind(other), negated(follows))),
        )
    )


NEWLINE = character_set([(0x0A, 0x0A)])
LAST_LINE_END = Look(
    alternation((TEXT_END, concatenation((characters(NEWLINE), TEXT_END)))), is_ahead=True, is_negated=False
)
"""Python's `$`: at the end of the text, or before a newline that ends it."""

_ASCII_CLASSES: Mapping[str, Callable[[], CharacterSet]] = {
    "d": lambda: unicode.ASCII_DIGITS,
    "w": lambda: unicode.ASCII_WORD,
    "s": lambda: unicode.ASCII_SPACE,
}
_COMMON_CONTROLS = {"f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}

PYTHON = Dialect(
    name="Python",
    classes={"d": unicode.python_digits, "w": unicode.python_word, "s": unicode.python_space},
    ascii_classes=_ASCII_CLASSES,
    line_ends=NEWLINE,
    text_end=LAST_LINE_END,
    anchors={"A": TEXT_START, "Z": TEXT_END},
    control_escapes={**_COMMON_CONTROLS, "a": 0x07},
    flag_letters="aimsux",
    ignore_case=unicode.ignoring_case,
)

PYTHON_IN_ORDER = replace(PYTHON, keeps_order=True)
"""For `scanner`: which of several matches `re.match` finds depends on the order."""

ECMA = Dialect(
    name="ECMA-262",
    classes={"d": lambda: unicode.ASCII_DIGITS, "w": lambda: unicode.ASCII_WORD, "s": lambda: unicode.ECMA_SPACE},
    ascii_classes=_ASCII_CLASSES,
    line_ends=unicode.ECMA_LINE_TERMINATORS,
    text_end=TEXT_END,
    anchors={},
    control_escapes=_COMMON_CONTROLS,
    flag_letters="ims",
    ignore_case=unicode.ignoring_case_folded,
)


def line_start(dialect: Dialect) -> Expression:
    """`^` under the flag `m`."""
    return alternation((TEXT_START, look_behind(characters(dialect.line_ends))))


def line_end(dialect: Dialect) -> Expression:
    """`$` under the flag `m`."""
    return alternation((TEXT_END, look_ahead(characters(dialect.line_ends))))
