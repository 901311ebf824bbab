"""Grammar to grammar: parts like free text become automata that all grammars of a vocabulary share.

Why. Where `[^"]*` may go on, most tokens of a vocabulary may come next, and to find them takes milliseconds for each
new place. For an automaton marked as shared the engine does that once and keeps the result (`matching.mask_tables`):
with a JSON grammar and Llama 3's vocabulary a mask takes 24 instead of 580 microseconds in the mean.

What is replaced: the longest regular runs that contain a loop over at least LEAST_LOOP bytes, with the rules that they
call written into them unless these are replaced themselves; and counted repetitions of characters, whose count moves
into the node. Everything else stays, since small parts are quicker in place. The language is the same.

Cost: some milliseconds a grammar; for the first use with a vocabulary about 5 ms and 0.25 MB a state, kept on disk.
Hence the limits: no more than MAX_AUTOMATA of at most MAX_STATES states.
"""

from __future__ import annotations

import functools
import operator

from maskwright.grammar.ir import (
    Automaton,
    ByteClass,
    Call,
    Choice,
    Grammar,
    Literal,
    Node,
    Repeat,
    Sequence,
    choice,
    repeat,
    sequence,
)
from maskwright.grammar.regular_automaton import RegularAutomaton, is_regular, regular_automaton

LEAST_LOOP = 26
"""Bytes that a state must lead to itself with: the lower-case letters, and there are many tokens of these."""

MAX_STATES = 40
MAX_AUTOMATA = 4
MAX_ATTEMPTS = 100
MAX_SIZE, MAX_DEPTH = 400, 48
"""Of a rule that is written into its callers."""

MAX_UNROLLED_SIZE = 1_200
"""Of a node with its counts written out, before an automaton is tried."""

COUNTED_FROM = 8
"""Repetitions with greater bounds are counted rather than written out."""


def share_free_text(grammar: Grammar) -> Grammar:
    """The same language, with the parts that are like free text as shared automata."""
    pass_over = _FreeText(grammar)
    rules = {name: pass_over.replaced(name) for name in pass_over.callees_first()}
    kept = {name: rules[name] for name in grammar.rules}
    return Grammar(grammar.start, kept, report=grammar.report)


class _FreeText:
    """`plain`: right parts that are regular without being like free text, to be written into their callers."""

    def __init__(self, grammar: Grammar) -> None:
        self.rules = grammar.rules
        self.plain: dict[str, Node] = {}
        self.made: dict[Automaton, None] = {}
        self.n_attempts = 0

    def callees_first(self) -> list[str]:
        """The names, each after those that it calls unless they call it too; without recursion."""
        order: dict[str, None] = {}
        opened: set[str] = set()
        for root in self.rules:
            todo = [(root, False)]
            while todo:
                name, is_done = todo.pop()
                if is_done:
                    order[name] = None
                elif name not in opened:
                    opened.add(name)
                    todo.append((name, True))
                    todo += [(callee, False) for callee in _callees(self.rules[name])]
        return list(order)

    def replaced(self, name: str) -> Node:
        """The right part of a rule, once those of the rules that it calls were asked for."""
        node = self.rules[name]
        written = self._written_out(node)
        if written is not None and is_regular(written):
            automaton = self._shared(written)
            if automaton is not None:
                return automaton
            if _size(written) <= MAX_SIZE and _depth(written) <= MAX_DEPTH:
                self.plain[name] = written
        return self._inside(node)

    def _written_out(self, node: Node) -> Node | None:
        """The node with plain rules in place of their calls; None if that grows too much."""
        budget = [MAX_SIZE * 4]
        result = self._with_plain_rules(node, budget)
        return result if budget[0] >= 0 else None

    def _with_plain_rules(self, node: Node, budget: list[int]) -> Node:
        if budget[0] < 0:
            return node
        match node:
            case Call(name) if name in self.plain:
                budget[0] -= _size(self.plain[name])
                return self.plain[name]
            case Sequence(parts):
                return sequence(*[self._with_plain_rules(part, budget) for part in parts])
            case Choice(parts):
                return choice(*[self._with_plain_rules(part, budget) for part in parts])
            case Repeat(body, minimum, maximum):
                return repeat(self._with_plain_rules(body, budget), minimum, maximum)
        return node

    def _shared(self, node: Node) -> Automaton | None:
        """The automaton of a regular node if it is like free text, small enough, and one of the first."""
        if not _has_wide_loop(node) or _unrolled_size(node) > MAX_UNROLLED_SIZE:
            return None
        found = self._automaton(node)
        if found is None or found.widest_loop < LEAST_LOOP:
            return None
        return self._among_the_first(Automaton(found.automaton(is_shared=True)))

    def _automaton(self, node: Node) -> RegularAutomaton | None:
        self.n_attempts += 1
        return regular_automaton(node, MAX_STATES) if self.n_attempts <= MAX_ATTEMPTS else None

    def _among_the_first(self, automaton: Automaton) -> Automaton | None:
        if automaton not in self.made and len(self.made) == MAX_AUTOMATA:
            return None
        self.made[automaton] = None
        return automaton

    def _counted(self, node: Repeat) -> Node | None:
        """A counted repetition of something like a character, with its count in the node."""
        if max(node.minimum, node.maximum or 0) < COUNTED_FROM:
            return None
        body = self._written_out(node.body)
        if body is None or not is_regular(body) or _unrolled_size(body) > MAX_UNROLLED_SIZE:
            return None
        if _single_bytes(body)[0].bit_count() < LEAST_LOOP:
            return None
        found = self._automaton(body)
        if found is None or not found.is_countable:
            return None
        loop = found.repeated()
        if loop.widest_loop < LEAST_LOOP:
            return None
        shared = self._among_the_first(Automaton(loop.automaton(is_shared=True)))
        return None if shared is None else Automaton(shared.automaton, 0, (node.minimum, node.maximum))

    def _inside(self, node: Node) -> Node:
        """Replace parts of a node that is not regular as a whole, or too large, or nothing like text."""
        match node:
            case Sequence(parts):
                return self._runs(parts)
            case Choice(parts):
                return choice(*[self._part(part) for part in parts])
            case Repeat(body, minimum, maximum):
                return self._counted(node) or repeat(self._part(body), minimum, maximum)
        return node

    def _part(self, node: Node) -> Node:
        if isinstance(node, (Call, Literal, ByteClass)):
            return node
        written = self._written_out(node)
        automaton = self._shared(written) if written is not None and is_regular(written) else None
        return automaton if automaton is not None else self._inside(node)

    def _runs(self, parts: tuple[Node, ...]) -> Node:
        """The longest runs of regular parts, each as one automaton where it is like free text."""
        result: list[Node] = []
        run: list[Node] = []
        for part in (*parts, None):
            written = None if part is None else self._written_out(part)
            if part is not None and written is not None and is_regular(written):
                run.append(part)
                continue
            result += self._run(run)
            run = []
            if part is not None:
                result.append(self._inside(part))
        return sequence(*result)

    def _run(self, run: list[Node]) -> list[Node]:
        written = self._written_out(sequence(*run)) if len(run) > 1 else None
        automaton = None if written is None else self._shared(written)
        return [automaton] if automaton is not None else [self._part(part) for part in run]


