"""Permutations that count their entries and have obligations: the machine against every string, by the recogniser."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from maskwright.automata._configurations import step
from maskwright.automata._layout import DEAD, IS_ACCEPTING
from maskwright.automata.passes import keep_productive, prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import EmptyLanguage
from maskwright.grammar.ir import Call, Grammar, Literal, Node, Permutation, literal, sequence
from tests.automata.machine import accepts
from tests.automata.test_passes import members
from tests.naive.random_grammars import ALPHABET, random_permutation
from tests.naive.recogniser import Recogniser


def counting_permutation(rng: random.Random) -> Permutation:
    while True:
        found = random_permutation(rng)
        if found.minimum or found.maximum is not None or found.markers:
            return found


@pytest.mark.no_jit
def test_what_may_follow_is_exactly_what_can_be_completed() -> None:
    """Byte by byte, over every string: so there are no dead ends, and nothing is missing."""
    rng = random.Random(5)
    n_texts = 0
    for _ in range(25):
        rules: dict[str, Node] = {"S": sequence(Call("P"), literal(b"a")), "P": counting_permutation(rng)}
        network = TransitionNetwork(Grammar("S", rules, is_prepared=True))
        layer = [(b"", network.start())]
        for _ in range(6):
            following = []
            for text, configuration in layer:
                for byte in ALPHABET:
                    longer = text + bytes([byte])
                    oracle = Recogniser(network.grammar, longer)
                    after = network.run(step, configuration, byte)
                    assert (after != DEAD) == oracle.is_viable(), (rules, longer)
                    if after != DEAD:
                        assert bool(network.arena[after + IS_ACCEPTING]) == oracle.accepts(), (rules, longer)
                        following.append((longer, after))
            layer = rng.sample(following, min(40, len(following)))
            n_texts += len(following)
    assert n_texts > 500


def test_impossible_entries_are_dropped_without_changing_the_language() -> None:
    """An endless rule in place of some part; a permutation of which too little is left is the empty language."""
    rng = random.Random(6)
    n_empty = 0
    for _ in range(150):
        permutation = counting_permutation(rng)
        lost = set(rng.sample(permutation.parts, rng.randint(1, 2)))
        cut = permutation.mapped(lambda part, lost=lost: Call("endless") if part in lost else part)  # type: ignore[misc]
        grammar = Grammar("S", {"S": cut, "endless": sequence(literal(b"a"), Call("endless"))})
        try:
            pruned = keep_productive(grammar)
        except EmptyLanguage:
            n_empty += 1
            assert not members(grammar), cut
        else:
            assert members(pruned) == members(grammar), cut
            assert "endless" not in pruned.rules
    assert 10 < n_empty < 140


def numbered(n: int) -> tuple[tuple[Node, Node], ...]:
    return tuple((literal(b"%03d" % i), literal(b":")) for i in range(n))


@pytest.mark.no_jit
def test_many_items_share_their_set_with_a_count() -> None:
    """Seventy items and two obligations fill three words; the count is one word more."""
    items = numbered(70)
    plain = Permutation(items, (3, 40, 69), Literal(b","), Literal(b"x"))
    markers: tuple[tuple[Node, tuple[int, ...]], ...] = ((Literal(b"y"), (0,)), (Literal(b"z"), (0, 1)))
    for node, good, bad in [
        (plain, "x,069:,003:,x,040:", "069:,003:,041:"),
        (replace(plain, minimum=5), "069:,003:,x,040:,x", "069:,003:,x,040:"),
        (replace(plain, maximum=5), "068:,x,069:,040:,003:", "068:,x,069:,040:,067:"),
        (replace(plain, maximum=4, n_obligations=1, markers=markers[:1]), "y,069:,003:,040:", "x,069:,003:,040:"),
        (replace(plain, n_obligations=2, markers=markers), "z,069:,003:,040:", "y,069:,003:,040:,y"),
        (replace(plain, minimum=6, n_obligations=2, markers=markers), "y,z,y,069:,003:,040:", "z,069:,003:,040:,x"),
    ]:
        network = TransitionNetwork(prepare(Grammar("S", {"S": node})))
        assert accepts(network, good.encode()), good
        assert not accepts(network, bad.encode()), bad


@pytest.mark.no_jit
def test_the_count_stops_where_it_no_longer_matters() -> None:
    """Configurations repeat after the minimum, so a long object makes no more of them."""
    for minimum in (0, 4):
        node = Permutation(((literal(b"a"), literal(b":")),), (), Literal(b","), Literal(b"x"), minimum)
        network = TransitionNetwork(Grammar("S", {"S": sequence(node, literal(b"."))}, is_prepared=True))
        configuration = network.start()
        seen = set()
        for _ in range(30):
            for byte in b"x,":
                configuration = network.run(step, configuration, byte)
                seen.add(configuration)
        assert len(seen) == 2 * max(1, minimum)


def test_a_count_is_carried_over_when_the_arena_starts_over() -> None:
    node = Permutation(numbered(40), (35,), Literal(b","), Literal(b"x"), 3, 4, 1, ((Literal(b"y"), (0,)),))
    network = TransitionNetwork(Grammar("S", {"S": sequence(node, literal(b"."))}, is_prepared=True))
    configuration = network.start()
    for byte in b"x,y,":
        configuration = network.run(step, configuration, byte)
    configuration = network.restart(configuration)
    for text, is_member in [
        (b"035:.", True),
        (b"x,035:.", True),
        (b"x,x", False),
        (b"034:,035:.", True),
        (b"x.", False),
    ]:
        after = configuration
        for byte in text:
            after = network.run(step, after, byte) if after != DEAD else DEAD
        assert (after != DEAD) == is_member, text


def test_a_permutation_that_counts_further_than_words_reach_is_as_good_as_endless() -> None:
    node = Permutation(numbered(2), (0,), Literal(b","), Literal(b"x"), 0, 10**12)
    network = TransitionNetwork(Grammar("S", {"S": node}, is_prepared=True))
    assert accepts(network, b"x,x,x,000:,001:") and not accepts(network, b"x,001:")
