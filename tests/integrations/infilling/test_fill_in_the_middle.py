"""Gaps filled from left to right: valid whatever the model says, ended where it says, and asked as it wants."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import InvalidOption
from maskwright.integrations.generation import LoadedModel, load_model
from maskwright.integrations.infilling.fill_in_the_middle import LEFT_TO_RIGHT, FIMFormat, fill_in_the_middle
from maskwright.integrations.transformers_model import TransformersModel
from maskwright.matching.infilling.slots import BLANK, MASK, Gap
from maskwright.sampling.random_key import RandomKey
from tests.sampling.infilling.toys import END, TOKENS, is_list, lists, text_of

FORMAT = FIMFormat(prefix_ids=(100,), suffix_ids=(101,), middle_ids=(102,), end_ids=(END,))
GAPS = [0, Gap.at_most(5), 3, Gap(1, 4), MASK, 1]


class Recorder:
    """Random rows, the same for equal prefixes; keeps what it was asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.asked: list[list[int]] = []

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> np.ndarray:
        self.asked += map(list, prefixes)
        return np.array([2 * np.random.default_rng((self.seed, *p)).normal(size=len(TOKENS)) for p in prefixes])


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("fim", [FORMAT, LEFT_TO_RIGHT, FIMFormat(order="spm", suffix_ids=(7,), middle_ids=(8,))])
def test_whatever_the_model_says_every_gap_fits(fim: FIMFormat, temperature: float) -> None:
    lengths = set()
    for seed in range(40):
        canvas, model = lists().canvas(GAPS), Recorder(seed)
        filled = fill_in_the_middle(canvas, model, fim, RandomKey.from_seed(seed), temperature)
        assert is_list(text_of(filled.tokens))
        assert filled.tokens[[0, 6, -1]].tolist() == [0, 3, 1]
        assert filled.n_calls == len(model.asked)
        assert filled.n_calls + filled.n_forced == 10
        assert filled.log_probability <= 0
        assert canvas.is_open.any()
        lengths.add(int((filled.tokens != BLANK).sum()))
    assert len(lengths) > 2


def test_a_model_is_asked_in_the_order_that_it_knows() -> None:
    model = Recorder(0)
    fill_in_the_middle(lists().canvas([0, 2, MASK, MASK, 1]), model, FORMAT)
    assert model.asked[0] == [100, 0, 2, 101, 1, 102]
    assert FORMAT.prefix([1], [2]) == [100, 1, 101, 2, 102]
    spm = FIMFormat((100,), (101,), (102,), begin_ids=(9,), order="spm")
    assert spm.prefix([1], [2]) == [9, 101, 2, 100, 1, 102]
    assert LEFT_TO_RIGHT.prefix([1], [2]) == [1]


def test_earlier_gaps_count_as_text_and_later_ones_are_left_out() -> None:
    model = Recorder(3)
    filled = fill_in_the_middle(lists().canvas([0, MASK, MASK, 3, MASK, MASK, MASK, 1]), model, FORMAT)
    first, last = model.asked[0], model.asked[-1]
    assert first == [100, 0, 101, 3, 1, 102]
    assert last[:5] == [100, *filled.tokens[:4].tolist()]
    assert last[5:8] == [101, 1, 102]


def test_a_gap_ends_where_the_model_says_so() -> None:
    def ends_after_two(prefixes: Sequence[Sequence[int]], /) -> np.ndarray:
        rows = np.zeros((len(prefixes), len(TOKENS)))
        middle = list(prefixes[0][prefixes[0].index(102) + 1 :])
        rows[:, END if len(middle) == 2 else 5] = 9.0
        return rows

    filled = fill_in_the_middle(lists().canvas([4, Gap.at_most(6), 4]), ends_after_two, FORMAT)
    assert filled.tokens.tolist() == [4, 5, 5, *[BLANK] * 4, 4]
    assert filled.n_calls == 3


def test_a_plain_model_ends_a_gap_by_writing_what_is_behind_it() -> None:
    def quotes_after_three(prefixes: Sequence[Sequence[int]], /) -> np.ndarray:
        rows = np.zeros((len(prefixes), len(TOKENS)))
        rows[:, 4 if len(prefixes[0]) == 4 else 6] = 9.0
        return rows

    filled = fill_in_the_middle(lists().canvas([4, Gap.at_most(6), 4]), quotes_after_three)
    assert text_of(filled.tokens) == '"bbb"'


def test_drawn_gaps_follow_the_masked_rows() -> None:
    rows = np.log(np.array([[1.0, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1]]))
    n, counts = 4000, [0, 0]
    canvas = lists().canvas([4, MASK, 4])
    for seed in range(n):
        filled = fill_in_the_middle(canvas, lambda _: rows, LEFT_TO_RIGHT, RandomKey.from_seed(seed), 1.0)
        counts[filled.tokens[1] - 5] += 1
    # a weighs 3, b 1; the standard deviation of the share is 0.007, so 5 of them leave a false alarm below 1e-6
    assert counts[0] / n == pytest.approx(0.75, abs=0.035)
    assert filled.log_probability == pytest.approx(math.log(0.75 if filled.tokens[1] == 5 else 0.25))


def test_a_model_that_gives_nothing_to_any_member_is_overruled() -> None:
    rows = np.full((1, len(TOKENS)), -np.inf)
    rows[0, END] = 0
    filled = fill_in_the_middle(lists().canvas([0, MASK, MASK, 1]), lambda _: rows)
    assert is_list(text_of(filled.tokens))


def test_a_temperature_needs_a_key() -> None:
    with pytest.raises(InvalidOption, match="the temperature must be 0, or positive with a key, not 1"):
        fill_in_the_middle(lists().canvas([MASK]), Recorder(0), temperature=1.0)


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_model()


def test_the_bundled_model_fills_two_gaps_of_a_document(loaded: LoadedModel) -> None:
    grammar = mw.Compiler(loaded.vocabulary).compile_regex(r'\{"name": "[A-Za-z ]{1,30}", "age": [0-9]{1,3}\}')

    def ids(text: str) -> list[int]:
        return list(loaded.tokenizer(text, add_special_tokens=False)["input_ids"])

    slots = [*ids('{"name": "'), Gap(1, 6), *ids('", "age": '), Gap.at_most(3), *ids("}")]
    begin = tuple(loaded.tokenizer("A person as JSON:\n")["input_ids"])
    model = TransformersModel(loaded.model.eval())
    filled = fill_in_the_middle(grammar.canvas(slots), model, FIMFormat(begin_ids=begin, order="left_to_right"))
    text = loaded.vocabulary.decode([token for token in filled.tokens.tolist() if token >= 0]).decode()
    name, age = text.removeprefix('{"name": "').removesuffix("}").split('", "age": ')
    assert name.replace(" ", "").isalpha()
    assert age.isdecimal()
    assert filled.n_calls <= 9
