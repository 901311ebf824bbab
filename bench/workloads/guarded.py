"""The five fixed workloads of `bench.guard`: small, made by code, each after one part of the work.

    record      members of many types, one after another: masks met for the first time
    strings     long bodies of strings with escapes and other alphabets: the same few masks again and again
    names       an object with 200 optional members: unions of many keys
    sql         a Lark grammar of a whole language: lexer and parser
    counted     strings and arrays with bounds: counters

Changing one of them changes its baseline: `python -m bench.guard --update`.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.workloads.generate import WORDS, bounded_strings, closed_object, properties, prose
from bench.workloads.grammars.sql_texts import sql_script

SQL_GRAMMAR = Path(__file__).parent / "grammars" / "sql.lark"
SQL_STATEMENTS = 12


@dataclass(frozen=True, slots=True)
class GuardedWorkload:
    """`notation` is "json_schema" or "lark"; `texts` are all valid."""

    name: str
    notation: str
    specification: str
    texts: tuple[str, ...]


def guarded_workloads() -> list[GuardedWorkload]:
    """All five, always the same."""
    return [
        _of_schema("record", _record(), [_record_of(random.Random(seed)) for seed in range(4)]),
        _of_schema("strings", {"type": "array", "items": {"type": "string"}}, [_bodies()]),
        _of_schema("names", *_valid(properties(200))),
        GuardedWorkload("sql", "lark", SQL_GRAMMAR.read_text(encoding="utf-8"), (_sql(),)),
        _of_schema("counted", *_counted()),
    ]


def _of_schema(name: str, schema: Any, values: list[Any]) -> GuardedWorkload:
    texts = tuple(json.dumps(value, ensure_ascii=False) for value in values)
    return GuardedWorkload(name, "json_schema", json.dumps(schema), texts)


def _valid(workload: tuple[Any, list[tuple[str, bool, Any]]]) -> tuple[Any, list[Any]]:
    schema, tests = workload
    return schema, [value for _, valid, value in tests if valid]


def _record() -> Any:
    address = closed_object({"street": {"type": "string"}, "zip": {"pattern": "^[0-9]{5}$", "type": "string"}}, ["zip"])
    members = {
        "id": {"type": "integer", "minimum": 1, "maximum": 99_999},
        "name": {"type": "string"},
        "kind": {"enum": WORDS[:40]},
        "share": {"type": "number"},
        "active": {"type": "boolean"},
        "born": {"type": "string", "format": "date"},
        "address": {"anyOf": [address, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 8},
        "parent": {"$ref": "#"},
    }
    return closed_object(members, ["id", "name", "kind", "share", "active", "born", "address", "tags"])


def _record_of(rng: random.Random, depth: int = 2) -> Any:
    record = {
        "id": rng.randint(1, 99_999),
        "name": " ".join(rng.sample(WORDS, 3)),
        "kind": rng.choice(WORDS[:40]),
        "share": round(rng.uniform(-50, 50), 3),
        "active": rng.random() < 0.5,
        "born": f"{rng.randint(1930, 2020)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "address": {"street": rng.choice(WORDS), "zip": f"{rng.randint(0, 99_999):05}"} if rng.random() < 0.7 else None,
        "tags": rng.sample(WORDS, rng.randint(0, 5)),
    }
    return record | ({"parent": _record_of(rng, depth - 1)} if depth else {})


def _bodies() -> list[str]:
    paragraph = prose(1500)
    return [paragraph, paragraph.replace(", ", ',\n"'), "Größe, 東京, ελληνικά 🙂 " * 20, "a\\b/\t" * 60]


def _sql() -> str:
    script = sql_script(random.Random(0))
    return ";".join(script.split(";")[:SQL_STATEMENTS]) + ";"


def _counted() -> tuple[Any, list[Any]]:
    schema, values = _valid(bounded_strings())
    items = {"type": "integer", "minimum": 0, "maximum": 500}
    schema["properties"]["counts"] = {"type": "array", "items": items, "minItems": 100, "maxItems": 2_000}
    return schema, [value | {"counts": [*range(400)]} for value in values]
