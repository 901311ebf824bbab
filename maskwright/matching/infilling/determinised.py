"""A grammar determinised over tokens, as far as canvases need it: states are sets of stacks, letters classes of tokens.

A text leads to one set of stacks, however many ways there are to read it, so sums over ways through this automaton are
sums over texts, whether the grammar is ambiguous or not. It is finite where the grammar is regular after compilation;
otherwise only sets are made that some text of a canvas reaches and that lie on a way to its end, and there may be too
many (a set for each nesting of brackets): then `layers` says so and nobody sums.

Classes. Tokens are one class if no state made so far tells them apart; each state adds its part to a signature of every
token (64 bits at random for each of its edges), and equal signatures are equal classes up to a chance of 2**-64 for
each pair of classes.

Cost. A state takes a pass over the tokens that it reads: some milliseconds for a string and 128,000 tokens, once for
all canvases of the grammar. Which states a slot reaches is remembered by what it hangs on, so after a commit only slots
that changed are looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import BOTTOM, EMPTY
from maskwright.matching.infilling.chain import Link, ended
from maskwright.matching.infilling.effects import ALL
from maskwright.matching.infilling.stacks import Stacks
from maskwright.matching.infilling.symbols import DONE, SKIPPED

FEWEST_STATES, MOST_STATES = 512, 1 << 14
"""States that one grammar may have made, ever fewer the more tokens there are, as a state takes a pass over them."""
_TOKENS_TO_READ = 1 << 26
MOST_IN_LAYER = 4096
"""States between two slots; more means that texts are too different to be summed over."""

_NONE = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Where tokens lead from a state: int32[n] tokens, ascending; int32[n] indices into `targets`, sets of stacks."""

    tokens: NDArray[np.int32]
    edge_of: NDArray[np.int32]
    targets: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class ClassEdges:
    """The edges of all states by classes of tokens, for kernels.

    class_of: int32[size], the class of each token, -1 for tokens that no state reads. order: int32[m], the tokens that
    have classes, by class; bounds: int32[n_classes + 1], where each begins in it. first: int32[n_states + 1];
    classes, targets: int32[n_edges], the edges of state s being those from first[s] on. ends, blanks, plain: int32
    [n_states], the state behind an end token, behind a blank, and the one without what stays blank; -1 for none.
    """

    class_of: NDArray[np.int32]
    order: NDArray[np.int32]
    bounds: NDArray[np.int64]
    first: NDArray[np.int32]
    classes: NDArray[np.int32]
    targets: NDArray[np.int32]
    ends: NDArray[np.int32]
    blanks: NDArray[np.int32]
    plain: NDArray[np.int32]

    @property
    def n_classes(self) -> int:
        """How many classes of tokens there are."""
        return len(self.bounds) - 1


