"""From what is asked for to a text in progress, without vLLM."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

import maskwright as mw
from maskwright.errors import (
    BudgetTooSmall,
    InvalidOption,
    LimitExceeded,
    MaskwrightError,
    TokenRejected,
    VocabularyGap,
)
from maskwright.integrations.grammar_text import Notation
from maskwright.integrations.vllm.asked import Asked, Kind, Options
from maskwright.integrations.vllm.constraints import Constraints
from maskwright.integrations.vllm.vocabularies import MAX_COMPILERS, Vocabularies

BYTES = mw.Vocabulary([*(bytes([byte]) for byte in range(256)), b"", b"<x>"], eos_token_ids=[256])
SCHEMA = '{"type": "object", "properties": {"a": {"type": "null"}}}'
BEHAVIOUR = """
segments:
  question: {writer: user, open: "Q:"}
  answer: {open: "A:", text: {regex: "[a-z]{1,9}"}}
flow: question answer+
"""


@pytest.fixture(scope="module")
def constraints() -> Constraints:
    return Constraints(mw.Compiler(BYTES))


def accepts(constraints: Constraints, asked: Asked, text: str) -> bool:
    matcher = constraints.matcher(asked)
    try:
        for token in [*text.encode(), 256]:
            matcher.accept_token(token)
    except MaskwrightError:
        return False
    return matcher.is_finished()


@pytest.mark.parametrize(
    ("kind", "text", "options", "accepted", "rejected"),
    [
        (Kind.JSON, SCHEMA, Options(), '{"a": null}', "[]"),
        (Kind.JSON, SCHEMA, Options(), '{"b": 1}', '{"a": 1}'),
        (Kind.JSON, SCHEMA, Options(is_closed=True), '{"a": null}', '{"b": 1}'),
        (Kind.JSON, SCHEMA, Options(is_compact=True), '{"a":null}', '{"a": null}'),
        (Kind.JSON, "true", Options(json_options='{"whitespace": "compact"}'), "[1,2]", "[1, 2]"),
        (Kind.JSON_OBJECT, "", Options(), '{"a": [1]}', "[1]"),
        (Kind.JSON_OBJECT, "", Options(is_compact=True), '{"a":[1]}', '{"a": [1]}'),
        (Kind.REGEX, "a{2}", Options(), "aa", "aaa"),
        (Kind.CHOICE, '["a.c", "b\\nd", "", "ü"]', Options(), "b\nd", "abc"),
        (Kind.CHOICE, '["a.c", ""]', Options(), "", "a"),
        (Kind.GRAMMAR, 'root ::= "a"', Options(), "a", "b"),
        (Kind.GRAMMAR, 'start: "a"', Options(notation=Notation.LARK), "a", "b"),
        (Kind.GRAMMAR, 'other: "a"', Options(start="other"), "a", "b"),
    ],
)
def test_a_kind_means_what_the_host_documents(
    constraints: Constraints, kind: Kind, text: str, options: Options, accepted: str, rejected: str
) -> None:
    assert accepts(constraints, Asked(kind, text, options), accepted)
    assert not accepts(constraints, Asked(kind, text, options), rejected)


@pytest.mark.parametrize("schema", [{"properties": {"a": {"items": {"properties": {"b": {}}}}}}, True, {"not": {}}])
def test_closing_a_schema_leaves_its_source_alone(constraints: Constraints, schema: Any) -> None:
    text = json.dumps(schema)
    closed = Asked(Kind.JSON, text, Options(is_closed=True))
    if schema == {"not": {}}:
        with pytest.raises(MaskwrightError):
            constraints.matcher(closed)
    else:
        assert accepts(constraints, closed, '{"a":[{"b":1}]}')
        assert accepts(constraints, closed, '{"a":[{"c":1}]}') == (schema is True)


def test_an_option_that_says_nothing_of_a_kind_is_refused(constraints: Constraints) -> None:
    for options in (Options(notation=Notation.LARK), Options(generated_tokens=3), Options(observed=("a",))):
        with pytest.raises(InvalidOption, match="missing for a constraint of the kind regex"):
            constraints.matcher(Asked(Kind.REGEX, "a", options))


@pytest.mark.parametrize("text", ["[]", "{}", '["a", 1]', "a", '"a"'])
def test_choices_are_a_list_of_texts(constraints: Constraints, text: str) -> None:
    with pytest.raises(InvalidOption, match="choice must be a"):
        constraints.matcher(Asked(Kind.CHOICE, text))


def test_many_choices_compile_and_too_many_are_a_limit(constraints: Constraints) -> None:
    many = [f"{number:x}" for number in range(3_000)]
    assert accepts(constraints, Asked(Kind.CHOICE, json.dumps(many)), "7d0")
    assert not accepts(constraints, Asked(Kind.CHOICE, json.dumps(many)), "fff")
    with pytest.raises(LimitExceeded, match="the texts to choose from needs 1000002"):
        constraints.matcher(Asked(Kind.CHOICE, json.dumps(["x" * 1_000_001])))


def test_a_behaviour_begins_where_the_model_writes(constraints: Constraints) -> None:
    asked = Asked(Kind.BEHAVIOUR, BEHAVIOUR)
    with pytest.raises(InvalidOption, match=r"maskwright.observed must be what others write before the model's turn"):
        constraints.matcher(asked)
    with_question = Asked(Kind.BEHAVIOUR, BEHAVIOUR, Options(observed=("What is 6 * 7?",)))
    matcher = constraints.matcher(with_question)
    assert not matcher.is_finished()


def test_a_budget_that_is_too_small_is_refused(constraints: Constraints) -> None:
    options = Options(observed=("What is 6 * 7?",), generated_tokens=1)
    with pytest.raises(BudgetTooSmall):
        constraints.matcher(Asked(Kind.BEHAVIOUR, BEHAVIOUR, options))


def test_a_text_with_a_budget_ends_in_time_or_is_refused(constraints: Constraints) -> None:
    asked = Asked(Kind.JSON, SCHEMA, Options(is_closed=True, is_compact=True, max_tokens=11))
    assert accepts(constraints, asked, '{"a":null}')
    matcher = constraints.matcher(replace(asked, options=replace(asked.options, max_tokens=10)))
    matcher.accept_token(ord("{"))
    with pytest.raises(TokenRejected, match="9 tokens are left, which are too few to complete the text behind it"):
        matcher.accept_token(ord('"'))
    with pytest.raises(BudgetTooSmall) as caught:
        constraints.matcher(Asked(Kind.REGEX, "a{9}", Options(max_tokens=9)))
    assert str(caught.value) == "A budget of 9 tokens is too small: the shortest text takes 10, the end token included."


@pytest.mark.parametrize("options", [Options(max_tokens=9), Options(has_own_budget=True)])
def test_a_behaviour_has_its_own_budget(constraints: Constraints, options: Options) -> None:
    asked = Asked(Kind.BEHAVIOUR, BEHAVIOUR, replace(options, observed=("What?",)))
    with pytest.raises(InvalidOption, match=r"maskwright\.max_tokens must be missing for a constraint of the kind beh"):
        constraints.matcher(asked)


def test_a_behaviour_is_compiled_once(constraints: Constraints) -> None:
    asked = Asked(Kind.BEHAVIOUR, BEHAVIOUR, Options(observed=("What?",)))
    first, second = constraints.matcher(asked), constraints.matcher(asked)
    assert first is not second
    assert first.program is second.program  # type: ignore[attr-defined]


def test_stop_tokens_end_the_text_and_stand_nowhere_else() -> None:
    vocabularies = Vocabularies(BYTES)
    asked = Asked(Kind.REGEX, "a+;?")
    matcher = vocabularies.constraints([ord(";"), 256]).matcher(asked)
    row = mw.allocate_bitmask(1, BYTES.size)[0]
    matcher.fill_bitmask(row)
    assert not mw.is_allowed(row, ord(";"))
    matcher.accept_token(ord("a"))
    matcher.fill_bitmask(row)
    assert mw.is_allowed(row, ord(";")) and mw.is_allowed(row, 256)
    matcher.accept_token(ord(";"))
    assert matcher.is_finished()


def test_equal_stop_tokens_share_a_compiler_and_old_ones_go() -> None:
    vocabularies = Vocabularies(BYTES)
    assert vocabularies.constraints() is vocabularies.constraints({256}) is vocabularies.constraints([])
    assert vocabularies.constraints({256, 999_999, -1}) is vocabularies.constraints()
    first, own = vocabularies.constraints([257]), vocabularies.constraints()
    for stop in range(MAX_COMPILERS):
        vocabularies.constraints([stop])
    assert vocabularies.constraints([257]) is not first
    assert vocabularies.constraints() is own


def test_threads_that_want_the_same_stop_tokens_share_one_compiler() -> None:
    vocabularies = Vocabularies(BYTES)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: vocabularies.constraints([number % 2]), range(32)))
    assert len({id(one) for one in found}) == 2


def test_stop_tokens_that_a_text_needs_are_a_gap_of_the_vocabulary() -> None:
    with pytest.raises(VocabularyGap):
        Vocabularies(BYTES).with_stops([ord('"')]).matcher(Asked(Kind.JSON, '{"type": "string"}'))


def test_an_end_token_that_does_not_stop_a_request_is_no_text() -> None:
    matcher = Vocabularies(BYTES).constraints([257]).matcher(Asked(Kind.REGEX, "(?s).*"))
    row = mw.allocate_bitmask(1, BYTES.size)[0]
    matcher.fill_bitmask(row)
    assert not mw.is_allowed(row, 256)
    assert mw.is_allowed(row, 257)
