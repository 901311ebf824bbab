"""Every file of schemas/json_schema: a schema with texts that it accepts and texts that it rejects."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validators

from maskwright.grammar.json_schema import Indented, JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from tests.naive.recogniser import accepts

FOLDER = Path(__file__).parents[3] / "schemas" / "json_schema"
FILES = sorted(FOLDER.glob("*.json"))


def options_of(case: dict[str, Any]) -> JSONSchemaOptions:
    """A case may name another layout than the default (a word, or a number of blanks to indent by) and an order."""
    style = case.get("whitespace", "flexible")
    return JSONSchemaOptions(
        whitespace=Indented(style) if isinstance(style, int) else Whitespace(style),
        property_order=PropertyOrder(case.get("property_order", "any")),
    )


def test_there_are_cases() -> None:
    assert len(FILES) >= 140


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_schema_accepts_and_rejects_its_texts(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    assert case["accepted"] and case["rejected"]
    grammar = json_schema_grammar(case["schema"], options_of(case))
    verdicts = {text: accepts(grammar, text.encode()) for text in (*case["accepted"], *case["rejected"])}
    assert [text for text in case["accepted"] if not verdicts[text]] == []
    assert [text for text in case["rejected"] if verdicts[text]] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_schema_as_text_means_the_same(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    grammar = json_schema_grammar(json.dumps(case["schema"]), options_of(case))
    assert all(accepts(grammar, text.encode()) for text in case["accepted"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_accepted_texts_are_valid_to_another_judge(path: Path) -> None:
    """Of the rejected ones some are valid: in another order, layout or spelling, or with a wrong format."""
    case = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads(json.dumps(case["schema"]), parse_float=Decimal)
    judge = validators.validator_for(schema, default=validators.Draft202012Validator)(schema)
    values = [json.loads(text, parse_float=Decimal) for text in case["accepted"]]
    assert [value for value in values if not judge.is_valid(value)] == []
