"""What is wrong with a trace, by the definitions alone: texts by `re` and `jsonschema`, the flow by `re`, rules by a
walk over the trace.

    judged(spec, trace)  ->  "" (nothing), "text" (what is no text of a segment), "flow", or the id of a rule

Of several faults the first of this list is named, and of rules the first. Atoms whose variables stand for a value are
asked of every value that occurs in the trace, and of one that does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import jsonschema

from maskwright.grammar.behaviour.atoms import Atom, CallAtom, Proposition, TextAtom, TextTest, Variable
from maskwright.grammar.behaviour.logic.formula import (
    And,
    Constant,
    Formula,
    Holds,
    Next,
    Not,
    Or,
    Previous,
    Release,
    Since,
    Triggered,
    Until,
    WeakNext,
    WeakPrevious,
    atoms_of,
)
from maskwright.grammar.behaviour.specification.flow import Chain, Choice, Flow, Name, Repeat
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    Free,
    Level,
    Mention,
    OneOf,
    Optional,
    Ordered,
    Parts,
    Reference,
    Regex,
    Segment,
    Spec,
    Text,
    ToolCall,
    Without,
)
from maskwright.grammar.function_signatures import function_call_schema

Pieces = list[tuple[str, str]]
"""Segments with their texts."""


def judged(spec: Spec, trace: str) -> str:
    """See the module."""
    pieces = _pieces(spec, trace)
    if pieces is None:
        return "text"
    bound: dict[str, list[str]] = {}
    broken: list[str] = []
    for name, text in pieces:
        segment = spec.segment(name)
        if not _fits(segment, text, bound):
            return "text"
        broken += [found.rule for found in segment.restrictions if not _is_restricted(found.text, text)]
        if segment.bind is not None:
            bound.setdefault(segment.bind, []).append(text)
    if not re.fullmatch(_pattern(spec.flow), "".join(f"<{name}>" for name, _ in pieces)):
        return "flow"
    broken += [rule.id for rule in spec.rules if rule.level is Level.HARD and not _follows(rule, pieces)]
    return broken[0] if broken else ""


def _pieces(spec: Spec, trace: str) -> Pieces | None:
    """A trace taken apart at its delimiters."""
    delimiters = [text for segment in spec.segments for text in (segment.open, segment.close) if text]
    pieces: Pieces = []
    at = 0
    while at < len(trace):
        segment = max(
            (s for s in spec.segments if trace.startswith(s.open, at)), key=lambda s: len(s.open), default=None
        )
        if segment is None:
            return None
        begin = at + len(segment.open)
        end = min((place for text in delimiters if (place := trace.find(text, begin)) >= 0), default=len(trace))
        if not trace.startswith(segment.close, end):
            return None
        pieces.append((segment.name, trace[begin:end]))
        at = end + len(segment.close)
    return pieces


def _pattern(flow: Flow) -> str:
    match flow:
        case Name(name):
            return f"<{name}>"
        case Chain(parts):
            return "".join(f"(?:{_pattern(part)})" for part in parts)
        case Choice(parts):
            return "|".join(f"(?:{_pattern(part)})" for part in parts)
        case Repeat(part, minimum, maximum):
            return f"(?:{_pattern(part)}){{{minimum},{'' if maximum is None else maximum}}}"
    raise AssertionError(flow)


def _fits(segment: Segment, text: str, bound: dict[str, list[str]]) -> bool:
    has_length = segment.min_chars <= len(text) and (segment.max_chars is None or len(text) <= segment.max_chars)
    return has_length and _is_text(segment.text, text, bound)


def _is_text(kind: Text, text: str, bound: dict[str, list[str]]) -> bool:
    match kind:
        case AllOf(texts):
            return all(_is_text(one, text, bound) for one in texts)
        case ToolCall(functions):
            try:
                jsonschema.validate(json.loads(text), function_call_schema(json.loads(functions)))
            except (ValueError, jsonschema.ValidationError):
                return False
            return True
    return re.fullmatch(_text_pattern(kind, bound), text) is not None


def _text_pattern(kind: Text, bound: dict[str, list[str]]) -> str:
    match kind:
        case Free():
            return "(?s:.*)"
        case Regex(pattern):
            return f"(?:{pattern})"
        case OneOf(texts):
            return "(?:" + "|".join(map(re.escape, texts)) + ")"
        case Reference(name):
            earlier = bound.get(name, [])
            return "(?:" + "|".join(map(re.escape, earlier)) + ")" if earlier else "(?!)"
        case Optional(part):
            return f"(?:{_text_pattern(part, bound)})?"
        case Parts(parts):
            return "".join(_text_pattern(part, bound) for part in parts)
    raise AssertionError(kind)


def _is_restricted(kind: Text, text: str) -> bool:
    match kind:
        case Mention(terms, any_of, fold, word):
            found = [bool(_places(term, text, fold, word)) for term in terms]
            return any(found) if any_of else all(found)
        case Ordered(terms, fold, word):
            first = [_places(term, text, fold, word)[:1] for term in terms]
            return all(not later or (earlier and earlier < later) for earlier, later in pairwise(first))
        case Without(texts, patterns):
            return not any(part in text for part in texts) and not any(re.search(part, text) for part in patterns)
    raise AssertionError(kind)


def _places(term: str, text: str, fold: bool, word: bool) -> list[int]:
    pattern = rf"(?<!\w){re.escape(term)}(?!\w)" if word else re.escape(term)
    return [found.start() for found in re.finditer(pattern, text, re.IGNORECASE if fold else 0)]


def _follows(rule: Any, pieces: Pieces) -> bool:
    if rule.of is not None:
        count = sum(_holds(rule.of, pieces, at, None) for at in range(len(pieces)))
        return rule.minimum <= count and (rule.maximum is None or count <= rule.maximum)
    has_variables = any("$" in str(atom) for atom in atoms_of(rule.formula))
    values = [*dict.fromkeys(_values(pieces)), object()] if has_variables else [None]
    return all(_holds(rule.formula, pieces, 0, value) for value in values)


def _values(pieces: Pieces) -> Iterator[Any]:
    for _, text in pieces:
        yield text
        yield from (value for value in _arguments(text)[1].values() if isinstance(value, str | int))


def _arguments(text: str) -> tuple[str, dict[str, Any]]:
    try:
        call = json.loads(text)
        return call["name"], call["arguments"]
    except (ValueError, TypeError, KeyError):
        return "", {}


def _holds(formula: Formula, pieces: Sequence[tuple[str, str]], at: int, value: Any) -> bool:
    """The definition of a formula at a position."""
    n = len(pieces)
    match formula:
        case Constant(truth):
            return truth
        case Holds(atom):
            return _is_so(atom, *pieces[at], value)
        case Not(part):
            return not _holds(part, pieces, at, value)
        case And(parts):
            return all(_holds(part, pieces, at, value) for part in parts)
        case Or(parts):
            return any(_holds(part, pieces, at, value) for part in parts)
        case Next(part):
            return at + 1 < n and _holds(part, pieces, at + 1, value)
        case WeakNext(part):
            return at + 1 == n or _holds(part, pieces, at + 1, value)
        case Previous(part):
            return at > 0 and _holds(part, pieces, at - 1, value)
        case WeakPrevious(part):
            return at == 0 or _holds(part, pieces, at - 1, value)
        case Until(left, right):
            return any(
                _holds(right, pieces, k, value) and all(_holds(left, pieces, i, value) for i in range(at, k))
                for k in range(at, n)
            )
        case Release(left, right):
            return all(
                _holds(right, pieces, k, value) or any(_holds(left, pieces, i, value) for i in range(at, k))
                for k in range(at, n)
            )
        case Since(left, right):
            return any(
                _holds(right, pieces, k, value) and all(_holds(left, pieces, i, value) for i in range(k + 1, at + 1))
                for k in range(at + 1)
            )
        case Triggered(left, right):
            return all(
                _holds(right, pieces, k, value) or any(_holds(left, pieces, i, value) for i in range(k + 1, at + 1))
                for k in range(at + 1)
            )
    raise AssertionError(formula)


def _is_so(atom: Atom, name: str, text: str, value: Any) -> bool:
    """Does an atom hold of a segment, with this value for its variable?"""
    match atom:
        case Proposition(segment):
            return segment == name
        case CallAtom(tool, arguments, segment):
            called, given = _arguments(text)
            asked = {key: value if isinstance(said, Variable) else said for key, said in arguments}
            return (segment, tool) == (name, called) and all(key in given and given[key] == asked[key] for key in asked)
        case TextAtom(segment, test, said):
            wanted = value if isinstance(said, Variable) else said
            return segment == name and _TESTS[test](text, wanted)
    raise AssertionError(atom)


_TESTS: dict[TextTest, Any] = {
    TextTest.CONTAINS: lambda text, wanted: wanted in text,
    TextTest.EQUALS: lambda text, wanted: text == wanted,
    TextTest.MENTIONS: lambda text, wanted: bool(_places(wanted, text, True, True)),
    TextTest.MATCHES: lambda text, wanted: re.search(wanted, text) is not None,
}
