"""The naive validator agrees with the official suite wherever it claims to speak."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tests.data_folder import data_archive
from tests.grammar.json_schema.suite import read_groups
from tests.naive.json_schema_validator import is_multiple, is_valid, is_whole

BEYOND = {"anchor", "dynamicRef", "refRemote", "vocabulary", "defs", "pattern", "format"}
"""Files about other documents, anchors and metaschemas, and about patterns in ECMA-262 syntax."""


def speaks_of(schema: Any) -> bool:
    text = json.dumps(schema, default=str)
    return not any(word in text for word in ('"$id"', '"$ref": "h', "$dynamic", "$anchor", "\\\\p{", "%", "^\\\\W"))


def test_it_agrees_with_the_official_suite() -> None:
    folder = data_archive("json-schema-test-suite")
    count, wrong = 0, []
    for group in read_groups(folder, "draft2020-12"):
        if group.file in BEYOND or not speaks_of(group.schema):
            continue
        for description, instance, expected in group.tests:
            count += 1
            if is_valid(group.schema, instance) != expected:
                wrong.append((group.file, group.description, description))
    assert wrong == []
    assert count > 1_000


def test_multiples_of_any_size() -> None:
    assert is_multiple(Decimal("0.3"), Decimal("0.1"))
    assert is_multiple(Decimal("1e400000"), Decimal("0.007")) is False
    assert is_multiple(Decimal("7e400000"), Decimal("0.007"))
    assert is_multiple(Decimal("1e-400000"), Decimal(1)) is False
    assert is_multiple(Decimal("-0.0"), Decimal(3))
    assert is_whole(Decimal("1.50e1")) and not is_whole(Decimal("1.55e1"))
