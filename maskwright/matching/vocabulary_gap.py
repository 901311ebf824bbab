"""Bytes that the vocabulary cannot spell one by one, and whether a text could get stuck for want of them.

If every byte value has a token of its own, whatever bytes a grammar needs can be spelled, and nothing is to do. Some
vocabularies lack a few. Let M be the missing byte values.

 * No token contains a byte of M: then no text with such a byte can be written, and cutting M out of the grammar is
   exact (`without_bytes`).
 * Some longer token does: then such texts exist, and cutting would lose them. It is enough that no text can get
   stuck: every place that a text can reach must be able to end with bytes outside M. `_Safety` proves that from
   the rules; where it cannot, the grammar is refused (`VocabularyGap`) rather than risk a dead end.

Bytes that never occur in UTF-8 are of no concern to grammars of characters, which all prepared front ends emit.
"""

from __future__ import annotations

from itertools import pairwise

from maskwright.automata.nullable import is_nullable
from maskwright.automata.passes import keep_productive, reachable
from maskwright.errors import EmptyLanguage, VocabularyGap
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, REFUSED, ByteAutomaton, automaton_of
from maskwright.grammar.ir import (
    NOTHING,
    Automaton,
    ByteClass,
    Call,
    Choice,
    Distinct,
    Document,
    Grammar,
    Lexed,
    Literal,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    choice,
    distinct,
    repeat,
    sequence,
)
from maskwright.grammar.lexer_bytes import bytes_read
from maskwright.grammar.lexer_bytes import without_bytes as language_without
from maskwright.grammar.rewriting import leaves, map_calls, without_impossible_entries
from maskwright.matching.vocabulary import Vocabulary

_MOST_PLACES = 5_000
"""States of an automaton times units counted that are looked at before a grammar is refused; a second of work."""

NEVER_IN_UTF8 = frozenset([0xC0, 0xC1, *range(0xF5, 0x100)])


def close_gaps(grammar: Grammar, vocabulary: Vocabulary) -> Grammar:
    """The grammar as this vocabulary can spell it, without dead ends; raises VocabularyGap or EmptyLanguage."""
    missing = frozenset(vocabulary.missing_bytes) - NEVER_IN_UTF8
    if not missing:
        return grammar
    rules = {name: grammar.rules[name] for name in reachable(grammar)}
    used = missing & _bytes_used(rules)
    if not used:
        return grammar
    if _has_distinct(rules) and not _leaves_enough(rules, used):
        raise VocabularyGap(bytes(sorted(used)))
    present = used.intersection(vocabulary.token_data.tobytes())
    for body in rules.values():
        for leaf in leaves(body):
            counts = isinstance(leaf, Automaton) and _counting_gets_stuck(leaf, used, used - present)
            if counts or (isinstance(leaf, Lexed) and not _is_language_left(leaf, used, present)):
                raise VocabularyGap(bytes(sorted(used)))
    if not present:
        cut = {name: without_bytes(body, used) for name, body in rules.items()}
        try:
            pruned = keep_productive(Grammar(grammar.start, cut, report=grammar.report))
        except EmptyLanguage as error:
            raise VocabularyGap(bytes(sorted(used))) from error
        return Grammar(pruned.start, pruned.rules, is_prepared=True, report=pruned.report)
    if not _Safety(rules, used).is_safe(grammar.start):
        raise VocabularyGap(bytes(sorted(used)))
    return grammar


def _is_language_left(leaf: Lexed, used: frozenset[int], present: frozenset[int]) -> bool:
    """Can the bytes be cut out of a lexed language?  Only if no token has them: what a text needs is not looked at."""
    if not bytes_read(leaf.language) & used:
        return True
    return not present and language_without(leaf.language, used) is not None


def _has_distinct(rules: dict[str, Node]) -> bool:
    """Must a value of some rule differ from its siblings?"""

    def look(node: Node) -> bool:
        match node:
            case Distinct():
                return True
            case Sequence(parts) | Choice(parts):
                return any(look(part) for part in parts)
            case Repeat(body) | Document(body):
                return look(body)
            case Permutation():
                return any(look(part) for part in node.parts)
            case Network(_, edges):
                return any(look(label) for _, label, _ in edges)
        return False

    return any(look(body) for body in rules.values())


def _leaves_enough(rules: dict[str, Node], missing: frozenset[int]) -> bool:
    """Are there infinitely many values left wherever there were, so that one that repeats another can go on?  (Or: no.)

    Without digits that is not worth proving. Else every automaton that may loop must be able to loop from every state
    that is left, without the missing bytes.
    """
    if missing.intersection(b"0123456789"):
        return False
    automata = [leaf for body in rules.values() for leaf in leaves(body) if isinstance(leaf, Automaton)]
    return all(_still_loops(leaf, missing) for leaf in automata)


