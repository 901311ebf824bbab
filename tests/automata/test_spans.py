"""The spans of a configuration against each byte on its own."""

from __future__ import annotations

import random

import numpy as np
import pytest

from maskwright.automata._configurations import items_of, step_from, successor_of
from maskwright.automata._layout import DEAD, N_SPANS, SPANS, UNKNOWN
from maskwright.automata._spans import CUTS, READABLE, begin_spans, find_span, mark_bytes, write_spans
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from tests.automata.test_passes import random_productive


@pytest.mark.no_jit
def test_spans_are_the_longest_runs_between_cuts() -> None:
    rng = random.Random(3)
    scratch = np.zeros(READABLE + 27, dtype=np.int32)
    arena = np.zeros(1200, dtype=np.int32)
    for _ in range(60):
        begin_spans(scratch)
        owner: dict[int, list[int]] = {byte: [] for byte in range(256)}
        for edge in range(rng.randrange(6)):
            low = rng.choice([0, 31, 32, 63, 255, rng.randrange(256)])
            high = min(255, low + rng.choice([0, 1, 31, 32, 200]))
            mark_bytes(scratch, READABLE, low, high)
            mark_bytes(scratch, CUTS, low, low)
            mark_bytes(scratch, CUTS, high + 1, high + 1)
            for byte in range(low, high + 1):
                owner[byte].append(edge)
        n = write_spans(arena, scratch, 100)
        spans = [(arena[100 + 2 * i] & 255, arena[100 + 2 * i] >> 8) for i in range(n)]
        covered = [byte for low, high in spans for byte in range(low, high + 1)]
        assert covered == [byte for byte in range(256) if owner[byte]]
        for low, high in spans:
            assert len({tuple(owner[byte]) for byte in range(low, high + 1)}) == 1
        for byte in range(256):
            span = find_span(arena, 100, n, byte)
            assert (span != 0) == bool(owner[byte])
            assert span == 0 or arena[span] & 255 <= byte <= arena[span] >> 8


def check_spans(seed: int) -> None:
    """All bytes of a span lead where each of them would lead alone, and no other byte can be read."""
    network = TransitionNetwork(prepare(random_productive(seed)))
    todo = [network.start()]
    for configuration in todo:
        if len(todo) > 40:
            break
        n = int(network.arena[configuration + N_SPANS])
        assert items_of(network.arena, configuration) == configuration + SPANS + 2 * n
        for byte in range(256):
            known = successor_of(network.arena, configuration, byte)
            alone = network.run(step_from, configuration, byte)
            assert known in (UNKNOWN, alone) if known != DEAD else alone == DEAD, (seed, byte)
            if alone != DEAD and alone not in todo:
                todo.append(alone)


def test_no_span_holds_bytes_that_differ() -> None:
    for seed in range(30):
        check_spans(seed)


@pytest.mark.no_jit
def test_no_span_holds_bytes_that_differ_without_jit() -> None:
    for seed in range(3):
        check_spans(seed)
