"""Canvases filled at random, in any order, without a model: every choice from a mask stands, every text ends valid.

A slot is chosen at random and then a token of its mask, all alike. Judges of the ends: jsonschema, and the matcher.
The shortest member in tokens, in a finite language, by plain dynamic programming over its texts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
from jsonschema import validators

import maskwright
import maskwright as mw
from maskwright.errors import CanvasNotCompletable
from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import BLANK, MASK, Gap, Slot
from maskwright.matching.vocabulary import Vocabulary

SCHEMAS = Path(__file__).parents[3] / "schemas"
NAMES = """
bounds_beyond_double_precision const_nested const_string_needs_escapes
contains_between_min_and_max enum_of_nested_values_in_draft_4 enumerated_objects_in_any_order if_then_else many_items
members_follow_the_text_with_applicators one_of_overlapping_strings pattern_and_length patterns_and_format
prefix_items_with_bounds recursion_with_siblings recursive_tree required_in_the_middle unevaluated_items_and_contains
unevaluated_properties_through_if unevaluated_properties_through_ref string_length_counts_characters
""".split()
DEMO_NAMES = ["order", "weather"]
SLOW_NAMES = ["person", "function_call", "event"]
"""Their strings of limited length and dates have thousands of symbols, so a roll-out takes 10 s and more."""
MOST_SHORTEST, MOST_SPARE = 48, 32


@dataclass(frozen=True, slots=True)
class Case:
    """A schema, compiled for the bundled model; how many tokens its shortest member has."""

    schema: Any
    grammar: CompiledGrammar
    n_shortest: int

    @property
    def end(self) -> int:
        return self.grammar.vocabulary.eos_token_ids[0]

    def is_valid(self, text: bytes) -> bool:
        matcher = self.grammar.matcher()
        matcher.accept_bytes(text)
        judge = validators.validator_for(self.schema, default=validators.Draft202012Validator)(self.schema)
        return matcher.is_accepting() and bool(judge.is_valid(json.loads(text, parse_float=Decimal)))


@cache
def compiler() -> mw.Compiler:
    folder = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
    end = json.loads((folder / "config.json").read_text())["eos_token_id"]
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return mw.Compiler(Vocabulary.from_huggingface(tokenizer, eos_token_ids=end))


def schema_of(name: str) -> Any:
    demo = SCHEMAS / "demo" / f"{name}.json"
    if demo.exists():
        return json.loads(demo.read_text(encoding="utf-8"))
    return json.loads((SCHEMAS / "json_schema" / f"{name}.json").read_text(encoding="utf-8"))["schema"]


@cache
def case_of(name: str) -> Case:
    schema = schema_of(name)
    grammar = compiler().compile_grammar(json_schema_grammar(schema, JSONSchemaOptions(whitespace=Whitespace.COMPACT)))
    may_be_blank = grammar.canvas([Gap.at_most(MOST_SHORTEST)]).allows_blank()
    return Case(schema, grammar, int(may_be_blank.argmax()) if may_be_blank.any() else MOST_SHORTEST)


def is_completable(grammar: CompiledGrammar, slots: list[Slot]) -> bool:
    try:
        grammar.canvas(slots)
    except CanvasNotCompletable:
        return False
    return True


def roll_out(case: Case, slots: list[Slot], eos_ids: list[int], rng: np.random.Generator) -> bytes:
    """The text of a canvas after random choices, none of which is turned down."""
    canvas = case.grammar.canvas(slots, eos_ids)
    size = case.grammar.vocabulary.size
    for slot in rng.permutation(canvas.n_slots).tolist():
        if canvas.is_open[slot]:
            tokens = mw.allowed_tokens(canvas.allow()[slot], size).tolist()
            choices = [*tokens, BLANK] if canvas.allows_blank()[slot] else tokens
            assert choices, "a dead end"
            token = choices[int(rng.integers(len(choices)))]
            assert canvas.commit({slot: token}) == {slot: token}
            if rng.random() < 0.5:  # what has a single choice stands as well, all at once
                forced = canvas.forced()
                assert canvas.commit(forced) == forced
    assert canvas.is_complete
    tokens = canvas.tokens.tolist()
    assert canvas.complete().tolist() == tokens
    n_text = tokens.index(case.end) if case.end in tokens else len(tokens)
    assert set(tokens[n_text:]) <= {case.end, BLANK}
    return case.grammar.vocabulary.decode(token for token in tokens if token not in {case.end, BLANK})


def check_roll_outs(name: str, n: int, seed: int) -> None:
    case = case_of(name)
    rng = np.random.default_rng(seed)
    for k in range(n):
        n_slots = case.n_shortest + int(rng.integers(MOST_SPARE + 1))
        slots: list[Slot] = [MASK] * n_slots
        if k % 3 == 1 and is_completable(case.grammar, slots):  # exactly so many tokens
            text = roll_out(case, slots, [], rng)
        elif k % 3 == 2:  # gaps around an open slot
            text = roll_out(case, [Gap.at_most(n_slots), MASK, Gap.at_most(3)], [], rng)
        else:
            text = roll_out(case, slots, [case.end], rng)
        assert case.is_valid(text), text


def test_there_are_enough_schemas() -> None:
    assert len({*NAMES, *DEMO_NAMES, *SLOW_NAMES}) >= 20


@pytest.mark.parametrize("name", [*NAMES, *DEMO_NAMES])
def test_random_choices_from_masks_end_in_valid_texts(name: str) -> None:
    check_roll_outs(name, 1 if name in DEMO_NAMES else 5, seed=1)


@pytest.mark.deep
@pytest.mark.parametrize("name", [*NAMES, *DEMO_NAMES, *SLOW_NAMES])
def test_many_random_choices_from_masks_end_in_valid_texts(name: str) -> None:
    check_roll_outs(name, 12 if name in SLOW_NAMES else 90, seed=2)


@pytest.mark.parametrize("name", [*NAMES, *DEMO_NAMES])
def test_a_canvas_that_is_too_short_is_refused_at_once(name: str) -> None:
    case = case_of(name)
    assert is_completable(case.grammar, [MASK] * case.n_shortest)
    for n_slots in sorted({1, case.n_shortest // 2, case.n_shortest - 1} - {0, case.n_shortest}):
        with pytest.raises(CanvasNotCompletable) as caught:
            case.grammar.canvas([MASK] * n_slots, [case.end])
        assert caught.value == CanvasNotCompletable(n_missing=case.n_shortest - n_slots)


def written(*values: object) -> list[str]:
    return [json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in values]


FINITE: dict[str, tuple[Any, list[str]]] = {
    "constant": ({"const": {"name": ["Ada", None], "é": -1.5}}, written({"name": ["Ada", None], "é": -1.5})),
    "words": ({"enum": ["sunny", "cloudy", "rain", [], {}]}, written("sunny", "cloudy", "rain", [], {})),
    "switches": (
        {
            "type": "object",
            "properties": {"unit": {"enum": ["Celsius", "Fahrenheit"]}, "online": {"type": "boolean"}},
            "required": ["unit", "online"],
            "additionalProperties": False,
        },
        written(*({"unit": u, "online": o} for u in ("Celsius", "Fahrenheit") for o in (True, False)))
        + written(*({"online": o, "unit": u} for u in ("Celsius", "Fahrenheit") for o in (True, False))),
    ),
    "pairs": (
        {"type": "array", "items": {"enum": [1, 10, None]}, "minItems": 2, "maxItems": 2},
        written(*([a, b] for a in (1, 10, None) for b in (1, 10, None))),
    ),
}


def n_shortest_spelling(text: bytes, tokens: set[bytes]) -> int:
    """The fewest tokens that spell a text."""
    fewest = [0]
    for end in range(1, len(text) + 1):
        fewest.append(1 + min(fewest[begin] for begin in range(end) if text[begin:end] in tokens))
    return fewest[-1]


@pytest.mark.parametrize("name", FINITE)
def test_the_shortest_member_is_that_of_dynamic_programming(name: str) -> None:
    schema, texts = FINITE[name]
    vocabulary = compiler().vocabulary
    tokens = {vocabulary.text_of(token) for token in range(vocabulary.size)} - {b""}
    n_shortest = min(n_shortest_spelling(text.encode(), tokens) for text in texts)
    grammar = compiler().compile_grammar(
        json_schema_grammar(schema, JSONSchemaOptions(whitespace=Whitespace.COMPACT, property_order=PropertyOrder.ANY))
    )
    assert is_completable(grammar, [MASK] * n_shortest)
    for n_slots in range(n_shortest):
        with pytest.raises(CanvasNotCompletable) as caught:
            grammar.canvas([MASK] * n_slots)
        assert caught.value == CanvasNotCompletable(n_missing=n_shortest - n_slots)
    canvas = grammar.canvas([Gap.any()])
    assert canvas.allows_blank().argmax() == n_shortest


def test_a_canvas_that_is_too_long_is_refused_with_what_is_spare() -> None:
    schema, texts = FINITE["words"]
    grammar = compiler().compile_grammar(json_schema_grammar(schema, JSONSchemaOptions(whitespace=Whitespace.COMPACT)))
    longest = max(len(text.encode()) for text in texts)
    assert is_completable(grammar, [MASK] * longest)
    with pytest.raises(CanvasNotCompletable) as caught:
        grammar.canvas([MASK] * (longest + 3))
    assert caught.value == CanvasNotCompletable(n_spare=3)
    assert str(caught.value) == (
        "No text of the grammar fits into the canvas: "
        "it is too long by 3 slots; leave these out, or allow an end token."
    )
