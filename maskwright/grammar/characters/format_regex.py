r"""The format `regex`: a regular part of the patterns that ECMA-262 accepts under its flag `u`.

All patterns together are not regular, for groups nest and a range must not be upside down. Members are valid under the
flag `u`, the strictest reading; left out are: groups deeper than `_DEPTH` (or look-around of more than one group, or
inside another one), back-references, flags in groups, names of groups but for one that begins the pattern, ranges
between escapes but for the usual ones, `{m,n}` with m of more than two digits, and `\p{...}` of anything but
short names of categories. So no invalid pattern is let through, and what people write in schemas is a member.
Source: ECMA-262, 22.2.1. Cost: half a second, once in a process and only where the format is used.
Rejected: the whole as one pattern with groups written out (seconds instead of half a one).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.characters.alphabet import merged, partition
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from
from maskwright.grammar.characters.character_set import character_set, characters_of
from maskwright.grammar.characters.determinise import MAX_WORK, language_of
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.unicode_classes import LONG_CATEGORY_NAMES

_DEPTH = 3

_HEX = "[0-9a-fA-F]"
_CATEGORY = "|".join(sorted({*LONG_CATEGORY_NAMES.values(), "Letter", "Number"}))
_CODE_POINT = rf"\{{0*(?:{_HEX}{{1,5}}|10{_HEX}{{4}})\}}"
_IDENTITY = r"[\^$\\.*+?()\[\]{}|/]"
_NUL = "0(?![0-9])"
_SET_ESCAPE = rf"(?:[dDsSwW]|[pP]\{{(?:{_CATEGORY})\}})"
_ESCAPE = rf"(?:{_SET_ESCAPE}|[fnrtv]|c[a-zA-Z]|{_NUL}|x{_HEX}{{2}}|u{_HEX}{{4}}|u{_CODE_POINT}|{_IDENTITY})"

_THRESHOLDS = (0x80, 0xE0, 0x100, 0x370, 0x420, 0x440, 0x600, 0x3060, 0x30C0, 0x5000, 0xB000, 0x10000)
"""A range between characters beyond ASCII is a member if one of these lies between its ends."""


def _ranges() -> str:
    """`a-z` with ends in order: from a letter, digit or sign of ASCII, or around a threshold."""
    found = []
    for code in range(0x20, 0x7F):
        if chr(code) not in "\"'/;<=>?[\\]^`{|}~-":
            ends = "".join(
                rf"\x{low:02x}-\x{high:02x}" for low, high in ((code, 0x5B), (max(code, 0x5E), 0x7F)) if low <= high
            )
            found.append(rf"\x{code:02x}-[{ends}\x80-\U0010FFFF]")
    for low, high in pairwise(_THRESHOLDS):
        found.append(rf"[\U{low:08x}-\U{high - 1:08x}]-[\U{high:08x}-\U0010FFFF]")
    return "|".join(found)


def _escaped_ranges() -> str:
    r"""`\x00-\x1f`, `\u4e00-\u9fa5`: the digits that decide come first, or the first end has only zeros after them."""
    found = []
    digits = "0123456789abcdef"
    either = [digit if digit.isdigit() else f"[{digit}{digit.upper()}]" for digit in digits]
    for value, digit in enumerate(either):
        above = f"(?:{'|'.join(either[value + 1 :])})" if value < 15 else ""
        found.append(rf"\\x(?:{digit}0-\\x{digit}{_HEX}" + (rf"|{digit}{_HEX}-\\x{above}{_HEX})" if above else ")"))
        found.append(
            rf"\\u00(?:{digit}0-\\u00{digit}{_HEX}" + (rf"|{digit}{_HEX}-\\u00{above}{_HEX})" if above else ")")
        )
    not_d = [digit for value, digit in enumerate(either) if value != 13]
    for value, digit in enumerate(not_d[:-1]):
        above = f"(?:{'|'.join(not_d[value + 1 :])})"
        found.append(rf"\\u{digit}{_HEX}{{3}}-\\u{above}{_HEX}{{3}}")
    for value, digit in enumerate(either[:-1]):
        above = f"(?:{'|'.join(either[value + 1 :])})"
        found.append(rf"\\u0{digit}{_HEX}{{2}}-\\u0{above}{_HEX}{{2}}")
    return "|".join(found)


def _quantifier() -> str:
    """`{m,n}` with m <= n, and the others."""
    pairs = []
    for least in range(100):
        text = str(least)
        tens, ones = divmod(least, 10)
        if least < 10:
            more = f"[{least}-9]|[1-9][0-9]+"
        else:
            higher = f"|[{tens + 1}-9][0-9]" if tens < 9 else ""
            more = f"{tens}[{ones}-9]{higher}|[1-9][0-9]{{2,}}"
        pairs.append(f"{text},(?:{more})")
    return rf"(?:(?:[*+?]|\{{(?:[0-9]+,?|{'|'.join(pairs)})\}})\??)?"


def _class() -> str:
    single = rf"[^\\\]\-]|\\(?:{_SET_ESCAPE}|[fnrtvb\-]|c[a-zA-Z]|{_NUL}|x{_HEX}{{2}}|{_IDENTITY}"
    not_surrogate = (
        rf"u(?:[0-9a-cA-Ce-fE-F]{_HEX}|[dD][0-7]){_HEX}{{2}}|u\{{0*(?:{_HEX}{{1,3}}|[0-9a-cA-C]{_HEX}{{3}})\}})"
    )
    return rf"\[\^?-?(?:{single}|{not_surrogate}|(?:{_ranges()}|{_escaped_ranges()})-?)*-?\]"


def _flat() -> CharacterAutomaton:
    """Patterns without groups."""
    atom = rf"(?:[^\^$\\.*+?()\[\]{{}}|]|\.|\\{_ESCAPE}|{_class()})"
    pattern = rf"(?s:(?:{atom}{_quantifier()}|\^|\$|\\[bB]|\|)*)"
    return language_of(parse(pattern, PYTHON), "the format regex", 2 * MAX_WORK)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where groups nest: `outer` is the place around it, `group` and `look` those of the groups in it; -1 for none.

    is_repeatable: may a quantifier follow when it closes?
    """

    outer: int
    is_repeatable: bool
    group: int = -1
    look: int = -1


