"""Programs, molecules and cut literals with gaps: what was there before is never refused, and what cannot be is.

Texts lie in `schemas/infilling`; gaps are opened at random (`tests.infilling_patterns`), in the tokens of the bundled
model or in single bytes. The judge of the literals is their own file, which other tests hold against a product of the
grammar with an automaton.
"""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers

import maskwright
import maskwright as mw
from maskwright.errors import CanvasNotCompletable
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import BLANK, DEFAULT_LONGEST_GAP, MASK, OPEN, Gap, Slot
from maskwright.matching.vocabulary import Vocabulary
from tests.grammar.single_bytes import SINGLE_BYTES
from tests.infilling_patterns import gap_patterns

FOLDER = Path(__file__).parents[3] / "schemas" / "infilling"
ASSETS = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
LANGUAGES = {"c_like": ("programs", "numbers"), "smiles": ("molecules",)}
#: Canvases of C-like programs take more time and memory than a quick run has; some end in LimitExceeded.
IN_REACH = [pytest.param("c_like", marks=pytest.mark.deep), "smiles"]
N_PATTERNS, N_PATTERNS_DEEP = 100, 1_000
LONGEST, LONGEST_DEEP = 300, 2_000
"""Characters of a text; each slot costs time."""
CASES: list[dict[str, Any]] = json.loads((FOLDER / "piecewise_literals.json").read_text(encoding="utf-8"))["cases"]
COMPLETABLE = [case for case in CASES if case["completable"]]


@cache
def tokenizer() -> Any:
    return tokenizers.Tokenizer.from_file(str(ASSETS / "tokenizer.json"))


@cache
def compiled(language: str, is_in_bytes: bool) -> CompiledGrammar:
    end = json.loads((ASSETS / "config.json").read_text())["eos_token_id"]
    vocabulary = SINGLE_BYTES if is_in_bytes else Vocabulary.from_huggingface(tokenizer(), eos_token_ids=end)
    return mw.Compiler(vocabulary).compile_gbnf((FOLDER / f"{language}.gbnf").read_text(encoding="utf-8"))


def texts_of(language: str, verdict: str) -> list[str]:
    files = [json.loads((FOLDER / language / f"{name}.json").read_text()) for name in LANGUAGES[language]]
    return [text for texts in files for text in texts[verdict]]


def tokens_of(text: str, is_in_bytes: bool) -> list[int]:
    if is_in_bytes:
        return list(text.encode())
    return list(tokenizer().encode(text, add_special_tokens=False).ids)


