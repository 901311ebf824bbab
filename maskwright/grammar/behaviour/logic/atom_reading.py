"""The atoms of a formula's text: from a tree of the parser to a formula.

A comparison becomes one atom with its bound put on one side (`length < 80` is `length <= 79`), a negated equality the
negation of one, two bounds a conjunction. What could be read but means nothing is a `Fault` with its place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, cast

from maskwright.grammar.behaviour.atoms import (
    Atom,
    CallAtom,
    Comparison,
    FieldAtom,
    LengthAtom,
    Path,
    Scalar,
    TextAtom,
    TextTest,
    Variable,
)
from maskwright.grammar.behaviour.logic.formula import Formula, conjunction, holds, negation

LarkTree = Any
"""A tree of lark, whose children are trees or tokens by its `data`; the types cannot tell which."""

LarkToken = Any
"""A token of lark: a text with `type` and `start_pos`."""

_OPERATOR_LETTERS = frozenset("URWMSTXNFGYZOH")
_TESTS = {test.value: test for test in TextTest}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Fault(Exception):
    """A text that follows the notation and means nothing; `position` counts characters."""

    def __init__(self, message: str, position: int) -> None:
        self.message = message
        self.position = position


def read_atom(tree: LarkTree) -> Formula:
    """The formula of a tree that stands for one atom or for a comparison."""
    return _READERS[tree.data](tree)


def _proposition(tree: LarkTree) -> Formula:
    segment, path = _subject(tree.children[0])
    if path:
        raise Fault("a field is no formula by itself; compare it, or test a text", tree.meta.start_pos)
    return holds(segment)


def _test(tree: LarkTree) -> Formula:
    subject, name, argument = tree.children
    segment, path = _subject(subject)
    if path:
        raise Fault("only a segment's whole text can be tested; compare a field with ==", tree.meta.start_pos)
    if name not in _TESTS:
        known = ", ".join([*_TESTS, "call"])
        raise Fault(f"there is no test {str(name)!r}; there are {known}", name.start_pos)
    test = _TESTS[name]
    if (argument.type == "REGEX") != (test is TextTest.MATCHES):
        wanted = "a pattern between slashes" if test is TextTest.MATCHES else "a text in quotes"
        raise Fault(f"{test.value}(...) takes {wanted}", argument.start_pos)
    if argument.type == "REGEX":
        pattern = re.sub(r"\\(.)", lambda pair: "/" if pair[1] == "/" else pair[0], argument[1:-1])
        return holds(TextAtom(segment, test, pattern))
    value = _value(argument)
    if isinstance(value, Variable) and test is not TextTest.EQUALS:
        raise Fault("a text can only be equal to a variable", argument.start_pos)
    assert isinstance(value, str | Variable)
    return holds(TextAtom(segment, test, value))


def _comparison(tree: LarkTree) -> Formula:
    subject, sign, value = tree.children
    return _compared(subject, sign, str(sign), value.children[0])


def _bounds(tree: LarkTree) -> Formula:
    low, first, subject, second, high = tree.children
    if first not in _MIRRORED or second not in _MIRRORED or first[0] != second[0]:
        raise Fault("two bounds are written as 1 < name.field <= 9", first.start_pos)
    return conjunction(_compared(subject, first, _MIRRORED[first], low), _compared(subject, second, str(second), high))


def _compared(subject: LarkTree, sign: LarkToken, comparison: str, token: LarkToken) -> Formula:
    """The formula of `subject comparison token`; `sign` is where the comparison stands."""
    segment, path = _subject(subject)
    value = _value(token)
    if comparison == "!=":
        return negation(_compared(subject, sign, "==", token))
    if comparison != "==" and (isinstance(value, str | Variable | bool) or value is None):
        raise Fault(f"only numbers can be compared with {comparison}", token.start_pos)
    if path == ("length",) and subject.children[1].type in {"NAME", "CALL"}:
        return holds(_length(segment, comparison, value, token))
    if not path and comparison == "==" and isinstance(value, str | Variable):
        return holds(TextAtom(segment, TextTest.EQUALS, value))
    return holds(FieldAtom(segment, path, Comparison(comparison), value))


def _length(segment: str, comparison: str, value: Scalar | Variable, token: LarkToken) -> Atom:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Fault("a length is compared with a whole number", token.start_pos)
    value += {"<": -1, ">": 1}.get(comparison, 0)
    if value < 0:
        raise Fault("no text is so short; lengths begin at 0", token.start_pos)
    if comparison in {">", ">="}:
        return LengthAtom(segment, value, None)
    return LengthAtom(segment, value if comparison == "==" else 0, value)


def _call(tree: LarkTree) -> Formula:
    *subject, _, tool, arguments = tree.children
    segment, path = _subject(subject[0]) if subject else ("", ())
    if path:
        raise Fault("only a segment can be a call", tree.meta.start_pos)
    names = [str(name) for name in arguments.children[::2]]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise Fault(f"the argument {name!r} is there twice", arguments.children[2 * place].start_pos)
    values = [_value(value.children[0]) for value in arguments.children[1::2]]
    return holds(CallAtom(str(tool), tuple(zip(names, values, strict=True)), segment))


def _subject(tree: LarkTree) -> tuple[str, Path]:
    """The segment and the path of `segment.one["two"][3]`."""
    path: list[str | int] = []
    while len(tree.children) == 2:
        tree, step = tree.children
        path.append(str(step) if step.type in {"NAME", "CALL"} else cast("str | int", _json(step)))
    (segment,) = tree.children
    if segment in _OPERATOR_LETTERS:
        raise Fault(f"{str(segment)!r} is an operator and cannot be a name", segment.start_pos)
    return str(segment), tuple(reversed(path))


def _value(token: LarkToken) -> Scalar | Variable:
    return Variable(token[1:]) if token.type == "VARIABLE" else _json(token)


def _json(token: LarkToken) -> Scalar:
    """The value of a token in JSON; what JSON can spell and no text or number can be is a fault."""
    try:
        value: Scalar = json.loads(token)
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError as error:
        raise Fault("half of a surrogate pair is no character", token.start_pos) from error
    except ValueError as error:
        is_text = token.type == "STRING"
        message = "this is no JSON text: in quotes, a backslash begins an escape" if is_text else "too many digits"
        raise Fault(message, token.start_pos) from error
    if isinstance(value, float) and math.isinf(value):
        raise Fault("this number is too large", token.start_pos)
    return value


_READERS: dict[str, Callable[[LarkTree], Formula]] = {
    "proposition": _proposition,
    "test": _test,
    "comparison": _comparison,
    "bounds": _bounds,
    "call": _call,
}
