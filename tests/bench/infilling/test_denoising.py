"""Denoising measured: the free loop, canvases with a grammar, and the model's own confidence on their masks."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import maskwright as mw
from bench.infilling.denoising import RawPosterior, WatchedCanvas, demo_schemas, prompts_for
from maskwright.matching.infilling.slots import MASK

WORDS = mw.Vocabulary([b"a", b"b", b"ab", b"!"], eos_token_ids=[3], special_token_ids=[3])


def test_prompts_are_those_of_the_training_text() -> None:
    assert prompts_for("person", 2) == ["A person as JSON:", "JSON for a person:"]
    assert prompts_for("event", 5)[4] == "An event as JSON:\n"
    assert set(demo_schemas()) == {"event", "function call", "order", "person", "weather report"}


def test_raw_confidence_is_the_softmax_of_the_model_where_the_mask_allows_it() -> None:
    canvas = mw.Compiler(WORDS).compile_gbnf('root ::= "a" "b"').canvas([MASK, MASK])
    scores = np.log(np.array([[0.2, 0.8, 1e-9, 1e-9], [0.7, 0.3, 1e-9, 1e-9]]))
    seen: list[bool] = []
    inside = WatchedCanvas(canvas, seen, is_raw=False).posterior(scores)
    raw = WatchedCanvas(canvas, seen, is_raw=True).posterior(scores)
    assert seen == [True, True]
    assert isinstance(raw, RawPosterior)
    np.testing.assert_allclose(np.exp(inside.log_marginals[:, :2]), [[1, 0], [0, 1]], atol=1e-6)
    np.testing.assert_allclose(np.exp(raw.log_marginals[:, :2]), [[0.2, 0], [0, 0.3]], atol=1e-6)
    assert raw.best.tolist() == inside.best.tolist() == [0, 1]


def test_forks_tell_the_same_list() -> None:
    canvas = mw.Compiler(WORDS).compile_gbnf("root ::= [ab]+").canvas([MASK, MASK])
    seen: list[bool] = []
    fork = WatchedCanvas(canvas, seen, is_raw=True).fork()
    assert fork.commit({0: 1}) == {0: 1}
    fork.posterior(np.zeros((2, 4)))
    assert len(seen) == 1
    assert canvas.tokens.tolist() == [-1, -1]