class Determinised:
    """The states made so far, of one epoch of the sets of stacks."""

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks
        self.epoch = stacks.epoch
        self.number_of: dict[int, int] = {}
        self.nodes: list[int] = []
        self._edges: dict[int, Edges] = {}
        self._signatures = np.zeros(stacks.token_effects.vocabulary.size, dtype=np.uint64)
        self._random = np.random.default_rng(8)
        size = stacks.token_effects.vocabulary.size
        self._most_states = max(FEWEST_STATES, min(MOST_STATES, _TOKENS_TO_READ // size))
        self._layers: dict[tuple[int, int, Link], int | None] = {}
        self._layer_of: dict[tuple[int, ...], int] = {}
        self._layer_states: list[tuple[int, ...]] = []
        self._by_class: ClassEdges | None = None

    def _number(self, node: int) -> int:
        number = self.number_of.get(node)
        if number is None:
            number = self.number_of[node] = len(self.nodes)
            self.nodes.append(node)
            self._by_class = None
        return number

    def layers(self, start: int, links: Sequence[Link], sets: Sequence[int]) -> list[tuple[int, ...]] | None:
        """The states between the slots of a canvas, by number; None where there are too many.

        start: the state before the first slot. sets: from where the slots to the right lead to the end (`chain`); only
        states with one of these stacks are of use.
        """
        layer = self._layer((start,))
        found = [layer]
        for link, target in zip(links, sets[1:], strict=False):
            key = (layer, target, link)
            if key not in self._layers:
                following = self._following(self._layer_states[layer], link, target)
                self._layers[key] = None if following is None else self._layer(following)
            known = self._layers[key]
            if known is None:
                return None
            layer = known
            found.append(layer)
        return [tuple(self.number_of[node] for node in self._layer_states[one]) for one in found]

    def _layer(self, nodes: Iterable[int]) -> int:
        states = tuple(sorted(set(nodes)))
        number = self._layer_of.get(states)
        if number is None:
            number = self._layer_of[states] = len(self._layer_states)
            self._layer_states.append(states)
            for node in states:
                self._number(node)
        return number

    def _following(self, nodes: tuple[int, ...], link: Link, target: int) -> set[int] | None:
        """The states behind a slot that are of use; None where there are too many."""
        stacks = self._stacks
        found: set[int] = set()
        tried: set[int] = set()
        for node in nodes:
            plain = stacks.below(node, SKIPPED)
            is_skipped = plain != EMPTY
            if is_skipped and link.begins:
                node, is_skipped = plain, False
                self._number(plain)
            if len(self.nodes) > self._most_states:
                return None
            reached: list[int] = []
            if link.may_be_blank:
                reached.append(node if is_skipped else stacks.push(SKIPPED, node))
            if not is_skipped:
                if link.may_end and ended(stacks, node) != EMPTY:
                    reached.append(stacks.push(DONE, BOTTOM))
                edges = self.edges(node)
                if link.letter == ALL:
                    reached += edges.targets
                elif link.letter:
                    named = stacks.token_effects.tokens_of_letter(link.letter)
                    read = np.unique(edges.edge_of[np.isin(edges.tokens, named)])
                    reached += [edges.targets[edge] for edge in read.tolist()]
            for one in reached:
                if one not in tried:
                    tried.add(one)
                    if stacks.meets(one, target):
                        found.add(one)
            if len(found) > MOST_IN_LAYER:
                return None
        return found

    def edges(self, node: int) -> Edges:
        """Where each token leads from a state."""
        known = self._edges.get(node)
        if known is None:
            known = self._edges[node] = self._read(node)
            self._number(node)
            bits = self._random.integers(1, 1 << 63, size=len(known.targets), dtype=np.uint64)
            if len(known.tokens):
                self._signatures[known.tokens] += bits[known.edge_of]
            self._by_class = None
        return known

    def _read(self, node: int) -> Edges:
        stacks, effects = self._stacks, self._stacks.token_effects
        targets = np.zeros(effects.vocabulary.size, dtype=np.int32)
        stacks.post(node, ALL)  # so that all is known that may lie below what is read here
        for symbol, below in stacks.tops(node):
            for tokens, words in effects.word_classes(symbol):
                into = EMPTY
                for word in words:
                    into = stacks.union(into, stacks.of_word(word, below))
                self._add(targets, tokens, into)
            for suffixes in stacks.suffix_groups(symbol, below):
                into = stacks.post(below, effects.letter_of_suffixes(suffixes[:1]))
                self._add(targets, effects.tokens_leaving(symbol, suffixes), into)
        tokens = np.flatnonzero(targets).astype(np.int32)
        distinct, edge_of = np.unique(targets[tokens], return_inverse=True)
        return Edges(tokens, edge_of.ravel().astype(np.int32), distinct.tolist())

    def _add(self, targets: NDArray[np.int32], tokens: NDArray[np.int32], into: int) -> None:
        """Let tokens lead into one set of stacks more."""
        if into == EMPTY or not len(tokens):
            return
        before = targets[tokens]
        if not before.any():
            targets[tokens] = into
            return
        for one in np.unique(before).tolist():
            targets[tokens[before == one]] = self._stacks.union(one, into)

    def by_class(self) -> ClassEdges:
        """The edges of all states by classes of tokens."""
        if self._by_class is None:
            self._by_class = self._sorted_by_class()
        return self._by_class

    def _sorted_by_class(self) -> ClassEdges:
        stacks = self._stacks
        used = np.flatnonzero(self._signatures)
        _, representative, class_of_used = np.unique(self._signatures[used], return_index=True, return_inverse=True)
        class_of = np.full(len(self._signatures), -1, dtype=np.int32)
        class_of[used] = class_of_used.ravel()
        order = used[np.argsort(class_of_used.ravel(), kind="stable")].astype(np.int32)
        bounds = np.searchsorted(class_of[order], np.arange(len(representative) + 1))
        representatives = used[representative]
        first, classes, targets = [0], [_NONE], [_NONE]
        n = len(self.nodes)
        ends, blanks, plain = (np.full(n, -1, dtype=np.int32) for _ in range(3))
        done = stacks.push(DONE, BOTTOM)
        for number, node in enumerate(self.nodes):
            edges = self._edges.get(node)
            count = 0
            if edges is not None and len(edges.tokens):
                at = np.searchsorted(edges.tokens, representatives)
                at[at == len(edges.tokens)] = 0
                read = np.flatnonzero(edges.tokens[at] == representatives)
                to = np.array([self.number_of.get(one, -1) for one in edges.targets], dtype=np.int32)
                reached = to[edges.edge_of[at[read]]]
                kept = reached >= 0
                classes.append(read[kept].astype(np.int32))
                targets.append(reached[kept])
                count = int(kept.sum())
            first.append(first[-1] + count)
            below = stacks.below(node, SKIPPED)
            plain[number] = self.number_of.get(below, -1) if below != EMPTY else number
            skipped = node if below != EMPTY else stacks.push(SKIPPED, node)
            blanks[number] = self.number_of.get(skipped, -1)
            if below == EMPTY and ended(stacks, node) != EMPTY:
                ends[number] = self.number_of.get(done, -1)
        return ClassEdges(
            class_of,
            order,
            bounds.astype(np.int64),
            np.array(first, dtype=np.int32),
            np.concatenate(classes),
            np.concatenate(targets),
            ends,
            blanks,
            plain,
        )
