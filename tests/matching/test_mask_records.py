"""Masks while they are found, kept and written again: what sets of tokens say."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from maskwright.automata._layout import MASK, MAX_FOUND, N_ROWS, SCRATCH_IS_DENSE
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.ir import Grammar
from maskwright.matching._mask_records import (
    add_kept,
    add_row,
    begin_mask,
    drop_taken,
    emit,
    hash_row,
    is_list,
    keep_mask,
    settle,
    take_away,
    write_mask,
)
from maskwright.matching.bitmask import allowed_tokens, packed_row

FIRST_TABLE = 16
N_TABLES = 3


@dataclass
class Found:
    """A mask by its definition: dense tokens | (base - taken) | added."""

    base: set[int] | None = None
    dense: set[int] = field(default_factory=set)
    added: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    @property
    def tokens(self) -> set[int]:
        return self.dense | ((self.base or set()) - self.taken) | self.added


class Setting:
    """An arena, rows of a vocabulary, and a store of rows."""

    def __init__(self, n_tokens: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.n_tokens = n_tokens
        self.n_words = (n_tokens + 31) // 32
        self.network = TransitionNetwork(prepare(Grammar.from_text("a")), max_token_length=1, max_bytes=8 << 20)
        self.sets = [{token for token in range(n_tokens) if self.chance.random() < share} for share in (0.5, 0.9, 0.05)]
        self.sets[0] |= {0, n_tokens - 1}
        self.tables = np.zeros(FIRST_TABLE + N_TABLES * self.n_words, np.int32)
        for number, tokens in enumerate(self.sets):
            begin = self.offset(number)
            self.tables[begin : begin + self.n_words] = self.packed(tokens)
        self.rows = np.full((40, self.n_words), 0x5A5A5A5A, np.int32)  # what was there before must not matter

    def offset(self, number: int) -> int:
        return FIRST_TABLE + number * self.n_words

    def packed(self, tokens: set[int]) -> np.ndarray:
        flags = np.zeros(self.n_tokens, bool)
        flags[list(tokens)] = True
        return packed_row(flags)

    @property
    def row(self) -> np.ndarray:
        return self.rows[self.network.arena[N_ROWS]]

    def begin(self) -> Found:
        begin_mask(self.network.scratch, self.row)
        return Found()

    def emit(self, found: Found, token: int) -> None:
        emit(self.network.scratch, self.row, token)
        found.added.add(token)

    def add_row(self, found: Found, number: int) -> None:
        add_row(self.network.scratch, self.tables, self.offset(number), self.row)
        if found.base is None:
            found.base = self.sets[number]
        elif found.base is not self.sets[number] or found.taken:
            found.dense |= self.sets[number]

    def take(self, found: Found, token: int) -> None:
        take_away(self.network.scratch, self.row, token)
        found.taken.add(token)

    def kept(self) -> int:
        configuration = self.network.place(np.zeros(64, np.int32))
        code = keep_mask(self.network.arena, self.network.scratch, self.tables, self.rows, configuration)
        assert code == 0
        return int(self.network.arena[configuration + MASK])

    def written(self, mask: int) -> set[int]:
        out = np.full(self.n_words, -1, np.int32)
        write_mask(self.network.arena, self.tables, self.rows, mask, out)
        return set(allowed_tokens(out, 32 * self.n_words).tolist())


@pytest.mark.no_jit
@pytest.mark.parametrize("seed", range(30))
def test_what_is_kept_is_what_was_found(seed: int) -> None:
    setting = Setting(200, seed)
    chance = setting.chance
    kept: list[tuple[int, set[int]]] = []
    for _ in range(12):
        found = setting.begin()
        numbers = [] if chance.random() < 0.3 else chance.choices(range(N_TABLES), k=chance.randrange(1, 3))
        for _ in range(chance.randrange(20)):
            what = chance.random()
            if what < 0.5:
                setting.emit(found, chance.randrange(200))
            elif what < 0.75 and numbers:
                setting.add_row(found, numbers.pop())
            elif found.base and not found.dense:
                setting.take(found, chance.choice(sorted(found.base)))
        wanted = set(found.tokens)
        if chance.random() < 0.2:
            settle(setting.network.scratch, setting.tables, setting.row)
            assert set(allowed_tokens(setting.row, 224).tolist()) == wanted
        mask = setting.kept()
        assert setting.written(mask) == wanted
        assert is_list(setting.network.arena, mask) == (found.base is None and mask > 0)
        kept.append((mask, wanted))
    for mask, wanted in kept:  # none was overwritten by a later one
        assert setting.written(mask) == wanted


@pytest.mark.no_jit
def test_equal_rows_are_kept_once() -> None:
    setting = Setting(200, 1)
    masks = []
    for last in (7, 7, 8):
        found = setting.begin()
        setting.add_row(found, 0)
        setting.add_row(found, 2)
        setting.emit(found, last)
        masks.append(setting.kept())
    expected = setting.sets[0] | setting.sets[2]
    assert [setting.written(mask) for mask in masks] == [expected | {7}, expected | {7}, expected | {8}]
    assert masks[0] == masks[1]
    assert int(setting.network.arena[N_ROWS]) == len({frozenset(setting.written(mask)) for mask in masks})


@pytest.mark.no_jit
def test_more_than_a_list_holds_becomes_a_row() -> None:
    n_tokens = MAX_FOUND + 70
    setting = Setting(n_tokens, 2)
    found = setting.begin()
    for token in range(MAX_FOUND):
        setting.emit(found, token)
    assert not setting.network.scratch[SCRATCH_IS_DENSE]
    setting.emit(found, n_tokens - 1)
    assert setting.network.scratch[SCRATCH_IS_DENSE]
    setting.take(found, 5)  # nothing is a base here, so it goes from all that was found
    mask = setting.kept()
    assert mask < 0
    assert setting.written(mask) == (set(range(MAX_FOUND)) | {n_tokens - 1}) - {5}


@pytest.mark.no_jit
@pytest.mark.parametrize("has_base", [False, True])
def test_what_was_taken_is_dropped_from_the_first_ones_only(has_base: bool) -> None:
    setting = Setting(200, 3)
    found = setting.begin()
    if has_base:
        setting.add_row(found, 0)
    for token in (3, 0, 199, 64):
        setting.emit(found, token)
    for token in (0, 64, 65):
        setting.take(found, token)
    setting.emit(found, 100)
    drop_taken(setting.network.scratch, setting.row, 4)
    expected = {3, 199, 100} | ((setting.sets[0] - {0, 64, 65}) if has_base else set())
    assert setting.written(setting.kept()) == expected


@pytest.mark.no_jit
def test_a_mask_that_was_kept_is_added_to_another() -> None:
    setting = Setting(200, 4)
    spare = np.zeros(setting.n_words, np.int32)
    lists, based = setting.begin(), None
    for token in (1, 77):
        setting.emit(lists, token)
    listed = setting.kept()
    based = setting.begin()
    setting.add_row(based, 0)
    setting.take(based, 0)
    with_base = setting.kept()
    for mask, tokens in ((listed, {1, 77}), (with_base, setting.sets[0] - {0})):
        found = setting.begin()
        setting.emit(found, 5)
        network = setting.network
        add_kept(network.arena, network.scratch, setting.tables, setting.rows, mask, setting.row, spare)
        assert bool(network.scratch[SCRATCH_IS_DENSE]) == (mask == with_base)
        assert setting.written(setting.kept()) == tokens | {5}


@pytest.mark.no_jit
@pytest.mark.parametrize("n_words", [1, 3, 4, 5, 8, 127])
def test_hashes_of_rows_that_differ_in_a_bit_differ(n_words: int) -> None:
    chance = np.random.default_rng(n_words)
    row = chance.integers(-(1 << 31), 1 << 31, n_words).astype(np.int32)
    hashes = {int(hash_row(row))}
    for word in range(n_words):
        for bit in (0, 13):
            other = row.copy()
            other[word] ^= np.int32(1 << bit)
            hashes.add(int(hash_row(other)))
    assert len(hashes) == 1 + 2 * n_words
    assert min(hashes) >= 0
    assert len({one >> 31 for one in hashes}) > len(hashes) // 2 or n_words < 3  # both halves tell rows apart