def _still_loops(leaf: Automaton, missing: frozenset[int]) -> bool:
    loops = []
    for forbidden in (frozenset[int](), missing):
        cut = _automaton_without(leaf.automaton, leaf.state, None, forbidden)
        if not isinstance(cut, Automaton):
            return False
        loops.append(_loops_everywhere(cut.automaton))
    return loops[1] or not loops[0]


def _loops_everywhere(automaton: ByteAutomaton) -> bool:
    """Does a cycle follow every state that can go on?  (What is left when states without successors are peeled off.)"""
    following = [
        {int(target) for _, _, target in automaton.edges[begin:end].tolist()}
        for begin, end in pairwise(automaton.edge_start.tolist())
    ]
    finite = {state for state, targets in enumerate(following) if not targets}
    size = -1
    while len(finite) != size:
        size = len(finite)
        finite |= {state for state, targets in enumerate(following) if targets <= finite}
    return all(not following[state] for state in finite)


def _bytes_used(rules: dict[str, Node]) -> frozenset[int]:
    used: set[int] = set()

    def visit(node: Node) -> None:
        match node:
            case Literal(text):
                used.update(text)
            case ByteClass(mask):
                used.update(byte for byte in range(256) if mask >> byte & 1)
            case Sequence(parts) | Choice(parts):
                for part in parts:
                    visit(part)
            case Repeat(body) | Distinct(body) | Document(body):
                visit(body)
            case Permutation():
                for part in node.parts:
                    visit(part)
            case Network(_, edges):
                for _, label, _ in edges:
                    visit(label)
            case Automaton(automaton):
                todo = [automaton]
                while todo:
                    here = todo.pop()
                    for low, high, target in here.edges.tolist():
                        if target != REFUSED:
                            used.update(range(low, high + 1))
                    todo += [linked for linked, _ in here.links]
                    if here.base_automaton is not None:
                        todo.append(here.base_automaton)
            case Lexed(language):
                used.update(bytes_read(language))

    for body in rules.values():
        visit(body)
    return frozenset(used)


def without_bytes(node: Node, missing: frozenset[int]) -> Node:
    """The strings of the node that contain none of these bytes (those of called rules excepted)."""
    match node:
        case Literal(text):
            return NOTHING if missing.intersection(text) else node
        case ByteClass(mask):
            for byte in missing:
                mask &= ~(1 << byte)
            return ByteClass(mask) if mask else NOTHING
        case Sequence(parts):
            return sequence(*(without_bytes(part, missing) for part in parts))
        case Choice(parts):
            return choice(*(without_bytes(part, missing) for part in parts))
        case Distinct(body):
            return distinct(without_bytes(body, missing))
        case Repeat(body, minimum, maximum):
            return repeat(without_bytes(body, missing), minimum, maximum)
        case Permutation():
            return without_impossible_entries(node.mapped(lambda part: without_bytes(part, missing)))
        case Network(n_states, edges):
            return Network(n_states, tuple((source, without_bytes(label, missing), to) for source, label, to in edges))
        case Automaton(automaton, state, counter):
            return _automaton_without(automaton, state, counter, missing)
        case Lexed(language, has_empty):
            cut = language_without(language, missing)
            assert cut is not None, "what has no language left was refused"
            return Lexed(cut, has_empty)
    return node


def _automaton_without(
    automaton: ByteAutomaton, start: int, counter: tuple[int, int | None] | None, missing: frozenset[int]
) -> Node:
    """The automaton without edges on missing bytes, its bases and links resolved, trimmed to its live states."""
    number: dict[tuple[ByteAutomaton, int], int] = {(automaton, start): 0}
    order = [(automaton, start)]
    edges: list[list[tuple[int, int, int, int]]] = []
    for here, state in order:  # grows while it is read
        found: list[tuple[int, int, int, int]] = []
        for byte in range(256):
            following = None if byte in missing else here.successor(state, byte)
            if following is not None:
                target, target_state, unit = following
                key = (target, target_state)
                if key not in number:
                    number[key] = len(order)
                    order.append(key)
                found.append((byte, byte, number[key], unit))
        edges.append(found)
    live = {i for i, (here, state) in enumerate(order) if here.accepting[state]}
    size = -1
    while len(live) != size:
        size = len(live)
        live |= {i for i, found in enumerate(edges) if any(target in live for _, _, target, _ in found)}
    if 0 not in live:
        return NOTHING
    kept = sorted(live)
    renumbered = {old: new for new, old in enumerate(kept)}
    states = [[(low, high, renumbered[to], unit) for low, high, to, unit in edges[i] if to in live] for i in kept]
    accepting = [bool(order[i][0].accepting[order[i][1]]) for i in kept]
    needs = [order[i][0].needs(order[i][1]) for i in kept]
    return Automaton(automaton_of(states, accepting, reserve=needs if any(needs) else None), 0, counter)


