"""Kernels for `interiors`: an automaton as a table over letters, states that read alike, and tokens sorted by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, REFUSED

Ints = NDArray[np.int32]

CLOSED, OTHERWISE = 1, 2
"""What `write_rows` met, as bits: edges that close, and edges to an accepting state that do not."""


@kernel
def write_rows(
    edge_start: Ints,
    edges: Ints,
    edge_unit: NDArray[np.int8],
    links: Ints,
    first: int,
    letter_of: Ints,
    accepting: NDArray[np.bool_],
    successor: Ints,
    unit: NDArray[np.uint8],
    closes: NDArray[np.bool_],
) -> int:
    """Write the rows of one automaton, from row `first` on, over those of its bases; what was met, as bits.

    links: int32[n], the rows of linked states. letter_of: int32[256], ascending. accepting: bool[n_rows]. Written:
    successor int32[n_rows, n_letters], -1 for a letter that is refused or closes; unit uint8[n_rows, n_letters], 1
    where one begins; closes bool[n_letters].
    """
    met = 0
    for state in range(edge_start.size - 1):
        for edge in range(edge_start[state], edge_start[state + 1]):
            target = edges[edge, 2]
            row = -1
            if target >= 0:
                row = first + target
            elif target != REFUSED:
                row = links[-1 - target]
            is_closing = row >= 0 and edge_unit[edge] == CLOSES
            if is_closing:
                met |= CLOSED
            elif row >= 0 and accepting[row]:
                met |= OTHERWISE
            for letter in range(letter_of[edges[edge, 0]], letter_of[edges[edge, 1]] + 1):
                successor[first + state, letter] = -1 if is_closing else row
                unit[first + state, letter] = row >= 0 and edge_unit[edge] == BEGINS_UNIT
                if is_closing:
                    closes[letter] = True
    return met


@kernel
def reads_alike(begin: Ints, runs: Ints, block: Ints, one: int, other: int) -> bool:
    """Do two states read the same letters, to states of the same blocks?"""
    i, end = begin[one], begin[one + 1]
    j, other_end = begin[other], begin[other + 1]
    reached, other_reached = 0, 0
    while i < end or j < other_end:
        letter = min(runs[i, 0] if i < end else 256, runs[j, 0] if j < other_end else 256)
        if i < end and runs[i, 0] == letter:
            reached = 2 * block[runs[i, 1]] + runs[i, 2] if runs[i, 1] >= 0 else -1
            i += 1
        if j < other_end and runs[j, 0] == letter:
            other_reached = 2 * block[runs[j, 1]] + runs[j, 2] if runs[j, 1] >= 0 else -1
            j += 1
        if reached != other_reached:
            return False
    return True


@allocating_kernel
def merge_by_depth(successor: Ints, unit: NDArray[np.uint8], reserve: Ints, blocks: Ints) -> None:
    """Number the blocks of states that no word of at most `depth` letters tells apart, for each depth.

    Moore's rounds, as many as are asked for, where each looks only at states that have a successor whose block has
    just changed. Of a block, those that were not looked at stay; the others leave it (a new number of a successor is
    unlike all old ones), or, if all were looked at, one group of them stays. Rows are read as runs of letters.

    reserve: int32[n], what tells states apart at depth 0. blocks: int32[depth + 1, n], written.
    """
    n, k = successor.shape
    n_slots = 64
    while n_slots < 2 * n:
        n_slots *= 2
    slots = np.empty(n_slots, np.int32)
    # runs[begin[s]:begin[s + 1]]: (first letter, successor, unit), those that are refused too; few of so many
    runs = np.empty((n * k, 3), np.int32)
    begin = np.zeros(n + 1, np.int32)
    entered = np.zeros(n + 2, np.int32)
    n_runs = 0
    for s in range(n):
        begin[s] = n_runs
        last, last_unit = -2, 0
        for c in range(k):
            t, u = successor[s, c], unit[s, c]
            if t != last or u != last_unit:
                last, last_unit = t, u
                runs[n_runs, 0] = c
                runs[n_runs, 1] = t
                runs[n_runs, 2] = u
                n_runs += 1
                if t >= 0:
                    entered[t + 2] += 1
    begin[n] = n_runs
    # before[entered[t]:entered[t + 1]]: the states that lead to t
    for s in range(n):
        entered[s + 2] += entered[s + 1]
    before = np.empty(max(1, entered[n + 1]), np.int32)
    for s in range(n):
        for i in range(begin[s], begin[s + 1]):
            t = runs[i, 1]
            if t >= 0:
                before[entered[t + 1]] = s
                entered[t + 1] += 1
    # depth 0
    slots[:] = -1
    n_blocks = 0
    size = np.zeros(n + 1, np.int32)
    for s in range(n):
        slot = (int(reserve[s]) * 0x9E3779B1 >> 7) & (n_slots - 1)
        while slots[slot] >= 0 and reserve[slots[slot]] != reserve[s]:
            slot = (slot + 1) & (n_slots - 1)
        if slots[slot] < 0:
            slots[slot] = s
            blocks[0, s] = n_blocks
            n_blocks += 1
        else:
            blocks[0, s] = blocks[0, slots[slot]]
        size[blocks[0, s]] += 1
    todo = np.empty(n, np.int32)
    for s in range(n):
        todo[s] = s
    n_todo = n
    n_looked_at = np.zeros(n + 1, np.int32)
    group_of = np.empty(n, np.int32)  # the first state that is like this one
    is_marked = np.zeros(n, np.bool_)
    for depth in range(1, blocks.shape[0]):
        old, new = blocks[depth - 1], blocks[depth]
        new[:] = old
        slots[:] = -1
        for i in range(n_todo):
            s = todo[i]
            n_looked_at[old[s]] += 1
            digest, reached = np.int64(old[s]), np.int64(0)
            for j in range(begin[s], begin[s + 1]):
                t = runs[j, 1]
                following = np.int64(2 * old[t] + runs[j, 2] if t >= 0 else -1)
                if following != reached:
                    digest = (digest * 0x9E3779B1 + runs[j, 0] + 256 * (following + 1)) & 0x7FFFFFFF
                    reached = following
            slot = int((digest ^ (digest >> 15)) & (n_slots - 1))
            while slots[slot] >= 0:
                other = slots[slot]
                if old[other] == old[s] and reads_alike(begin, runs, old, other, s):
                    break
                slot = (slot + 1) & (n_slots - 1)
            if slots[slot] < 0:
                slots[slot] = s
            group_of[s] = slots[slot]
        n_changed = 0
        for i in range(n_todo):
            s = todo[i]
            leader = group_of[s]
            if leader != s:
                new[s] = new[leader]
            elif n_looked_at[old[s]] == size[old[s]]:
                n_looked_at[old[s]] = -1  # this group stays
            else:
                new[s] = n_blocks
                n_blocks += 1
        for i in range(n_todo):
            s = todo[i]
            n_looked_at[old[s]] = 0
            if new[s] != old[s]:
                size[old[s]] -= 1
                size[new[s]] += 1
                todo[n_changed] = s
                n_changed += 1
        # The next to be looked at are those before a changed one.
        changed = todo[:n_changed].copy()
        n_todo = 0
        for i in range(n_changed):
            for j in range(entered[changed[i]], entered[changed[i] + 1]):
                s = before[j]
                if not is_marked[s]:
                    is_marked[s] = True
                    todo[n_todo] = s
                    n_todo += 1
        for i in range(n_todo):
            is_marked[todo[i]] = False


@allocating_kernel
def unrolled(
    successor: Ints,
    unit: NDArray[np.uint8],
    reserve: Ints,
    blocks: Ints,
    letters: Ints,
    start: int,
    number: Ints,
    pairs: Ints,
    words: Ints,
) -> int:
    """What can be read from a state in `depth` letters, written in a form that only depends on that: its size, or -1.

    The pairs (letters left, block) are numbered as they are discovered, and written in this order: the reserve, then
    for each run of bytes that are alike its first byte and 0, or what they lead to and whether a unit begins.

    letters: int32[n_letters], their first bytes. number: int32[depth + 1, n_blocks], all -1. pairs: int32[n, 2],
    working memory. words: int32[m], written. What does not fit into the last two is too much.
    """
    depth, k = blocks.shape[0] - 1, successor.shape[1]
    pairs[0, 0] = depth
    pairs[0, 1] = start
    number[depth, blocks[depth, start]] = 0
    n, i, size = 1, 0, 0
    while i < n:
        left, state = pairs[i, 0], pairs[i, 1]
        if size + 2 + 2 * k > words.size or n + k > pairs.shape[0]:
            return -1
        words[size] = -1 - reserve[state]
        size += 1
        last = 0
        for c in range(k if left > 0 else 0):
            target = successor[state, c]
            reached = 0
            if target >= 0:
                block = blocks[left - 1, target]
                if number[left - 1, block] < 0:
                    number[left - 1, block] = n
                    pairs[n, 0] = left - 1
                    pairs[n, 1] = target
                    n += 1
                reached = 2 * number[left - 1, block] + unit[state, c]
            if reached != last:
                words[size] = letters[c]
                words[size + 1] = reached
                size += 2
                last = reached
        i += 1
    return size


@allocating_kernel
def sort_below(
    nodes: Ints,
    successor: Ints,
    unit: NDArray[np.uint8],
    reserve: Ints,
    letter_of: Ints,
    start: int,
    depth: int,
    units: NDArray[np.int16],
) -> None:
    """Which tokens of a trie, of at most `depth` bytes, are never refused, and how many units they ask for.

    nodes: int32[n_nodes, 6] as in `token_trie`. units: int16[n_tokens] by place in the trie, all -1; written: the
    units that a token begins and those that must follow it.
    """
    stack = np.empty((depth, 4), np.int32)
    level = 0
    at, end = nodes[0, 1], nodes[0, 2]
    state, count = np.int32(start), np.int32(0)
    while True:
        if at == end:
            if level == 0:
                return
            level -= 1
            at, end, state, count = stack[level, 0], stack[level, 1], stack[level, 2], stack[level, 3]
            continue
        child = at
        at += 1
        letter = letter_of[nodes[child, 0]]
        target = successor[state, letter]
        if target < 0:
            continue
        counted = np.int32(count + unit[state, letter])
        for i in range(nodes[child, 3], nodes[child, 4]):
            units[i] = counted + reserve[target]
        if level + 1 < depth and nodes[child, 1] < nodes[child, 2]:
            stack[level, 0] = at
            stack[level, 1] = end
            stack[level, 2] = state
            stack[level, 3] = count
            level += 1
            at, end, state, count = nodes[child, 1], nodes[child, 2], target, counted
