"""From a regular node (no calls, no tokens) to the smallest deterministic automaton of its strings.

Idea. The node becomes a nondeterministic automaton with empty edges, that one a deterministic one whose states are
sets, and equal states are merged by refining a partition until it is stable. Bytes that no edge tells apart are one
class, so all loops run over classes. Sources: Thompson 1968; Moore 1956 (as in Hopcroft and Ullman, chapters 2 and 3).
Cost: about 50 microseconds a state. All steps are bounded, as a set construction may be exponential.
Rejected: Hopcroft's partition refinement, which is faster only for automata far larger than that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.grammar.byte_automaton import BEGINS_UNIT, NO_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.ir import ByteClass, Choice, Literal, Node, Repeat, Sequence

Edges = list[tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class RegularAutomaton:
    """A minimal automaton before it is put into arrays: `rows[s]` are edges (low, high, target, unit)."""

    rows: list[Edges]
    accepting: list[bool]

    @property
    def is_countable(self) -> bool:
        """Where a member begins and ends is certain: none is empty or the beginning of another, no edge leads to 0."""
        ends = [state for state, accepts in enumerate(self.accepting) if accepts]
        returns = any(target == 0 for edges in self.rows for _, _, target, _ in edges)
        return not self.accepting[0] and not returns and all(not self.rows[state] for state in ends)

    @property
    def widest_loop(self) -> int:
        """The greatest number of bytes with which one state leads to itself: what makes it like free text."""
        loops = [
            sum(high - low + 1 for low, high, target, _ in edges if target == state)
            for state, edges in enumerate(self.rows)
        ]
        return max(loops, default=0)

    def automaton(self, is_shared: bool) -> ByteAutomaton:
        """The automaton in arrays."""
        return automaton_of(self.rows, self.accepting, is_shared=is_shared)

    def repeated(self) -> RegularAutomaton:
        """Any number of members one after the other, each a unit; only of a countable language."""
        assert self.is_countable
        (end,) = (state for state, accepts in enumerate(self.accepting) if accepts)
        number = {state: state - (state > end) for state in range(len(self.rows))} | {end: 0}
        rows = [
            [(low, high, number[target], BEGINS_UNIT if state == 0 else NO_UNIT) for low, high, target, _ in edges]
            for state, edges in enumerate(self.rows)
            if state != end
        ]
        return RegularAutomaton(rows, [state == 0 for state in range(len(rows))])


def regular_automaton(node: Node, max_states: int) -> RegularAutomaton | None:
    """The automaton of a node without calls and tokens; None if that has, or on the way needs, too many states."""
    nondeterministic = _Nondeterministic(25 * max_states)
    end = nondeterministic.emit(node, nondeterministic.new_state())
    if end < 0:
        return None
    classes = _byte_classes({mask for edges in nondeterministic.edges for mask, _ in edges})
    start = nondeterministic.closure({0})
    number = {start: 0}
    order = [start]
    table: list[list[int]] = []
    for members in order:
        row: list[int] = []
        for representative, _ in classes:
            reached = {
                target
                for state in members
                for mask, target in nondeterministic.edges[state]
                if mask >> representative & 1
            }
            if not reached:
                row.append(-1)
                continue
            following = nondeterministic.closure(reached)
            if following not in number:
                if len(order) == 4 * max_states:
                    return None
                number[following] = len(order)
                order.append(following)
            row.append(number[following])
        table.append(row)
    minimal = _minimal(table, [end in members for members in order], [ranges for _, ranges in classes])
    return minimal if len(minimal.rows) <= max_states else None


@dataclass(slots=True)
class _Nondeterministic:
    """Thompson's automaton: `edges[s]` are (mask, target), `empty[s]` targets; at most `limit` states."""

    limit: int
    edges: list[list[tuple[int, int]]] = field(default_factory=list)
    empty: list[list[int]] = field(default_factory=list)

    def new_state(self) -> int:
        self.edges.append([])
        self.empty.append([])
        return len(self.edges) - 1

    def emit(self, node: Node, state: int) -> int:
        """Add the node's strings from `state`; the state where they end, or -1 when there are too many states."""
        if state < 0 or len(self.edges) > self.limit:
            return -1
        match node:
            case Literal(text):
                for byte in text[: self.limit + 1]:
                    state = self._step(1 << byte, state)
                return state
            case ByteClass(mask):
                return self._step(mask, state)
            case Sequence(parts):
                for part in parts:
                    state = self.emit(part, state)
                return state
            case Choice(parts):
                return self._choice(parts, state)
            case Repeat(body, minimum, maximum):
                return self._repeat(body, minimum, maximum, state)
        raise AssertionError(node)

    def _step(self, mask: int, state: int) -> int:
        target = self.new_state()
        self.edges[state].append((mask, target))
        return target

    def _choice(self, parts: tuple[Node, ...], state: int) -> int:
        ends = []
        for part in parts:
            begin = self.new_state()
            self.empty[state].append(begin)
            ends.append(self.emit(part, begin))
            if ends[-1] < 0:
                return -1
        target = self.new_state()
        for end in ends:
            self.empty[end].append(target)
        return target

    def _repeat(self, body: Node, minimum: int, maximum: int | None, state: int) -> int:
        for _ in range(minimum):
            state = self.emit(body, state)
            if state < 0:
                return -1
        loop = self.new_state()
        self.empty[state].append(loop)
        if maximum is None:
            end = self.emit(body, loop)
            if end >= 0:
                self.empty[end].append(loop)
                after = self.new_state()
                self.empty[loop].append(after)
                return after
            return -1
        skips = [loop]
        for _ in range(maximum - minimum):
            end = self.emit(body, skips[-1])
            if end < 0:
                return -1
            skips.append(self.new_state())
            self.empty[end].append(skips[-1])
        after = self.new_state()
        for skip in skips:
            self.empty[skip].append(after)
        return after

    def closure(self, states: set[int]) -> frozenset[int]:
        """The states and all that empty edges lead to."""
        reached = set(states)
        todo = list(states)
        while todo:
            for target in self.empty[todo.pop()]:
                if target not in reached:
                    reached.add(target)
                    todo.append(target)
        return frozenset(reached)


