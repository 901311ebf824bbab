"""Every spelling of a value is read back as the value."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.naive.json_texts import INDENTED, SPELLINGS, read_value, texts_of

numbers = st.decimals(allow_nan=False, allow_infinity=False) | st.integers().map(Decimal)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
)


@given(values)
def test_all_spellings_mean_the_same(value: Any) -> None:
    texts = texts_of(value)
    assert texts
    assert all(read_value(text) == value for text in texts)


@given(st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2), max_leaves=4))
def test_indented_is_what_the_library_writes(value: Any) -> None:
    assert INDENTED.write({"a": value}) == json.dumps({"a": value}, indent=2, ensure_ascii=False)


def test_spellings_differ_where_they_should() -> None:
    value = {"a": Decimal(1), "b": [Decimal("3.0")]}
    assert len(texts_of(value)) == len(SPELLINGS)
    assert '{"a":10e-1,"b":[300e-2]}' in texts_of(value)
