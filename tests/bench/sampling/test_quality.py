"""Quality on the toy T, whose target is known.  Seeds are fixed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from bench.sampling import our_methods
from bench.sampling.counting_model import CountingModel
from bench.sampling.method import Draws, Method, Setting
from bench.sampling.quality import measure
from bench.sampling.reference import find_reference
from bench.sampling.tasks import Task
from maskwright.sampling.target import Target
from tests.sampling.toys import MarkovModel, toy

N = 2_000


@pytest.fixture
def setting(tmp_path) -> Setting:
    model = CountingModel(MarkovModel(3))
    target = Target(model, (), toy().matcher, toy().max_tokens, toy().eos_token_ids)
    task = Task("toy", "the toy T", tmp_path / "none", "", 6, "")
    return Setting(task, None, model, target, find_reference(target, remainder=0.0), 0.0)


@dataclass
class Scripted:
    """Draws from given probabilities."""

    setting: Setting
    probabilities: dict[tuple[int, ...], float]

    def draw(self, n: int, seed: int, /) -> Draws:
        texts = [*self.probabilities]
        shares = np.array([*self.probabilities.values()])
        places = np.random.default_rng(seed).choice(len(texts), size=n, p=shares / shares.sum())
        self.setting.target.rows([self.setting.target.start()])
        draws = Draws([texts[place] for place in places])
        for text in draws.texts:
            draws.weights[text] += 1.0
        draws.log_z = [self.setting.reference.distribution.log_z] * 2
        return draws


def test_exact_draws_are_at_the_floor(setting):
    target = setting.reference.distribution.probabilities()
    (found,) = measure(setting, [Method("exact", "scripted", lambda s: Scripted(s, target))], N, 4)
    assert found.texts == N
    assert found.tv == pytest.approx(found.tv_floor, rel=0.3)
    assert found.kl == pytest.approx(found.kl_floor, rel=0.5)
    assert found.pooled_tv == pytest.approx(found.tv)
    assert found.mean_log_z == pytest.approx(setting.reference.distribution.log_z)
    assert found.relative_deviation_of_z == pytest.approx(0.0)
    assert found.rows_per_text == pytest.approx(4 / N)
    assert found.different_rows_per_text == pytest.approx(1 / N)


def test_masked_draws_are_where_the_enumeration_says(setting):
    truth = setting.reference.distribution
    masked = truth.masked_probabilities()
    (found,) = measure(setting, [Method("masked", "scripted", lambda s: Scripted(s, masked))], N, 1)
    assert found.tv == pytest.approx(truth.total_variation(masked), abs=0.03)
    expected = sum(p * math.log(p / truth.probabilities()[text]) for text, p in masked.items())
    assert found.kl == pytest.approx(expected, abs=0.1)


def test_a_text_that_is_none_is_infinitely_far(setting):
    (found,) = measure(setting, [Method("wrong", "scripted", lambda s: Scripted(s, {(1, 1): 1.0}))], 10, 1)
    assert found.tv == pytest.approx(1.0)
    assert found.kl == math.inf


def test_a_method_that_gives_nothing_has_no_figures(setting):
    class Silent:
        def draw(self, n: int, seed: int, /) -> Draws:
            return Draws(n_failed=n)

    (found,) = measure(setting, [Method("silent", "scripted", lambda _: Silent())], 10, 2)
    assert (found.texts, found.failed, found.tv, found.kl, found.processor_ms_per_text) == (0, 10, None, None, None)


EXACT = {"CARS", "ARS", "RSFT", "rejection"}


ON_THE_TOY = [method for method in our_methods.quality_methods(10) if "AWRS" not in method.name]
"""AWRS asks a matcher token by token, which that of the toy cannot; `test_command.py` runs it."""


@pytest.mark.parametrize("method", ON_THE_TOY, ids=lambda method: method.name)
def test_every_method_of_ours_gives_texts_near_the_target(setting, method):
    (found,) = measure(setting, [method], 60, 2)
    assert found.texts + found.failed == 60
    assert found.texts > 0
    if method.name in EXACT:
        assert found.tv < 1.5 * found.tv_floor
    if found.log_mean_z is not None and found.relative_deviation_of_z is not None:
        error = found.relative_deviation_of_z / math.sqrt(found.estimates_of_z)
        assert abs(math.exp(found.log_mean_z - setting.reference.distribution.log_z) - 1) < 5 * error
