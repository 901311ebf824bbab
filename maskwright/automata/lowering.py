"""From a right part to states of the arena, written back to front.

Idea. `emit(node, target)` returns the state from which exactly the node's strings lead to `target`. What follows is
always written first, so a record is complete when it is written, every state lies on a way to the end by construction
(nothing to trim), and a literal of n bytes is n records and no more. Only a loop head must be patched afterwards.
Right parts stay nondeterministic: the configurations of `_configurations` determinise them as far as they are visited,
which costs nothing for the parts of a schema that no text reaches. Rejected: a subset construction per right part
(quadratic for objects with optional members, and paid before the first mask).

Bounded repetition of anything longer than a few states becomes a counter: ENTER, then a loop head that may COUNT and go
round or LEAVE. Cost: time and words linear in the size of the node, whatever the bounds.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from maskwright.automata._layout import (
    ASKS,
    BEGINS,
    CALL,
    CLOSE_SET,
    COUNT,
    EMPTY,
    ENDS_DOCUMENT,
    ENTER,
    HAS_BYTE_EDGES,
    HAS_OTHER_EDGES,
    HAS_TOKEN_EDGES,
    IF_BELOW,
    IF_LEFT,
    IF_NEW,
    IF_REACHED,
    IF_ROOM,
    LEAVE,
    MARK,
    OPEN_SET,
    STATE_SIZE,
    TALLY,
    TOKEN,
)
from maskwright.automata.nullable import nonempty_part
from maskwright.errors import LimitExceeded
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Automaton,
    ByteClass,
    Call,
    Choice,
    Distinct,
    Document,
    Lexed,
    Literal,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    TokenSet,
)

MAX_UNROLLED = 24
"""A repetition is written out when that makes at most this many states; else it counts."""

MAX_COUNT = 1 << 29
"""Counters are int32 and bounds are compared with sums of two; nothing that fits into memory counts this far."""

_LITERAL_SIZE = STATE_SIZE + 2
_LITERAL_STATE = array("i", [HAS_BYTE_EDGES, 0, 0, 1, 0, 0, 0, 0])
"""A state with a single byte edge, still to be filled in."""

_CALLED = (Call, Automaton, Lexed)
"""Nodes that have states of their own elsewhere, which an edge calls."""


class CodeBlock:
    """Words to be appended to an arena, with the references between them already absolute.

    `origin` is the arena offset of the first word. `nonterminal_of` numbers what an edge calls; `token_ids_of` gives
    the ascending ids of a token set.
    """

    def __init__(
        self,
        origin: int,
        nonterminal_of: Callable[[Node], int],
        token_ids_of: Callable[[TokenSet], list[int]],
    ) -> None:
        self.origin = origin
        self.words = array("i")
        self.n_states = 0
        self.distinct_bodies: list[Node] = []
        self.member_choices: list[int] = []  # of each state that chooses among members: itself, those required
        self.has_documents = False
        self._nonterminal_of = nonterminal_of
        self._token_ids_of = token_ids_of

    def emit(self, node: Node, target: int) -> int:
        """Write the node so that its strings lead to `target`; the state to begin in."""
        return _WRITERS[type(node)](self, node, target)

    def _state(self, byte_edges: list[int], other_edges: list[int]) -> int:
        """Append one state; byte edges are (packed, target) words, other edges (kind, operand, target) words."""
        offset = self.origin + len(self.words)
        flags = (HAS_BYTE_EDGES if byte_edges else 0) | (HAS_OTHER_EDGES if other_edges else 0)
        head = [flags, 0, 0, len(byte_edges) // 2, len(other_edges) // 3, 0]
        self.words.fromlist(head + byte_edges + other_edges)
        self.n_states += 1
        return offset

    def _token_set(self, node: TokenSet, target: int) -> int:
        ids = self._token_ids_of(node)
        token_list = self.origin + len(self.words)
        self.words.extend((len(ids), *ids))
        state = self._state([], [TOKEN, token_list, target])
        self.words[state - self.origin] |= HAS_TOKEN_EDGES
        return state

    def _literal(self, node: Literal, target: int) -> int:
        return self._text(node.text, target)

    def _text(self, text: bytes, target: int) -> int:
        """A chain of states, the last byte first: each leads to the one written before it."""
        n = len(text)
        if not n:
            return target
        first = self.origin + len(self.words)
        last = first + (n - 1) * _LITERAL_SIZE
        chain = _LITERAL_STATE * n
        chain[STATE_SIZE::_LITERAL_SIZE] = array("i", [byte * 257 for byte in reversed(text)])  # low and high alike
        chain[STATE_SIZE + 1 :: _LITERAL_SIZE] = array("i", [target, *range(first, last, _LITERAL_SIZE)])
        self.words += chain
        self.n_states += n
        return last

    def _byte_class(self, node: ByteClass, target: int) -> int:
        return self._state([word for low, high in byte_ranges(node.mask) for word in (low | high << 8, target)], [])

    def _sequence(self, node: Sequence, target: int) -> int:
        for part in reversed(node.parts):
            target = _WRITERS[type(part)](self, part, target)
        return target

    def _call(self, node: Call | Automaton | Lexed, target: int) -> int:
        return self._state([], [CALL, self._nonterminal_of(node), target])

    def _distinct(self, node: Distinct, target: int) -> int:
        self.distinct_bodies.append(node.body)
        asking = self._state([], [EMPTY, 0, target])
        self.words[asking - self.origin] |= ASKS
        return self.emit(node.body, asking)

    def _document(self, node: Document, target: int) -> int:
        self.has_documents = True
        end = self._state([], [EMPTY, 0, target])
        self.words[end - self.origin] |= ENDS_DOCUMENT
        begin = self._state([], [CALL, self._nonterminal_of(node.body), end])
        self.words[begin - self.origin] |= BEGINS
        return begin

    def _choice(self, node: Choice, target: int) -> int:
        """One state with an edge to each part; the literals among many parts first become one tree."""
        parts = node.parts
        edges: list[int] = []
        literals = [part.text for part in parts if isinstance(part, Literal)]
        if len(literals) > 2:
            edges += (EMPTY, 0, self._literal_tree(sorted(set(literals)), target))
            parts = tuple([part for part in parts if not isinstance(part, Literal)])
        for part in parts:
            if isinstance(part, _CALLED):
                edges += (CALL, self._nonterminal_of(part), target)
            else:
                edges += (EMPTY, 0, self.emit(part, target))
        if len(edges) == 3 and edges[0] == EMPTY:
            return edges[2]
        return self._state([], edges)

    def _literal_tree(self, texts: list[bytes], target: int) -> int:
        """A tree of sorted distinct texts, none empty; without recursion, for texts may be long.

        `open_nodes` are the branchings on the way to the current text: [depth, its byte edges, does a text end here?].
        A branching is written, with the bytes that lead to it from the one above, when the texts have gone past it.
        """
        open_nodes: list[tuple[int, list[int], bool]] = [(0, [], False)]
        for i, text in enumerate(texts):
            following = texts[i + 1] if i + 1 < len(texts) else b""
            depth = common_prefix(text, following)
            if depth > open_nodes[-1][0]:
                open_nodes.append((depth, [], depth == len(text)))
            if len(text) > open_nodes[-1][0]:
                self._hang(open_nodes, text, len(text), target)
            while open_nodes[-1][0] > depth:
                end, edges, ends_here = open_nodes.pop()
                if depth > open_nodes[-1][0]:
                    open_nodes.append((depth, [], False))
                self._hang(open_nodes, text, end, self._state(edges, [EMPTY, 0, target] if ends_here else []))
        return self._state(open_nodes[0][1], [])

    def _hang(self, open_nodes: list[tuple[int, list[int], bool]], text: bytes, end: int, state: int) -> None:
        """Let text[depth:end] lead from the innermost branching to a state."""
        depth, edges, _ = open_nodes[-1]
        edges += (text[depth] | text[depth] << 8, self._text(text[depth + 1 : end], state))

    def _repeat(self, node: Repeat, target: int) -> int:
        body, empty = nonempty_part(node.body)
        minimum = 0 if empty else node.minimum
        maximum = node.maximum
        size = size_of(body)
        if maximum is None and minimum * size <= MAX_UNROLLED:
            loop = self._star(body, target)
            for _ in range(minimum):
                loop = self.emit(body, loop)
            return loop
        if maximum is not None and maximum * size <= MAX_UNROLLED:
            entry = target
            for count in range(maximum, 0, -1):
                entry = self.emit(body, entry)
                if count > minimum:
                    entry = self._state([], [EMPTY, 0, entry, EMPTY, 0, target])
            return entry
        return self._counted(body, minimum, maximum, target)

    def _star(self, body: Node, target: int) -> int:
        head = self._state([], [EMPTY, 0, 0, EMPTY, 0, target])
        self._patch(head, 0, self.emit(body, head))
        return head

    def _counted(self, body: Node, minimum: int, maximum: int | None, target: int) -> int:
        bounds = self.origin + len(self.words)
        self.words.extend(counter_words(minimum, maximum))
        head = self._state([], [COUNT, 0, 0, LEAVE, 0, target])
        self._patch(head, 0, self.emit(body, head))
        return self._state([], [ENTER, bounds, head])

    def _permutation(self, node: Permutation, target: int) -> int:
        """OPEN_SET, then a choice of all entries that the set lets; after each a separator or CLOSE_SET.

        Obligations are members of the set behind the items, required like these and put in by markers.
        """
        minimum, maximum = counts_that_matter(node)
        if minimum or maximum is not None:
            return self._counting_permutation(node, *counter_words(minimum, maximum), target)
        n = len(node.items)
        n_words = max(1, (n + node.n_obligations + 31) // 32)
        required = self._required_members(node, n_words)
        repeats = list(node.markers) if node.repeatable == NOTHING else [(node.repeatable, ()), *node.markers]
        choose = self._state([], [EMPTY, 0, target] * (n + len(repeats)))
        self.member_choices += (choose, required)
        after = self._state([], [EMPTY if repeats else IF_LEFT, n, 0, CLOSE_SET, required, target])
        self._patch(after, 0, self.emit(node.separator, choose))
        tails = self._tails(node, after)
        for item, (head, tail) in enumerate(node.items):
            mark = self._state([], [MARK, item, tails[tail]])
            self._patch(choose, item, self.emit(head, mark), IF_NEW, item)
        for place, (body, obligations) in enumerate(repeats, start=n):
            self._patch(choose, place, self.emit(body, self._marks(n, obligations, after)))
        return self._state([], [OPEN_SET, n_words, choose])

    def _counting_permutation(self, node: Permutation, minimum: int, maximum: int, target: int) -> int:
        """The same, with a count in one more word of the set.

        While there is a maximum, whatever is not itself still required asks whether there is room for it.
        """
        n = len(node.items)
        is_bounded = maximum >= 0
        assert not is_bounded or len(node.required) + node.n_obligations <= maximum
        n_words = (n + node.n_obligations + 31) // 32 + 1
        self.words.append(maximum)
        required = self._required_members(node, n_words)
        repeats = list(node.markers) if node.repeatable == NOTHING else [(node.repeatable, ()), *node.markers]
        choose = self._state([], [EMPTY, 0, target] * (n + sum(1 + len(marks) for _, marks in repeats)))
        self.member_choices += (choose, required)
        more = self.emit(node.separator, choose)
        if not repeats:
            more = self._state([], [IF_LEFT, n, more])
        close = self._state([], [CLOSE_SET, required, target])
        go_on = [IF_BELOW, maximum, more] if is_bounded else [EMPTY, 0, more]
        after = self._state([], [*go_on, IF_REACHED, minimum, close])
        after = self._state([], [TALLY, maximum if is_bounded else minimum, after])
        place = 0
        tails = self._tails(node, after)
        for item, (head, tail) in enumerate(node.items):
            entry = self.emit(head, self._state([], [MARK, item, tails[tail]]))
            if is_bounded and item not in node.required:
                entry = self._state([], [IF_ROOM, required, entry])
            self._patch(choose, place, entry, IF_NEW, item)
            place += 1
        for body, obligations in repeats:
            entry = self.emit(body, self._marks(n, obligations, after))
            self._patch(choose, place, entry, IF_ROOM if is_bounded else EMPTY, required)
            place += 1
            for obligation in obligations:
                self._patch(choose, place, entry, IF_NEW, n + obligation)
                place += 1
        return self._state([], [OPEN_SET, n_words, choose])

    def _tails(self, node: Permutation, after: int) -> dict[Node, int]:
        """Where each tail begins: most members of an object are alike but for their names."""
        tails = dict.fromkeys([tail for _, tail in node.items], 0)
        for tail in tails:
            tails[tail] = self.emit(tail, after)
        return tails

    def _required_members(self, node: Permutation, n_words: int) -> int:
        """Write the set of what must be in at the close: where it begins."""
        offset = self.origin + len(self.words)
        members = [0] * n_words
        n = len(node.items)
        for item in (*node.required, *range(n, n + node.n_obligations)):
            members[item >> 5] |= 1 << (item & 31)
        self.words.extend([word - (word >> 31 << 32) for word in members])
        return offset

    def _marks(self, n_items: int, obligations: tuple[int, ...], target: int) -> int:
        """Put the obligations into the set, one after the other."""
        for obligation in obligations:
            target = self._state([], [MARK, n_items + obligation, target])
        return target

    def _network(self, node: Network, target: int) -> int:
        """All states of the graph first, with room for their edges, then the labels, then the edges are patched."""
        leaving: list[list[tuple[Node, int]]] = [[] for _ in range(node.n_states)]
        for source, label, destination in node.edges:
            leaving[source].append((label, destination))
        final = node.n_states - 1
        state_of = []
        for number, edges in enumerate(leaving):
            if number == final and not edges:
                state_of.append(target)
            else:
                room = [EMPTY, 0, target] * (len(edges) + (number == final))
                state_of.append(self._state([], room))
        for number, edges in enumerate(leaving):
            for k, (label, destination) in enumerate(edges):
                if isinstance(label, _CALLED):
                    self._patch(state_of[number], k, state_of[destination], CALL, self._nonterminal_of(label))
                elif label == EPSILON:
                    self._patch(state_of[number], k, state_of[destination])
                else:
                    self._patch(state_of[number], k, self.emit(label, state_of[destination]))
        return state_of[0]

    def _patch(self, state: int, edge: int, target: int, kind: int | None = None, operand: int = 0) -> None:
        at = state - self.origin + STATE_SIZE + 3 * edge
        if kind is not None:
            self.words[at] = kind
            self.words[at + 1] = operand
        self.words[at + 2] = target


_WRITERS: dict[type[Node], Callable[[CodeBlock, Any, int], int]] = {
    Literal: CodeBlock._literal,
    ByteClass: CodeBlock._byte_class,
    Sequence: CodeBlock._sequence,
    Choice: CodeBlock._choice,
    Repeat: CodeBlock._repeat,
    Call: CodeBlock._call,
    Automaton: CodeBlock._call,
    Lexed: CodeBlock._call,
    Network: CodeBlock._network,
    Permutation: CodeBlock._permutation,
    TokenSet: CodeBlock._token_set,
    Distinct: CodeBlock._distinct,
    Document: CodeBlock._document,
}
"""How each kind of node is written."""


def counts_that_matter(node: Permutation) -> tuple[int, int | None]:
    """The bounds of a permutation, 0 and None where what is required, or the number of items, sees to them anyway."""
    at_least = max(1, len(node.required) + (node.n_obligations > 0))
    repeats = bool(node.markers) or node.repeatable != NOTHING
    is_bounded = node.maximum is not None and (repeats or node.maximum < len(node.items))
    return node.minimum if node.minimum > at_least else 0, node.maximum if is_bounded else None


def counter_words(minimum: int, maximum: int | None) -> tuple[int, int]:
    """Bounds as a counter frame holds them, where -1 is no upper end; raises LimitExceeded for what no text can reach.

    A maximum beyond MAX_COUNT is as good as none: a text of that many repetitions would not fit into memory.
    """
    if minimum > MAX_COUNT:
        raise LimitExceeded("A least number of repetitions", asked=minimum, allowed=MAX_COUNT)
    return minimum, -1 if maximum is None or maximum > MAX_COUNT else maximum


def common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common at the beginning: `common_prefix(b"abc", b"abd")` -> 2."""
    n = min(len(one), len(other))
    return next((i for i in range(n) if one[i] != other[i]), n)


def byte_ranges(mask: int) -> list[tuple[int, int]]:
    """The maximal runs of set bits: `byte_ranges(0b1101)` -> [(0, 0), (2, 3)]."""
    ranges = []
    low = 0
    while mask >> low:
        low += ((mask >> low) & -(mask >> low)).bit_length() - 1
        run = mask >> low
        length = ((run + 1) & -(run + 1)).bit_length() - 1
        ranges.append((low, low + length - 1))
        low += length
    return ranges


def size_of(node: Node) -> int:
    """About how many states the node makes when it is written once."""
    match node:
        case Literal(text):
            return len(text)
        case Sequence(parts) | Choice(parts):
            return 1 + sum(size_of(part) for part in parts)
        case Distinct(body):
            return 1 + size_of(body)
        case Repeat(body, minimum, maximum):
            return 3 + size_of(body) * min(MAX_UNROLLED, maximum or minimum + 1)
        case Network():
            return node.n_states + sum(size_of(label) for _, label, _ in node.edges)
        case Permutation(items):
            return 3 + 2 * len(items) + sum(size_of(part) for part in node.parts)
    return 1
