"""Checks of the terminals of a Lark grammar: unused ones, empty texts, and which hide each other in lark's lexer.

Where the lexer stands, it tries the terminals of the context (those that the parser's state accepts, or all with the
basic lexer) in lark's order, and takes the first that matches any text there; texts in quotes that a regular expression
of equal priority matches are its *keywords*, and are told apart afterwards. So a terminal T is never produced in a
context if every text of T begins with a text of a terminal before it, or is a keyword of T; and a keyword is never
produced if that holds for the terminals that it is a keyword of. A terminal is reported if this is so in every context
that has it. All of it is decided on the languages of the terminals, exactly; what looks around, or keeps what it has
taken, is left out, as one that hides others as well as one that is hidden.

Cost: a few operations on automata for each pair of terminals that overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.automaton import CharacterAutomaton, have_common_member, language_bytes
from maskwright.grammar.characters.languages import match_language
from maskwright.grammar.lark.lexed import lark_order
from maskwright.grammar.lark.terminals import Keywords, keywords_of
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.from_lark import LarkParts, Terminal
from maskwright.grammar.lint.special_tokens import clash

MAX_WORDS = 64
"""Texts of a terminal up to which it counts as a list of literals."""


def unused_terminals(parts: LarkParts) -> Iterator[Finding]:
    """A finding for each terminal of the text that no rule in use, no other terminal and no %ignore uses."""
    for name in parts.unused:
        message = (
            f"terminal '{name}' is never used: no rule that '{parts.subject.start}' leads to has it, it is not "
            "ignored, and it is no part of a terminal that is; use it, %ignore it, or remove it"
        )
        yield parts.subject.finding(Kind.UNREACHABLE, Severity.WARNING, name, message)


def empty_terminals(parts: LarkParts) -> Iterator[Finding]:
    """A finding for each terminal that lark's lexer refuses because it matches the empty text, or that matches none."""
    for terminal in parts.terminals:
        combined = parts.combined.get(terminal.name)
        is_empty = terminal.definition.pattern.min_width == 0 if combined is None else bool(combined.accepting[0])
        if is_empty:
            message = (
                f"terminal {terminal.shown} matches the empty text, which lark's lexer refuses; let it match at least "
                "one character, and write ? or * where it is used"
            )
            yield _finding(parts, Kind.EMPTY_TERMINAL, Severity.ERROR, terminal, message)
        elif terminal.language is not None and terminal.language.is_empty:
            message = f"terminal {terminal.shown} matches no text at all; look at its pattern again"
            yield _finding(parts, Kind.UNPRODUCTIVE, Severity.WARNING, terminal, message)


def hidden_terminals(parts: LarkParts, contexts: Sequence[frozenset[str]]) -> Iterator[Finding]:
    """Findings about terminals that are never produced, about pairs that overlap, and about what was left out."""
    lexers = [_Lexer.of(parts, context) for context in contexts]
    hidden: dict[str, dict[str, None]] = {}
    for terminal in parts.terminals:
        name = terminal.name
        having = [lexer for lexer in lexers if name in lexer.position]
        if terminal.language is None or terminal.language.is_empty or not having:
            continue
        try:
            hiding = [lexer.hiding(terminal) for lexer in having]
        except LimitExceeded as error:
            yield _not_examined(parts, terminal, str(error))
            continue
        if all(names is not None for names in hiding):
            hidden[name] = {other: None for names in hiding for other in names or ()}
    by_name = {terminal.name: terminal for terminal in parts.terminals}
    for terminal in parts.terminals:
        if terminal.name in hidden:
            others = [by_name[name] for name in hidden[terminal.name]]
            priority = 1 + max(other.definition.priority for other in others)
            name = terminal.shown if terminal.shown == terminal.name else "NAME"
            message = (
                f"terminal {terminal.shown} is never produced: whatever it matches, the lexer takes "
                f"{', '.join(other.shown for other in others)} first; give {terminal.shown} a higher priority "
                f"(`{name}.{priority}: ...`) or make the other narrower"
            )
            assert terminal.language is not None
            example = terminal.language.shortest()
            yield _finding(parts, Kind.SHADOWED, Severity.WARNING, terminal, message, example)
        elif terminal.obstacle:
            yield _not_examined(parts, terminal, terminal.obstacle)
    yield from _overlaps(parts, lexers, hidden)


def terminal_clashes(parts: LarkParts, special_tokens: Sequence[str]) -> Iterator[Finding]:
    """A finding for each terminal that is one or a few literals and spells a special token."""
    for terminal in parts.terminals:
        language = terminal.language
        literals = language.members(MAX_WORDS) if language is not None else None
        for token in special_tokens:
            text = next((text for text in literals or () if token and token in text), None)
            if text is not None:
                name = _rule_of(parts, terminal)
                yield clash(parts.subject, name, f"terminal {terminal.shown}", token, text)


