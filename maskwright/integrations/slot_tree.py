"""Which slot of a pool holds the keys and values of which token after which text: a tree of prefixes, within a limit.

A model's keys and values of a token depend on the text up to it and on nothing else, so the text is their name. Nodes
of the tree hold runs of tokens with a slot each; texts share the nodes of their common beginning. Forks, rollbacks,
permutations and drops of texts need no operation here: the next call names the prefixes it wants, and what is known of
them is found by walking down. What is missing becomes `Run`s, each a stretch of tokens without a branch inside, on a
level that says how many other runs must be computed before it; so each distinct token is computed once, whatever the
texts of a call have in common.

When the slots are used up, tokens are given back from the ends of the texts used least recently. Nodes are kept in
order of use, and a node always behind its children, so the first one is a leaf, and the texts of the current group are
the last ones; nothing needs to be pinned.

Source: the radix tree of SGLang (Zheng et al., "SGLang", 2024, section 3), there with whole nodes evicted by leaves in
a heap. Cost: a comparison of lists for each node on the way, 4 to 16 ns a token. Rejected: a node for each token, which
takes 60 ns; and a table from digests of prefixes to slots, which cannot find the longest known beginning of a text
without trying all of them.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, final

#: The slot of padding; it belongs to no token and its keys and values are zero.
PADDING_SLOT: Final = 0


@dataclass(slots=True, eq=False)
class Node:
    """A run of tokens behind its parent's; only the first `n_filled` have keys and values in their slots yet."""

    parent: Node | None
    tokens: list[int] = field(default_factory=list)
    slots: array[int] = field(default_factory=lambda: array("q"))
    n_filled: int = 0
    children: dict[int, Node] = field(default_factory=dict)
    group: int = 0


@final
@dataclass(slots=True, eq=False)
class Run:
    """A stretch of tokens to compute.

    tokens: at least one.  slots: int64 of the text up to and with `tokens`.  level: runs of lower levels come first.
    wanted: (place in `tokens`, index of a prefix) for each prefix that ends here.
    is_new: the keys and values are to be kept in the last slots; otherwise they are there already.
    """

    tokens: list[int]
    slots: array[int]
    level: int
    wanted: list[tuple[int, int]]
    is_new: bool


