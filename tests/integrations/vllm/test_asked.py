"""What stands under `maskwright` in a request's arguments, read without vLLM."""

from __future__ import annotations

import contextlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InvalidOption
from maskwright.integrations.grammar_text import Notation
from maskwright.integrations.vllm.asked import (
    Asked,
    Kind,
    Options,
    asked_of,
    is_ours,
    options_of,
    reasons_first,
    with_budget,
)

SILENT = SimpleNamespace(disable_any_whitespace=False, disable_additional_properties=False, whitespace_pattern=None)


def read(value: Any) -> Options:
    return options_of({"maskwright": value})


@pytest.mark.parametrize(
    ("value", "options"),
    [
        (True, Options(engine="maskwright")),
        (1, Options(engine="maskwright")),
        ("maskwright", Options(engine="maskwright")),
        (False, Options(engine="host")),
        ("xgrammar", Options(engine="xgrammar")),
        ({}, Options(engine="maskwright")),
        ({"engine": "guidance"}, Options(engine="guidance")),
        ({"regex": "a+"}, Options("maskwright", Kind.REGEX, "a+")),
        ({"json": {"type": "null"}}, Options("maskwright", Kind.JSON, '{"type": "null"}')),
        ({"json": '{"type": "null"}'}, Options("maskwright", Kind.JSON, '{"type": "null"}')),
        ({"json_object": True}, Options("maskwright", Kind.JSON_OBJECT, "")),
        ({"choice": ["a", "b"]}, Options("maskwright", Kind.CHOICE, '["a", "b"]')),
        ({"notation": "gbnf", "start": "x"}, Options("maskwright", notation=Notation.GBNF, start="x")),
        ({"json_options": {"whitespace": 2}}, Options("maskwright", json_options='{"whitespace": 2}')),
        ({"max_tokens": 9}, Options("maskwright", max_tokens=9)),
        ({"max_tokens": True}, Options("maskwright", has_own_budget=True)),
        ({"budget": {"generated_tokens": 9}}, Options("maskwright", generated_tokens=9)),
        ({"observed": "hi"}, Options("maskwright", observed=("hi",))),
        ({"observed": ["hi", "ho"]}, Options("maskwright", observed=("hi", "ho"))),
    ],
)
def test_options_are_read_from_values_and_from_their_json(value: Any, options: Options) -> None:
    assert read(value) == options
    assert read(json.dumps(value)) == options


def test_a_constraint_that_is_too_deep_is_refused() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"not": deep}
    with pytest.raises(InvalidOption, match=r"maskwright\.json must be a JSON value that is not too deep, not 'dict'"):
        read({"json": deep})


def test_errors_show_as_much_as_a_person_reads() -> None:
    with pytest.raises(InvalidOption) as caught:
        read({"observed": ["a", 1, "x" * 1_000_000]})
    assert len(str(caught.value)) < 250


