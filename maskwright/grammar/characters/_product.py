"""Kernels over pairs and rows of transition tables: products of automata, and rows with the same pattern of targets.

Tables: `transitions` int32[n_states, n_classes] with -1 for no transition, start state 0. Both use hash tables with
open addressing that grow, so their cost is linear in what is reached, not in what might be. Where all pairs of states
are few, an array has a place for each, nothing grows, and a product takes a quarter of the time: 7 ms for 43,000 states
of 20 classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

FEW_PAIRS = 1 << 20
"""Pairs of states for which there is an array: 8 MB, of which only the places of reached ones are touched twice."""


@allocating_kernel
def has_common_member(
    left: Ints, right: Ints, pair_left: Ints, pair_right: Ints, in_left: Bools, in_right: Bools
) -> bool:
    """Do two automata accept a common text?  Looks at pairs of states as `product` does, until one accepts."""
    n_right = right.shape[0]
    seen = np.zeros(left.shape[0] * n_right, np.bool_)
    todo = np.empty(left.shape[0] * n_right, np.int32)
    todo[0] = 0
    seen[0] = True
    n_todo = 1
    while n_todo > 0:
        n_todo -= 1
        a, b = todo[n_todo] // n_right, todo[n_todo] % n_right
        if in_left[a] and in_right[b]:
            return True
        for c in range(pair_left.size):
            if pair_left[c] >= 0 and pair_right[c] >= 0:
                x = left[a, pair_left[c]]
                y = right[b, pair_right[c]]
                if x >= 0 and y >= 0 and not seen[x * n_right + y]:
                    seen[x * n_right + y] = True
                    todo[n_todo] = x * n_right + y
                    n_todo += 1
    return False


NO_PAIR = 0
"""What stands for the pair of two dead states."""


@kernel
def _pair_after(
    left: Ints, right: Ints, a: int, b: int, left_class: int, right_class: int, needs_left: bool, needs_right: bool
) -> int:
    """The pair that follows (a, b), as (left state + 1) * (number of right states + 1) + right state + 1."""
    x = left[a, left_class] if a >= 0 and left_class >= 0 else -1
    y = right[b, right_class] if b >= 0 and right_class >= 0 else -1
    if (x < 0 and (y < 0 or needs_left)) or (y < 0 and needs_right):
        return NO_PAIR
    key: int = np.int64(x + 1) * (right.shape[0] + 1) + (y + 1)
    return key


@allocating_kernel
def product(
    left: Ints, right: Ints, pair_left: Ints, pair_right: Ints, needs_left: bool, needs_right: bool, limit: int
) -> tuple[Ints, Ints, int]:
    """Reachable pairs of states and their transitions.

    left, right: tables; column c of the product reads column pair_left[c] and pair_right[c] of them (-1: no column).
    A side that has no transition is in its dead state -1; a pair is no transition if both sides are dead, or a side
    that is needed (by an intersection or a difference).
    Returns the table, the pairs (left state, right state), and how many of the rows of both are meant: 0 if there are
    more than `limit`. (Slicing is left to the caller: it would triple the time to compile this.)
    """
    if np.int64(left.shape[0] + 1) * (right.shape[0] + 1) <= FEW_PAIRS:
        return _product_of_few(left, right, pair_left, pair_right, needs_left, needs_right, limit)
    return _product_of_many(left, right, pair_left, pair_right, needs_left, needs_right, limit)


@allocating_kernel
def _product_of_few(
    left: Ints, right: Ints, pair_left: Ints, pair_right: Ints, needs_left: bool, needs_right: bool, limit: int
) -> tuple[Ints, Ints, int]:
    """The same with a place for each pair that there might be: first the pairs are found, then the table is filled."""
    n_right = right.shape[0] + 1
    k = pair_left.size
    number_of = np.full((left.shape[0] + 1) * n_right, -1, np.int32)
    keys = np.empty(number_of.size, np.int32)
    keys[0] = n_right + 1
    number_of[keys[0]] = 0
    size = 1
    i = 0
    while i < size:
        a, b = keys[i] // n_right - 1, keys[i] % n_right - 1
        for c in range(k):
            key = _pair_after(left, right, a, b, pair_left[c], pair_right[c], needs_left, needs_right)
            if key != NO_PAIR and number_of[key] < 0:
                number_of[key] = size
                keys[size] = key
                size += 1
        i += 1
    if size > limit:
        return np.empty((0, k), np.int32), np.empty((0, 2), np.int32), 0
    pairs = np.empty((size, 2), np.int32)
    table = np.empty((size, k), np.int32)
    for i in range(size):
        a, b = keys[i] // n_right - 1, keys[i] % n_right - 1
        pairs[i, 0] = a
        pairs[i, 1] = b
        for c in range(k):
            table[i, c] = number_of[
                _pair_after(left, right, a, b, pair_left[c], pair_right[c], needs_left, needs_right)
            ]
    return table, pairs, size


@allocating_kernel
def _product_of_many(
    left: Ints, right: Ints, pair_left: Ints, pair_right: Ints, needs_left: bool, needs_right: bool, limit: int
) -> tuple[Ints, Ints, int]:
    """The same with a hash table of the pairs that are reached."""
    n_right = right.shape[0] + 1
    k = pair_left.size
    capacity = 64
    n_slots = 256
    slot_key = np.full(n_slots, -1, np.int64)
    slot_value = np.zeros(n_slots, np.int32)
    pairs = np.empty((capacity, 2), np.int32)
    table = np.empty((capacity, k), np.int32)
    pairs[0, 0] = 0
    pairs[0, 1] = 0
    key = np.int64(1) * n_right + 1
    slot = (key * 0x9E3779B1 >> 7) & (n_slots - 1)
    slot_key[slot] = key
    size = 1
    i = 0
    while i < size:
        a, b = pairs[i, 0], pairs[i, 1]
        for c in range(k):
            key = _pair_after(left, right, a, b, pair_left[c], pair_right[c], needs_left, needs_right)
            if key == NO_PAIR:
                table[i, c] = -1
                continue
            slot = (key * 0x9E3779B1 >> 7) & (n_slots - 1)
            while slot_key[slot] >= 0 and slot_key[slot] != key:
                slot = (slot + 1) & (n_slots - 1)
            if slot_key[slot] == key:
                table[i, c] = slot_value[slot]
                continue
            if size >= limit:
                return table, pairs, 0
            slot_key[slot] = key
            slot_value[slot] = size
            table[i, c] = size
            if size == capacity:
                wider = np.empty((2 * capacity, 2), np.int32)
                higher = np.empty((2 * capacity, k), np.int32)
                for s in range(size):
                    wider[s, 0] = pairs[s, 0]
                    wider[s, 1] = pairs[s, 1]
                    for d in range(k):
                        higher[s, d] = table[s, d]
                pairs = wider
                table = higher
                capacity *= 2
            pairs[size, 0] = key // n_right - 1
            pairs[size, 1] = key % n_right - 1
            size += 1
            if 3 * size > n_slots:
                n_slots *= 4
                old_key, old_value = slot_key, slot_value
                slot_key = np.full(n_slots, -1, np.int64)
                slot_value = np.zeros(n_slots, np.int32)
                for s in range(old_key.size):
                    if old_key[s] >= 0:
                        slot = (old_key[s] * 0x9E3779B1 >> 7) & (n_slots - 1)
                        while slot_key[slot] >= 0:
                            slot = (slot + 1) & (n_slots - 1)
                        slot_key[slot] = old_key[s]
                        slot_value[slot] = old_value[s]
        i += 1
    return table, pairs, size


@allocating_kernel
def row_patterns(transitions: Ints, accepting: Bools, universal: int) -> tuple[Ints, Ints, Ints, int]:
    """Group states by which of their classes lead to the same state, and by acceptance.

    Returns pattern_of int32[n_states] (the universal state: -1), slots int32[n_states, n_classes] (-1 dead, -2
    universal, else numbered by first occurrence), targets int32[n_states, n_classes] (the state of each slot), and
    the number of patterns.
    """
    n, k = transitions.shape
    slots = np.empty((n, k), np.int32)
    targets = np.zeros((n, k), np.int32)
    pattern_of = np.full(n, -1, np.int32)
    slot_of = np.full(n, -1, np.int32)
    n_buckets = 64
    while n_buckets < 2 * n:
        n_buckets *= 2
    bucket = np.full(n_buckets, -1, np.int32)
    n_patterns = 0
    for s in range(n):
        if s == universal:
            continue
        n_slots = 0
        digest = np.int64(accepting[s])
        for c in range(k):
            t = transitions[s, c]
            if t < 0:
                slot = np.int32(-1)
            elif t == universal:
                slot = np.int32(-2)
            else:
                if slot_of[t] < 0:
                    slot_of[t] = n_slots
                    targets[s, n_slots] = t
                    n_slots += 1
                slot = slot_of[t]
            slots[s, c] = slot
            digest = (digest * 31 + slot + 3) & 0x3FFFFFFFFFF
        for i in range(n_slots):
            slot_of[targets[s, i]] = -1
        b = (digest ^ (digest >> 15)) & (n_buckets - 1)
        while True:
            other = bucket[b]
            if other < 0:
                bucket[b] = s
                pattern_of[s] = n_patterns
                n_patterns += 1
                break
            same = accepting[other] == accepting[s]
            for c in range(k):
                if slots[other, c] != slots[s, c]:
                    same = False
                    break
            if same:
                pattern_of[s] = pattern_of[other]
                break
            b = (b + 1) & (n_buckets - 1)
    return pattern_of, slots, targets, n_patterns
