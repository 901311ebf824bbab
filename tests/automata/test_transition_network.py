"""The arena: rules built when they are reached, growth of its tables, and starting over with one configuration."""

from __future__ import annotations

import random

import pytest

from maskwright.automata._configurations import step
from maskwright.automata._layout import BUCKET_MASK, N_CONFIGURATIONS, N_FRAMES
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import ArenaFull, TransitionNetwork
from maskwright.errors import LimitExceeded
from maskwright.grammar.ir import Call, Grammar, Node, byte_range, choice, literal, repeat, sequence
from tests.automata.machine import accepts, configuration_after, readable_bytes
from tests.automata.test_passes import random_productive


def test_rules_are_built_when_a_text_reaches_them() -> None:
    rules: dict[str, Node] = {f"R{i}": sequence(literal(b"a"), Call(f"R{i + 1}")) for i in range(20)}
    rules["R20"] = literal(b".")
    network = TransitionNetwork(Grammar("R0", rules, is_prepared=True))
    assert network.counts["rules_built"] == 1
    configuration_after(network, b"aaa")
    assert network.counts["rules_built"] == 4
    assert accepts(network, b"a" * 20 + b".") and not accepts(network, b"a" * 19 + b".")
    assert network.counts["rules_built"] == network.counts["rules_found"] == 21


def test_more_than_256_rules_move_the_table_of_nonterminals() -> None:
    n = 700
    rules: dict[str, Node] = {f"R{i}": sequence(literal(b"%03d" % i), Call("T")) for i in range(n)}
    rules |= {"S": choice(*map(Call, rules)), "T": literal(b"!")}
    network = TransitionNetwork(Grammar("S", rules, is_prepared=True))
    for i in (0, 255, 256, 257, 511, 699):
        assert accepts(network, b"%03d!" % i)
    assert not accepts(network, b"700!") and network.counts["rules_found"] == n + 2


def test_hash_tables_grow_and_find_everything_again() -> None:
    """Counting makes each position new: thousands of frames and configurations, each found again by the same text."""
    pair = sequence(byte_range(97, 98), Call("T"))
    network = TransitionNetwork(Grammar("S", {"S": repeat(pair, 0, 9_000), "T": literal(b"c")}, is_prepared=True))
    path = [network.start()]
    for _ in range(8_000):
        path.append(network.run(step, network.run(step, path[-1], 97), 99))
    assert len(set(path)) == len(path)
    assert int(network.arena[BUCKET_MASK]) > 1023
    assert int(network.arena[N_CONFIGURATIONS]) + int(network.arena[N_FRAMES]) > 4 * 1024
    before = network.counts
    again = network.start()
    for configuration in path[:2_000]:
        assert configuration == again
        again = network.run(step, network.run(step, again, 98), 99)
    assert network.counts == before, "a record was made twice"


@pytest.mark.no_jit
def test_starting_over_keeps_one_configuration_and_its_whole_future() -> None:
    for seed in range(12):
        rng = random.Random(seed)
        grammar = prepare(random_productive(seed))
        kept, moved = TransitionNetwork(grammar), TransitionNetwork(grammar)
        one, other = kept.start(), moved.start()
        for position in range(8):
            readable = readable_bytes(kept, one)
            assert readable_bytes(moved, other) == readable, (seed, position)
            if not readable:
                break
            byte = rng.choice(sorted(readable))
            one, other = kept.run(step, one, byte), moved.run(step, other, byte)
            other = moved.restart(other)
        assert kept.epoch == 0


def test_a_full_arena_says_so() -> None:
    network = TransitionNetwork(
        Grammar("S", {"S": repeat(sequence(literal(b"a"), Call("T")), 0, 10**6), "T": byte_range(97, 98)}, True),
        max_bytes=1 << 20,
    )
    with pytest.raises(ArenaFull):
        configuration_after(network, b"a" * 20_000)
    assert network.size_bytes <= (1 << 20) + network.scratch.nbytes


def test_a_point_with_too_many_readings_is_refused_with_the_numbers() -> None:
    inner = repeat(choice(literal(b"a"), literal(b"aa")), 30, 2000)
    network = TransitionNetwork(Grammar("S", {"S": repeat(inner, 30, 2000)}, is_prepared=True))
    with pytest.raises(LimitExceeded, match="too many ways to read it needs 8193, more than the 8192 allowed"):
        configuration_after(network, b"a" * 2_000)
