"""Right parts as states: sizes, byte ranges, trees of literals, and the limits of counters."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from maskwright.automata.lowering import byte_ranges, common_prefix, counter_words, size_of
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import LimitExceeded
from maskwright.grammar.ir import NOTHING, Call, Grammar, Permutation, byte_class, choice, literal, repeat, sequence
from tests.automata.machine import accepts


@pytest.mark.no_jit
def test_byte_ranges_are_the_maximal_runs() -> None:
    assert byte_ranges(0b1101) == [(0, 0), (2, 3)]
    assert byte_ranges((1 << 256) - 1) == [(0, 255)]
    rng = random.Random(1)
    for _ in range(300):
        members = set(rng.sample(range(256), rng.randint(1, 40)))
        ranges = byte_ranges(byte_class(members).mask)  # type: ignore[attr-defined]
        assert {byte for low, high in ranges for byte in range(low, high + 1)} == members
        assert all(one[1] + 1 < other[0] for one, other in pairwise(ranges))


@pytest.mark.no_jit
def test_trees_of_literals_accept_exactly_the_literals() -> None:
    rng = random.Random(2)
    for _ in range(30):
        words = {bytes(rng.choice(b"ab") for _ in range(rng.randint(1, 5))) for _ in range(rng.randint(3, 12))}
        network = TransitionNetwork(Grammar("S", {"S": choice(*map(literal, words))}, is_prepared=True))
        for _ in range(60):
            text = bytes(rng.choice(b"ab") for _ in range(rng.randint(1, 5)))
            assert accepts(network, text) == (text in words), (words, text)


def test_trees_of_long_literals_need_no_recursion() -> None:
    long = b"x" * 5_000
    endings = TransitionNetwork(
        Grammar("S", {"S": choice(*(literal(long + bytes([97 + i])) for i in range(3)))}, is_prepared=True)
    )
    assert accepts(endings, long + b"b") and not accepts(endings, long)
    nested = [long[:n] for n in range(1, 3_000)]
    network = TransitionNetwork(Grammar("S", {"S": choice(*map(literal, nested))}, is_prepared=True))
    assert accepts(network, long[:2_999]) and not accepts(network, long[:3_000])
    assert network.counts["states"] <= 2 * len(nested)


@pytest.mark.no_jit
@pytest.mark.parametrize(("minimum", "maximum"), [(0, 3), (2, 2), (1, 40), (30, 31), (3, None), (40, None)])
def test_repetition_counts_whether_written_out_or_counted(minimum: int, maximum: int | None) -> None:
    body = sequence(literal(b"a"), choice(literal(b"b"), literal(b"cc")))
    network = TransitionNetwork(Grammar("S", {"S": sequence(repeat(body, minimum, maximum), literal(b"."))}, True))
    for n in range(50):
        expected = minimum <= n and (maximum is None or n <= maximum)
        assert accepts(network, (b"ab" if n % 2 else b"acc") * n + b".") == expected


def test_the_size_of_a_repetition_does_not_depend_on_its_bounds() -> None:
    body = sequence(literal(b"a"), Call("T"))
    sizes = []
    for n in (100, 100_000):
        network = TransitionNetwork(Grammar("S", {"S": repeat(body, n, 2 * n), "T": literal(b"b")}, is_prepared=True))
        sizes.append(network.counts["states"])
    assert sizes[0] == sizes[1] < 20
    assert size_of(repeat(body, 3, 5)) > size_of(body)


def test_members_that_are_alike_but_for_their_names_share_what_follows_the_name() -> None:
    tail = sequence(literal(b":"), choice(literal(b"1"), Call("T")), literal(b" "))
    sizes = []
    for n in (5, 50):
        items = tuple((literal(b"%02d" % i), tail) for i in range(n))
        body = sequence(literal(b"{"), Permutation(items, (), literal(b","), NOTHING), literal(b"}"))
        network = TransitionNetwork(Grammar("S", {"S": body, "T": literal(b"2")}, is_prepared=True))
        assert accepts(network, b"{04:2 ,00:1 }") and not accepts(network, b"{04:2 ,04:1 }")
        sizes.append(network.counts["states"])
    assert sizes[1] - sizes[0] == 45 * 3, "two bytes of the name and a mark"


def test_counters_stay_within_their_words() -> None:
    assert counter_words(2, None) == (2, -1)
    assert counter_words(2, 10**12) == (2, -1)
    with pytest.raises(LimitExceeded, match="A least number of repetitions needs 1000000000000, more than the"):
        counter_words(10**12, None)


@pytest.mark.no_jit
def test_common_prefixes() -> None:
    assert [common_prefix(b"abc", b"abd"), common_prefix(b"ab", b"abd"), common_prefix(b"", b"a")] == [2, 2, 0]
