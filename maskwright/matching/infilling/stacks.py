"""Sets of stacks of one grammar: the kernels of `automata.infilling`, with whatever they ask for.

One per compiled grammar, shared by all its canvases, under a lock. Memory only grows until it is full; then everything
is forgotten, `epoch` counts one up, and canvases find themselves again from their tokens. What does not fit even then
is tried with nodes that are not merged, and at last refused with an error, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.arena_pool import reserved
from maskwright.automata.infilling import _stack_sets as kernels
from maskwright.automata.infilling._layout import (
    BOTTOM,
    BUCKETS,
    EMPTY,
    ENDLESS,
    FIRST_NODE,
    FREE,
    FULL,
    GRAPH_BELOW,
    GRAPH_N_SYMBOLS,
    GRAPH_SYMBOLS,
    IS_MERGING,
    LIMIT,
    N_NEEDED,
    N_NODES,
    N_OPERATIONS,
    NEED_EFFECT,
    NODE_EDGES,
    NODE_HIGHEST,
    NODE_LOWEST,
    NODE_SIZE,
    SCRATCH,
    TOP,
)
from maskwright.automata.infilling._leading import endings, leading, note_pairs
from maskwright.automata.transition_network import ArenaFull, TransitionNetwork
from maskwright.errors import LimitExceeded, UnsupportedInCanvas
from maskwright.locks import Rank, shared_lock
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.infilling.effects import NOTHING, Outcome, TokenEffects
from maskwright.matching.infilling.symbols import Word
from maskwright.matching.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.matching.infilling.determinised import Determinised
    from maskwright.matching.infilling.slot_masks import SlotMask


Key = TypeVar("Key", bound=tuple[int, ...])

DEPTH = 24
"""How deep a mask looks: as deep as the longest run of closing brackets that is one token, and a little deeper. Masks
are right whatever it is; a smaller one would have to ask the exact sets more often."""
_MOST_REMEMBERED = 1 << 16
_LARGE_CLASS = 2048
"""A class of so many tokens is kept as a row of bits too."""


class SetsFull(Exception):
    """There is no room for more sets."""


class Stacks:
    """Operations on sets of stacks, which are ints; see `_stack_sets` for what each does."""

    def __init__(
        self,
        network: TransitionNetwork,
        vocabulary: Vocabulary,
        max_bytes: int,
        *,
        ignore_repetitions: bool = False,
        start: str | None = None,
        banned: Sequence[int] = (),
    ) -> None:
        self._start_rule = start
        self.lock = shared_lock(Rank.STACKS)
        self.epoch = -1
        self._network = network
        self._ignores_repetitions = ignore_repetitions
        self.token_effects = TokenEffects(network, vocabulary, banned)
        self.max_bytes = max_bytes
        self.masks: dict[tuple[bytes, tuple[int, ...], bool], SlotMask] = {}
        self.most_masks = max(256, max_bytes // 8 // (vocabulary.size // 8 + 500))
        n_words = FIRST_NODE + max_bytes // 4
        self._sets = reserved(n_words)
        self._alive = np.zeros((1 << 10, 2), dtype=np.int32)
        self._determinised: Determinised | None = None
        self._posts: dict[tuple[int, int], int] = {}
        self._pres: dict[tuple[int, int, int], int] = {}
        self._leadings: dict[tuple[int, int], int] = {}
        self._graph = np.zeros(GRAPH_SYMBOLS, dtype=np.int32)
        self._noted = FIRST_NODE
        self.begin_anew(is_merging=True)

    def begin_anew(self, *, is_merging: bool) -> None:
        """Forget all sets."""
        self.epoch += 1
        self._posts.clear()
        self._pres.clear()
        self._leadings.clear()
        sets = self._sets
        sets[:SCRATCH] = 0
        sets[FREE] = FIRST_NODE
        sets[LIMIT] = len(sets)
        self._noted = FIRST_NODE
        sets[TOP] = SCRATCH
        sets[IS_MERGING] = is_merging
        bottom = kernels.intern_node(sets, SCRATCH, 0, 1)
        assert bottom == BOTTOM and sets[BUCKETS] >= 0
        self.start = self.of_word(self.token_effects.symbols.start(self._start_rule), BOTTOM)

    @property
    def is_merging(self) -> bool:
        """Are equal sets one node?"""
        return bool(self._sets[IS_MERGING])

    @property
    def n_nodes(self) -> int:
        """How many nodes there are."""
        return int(self._sets[N_NODES])

    @property
    def n_symbols(self) -> int:
        """How many symbols were met so far."""
        return len(self.token_effects.symbols.ends)

    @property
    def n_operations(self) -> int:
        """How much work was done, in operations on nodes: the same wherever it is done."""
        return int(self._sets[N_OPERATIONS])

    @property
    def size_bytes(self) -> int:
        """Bytes in use."""
        return 4 * int(self._sets[FREE]) + self.token_effects.effects.nbytes

    def _run(self, kernel: Callable[..., int], *arguments: object) -> int:
        """Call `kernel(sets, effects, *arguments)` until it needs nothing more."""
        effects = self.token_effects
        while (code := kernel(self._sets, effects.effects, *arguments)) < 0:
            self._sets[TOP] = SCRATCH
            if code == FULL:
                raise SetsFull
            assert code == NEED_EFFECT, code
            self._provide()
        return int(code)

    def _provide(self) -> None:
        """Make the records that a kernel asked for."""
        try:
            self.token_effects.provide()
        except ArenaFull:
            raise LimitExceeded("The automaton of a canvas", asked=self.max_bytes + 1, allowed=self.max_bytes) from None
        if self._network.asks and not self._ignores_repetitions:
            raise UnsupportedInCanvas(
                "That values or names differ from their siblings",
                "close the objects (additionalProperties: false) and leave out uniqueItems, or pass ignore_repetitions",
            )

    def _do(self, kernel: Callable[..., int], *arguments: int) -> int:
        """Call `kernel(sets, *arguments)`."""
        self._sets[TOP] = SCRATCH
        code = kernel(self._sets, *arguments)
        if code < 0:
            raise SetsFull
        return int(code)

    def union(self, one: int, other: int) -> int:
        """The stacks of either set."""
        return self._do(kernels.union, one, other) if one != other else one

    def intersection(self, one: int, other: int) -> int:
        """The stacks of both."""
        return self._do(kernels.intersection, one, other) if one != other else one

    def meets(self, one: int, other: int) -> bool:
        """Is there a stack in both?"""
        return bool(self._do(kernels.meets, one, other))

    def push(self, symbol: int, node: int) -> int:
        """The stacks with one more symbol on top."""
        return self._do(kernels.push, symbol, node)

    def of_word(self, word: Word, node: int) -> int:
        """The stacks with a word on top."""
        for symbol in reversed(word):
            node = self.push(symbol, node)
        return node

    def spread(self, node: int) -> int:
        """How many symbols the highest stack of a set has more than its lowest."""
        return int(self._sets[node + NODE_HIGHEST] - self._sets[node + NODE_LOWEST]) if node != EMPTY else 0

    def not_deep(self, node: int) -> int:
        """The stacks of a set that are at most `DEPTH` symbols higher than its lowest one."""
        if node == EMPTY:
            return EMPTY
        return self._do(kernels.cut, node, int(self._sets[node + NODE_LOWEST]) + DEPTH)

    def below(self, node: int, symbol: int) -> int:
        """What lies below a symbol on top."""
        return self._do(kernels.below, node, symbol) if node != EMPTY else EMPTY

    def without(self, node: int, symbol: int) -> int:
        """The stacks without that symbol on top."""
        return self._do(kernels.without, node, symbol) if node != EMPTY else EMPTY

    def post(self, node: int, letter: int) -> int:
        """The stacks that a letter leads to."""
        if node == EMPTY:
            return EMPTY
        found = self._posts.get((node, letter))
        if found is None:
            found = self._remember(self._posts, (node, letter), self._run(kernels.post, node, letter))
        return found

    def _remember(self, results: dict[Key, int], key: Key, result: int) -> int:
        if len(results) >= _MOST_REMEMBERED:
            results.clear()
        results[key] = result
        return result

    def pre(self, node: int, letter: int, target: int) -> int:
        """The stacks from which a letter leads into the target."""
        if min(node, target) == EMPTY:
            return EMPTY
        key = (node, letter, target)
        found = self._pres.get(key)
        if found is None:
            found = self._remember(self._pres, key, self._run(kernels.pre, node, letter, target))
        return found

    def leading(self, letter: int, target: int) -> int | None:
        """The stacks, of all that may be, from which a letter leads into the target; None where they have no bound."""
        if target == EMPTY:
            return EMPTY
        known = self._leadings.get((letter, target))
        if known is None:
            found = self._unbounded(leading, letter, target)
            known = self._remember(self._leadings, (letter, target), -1 if found is None else found)
        return known if known >= 0 else None

    def endings(self) -> int | None:
        """All stacks of complete texts; None where they have no bound."""
        return self._unbounded(endings)

    def _unbounded(self, kernel: Callable[..., int], *arguments: int) -> int | None:
        effects = self.token_effects
        while True:
            code = kernel(self._sets, effects.effects, self._graph, *arguments)
            self._sets[TOP] = SCRATCH
            if code >= 0:
                return int(code)
            if code == FULL:
                raise SetsFull
            if code == ENDLESS and not effects.effects[N_NEEDED]:
                return None
            self._provide()
            self.take_notice()

    def take_notice(self) -> None:
        """Note which symbols lie below which in the sets made since the last time."""
        n_symbols = len(self.token_effects.symbols.ends)
        n_words = (n_symbols + 31) // 32
        graph = self._graph
        if n_symbols > int(graph[GRAPH_N_SYMBOLS]):
            old_symbols, old_words = graph[:GRAPH_SYMBOLS].tolist()
            larger = np.zeros((n_symbols, GRAPH_BELOW + n_words), dtype=np.int32)
            rows = graph[GRAPH_SYMBOLS:].reshape(old_symbols, GRAPH_BELOW + old_words)
            larger[:old_symbols, : GRAPH_BELOW + old_words] = rows
            self._graph = graph = np.concatenate([np.array([n_symbols, n_words], dtype=np.int32), larger.ravel()])
        end = int(self._sets[FREE])
        if note_pairs(self._sets, self._noted, end, graph):
            self._leadings.clear()  # they may have more stacks now
        self._noted = end

    def ending(self, node: int) -> int:
        """The stacks of complete texts."""
        self._sets[TOP] = SCRATCH
        return self._run(kernels.ending, node) if node != EMPTY else EMPTY

    def alive(self, node: int, letter: int, target: int) -> bytes:
        """The classes of tokens that lead from a set into the target: int32 pairs (exits, number) as bytes."""
        if min(node, target) == EMPTY:
            return b""
        while True:
            try:
                return self._alive[: self._run(kernels.alive, node, letter, target, self._alive)].tobytes()
            except SetsFull:
                if len(self._alive) > 1 << 22:
                    raise
                self._alive = np.zeros((4 * len(self._alive), 2), dtype=np.int32)

    def row_of(self, classes: bytes, named: Sequence[int]) -> NDArray[np.int32]:
        """int32[ceil(size / 32)]: the mask of the tokens of classes that `alive` has found, and of some by name."""
        effects = self.token_effects
        flags = np.zeros(32 * n_mask_words(effects.vocabulary.size), dtype=np.uint8)
        large: list[NDArray[np.int32]] = []
        for exits, number in np.frombuffer(classes, dtype=np.int32).reshape(-1, 2).tolist():
            tokens = effects.tokens_of(exits, number)
            if len(tokens) < _LARGE_CLASS:
                flags[tokens] = 1
            else:
                large.append(effects.row_of(exits, number))
        flags[list(named)] = 1
        row = np.packbits(flags, bitorder="little").view(np.int32)
        for other in large:
            row |= other
        return row

    def edges(self, node: int) -> list[tuple[int, int]]:
        """The symbols that a set's stacks have on top, each with what lies below it."""
        if node == EMPTY:
            return []
        n = int(self._sets[node + NODE_SIZE])
        return [(symbol, under) for symbol, under in self._sets[node + NODE_EDGES :][: 2 * n].reshape(-1, 2).tolist()]

    def tops(self, node: int) -> list[tuple[int, int]]:
        """The same with the symbols that may be read because those above them may end."""
        found: dict[tuple[int, int], None] = {}
        todo, met = [node], {node}
        while todo:
            for symbol, under in self.edges(todo.pop()):
                found[symbol, under] = None
                if self.token_effects.symbols.ends[symbol] and under not in met:
                    met.add(under)
                    todo.append(under)
        return list(found)

    def suffix_groups(self, symbol: int, under: int) -> list[list[int]]:
        """The suffixes that tokens leave when the symbol ends, those together that do the same to what lies below."""
        effects = self.token_effects
        suffixes = effects.suffixes_of(symbol)
        alike: dict[int, list[tuple[int, int, Outcome]]] = {suffix: [] for suffix in suffixes}
        for top, deeper in self.tops(under):
            for suffix, outcome in zip(suffixes, effects.outcomes_of_suffixes(top, suffixes), strict=True):
                if outcome != NOTHING:
                    alike[suffix].append((top, deeper, outcome))
        groups: dict[tuple[tuple[int, int, Outcome], ...], list[int]] = {}
        for suffix, outcomes in alike.items():
            if outcomes:
                groups.setdefault(tuple(outcomes), []).append(suffix)
        return list(groups.values())

    @property
    def determinised(self) -> Determinised:
        """The grammar determinised over tokens, as far as it was needed in this epoch."""
        from maskwright.matching.infilling.determinised import Determinised

        if self._determinised is None or self._determinised.epoch != self.epoch:
            self._determinised = Determinised(self)
        return self._determinised
