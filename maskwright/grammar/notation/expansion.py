"""Exclusions and patterns as plain rules, for notations that have neither.

A pattern without conditions is written as it stands: its tree has the same kinds of node. A pattern with look-around,
and an exclusion of more than single characters, become the minimal automaton of their language, and that becomes
rules: one a state, each alternative a class and the state behind it. Beyond MAX_STATES states nobody would read that,
and it is refused.

A pattern with a condition is only taken if the condition looks at its own text: `self_contained` compares its language
between neighbours that its conditions can see with that between neighbours that they cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.errors import LimitExceeded, UnsupportedConversion
from maskwright.grammar.characters import syntax
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet, character_set
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.languages import without_atomic
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.notation.regular import RegularParts, with_flags
from maskwright.grammar.notation.written import (
    EMPTY,
    Characters,
    Difference,
    Expression,
    Pattern,
    Reference,
    Repetition,
    Text,
    WrittenGrammar,
    WrittenRule,
    choice,
    folded,
    sequence,
    with_parts,
)

MAX_STATES = 60
"""Of an automaton that becomes rules."""

_MARK = character_set([(0x10FFFF, 0x10FFFF)])
"""Stands between a text and its neighbours where `self_contained` looks; no member of patterns there."""


def expanded(grammar: WrittenGrammar, notation: str, *, keep_exclusions: bool = False) -> WrittenGrammar:
    """The grammar without patterns and, unless they are kept, without exclusions.

    Raises UnsupportedConversion, which names the notation, or LimitExceeded.
    """
    expansion = _Expansion(notation, keep_exclusions, RegularParts(grammar), set(grammar.names))
    for rule in grammar.rules:
        expansion.add(rule)
    return WrittenGrammar(tuple(expansion.rules))


@dataclass(slots=True)
class _Expansion:
    """rules: what is done. names: all that are taken. made: the rule of each language that became rules."""

    notation: str
    keep_exclusions: bool
    regular: RegularParts
    names: set[str]
    rules: list[WrittenRule] = field(default_factory=list)
    made: dict[CharacterAutomaton, str] = field(default_factory=dict)
    waiting: list[WrittenRule] = field(default_factory=list)

    def add(self, rule: WrittenRule) -> None:
        """One rule, and behind it those that it needs."""

        def combine(item: Expression, parts: list[Expression]) -> Expression:
            match item:
                case Pattern():
                    return self._pattern(rule.name, item)
                case Difference() if not self.keep_exclusions:
                    return self._difference(rule.name, item)
            return with_parts(item, parts)

        self.rules.append(WrittenRule(rule.name, folded(rule.expression, combine)))
        self.rules += self.waiting
        self.waiting.clear()

    def _difference(self, rule: str, item: Difference) -> Expression:
        single = self.regular.single_characters(item)
        if single is not None and single.ranges:
            return Characters(single)
        return self._automaton(rule, self.regular.language(item))

    def _pattern(self, rule: str, item: Pattern) -> Expression:
        pattern = with_flags(item)
        node = without_atomic(parse(pattern, PYTHON), pattern)
        if not syntax.contains_look(node):
            return self._written(node)
        if not self_contained(node, pattern):
            advice = "it depends on what stands beside the text; write what may follow into the rules"
            raise UnsupportedConversion(f"the look-around of /{item.pattern}/", rule, self.notation, advice)
        return self._automaton(rule, self.regular.language(item))

    def _written(self, node: syntax.Expression) -> Expression:
        """The tree of a pattern without conditions, of bounded depth, as it stands."""
        match node:
            case syntax.Characters(members):
                return _one_of(members)
            case syntax.Concatenation(parts):
                return sequence(map(self._written, parts))
            case syntax.Alternation(parts):
                others = [self._written(part) for part in parts if part != syntax.EMPTY]
                if not others:
                    return self._nothing()
                return choice(others) if len(others) == len(parts) else Repetition(choice(others), 0, 1)
            case syntax.Repetition(body, minimum, maximum):
                return Repetition(self._written(body), minimum, maximum)
        raise AssertionError(node)

    def _automaton(self, rule: str, language: CharacterAutomaton) -> Expression:
        """A language as rules, of which the first is named after the rule that needs it."""
        if language.is_empty:
            return self._nothing()
        if language.n_states > MAX_STATES:
            stage, remedy = "An automaton as rules", "use a simpler pattern or exclusion"
            raise LimitExceeded(stage, language.n_states, MAX_STATES, f"rule {rule}", remedy)
        if language not in self.made:
            names = [self._new_name(f"{rule}-{state + 1}") for state in range(language.n_states)]
            self.made[language] = names[0]
            for state, name in enumerate(names):
                if state == 0 or not _is_end(language, state):
                    self.waiting.append(WrittenRule(name, _state(language, state, names)))
        return Reference(self.made[language])

    def _nothing(self) -> Expression:
        """A rule that has no text: it only leads to itself."""
        name = next((rule.name for rule in self.rules + self.waiting if rule.expression == Reference(rule.name)), None)
        if name is None:
            name = self._new_name("nothing")
            self.waiting.append(WrittenRule(name, Reference(name)))
        return Reference(name)

    def _new_name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.names:
            number += 1
            name = f"{wanted}-{number}"
        self.names.add(name)
        return name


def _state(language: CharacterAutomaton, state: int, names: list[str]) -> Expression:
    """What an automaton accepts from a state: for each state behind it the characters that lead there."""
    ranges_to: dict[int, list[tuple[int, int]]] = {}
    for cls, ranges in enumerate(language.alphabet.ranges()):
        target = int(language.transitions[state, cls])
        if target >= 0:
            ranges_to.setdefault(target, []).extend(ranges)
    others = [
        sequence((_one_of(character_set(ranges)), *(() if _is_end(language, target) else (Reference(names[target]),))))
        for target, ranges in ranges_to.items()
        if target != state
    ]
    rest = choice(others) if others else EMPTY
    if others and language.accepting[state]:
        rest = Repetition(rest, 0, 1)
    if state not in ranges_to:
        return rest
    return sequence((Repetition(_one_of(character_set(ranges_to[state])), 0, None), rest))


def _is_end(language: CharacterAutomaton, state: int) -> bool:
    """Does nothing follow?"""
    return not (language.transitions[state] >= 0).any()


def _one_of(members: CharacterSet) -> Expression:
    return Text(chr(members.ranges[0][0])) if members.size == 1 else Characters(members)


def self_contained(node: syntax.Expression, pattern: str) -> bool:
    """Does a pattern match the same texts whatever stands beside them?

    Between marks, the conditions of one side see across the mark and those of the other take it for the text's end.
    """
    around = syntax.repetition(syntax.Characters(ANY_CHARACTER - _MARK), 0, None)
    mark = syntax.Characters(_MARK)
    seeing, blind = (
        language_of(syntax.concatenation((around, mark, _between_marks(node, sees), mark, around)), pattern)
        for sees in (True, False)
    )
    return seeing == blind


def _between_marks(node: syntax.Expression, sees: bool, look: syntax.Look | None = None) -> syntax.Expression:
    """The node without the mark as a character; inside a condition that sees, marks are passed over."""
    match node:
        case syntax.Characters(members):
            plain = syntax.characters(members - _MARK)
            if look is None or not sees:
                return plain
            marks = syntax.repetition(syntax.Characters(_MARK), 0, None)
            return syntax.concatenation((marks, plain) if look.is_ahead else (plain, marks))
        case syntax.Concatenation(parts):
            return syntax.concatenation(_between_marks(part, sees, look) for part in parts)
        case syntax.Alternation(parts):
            return syntax.alternation(_between_marks(part, sees, look) for part in parts)
        case syntax.Repetition(body, minimum, maximum):
            return syntax.repetition(_between_marks(body, sees, look), minimum, maximum)
        case syntax.Look(body, is_ahead, is_negated):
            return syntax.Look(_between_marks(body, sees, node), is_ahead, is_negated)
    raise AssertionError(node)
