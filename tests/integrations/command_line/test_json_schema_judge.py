"""The second opinion of `jsonschema`: exact numbers, patterns as ECMA-262 means them, and when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from maskwright.integrations.command_line.json_schema_judge import SchemaJudge, keywords_at_fault
from maskwright.integrations.command_line.python_pattern import in_python


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": "integer"}, "1.0", True),
        ({"type": "integer"}, "1.5", False),
        ({"multipleOf": 0.01}, "19.99", True),
        ({"multipleOf": 0.01}, "19.995", False),
        ({"const": 0.1}, "1e-1", True),
        ({"enum": [{"pattern": "("}]}, '{"pattern":"("}', True),
        ({"pattern": "^a$"}, r'"a\n"', False),
        ({"pattern": r"^\d$"}, '"٣"', False),
        ({"pattern": r"^\s$"}, r'"\u00a0"', True),
        ({"patternProperties": {"^.$": False}}, '{"ab":1}', True),
        ({"patternProperties": {"a": True}, "additionalProperties": False}, '{"ba":1}', True),
        ({"format": "date"}, '"x"', True),
        ({}, "[1,]", False),
        ({}, "NaN", False),
        ({}, '{"a":1,"a":2}', None),
        ({"pattern": r"\p{L}"}, '"a"', None),
        ({"maximum": 1}, "1e999", None),
        ({"$ref": "https://example.com/elsewhere"}, "1", None),
    ],
)
def test_verdicts(schema: dict[str, Any], text: str, expected: bool | None) -> None:
    assert SchemaJudge(schema).accepts(text) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^a.$", r"^a[^\n\r\u2028\u2029]\Z"),
        (r"[.$]\$", r"[.$]\$"),
        (r"(?<year>\d)", r"(?P<year>\d)"),
        (r"a\/b", "a/b"),
        (r"[\b\n]", r"[\x08\n]"),
        (r"[\S]", None),
        (r"[^]", None),
        (r"\cA", None),
        ("(", None),
    ],
)
def test_patterns_for_python(pattern: str, expected: str | None) -> None:
    assert in_python(pattern) == expected


def test_keywords_at_fault_are_told_in_words() -> None:
    assert keywords_at_fault({"required": ["a"]}, "{}") == ["at $: 'a' is a required property"]
    assert keywords_at_fault({}, "{}") == [
        "jsonschema accepts this document: it fails only in how it is written, as in the order of properties"
    ]
    assert keywords_at_fault({}, "{") == []
