"""Configurations by kernels against the same machine on plain sets, and small laws of the kernels themselves."""

from __future__ import annotations

import random

import numpy as np
import pytest

from maskwright.automata._configurations import step
from maskwright.automata._frames import add_item, begin_items, sort_pairs
from maskwright.automata._layout import (
    DEAD,
    IS_ACCEPTING,
    MAX_ITEMS,
    SCRATCH_N_ITEMS,
    SCRATCH_STACK,
    SCRATCH_STAMP,
    TOO_MANY_ITEMS,
)
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.ir import Call, Grammar, choice, literal, repeat, sequence
from tests.automata.machine import readable_bytes
from tests.automata.test_passes import random_productive
from tests.naive.machine import Machine

MOST_ITEMS = 60
"""The machine on sets shares no frames, so an ambiguous text is followed no further."""


def check_along_random_texts(seed: int, length: int) -> None:
    rng = random.Random(seed)
    network = TransitionNetwork(prepare(random_productive(seed)))
    machine = Machine(network)
    for _ in range(4):
        configuration, naive = network.start(), machine.start()
        for _ in range(length):
            readable = readable_bytes(network, configuration)
            assert readable == machine.readable(naive), seed
            assert bool(network.arena[configuration + IS_ACCEPTING]) == naive[1], seed
            if not readable:
                assert naive[1], "a dead end"
                break
            if len(naive[0]) > MOST_ITEMS:
                break
            byte = rng.choice(sorted(readable))
            configuration = network.run(step, configuration, byte)
            naive = machine.step(naive, byte)


def test_kernels_agree_with_the_machine_on_sets() -> None:
    for seed in range(40):
        check_along_random_texts(seed, 8)


@pytest.mark.no_jit
def test_kernels_agree_with_the_machine_on_sets_without_jit() -> None:
    for seed in range(12):
        check_along_random_texts(seed, 6)


@pytest.mark.no_jit
def test_equal_sets_are_one_configuration() -> None:
    """Whatever the way to it: a and b lead into the same rest."""
    rest = sequence(Call("T"), literal(b"."))
    network = TransitionNetwork(
        Grammar("S", {"S": sequence(choice(literal(b"a"), literal(b"b")), rest), "T": literal(b"x")}, is_prepared=True)
    )
    start = network.start()
    assert network.run(step, start, ord("a")) == network.run(step, start, ord("b")) != DEAD
    assert network.start() == start
    assert network.run(step, start, ord("c")) == DEAD


@pytest.mark.no_jit
def test_counters_without_an_end_stop_at_their_minimum() -> None:
    pair = sequence(literal(b"a"), Call("T"))
    rules = {"S": sequence(repeat(pair, 30, None), literal(b".")), "T": literal(b"b")}
    network = TransitionNetwork(Grammar("S", rules, is_prepared=True))
    configuration = network.start()
    seen = []
    for _ in range(40):
        seen.append(configuration)
        for byte in b"ab":
            configuration = network.run(step, configuration, byte)
    assert len(set(seen)) == 31 and configuration == seen[-1]


@pytest.mark.no_jit
def test_pairs_are_sorted_lexicographically() -> None:
    rng = np.random.default_rng(3)
    for n in (0, 1, 2, 3, 10, 57):
        pairs = rng.integers(0, 6, size=(n, 2)).astype(np.int32)
        array = np.concatenate([[-7], pairs.ravel(), [-7]]).astype(np.int32)
        sort_pairs(array, 1, n)
        assert array[0] == array[-1] == -7
        assert array[1:-1].reshape(n, 2).tolist() == sorted(map(list, pairs.tolist()))


@pytest.mark.no_jit
def test_items_are_kept_once_and_the_stamp_may_wrap() -> None:
    scratch = np.zeros(SCRATCH_STACK + 64, dtype=np.int32)
    for stamp in (0, 2147483646, 2147483647):
        scratch[SCRATCH_STAMP] = stamp
        begin_items(scratch)
        for item in [(5, 7), (5, 8), (5, 7), (2**30, 2**30), (2**30, 2**30)]:
            assert add_item(scratch, *item) == 0
        assert scratch[SCRATCH_N_ITEMS] == 3


def test_too_many_items_are_refused() -> None:
    scratch = np.zeros(SCRATCH_STACK + 64, dtype=np.int32)
    begin_items(scratch)
    codes = {add_item(scratch, i, 1) for i in range(MAX_ITEMS)}
    assert codes == {0} and add_item(scratch, MAX_ITEMS, 1) == TOO_MANY_ITEMS
    assert add_item(scratch, 3, 1) == 0
