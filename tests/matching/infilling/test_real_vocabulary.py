"""Canvases of JSON over the 50,257 tokens of GPT-2, against Python's reader of JSON: 0 verdicts differ.

Tokens that do the same to a text wherever they stand are one class (`json_machine`, which shares nothing with the
engine); one token of each class is enough for exhaustive comparison, and in every mask all tokens of a class agree.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from numpy.typing import NDArray

import maskwright as mw
from maskwright.errors import CanvasNotCompletable
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import MASK, Slot
from maskwright.matching.vocabulary import Vocabulary
from tests.data_folder import tokenizer_folder
from tests.matching.infilling.json_machine import BLANKS, accepts, all_states, effects_of, is_json

GBNF = (Path(__file__).parents[3] / "schemas" / "gbnf" / "json.gbnf").read_text(encoding="utf-8")
END = 50_256


@dataclass(frozen=True, slots=True)
class Words:
    """A real vocabulary, JSON compiled for it, and its classes; those that stand in no JSON text are one of them."""

    grammar: CompiledGrammar
    classes: tuple[NDArray[np.int64], ...]

    @property
    def vocabulary(self) -> Vocabulary:
        return self.grammar.vocabulary

    def text(self, tokens: Sequence[int]) -> bytes:
        return self.vocabulary.decode(tokens)

    def members(self, rng: random.Random) -> list[int]:
        """A token of each class."""
        return [int(rng.choice(members)) for members in self.classes]

    def like(self, token: int, rng: random.Random) -> int:
        """A token of the same class."""
        return int(rng.choice(next(members for members in self.classes if token in members)))

    def masks(self, slots: Sequence[Slot]) -> NDArray[np.bool_] | None:
        """bool[n, size]: the masks, in which all tokens of a class agree; None where no text fits."""
        try:
            rows = self.grammar.canvas(slots).allow()
        except CanvasNotCompletable:
            return None
        flags = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little").astype(np.bool_)
        for members in self.classes:
            of_class = flags[[slot == MASK for slot in slots]][:, members]
            assert (of_class == of_class[:, :1]).all(), self.text(members[:9].tolist())
        return flags


@cache
def words() -> Words:
    folder = tokenizer_folder("gpt2")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=END)
    states = all_states()
    alike: dict[object, list[int]] = {}
    for token in range(vocabulary.size):
        if text := vocabulary.text_of(token):
            alike.setdefault(effects_of(text, states), []).append(token)
    grammar = mw.Compiler(vocabulary).compile_gbnf(GBNF)
    return Words(grammar, tuple(np.array(members) for members in alike.values()))


def test_the_machine_reads_what_python_reads() -> None:
    rng = random.Random("texts")
    pieces = [*'{ } [ ] , : " "a" - 0 12 .5 e+ 1 true fal se null \\ u00 é'.split(), " "]
    n_valid = 0
    for _ in range(20_000):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 7))).encode()
        text = text[: rng.randint(len(text) - 1, len(text))]
        assert accepts(text) == is_json(text), text
        n_valid += is_json(text)
    assert n_valid > 500


def test_there_are_many_classes_of_many_tokens() -> None:
    sizes = sorted(map(len, words().classes), reverse=True)
    assert 100 < len(sizes) < 400
    assert sizes[0] > 40_000  # letters, which only strings have
    partial = [token for token in range(END) if not is_utf8(words().vocabulary.text_of(token))]
    assert len(partial) > 300


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_of_one_slot_each_token_is_judged_as_its_text_is() -> None:
    masks = words().masks([MASK])
    assert masks is not None
    expected = [is_json(words().vocabulary.text_of(token)) for token in range(words().vocabulary.size)]
    assert masks[0][: len(expected)].tolist() == expected


def test_of_two_slots_every_pair_of_classes_is_judged_as_its_text_is() -> None:
    rng = random.Random("pairs")
    members, seconds = words().members(rng), words().members(rng)
    is_first = dict.fromkeys(members, False)
    for first in members:
        valid = [second for second in seconds if is_json(words().text([first, second]))]
        masks = words().masks([first, MASK])
        allowed = [] if masks is None else [second for second in seconds if masks[1, second]]
        assert allowed == valid, words().text([first])
        is_first[first] = bool(valid)
    masks = words().masks([MASK, MASK])
    assert masks is not None
    assert {first: bool(masks[0, first]) for first in members} == is_first
    for second in seconds:
        assert masks[1, second] == any(is_json(words().text([first, second])) for first in members)


def check_triples(n_canvases: int, seed: int) -> tuple[int, int]:
    """Three slots of which one is open: all classes there, the others mostly from masks. Verdicts, and how many yes."""
    rng = random.Random(seed)
    n_verdicts = n_valid = 0
    for _ in range(n_canvases):
        members = words().members(rng)
        order = rng.sample(range(3), 3)
        slots: list[Slot] = [MASK, MASK, MASK]
        for slot in order[:2]:
            masks = words().masks(slots)
            allowed = [token for token in members if masks is not None and masks[slot, token]]
            slots[slot] = rng.choice(allowed) if allowed and rng.random() < 0.9 else rng.choice(members)
        masks = words().masks(slots)
        for token in members:
            tried = [token if slot == MASK else int(slot) for slot in slots]  # type: ignore[call-overload]
            is_valid = is_json(words().text(tried))
            assert (masks is not None and bool(masks[order[2], token])) == is_valid, words().text(tried)
            n_verdicts += 1
            n_valid += is_valid
    return n_verdicts, n_valid


def test_triples_of_classes_are_judged_as_their_texts_are() -> None:
    n_verdicts, n_valid = check_triples(200, seed=3)
    assert n_verdicts > 30_000 and n_valid > 1_500


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_half_a_million_triples_of_classes_are_judged_as_their_texts_are(seed: int) -> None:
    assert check_triples(50_000 // len(words().classes) + 1, seed=100 + seed)[0] >= 50_000


def check_swaps(n_canvases: int, seed: int) -> int:
    """Fixed tokens exchanged for others of their classes: emptiness and masks stay. How many tokens were exchanged."""
    rng = random.Random(seed)
    n_swaps = n_completable = 0
    for _ in range(n_canvases):
        members = words().members(rng)
        slots: list[Slot] = [MASK] * rng.randint(2, 6)
        for slot in rng.sample(range(len(slots)), rng.randint(1, len(slots))):
            masks = words().masks(slots)
            allowed = [token for token in members if masks is not None and masks[slot, token]]
            slots[slot] = rng.choice(allowed or members)
        fixed = [slot for slot in range(len(slots)) if slots[slot] != MASK]
        swapped = [slots[at] if at not in fixed else words().like(int(slots[at]), rng) for at in range(len(slots))]  # type: ignore[call-overload]
        n_swaps += len(fixed)
        before, after = words().masks(slots), words().masks(swapped)
        assert (before is None) == (after is None), (slots, swapped)
        if before is not None and after is not None:
            is_open = [slot == MASK for slot in slots]
            assert (before[is_open] == after[is_open]).all(), (slots, swapped)
            n_completable += 1
    assert n_completable > n_canvases // 2
    return n_swaps


def test_tokens_of_one_class_can_be_exchanged() -> None:
    assert check_swaps(150, seed=5) > 300


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_tokens_can_be_exchanged_for_others_of_their_class(seed: int) -> None:
    assert check_swaps(450, seed=200 + seed) > 1_000


def test_parts_of_characters_are_completed() -> None:
    rng = random.Random("parts")
    vocabulary = words().vocabulary
    quote = next(token for token in range(END) if vocabulary.text_of(token) == b'"')
    parts = [token for token in range(END) if not is_utf8(vocabulary.text_of(token))]
    inside = [token for token in range(END) if vocabulary.text_of(token).strip(BLANKS)]
    n_valid = 0
    for part in rng.sample(parts, 12):
        masks = words().masks([quote, part, MASK, quote])
        for token in [*rng.sample(parts, 60), *rng.sample(inside, 20)]:
            is_valid = is_json(words().text([quote, part, token, quote]))
            assert (masks is not None and bool(masks[2, token])) == is_valid, words().text([part, token])
            n_valid += is_valid
    assert n_valid > 10