def _counting_gets_stuck(node: Automaton, missing: frozenset[int], unwritable: frozenset[int]) -> bool:
    """Can a text reach a state with so many units read that no end is left without the missing bytes?

    Only bytes in `unwritable` cannot be read at all. Where states times counts are too many to look at: yes.
    """
    if node.counter is None:
        return False
    minimum, maximum = node.counter
    most = minimum if maximum is None else maximum
    Place = tuple[ByteAutomaton, int, int]
    start: Place = (node.automaton, node.state, 0)
    before: dict[Place, set[Place]] = {start: set()}
    todo = [start]
    while todo:
        place = todo.pop()
        automaton, state, count = place
        for byte in range(256):
            step = None if byte in unwritable else automaton.successor(state, byte)
            if step is None or (step[2] == CLOSES and count < minimum):
                continue
            units = count + (step[2] == BEGINS_UNIT)
            if maximum is not None and units + step[0].needs(step[1]) > maximum:
                continue
            following = (step[0], step[1], min(most, units))
            if following not in before:
                before[following] = set()
                todo.append(following)
            if byte not in missing:
                before[following].add(place)
        if len(before) > _MOST_PLACES:
            return True
    alive = {place for place in before if place[0].accepting[place[1]] and place[2] >= minimum}
    todo = list(alive)
    while todo:
        for place in before[todo.pop()] - alive:
            alive.add(place)
            todo.append(place)
    return len(alive) < len(before)


class _Safety:
    """Which nodes can be finished without the missing bytes, from every place that a text can reach in them."""

    def __init__(self, rules: dict[str, Node], missing: frozenset[int]) -> None:
        self._missing = missing
        self._rules = rules
        cut = {name: without_bytes(body, missing) for name, body in rules.items()}
        self._startable: set[str] = set()
        size = -1
        while len(self._startable) != size:
            size = len(self._startable)
            self._startable |= {name for name, body in cut.items() if self._can_start(body)}

    def is_safe(self, start: str) -> bool:
        """Can the start rule begin, and no text get stuck?"""
        return start in self._startable and all(self._is_inside_safe(body) for body in self._rules.values())

    def _can_start(self, node: Node) -> bool:
        """Does the node (with the missing bytes cut out) match anything, as far as known?"""
        match node:
            case Call(name):
                return name in self._startable
            case Sequence(parts):
                return all(self._can_start(part) for part in parts)
            case Choice(parts):
                return any(self._can_start(part) for part in parts)
            case Distinct(body) | Document(body):
                return self._can_start(body)
            case Repeat(body, minimum, _):
                return minimum == 0 or self._can_start(body)
            case Permutation():
                return map_calls(node, lambda call: call if call.name in self._startable else NOTHING) != NOTHING
            case Network(n_states, edges):
                return 0 in self._live_states(n_states, edges)
        return True

    def _live_states(self, n_states: int, edges: tuple[tuple[int, Node, int], ...]) -> set[int]:
        live = {n_states - 1}
        size = -1
        while len(live) != size:
            size = len(live)
            live |= {
                source
                for source, label, target in edges
                if target in live and self._can_start(without_bytes(label, self._missing))
            }
        return live

    def _is_inside_safe(self, node: Node) -> bool:
        """Can every place strictly inside the node be finished?"""
        match node:
            case Literal(text):
                return not self._missing.intersection(text[1:])
            case Sequence(parts):
                follows = all(self._can_start(without_bytes(part, self._missing)) for part in parts[1:])
                return follows and all(self._is_inside_safe(part) for part in parts)
            case Choice(parts):
                return all(self._is_inside_safe(part) for part in parts)
            case Distinct(body) | Document(body):
                return self._is_inside_safe(body)
            case Repeat(body, minimum, _):
                again = minimum <= 1 or is_nullable(body) or self._can_start(without_bytes(body, self._missing))
                return again and self._is_inside_safe(body)
            case Permutation():
                # Any entry may have to follow any other, so all must be possible without the missing bytes.
                parts = tuple(part for part in node.parts if part != NOTHING)
                return all(self._can_start(without_bytes(part, self._missing)) for part in parts) and all(
                    self._is_inside_safe(part) for part in parts
                )
            case Network(n_states, edges):
                live = self._live_states(n_states, edges)
                inside = all(target in live for _, _, target in edges)
                return inside and all(self._is_inside_safe(label) for _, label, _ in edges)
            case Automaton(automaton, state, counter):
                return self._is_automaton_safe(automaton, state, counter)
        return True

    def _is_automaton_safe(self, automaton: ByteAutomaton, start: int, counter: tuple[int, int | None] | None) -> bool:
        """Every state reached by any byte can go on to an accepting one without missing bytes."""
        seen = {(automaton, start)}
        todo = [(automaton, start)]
        while todo:
            here, state = todo.pop()
            for byte in range(256):
                following = here.successor(state, byte)
                if following is not None and following[:2] not in seen:
                    seen.add(following[:2])
                    todo.append(following[:2])
        seen.discard((automaton, start))
        return all(_automaton_without(here, state, counter, self._missing) != NOTHING for here, state in seen)
