"""Traces of a behaviour specification judged by definition: no automaton, no policy, no reader of the library.

    faults(spec, [("question", "why?"), ("answer", "so")])   -> [] if the trace satisfies the specification
    split(spec, "[Question] why?\\n[Answer] so")             -> the segments again, or None

The flow is a regular expression of Python over one character for each segment; formulas are evaluated by `ltlf`; atoms
by `in`, `re` and `json`; a rule with a variable is asked once for every value that occurs and once for one that does
not; counts are counted; texts are those of `re`, `json` and `jsonschema`. Only the names of the records are shared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import jsonschema

from maskwright.grammar.behaviour import atoms as at
from maskwright.grammar.behaviour.specification import spec as sp
from maskwright.grammar.behaviour.specification.spec import Level, Spec
from tests.naive.ltlf import satisfies

Pieces = Sequence[tuple[str, str]]
"""A trace: (segment, text) one after the other."""

FRESH = "\N{SNOWMAN} a value that stands nowhere"


def faults(spec: Spec, pieces: Pieces) -> list[str]:
    """What is wrong with a finished trace, in words; rules are asked only if all texts are texts of their segments."""
    found = text_faults(spec, pieces)
    if not matches_flow(spec, [name for name, _ in pieces]):
        found.append(f"flow: {spec.flow}")
    if found:
        return found
    return [
        f"rule {rule.id}: {rule.words}" for rule in spec.rules if rule.level is Level.HARD and not keeps(rule, pieces)
    ]


# The flow.


def matches_flow(spec: Spec, names: Sequence[str]) -> bool:
    """Is the sequence of segments in the flow?"""
    pattern, codes = _flow_pattern(str(spec.flow), tuple(segment.name for segment in spec.segments))
    return re.fullmatch(pattern, "".join(codes[name] for name in names)) is not None


@lru_cache(maxsize=256)
def _flow_pattern(flow: str, names: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The flow as it is written, with a Chinese character for each name and without blanks."""
    codes = {name: chr(0x4E00 + number) for number, name in enumerate(names)}
    return re.sub(r"[^\W\d][\w-]*|\s+", lambda found: codes.get(found[0], ""), flow), codes


# Rules.


@dataclass(frozen=True)
class Said:
    """One segment as the evaluator of formulas sees it: a letter. `assigned`: the values of variables."""

    segment: str
    text: str
    assigned: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, atom: at.Atom) -> bool:
        """Does the atom hold of it?"""
        match atom:
            case at.Proposition(name):
                return name == self.segment
            case at.TextAtom(segment, test, text):
                return segment == self.segment and _passes(self.text, test, self._value(text))
            case at.LengthAtom(segment, minimum, maximum):
                return segment == self.segment and minimum <= len(self.text) <= (
                    len(self.text) if maximum is None else maximum
                )
            case at.FieldAtom(segment, path, comparison, value):
                if segment != self.segment:
                    return False
                is_there, found = _looked_up(json.loads(self.text), path)
                return is_there and _compares(found, comparison, self._value(value))
            case at.CallAtom(tool, arguments, segment):
                if segment != self.segment:
                    return False
                call = json.loads(self.text)
                return call["name"] == tool and all(
                    name in call["arguments"] and _equal(call["arguments"][name], self._value(value))
                    for name, value in arguments
                )
        raise AssertionError(atom)

    def _value(self, value: Any) -> Any:
        return self.assigned[value.name] if isinstance(value, at.Variable) else value


def _passes(text: str, test: at.TextTest, asked: Any) -> bool:
    match test:
        case at.TextTest.CONTAINS:
            return asked in text
        case at.TextTest.STARTS:
            return text.startswith(asked)
        case at.TextTest.ENDS:
            return text.endswith(asked)
        case at.TextTest.EQUALS:
            return bool(text == asked)
        case at.TextTest.MATCHES:
            return re.search(asked, text) is not None
        case at.TextTest.MENTIONS:
            return bool(_places(text, asked, fold=True, word=True))
    raise AssertionError(test)


