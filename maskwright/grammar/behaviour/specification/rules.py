"""Rules in Python: a function for each word of `rule_words`, for `SpecBuilder.rule`.

    never("delete"), at_most(3, call("search")), only_after("lookup", need="search", why="it reads the last page")

Operands are texts of formulas, formulas, or atoms. Every rule takes `id`, `why` and `level` ("hard" or "warn").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

from maskwright.errors import InvalidOption
from maskwright.grammar.behaviour.atoms import Atom, CallAtom, Scalar, Variable
from maskwright.grammar.behaviour.logic.formula import Formula, holds
from maskwright.grammar.behaviour.logic.printer import print_formula
from maskwright.grammar.behaviour.specification.document import Data

Operand = str | Formula | Atom
Written = dict[str, Data]
"""A rule as YAML has it: its word with what stands behind it, and what is said about it."""


class About(TypedDict, total=False):
    """What can be said of every rule."""

    id: str
    why: str
    level: str


def written_operand(operand: object) -> str:
    """The text of a formula: `written_operand(CallAtom("search"))` -> `"call(search)"`."""
    match operand:
        case str(text):
            return text
        case Formula():
            return print_formula(operand)
        case Atom():
            return print_formula(holds(operand))
    raise InvalidOption("operand", operand, "a text, a formula or an atom")


def call(tool: str, segment: str = "", /, **arguments: Scalar | Variable) -> CallAtom:
    """A call of a tool with these arguments: `call("delete", id=Variable("id"))`."""
    return CallAtom(tool, tuple(arguments.items()), segment)


def never(a: Operand, **about: Unpack[About]) -> Written:
    """No segment is like this."""
    return _written("never", written_operand(a), about)


def must(a: Operand, **about: Unpack[About]) -> Written:
    """Some segment is like this."""
    return _written("must", written_operand(a), about)


def at_most(n: int, of: Operand, **about: Unpack[About]) -> Written:
    """No more than n segments are like this."""
    return _written("at_most", {"n": n, "of": written_operand(of)}, about)


def at_least(n: int, of: Operand, **about: Unpack[About]) -> Written:
    """No fewer than n segments are like this."""
    return _written("at_least", {"n": n, "of": written_operand(of)}, about)


def exactly(n: int, of: Operand, **about: Unpack[About]) -> Written:
    """As many as n segments are like this."""
    return _written("exactly", {"n": n, "of": written_operand(of)}, about)


def only_after(do: Operand, *, need: Operand, each: bool = False, **about: Unpack[About]) -> Written:
    """`do` only if `need` came before; with `each`, since the last `do`."""
    said: dict[str, Data] = {"do": written_operand(do), "need": written_operand(need)}
    return _written("only_after", said | ({"each": True} if each else {}), about)


def followed_by(when: Operand, then: Operand, **about: Unpack[About]) -> Written:
    """`then` comes sometime after `when`."""
    return _written("followed_by", _when(when, then), about)


def next_is(when: Operand, then: Operand, **about: Unpack[About]) -> Written:
    """`then` comes right after `when`."""
    return _written("next_is", _when(when, then), about)


def not_next(when: Operand, then: Operand, **about: Unpack[About]) -> Written:
    """`then` does not come right after `when`."""
    return _written("not_next", _when(when, then), about)


def within(steps: int, when: Operand, then: Operand, **about: Unpack[About]) -> Written:
    """`then` comes at most so many segments after `when`."""
    return _written("within", _when(when, then) | {"steps": steps}, about)


def never_between(begin: Operand, end: Operand, never: Operand, **about: Unpack[About]) -> Written:
    """From `begin` to the next `end`, no segment is like this."""
    return _between(begin, end, "never", never, about)


def must_between(begin: Operand, end: Operand, must: Operand, **about: Unpack[About]) -> Written:
    """From `begin` to the next `end`, some segment is like this."""
    return _between(begin, end, "must", must, about)


def order(*operands: Operand, **about: Unpack[About]) -> Written:
    """None comes before the one on its left did."""
    return _written("order", list(map(written_operand, operands)), about)


def exclusive(*operands: Operand, **about: Unpack[About]) -> Written:
    """At most one of them ever comes."""
    return _written("exclusive", list(map(written_operand, operands)), about)


def never_repeat(what: Operand, **about: Unpack[About]) -> Written:
    """The texts of a segment all differ, or the values of an atom with a variable."""
    return _written("never_repeat", written_operand(what), about)


def mention_all(
    terms: Iterable[str], segment: str, *, fold: bool = False, word: bool = False, **about: Unpack[About]
) -> Written:
    """Every text of the segment has all the terms in it."""
    return _written("mention", {"all": list(terms), **_mention(segment, fold, word)}, about)


def mention_any(
    terms: Iterable[str], segment: str, *, fold: bool = False, word: bool = False, **about: Unpack[About]
) -> Written:
    """Every text of the segment has one of the terms in it."""
    return _written("mention", {"any": list(terms), **_mention(segment, fold, word)}, about)


def leak(*texts: str, patterns: Iterable[str] = (), **about: Unpack[About]) -> Written:
    """No text of the model has one of the texts in it, nor a match of one of the patterns."""
    found: list[Data] = [{"regex": pattern} for pattern in patterns]
    return _written("leak", [*texts, *found], about)


def ltlf(formula: Operand, **about: Unpack[About]) -> Written:
    """The formula holds."""
    return _written("ltlf", written_operand(formula), about)


def _written(word: str, value: Data, about: About) -> Written:
    said: Written = {word: value}
    if "id" in about:
        said["id"] = about["id"]
    if "why" in about:
        said["why"] = about["why"]
    if "level" in about:
        said["level"] = about["level"]
    return said


def _when(when: Operand, then: Operand) -> Written:
    return {"when": written_operand(when), "then": written_operand(then)}


def _between(begin: Operand, end: Operand, word: str, what: Operand, about: About) -> Written:
    said: Written = {"from": written_operand(begin), "to": written_operand(end), word: written_operand(what)}
    return _written("between", said, about)


def _mention(segment: str, fold: bool, word: bool) -> Written:
    said: Written = {"in": segment}
    return said | ({"fold": True} if fold else {}) | ({"word": True} if word else {})
