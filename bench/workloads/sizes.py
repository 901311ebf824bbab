"""Series of schemas that differ in one size only: how does cost grow with it? `series()` names them.

properties   an object with 10 to 3,000 optional members of mixed types; texts with up to 120 of them
enum         one of 10 to 10,000 long strings
depth        4 to 256 objects within one another, each declared on its own
text depth   one recursive schema, texts 10 to 400 levels deep
anyOf        one of 2 to 512 objects that are told apart by a name, which is not their first member
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from bench.cases import Case, Instance
from bench.workloads.generate import WORDS, closed_object, enumeration, properties, prose

Json = Any


def series() -> dict[str, list[tuple[int, Case]]]:
    """Name of a series -> its sizes and cases."""
    makers: dict[str, tuple[Callable[[int], tuple[Json, list[Json]]], tuple[int, ...]]] = {
        "properties": (_properties, (10, 30, 100, 300, 1_000, 3_000)),
        "enum": (_enumeration, (10, 100, 1_000, 10_000)),
        "depth": (_declared_depth, (4, 16, 64, 256)),
        "text depth": (_depth_of_text, (10, 100, 400)),
        "anyOf": (_alternatives, (2, 8, 32, 128, 512)),
    }
    return {
        name: [(size, _case(f"{name} {size:,}", *make(size))) for size in sizes]
        for name, (make, sizes) in makers.items()
    }


def _case(name: str, schema: Json, values: list[Json]) -> Case:
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    return Case(name, json.dumps(schema), tuple(Instance(text, valid=True, description="") for text in texts))


def _properties(count: int) -> tuple[Json, list[Json]]:
    schema, tests = properties(count)
    return schema, [value for _, valid, value in tests if valid]


def _enumeration(count: int) -> tuple[Json, list[Json]]:
    schema, _ = enumeration(count)
    values = schema["items"]["enum"]
    rng = random.Random(count)
    return schema, [rng.sample(values, 4) for _ in range(8)]


def _declared_depth(depth: int) -> tuple[Json, list[Json]]:
    schema: Json = {"type": "string"}
    value: Json = "the innermost"
    for level in range(depth):
        key = WORDS[level % len(WORDS)]
        members = {"id": {"type": "integer"}, key: schema, "note": {"type": "string"}}
        schema = closed_object(members, [key])
        value = {"id": level, key: value, "note": prose(12)}
    return schema, [value]


def _depth_of_text(depth: int) -> tuple[Json, list[Json]]:
    members = {"name": {"type": "string"}, "inner": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}
    value: Json = None
    for level in range(depth):
        value = {"name": WORDS[level % len(WORDS)], "inner": value}
    return closed_object(members, ["name", "inner"]), [value]


def _alternatives(count: int) -> tuple[Json, list[Json]]:
    def one(index: int) -> Json:
        keys = [WORDS[(index + step) % len(WORDS)] for step in (1, 3)]
        members = {"note": {"type": "string"}, "kind": {"const": f"{WORDS[index % len(WORDS)]}-{index}"}}
        return closed_object(members | {key: {"type": "string"} for key in keys}, ["note", "kind", *keys])

    def value(index: int) -> Json:
        keys = list(one(index)["properties"])
        return {"note": prose(30), "kind": one(index)["properties"]["kind"]["const"]} | dict.fromkeys(keys[2:], "text")

    return {"anyOf": [one(index) for index in range(count)]}, [value(index) for index in {0, count // 2, count - 1}]