@dataclass(frozen=True, slots=True)
class _Lexer:
    """lark's lexer of one context: terminals in the order in which they are tried, with their keywords there.

    position: every terminal of the context; where it stands among `tried`, or -1 for a keyword that is not tried.
    """

    tried: tuple[Terminal, ...]
    position: dict[str, int]
    keywords: dict[str, tuple[Terminal, ...]]

    @staticmethod
    def of(parts: LarkParts, context: frozenset[str]) -> _Lexer:
        """The lexer of the terminals in a context, with those that are ignored."""
        members = [terminal for terminal in parts.terminals if terminal.name in context | parts.ignored]
        members.sort(key=lambda terminal: lark_order(terminal.definition, parts.combined.get(terminal.name)))
        by_name = {terminal.name: terminal for terminal in members}
        keywords: Keywords = keywords_of([terminal.definition for terminal in members], parts.combined)
        embedded = {name for names in keywords.embedded.values() for name in names}
        tried = tuple(terminal for terminal in members if terminal.name not in embedded)
        position = dict.fromkeys(by_name, -1) | {terminal.name: place for place, terminal in enumerate(tried)}
        return _Lexer(
            tried, position, {name: tuple(by_name[word] for word in words) for name, words in keywords.of.items()}
        )

    def hiding(self, terminal: Terminal) -> dict[str, None] | None:
        """The terminals that are taken in place of this one, whatever it matches; None if it can be produced."""
        by: dict[str, None] = {}
        assert terminal.language is not None
        if self.position[terminal.name] >= 0:
            rest = self._left(terminal, terminal.language, self.keywords.get(terminal.name, ()), by)
            if not rest.is_empty:
                return None
        for name, words in self.keywords.items():
            if terminal not in words:
                continue
            host = self.tried[self.position[name]]
            rest = self._left(host, terminal.language, words[: words.index(terminal)], by)
            if not rest.is_empty:
                return None
        return by

    def _left(
        self, tried: Terminal, texts: CharacterAutomaton, keywords: Sequence[Terminal], by: dict[str, None]
    ) -> CharacterAutomaton:
        """Of these texts those for which `tried` may be taken and is no earlier keyword; `by`: who has the rest."""
        rest = texts
        for other in keywords:
            if other.language is not None and _overlap(rest, other.language):
                rest -= other.language
                by[other.name] = None
        for other in self.tried[: self.position[tried.name]]:
            if rest.is_empty:
                break
            if other.language is None or other.language.is_empty or other.is_combined:
                continue
            beginning = _beginning_with(other.definition.pattern.to_regexp())
            if _overlap(rest, beginning):
                rest -= beginning
                by[other.name] = None
        return rest


@lru_cache(maxsize=8192)
def _overlap(one: CharacterAutomaton, other: CharacterAutomaton) -> bool:
    """Have they a common text?  Contexts ask the same again and again."""
    return have_common_member(one, other)


@bounded_cache(language_bytes, max_entries=512)
def _beginning_with(pattern: str) -> CharacterAutomaton:
    """The texts that begin with a match."""
    return match_language(f"(?:{pattern})(?s:.*)")


def _overlaps(parts: LarkParts, lexers: Sequence[_Lexer], hidden: dict[str, dict[str, None]]) -> Iterator[Finding]:
    """Pairs of regular expressions of equal priority that may come in one place and match a common text."""
    told: set[tuple[str, str]] = set()
    for lexer in lexers:
        candidates = [t for t in lexer.tried if not t.is_literal and t.language is not None and t.name not in hidden]
        for place, first in enumerate(candidates):
            for second in candidates[place + 1 :]:
                key = (first.name, second.name)
                if key in told or first.definition.priority != second.definition.priority:
                    continue
                told.add(key)
                assert first.language is not None and second.language is not None
                if not have_common_member(first.language, second.language):
                    continue
                example = (first.language & second.language).shortest()
                message = (
                    f"terminals {first.shown} and {second.shown} both match {example!r}; of the two, the lexer takes "
                    f"{first.shown}, because {_why_first(first, second)}; if the other is meant, give it a priority"
                )
                yield _finding(parts, Kind.OVERLAP, Severity.INFORMATION, second, message, example)


def _why_first(first: Terminal, second: Terminal) -> str:
    one, other = first.definition.pattern, second.definition.pattern
    if one.max_width != other.max_width:
        return "its texts may be longer"
    return "its pattern is longer" if len(one.value) != len(other.value) else "its name comes first"


def _not_examined(parts: LarkParts, terminal: Terminal, reason: str) -> Finding:
    message = f"terminal {terminal.shown} was not compared with the others: {reason}"
    return _finding(parts, Kind.NOT_EXAMINED, Severity.INFORMATION, terminal, message)


def _finding(
    parts: LarkParts, kind: Kind, severity: Severity, terminal: Terminal, message: str, example: str | None = None
) -> Finding:
    return parts.subject.finding(kind, severity, _rule_of(parts, terminal), message, example)


def _rule_of(parts: LarkParts, terminal: Terminal) -> str:
    """The terminal's name if the text defines it, else the first rule that has it in place."""
    if terminal.name in parts.subject.definitions:
        return terminal.name
    for head, bodies in parts.subject.productions.items():
        if any(not isinstance(s, str) and getattr(s, "name", None) == terminal.name for body in bodies for s in body):
            return parts.subject.owner(head)
    return terminal.name
