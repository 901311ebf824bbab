"""The prefix trie: bounds, lessons, steps against enumeration, and files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import BadLogits, InvalidTrieFile
from maskwright.sampling.asap import asap
from maskwright.sampling.cars import CARSOptions, cars
from maskwright.sampling.enumeration import exact
from maskwright.sampling.prefix_trie import Child, Lesson, PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.trie_file import TrieOrigin, load_trie, save_trie
from maskwright.sampling.trie_steps import trie_step
from tests.sampling.toys import toy

ORIGIN = TrieOrigin("toy", "digits", "", 6)


def expected_future(truth: dict[tuple[int, ...], float], prefix: tuple[int, ...]) -> float:
    """c(u) · p(u), by adding up the texts that begin with u."""
    return sum(p for text, p in truth.items() if text[: len(prefix)] == prefix)


def naive_bound(trie: PrefixTrie, place: int) -> float:
    """The recursion, in linear space and from the top."""
    node = trie.nodes[place]
    if not node.is_seen:
        return math.exp(node.log_factor)
    children = sum(math.exp(trie.nodes[c].log_p) * naive_bound(trie, c) for c in node.children.values())
    return math.exp(node.log_factor) * (math.exp(node.log_rest) + children)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(1, 7), st.integers(1, 40))
def test_bounds_follow_the_recursion_and_lie_above_the_truth(seed: int, batch: int, n: int) -> None:
    target, trie = toy(seed % 30), PrefixTrie()
    asap(RandomKey.from_seed(seed), target, n, batch, trie)
    truth = exact(toy(seed % 30))
    joint = dict(zip(truth.texts, np.exp(truth.log_probabilities).tolist(), strict=True))
    assert math.exp(trie.log_root) == pytest.approx(naive_bound(trie, 0), rel=1e-9)

    def visit(place: int, prefix: tuple[int, ...], log_p: float) -> None:
        node = trie.nodes[place]
        assert math.exp(node.log_future + log_p) >= expected_future(joint, prefix) * (1 - 1e-9)
        assert trie.find(prefix) is node
        for token, child in node.children.items():
            visit(child, (*prefix, token), log_p + trie.nodes[child].log_p)

    visit(0, (), 0.0)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(0, 60))
def test_a_step_draws_by_the_bounds_and_weighs_properly(seed: int, n_learnt: int) -> None:
    """At a prefix that was seen Σ p ĉ is ĉ itself, and W · ĉ(ua) is the same for every token that is drawn."""
    target, trie = toy(seed % 30), PrefixTrie()
    if n_learnt:
        asap(RandomKey.from_seed(seed), target, n_learnt, 3, trie)
    drafts = [target.start() for _ in range(20)]
    rows = target.rows(drafts)
    keys = [RandomKey.from_seed(seed).child(i) for i in range(20)]
    before = len(trie)
    step = trie_step(trie, keys, drafts, rows)
    assert len(trie) == before
    root = trie.nodes[0]
    for proposed, log_weight in zip(step.proposed, step.log_weights, strict=True):
        total = proposed.log_weight + trie.log_future((proposed.token_id,))
        assert total == pytest.approx(root.log_future if root.is_seen else rows[0].log_mass, rel=1e-12, abs=1e-12)
        assert log_weight == (0.0 if root.is_seen else rows[0].log_mass)
    trie.learn(step.lessons)
    assert math.exp(trie.log_root) == pytest.approx(naive_bound(trie, 0), rel=1e-12)


def test_lessons_may_come_in_any_order() -> None:
    """A particle that goes on to a boundary learns of long prefixes before another one learns of short ones."""
    trie = PrefixTrie()
    trie.learn([Lesson((1,), {}, -math.inf, 0), Lesson((), {1: Child(math.log(0.25))}, math.log(0.5), 0)])
    assert trie.log_root == pytest.approx(math.log(0.5))


@pytest.mark.parametrize("uniform", [0.0, 2.0**-53, 1 - 2.0**-53])
@pytest.mark.parametrize("dead", [{0, 3}, {0, 1}, {2, 3}])
def test_no_number_draws_what_is_known_to_be_dead(
    uniform: float, dead: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the first and the last of all numbers, where dead tokens or an empty rest are the first and the last."""
    trie, target = PrefixTrie(), toy()
    draft = target.start()
    (row,) = target.rows([draft])
    children = {token: Child(row.log_probability(token), -math.inf if token in dead else 0.0) for token in range(4)}
    trie.learn([Lesson((), children, row.race(children).log_left, 0)])
    assert trie.nodes[0].log_rest == -math.inf
    monkeypatch.setattr(RandomKey, "uniforms", lambda _, n: np.full(n, uniform))
    (proposed,) = trie_step(trie, [RandomKey.from_seed(0)], [draft], [row]).proposed
    assert proposed.token_id in {0, 1, 2, 3} - dead