def test_who_says_nothing_gets_the_default_engine() -> None:
    assert options_of(None) == options_of({}) == options_of({"other": 1}) == Options()
    assert is_ours(Options(), is_default=True)
    assert not is_ours(Options(), is_default=False)
    assert is_ours(Options(engine="maskwright"), is_default=False)
    assert not is_ours(Options(engine="host"), is_default=True)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"regexp": "a"},
            "maskwright.regexp must be missing: there is no such option, only json, json_object, regex, ",
        ),
        ({"regex": 7}, "maskwright.regex must be a text, not 7."),
        ({"regex": "a", "json": "{}"}, "maskwright.json must be missing, as there is regex already, not '{}'."),
        ({"json_object": False}, "maskwright.json_object must be true, not False."),
        ({"notation": "bnf"}, "maskwright.notation must be one of lark, ebnf, gbnf, not 'bnf'."),
        ({"notation": ["lark"]}, "maskwright.notation must be one of lark, ebnf, gbnf, not ['lark']."),
        ({"engine": "grep"}, "maskwright.engine must be one of maskwright, host, xgrammar, guidance, outlines, "),
        ({"budget": 9}, "maskwright.budget must be an object with generated_tokens, context_tokens or both, not 9."),
        ({"budget": {"tokens": 9}}, "maskwright.budget must be an object with generated_tokens, context_tokens or "),
        (
            {"budget": {"generated_tokens": 0}},
            "maskwright.budget.generated_tokens must be a positive whole number, not 0.",
        ),
        (
            {"max_tokens": 0},
            "maskwright.max_tokens must be a positive whole number, or true for the request's own max_t",
        ),
        (
            {"max_tokens": False},
            "maskwright.max_tokens must be a positive whole number, or true for the request's own ",
        ),
        (
            {"max_tokens": "9"},
            "maskwright.max_tokens must be a positive whole number, or true for the request's own ma",
        ),
        ({"observed": [1]}, "maskwright.observed must be a text or a list of texts, not [1]."),
        ({"json_options": "compact"}, "maskwright.json_options must be an object, not 'compact'."),
        ("{", "maskwright must be JSON, or one of xgrammar, guidance, outlines, lm-format-enforcer, not '{'."),
        (3.5, "maskwright must be true, false, the name of an engine, or an object of options, not 3.5."),
        ("[" * 100_000, "maskwright must be JSON, or one of "),
        ({"engine": []}, "maskwright.engine must be one of maskwright, host, xgrammar, guidance, outlines, "),
        ({"start": 10**5_000}, "maskwright.start must be a text, not 'int'."),
        ({"regex": ["x" * 1_000]}, "maskwright.regex must be a text, not \"['xxx"),
    ],
)
def test_what_means_nothing_is_refused_with_its_name(value: Any, message: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        read(value)
    assert str(caught.value).startswith(message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_read_or_refused(value: Any) -> None:
    with contextlib.suppress(InvalidOption):
        assert isinstance(read(value), Options)


def test_the_constraint_of_the_options_comes_before_the_hosts() -> None:
    options = read({"regex": "a"})
    assert asked_of("json", "{}", options, SILENT, SILENT) == Asked(Kind.REGEX, "a", options)
    assert asked_of("json", "{}", Options(), SILENT, SILENT) == Asked(Kind.JSON, "{}")


def test_switches_for_json_hold_if_request_or_server_sets_them() -> None:
    compact = SimpleNamespace(**{**vars(SILENT), "disable_any_whitespace": True})
    closed = SimpleNamespace(**{**vars(SILENT), "disable_additional_properties": True})
    asked = asked_of("json", "{}", Options(), compact, closed)
    assert asked.options.is_compact and asked.options.is_closed


@given(st.none() | st.integers(1, 99), st.none() | st.integers(1, 99))
def test_the_requests_own_budget_is_what_ends_its_text_first(own: int | None, room: int | None) -> None:
    asked = with_budget(Options(has_own_budget=True), own, room, is_behind_reasoning=False)
    assert asked.max_tokens == (min(one for one in (own, room) if one) if own or room else None)
    assert with_budget(Options(), own, room, is_behind_reasoning=True) == Options()


def test_a_budget_behind_which_the_host_would_cut_is_refused() -> None:
    assert with_budget(Options(max_tokens=16), 16, 40, is_behind_reasoning=True).max_tokens == 16
    for own, room in ((16, 40), (None, 16)):
        with pytest.raises(InvalidOption) as caught:
            with_budget(Options(max_tokens=17), own, room, is_behind_reasoning=False)
        assert str(caught.value) == "maskwright.max_tokens must be at most 16, where vLLM cuts the text, not 17."


def test_tokens_that_reasoning_takes_cannot_be_promised_to_the_text() -> None:
    server = SimpleNamespace(reasoning_parser="deepseek_r1", enable_in_reasoning=False)
    assert reasons_first(server)
    assert not reasons_first(SimpleNamespace(reasoning_parser="", enable_in_reasoning=False))
    assert not reasons_first(SimpleNamespace(reasoning_parser="deepseek_r1", enable_in_reasoning=True))
    with pytest.raises(InvalidOption) as caught:
        with_budget(Options(has_own_budget=True), 200, is_behind_reasoning=True)
    assert str(caught.value) == (
        "maskwright.max_tokens must be a number where the model reasons first, for the text behind, not True."
    )


def test_a_pattern_of_blanks_is_refused_and_not_ignored() -> None:
    parameters = SimpleNamespace(**{**vars(SILENT), "whitespace_pattern": " ?"})
    with pytest.raises(InvalidOption, match=r"whitespace_pattern must be missing; say maskwright\.json_options"):
        asked_of("json", "{}", Options(), parameters, SILENT)
