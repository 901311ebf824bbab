"""Random schemas from both sides, in few seeds; `python -m tests.fuzz` runs many and makes failures small."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.data_folder import tokenizer_folder
from tests.fuzz.check import Bench, Failure, byte_bench, check_seed
from tests.fuzz.pool import bench_with
from tests.fuzz.random_schemas import random_schema
from tests.fuzz.shrink import cuts, shrunk
from tests.fuzz.walks import Walker

N_SEEDS = 200
N_DEEP = 20_000

KEYWORDS = """type enum const properties patternProperties additionalProperties propertyNames required dependentRequired
dependentSchemas minProperties maxProperties unevaluatedProperties items prefixItems contains minContains maxContains
uniqueItems unevaluatedItems minItems maxItems allOf anyOf oneOf not if then else $ref $defs minimum maximum
exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern""".split()


@pytest.fixture(scope="module")
def bench() -> Bench:
    return byte_bench()


def failures_of(seeds: range, bench: Bench) -> list[tuple[int, Failure]]:
    return [(seed, failure) for seed in seeds for failure in check_seed(seed, bench).failures]


def test_random_schemas_with_exact_options(bench: Bench) -> None:
    assert failures_of(range(N_SEEDS), bench) == []


def test_random_schemas_with_default_options() -> None:
    assert failures_of(range(N_SEEDS), byte_bench(default_options=True)) == []


@pytest.mark.deep
def test_many_random_schemas_with_exact_options(bench: Bench) -> None:
    assert failures_of(range(N_DEEP), bench) == []


@pytest.mark.deep
def test_no_dead_end_with_a_real_vocabulary() -> None:
    assert failures_of(range(2_000), bench_with(1, tokenizer_folder("llama3"), default_options=False)) == []


def test_schemas_are_valid_and_mix_all_keywords() -> None:
    seen: Counter[str] = Counter()

    def count(part: Any) -> None:
        if isinstance(part, dict):
            seen.update(part.keys())
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            count(inner)

    for seed in range(600):
        schema = random_schema(random.Random(seed))
        Draft202012Validator.check_schema(schema)
        count(schema)
    assert {name: seen[name] for name in KEYWORDS if seen[name] < 10} == {}


class Careless(Compiler):
    """Forgets a keyword wherever it stands in the root."""

    def __init__(self, vocabulary: Vocabulary, forgotten: str, instead: dict[str, Any]) -> None:
        super().__init__(vocabulary)
        self.forgotten = forgotten
        self.instead = instead

    def compile_json_schema(self, schema: object, **options: Any) -> CompiledGrammar:
        if isinstance(schema, dict) and self.forgotten in schema:
            schema = {name: part for name, part in schema.items() if name != self.forgotten} | self.instead
        return super().compile_json_schema(schema, **options)


@pytest.mark.parametrize(("instead", "kind"), [({}, "wide"), ({"type": "null"}, "narrow")])
def test_a_careless_engine_is_found_out(instead: dict[str, Any], kind: str) -> None:
    honest = byte_bench(default_options=True)
    careless = replace(honest, bytes=Careless(honest.bytes.vocabulary, "required", instead))
    found = [failure for _, failure in failures_of(range(100), careless) if failure.kind == kind]
    assert found
    small = shrunk(found[0], careless, seconds=5)
    assert small.kind == kind and "required" in small.schema
    assert len(str(small.schema)) <= len(str(found[0].schema))
    assert len(small.schema) <= 2, small


def test_an_engine_that_raises_is_found_out(bench: Bench) -> None:
    class Broken:
        vocabulary = bench.bytes.vocabulary

        def compile_json_schema(self, schema: object, **options: Any) -> None:
            raise KeyError("oops")

    broken = replace(bench, bytes=Broken())  # type: ignore[arg-type]
    (failure,) = check_seed(0, broken).failures
    assert failure.kind == "crash" and "oops" in failure.detail


def test_cuts_are_smaller_and_reach_everything() -> None:
    value = {"a": [{"b": 1}, "xy"], "$defs": {"c": {"d": True}}}
    found = list(cuts(value))
    assert {"a": [{"b": 1}, "y"], "$defs": {"c": {"d": True}}} in found
    assert {"a": [{}, "xy"], "$defs": {"c": {"d": True}}} in found
    assert {"b": 1, "$defs": {"c": {"d": True}}} in found
    assert value not in found


def test_walks_repeat_with_the_same_seed(bench: Bench) -> None:
    grammar = bench.bytes.compile_json_schema({"type": "array", "items": {"enum": ["a", 1]}, "maxItems": 4})
    walker = Walker(bench.bytes.vocabulary)
    walks = [walker.walk(grammar, random.Random(3), walker.interesting('"a1[]'), 200) for _ in range(2)]
    assert walks[0] == walks[1]