def _byte_classes(masks: set[int]) -> list[tuple[int, list[tuple[int, int]]]]:
    """The bytes that no mask tells apart: (a representative, the ranges of the class)."""
    ordered = sorted(masks)
    members: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for byte in range(256):
        ranges = members.setdefault(tuple(mask >> byte & 1 for mask in ordered), [])
        if ranges and ranges[-1][1] == byte - 1:
            ranges[-1] = (ranges[-1][0], byte)
        else:
            ranges.append((byte, byte))
    return [(ranges[0][0], ranges) for signature, ranges in members.items() if any(signature)]


def _minimal(table: list[list[int]], accepting: list[bool], ranges: list[list[tuple[int, int]]]) -> RegularAutomaton:
    """Merge equal states and turn byte classes back into ranges of bytes."""
    block = [int(accepts) for accepts in accepting]
    n_blocks = 0
    while True:
        keys: dict[tuple[int, ...], int] = {}
        refined = [
            keys.setdefault((block[state], *(-1 if target < 0 else block[target] for target in row)), len(keys))
            for state, row in enumerate(table)
        ]
        if len(keys) == n_blocks:
            break
        block, n_blocks = refined, len(keys)
    first = {block_of: state for state, block_of in reversed(list(enumerate(block)))}
    rows: list[Edges] = []
    for block_of in range(n_blocks):
        edges = sorted(
            (low, high, block[target])
            for target, class_ranges in zip(table[first[block_of]], ranges, strict=True)
            if target >= 0
            for low, high in class_ranges
        )
        rows.append(_joined(edges))
    return RegularAutomaton(rows, [accepting[first[block_of]] for block_of in range(n_blocks)])


def _joined(edges: list[tuple[int, int, int]]) -> Edges:
    joined: Edges = []
    for low, high, target in edges:
        if joined and joined[-1][1] == low - 1 and joined[-1][2] == target:
            low = joined.pop()[0]
        joined.append((low, high, target, NO_UNIT))
    return joined


def is_regular(node: Node) -> bool:
    """Can `regular_automaton` read this node?"""
    match node:
        case Sequence(parts) | Choice(parts):
            return all(map(is_regular, parts))
        case Repeat(body, _, _):
            return is_regular(body)
    return isinstance(node, (Literal, ByteClass))
