"""The LALR(1) automaton of a grammar, on integers: states, transitions, and which rules end before which terminals.

DeRemer and Pennello, "Efficient Computation of LALR(1) Look-Ahead Sets" (1982). For a transition (p, A) over a
nonterminal, with => derivation and -w-> a path of transitions that reads w:

    DR(p, A)                 the terminals that can be read after it
    (p, A) reads (r, C)      p -A-> r, and C, which is read from r, is nullable
    (p, A) includes (q, B)   B -> b A c, c is nullable, and q -b-> p
    (r, A -> w) lookback (p, A)   p -w-> r
    Read = DR and that of all it reads,  Follow = Read and that of all it includes
    lookaheads(r, A -> w) = Follow of all (p, A) that it looks back to

Both unions are found by one walk along strongly connected components; sets of terminals are the bits of integers.

lark has the same algorithm on objects that it hashes at every step, about twenty times slower (0.33 s for its grammar
of Python). What it does besides the paper is done here too, as the terminals that a state accepts are part of the
language of a contextual lexer:

- `includes` is also followed from the middle of a rule: an item B -> b . A c in the kernel of q counts as if the rule
  began there, if q also has a transition over B. That adds lookaheads now and then.
- Transitions that read each other share one set from then on, so what one of them includes counts for all. lark also
  lets others see that set before it is complete, in an order that changes from run to run; here it is complete. Only
  grammars with conflicts have such cycles, and what differs is then decided by a shift, by priority, or refused: of
  20,000 random grammars 624 had one, and no table differed.

Symbols: terminals 0 to `n_terminals` - 1, of which 0 is the end of the text, then nonterminals. The rule behind the
last one is root -> start, for which no symbol stands.
Cost: some 20 ms for 700 states; the number of states is limited, as it can be exponential in the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from maskwright.errors import LimitExceeded
from maskwright.grammar.lark.relations import bits_of, united, walked

MAX_STATES = 50_000
"""The grammars of programming languages have 200 to 2,000."""

Production = tuple[int, tuple[int, ...]]
"""(the symbol on the left, the symbols on the right)."""

NOTHING = -1
"""What follows the dot at the end of a rule."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """States are numbered breadth first; the first is the start.

    kernels: for each state its items, (rule, how many of its symbols are read). transitions: state by symbol.
    lookaheads: for each state and each rule that can end there the terminals that may follow, as bits.
    end_state: where the start symbol is read.
    """

    kernels: tuple[tuple[tuple[int, int], ...], ...]
    transitions: tuple[dict[int, int], ...]
    lookaheads: tuple[dict[int, int], ...]
    end_state: int


def lalr_automaton(rules: Sequence[Production], n_terminals: int, start: int, order: Sequence[int]) -> Automaton:
    """The automaton; symbols are followed in the order of `order[symbol]`, which makes the numbers of states."""
    n_symbols = len(order)
    sides: list[Production] = [*rules, (n_symbols, (start,))]
    parts = _Items(sides, n_terminals, n_symbols)
    states = _States(parts, order)
    states.build()
    lookaheads = _lookaheads(states, n_terminals, nullable_symbols(rules), start)
    kernels = tuple(tuple(map(parts.item_of, kernel)) for kernel in states.kernels)
    return Automaton(kernels, tuple(states.transitions), tuple(lookaheads), states.transitions[0][start])


def nullable_symbols(rules: Sequence[Production]) -> set[int]:
    """The nonterminals that derive the empty text."""
    nullable: set[int] = set()
    size = -1
    while size != len(nullable):
        size = len(nullable)
        nullable |= {left for left, right in rules if nullable.issuperset(right)}
    return nullable


class _Items:
    """Items as numbers: those of a rule side by side, the dot moves by adding one.

    following: the symbol behind the dot. beginning: for each nonterminal the bits of all whose rules begin with it.
    """

    def __init__(self, sides: Sequence[Production], n_terminals: int, n_symbols: int) -> None:
        self.sides = sides
        self.n_terminals = n_terminals
        self.first_item: list[int] = []
        self.following: list[int] = []
        self.rule_of: list[int] = []
        self.rules_of: dict[int, list[int]] = {}
        for rule, (left, right) in enumerate(sides):
            self.rules_of.setdefault(left, []).append(rule)
            self.first_item.append(len(self.following))
            self.following += (*right, NOTHING)
            self.rule_of += [rule] * (len(right) + 1)
        corners: list[list[int]] = [[] for _ in range(n_symbols - n_terminals)]
        for left, right in sides[:-1]:
            if right and right[0] >= n_terminals:
                corners[left - n_terminals].append(right[0] - n_terminals)
        self.beginning = united(corners, [1 << k for k in range(len(corners))])

    def item_of(self, item: int) -> tuple[int, int]:
        """The rule and the place of the dot."""
        rule = self.rule_of[item]
        return rule, item - self.first_item[rule]

    def moves(self, nonterminals: int) -> tuple[dict[int, tuple[int, ...]], tuple[int, ...]]:
        """What the rules of some nonterminals, given as bits, read first: items by symbol; and their empty rules."""
        reached: dict[int, list[int]] = {}
        empty = []
        for nonterminal in bits_of(nonterminals):
            for rule in self.rules_of.get(self.n_terminals + nonterminal, ()):
                item = self.first_item[rule]
                if self.following[item] == NOTHING:
                    empty.append(rule)
                else:
                    reached.setdefault(self.following[item], []).append(item + 1)
        return {symbol: tuple(sorted(items)) for symbol, items in reached.items()}, tuple(empty)


@dataclass(slots=True)
class _States:
    """The LR(0) automaton; `ending` are the rules that may end in a state."""

    items: _Items
    order: Sequence[int]
    kernels: list[tuple[int, ...]] = field(default_factory=list)
    transitions: list[dict[int, int]] = field(default_factory=list)
    ending: list[tuple[int, ...]] = field(default_factory=list)

    def build(self) -> None:
        """All states that the start leads to. States that open the same nonterminals share what those read first."""
        items, n_terminals = self.items, self.items.n_terminals
        root: tuple[int, ...] = (items.first_item[-1],)
        number_of: dict[tuple[int, ...], int] = {root: 0}
        self.kernels.append(root)
        moves_of: dict[int, tuple[dict[int, tuple[int, ...]], tuple[int, ...]]] = {}
        for kernel in self.kernels:  # grows while it is read
            opened = 0
            ending: tuple[int, ...] = ()
            advanced: dict[int, list[int]] = {}
            for item in kernel:
                symbol = items.following[item]
                if symbol == NOTHING:
                    ending += (items.rule_of[item],)
                    continue
                advanced.setdefault(symbol, []).append(item + 1)
                if symbol >= n_terminals:
                    opened |= items.beginning[symbol - n_terminals]
            if opened not in moves_of:
                moves_of[opened] = items.moves(opened)
            shared, empty = moves_of[opened]
            moves = dict(shared)
            for symbol, own in advanced.items():
                moves[symbol] = tuple(sorted((*moves.get(symbol, ()), *own)))
            row: dict[int, int] = {}
            for symbol in sorted(moves, key=self.order.__getitem__):
                target = moves[symbol]
                number = row[symbol] = number_of.setdefault(target, len(self.kernels))
                if number == len(self.kernels):
                    self.kernels.append(target)
            self.transitions.append(row)
            self.ending.append(ending + empty)
            if len(self.kernels) > MAX_STATES:
                remedy = "read the grammar character by character with lexer='dynamic_complete'"
                raise LimitExceeded("The states of a Lark parser", len(self.kernels), MAX_STATES, remedy=remedy)


def _lookaheads(states: _States, n_terminals: int, nullable: set[int], start: int) -> list[dict[int, int]]:
    """For each state and rule that ends there the terminals that may follow."""
    items, transitions = states.items, states.transitions
    number_of: list[dict[int, int]] = []
    pairs: list[tuple[int, int]] = []  # the transitions over nonterminals
    shifted: list[int] = []  # bits of the terminals that a state reads
    for state, row in enumerate(transitions):
        own = {}
        terminals = 0
        for symbol in row:
            if symbol < n_terminals:
                terminals |= 1 << symbol
            else:
                own[symbol] = len(pairs)
                pairs.append((state, symbol))
        number_of.append(own)
        shifted.append(terminals)
    reads: list[list[int]] = []
    directly = []
    for state, symbol in pairs:
        after = transitions[state][symbol]
        directly.append(shifted[after])
        reads.append([number for following, number in number_of[after].items() if following in nullable])
    directly[number_of[0][start]] |= 1  # the end of the text
    includes: list[list[int]] = [[] for _ in pairs]
    lookback: dict[tuple[int, int], list[int]] = {}
    tails = [_nullable_tail(right, nullable) for _, right in items.sides]
    for pair, (state, left) in enumerate(pairs):
        for rule in items.rules_of[left]:
            end = _walk(items.sides[rule][1], 0, tails[rule], state, (transitions, number_of), includes, pair)
            lookback.setdefault((end, rule), []).append(pair)
    for state, kernel in enumerate(states.kernels):
        for rule, dot in map(items.item_of, kernel):
            left, right = items.sides[rule]
            if left in number_of[state]:
                pair = number_of[state][left]
                _walk(right, dot, tails[rule], state, (transitions, number_of), includes, pair)
    read, shared = walked(reads, directly)
    for pair, root in enumerate(shared):
        if pair != root:
            includes[pair].append(root)
            includes[root].append(pair)
    follow = united(includes, read)
    lookaheads: list[dict[int, int]] = [dict.fromkeys(rules, 0) for rules in states.ending]
    for (end, rule), back in lookback.items():
        lookaheads[end][rule] = reduce(or_, [follow[pair] for pair in back])
    return lookaheads


def _nullable_tail(right: tuple[int, ...], nullable: set[int]) -> int:
    """The first place of a right side such that all symbols behind it are nullable."""
    place = len(right) - 1
    while place > 0 and right[place] in nullable:
        place -= 1
    return place


def _walk(
    right: tuple[int, ...],
    dot: int,
    tail: int,
    state: int,
    tables: tuple[Sequence[dict[int, int]], Sequence[dict[int, int]]],
    includes: list[list[int]],
    pair: int,
) -> int:
    """Read the rest of a rule from a state on: where that ends. Adds what includes `pair` because it ends the rule."""
    transitions, number_of = tables
    for place in range(dot, len(right)):
        symbol = right[place]
        if place >= tail and symbol in number_of[state]:
            includes[number_of[state][symbol]].append(pair)
        state = transitions[state][symbol]
    return state
