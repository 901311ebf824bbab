"""What the benches of canvases measure is what their names say: masks, proposals, joint choices, gaps."""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from bench.infilling import additive, joint, proposals, speed
from bench.infilling.material import BUNDLED, JSON, VOCABULARIES, Missing, Words, compiled, tokens_in, words_of
from maskwright.matching.infilling.slots import MASK, Gap


@pytest.fixture(scope="module")
def words() -> Words:
    (found,) = words_of([BUNDLED])
    assert isinstance(found, Words)
    return found


def test_all_of_speed_is_measured(words: Words) -> None:
    found = speed.measure(words, JSON, speed.Plan((4, 8), 8, repetitions=2, runs=1, commits=3), 120)
    assert not found.problem
    assert found.compile is not None and found.cold is not None and found.cold.cpu_ms >= found.compile.cpu_ms
    assert set(found.full) == {4, 8} and all(one.n == 2 for one in found.full.values())
    assert found.updates is not None and found.updates.all.n == 3
    assert 0 <= found.updates.share_exact <= 1


def test_what_takes_too_long_says_so_and_keeps_what_was_found(words: Words) -> None:
    found = speed.measure(words, JSON, speed.Plan((4,), 4, runs=10**6), 3)
    assert found.problem == "not done after 3 s"
    assert found.full and found.updates is None


def test_exact_sets_are_counted_when_they_are_made(words: Words) -> None:
    canvas = compiled(mw.Compiler(words.vocabulary), JSON).canvas([MASK] * 6, words.eos_ids)
    with speed.exact_sets_counted() as counted:
        _ = canvas.chain
        assert not counted, "nothing was decided"
        canvas.commit({0: int(tokens_in(canvas.allow()[0])[0])})
        n = len(counted)
        _ = canvas.chain
        assert len(counted) == n + 1
        _ = canvas.chain
        assert len(counted) == n + 1


def test_tokenizers_that_are_not_at_hand_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKWRIGHT_DATA", "nowhere")
    for found in words_of(VOCABULARIES[1:]):
        assert isinstance(found, Missing)
        assert "is not in MASKWRIGHT_DATA" in found.reason


def test_single_answers_are_what_masks_say(words: Words) -> None:
    found = proposals.measure(words, 8, 30, 1)
    assert (found.n_asked, found.n_differing, found.one.n) == (30, 0, 30)
    assert found.n_possible > 0


def test_joint_choices_are_kept_only_where_they_agree(words: Words) -> None:
    found = list(joint.measure(words, 10, [1, joint.ALL_SLOTS], 10, states=2))
    assert [(one.n_decided, one.n_choices) for one in found] == [(0, 1), (0, 0), (5, 1), (5, 0)]
    assert all(one.n_json == one.n_judged == 2 for one in found)
    assert found[0].n_naive == found[2].n_naive == 10, "a single token of a mask always fits"
    assert found[1].n_naive < 10 and found[1].n_kept < found[1].n_chosen


def test_gaps_of_any_length_lie_around_the_slot() -> None:
    gap = Gap.at_most(additive.LONGEST)
    assert additive.at_any_length([7, 8, 9, 10], {1, 2}, 1) == ([7, MASK, gap, 10], 1)
    assert additive.at_any_length([7, 8, 9, 10], {1, 2}, 2) == ([7, gap, MASK, 10], 1 + additive.LONGEST)
    assert additive.at_any_length([7, 8, 9, 10], {0, 1, 3}, 3) == ([gap, 9, MASK], additive.LONGEST + 1)


def test_what_is_exact_is_allowed_at_any_length(words: Words) -> None:
    found = additive.measure(words, 2, shortest=3, longest=4)
    assert (found.n_canvases, found.n_missed) == (2, 0)
    assert 0 < found.n_dead < found.n_any_length
    assert np.isclose(found.n_dead / found.n_any_length, found.median_share, atol=1)