def _callees(node: Node) -> list[str]:
    match node:
        case Call(name):
            return [name]
        case Sequence(parts) | Choice(parts):
            return [name for part in parts for name in _callees(part)]
        case Repeat(body, _, _):
            return _callees(body)
    return []


def _has_wide_loop(node: Node) -> bool:
    """Is there a repetition without end of at least LEAST_LOOP single bytes? Then an automaton is worth a try."""
    match node:
        case Sequence(parts) | Choice(parts):
            return any(map(_has_wide_loop, parts))
        case Repeat(body, _, maximum):
            is_wide = maximum is None and _single_bytes(body)[0].bit_count() >= LEAST_LOOP
            return is_wide or _has_wide_loop(body)
    return False


def _single_bytes(node: Node) -> tuple[int, bool]:
    """The members of one byte, as a mask, and whether the empty string is a member."""
    match node:
        case Literal(text):
            return (1 << text[0] if len(text) == 1 else 0), False
        case ByteClass(mask):
            return mask, False
        case Choice(parts):
            found = list(map(_single_bytes, parts))
            return functools.reduce(operator.or_, (mask for mask, _ in found), 0), any(empty for _, empty in found)
        case Sequence(parts):
            mask, empty = 0, True
            for part in parts:
                part_mask, part_empty = _single_bytes(part)
                mask, empty = (mask if part_empty else 0) | (part_mask if empty else 0), empty and part_empty
            return mask, empty
        case Repeat(body, minimum, _):
            mask, empty = _single_bytes(body)
            return mask if minimum <= 1 or empty else 0, empty or minimum == 0
    return 0, False


def _size(node: Node) -> int:
    match node:
        case Literal(text):
            return len(text)
        case Sequence(parts) | Choice(parts):
            return 1 + sum(map(_size, parts))
        case Repeat(body, _, _):
            return 1 + _size(body)
    return 1


def _depth(node: Node) -> int:
    match node:
        case Sequence(parts) | Choice(parts):
            return 1 + max(map(_depth, parts), default=0)
        case Repeat(body, _, _):
            return 1 + _depth(body)
    return 1


def _unrolled_size(node: Node) -> int:
    match node:
        case Literal(text):
            return len(text)
        case Sequence(parts) | Choice(parts):
            return 1 + sum(map(_unrolled_size, parts))
        case Repeat(body, minimum, maximum):
            return 1 + _unrolled_size(body) * max(minimum + 1, maximum or 0)
    return 1
