"""The cheapest derivations of a grammar: first one of a shortest text, then others that take other ways.

Idea. The least cost of each rule is a least fixpoint: begin with infinity, compute each rule's cost from those of the
rules that it calls, and again whenever one of these fell (Knuth, "A generalization of Dijkstra's algorithm", 1977). A
call costs a trifle, so a cheapest derivation never leads back to itself, even through rules of the empty string.
Rules are computed when they are asked for, and in indented texts there is no end of them: those not looked at yet count
as the least that they could cost. While the best derivation calls such a rule, the rules it leads to are looked at and
the costs computed anew; what is found in the end is a shortest text, as nothing not looked at could be shorter.

Further texts are not the second shortest, which are dull ("" then "a" then "b" in the same string of a hundred), but
what is cheapest when every way that an earlier text took costs more (PER_USE) and every string or number moves on to
its next word.

Where values must differ (`Distinct`), a way counts as taken at once, so the next sibling takes another. That is not yet
the whole condition: `matching.examples` confirms every text, and mends it if need be.
Cost: linear in the rules looked at, times the depth of the derivation. Rejected: breadth-first search with a matcher,
which visits every shorter prefix, and those of an object with ten required members are millions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Final, TypeAlias

from maskwright.automata.shortest_words import ONE_BYTE, cost_of, most_readable, shortest_words
from maskwright.errors import EmptyLanguage, GrammarSyntaxError, LimitExceeded
from maskwright.grammar import ir
from maskwright.grammar.ir import Grammar, Node
from maskwright.grammar.rewriting import called_names

MAX_TEXT_BYTES: Final = 50_000_000
"""A text longer than that is nobody's example."""

LOOKED_AT_ONCE: Final = 2_000
"""Up to so many rules, all that a derivation's rules call are looked at together; beyond, only those it needs."""

PER_USE: Final = 24 * ONE_BYTE
"""What a way costs more for every earlier text that took it: a detour of so many bytes is worth being different."""

MAX_WORDS: Final = 16
"""How many words of one automaton are looked for at once, where one is not enough."""

_A_CALL: Final = 1


TextsOfLexed: TypeAlias = Callable[[ir.Lexed], Iterator[bytes]]
"""What finds the texts of a lexed language, the shortest first: at least one, or it raises LimitExceeded."""


def cheap_derivations(grammar: Grammar, texts_of_lexed: TextsOfLexed) -> Iterator[list[bytes]]:
    """Texts of the grammar in pieces, one for each literal, byte, word and token; there is always one more.

    A derivation may come again, when no other is left. A special token is written by its name, or as `<[7]>` for the
    token 7. Raises EmptyLanguage and LimitExceeded.
    """
    search = _Search(grammar, texts_of_lexed)
    while True:
        yield search.cheapest()


@dataclass(frozen=True, slots=True)
class _Way:
    """What a node costs and how: `parts` one after the other; `uses` names the alternatives that were taken."""

    cost: float
    parts: Sequence[Node | bytes] = ()
    uses: tuple[object, ...] = ()


_NO_WAY = _Way(inf)


