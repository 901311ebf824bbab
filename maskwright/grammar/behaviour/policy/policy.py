"""Flow and rules as one automaton over letters, of which only what can be finished is left.

    policy = Policy.of(spec)
    position = policy.begin()
    policy.letters_at(position)            # the letters that keep the promise that the trace can be finished
    policy.after(position, letter, text)   # the position behind a finished segment, or None

Idea. The flow and every hard rule is a small minimal automaton over its own letters (`specification.components`); a
position is a state of each, stepped as a vector. Which positions can be finished, against everything that the declared
environment may write, is decided by `game`; values that rules speak of are kept in `Slices` (`value_rules`).
Positions are values: hashable, shared freely. The policy itself only grows: what it has decided stays true. Threads
take turns (`lock`).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from maskwright.errors import LimitExceeded, SpecError
from maskwright.grammar.behaviour.atoms import Hole, Scalar
from maskwright.grammar.behaviour.grounding.bodies import Allowed, Bodies, json_text
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.construction import ltlf_to_dfa
from maskwright.grammar.behaviour.policy.borders import check_borders
from maskwright.grammar.behaviour.policy.game import DEAD, LOST, UNKNOWN, WON, Game, Option, Rules, Table
from maskwright.grammar.behaviour.policy.tables import (
    assumption_table,
    check_domains,
    domain_table,
    holes_of_letters,
    references,
)
from maskwright.grammar.behaviour.policy.value_rules import (
    Move,
    Slices,
    Value,
    ValueRule,
    fresh_value,
    is_fresh,
    table_of,
    variables_of,
    with_star,
)
from maskwright.grammar.behaviour.specification.components import Component, components, spec_atoms
from maskwright.grammar.behaviour.specification.spec import Environment, Level, Spec, Writer
from maskwright.grammar.behaviour.taking_turns import alone
from maskwright.locks import Rank, shared_lock

MAX_EXPANDED = 200_000
"""Positions that are looked at to settle whether a specification can be followed at all: some ten seconds."""

STEPS_AHEAD = 4_000_000
"""Positions times moves times rules that are decided when a policy is made, within a second; others when a trace comes
near them."""

EXPANDED_WHILE_RUNNING = 2_000
"""For one question during a run. A position that is not settled by then is avoided: the trace goes another way."""

MAX_COMBINATIONS = 4_096
"""Of values at the holes of one letter that are looked at."""

MAX_REMEMBERED = 1 << 14
"""Positions whose letters are kept."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a trace is between two segments.

    `node` of the game; `slices` of each rule with a variable; `bound`: earlier texts by the name they are bound to.
    """

    node: int
    slices: tuple[Slices, ...] = ()
    bound: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(slots=True)
class Policy:
    """See the module. Make one with `Policy.of`.

    letters: all that segments may come to (`bodies.letters`). components: the flow, then the hard rules, each over the
    letters of `moves`; `warn_components`: the rules that only report. `is_narrowed`: was a position ever avoided
    because it could not be settled in time?
    """

    spec: Spec
    bodies: Bodies
    letters: tuple[Letter, ...]
    moves: tuple[Move, ...]
    components: tuple[Component, ...]
    warn_components: tuple[Component, ...]
    game: Game
    is_narrowed: bool = False
    is_complete: bool = False
    """Is every position known that a trace can come to?"""
    _value_rules: tuple[ValueRule, ...] = ()
    _holes: dict[int, tuple[Hole, ...]] = field(default_factory=dict)
    _move_of: dict[tuple[int, frozenset[Hole]], int] = field(default_factory=dict)
    _bound_names: frozenset[str] = frozenset()
    _referring: frozenset[str] = frozenset()
    """The segments that refer to earlier texts."""
    _letters_at: dict[Position, tuple[int, ...]] = field(default_factory=dict)
    _plain: tuple[int, ...] = ()
    """Of the tables, those of rules without variables."""
    lock: threading.RLock = field(default_factory=partial(shared_lock, Rank.POLICY))
    _domains: tuple[tuple[int, int], ...] = ()
    """Tables of holes with finitely many values, and how many."""

    @classmethod
    def of(cls, spec: Spec) -> Policy:
        """The policy of a specification.

        Raises SpecError, with the rules at fault and a trace that shows it, if nobody could follow it to the end
        against the declared environment; LimitExceeded if that cannot be settled.
        """
        if spec.fallback is not None and references(spec.segment(spec.fallback).text):
            raise SpecError("the fallback must not repeat earlier texts, as there may be none", spec.name)
        bodies = Bodies.of(spec, spec_atoms(spec))
        policy = cls._assembled(spec, bodies)
        status = policy.game.decide(0, MAX_EXPANDED)
        if status == UNKNOWN:
            raise LimitExceeded(
                "The positions of the flow and of the rules " + ", ".join(rule.id for rule in spec.rules),
                asked=MAX_EXPANDED + 1,
                allowed=MAX_EXPANDED,
                remedy="make some of the rules warnings, or let them count less far",
            )
        if status == LOST:
            raise policy._refusal()
        rules = policy.game.rules
        policy.is_complete = policy.game.explore(STEPS_AHEAD // (len(rules.tables) * len(rules.segment_of)))
        return policy

    @classmethod
    def _assembled(cls, spec: Spec, bodies: Bodies) -> Policy:
        """The policy before anything is decided."""
        letters = bodies.letters
        holes = holes_of_letters(spec, letters)
        moves = tuple(
            Move(letter, frozenset(star))
            for letter in range(len(letters))
            for n in range(len(holes.get(letter, ())) + 1)
            for star in itertools.combinations(holes.get(letter, ()), n)
        )
        alphabet = [with_star(letters[move.letter], move.star, spec.rules) for move in moves]
        made = components(spec, alphabet)
        check_borders(spec, made[0], alphabet)
        hard = tuple(c for c in made if c.rule is None or c.rule.level is Level.HARD)
        warn = tuple(c for c in made if c.rule is not None and c.rule.level is Level.WARN)
        is_model = {segment.name: segment.writer is Writer.MODEL for segment in spec.segments}
        others = frozenset(i for i, letter in enumerate(letters) if not is_model[letter.segment])
        tables: list[Table] = []
        value_rules: list[ValueRule] = []
        plain: list[int] = []
        for component in hard:
            if component.rule is not None and (variables := variables_of(component.rule)):
                if len(variables) > 1:
                    raise SpecError(
                        "a rule may speak of one variable, not of " + " and ".join(map(str, variables)),
                        f"rule '{component.rule.id}'",
                        (component.rule.id,),
                    )
                check_domains(spec, bodies, component.rule)
                value_rules.append(ValueRule(component, moves, holes, others))
            else:
                plain.append(len(tables))
                tables.append(table_of(component))
        first_value_rule = len(tables)
        tables += [rule.table for rule in value_rules]
        domains: list[tuple[int, int]] = []
        for hole in dict.fromkeys(hole for some in holes.values() for hole in some):
            table = domain_table(bodies, hole, moves, holes)
            if table is not None:
                domains.append((len(tables), len(table.rows) - 1))
                tables.append(table)
        tables.append(Table(((1,) * len(moves),) * 2, (False, True), (1, 0)))  # a trace has at least one segment
        assumption = None
        if spec.environment is Environment.ASSUME and spec.assumption is not None:
            assumption = len(tables)
            dfa = ltlf_to_dfa(spec.assumption, alphabet)
            everything = Component(None, dfa, np.arange(len(alphabet), dtype=np.int32))
            tables.append(
                assumption_table(table_of(everything), [is_model[letters[move.letter].segment] for move in moves])
            )
        numbers = {segment.name: number for number, segment in enumerate(spec.segments)}
        rules = Rules(
            tuple(tables),
            tuple(numbers[letters[move.letter].segment] for move in moves),
            tuple(segment.writer is Writer.MODEL for segment in spec.segments),
            assumption,
            spec.environment is Environment.COOPERATIVE,
        )
        assert first_value_rule == len(plain)
        return cls(
            spec,
            bodies,
            letters,
            moves,
            hard,
            warn,
            Game(rules),
            _value_rules=tuple(value_rules),
            _holes=holes,
            _move_of={(move.letter, move.star): number for number, move in enumerate(moves)},
            _bound_names=frozenset(name for segment in spec.segments for name in references(segment.text)),
            _referring=frozenset(segment.name for segment in spec.segments if references(segment.text)),
            _plain=tuple(plain),
            _domains=tuple(domains),
        )

    def _refusal(self) -> SpecError:
        from maskwright.grammar.behaviour.policy.conflict import refusal

        return refusal(self)

    def followers(self) -> frozenset[str]:
        """The segments that may follow another one, by the flow."""
        flow = self.components[0]
        dfa, columns = flow.dfa, flow.columns.tolist()
        behind = {dfa.step(state, column) for state in range(dfa.n_states) for column in columns}
        return frozenset(
            self.letters[move.letter].segment
            for move, column in zip(self.moves, columns, strict=True)
            if any(dfa.live[dfa.step(state, column)] for state in behind)
        )

    def allowed_segments(self) -> frozenset[str]:
        """The segments that some trace may have which never leaves it to luck whether it can be finished."""
        found: set[str] = set()
        nodes = [0]
        seen = {0}
        for node in nodes:  # grows while it is read
            for option in self.game.expand(node):
                if self.is_open(option):
                    found.update(self.letters[self.moves[move].letter].segment for move in option.moves)
                    more = [successor for successor in option.successors if successor not in seen]
                    seen.update(more)
                    nodes += dict.fromkeys(more)
        return frozenset(found)

    def table_rules(self) -> tuple[str | None, ...]:
        """For each table of the game the id of its rule; None for the flow and what is not a rule."""
        value_rules = self.value_rule_ids()
        plain = [
            c.rule.id if c.rule is not None else None
            for c in self.components
            if c.rule is None or not variables_of(c.rule)
        ]
        rest = len(self.game.rules.tables) - len(plain) - len(value_rules)
        return (*plain, *value_rules, *[None] * rest)

    def value_rule_ids(self) -> tuple[str, ...]:
        """The ids of the rules that speak of values."""
        return tuple([rule.rule.id for rule in self._value_rules])

    # Positions.

    def begin(self) -> Position:
        """Before the first segment."""
        return Position(
            0, tuple([rule.begin() for rule in self._value_rules]), tuple([(n, ()) for n in sorted(self._bound_names)])
        )

    def letter_of(self, segment: str, text: str) -> int | None:
        """The letter that a text of a segment comes to; None if it is no text of that segment."""
        return self.bodies.letter_of(segment, text)

    @alone
    def after(self, position: Position, letter: int, text: str = "") -> Position | None:
        """The position behind a segment that has ended; None if flow or rules refuse it, or it could not be finished.

        The text is needed where values or earlier texts matter.
        """
        values: Mapping[Hole, Scalar] = {}
        if self._holes.get(letter):
            values = self.bodies.values(self.letters[letter].segment, text)
        following = self.after_values(position, letter, {hole: json_text(value) for hole, value in values.items()})
        if following is None:
            return None
        return self._binding(following, letter, text)

    def breaks_assumption(self, position: Position, letter: int) -> bool:
        """Is a letter of others' one that was assumed not to come?"""
        rules = self.game.rules
        if rules.assumption is None:
            return False
        state = self.game.vectors[position.node][rules.assumption]
        return rules.tables[rules.assumption].rows[state][self._move_of[letter, frozenset()]] == DEAD

    @alone
    def after_values(self, position: Position, letter: int, values: Mapping[Hole, Value]) -> Position | None:
        """The same, given the values at the holes; texts are not bound."""
        slices = self._sliced(position, letter, values)
        if slices is None:
            return None
        tables = self.game.rules.tables
        move = self._move_of[letter, frozenset()]
        before = self.game.vectors[position.node]
        vector = [table.rows[state][move] for table, state in zip(tables, before, strict=True)]
        first = len(self._plain)
        n_seen = len({value for one in slices for value, _ in one.seen})
        for table, size in self._domains:
            vector[table] = min(n_seen, size)
        vector[first : first + len(slices)] = [0] * len(slices)
        if DEAD in vector:
            return None
        for star in self._stars(slices):
            for number, rule in enumerate(self._value_rules):
                vector[first + number] = rule.seen_from(slices[number], star)
            node = self.game.node(tuple(vector))
            if self._is_won(node):
                return Position(node, slices, position.bound)
        return None

    def _sliced(self, position: Position, letter: int, values: Mapping[Hole, Value]) -> tuple[Slices, ...] | None:
        """The states of the rules with variables after a segment; None where one of them refuses it for good."""
        slices: list[Slices] = []
        for number, rule in enumerate(self._value_rules):
            following = rule.after(position.slices[number], letter, values)
            if following is None:
                return None
            slices.append(following)
        return tuple(slices)

    def _stars(self, slices: tuple[Slices, ...]) -> list[Value | None]:
        """The values that may take the part of the star: the one that waits, or else a fresh one or any that was seen.

        Values that no rule tells apart are named once.
        """
        pairs = list(zip(self._value_rules, slices, strict=True))
        waiting = frozenset().union(*[rule.waiting(one) for rule, one in pairs])
        if waiting:
            return list(waiting) if len(waiting) == 1 else []
        stars: dict[tuple[int, ...], Value | None] = {}
        for value in (None, *dict.fromkeys(value for one in slices for value, _ in one.seen)):
            stars.setdefault(tuple([rule.seen_from(one, value) for rule, one in pairs]), value)
        return list(stars.values())

    def _binding(self, position: Position, letter: int, text: str) -> Position:
        name = self.spec.segment(self.letters[letter].segment).bind
        if name not in self._bound_names:
            return position
        bound = tuple(
            [(one, tuple(dict.fromkeys((*texts, text))) if one == name else texts) for one, texts in position.bound]
        )
        return Position(position.node, position.slices, bound)

    def _is_won(self, node: int) -> bool:
        status = self.game.decide(node, EXPANDED_WHILE_RUNNING)
        self.is_narrowed |= status == UNKNOWN
        return status == WON

    @alone
    def letters_at(self, position: Position) -> tuple[int, ...]:
        """The letters that may come next, whoever writes them; where values matter, for some value."""
        known = self._letters_at.get(position)
        if known is None:
            if len(self._letters_at) >= MAX_REMEMBERED:
                self._letters_at.clear()
            known = self._letters_at[position] = tuple(
                [letter for letter in range(len(self.letters)) if self._is_possible(position, letter)]
            )
        return known

    def _is_possible(self, position: Position, letter: int) -> bool:
        if self._holes.get(letter):
            return self.allowed_values(position, letter) is not None
        return self.after_values(position, letter, {}) is not None

    def letters_of_model(self, position: Position) -> tuple[int, ...]:
        """Those of them that the model may write."""
        return tuple([i for i in self.letters_at(position) if self._writer(i) is Writer.MODEL])

    @alone
    def can_model_write(self, position: Position) -> bool:
        """May the model write anything?  The first letter found is enough."""
        known = self._letters_at.get(position)
        letters = range(len(self.letters)) if known is None else known
        return any(
            self._writer(letter) is Writer.MODEL and (known is not None or self._is_possible(position, letter))
            for letter in letters
        )

    @alone
    def segments_of_others(self, position: Position) -> tuple[str, ...]:
        """The segments of environment or user that the trace may be handed over to."""
        found: dict[str, None] = {}
        for option in self.game.expand(position.node):
            if not option.is_model and self.is_open(option):
                found.update(dict.fromkeys(self.letters[self.moves[move].letter].segment for move in option.moves))
        return tuple(found)

    @alone
    def is_open(self, option: Option) -> bool:
        """May this happen: can the trace be finished whatever comes of it?"""
        return all(self._is_won(successor) for successor in option.successors)

    def _writer(self, letter: int) -> Writer:
        return self.spec.segment(self.letters[letter].segment).writer

    def is_accepting(self, position: Position) -> bool:
        """May the trace end here?"""
        return self.game.is_accepting(position.node) and all(
            rule.is_accepting(one) for rule, one in zip(self._value_rules, position.slices, strict=True)
        )

    def vector(self, position: Position) -> tuple[int, ...]:
        """A state for each of `components`; for a rule with a variable, that of a value that was not seen."""
        states = self.game.vectors[position.node]
        plain = iter(self._plain)
        sliced = iter(position.slices)
        return tuple(
            [
                next(sliced).default
                if component.rule is not None and variables_of(component.rule)
                else states[next(plain)]
                for component in self.components
            ]
        )

    def distance(self, position: Position) -> int:
        """The fewest segments to the end, in the worst case over what others write."""
        from maskwright.grammar.behaviour.policy.costs import Costs

        return Costs(self.game, lambda _: 1, 0).of(position.node)

    # Values.

    def holes_of(self, letter: int) -> tuple[Hole, ...]:
        """The holes of a letter at which values matter."""
        return self._holes.get(letter, ())

    def is_about_values(self, letter: int) -> bool:
        """Does it matter which values, or which text, a segment with this letter has?"""
        return (
            bool(self._holes.get(letter)) or self.spec.segment(self.letters[letter].segment).bind in self._bound_names
        )

    def refers_to_earlier(self, segment: str) -> bool:
        """Is an earlier text part of the segment's text?"""
        return segment in self._referring

    @alone
    def allowed_values(self, position: Position, letter: int) -> dict[Hole, Allowed] | None:
        """The values that may stand at each hole of a letter, independently of each other; None if there are none.

        Values that no rule tells apart are allowed or refused together. With several holes this may be fewer than all
        allowed combinations: kinds of values are taken away until all that are left are.
        """
        holes = self._holes.get(letter, ())
        kinds = self._kinds_of_values(position)
        known = frozenset(value for values in kinds for value in values)
        # Two of a kind, so that it is seen what follows if equal values or others stand at two holes.
        n_named = 2 if len(holes) > 1 and (2 * len(kinds) + 2) ** len(holes) <= MAX_COMBINATIONS else 1
        fresh = (fresh_value(known), fresh_value({*known, fresh_value(known)}))
        named = [fresh[:n_named], *[values[:n_named] for values in kinds]]
        left = [[*range(len(named))] for _ in holes]
        while all(left):
            refused = [
                chosen
                for chosen in itertools.product(*left)
                if not all(
                    self.after_values(position, letter, dict(zip(holes, values, strict=True))) is not None
                    for values in itertools.product(*[named[kind] for kind in chosen])
                )
            ]
            if not refused:
                allowed = {
                    hole: _allowed(
                        [value for kind in one if kind for value in kinds[kind - 1]], known, has_fresh=0 in one
                    )
                    for hole, one in zip(holes, left, strict=True)
                }
                return allowed if self._has_text(position, letter, allowed) else None
            blamed = max(
                ((place, kind) for place, some in enumerate(left) for kind in some),
                # of the combinations that it takes part in, how many are refused?
                key=lambda one: sum(chosen[one[0]] == one[1] for chosen in refused) * len(left[one[0]]),
            )
            left[blamed[0]].remove(blamed[1])
        return None

    def _kinds_of_values(self, position: Position) -> list[tuple[Value, ...]]:
        """The values that were seen, those together that are in the same state of every rule."""
        kinds: dict[tuple[int, ...], list[Value]] = {}
        for value in sorted({value for one in position.slices for value, _ in one.seen}):
            kinds.setdefault(tuple([one.state_of(value) for one in position.slices]), []).append(value)
        return [tuple(values) for values in kinds.values()]

    def _has_text(self, position: Position, letter: int, allowed: dict[Hole, Allowed]) -> bool:
        """Is there a text with such values?  Any fresh one is among infinitely many, so only the rest is looked at."""
        if any(is_fresh(value) for one in allowed.values() for value in one.values):
            return True  # a look ahead from a value that nobody has named yet
        domains = [(self.bodies.domain(hole, letter), one) for hole, one in allowed.items()]
        if all(one.is_excluded and domain.size is None for domain, one in domains):
            return True
        segment = self.letters[letter].segment
        bound = dict(position.bound)
        return self.bodies.grammar(segment, frozenset([letter]), values=allowed, bound=bound) is not None

    @alone
    def value_classes(
        self, position: Position, letter: int, allowed: Mapping[Hole, Allowed]
    ) -> list[dict[Hole, Allowed]]:
        """The allowed values, those apart from each other behind which different things may follow."""
        kinds = [frozenset(value for value in kind if not is_fresh(value)) for kind in self._kinds_of_values(position)]
        unseen = Allowed(frozenset().union(*kinds), is_excluded=True)
        choices = []
        for one in allowed.values():
            seen = [kind - one.values if one.is_excluded else kind & one.values for kind in kinds]
            unknown = [] if one.is_excluded else [one.values.difference(*kinds)]  # not yet named (`is_fresh`)
            parts = [Allowed(values) for values in (*seen, *unknown) if values]
            choices.append([unseen, *parts] if one.is_excluded else parts)
        classes = [dict(zip(allowed, chosen, strict=True)) for chosen in itertools.product(*choices)]
        return [one for one in classes if self._has_text(position, letter, one)]

    def example_values(self, position: Position, values: Mapping[Hole, Allowed]) -> dict[Hole, Value]:
        """One value of each class, as `after_values` takes them."""
        known = {value for one in position.slices for value, _ in one.seen}
        return {hole: fresh_value(known) if one.is_excluded else next(iter(one.values)) for hole, one in values.items()}


def _allowed(values: list[Value], known: Collection[Value], *, has_fresh: bool) -> Allowed:
    if not has_fresh:
        return Allowed(frozenset(values))
    excluded = frozenset(known).difference(values)
    return Allowed(frozenset(value for value in excluded if not is_fresh(value)), is_excluded=True)
