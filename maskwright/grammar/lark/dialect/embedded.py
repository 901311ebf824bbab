"""What an embedded part of a Lark grammar says, as a record; which grammar that is, is found in `lark.embedding`.

`%regex` is a terminal rather than a grammar: `regular_of` gives its language at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.characters import CharacterAutomaton, match_language
from maskwright.grammar.characters.alphabet import partition
from maskwright.grammar.characters.automaton import MAX_STATES, automaton_from
from maskwright.grammar.characters.character_set import CharacterSet
from maskwright.grammar.characters.subsets import subset_table
from maskwright.grammar.ir import TokenSet
from maskwright.grammar.lark.dialect.special_tokens import special_tokens_at
from maskwright.grammar.lark.dialect.tokens import Kind, Token
from maskwright.grammar.substrings import suffix_automaton

REGEX_FORMS = "substring_chars, substring_words, substring_chunks, regex"
_WORDS = re.compile(r"\s+|\w+|[^\w\s]+")
"""Blanks, words, and what is neither: the chunks of `substring_words`."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The base of all kinds; `begin` is where it stands in the text."""

    begin: int


@dataclass(frozen=True, slots=True)
class EmbeddedSchema(Embedded):
    """`%json {...}`"""

    schema: object


@dataclass(frozen=True, slots=True)
class EmbeddedFile(Embedded):
    """`%json "name"`"""

    file: str


@dataclass(frozen=True, slots=True)
class EmbeddedLark(Embedded):
    """`%lark {...}`; the text of the grammar begins at `inner` in the whole text."""

    text: str
    inner: int


@dataclass(frozen=True, slots=True)
class NamedGrammar(Embedded):
    """`@name`"""

    grammar: str


@dataclass(frozen=True, slots=True)
class SpecialTokens(Embedded):
    """`<...>`"""

    tokens: TokenSet


def embedded_of(token: Token, text: str, name: str) -> Embedded:
    """The record of a token of the kinds EMBEDDED (but `%regex`), GRAMMAR and SPECIAL_TOKEN."""
    if token.kind is Kind.SPECIAL_TOKEN:
        return SpecialTokens(token.begin, special_tokens_at(text, token.begin, token.end, name))
    if token.kind is Kind.GRAMMAR:
        if not re.fullmatch(r"@[A-Za-z_]\w*", token.text):
            raise GrammarSyntaxError("expected the name of a grammar behind '@'", text, token.begin + 1, name)
        return NamedGrammar(token.begin, token.text[1:])
    if token.text == "%json":
        if isinstance(token.value, str):
            return EmbeddedFile(token.begin, token.value)
        return EmbeddedSchema(token.begin, token.value)
    assert token.text == "%lark" and isinstance(token.value, str)
    return EmbeddedLark(token.begin, token.value, token.end - 1 - len(token.value))


def regular_of(token: Token, text: str, name: str) -> CharacterAutomaton:
    """The language of `%regex {...}`."""
    value = token.value
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in REGEX_FORMS.split(", "):
        raise GrammarSyntaxError(f"%regex takes one of {REGEX_FORMS}", text, token.begin, name)
    ((form, content),) = value.items()
    if form == "substring_chunks":
        if not isinstance(content, list) or not all(isinstance(chunk, str) for chunk in content):
            raise GrammarSyntaxError("substring_chunks is a list of texts", text, token.begin, name)
        return _substrings(content)
    if not isinstance(content, str):
        raise GrammarSyntaxError(f"{form} is a text", text, token.begin, name)
    if form == "regex":
        return match_language(content)
    return _substrings(_WORDS.findall(content) if form == "substring_words" else content)


def _substrings(chunks: Iterable[str]) -> CharacterAutomaton:
    """Any contiguous run of the chunks, the empty one too, put together.

    A thread is (state of the automaton of all suffixes, what is left of the chunk that leads there).
    """
    units = [chunk for chunk in chunks if chunk]
    if (n_characters := sum(map(len, units))) >= MAX_STATES:  # there is a state behind each of them
        remedy = "quote from a shorter text"
        raise LimitExceeded("The characters of the text of a %regex", n_characters, MAX_STATES - 1, remedy=remedy)
    letters = sorted(set("".join(units)))
    alphabet, masks = partition(tuple(CharacterSet(((ord(letter), ord(letter)),)) for letter in letters))
    class_of = {letter: mask.bit_length() - 1 for letter, mask in zip(letters, masks, strict=True)}
    leaving: list[dict[int, list[tuple[int, str]]]] = []
    for edges in suffix_automaton(units):
        by_class: dict[int, list[tuple[int, str]]] = {}
        for unit, target in edges.items():
            by_class.setdefault(class_of[unit[0]], []).append((target, unit[1:]))
        leaving.append(by_class)

    def step(thread: tuple[int, str], cls: int) -> Iterable[tuple[int, str]]:
        state, rest = thread
        if not rest:
            return leaving[state].get(cls, ())
        return ((state, rest[1:]),) if class_of[rest[0]] == cls else ()

    table, subsets = subset_table([(0, "")], alphabet.n_classes, step, "The substrings of a text")
    accepting = np.array([any(not rest for _, rest in subset) for subset in subsets], dtype=np.bool_)
    return automaton_from(alphabet.intervals, table, accepting)