def _places(text: str, term: str, *, fold: bool, word: bool) -> list[tuple[int, int]]:
    """Where a term occurs: (begin, end) of each occurrence."""
    found = []
    for begin in range(len(text) + 1):
        hit = re.compile(re.escape(term), re.IGNORECASE if fold else 0).match(text, begin)
        if hit is None:
            continue
        end = hit.end()
        if word and term:
            glued_before = begin > 0 and _is_word(term[0]) and _is_word(text[begin - 1])
            glued_after = end < len(text) and _is_word(term[-1]) and _is_word(text[end])
            if glued_before or glued_after:
                continue
        found.append((begin, end))
    return found


def _is_word(character: str) -> bool:
    return re.match(r"\w", character) is not None


def _looked_up(value: Any, path: at.Path) -> tuple[bool, Any]:
    for step in path:
        if isinstance(step, str):
            is_there = isinstance(value, dict) and step in value
        else:
            is_there = isinstance(value, list) and step < len(value)
        if not is_there:
            return False, None
        value = value[step]
    return True, value


def _equal(left: Any, right: Any) -> bool:
    """Equality of JSON values without parts: 1 is 1.0, but not true."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _compares(found: Any, comparison: at.Comparison, asked: Any) -> bool:
    if comparison is at.Comparison.EQUAL:
        return _equal(found, asked)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    match comparison:
        case at.Comparison.LESS:
            return bool(found < asked)
        case at.Comparison.AT_MOST:
            return bool(found <= asked)
        case at.Comparison.GREATER:
            return bool(found > asked)
        case at.Comparison.AT_LEAST:
            return bool(found >= asked)
    raise AssertionError(comparison)


def keeps(rule: sp.Rule, pieces: Pieces) -> bool:
    """Does a rule hold of a trace that is not empty: for every value of its variable, if it has one?"""
    formula = rule.formula if rule.formula is not None else rule.of
    assert formula is not None
    names, values = _variables(formula, pieces)
    for value in values if names else [None]:
        word = [Said(segment, text, dict.fromkeys(names, value)) for segment, text in pieces]
        if rule.formula is not None:
            if not satisfies(word, rule.formula):
                return False
        else:
            count = sum(satisfies([letter], formula) for letter in word)
            if count < rule.minimum or (rule.maximum is not None and count > rule.maximum):
                return False
    return True


def _variables(formula: Any, pieces: Pieces) -> tuple[list[str], list[Any]]:
    """The names of the variables of a formula, and the values to ask for: every scalar anywhere, and a fresh one."""
    names = sorted(set(re.findall(r"Variable\(name='(\w+)'\)", repr(formula))))
    values: dict[str, Any] = {}
    for _, text in pieces:
        values[json.dumps(text)] = text
        try:
            todo = [json.loads(text)]
        except ValueError:
            continue
        for one in todo:
            if isinstance(one, dict):
                todo += one.values()
            elif isinstance(one, list):
                todo += one
            else:
                values[json.dumps(one)] = one
    return names, [*values.values(), FRESH]


# Texts.


def text_faults(spec: Spec, pieces: Pieces) -> list[str]:
    """The texts that are none of their segments, or that would not be read back."""
    found = []
    bound: dict[str, list[str]] = {}
    for number, (name, text) in enumerate(pieces):
        segment = spec.segment(name)
        if not is_text(spec, segment, text, bound):
            found.append(f"piece {number}: {text!r} is no text of {name}")
        if segment.bind is not None:
            bound.setdefault(segment.bind, []).append(text)
    return found


def is_text(spec: Spec, segment: sp.Segment, text: str, bound: Mapping[str, Sequence[str]]) -> bool:
    """Is it a text of the segment: of its kind, its length, its lexical rules, and free of delimiters?"""
    return (
        segment.min_chars <= len(text) <= (len(text) if segment.max_chars is None else segment.max_chars)
        and has_no_delimiter(spec, segment, text)
        and is_of_kind(segment.text, text, bound)
        and all(is_of_kind(restriction.text, text, bound) for restriction in segment.restrictions)
    )


def delimiters(spec: Spec) -> list[str]:
    """All openers and closers."""
    return sorted({text for segment in spec.segments for text in (segment.open, segment.close) if text})


def has_no_delimiter(spec: Spec, segment: sp.Segment, text: str) -> bool:
    """Whatever may follow the text, is that the first delimiter that stands there?"""
    everyone = delimiters(spec)
    behind = [segment.close] if segment.close else [one.open for one in spec.segments if one.open]
    for following in ["", *behind]:
        first = min((place for one in everyone if (place := (text + following).find(one)) >= 0), default=len(text))
        if first < len(text):
            return False
    return bool(text or segment.open)


def is_of_kind(kind: sp.Text, text: str, bound: Mapping[str, Sequence[str]]) -> bool:
    """Does the text belong to the kind of text?"""
    match kind:
        case sp.Free():
            return True
        case sp.Regex(pattern):
            return re.fullmatch(pattern, text) is not None
        case sp.OneOf(texts):
            return text in texts
        case sp.JSONText(schema):
            return _is_json_of(json.loads(schema), text)
        case sp.ToolCall(functions):
            return _is_call(json.loads(functions), text)
        case sp.Reference(name):
            return text in bound.get(name, ())
        case sp.Optional(part):
            return not text or is_of_kind(part, text, bound)
        case sp.Parts(parts):
            return _is_of_parts(parts, text, bound)
        case sp.AllOf(texts):
            return all(is_of_kind(one, text, bound) for one in texts)
        case sp.Mention(terms, any_of, fold, word):
            return (any if any_of else all)(_places(text, term, fold=fold, word=word) for term in terms)
        case sp.Ordered(terms, fold, word):
            places = [_places(text, term, fold=fold, word=word) for term in terms]
            return all(
                any(end <= begin for _, end in earlier) for earlier, later in pairwise(places) for begin, _ in later
            )
        case sp.Without(texts, patterns):
            return not any(one in text for one in texts) and not any(re.search(one, text) for one in patterns)
    raise AssertionError(kind)


def _is_of_parts(parts: tuple[sp.Text, ...], text: str, bound: Mapping[str, Sequence[str]]) -> bool:
    ends = {0}
    for part in parts:
        ends = {
            end for begin in ends for end in range(begin, len(text) + 1) if is_of_kind(part, text[begin:end], bound)
        }
    return len(text) in ends


def _is_json_of(schema: Any, text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def _is_call(functions: Any, text: str) -> bool:
    try:
        call = json.loads(text)
    except ValueError:
        return False
    if not isinstance(call, dict) or set(call) != {"name", "arguments"}:
        return False
    schemas = [one.get("parameters", {}) for one in functions if one["name"] == call["name"]]
    return any(jsonschema.Draft202012Validator(schema).is_valid(call["arguments"]) for schema in schemas)


# A trace as one text.


def split(spec: Spec, text: str) -> list[tuple[str, str]] | None:
    """The segments of a whole trace, or None: an opener, a text up to the first delimiter, its closer if it has one."""
    by_opener = sorted(spec.segments, key=lambda segment: -len(segment.open))
    everyone = delimiters(spec)
    pieces = []
    place = 0
    while place < len(text):
        segment = next((one for one in by_opener if text.startswith(one.open, place)), None)
        if segment is None:
            return None
        begin = place + len(segment.open)
        end = min((at for one in everyone if (at := text.find(one, begin)) >= 0), default=len(text))
        pieces.append((segment.name, text[begin:end]))
        if not text.startswith(segment.close, end):
            return None
        place = end + len(segment.close)
        if end == begin and not segment.open:
            return None
    return pieces


def joined(spec: Spec, pieces: Pieces) -> str:
    """The text of a trace."""
    return "".join(spec.segment(name).open + text + spec.segment(name).close for name, text in pieces)