def check_patterns(language: str, n: int, longest: int, seed: int, is_in_bytes: bool) -> None:
    """The true tokens stand in every mask of their slots, and are taken all together."""
    rng = np.random.default_rng(seed)
    grammar = compiled(language, is_in_bytes)
    texts = [text for text in texts_of(language, "accepted") if len(text) <= longest]
    for k in range(n):
        text = texts[k % len(texts)]
        tokens = tokens_of(text, is_in_bytes)
        assert grammar.vocabulary.decode(tokens) == text.encode()
        (pattern,) = list(gap_patterns(tokens, rng, 1 + k % 6))[-1:]
        slots: list[Slot] = pattern.slots(tokens, MASK, Gap)
        true = pattern.true_tokens(tokens, BLANK)
        canvas = grammar.canvas(slots)
        rows, blank, before = canvas.allow(), canvas.allows_blank(), canvas.tokens.tolist()
        for slot, token in enumerate(true):
            is_allowed = blank[slot] if token == BLANK else rows[slot, token // 32] >> (token % 32) & 1
            assert is_allowed, (text, pattern, slot)
        filler = {slot: token for slot, token in enumerate(true) if before[slot] == OPEN}
        order = dict(zip(filler, rng.random(len(filler)).tolist(), strict=True))
        assert canvas.commit(filler, order) == filler, (text, pattern)
        assert canvas.is_complete and canvas.tokens.tolist() == true


@pytest.mark.parametrize("is_in_bytes", [False, True], ids=["tokens", "bytes"])
@pytest.mark.parametrize("language", IN_REACH)
def test_the_true_filler_is_never_refused(language: str, is_in_bytes: bool) -> None:
    check_patterns(language, N_PATTERNS // 2, LONGEST // (1 + is_in_bytes), seed=1, is_in_bytes=is_in_bytes)


@pytest.mark.deep
@pytest.mark.parametrize("is_in_bytes", [False, True], ids=["tokens", "bytes"])
@pytest.mark.parametrize("language", IN_REACH)
def test_the_true_filler_is_never_refused_in_many_patterns(language: str, is_in_bytes: bool) -> None:
    check_patterns(language, N_PATTERNS_DEEP // 2, LONGEST_DEEP, seed=2, is_in_bytes=is_in_bytes)


@pytest.mark.parametrize("language", IN_REACH)
def test_a_wrong_text_is_refused_whole_and_allowed_in_no_gap(language: str) -> None:
    """Whole, as fixed tokens, it is not completable; in open slots it is not taken as it stands."""
    grammar = compiled(language, False)
    n_refused = 0
    for text in texts_of(language, "rejected"):
        tokens = tokens_of(text, False)
        if not tokens or len(text) > 60 or grammar.vocabulary.decode(tokens) != text.encode():
            continue
        try:
            canvas = grammar.canvas([MASK] * len(tokens))
        except CanvasNotCompletable:
            n_refused += 1
            continue
        assert len(canvas.commit(dict(enumerate(tokens)))) < len(tokens), text
        n_refused += 1
    assert n_refused > 20


@pytest.mark.parametrize("language", [pytest.param("c_like", marks=pytest.mark.deep)])
def test_texts_that_blow_others_up_take_moments(language: str) -> None:
    """Long runs of signs, whole and with a gap in the middle; the time is measured after a first canvas."""
    grammar = compiled(language, False)
    texts: dict[str, list[str]] = json.loads((FOLDER / language / "blow_up.json").read_text())
    for text in texts["accepted"]:
        tokens = tokens_of(text, False)
        middle = len(tokens) // 2
        with_gap: list[Slot] = [*tokens[:middle], Gap.at_most(4), *tokens[middle:]]
        grammar.canvas(with_gap)
        begin = time.perf_counter()
        assert grammar.canvas(tokens).is_complete
        assert grammar.canvas(with_gap).allows_blank().sum() == 4
        assert time.perf_counter() - begin < 2
    for text in texts["rejected"]:
        tokens = tokens_of(text, False)
        canvas = grammar.canvas([*tokens[: len(tokens) // 2], *[MASK] * (len(tokens) - len(tokens) // 2)])
        assert len(canvas.commit(dict(enumerate(tokens[len(tokens) // 2 :], len(tokens) // 2)))) < len(tokens)


@cache
def json_in_bytes() -> CompiledGrammar:
    return mw.Compiler(SINGLE_BYTES).compile_gbnf((FOLDER.parent / "gbnf" / "json.gbnf").read_text(encoding="utf-8"))


def slots_of(case: dict[str, Any]) -> list[Slot]:
    slots: list[Slot] = []
    for part in case["canvas"]:
        slots += list(part.encode()) if isinstance(part, str) else [Gap(*part)]
    return slots


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["canvas"]))
def test_literals_in_pieces_are_completable_as_their_file_says(case: dict[str, Any]) -> None:
    slots = slots_of(case)
    if not case["completable"]:
        with pytest.raises(CanvasNotCompletable):
            json_in_bytes().canvas(slots)
        return
    canvas = json_in_bytes().canvas(slots)
    n_endless = sum(isinstance(slot, Gap) and slot.maximum is None for slot in slots)
    choices: dict[int, int] = {}
    at, fillers = 0, iter(case["filler"])
    for slot in slots:
        if not isinstance(slot, Gap):
            at += 1
            continue
        text = next(fillers).encode()
        n_slots = slot.minimum + DEFAULT_LONGEST_GAP // n_endless if slot.maximum is None else slot.maximum
        choices.update(enumerate([*text, *[BLANK] * (n_slots - len(text))], at))
        at += n_slots
    assert at == canvas.n_slots
    assert canvas.commit(choices) == choices
    assert canvas.is_complete


@pytest.mark.parametrize("case", COMPLETABLE, ids=lambda case: json.dumps(case["canvas"]))
def test_literals_in_pieces_are_completed_to_json(case: dict[str, Any]) -> None:
    canvas = json_in_bytes().canvas(slots_of(case))
    json.loads(bytes(token for token in canvas.complete().tolist() if token >= 0))


def test_there_are_cases() -> None:
    assert len(CASES) > 50 and {case["completable"] for case in CASES} == {True, False}
    for language in LANGUAGES:
        assert len(texts_of(language, "accepted")) > 40
