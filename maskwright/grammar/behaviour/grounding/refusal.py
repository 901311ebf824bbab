"""Why a text is none of a segment, as a sentence with a place: the first reason found, the plainest ones first."""

from __future__ import annotations

from dataclasses import replace

from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.text_languages import Bound, RegularText, is_regular, regular_text
from maskwright.grammar.behaviour.specification.spec import (
    Mention,
    OneOf,
    Ordered,
    Reference,
    Regex,
    Segment,
    Text,
    Without,
)
from maskwright.grammar.characters import CharacterAutomaton

MAX_SHOWN = 40
"""Characters of a text that are shown."""


def refusal_of_delimiters(text: str, segment: Segment, delimiters: Delimiters) -> str | None:
    """What delimiters have against a text; None: nothing."""
    found = delimiters.find(text)
    if found is not None:
        return f"at character {found[0]} stands the delimiter {found[1]!r}, which no text may contain"
    ending = delimiters.find_ending(text, segment.name)
    if ending is not None:
        return f"it ends with {ending!r}, which would become a delimiter with what follows"
    if not text and not segment.open:
        return "it is empty, and as the segment has no opener nobody could see that it is there"
    return None


def refusal_of_length(text: str, segment: Segment) -> str | None:
    """What the bounds on the length have against a text."""
    n = len(text)
    if n < segment.min_chars:
        return f"it has {n} characters, fewer than the least number of {segment.min_chars}"
    if segment.max_chars is not None and n > segment.max_chars:
        return f"it has {n} characters, more than the greatest number of {segment.max_chars}"
    return None


def refusal_of_text(text: str, segment: Segment, bound: Bound) -> str | None:
    """What lengths, the kind of text (if it is regular) and lexical rules have against a text."""
    where = f"segment '{segment.name}'"
    asked = [("", segment.text)] if is_regular(segment.text) else []
    asked += [(f"rule '{restriction.rule}': ", restriction.text) for restriction in segment.restrictions]
    reason = refusal_of_length(text, segment)
    for begin, kind in asked:
        if reason is None:
            refused = _refusal(text, kind, regular_text(kind, bound, where))
            reason = refused and begin + refused
    return reason


def _refusal(text: str, kind: Text, language: RegularText) -> str | None:
    for term in language.terms:
        if not term.contained.accepts(text):
            return f"it does not mention {shown(term.text)}"
    whole = replace(language, terms=()).whole
    return None if whole.accepts(text) else f"{_place(whole, text)} it is not {_described(kind)}"


def shown(text: str) -> str:
    """A text for a message: `shown("abc")` -> "'abc'"."""
    return repr(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…")


def _place(language: CharacterAutomaton, text: str) -> str:
    """How far the text is a beginning of a member: "at character 3 (before 'x')"."""
    state = 0
    for place, character in enumerate(text):
        cls = language.alphabet.class_of(ord(character))
        state = int(language.transitions[state, cls]) if cls >= 0 else -1
        if state < 0:
            return f"at character {place}, {shown(text[place:])},"
    return "at its end"


def _described(text: Text) -> str:
    match text:
        case Regex(pattern):
            return f"what the pattern {pattern!r} matches"
        case OneOf(texts):
            return "one of " + ", ".join(map(shown, texts))
        case Reference(name):
            return f"an earlier text of {name!r}"
        case Mention(terms):
            return "a text that mentions one of " + ", ".join(map(shown, terms))
        case Ordered(terms):
            return "a text that has in this order " + ", ".join(map(shown, terms))
        case Without(texts, patterns):
            return "a text without " + ", ".join([*map(shown, texts), *(f"/{pattern}/" for pattern in patterns)])
    return "such a text as is asked for"
