"""Writes the workloads beside this file: `python -m bench.workloads.generate`. Seeded, so it always writes the same.

    bounded_strings   maxLength from 10 to 65,535; instances at the bound, and one character beyond it
    tools_128         one of 128 function calls, told apart by name; the usual shape of an agent's tool list
    properties_1000   an object of 1,000 optional members
    enum_2000         one of 2,000 long strings that share prefixes
    tree              a recursive schema and documents twelve levels deep

Each is a case in the format of `bench/cases.py`. Objects are closed and members stand in the order of the schema,
so that engines which demand either are measured and not merely found wanting.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

WORDS = (
    "account amount archive author balance branch bucket budget canvas cell channel client cluster column comment cost "
    "currency customer cursor date deadline device digest distance domain draft duration email engine entry event "
    "factor field filter folder format gateway group height image index invoice issue item kernel key label language "
    "layer length level limit link list locale lock margin mask memory message metric mode model module name network "
    "node note number object offset order owner page parent path payload period phase phone pixel plan point policy "
    "port price process product profile project quantity query queue rate reason record region release report request "
    "resource result role route row sample schedule scope score section segment sender server service session shape "
    "signal size slot source stage start state status step store stream string subject sum switch table target task "
    "template tenant theme thread ticket title token topic total trace unit update user value vendor version view "
    "volume weight width window zone"
).split()

Json = Any
Test = tuple[str, bool, Json]


def main() -> None:
    """Write every workload."""
    for name, (description, schema, tests) in workloads().items():
        target = Path(__file__).parent / f"{name}.json"
        target.write_text(workload_text(description, schema, tests), encoding="utf-8")
        print(f"{target.name}: {target.stat().st_size:,} bytes")


def workload_text(description: str, schema: Json, tests: list[Test]) -> str:
    """The contents of a case file."""
    listed = [{"description": what, "valid": valid, "data": data} for what, valid, data in tests]
    return json.dumps({"description": description, "schema": schema, "tests": listed}, separators=(",", ":")) + "\n"


def workloads() -> dict[str, tuple[str, Json, list[Test]]]:
    """Name -> description, schema, instances."""
    return {
        "bounded_strings": ("Strings of bounded length, from 10 to 65,535 characters", *bounded_strings()),
        "tools_128": ("One of 128 function calls", *tools(128)),
        "properties_1000": ("An object of 1,000 optional members", *properties(1000)),
        "enum_2000": ("One of 2,000 long strings", *enumeration(2000)),
        "tree": ("A recursive tree", *tree()),
    }


def closed_object(members: dict[str, Json], required: list[str]) -> Json:
    """The schema of an object with these members and no others."""
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


def bounded_strings() -> tuple[Json, list[Test]]:
    """Five strings with their own bounds each."""
    bounds = {"code": (10, 10), "name": (1, 64), "line": (0, 255), "summary": (100, 4096), "body": (0, 65_535)}
    members = {key: {"type": "string", "minLength": low, "maxLength": high} for key, (low, high) in bounds.items()}
    short: dict[str, Json] = {
        "code": "AB-1234567",
        "name": "Ada",
        "line": "",
        "summary": prose(400),
        "body": prose(600),
    }
    long = short | {"name": "n" * 64, "line": prose(255), "summary": prose(4096)}
    tests = [
        ("ordinary lengths", True, short),
        ("every length at its bound", True, long),
        ("one character too many", False, long | {"line": prose(256)}),
        ("one character too few", False, short | {"summary": prose(99)}),
    ]
    return closed_object(members, list(bounds)), tests


def tools(count: int) -> tuple[Json, list[Test]]:
    """Calls with one to six arguments."""
    rng = random.Random(1)
    calls, schemas = [], []
    for index in range(count):
        name = f"{rng.choice(('get', 'set', 'list', 'create', 'delete', 'update'))}_{WORDS[index]}"
        keys = rng.sample(WORDS, rng.randint(1, 6))
        kinds = [rng.choice(sorted(KINDS)) for _ in keys]
        arguments = closed_object({key: KINDS[kind][0] for key, kind in zip(keys, kinds, strict=True)}, keys)
        schemas.append(closed_object({"name": {"const": name}, "arguments": arguments}, ["name", "arguments"]))
        values = {key: KINDS[kind][1](rng) for key, kind in zip(keys, kinds, strict=True)}
        calls.append({"name": name, "arguments": values})
    tests: list[Test] = [(f"a call of tool {index}", True, calls[index]) for index in range(0, count, 16)]
    tests += [
        ("a tool that does not exist", False, {"name": "get_nothing", "arguments": {}}),
        ("the arguments of another tool", False, {"name": calls[3]["name"], "arguments": calls[4]["arguments"]}),
    ]
    return {"anyOf": schemas}, tests


def properties(count: int) -> tuple[Json, list[Test]]:
    """Members of mixed types; instances with up to 120 of them."""
    rng = random.Random(2)
    keys = [f"{WORDS[index % len(WORDS)]}_{WORDS[index * 7 % len(WORDS)]}_{index}" for index in range(count)]
    kinds = [rng.choice(sorted(KINDS)) for _ in keys]
    schema = closed_object({key: KINDS[kind][0] for key, kind in zip(keys, kinds, strict=True)}, [])

    def some(size: int) -> dict[str, Json]:
        chosen = sorted(rng.sample(range(count), min(size, count)))
        return {keys[index]: KINDS[kinds[index]][1](rng) for index in chosen}

    tests: list[Test] = [(f"{size} members", True, some(size)) for size in (0, 1, 10, 40, 120)]
    tests.append(("a member that is not declared", False, some(5) | {"unknown_member": 1}))
    return schema, tests


def enumeration(count: int) -> tuple[Json, list[Test]]:
    """Paths over twelve words, each with its number at the end."""
    rng = random.Random(3)
    values = [f"{'/'.join(rng.choice(WORDS[:12]) for _ in range(5))}#{index:04}" for index in range(count)]
    tests: list[Test] = [(f"value {index}", True, [values[index]]) for index in (0, count // 2, count - 1)]
    tests.append(("a prefix of a value", False, [values[5][:-1]]))
    return {"type": "array", "items": {"enum": values}, "minItems": 1, "maxItems": 4}, tests


def tree() -> tuple[Json, list[Test]]:
    """Nodes with a label, a weight and children."""
    node = closed_object(
        {
            "label": {"type": "string"},
            "weight": {"type": "number"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
        },
        ["label", "weight", "children"],
    )

    def grown(depth: int, width: int) -> Json:
        children = [grown(depth - 1, width)] * width if depth else []
        return {"label": f"{WORDS[depth]} node", "weight": depth / 4, "children": children}

    broken = grown(12, 1)
    leaf = broken
    while leaf["children"]:
        leaf = leaf["children"][0]
    leaf["weight"] = "none"
    tests: list[Test] = [
        ("a path of twelve nodes", True, grown(12, 1)),
        ("a binary tree of 31 nodes", True, grown(4, 2)),
        ("a wrong type in the innermost node", False, broken),
    ]
    return {"$defs": {"node": node}, "$ref": "#/$defs/node"}, tests


def prose(length: int) -> str:
    """`length` characters that look like words."""
    rng = random.Random(length)
    text = ""
    while len(text) < length:
        text += rng.choice(WORDS) + rng.choice((" ", " ", " ", ", ", ". "))
    return text[:length]


KINDS: dict[str, Any] = {
    "boolean": ({"type": "boolean"}, lambda rng: rng.random() < 0.5),
    "integer": ({"type": "integer"}, lambda rng: rng.randint(-1000, 100_000)),
    "list": ({"type": "array", "items": {"type": "string"}}, lambda rng: rng.sample(WORDS, rng.randint(0, 4))),
    "number": ({"type": "number"}, lambda rng: round(rng.uniform(-50, 50), 3)),
    "percentage": ({"type": "integer", "minimum": 0, "maximum": 100}, lambda rng: rng.randint(0, 100)),
    "short": ({"type": "string", "maxLength": 40}, lambda rng: " ".join(rng.sample(WORDS, 3))),
    "string": ({"type": "string"}, lambda rng: " ".join(rng.sample(WORDS, 5))),
}


if __name__ == "__main__":
    main()
