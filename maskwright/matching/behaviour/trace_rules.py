"""The grammar of everything that a behaviour specification allows the model to write, its rules made on demand.

A *turn* is what the model writes between two texts of others. Every position of the policy is a rule: any segment that
may come next, its delimiters around its body, and then the rule of the position behind it:

    turn q  =  opener(s) body(s, letters) closer(s) turn q'        for each s, and each q' that its letters lead to

So the rules are right-linear (a tail call takes no stack), letters that lead to the same position share one body, and a
token may run across any number of delimiters: the engine sees one grammar over bytes. A rule is written when a text
first comes to it, and refers only to positions that are won (`policy.game`): there are no dead ends in it.

Where the model's turn ends the grammar goes on with a *mark*: a byte that occurs in no text and in no token but its
own, and the number of an `Exit`. The mark can never be written by the model (`Session` takes its bit away), but it can
be looked for: `Exit`s say where a text stands, and a search for marks finds how a text can be brought to the end of a
segment (`outlook`). Every position between segments has one, and every segment behind its opener.

A segment in which values or earlier texts matter (`Policy.is_about_values`) ends its stage too: what may follow depends
on the text that was written. Its last token ends with its closer, or with the opener that ends it.

Rejected: one rule for the whole trace with the others' texts in it (their turns are games, not choices); a product of
rules and bodies (|Q| times the states of all bodies, where here they are added).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from maskwright.automata.nullable import nonempty_part
from maskwright.automata.passes import prepare
from maskwright.errors import SpecError, VocabularyGap
from maskwright.grammar import ir
from maskwright.grammar.behaviour.atoms import Hole
from maskwright.grammar.behaviour.grounding.bodies import Allowed
from maskwright.grammar.behaviour.policy import Policy, Position
from maskwright.grammar.behaviour.specification.spec import Segment
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.composition import concatenation, in_part
from maskwright.grammar.ir import EPSILON, NOTHING, Call, Grammar, Node, TokenSet
from maskwright.grammar.schema_places import has_distinct_items, schema_pointers
from maskwright.grammar.undivided import Undivided
from maskwright.matching.behaviour.longest_rest import longest_rest
from maskwright.matching.behaviour.shared_bodies import as_shared
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.vocabulary_gap import NEVER_IN_UTF8, close_gaps

ROOT = "no text"
"""The start rule of the grammar, which no session begins with: they begin with the rules of positions."""

_NUMBER_BYTES = 4

MOST_PREPARED = 512
"""Bodies that are kept for all traces of a program."""

NO_BODY = Grammar("root", {"root": NOTHING}, is_prepared=True)

BodyKey = tuple[str, frozenset[int], frozenset[tuple[Hole, Allowed]], frozenset[tuple[str, tuple[str, ...]]]]
"""A segment, the letters that its text may have, and what values and earlier texts there are."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Between two segments, where the model may go on or the trace may end."""

    position: Position


@dataclass(frozen=True, slots=True)
class Opened:
    """Behind the opener of a segment of the model's."""

    position: Position
    """Before the segment."""
    segment: str


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """It is the turn of others: one of these segments comes next. `is_opened`: its opener has been written."""

    position: Position
    segments: tuple[str, ...]
    is_opened: bool


@dataclass(frozen=True, slots=True)
class ToResolve:
    """A segment has ended of which the text matters; `opened`: the segment whose opener ended it."""

    position: Position
    """Before the segment."""
    letter: int
    opened: str | None


@dataclass(frozen=True, slots=True)
class FallbackEnd:
    """Behind the segment that was declared for when others break what is assumed of them: only the end is left."""


Exit = Boundary | Opened | TurnEnd | ToResolve | FallbackEnd