@final
class SlotTree:
    """A tree of prefixes over `n_slots` slots, numbered from 1.

    For each call: `begin_group`, `add` each prefix until one does not fit, `runs` of those that were added, compute
    them, `mark_filled`; `clear` if that failed, because slots without content must not be found again.
    """

    def __init__(self, n_slots: int) -> None:
        self.n_slots: Final = n_slots
        self._group = 0
        self.clear()

    def clear(self) -> None:
        """Forget all prefixes."""
        self._root = Node(None)
        self._by_use: OrderedDict[Node, None] = OrderedDict()  # children before parents, see above
        self._free: list[int] = list(range(self.n_slots, 0, -1))
        self._n_in_group = 0

    @property
    def n_used(self) -> int:
        """How many slots hold a token."""
        return self.n_slots - len(self._free)

    @property
    def n_free(self) -> int:
        """How many slots are left before tokens are given back."""
        return len(self._free)

    def begin_group(self) -> None:
        """From now on everything in the tree may be given back for what is added."""
        self._group += 1
        self._n_in_group = 0

    def add(self, prefix: list[int]) -> bool:
        """Name a slot for each token of a prefix, or change nothing and say no, if the group leaves no room for it.

        The first prefix of a group fits if it has at most `n_slots` tokens.
        """
        path, n_known, inside = self._walk(prefix)
        n_new = len(prefix) - n_known
        if n_new and path and inside < len(path[-1].tokens):
            path[-1] = self._split(path[-1], inside)
        self._touch(path)
        if self._n_in_group + n_new > self.n_slots:
            return False
        if n_new:
            self._make_room(n_new)
            slots = array("q", (self._free.pop() for _ in range(n_new)))
            leaf = path[-1] if path else self._root
            if leaf is self._root or leaf.children:
                child = Node(leaf, group=self._group)
                leaf.children[prefix[n_known]] = child
                self._by_use[child] = None
                self._touch(path)  # behind its new child
                leaf = child
            leaf.tokens += prefix[n_known:]
            leaf.slots += slots
            self._n_in_group += n_new
        return True

    def runs(self, prefixes: Sequence[list[int]], max_tokens: int) -> list[Run]:
        """What must be computed so that the last token of each prefix is; all of them were added to this group.

        Lower levels come first, and no run has more than `max_tokens`. The last token of a prefix is always computed,
        even if its keys and values are known.
        """
        new: dict[Node, list[Run]] = {}
        again: list[Run] = []
        for index, prefix in enumerate(prefixes):
            node, slots, level, position = self._root, array("q"), 0, 0
            while position < len(prefix):
                node = node.children[prefix[position]]
                slots += node.slots
                if node.n_filled < len(node.tokens):
                    if node not in new:
                        new[node] = _pieces(node.tokens[node.n_filled :], slots, level, max_tokens)
                    level = new[node][-1].level + 1
                position += len(node.tokens)
            place = len(prefix) - position + len(node.tokens) - node.n_filled - 1
            if place >= 0:
                new[node][place // max_tokens].wanted.append((place % max_tokens, index))
            else:
                again.append(Run(prefix[-1:], slots[: len(prefix)], 0, [(0, index)], is_new=False))
        return sorted([*again, *chain.from_iterable(new.values())], key=lambda run: run.level)

    def mark_filled(self, prefixes: Sequence[list[int]]) -> None:
        """The runs of these prefixes have been computed."""
        for prefix in prefixes:
            for node in self._walk(prefix)[0]:
                node.n_filled = len(node.tokens)

    def _walk(self, prefix: list[int]) -> tuple[list[Node], int, int]:
        """The nodes along a prefix, how many of its tokens they hold, and how many of those the last node."""
        node, path, position, inside = self._root, [], 0, 0
        while position < len(prefix):
            child = node.children.get(prefix[position])
            if child is None:
                break
            path.append(child)
            inside = _common_length(child.tokens, prefix, position)
            position += inside
            if inside < len(child.tokens):
                break
            node = child
        return path, position, inside

    def _split(self, node: Node, length: int) -> Node:
        """Cut a node in two; the new one holds its first `length` tokens."""
        parent = node.parent
        assert parent is not None
        head = Node(parent, node.tokens[:length], node.slots[:length], min(length, node.n_filled), group=node.group)
        head.children[node.tokens[length]] = node
        parent.children[node.tokens[0]] = head
        node.parent = head
        node.tokens = node.tokens[length:]
        node.slots = node.slots[length:]
        node.n_filled = max(0, node.n_filled - length)
        self._by_use[head] = None
        return head

    def _touch(self, path: list[Node]) -> None:
        """The nodes of a path count as used just now, and belong to the group."""
        for node in reversed(path):
            self._by_use.move_to_end(node)
            if node.group != self._group:
                node.group = self._group
                self._n_in_group += len(node.tokens)

    def _make_room(self, n_slots: int) -> None:
        while len(self._free) < n_slots:
            oldest = next(iter(self._by_use))
            assert not oldest.children
            assert oldest.group != self._group
            kept = max(0, len(oldest.tokens) - (n_slots - len(self._free)))
            self._free += oldest.slots[kept:]
            first = oldest.tokens[0]
            del oldest.tokens[kept:], oldest.slots[kept:]
            oldest.n_filled = min(oldest.n_filled, kept)
            if not kept:
                assert oldest.parent is not None
                del oldest.parent.children[first], self._by_use[oldest]


def _pieces(tokens: list[int], slots: array[int], level: int, max_tokens: int) -> list[Run]:
    """One run after the other for `tokens`, which are at the end of the text in `slots`."""
    before = len(slots) - len(tokens)
    ends = [min(first + max_tokens, len(tokens)) for first in range(0, len(tokens), max_tokens)]
    return [
        Run(tokens[place * max_tokens : end], slots[: before + end], level + place, [], is_new=True)
        for place, end in enumerate(ends)
    ]


def _common_length(tokens: list[int], prefix: list[int], start: int) -> int:
    """How many of `tokens` stand in `prefix` from `start` on."""
    stop = min(len(tokens), len(prefix) - start)
    if tokens[:stop] == prefix[start : start + stop]:
        return stop
    return next(i for i in range(stop) if tokens[i] != prefix[start + i])
