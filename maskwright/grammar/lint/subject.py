"""What lint looks at: a grammar of any notation as plain productions, with the names and places its writer knows.

A `Subject` maps each nonterminal to its alternatives; an alternative is a tuple of symbols, each the name of a
nonterminal or a leaf:

    Word("abc")          exactly these characters
    OneOf(set)           one character of a set
    Some(texts)          a regular language of which some texts are known, the shortest first
    Whole("NAME", ...)   something that lint does not look into: a token of the vocabulary, or a terminal of Lark

Groups and repetitions become nonterminals of their own, whose `owners` are the rules in which they are written; every
finding names owners only. What is one character is up to the front end: a code point for grammars that people write,
a byte for intermediate forms.

Why plain productions: each check is then a textbook fixpoint of a few lines, and no check has a case for each node.
Rejected: the checks on `ir.Node`, whose constructors have already removed what lint is to find (repeated alternatives,
references to what occurs zero times).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from maskwright.grammar.characters.character_set import CharacterSet
from maskwright.grammar.lint.finding import Finding, Kind, Severity


@dataclass(frozen=True, slots=True)
class Word:
    """Exactly these characters, at least one."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character of a set that is not empty."""

    members: CharacterSet


@dataclass(frozen=True, slots=True)
class Some:
    """A regular language; `texts` are some of its members, the shortest first, all different."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """Something taken whole, which is no text to lint; two of different names are taken to differ, which may miss that
    they overlap. `shown` is what messages call it."""

    name: str
    shown: str


def whole_token(ids: tuple[int, ...], names: tuple[str, ...], is_negated: bool) -> Whole:
    """One special token out of a set, as GBNF writes it."""
    listed_tokens = "|".join((*(f"<[{token}]>" for token in ids), *names))
    shown = "!" * is_negated + listed_tokens
    return Whole(shown, shown)


Leaf: TypeAlias = Word | OneOf | Some | Whole
Symbol: TypeAlias = str | Leaf
Body: TypeAlias = tuple[Symbol, ...]


class Notation(Enum):
    """Where the grammar comes from; messages speak its language."""

    GBNF = "GBNF"
    EBNF = "EBNF"
    LARK = "Lark"
    NONE = "the intermediate form"


@dataclass(frozen=True, slots=True)
class Subject:
    """A grammar to look at.

    productions: the alternatives of each nonterminal; one without alternatives derives nothing.
    written: the rules (and terminals) that have a name in the grammar's text, in its order.
    owners: for the other nonterminals, the rule in which they are written.
    loops: nonterminals that stand for a repetition without end, with the alternatives that they repeat.
    cut: nonterminals that derive less than what is written: counts beyond `MAX_COUNT`, members in any order.
    mentions: names that a rule uses where it derives nothing from them, as on the right of an exclusion.
    definitions: where each rule is defined in `text`.
    """

    notation: Notation
    start: str
    productions: Mapping[str, tuple[Body, ...]]
    written: tuple[str, ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    loops: Mapping[str, tuple[Body, ...]] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""
    definitions: Mapping[str, int] = field(default_factory=dict)

    def owner(self, name: str) -> str:
        """The rule that a nonterminal is part of; a rule is its own."""
        return self.owners.get(name, name)

    def finding(
        self, kind: Kind, severity: Severity, rule: str | None, message: str, example: str | None = None
    ) -> Finding:
        """A finding at the place where the rule is defined."""
        position = self.definitions.get(rule) if rule is not None else None
        if position is None:
            return Finding(kind, severity, rule, message, example=example)
        line = self.text.count("\n", 0, position) + 1
        column = position - self.text.rfind("\n", 0, position)
        return Finding(kind, severity, rule, message, position, line, column, example)


MAX_COUNT = 48
"""Repetitions that are written out; the search for ambiguity goes no further than texts of that many characters."""


def listed(names: list[str], limit: int = 6) -> str:
    """`["a", "b"]` -> `'a', 'b'`; of more than the limit the first ones."""
    shown = ", ".join(f"'{name}'" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