class TraceRules(Mapping[str, Node]):
    """The rules by name (mutable: they grow as texts come to them). Not thread-safe.

    prepared: bodies that other traces of the same program have made, added to.

    mark: the byte that begins an exit; mark_tokens: the tokens that are just that byte; mark_words: for each of them
    its word of a row, and the bits of it that stay. longest_rest: the bytes that must still be written at the worst
    place within any body that there is so far, or None (`longest_rest`); longest_limited_rest: the same of segments
    that have a limit.
    """

    def __init__(self, policy: Policy, vocabulary: Vocabulary, prepared: dict[BodyKey, Grammar]) -> None:
        self.policy = policy
        self.vocabulary = vocabulary
        self.mark, self.mark_tokens = _mark_of(vocabulary)
        self.mark_words = tuple(
            [(t >> 5, np.uint32(0xFFFFFFFF ^ 1 << (t & 31)).view(np.int32)) for t in self.mark_tokens]
        )
        self.longest_rest: int | None = 0
        self.longest_limited_rest: int | None = 0
        self._own: dict[str, Node] = {ROOT: ir.literal(bytes([self.mark]))}
        self._parts: list[Mapping[str, Node]] = []
        self._bodies: dict[BodyKey, Node] = {}
        self._prepared = prepared
        self._exits: list[Exit] = []
        self._making = Undivided()
        self._number_of: dict[Exit, int] = {}
        self._turns: list[tuple[Position, str | None]] = []
        self._turn_of: dict[tuple[Position, str | None], int] = {}
        missing = frozenset(vocabulary.missing_bytes)
        for segment in policy.spec.segments:
            for text in (segment.open, segment.close):
                if vocabulary.special_token_names.get(text) in vocabulary.eos_token_ids:
                    raise SpecError(
                        f"{text!r} ends the text for this vocabulary, so no segment can be delimited by it; take it "
                        "out of eos_token_ids, or choose another delimiter",
                        f"segment '{segment.name}'",
                    )
            gap = missing.intersection((segment.open + segment.close).encode())
            if gap:
                raise VocabularyGap(bytes(sorted(gap)))

    def grammar(self) -> Grammar:
        """For `CompiledGrammar`; texts begin with `start_rule`."""
        return Grammar(ROOT, self, is_prepared=True)

    def start_rule(self, position: Position, inside: str | None = None) -> str:
        """The name of the rule of a turn from a position, perhaps behind the opener of a segment."""
        return f"start {self._turn_number(position, inside)}"

    def fallback_rule(self, segment: str) -> str:
        """The name of the rule of one segment, whatever its letter, and the end."""
        name = f"fallback {segment}"
        if name not in self._own:
            one = self.policy.spec.segment(segment)
            letters = frozenset(self.policy.bodies.letters_of(segment))
            body = self._body(segment, letters, {}, self.policy.begin())
            end = ir.choice(EPSILON, self._marked(FallbackEnd()))
            whole = ir.sequence(self._delimiter(one.open), body, self._delimiter(one.close), end)
            node, is_nullable = nonempty_part(whole)
            self._own[name] = ir.choice(EPSILON, node) if is_nullable else node
        return name

    def exit_of(self, marked: bytes) -> Exit:
        """What the bytes from a mark on say."""
        return self._exits[int.from_bytes(marked[1 : 1 + _NUMBER_BYTES], "big")]

    def next_bytes(self, number: bytes) -> set[int]:
        """The bytes that may follow the beginning of an exit's number."""
        numbers = [one.to_bytes(_NUMBER_BYTES, "big") for one in range(len(self._exits))]
        return {one[len(number)] for one in numbers if one.startswith(number)}

    def schema_pointers(self, rule: str, step: str | int | None) -> tuple[str, ...]:
        """As the body says that the rule is a part of: see `SchemaPlaces`."""
        rules, inner = self._part_with(rule)
        return schema_pointers(rules, inner, step)

    def has_distinct_items(self, rule: str) -> bool:
        """As the body says that the rule is a part of."""
        return has_distinct_items(*self._part_with(rule))

    def _part_with(self, rule: str) -> tuple[Mapping[str, Node], str]:
        """The body that a rule is a part of, and its name there; no rules for a rule of turns."""
        inner, bracket, part = rule.removesuffix("]").rpartition(" [")
        if not bracket or not part.isdecimal() or int(part) >= len(self._parts):
            return {}, rule
        return self._parts[int(part)], inner

    # The mapping.

    def __getitem__(self, name: str) -> Node:
        with self.policy.lock:  # parts are shared with other traces, and may make their rules when they are asked
            known = self._own.get(name)
            if known is None:
                with self._making:
                    known = self._own[name] = self._rule(name)
            return known

    def _rule(self, name: str) -> Node:
        kind, _, number = name.partition(" ")
        if kind == "turn" and number.isdecimal():
            return self._turn(*self._turns[int(number)], int(number))
        if kind == "start" and number.isdecimal():
            return self._start(*self._turns[int(number)], int(number))
        inner, _, part = name.removesuffix("]").rpartition(" [")
        return in_part(self._parts[int(part)][inner], int(part))

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    # Turns.

    def _turn_number(self, position: Position, inside: str | None) -> int:
        key = (position, inside)
        number = self._turn_of.get(key)
        if number is None:
            number = self._turn_of[key] = len(self._turns)
            self._turns.append(key)
        return number

    def _start(self, position: Position, inside: str | None, number: int) -> Node:
        if inside is not None:
            node, is_nullable = nonempty_part(self._rest(position, self.policy.spec.segment(inside)))
            return ir.choice(EPSILON, node) if is_nullable else node
        if self.policy.is_accepting(position):
            return ir.choice(EPSILON, Call(f"turn {number}"))
        return Call(f"turn {number}")

    def _turn(self, position: Position, inside: str | None, _: int) -> Node:
        """What may be written at a position, but for nothing: never the empty text."""
        assert inside is None, "only sessions begin within a segment"
        policy = self.policy
        ways = [self._marked(Boundary(position))]
        names = dict.fromkeys(policy.letters[letter].segment for letter in policy.letters_of_model(position))
        for name in names:
            segment = policy.spec.segment(name)
            rest = self._rest(position, segment)
            if segment.open:
                opened = self._marked(Opened(position, name))
                ways.append(ir.sequence(self._delimiter(segment.open), ir.choice(opened, rest)))
            else:
                ways.append(nonempty_part(rest)[0])
        others = [policy.spec.segment(name) for name in policy.segments_of_others(position)]
        ways += [self._handed_over(position, one.name) for one in others if one.open]
        return ir.choice(*ways)

    def _handed_over(self, position: Position, name: str) -> Node:
        """The opener of somebody else's segment, with which the model ends its own."""
        segment = self.policy.spec.segment(name)
        return ir.sequence(self._delimiter(segment.open), self._marked(TurnEnd(position, (name,), is_opened=True)))

    def _rest(self, position: Position, segment: Segment) -> Node:
        """A segment of the model behind its opener, and all that may follow it."""
        policy = self.policy
        by_successor: dict[Position, list[int]] = {}
        ways: list[Node] = []
        for letter in policy.letters_of_model(position):
            if policy.letters[letter].segment != segment.name:
                continue
            if policy.is_about_values(letter):
                ways.append(self._about_values(position, letter, segment))
                continue
            following = policy.after_values(position, letter, {})
            assert following is not None, "letters that may come lead somewhere"
            by_successor.setdefault(following, []).append(letter)
        for following, letters in by_successor.items():
            body = self._body(segment.name, frozenset(letters), {}, position)
            ways.append(
                ir.sequence(body, self._delimiter(segment.close), self._continued(following, bool(segment.close)))
            )
        return ir.choice(*ways)

    def _continued(self, position: Position, is_clear: bool) -> Node:
        """What may follow a segment; `is_clear`: it has ended whatever follows."""
        policy = self.policy
        others = policy.segments_of_others(position)
        has_own = policy.can_model_write(position)
        if others and not has_own and is_clear:
            return self._marked(TurnEnd(position, others, is_opened=False))
        going_on = Call(f"turn {self._turn_number(position, None)}") if others or has_own else None
        ways = [going_on or self._marked(Boundary(position))]
        if policy.is_accepting(position):
            ways.append(EPSILON)
        return ir.choice(*ways)

    def _about_values(self, position: Position, letter: int, segment: Segment) -> Node:
        """A segment behind whose end the text is looked at before the model goes on."""
        policy = self.policy
        allowed = policy.allowed_values(position, letter)
        assert allowed is not None, "letters that may come have values"
        ways = []
        for values, opened, may_end in self._ways_on(position, letter, allowed, bool(segment.close)):
            body = self._body(segment.name, frozenset([letter]), values, position)
            if segment.close:
                end = self._marked(ToResolve(position, letter, None))
                ways.append(ir.sequence(body, self._delimiter(segment.close), end))
                continue
            following: list[Node] = [
                ir.sequence(
                    self._delimiter(policy.spec.segment(name).open), self._marked(ToResolve(position, letter, name))
                )
                for name in opened
            ]
            if may_end:
                following += [EPSILON, self._marked(ToResolve(position, letter, None))]
            ways.append(ir.sequence(body, ir.choice(*following)))
        return ir.choice(*ways)

    def _ways_on(
        self, position: Position, letter: int, allowed: dict[Hole, Allowed], has_closer: bool
    ) -> list[tuple[dict[Hole, Allowed], tuple[str, ...], bool]]:
        """For sets of values: which segments may be opened behind them, and may the trace end there?"""
        if has_closer:
            return [(allowed, (), False)]
        policy = self.policy
        found = []
        for values in policy.value_classes(position, letter, allowed):
            following = policy.after_values(position, letter, policy.example_values(position, values))
            assert following is not None, "allowed values lead somewhere"
            own = dict.fromkeys(policy.letters[i].segment for i in policy.letters_of_model(following))
            opened = tuple(dict.fromkeys((*own, *policy.segments_of_others(following))))
            found.append((values, opened, policy.is_accepting(following)))
        return found

    # Nodes.

    def _body(self, name: str, letters: frozenset[int], values: Mapping[Hole, Allowed], position: Position) -> Node:
        """The texts of a segment whose letter is one of these."""
        policy = self.policy
        bound = dict(position.bound) if policy.refers_to_earlier(name) else {}
        key = (name, letters, frozenset(values.items()), frozenset(bound.items()))
        node = self._bodies.get(key)
        if node is None:
            prepared = self._prepared.get(key)
            if prepared is None:
                grammar = policy.bodies.grammar(name, letters, values=values, bound=bound)
                if grammar is None:
                    prepared = NO_BODY
                else:
                    prepared = close_gaps(prepare(concatenation([grammar])), self.vocabulary)
                if len(self._prepared) >= MOST_PREPARED:
                    self._prepared.clear()
                self._prepared[key] = prepared
            is_limited = policy.spec.segment(name).max_tokens is not None
            node = self._bodies[key] = self._as_part(prepared, is_limited=is_limited)
        return node

    def _as_part(self, prepared: Grammar, *, is_limited: bool) -> Node:
        """The rules of a body become part of these; the node that stands for its texts."""
        number = len(self._parts)
        self._parts.append(prepared.rules)
        node, is_nullable = nonempty_part(in_part(prepared.rules[prepared.start], number))
        if node == NOTHING:
            return EPSILON if is_nullable else NOTHING
        rest = longest_rest(self, node)
        self.longest_rest = _greater(self.longest_rest, rest)
        if is_limited:
            self.longest_limited_rest = _greater(self.longest_limited_rest, rest)
        if isinstance(node, ir.Automaton) and not self._reads_on(node.automaton):
            node = replace(node, automaton=as_shared(node.automaton))
        if not isinstance(node, ir.Literal | ir.ByteClass | ir.Automaton | Call):
            self._own[f"body {number}"] = node
            node = Call(f"body {number}")
        return ir.choice(EPSILON, node) if is_nullable else node

    def _reads_on(self, automaton: ByteAutomaton) -> bool:
        """May a text of the body go on with the byte that begins what follows it?  Then sharing it helps nothing."""
        spec = self.policy.spec
        followers = self.policy.followers()
        openers = [one.open for one in spec.segments if one.name in followers]
        delimiters = [text.encode() for text in (*openers, *[one.close for one in spec.segments]) if text]
        ends = np.flatnonzero(automaton.accepting).tolist()
        return any(automaton.successor(state, text[0]) is not None for state in ends for text in delimiters)

    def positions(self) -> list[Position]:
        """Those that rules have been written for, or refer to."""
        return [position for position, _ in self._turns]

    def exits(self) -> list[Exit]:
        """All that have a number."""
        return self._exits

    def _delimiter(self, text: str) -> Node:
        """The text, or the special token of that name."""
        if text in self.vocabulary.special_token_names:
            return ir.choice(ir.literal(text.encode()), TokenSet(names=(text,)))
        return ir.literal(text.encode())

    def _marked(self, exit_: Exit) -> Node:
        number = self._number_of.get(exit_)
        if number is None:
            number = self._number_of[exit_] = len(self._exits)
            self._exits.append(exit_)
        return ir.literal(bytes([self.mark]) + number.to_bytes(_NUMBER_BYTES, "big"))


def _greater(one: int | None, other: int | None) -> int | None:
    """The greater of two bounds; None is none."""
    return None if one is None or other is None else max(one, other)


@lru_cache(maxsize=8)
def _mark_of(vocabulary: Vocabulary) -> tuple[int, tuple[int, ...]]:
    """A byte that no token has but those that are nothing else, and these."""
    lengths = np.diff(vocabulary.token_start)
    of_several = np.repeat(lengths > 1, lengths)
    taken = set(np.unique(vocabulary.token_data[of_several]).tolist())
    candidates = NEVER_IN_UTF8 - taken
    if not candidates:
        raise VocabularyGap(bytes(sorted(NEVER_IN_UTF8)))
    mark = max(candidates)
    alone = np.flatnonzero(lengths == 1)
    return mark, tuple(alone[vocabulary.token_data[vocabulary.token_start[alone]] == mark].tolist())