class _Search:
    """The costs of the rules looked at, and how often each way was taken (mutable; one for all texts of a grammar)."""

    def __init__(self, grammar: Grammar, texts_of_lexed: TextsOfLexed) -> None:
        if grammar.start not in grammar.rules:
            raise GrammarSyntaxError(f"there is no rule '{grammar.start}' to start from", "", 0)
        self.rules = grammar.rules
        self.start = ir.Call(grammar.start)
        self.least = ONE_BYTE if grammar.is_prepared else 0
        self.bodies: dict[str, Node] = {}
        self.callers: dict[str, list[str]] = {}
        self.costs: dict[str, float] = {}
        self.n_uses: dict[object, int] = {}
        self.words: dict[tuple[ir.Automaton, int], list[bytes]] = {}
        self.texts_of_lexed = texts_of_lexed
        self.texts: dict[ir.Lexed, tuple[list[bytes], Iterator[bytes]]] = {}
        self._look_at(grammar.start)

    def cheapest(self) -> list[bytes]:
        """The text that costs least now, in pieces; the ways that it takes cost more from then on."""
        while True:
            self._find_costs()
            best = self.costs[self.start.name]
            if best == inf:
                raise EmptyLanguage(f"every alternative of rule '{self.start.name}' needs a text that never ends")
            if best > MAX_TEXT_BYTES * ONE_BYTE:
                raise LimitExceeded("The shortest text", int(best) // ONE_BYTE, MAX_TEXT_BYTES)
            missing = self._derive()
            if isinstance(missing, list):
                return missing
            for name in missing:
                self._look_at(name)

    def _look_at(self, name: str) -> None:
        if name in self.bodies:
            return
        if name not in self.rules:
            raise GrammarSyntaxError(f"rule '{name}' is used but not defined", "", 0)
        self.bodies[name] = self.rules[name]
        for callee in set(called_names(self.bodies[name])):
            self.callers.setdefault(callee, []).append(name)

    def _find_costs(self) -> None:
        """The least cost of every rule looked at, while the others count as the least they could cost."""
        self.costs = dict.fromkeys(self.bodies, inf)
        todo = dict.fromkeys(reversed(self.bodies))
        while todo:
            name = next(iter(todo))
            del todo[name]
            cost = self._way(self.bodies[name]).cost
            if cost < self.costs[name]:
                self.costs[name] = cost
                todo.update(dict.fromkeys(self.callers.get(name, ())))

    def _derive(self) -> list[bytes] | set[str]:
        """Follow the cheapest ways from the start: the pieces, or the rules to look at before they can be told."""
        pieces: list[bytes] = []
        todo: list[Node | bytes] = [self.start]
        entered: set[str] = set()
        missing: set[str] = set()
        uses: list[object] = []
        counted_at_once: list[object] = []
        siblings_end = -1  # how many parts are still to come when the value that must differ is written
        while todo:
            if len(todo) <= siblings_end:
                siblings_end = -1
            part = todo.pop()
            if isinstance(part, bytes):
                pieces.append(part)
            elif isinstance(part, ir.Call) and part.name not in self.bodies:
                missing.add(part.name)
            elif isinstance(part, ir.Call):
                entered.add(part.name)
                todo.append(self.bodies[part.name])
            elif isinstance(part, ir.Document):
                todo.append(part.body)
            elif isinstance(part, ir.Distinct):
                siblings_end = len(todo) if siblings_end < 0 else siblings_end
                todo.append(part.body)
            else:
                way = self._way(part)
                if siblings_end < 0:
                    uses += way.uses
                else:
                    self._count(way.uses, 1)
                    counted_at_once += way.uses
                todo.extend(reversed(way.parts))
        if not missing:
            self._count(uses, 1)
            return pieces
        self._count(counted_at_once, -1)
        if len(self.bodies) < LOOKED_AT_ONCE:
            missing.update(callee for name in entered for callee in called_names(self.bodies[name]))
        return missing

    def _count(self, uses: Iterable[object], step: int) -> None:
        for use in uses:
            self.n_uses[use] = self.n_uses.get(use, 0) + step

    def _cost(self, node: Node) -> float:
        return self._way(node).cost

    def _way(self, node: Node) -> _Way:
        """The cheapest way through one node, as far as is known."""
        match node:
            case ir.Literal(text):
                return _Way(cost_of(text), (text,))
            case ir.ByteClass(mask):
                byte = most_readable(mask)
                return _Way(cost_of(byte), (byte,))
            case ir.Call(name):
                return _Way(self.costs.get(name, self.least) + _A_CALL, (node,))
            case ir.Automaton():
                if not self._words(node, 1):
                    return _NO_WAY
                word = self._word(node)
                return _Way(cost_of(word), (word,), (node,))
            case ir.Lexed():
                text = self._text(node)
                return _Way(cost_of(text), (text,), (node,))
            case ir.Sequence(parts):
                return _Way(sum(map(self._cost, parts)), parts)
            case ir.Choice(parts):
                return min(
                    (
                        self._used(_Way(self._cost(part), (part,)), (id(node), place))
                        for place, part in enumerate(parts)
                    ),
                    key=_cost_of_way,
                    default=_NO_WAY,
                )
            case ir.Repeat(body, minimum, maximum):
                return self._repeated(node, body, minimum, maximum)
            case ir.Network():
                return self._path(node)
            case ir.Permutation():
                return self._arranged(node)
            case ir.Distinct(body) | ir.Document(body):
                return _Way(self._cost(body), (body,))
            case ir.TokenSet():
                spelled = _name_of_token(node)
                return _Way(cost_of(spelled), (spelled,))
        raise AssertionError(node)

    def _used(self, way: _Way, use: object) -> _Way:
        """The way, dearer for every time that it was taken."""
        return _Way(way.cost + PER_USE * self.n_uses.get(use, 0), way.parts, (*way.uses, use))

    def _word(self, leaf: ir.Automaton) -> bytes:
        """The next word of an automaton, beginning again where there is none."""
        place = self.n_uses.get(leaf, 0)
        words = self._words(leaf, max(MAX_WORDS, 1 << place.bit_length()) if place else 1)
        return words[place % len(words)]

    def _words(self, leaf: ir.Automaton, n_words: int) -> list[bytes]:
        """The first words of an automaton; just the first where further ones take too long."""
        if (leaf, n_words) not in self.words:
            try:
                found = list(islice(shortest_words(leaf, n_words), n_words))
            except LimitExceeded:
                if n_words == 1:
                    raise
                found = self._words(leaf, 1)
            self.words[leaf, n_words] = found
        return self.words[leaf, n_words]

    def _text(self, leaf: ir.Lexed) -> bytes:
        """The next text of a lexed language, beginning again where no further one is found."""
        found, more = self.texts.setdefault(leaf, ([], self.texts_of_lexed(leaf)))
        place = self.n_uses.get(leaf, 0)
        found.extend(islice(more, max(0, place + 1 - len(found))))
        return found[place % len(found)]

    def _repeated(self, node: Node, body: Node, minimum: int, maximum: int | None) -> _Way:
        """As often as it must be, or once or twice more where that was done before."""
        cost = self._cost(body)
        counts = [n for n in (minimum, minimum + 1, minimum + 2) if maximum is None or n <= maximum]
        ways = [self._used(_Way(n * cost if n else 0, (body,) * n), (id(node), n)) for n in counts]
        return min(ways, key=_cost_of_way)

    def _path(self, network: ir.Network) -> _Way:
        """The cheapest path through a network (Dijkstra)."""
        edges_from: dict[int, list[tuple[int, int]]] = {}
        for number, (source, _, target) in enumerate(network.edges):
            edges_from.setdefault(source, []).append((number, target))
        final = network.n_states - 1
        came_by: dict[int, int] = {}
        queue: list[tuple[float, int, int]] = [(0, 0, -1)]
        total = inf
        while queue:
            cost, state, number = heapq.heappop(queue)
            if state in came_by:
                continue
            came_by[state] = number
            if state == final:
                total = cost
                break
            for edge, target in edges_from.get(state, ()):
                through = self._used(_Way(self._cost(network.edges[edge][1])), (id(network), edge))
                if through.cost < inf:
                    heapq.heappush(queue, (cost + through.cost, target, edge))
        if total == inf:
            return _NO_WAY
        path: list[int] = []
        state = final
        while (number := came_by[state]) >= 0:
            path.append(number)
            state = network.edges[number][0]
        path.reverse()
        return _Way(total, [network.edges[edge][1] for edge in path], tuple((id(network), edge) for edge in path))

    def _arranged(self, node: ir.Permutation) -> _Way:
        """The required items, markers for all obligations, and the cheapest others up to the least number.

        Where that was done before, an optional item more is another way.
        """
        items = [_Way(self._cost(head) + self._cost(tail), (head, tail)) for head, tail in node.items]
        entries = [items[place] for place in node.required]
        markers = [
            (self._used(_Way(self._cost(marker), (marker,)), (id(node), "marker", place)), obligations)
            for place, (marker, obligations) in enumerate(node.markers)
        ]
        entries += _cover(node.n_obligations, markers)
        optional = [
            self._used(items[place], (id(node), place)) for place in range(len(items)) if place not in node.required
        ]
        optional.sort(key=_cost_of_way)
        again = [way for way, _ in markers]
        if node.repeatable != ir.NOTHING:
            again.append(self._used(_Way(self._cost(node.repeatable), (node.repeatable,)), (id(node), "repeatable")))
        repeated = min(again, key=_cost_of_way, default=_NO_WAY)
        while len(entries) < max(1, node.minimum):
            if optional and optional[0].cost <= repeated.cost:
                entries.append(optional.pop(0))
            else:
                entries.append(repeated)
        ways = [self._used(self._in_a_row(entries, node.separator), (id(node), "as few as can be"))]
        if optional and (node.maximum is None or len(entries) < node.maximum):
            ways.append(self._in_a_row([*entries, optional[0]], node.separator))
        return min(ways, key=_cost_of_way)

    def _in_a_row(self, entries: list[_Way], separator: Node) -> _Way:
        parts: list[Node | bytes] = []
        for place, entry in enumerate(entries):
            parts += [separator, *entry.parts] if place else entry.parts
        cost = sum(entry.cost for entry in entries)
        if len(entries) > 1:
            cost += self._cost(separator) * (len(entries) - 1)
        return _Way(cost, parts, tuple(use for entry in entries for use in entry.uses))


def _cost_of_way(way: _Way) -> float:
    return way.cost


def _cover(n_obligations: int, markers: list[tuple[_Way, tuple[int, ...]]]) -> list[_Way]:
    """The cheapest markers that fulfil all obligations (dynamic programming over the sets fulfilled)."""
    best: dict[int, tuple[float, tuple[_Way, ...]]] = {0: (0, ())}
    for fulfilled in range(1 << n_obligations):
        if fulfilled not in best:
            continue
        cost, chosen = best[fulfilled]
        for way, obligations in markers:
            after = fulfilled
            for obligation in obligations:
                after |= 1 << obligation
            if after != fulfilled and cost + way.cost < best.get(after, (inf, ()))[0]:
                best[after] = (cost + way.cost, (*chosen, way))
    return list(best.get((1 << n_obligations) - 1, (inf, (_NO_WAY,)))[1])


def _name_of_token(node: ir.TokenSet) -> bytes:
    """How a token of the set is shown; of "any token but these" one that every vocabulary has."""
    if node.negated:
        return b"a"
    return node.names[0].encode() if node.names else f"<[{min(node.ids)}]>".encode()
