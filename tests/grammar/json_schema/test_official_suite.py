"""The official JSON Schema test suite, by the judge in `suite`: never too wide, and as many tests right as ever before.

`python -m bench.suite` prints the same verdicts as a table, with every refusal and its reason.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from maskwright.matching.compiler import Compiler
from tests.data_folder import data_archive
from tests.grammar.json_schema.suite import (
    DRAFTS,
    EXACT,
    EXACT_WITH_FORMATS,
    Group,
    Verdict,
    byte_compiler,
    judge,
    judge_draft,
)

FLOOR_OF_DRAFT = {"draft4": 617, "draft6": 838, "draft7": 926, "draft2019-09": 1_258, "draft2020-12": 1_298}
"""Required tests that are right at least. Raise a floor when more are right; never lower it."""

FLOOR_OF_FORMATS = {"draft4": 218, "draft6": 324, "draft7": 643, "draft2019-09": 724, "draft2020-12": 731}
"""The same for the optional tests of formats, with formats asserted."""


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return byte_compiler()


@pytest.mark.parametrize("draft", DRAFTS)
def test_required_tests(draft: str, compiler: Compiler) -> None:
    judgements = judge_draft(data_archive("json-schema-test-suite"), draft, compiler)
    counts = Counter(one.verdict for one in judgements)
    assert [one for one in judgements if one.verdict in {Verdict.UNDER, Verdict.CRASH}] == []
    assert counts[Verdict.RIGHT] >= FLOOR_OF_DRAFT[draft], counts


@pytest.mark.parametrize("draft", DRAFTS)
def test_optional_tests_of_formats(draft: str, compiler: Compiler) -> None:
    folder = data_archive("json-schema-test-suite")
    judgements = judge_draft(folder, draft, compiler, "optional/format/*.json", EXACT_WITH_FORMATS)
    counts = Counter(one.verdict for one in judgements)
    assert [one for one in judgements if one.verdict is Verdict.CRASH] == []
    assert counts[Verdict.RIGHT] >= FLOOR_OF_FORMATS[draft], counts


@pytest.mark.parametrize(
    ("schema", "instance", "is_valid", "verdict"),
    [
        ({"type": "integer"}, Decimal(3), True, Verdict.RIGHT),
        ({"type": "integer"}, Decimal("0.5"), False, Verdict.RIGHT),
        ({"type": "integer"}, Decimal(3), False, Verdict.UNDER),
        ({"type": "integer"}, Decimal("0.5"), True, Verdict.NARROW),
        ({"allOf": [{"type": "null"}, {"type": "string"}]}, None, False, Verdict.RIGHT),
        ({"allOf": [{"type": "null"}, {"type": "string"}]}, None, True, Verdict.NARROW),
        ({"pattern": r"(a)\1"}, "aa", True, Verdict.REFUSED),
        ({"minLength": "three"}, "abc", True, Verdict.REFUSED),
    ],
)
def test_the_judge_can_find_fault(
    schema: Any, instance: Any, is_valid: bool, verdict: Verdict, compiler: Compiler
) -> None:
    group = Group("draft2020-12", "none", "made up", schema, (("", instance, is_valid),))
    assert [one.verdict for one in judge(group, compiler, None, EXACT)] == [verdict], json.dumps(schema)


def test_the_judge_catches_what_is_not_an_error_of_ours(compiler: Compiler) -> None:
    class Broken:
        def compile_json_schema(self, schema: object, options: object = None) -> None:
            raise RecursionError

    group = Group("draft2020-12", "none", "made up", True, (("", None, True),))
    assert [one.verdict for one in judge(group, Broken(), None)] == [Verdict.CRASH]  # type: ignore[arg-type]
