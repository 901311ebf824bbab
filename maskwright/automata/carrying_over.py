"""One configuration carried over from an arena that is full into an empty one, with all that it consists of.

A configuration is a small set of states and frames; states are found again because writing a rule is deterministic,
and frames, tuples and list states are interned anew, from the bottom of the stack up. Without recursion: stacks may be
a hundred thousand deep.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maskwright.automata._configurations import intern_configuration, items_of
from maskwright.automata._frames import (
    Ints,
    add_item,
    begin_items,
    intern_counter,
    intern_frame,
    intern_set,
    intern_tuple,
)
from maskwright.automata._layout import (
    COUNTER_MINIMUM,
    COUNTER_SIZE,
    END_FRAME,
    FRAME_PAIRS,
    FRAME_SIZE,
    IS_ACCEPTING,
    IS_COUNTER,
    IS_SET,
    LEXES,
    N_ITEMS,
    SCRATCH_ACCEPTING,
    SCRATCH_GROUPS,
    SCRATCH_PAIRS,
    SCRATCH_TUPLE,
    SET_N_WORDS,
    SET_WORDS,
)
from maskwright.automata._lexed_layout import (
    BLOCKS,
    GUARDS,
    IS_TUPLE,
    LIST,
    LIST_STATE_TUPLE,
    SCAN,
    SESSION,
    STACK,
    TUPLE_MEMO,
    TUPLE_SIZE,
    TUPLE_WORDS,
)
from maskwright.automata._lexing import entry_state, intern_list


class CarryingOver:
    """What has been carried over so far from the arena `old`.

    state_of: where something that was written from a source lies in the new arena. intern: calls an interning kernel
    with the new arena until it needs nothing more.
    """

    def __init__(self, old: Ints, scratch: Ints, state_of: Callable[[int], int], intern: Callable[..., int]) -> None:
        self._old = old
        self._scratch = scratch
        self._state_of = state_of
        self._intern = intern
        self._frame_of = {END_FRAME: END_FRAME, 0: 0}

    def configuration(self, kept: int) -> int:
        """Carry over a configuration; its offset in the new arena."""
        old = self._old
        n_items = int(old[kept + N_ITEMS])
        first = items_of(old, kept)
        items = old[first : first + 2 * n_items].reshape(n_items, 2).tolist()
        for state, frame in items:
            self._carry(frame)
            if old[state] & LEXES:
                self._carry(int(old[state + LIST_STATE_TUPLE]))
        moved = [(self._item_state(state), self._frame_of[frame]) for state, frame in items]
        begin_items(self._scratch)
        for state, frame in moved:
            add_item(self._scratch, state, frame)
        self._scratch[SCRATCH_ACCEPTING] = old[kept + IS_ACCEPTING]
        return self._intern(intern_configuration, self._scratch)

    def _item_state(self, state: int) -> int:
        if not self._old[state] & LEXES:
            return self._state_of(state)
        groups = int(self._old[state + LIST_STATE_TUPLE])
        program, *words = self._words_of(groups)[1:]
        self._scratch[SCRATCH_GROUPS : SCRATCH_GROUPS + len(words)] = words
        same = self._intern(intern_list, self._scratch, program, len(words) // 3)
        # The entry of a lexed language is a state of its own beside that of the list.
        return same if self._old[groups + TUPLE_MEMO] == state else self._intern(entry_state, same)

    def _carry(self, frame: int) -> None:
        """Make a frame or tuple in the new arena, after all that it names."""
        todo = [frame]
        while todo:
            if todo[-1] in self._frame_of:
                todo.pop()
            else:
                todo += self._make(todo[-1])

    def _make(self, frame: int) -> list[int]:
        """Make the frame in the new arena, or name the frames that must be made before."""
        old, frame_of = self._old, self._frame_of
        kind = int(old[frame + FRAME_SIZE])
        if kind == IS_TUPLE:
            missing = [named for named in self._named_by(frame) if named not in frame_of]
            if not missing:
                words = self._words_of(frame)
                self._scratch[SCRATCH_TUPLE : SCRATCH_TUPLE + len(words)] = words
                frame_of[frame] = self._intern(intern_tuple, self._scratch, len(words))
            return missing
        if kind == IS_COUNTER:
            minimum, maximum, count, parent = old[frame + COUNTER_MINIMUM : frame + COUNTER_SIZE].tolist()
            if parent not in frame_of:
                return [parent]
            frame_of[frame] = self._intern(intern_counter, minimum, maximum, count, frame_of[parent])
            return []
        if kind == IS_SET:
            n_words, parent = old[frame + SET_N_WORDS : frame + SET_WORDS].tolist()
            if parent not in frame_of:
                return [parent]
            # One word at a time, through the same kernel that first made it.
            copy = self._intern(intern_set, n_words, 0, -1, 0, frame_of[parent])
            for i, word in enumerate(old[frame + SET_WORDS : frame + SET_WORDS + n_words].tolist()):
                copy = self._intern(intern_set, n_words, copy + SET_WORDS, i, word, frame_of[parent])
            frame_of[frame] = copy
            return []
        pairs = old[frame + FRAME_PAIRS : frame + FRAME_PAIRS + 2 * kind].reshape(kind, 2).tolist()
        below = [parent for _, parent in pairs if parent not in frame_of]
        if not below:
            moved = sorted((self._state_of(state), frame_of[parent]) for state, parent in pairs)
            self._scratch[SCRATCH_PAIRS : SCRATCH_PAIRS + 2 * kind] = np.array(moved, dtype=np.int32).ravel()
            frame_of[frame] = self._intern(intern_frame, self._scratch, kind)
        return below

    def _tuple(self, frame: int) -> list[int]:
        n = int(self._old[frame + TUPLE_SIZE])
        words: list[int] = self._old[frame + TUPLE_WORDS : frame + TUPLE_WORDS + n].tolist()
        return words

    def _named_by(self, frame: int) -> list[int]:
        """The tuples that a tuple names."""
        kind, *words = self._tuple(frame)
        if kind == LIST:
            return words[1:]
        return {GUARDS: [], STACK: words[1:2], BLOCKS: words[1:], SESSION: words[:2], SCAN: []}[kind]

    def _words_of(self, frame: int) -> list[int]:
        """The words of a tuple in the new arena."""
        kind, *words = self._tuple(frame)
        frame_of, state_of = self._frame_of, self._state_of
        if kind == STACK:
            return [kind, words[0], frame_of[words[1]], state_of(words[2])]
        if kind == BLOCKS:
            return [kind, words[0], frame_of[words[1]]]
        if kind == SESSION:
            return [kind, frame_of[words[0]], frame_of[words[1]], *words[2:]]
        if kind == SCAN:
            return [kind, state_of(words[0]), words[1], *map(state_of, words[2:])]
        if kind == GUARDS:
            return [kind, *map(state_of, words)]
        return [kind, state_of(words[0]), *(frame_of[word] for word in words[1:])]