def _add_place(places: list[_Place], outer: int, *, is_repeatable: bool, depth: int, may_look: bool) -> int:
    """Add a place in which groups may nest `depth` deep, with all its inner places; its number."""
    number = len(places)
    places.append(_Place(outer, is_repeatable))
    group = look = -1
    if depth:
        group = _add_place(places, number, is_repeatable=True, depth=depth - 1, may_look=may_look)
    if may_look:
        look = _add_place(places, number, is_repeatable=False, depth=1, may_look=False)
    places[number] = _Place(outer, is_repeatable, group, look)
    return number


@cache
def regex_language() -> CharacterAutomaton:
    """The automaton of patterns without groups, once for each place, joined where groups open and close.

    States: (place, state of `flat`); for each place those behind `(`, `(?`, `(?<`; five for a named group at the start.
    """
    flat = _flat()
    places: list[_Place] = []
    _add_place(places, -1, is_repeatable=False, depth=_DEPTH, may_look=True)
    named = _add_place(places, 0, is_repeatable=True, depth=0, may_look=False)
    names = character_set([(0x24, 0x24), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
    signs, masks = partition((*map(characters_of, "()?:=!<>a"), names, names | character_set([(0x30, 0x39)])))
    intervals, origins = merged(flat.alphabet.intervals, signs.intervals)
    columns = np.array(origins, dtype=np.int32).reshape(-1, 2)
    known = columns[:, 0] >= 0

    def column(index: int) -> NDArray[np.bool_]:
        """The classes in a set of `masks`."""
        return np.array([sign >= 0 and bool(masks[index] >> sign & 1) for sign in columns[:, 1].tolist()])

    opens, closes, asks, colon, equals, bang, less, greater, letter, first, following = map(column, range(11))
    n, n_places = flat.n_states, len(places)
    open_state, ask_state, less_state = (n * n_places + n_places * i + np.arange(n_places) for i in range(3))
    start, start_open, start_ask, start_less, name = (n_places * (n + 3) + i for i in range(5))
    table = np.full((n_places * (n + 3) + 5, len(columns)), -1, np.int32)
    after_atom = int(flat.transitions[0, columns[letter, 0]][0])
    ends = np.flatnonzero(flat.accepting)
    for number, place in enumerate(places):
        rows = table[n * number : n * (number + 1)]
        own = flat.transitions[:, columns[known, 0]]
        rows[:, known] = np.where(own >= 0, own + n * number, -1)
        if place.group >= 0 or place.look >= 0:
            rows[np.ix_(ends, opens)] = open_state[number]
        if place.outer >= 0:
            rows[np.ix_(ends, closes)] = n * place.outer + (after_atom if place.is_repeatable else 0)
    for number, place in enumerate(places):
        if place.group >= 0:
            table[open_state[number]] = table[n * place.group]
            table[ask_state[number], colon] = n * place.group
        table[open_state[number], asks] = ask_state[number]
        if place.look >= 0:
            table[ask_state[number], less] = less_state[number]
            for state in (ask_state[number], less_state[number]):
                table[state, equals | bang] = n * place.look
    # a group with a name may begin the pattern, also behind `^`
    caret = columns[:, 0] == flat.alphabet.class_of(ord("^"))
    table[[start, start_open, start_ask, start_less]] = table[[0, open_state[0], ask_state[0], less_state[0]]]
    table[start, caret] = start
    table[start, opens] = start_open
    table[start_open, asks] = start_ask
    table[start_ask, less] = start_less
    table[start_less, first] = name
    table[name, following] = name
    table[name, greater] = n * named
    accepting = np.zeros(len(table), np.bool_)
    accepting[ends] = True  # of place 0, the pattern itself
    accepting[start] = True
    # the state that starts must come first
    order = np.r_[start, np.delete(np.arange(len(table)), start)]
    number_of = np.empty(len(table) + 1, np.int32)
    number_of[order] = np.arange(len(table))
    number_of[-1] = -1
    return automaton_from(intervals, number_of[table[order]], accepting[order])
