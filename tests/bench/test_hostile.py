"""Hostile specifications in small: each ends soon, compiled or with a typed error, and accepts its valid texts.

`python -m bench.hostile` runs them in full size, each in a process with limits.
"""

from __future__ import annotations

import json
from dataclasses import replace
from time import process_time

import pytest

from bench.hostile import outcome_of
from bench.measure import CaseRecord, InstanceRecord
from bench.workloads.hostile import HostileCase, hostile_cases
from maskwright.errors import SpecificationError
from maskwright.matching.compiler import Compiler
from tests.grammar.json_schema.suite import accepts, byte_compiler

LIGHT = 0.05
SECONDS = 10.0
"""Of processor time: far above what any case takes, far below what a case takes that blows up."""
CASES = hostile_cases(LIGHT)


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    compiler = byte_compiler()
    schema = {"items": {"type": "string", "pattern": "^a", "maxLength": 9}, "minItems": 1, "maxItems": 9}
    # kernels are loaded before the clock starts
    assert accepts(compiler.compile_json_schema(schema), '["ab"]')
    assert accepts(compiler.compile_json_schema({"uniqueItems": True}), '[1,"a",{"b":[1]}]')
    return compiler


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ends_soon_and_in_words(case: HostileCase, compiler: Compiler) -> None:
    compile_text = {
        "json_schema": compiler.compile_json_schema,
        "gbnf": compiler.compile_gbnf,
        "regex": compiler.compile_regex,
    }[case.kind]
    begin = process_time()
    try:
        grammar = compile_text(case.text)
    except SpecificationError as error:
        reason = str(error)
    else:
        reason = "compiled"
        assert [text[:100] for text in case.valid if not accepts(grammar, text)] == []
    assert reason and process_time() - begin < SECONDS


def test_names_are_unique_and_valid_texts_are_json() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 60
    for case in CASES:
        if case.kind == "json_schema" and "schema text" not in case.name and "levels" not in case.name:
            json.loads(case.text)


def test_outcomes() -> None:
    accepted, refused = InstanceRecord(valid=True, refused_at=None), InstanceRecord(valid=True, refused_at=3)
    fine = CaseRecord("x", instances=(accepted,))
    assert outcome_of(fine) == ("compiled", True)
    assert outcome_of(replace(fine, instances=(accepted, refused))) == ("valid text refused at token 3", False)
    assert outcome_of(CaseRecord("x", "LimitExceeded: too much\nof it")) == ("LimitExceeded: too much", True)
    assert not outcome_of(CaseRecord("x", "RecursionError: maximum"))[1]
    assert not outcome_of(CaseRecord("x", "time-out: more than 5 s"))[1]
