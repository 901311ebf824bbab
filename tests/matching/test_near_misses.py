"""Small changes: one at a time, told in words and with the place, the same for equal seeds, and at borders."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.matching.near_misses import Change, bounds_of, changed_document, changed_text

DOCUMENT = {"name": "Ann", "age": 3, "tags": ["a", "b"], "deep": {"x/y": [None, True, 1.5]}}
TEXT = json.dumps(DOCUMENT, separators=(",", ":"))


def changes(n: int, bounds: tuple[int, ...] = ()) -> list[Change]:
    return [changed_document(TEXT, bounds, np.random.default_rng(seed)) for seed in range(n)]


def at(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def test_a_change_is_the_same_for_equal_seeds_and_changes_something() -> None:
    assert changes(20) == changes(20)
    assert sum(change.text == TEXT for change in changes(200)) <= 20


def test_a_change_of_a_value_is_at_its_pointer_and_nowhere_else() -> None:
    seen = 0
    for change in changes(300):
        try:
            changed = json.loads(change.text)
        except ValueError:
            continue
        if change.pointer:
            seen += 1
            parent, _, _ = change.pointer.rpartition("/")
            for pointer in ("/name", "/age", "/tags", "/deep"):
                if not change.pointer.startswith(pointer):
                    assert at(changed, pointer) == at(DOCUMENT, pointer), change
            assert at(changed, parent) is not None
    assert seen > 100


def test_every_kind_of_change_is_made() -> None:
    said = " | ".join(change.what for change in changes(2_000, (18,)))
    for words in (
        "the number 3 became 17",
        "the number 3 became 19",
        "the member 'name' was taken out",
        "was put in",
        "'age' became 'age_'",
        "item 1 was taken out",
        "item 0 was repeated",
        "a string of 3 characters got 19",
        '"Ann" became null',
        "true became false",
        "null became",
        "'{' at 0 was taken out",
        "the end was cut off",
        "was doubled",
    ):
        assert words in said, words


def test_bounds_are_the_whole_numbers_of_a_schema() -> None:
    schema = {"minimum": 2.0, "maximum": 7, "items": [{"maxLength": 7}, {"multipleOf": 0.5}], "uniqueItems": True}
    assert bounds_of(schema) == (2, 7)


@given(st.text(max_size=12), st.integers(0, 1 << 20))
def test_a_changed_text_differs_in_one_place(text: str, seed: int) -> None:
    changed = changed_text(text, np.random.default_rng(seed)).text
    common = len(text) + 1 - next((n for n in range(len(text), -1, -1) if changed.startswith(text[:n])), 0)
    assert abs(len(changed) - len(text)) <= 1 or text.startswith(changed)
    assert common >= 0


def test_numbers_keep_all_their_digits() -> None:
    text = '{"a":0.10000000000000000000000000001,"b":"x"}'
    kept = Counter(
        "0.10000000000000000000000000001" in changed_document(text, (), np.random.default_rng(seed)).text
        for seed in range(60)
    )
    assert kept[True] > 20
