"""Workloads that are too large to be stored, made when they are run: see `large_cases`. Seeded, always the same.

strings_10000   two strings of at most 10,000 characters, written to the last one
items_10000     an array of at most 10,000 items, written to the last one
document_3mb    a schema of 3 MB: 2,500 definitions that refer to one another, and a choice of 150 of them
"""

from __future__ import annotations

import json
from typing import Any

from bench.cases import Case, Instance
from bench.workloads.generate import Test, closed_object, prose
from bench.workloads.hostile import resources

Json = Any
BOUND = 10_000
DEFINITIONS = 2_500


def large_cases() -> list[Case]:
    """All of them."""
    return [
        _case("document_3mb", *_document()),
        _case("items_10000", *_items()),
        _case("strings_10000", *_strings()),
    ]


def _case(name: str, schema: Json, tests: list[Test]) -> Case:
    instances = [Instance(json.dumps(data, ensure_ascii=False), valid, what) for what, valid, data in tests]
    return Case(name, json.dumps(schema), tuple(instances))


def _strings() -> tuple[Json, list[Test]]:
    text = {"type": "string", "maxLength": BOUND}
    tests: list[Test] = [
        ("words to the bound", True, {"first": prose(BOUND), "second": ""}),
        ("escapes and other alphabets", True, {"first": "Größe, 東京\n" * 200, "second": prose(100)}),
        ("one character too many", False, {"first": "", "second": prose(BOUND + 1)}),
    ]
    return closed_object({"first": text, "second": text}, ["first", "second"]), tests


def _items() -> tuple[Json, list[Test]]:
    items = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    tests: list[Test] = [
        ("numbers to the bound", True, list(range(BOUND))),
        ("strings", True, ["some", "strings"] * 400),
        ("one item too many", False, [1] * (BOUND + 1)),
    ]
    return {"type": "array", "items": items, "minItems": 1, "maxItems": BOUND}, tests


def _document() -> tuple[Json, list[Test]]:
    schema, valid = resources(DEFINITIONS)
    names = [schema["oneOf"][index]["$ref"].rsplit("/", 1)[1] for index in (0, 75, 149)]
    tests: list[Test] = [(f"a {name}", True, _resource(schema, name, depth=2)) for name in names]
    tests += [("a short one", True, value) for value in valid]
    tests.append(("a resource that does not exist", False, {"resourceType": "Type2500"}))
    return schema, tests


def _resource(schema: Json, name: str, depth: int) -> Json:
    """Every member of a definition, and the definitions that it refers to down to some depth."""
    value: dict[str, Json] = {"resourceType": name, "id": f"{name}-1"}
    for key, member in schema["definitions"][name]["properties"].items():
        if key.startswith("text"):
            value[key] = prose(30)
        elif key.startswith("member") and depth:
            target = member.get("items", member)
            inner = _resource(schema, target["$ref"].rsplit("/", 1)[1], depth - 1)
            value[key] = [inner, inner] if "items" in member else inner
    return value