def test_the_rest_keeps_its_digits_when_nearly_everything_is_known_to_be_dead() -> None:
    """By subtraction from 1 the mass of 1e-14 would be noise."""
    trie = PrefixTrie()
    target = toy()
    draft = target.start()
    target.model.logits[target.model.eos] = np.array([0.0, 0.0, math.log(1e-14), -np.inf, -np.inf])
    (row,) = target.rows([draft])
    dead = {0: Child(row.log_probability(0), -math.inf), 1: Child(row.log_probability(1), -math.inf)}
    trie.learn([Lesson((), dead, row.race(dead).log_left, 0)])
    assert math.exp(trie.log_root) == pytest.approx(0.5e-14, rel=1e-12)


def test_a_lesson_that_does_not_know_of_new_children_is_dropped() -> None:
    trie = PrefixTrie()
    lesson = Lesson((), {1: Child(math.log(0.25))}, math.log(0.5), 0)
    trie.learn([lesson, Lesson((), {2: Child(math.log(0.25))}, math.log(0.5), 0)])
    assert list(trie.nodes[0].children) == [1]
    assert trie.log_root == pytest.approx(math.log(0.75))
    trie.learn([Lesson((1,), {}, -math.inf, 0), Lesson((3,), {}, -math.inf, 0)])
    assert trie.log_root == pytest.approx(math.log(0.5))
    assert trie.log_future((1, 5)) == -math.inf
    assert trie.log_future((3, 5)) == 0.0


def test_a_trie_of_a_wider_model_is_an_error() -> None:
    """The kernels that take known tokens out of a row do not look where it ends."""
    trie = PrefixTrie()
    trie.learn([Lesson((), {10**6: Child(-1.0)}, -1.0, 0)])
    with pytest.raises(BadLogits, match="there are 5, and the trie knows of token 1000000"):
        asap(RandomKey.from_seed(0), toy(), 1, trie=trie)


def test_a_full_trie_learns_no_more_and_draws_stay_exact() -> None:
    target = toy()
    trie = PrefixTrie(max_nodes=60)
    truth = exact(toy())
    sample = cars(RandomKey.from_seed(1), target, 1000, CARSOptions(10**7, 16, goes_on_after=None), trie)
    assert len(trie) <= 60
    assert truth.total_variation(sample.probabilities()) <= 1.5 * truth.noise_floor(1000)


def test_a_saved_trie_comes_back_as_it_was(tmp_path: Path) -> None:
    trie = PrefixTrie()
    asap(RandomKey.from_seed(1), toy(), 100, 5, trie)
    path = tmp_path / "toy.trie"
    save_trie(trie, path, ORIGIN)
    loaded = load_trie(path, ORIGIN)
    assert loaded.nodes == trie.nodes
    assert loaded.knows_masks is trie.knows_masks is True
    one = cars(RandomKey.from_seed(2), toy(), 50, CARSOptions(10**6), trie)
    other = cars(RandomKey.from_seed(2), toy(), 50, CARSOptions(10**6), loaded)
    assert one.texts == other.texts


def test_a_saved_trie_that_was_never_used_comes_back(tmp_path: Path) -> None:
    save_trie(PrefixTrie(), tmp_path / "toy.trie", ORIGIN)
    assert load_trie(tmp_path / "toy.trie", ORIGIN).knows_masks is None


def test_a_trie_of_another_target_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    trie = PrefixTrie()
    asap(RandomKey.from_seed(1), toy(), 20, 5, trie)
    path = tmp_path / "toy.trie"
    save_trie(trie, path, ORIGIN)
    with pytest.raises(InvalidTrieFile) as caught:
        load_trie(path, TrieOrigin("toy", "digits", "", 7))
    assert str(caught.value) == (
        f"{path} cannot be loaded as a prefix trie: it was learnt from another target: max_tokens."
    )
    content = bytearray(path.read_bytes())
    for place in range(0, len(content), 97):
        damaged = content.copy()
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(InvalidTrieFile):
            load_trie(path, ORIGIN)
    path.write_bytes(b"")
    with pytest.raises(InvalidTrieFile, match="does not begin like a file"):
        load_trie(path, ORIGIN)
