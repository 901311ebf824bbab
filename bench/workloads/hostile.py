"""Specifications that hung, crashed or blew up structured-generation engines, made by code at any scale.

Each comes from a report of a user of some engine, or is the next thing that one would try. What is asked of an engine:
end in time and memory, with a grammar or with a typed error. `hostile_cases(1.0)` is the real size; tests take less.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from bench.workloads.generate import closed_object, prose, tools

Json = Any


@dataclass(frozen=True, slots=True)
class HostileCase:
    """`kind` is "json_schema", "gbnf" or "regex"; `text` the specification; `valid` texts that it must accept."""

    name: str
    kind: str
    text: str
    valid: tuple[str, ...] = ()


def hostile_cases(scale: float = 1.0) -> list[HostileCase]:
    """All cases; `scale` multiplies every size, but none falls below 2."""

    def size(full: int) -> int:
        return max(2, int(full * scale))

    schemas: dict[str, tuple[Json, list[Json]]] = {
        "string of at most 10,000": string(size(10_000)),
        "string of at least 10,000": long_string(size(10_000)),
        "pattern and 100,000 characters": patterned_string(size(100_000), "^[a-z ,.]*$"),
        "search and 100,000 characters": patterned_string(size(100_000), "[a-z] "),
        "two patterns and 2,000 characters": two_patterns(size(2_000)),
        "30 bounded strings of a tool": bounded_tool(size(10_000)),
        **{f"oneOf in oneOf, {depth} deep": one_of_in_place(size(depth)) for depth in (4, 8, 12)},
        **{f"oneOf in members, {depth} deep": one_of_in_members(size(depth)) for depth in (4, 8, 12)},
        "overlapping oneOf, 12 branches": overlapping_one_of(size(12)),
        "anyOf of 300 similar objects": similar_objects(size(300)),
        "128 tools": some_tools(size(128)),
        "FHIR-like, 3 MB": resources(size(2_500)),
        "definitions, 60,000": definitions(size(60_000)),
        "properties, 10,000 levels": deep_properties(size(10_000)),
        "items, 10,000 levels": deep_items(size(10_000)),
        "not, 10,000 levels": deep_not(size(10_000)),
        "allOf, 10,000 levels": deep_all_of(size(10_000)),
        "$ref chain of 10,000": reference_chain(size(10_000)),
        "$ref circle": ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, []),
        "recursive, 2,000 deep": recursive(size(2_000)),
        "recursive without end": ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, []),
        "nested arrays of anything, 60,000 brackets": (True, []),
        "allOf of 200 objects": all_of_objects(size(200)),
        "allOf of 20 anyOf": all_of_any_of(size(20)),
        "allOf of 200 patterns": all_of_patterns(size(200)),
        "not of 30 patterns": not_patterns(size(30)),
        "if, then, else, 30 deep": conditions(size(30)),
        "dependentSchemas, 40": dependent_schemas(size(40)),
        "dependentRequired, 1,000 in a circle": dependent_required(size(1_000)),
        "unevaluatedProperties and 12 anyOf": unevaluated(size(12)),
        "enum of 10,000 strings": enumeration(size(10_000)),
        "enum of 3,000 objects": enumerated_objects(size(3_000)),
        "10,000 properties": many_properties(size(10_000)),
        "patternProperties, 50 overlapping": pattern_properties(size(50)),
        "propertyNames with a large pattern": ({"propertyNames": {"pattern": "^(a|b)*a(a|b){14}$"}}, [{"a" * 15: 1}]),
        "1,000,000 items": items(size(1_000_000)),
        "minItems 1,000,000": ({"type": "array", "minItems": size(1_000_000), "items": {"type": "null"}}, []),
        "minProperties 1,000": properties_counted(size(1_000)),
        "minContains 1,000": contained(size(1_000)),
        "uniqueItems of 1,000 integers": unique_integers(size(1_000)),
        "uniqueItems of any strings": ({"items": {"type": "string"}, "uniqueItems": True}, [["a", "b"]]),
        "uniqueItems of objects": unique_objects(size(50)),
        "bounds of 1e308": (_raw('{"type": "number", "minimum": -1e308, "maximum": 1e308}'), [_raw("1e300"), 0]),
        "integer bounds of 3,000 digits": integer_bounds(size(3_000)),
        "bound 1e1000000000": (_raw('{"type": "number", "maximum": 1e1000000000}'), []),
        "multipleOf 1e-300": (_raw('{"type": "number", "multipleOf": 1e-300}'), []),
        "multipleOf a large prime": ({"type": "integer", "multipleOf": 1_000_003}, [2_000_006]),
        "three multipleOf": ({"allOf": [{"multipleOf": unit} for unit in (997, 991, 983)]}, []),
        "pattern with nested counters": (
            {"type": "string", "pattern": f"^(a{{1,{size(1000)}}}){{1,{size(1000)}}}$"},
            [],
        ),
        "pattern a{0,100000}": ({"type": "string", "pattern": f"^a{{0,{size(100_000)}}}$"}, ["aaa"]),
        "pattern ((a+)+)+": ({"type": "string", "pattern": "^((a+)+)+$"}, ["a" * 50]),
        "pattern with 2^25 states": ({"type": "string", "pattern": f"^(a|b)*a(a|b){{{size(25)}}}$"}, []),
        "pattern (.*a){30}": ({"type": "string", "pattern": f"(.*a){{{size(30)}}}"}, ["ba" * size(30)]),
        "pattern of 2,000 words": word_pattern(size(2_000)),
        "pattern with 40 lookaheads": (
            {"type": "string", "pattern": f"^{'(?=.*[a-z])(?=.*[0-9])' * size(20)}.*$"},
            ["a1"],
        ),
        "pattern of 60,000 parentheses": ({"type": "string", "pattern": "(" * size(60_000) + ")" * size(60_000)}, []),
        "pattern of 60,000 open parentheses": ({"type": "string", "pattern": "(" * size(60_000)}, []),
        "description of 10 MB": ({"description": "x" * size(10_000_000), "type": "null"}, [None]),
    }
    cases = [
        HostileCase(name, "json_schema", _text(schema), tuple(_text(value) for value in values))
        for name, (schema, values) in schemas.items()
    ]
    brackets = "[" * size(60_000) + "]" * size(60_000)
    cases = [
        HostileCase(case.name, case.kind, case.text, (brackets,)) if "brackets" in case.name else case for case in cases
    ]
    opening, closing = "(" * size(60_000), ")" * size(60_000)
    return [
        *cases,
        HostileCase("schema text of 60,000 brackets", "json_schema", brackets),
        HostileCase("schema text, cut off", "json_schema", '{"items":' * size(60_000)),
        HostileCase("GBNF of 60,000 parentheses", "gbnf", f'root ::= {opening} "a" {closing}'),
        HostileCase("GBNF of 60,000 open parentheses", "gbnf", f"root ::= {opening}"),
        HostileCase(
            "GBNF with nested counters", "gbnf", f'root ::= (("a"{{1,{size(1000)}}} "b"?){{1,{size(1000)}}})', ("a",)
        ),
        HostileCase("GBNF, 20,000 rules in a chain", "gbnf", _rule_chain(size(20_000)), ("a",)),
        HostileCase("GBNF, ambiguous", "gbnf", 'root ::= root root | "a" | ""', ("a" * size(300),)),
        HostileCase("regex of 60,000 parentheses", "regex", f"{opening}a{closing}"),
        HostileCase(
            "regex with nested counters", "regex", f"((a{{1,{size(100)}}}b?){{1,{size(100)}}}c?){{1,{size(100)}}}"
        ),
        HostileCase("regex with 2^25 states", "regex", f"(a|b)*a(a|b){{{size(25)}}}"),
    ]


class _raw(str):  # noqa: N801 - reads as a function: text that is JSON already
    """JSON text that would change on a way through Python's numbers."""

    __slots__ = ()


def _text(value: Json) -> str:
    return str(value) if isinstance(value, _raw) else _dumps(value)


def _dumps(value: Json) -> str:
    """`json.dumps` that is not stopped by depth: containers of one member are written in a loop."""
    opening, closing = [], []
    while isinstance(value, dict | list) and len(value) == 1:
        if isinstance(value, dict):
            ((name, value),) = value.items()
            opening.append(f"{{{json.dumps(name)}: ")
            closing.append("}")
        else:
            (value,) = value
            opening.append("[")
            closing.append("]")
    return "".join(opening) + json.dumps(value, ensure_ascii=False) + "".join(reversed(closing))


def string(length: int) -> tuple[Json, list[Json]]:
    """A bound alone."""
    return {"type": "string", "maxLength": length}, [prose(length), ""]


def long_string(length: int) -> tuple[Json, list[Json]]:
    """Both bounds."""
    return {"type": "string", "minLength": length, "maxLength": 2 * length}, [prose(length)]


def patterned_string(length: int, pattern: str) -> tuple[Json, list[Json]]:
    """A bound and a pattern."""
    return {"type": "string", "maxLength": length, "pattern": pattern}, [prose(min(length, 5_000))]


def two_patterns(length: int) -> tuple[Json, list[Json]]:
    """A conjunction of searches."""
    both = [{"pattern": "[aeiou]{2}"}, {"pattern": "[^aeiou]{3}"}]
    return {"type": "string", "maxLength": length, "allOf": both}, [("queue rhythm " + prose(length))[:length]]


def bounded_tool(length: int) -> tuple[Json, list[Json]]:
    """The arguments of one tool."""
    members = {f"argument_{i}": {"type": "string", "maxLength": length + i} for i in range(30)}
    return closed_object(members, list(members)), [dict.fromkeys(members, "some text")]


def one_of_in_place(depth: int) -> tuple[Json, list[Json]]:
    """A tree of choices with 2^depth constants at its leaves."""

    def grown(level: int, number: int) -> Json:
        if level == 0:
            return {"const": f"value {number}"}
        return {"oneOf": [grown(level - 1, 2 * number), grown(level - 1, 2 * number + 1)]}

    return grown(depth, 0), ["value 0"]


def one_of_in_members(depth: int) -> tuple[Json, list[Json]]:
    """Objects told apart by a constant, each with a child that is again a choice."""
    names = ["leaf", "left", "right"]
    schema: Json = closed_object({"kind": {"const": "leaf"}}, ["kind"])
    value: Json = {"kind": "leaf"}
    for _ in range(depth):
        inner = schema
        branches = [closed_object({"kind": {"const": name}, "child": inner}, ["kind", "child"]) for name in names[1:]]
        schema = {"oneOf": [closed_object({"kind": {"const": "leaf"}}, ["kind"]), *branches]}
        value = {"kind": "left", "child": value}
        if len(json.dumps(schema)) > 3_000_000:
            break
    return schema, [value] if depth <= 10 else []


def overlapping_one_of(count: int) -> tuple[Json, list[Json]]:
    """Ranges and patterns that overlap their neighbours: exactly one has to hold."""
    ranges = [{"type": "integer", "minimum": 10 * i, "maximum": 10 * i + 14} for i in range(count)]
    patterns = [{"type": "string", "pattern": f"{chr(97 + i)}.{{{i}}}"} for i in range(count)]
    return {"oneOf": ranges + patterns}, [7]


def similar_objects(count: int) -> tuple[Json, list[Json]]:
    """Branches that differ in one member."""
    rng = random.Random(4)
    keys = [f"key_{i}" for i in range(20)]
    branches = []
    for _ in range(count):
        members: Json = {key: {"type": rng.choice(("string", "integer", "boolean"))} for key in rng.sample(keys, 10)}
        branches.append({"type": "object", "properties": members, "required": rng.sample(list(members), 5)})
    return {"anyOf": branches}, []


def some_tools(count: int) -> tuple[Json, list[Json]]:
    """Function calls told apart by name."""
    schema, tests = tools(max(count, 8))
    return schema, [value for _, valid, value in tests if valid]


def resources(count: int) -> tuple[Json, list[Json]]:
    """Definitions of about 1,200 bytes that refer to one another, and a choice of those that are resources."""
    rng = random.Random(5)
    names = [f"Type{i}" for i in range(count)]
    definitions = {}
    for i, name in enumerate(names):
        members: Json = {
            "resourceType": {"const": name},
            "id": {"type": "string", "pattern": "^[A-Za-z0-9\\-.]{1,64}$"},
        }
        for position in range(8):
            target = {"$ref": f"#/definitions/{rng.choice(names)}"}
            described = {"description": prose(30 + (i + position) % 40)}
            members[f"member{position}"] = {**described, "type": "array", "items": target} if position % 2 else target
            members[f"text{position}"] = {**described, "type": "string"}
        definitions[name] = {"description": prose(80), **closed_object(members, ["resourceType"])}
    top = [{"$ref": f"#/definitions/{name}"} for name in names[:150]]
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "oneOf": top, "definitions": definitions}
    return schema, [{"resourceType": names[1], "id": "abc", "text0": "some text"}]


def definitions(count: int) -> tuple[Json, list[Json]]:
    """Definitions that nothing uses, and one that is used."""
    named: Json = {f"d{i}": {"type": "string", "maxLength": i} for i in range(count)}
    return {"$defs": named, "$ref": f"#/$defs/d{count - 1}"}, ["a"]


def deep_properties(depth: int) -> tuple[Json, list[Json]]:
    """Objects in objects."""
    schema: Json = {"type": "null"}
    value: Json = None
    for _ in range(depth):
        schema, value = {"properties": {"a": schema}}, {"a": value}
    return schema, [value]


def deep_items(depth: int) -> tuple[Json, list[Json]]:
    """Arrays in arrays."""
    schema: Json = {"type": "null"}
    for _ in range(depth):
        schema = {"items": schema}
    return schema, [[]]


def deep_not(depth: int) -> tuple[Json, list[Json]]:
    """Negations of negations."""
    schema: Json = {"type": "null"}
    for _ in range(depth):
        schema = {"not": schema}
    return schema, []


def deep_all_of(depth: int) -> tuple[Json, list[Json]]:
    """Conjunctions of one."""
    schema: Json = {"type": "null"}
    for _ in range(depth):
        schema = {"allOf": [schema]}
    return schema, []


def reference_chain(count: int) -> tuple[Json, list[Json]]:
    """Each definition is the next one."""
    named: Json = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(count)}
    named[f"d{count}"] = {"type": "null"}
    return {"$defs": named, "$ref": "#/$defs/d0"}, []


def recursive(depth: int) -> tuple[Json, list[Json]]:
    """A list as pairs."""
    schema: Json = closed_object({"head": {"type": "integer"}, "tail": {"$ref": "#"}}, ["head"])
    text = '{"head": 1, "tail": ' * depth + '{"head": 2}' + "}" * depth
    return schema, [_raw(text)]


def all_of_objects(count: int) -> tuple[Json, list[Json]]:
    """Every branch adds a member."""
    branches = [{"properties": {f"key_{i}": {"type": "integer"}}, "required": [f"key_{i}"]} for i in range(count)]
    return {"type": "object", "allOf": branches}, [{f"key_{i}": i for i in range(count)}]


def all_of_any_of(count: int) -> tuple[Json, list[Json]]:
    """2^count combinations."""
    branches = [{"anyOf": [{"required": [f"a{i}"]}, {"required": [f"b{i}"]}]} for i in range(count)]
    return {"type": "object", "allOf": branches}, [{f"a{i}": i for i in range(count)}]


def all_of_patterns(count: int) -> tuple[Json, list[Json]]:
    """An intersection of searches."""
    branches = [{"pattern": f"{chr(97 + i % 26)}{chr(97 + i // 26)}"} for i in range(count)]
    return {"type": "string", "allOf": branches}, []


def not_patterns(count: int) -> tuple[Json, list[Json]]:
    """A complement of a union of searches."""
    branches = [{"pattern": f"{chr(97 + i % 26)}{chr(97 + i // 26)}.*x"} for i in range(count)]
    return {"type": "string", "not": {"anyOf": branches}}, ["nothing"]


def conditions(depth: int) -> tuple[Json, list[Json]]:
    """A decision list over one member."""
    schema: Json = {"required": ["other"]}
    for i in range(depth):
        test = {"properties": {"kind": {"const": f"k{i}"}}, "required": ["kind"]}
        schema = {"if": test, "then": {"required": [f"only_k{i}"]}, "else": schema}
    return {"type": "object", **schema}, [{"kind": "k0", "only_k0": 1}]


def dependent_schemas(count: int) -> tuple[Json, list[Json]]:
    """Each name asks for another member."""
    return {"type": "object", "dependentSchemas": {f"a{i}": {"required": [f"b{i}"]} for i in range(count)}}, [{}]


def dependent_required(count: int) -> tuple[Json, list[Json]]:
    """All names or none."""
    table = {f"key_{i}": [f"key_{(i + 1) % count}"] for i in range(count)}
    return {"type": "object", "dependentRequired": table}, [{}]


def unevaluated(count: int) -> tuple[Json, list[Json]]:
    """What is looked at depends on which branches hold."""
    choices = [
        {"anyOf": [{"properties": {f"a{i}": {"type": "null"}}, "required": [f"a{i}"]}, True]} for i in range(count)
    ]
    return {"type": "object", "allOf": choices, "unevaluatedProperties": False}, [{"a0": None}]


def enumeration(count: int) -> tuple[Json, list[Json]]:
    """Strings that share prefixes."""
    rng = random.Random(6)
    values = [f"{prose(20 + rng.randrange(20))}#{i}" for i in range(count)]
    return {"enum": values}, [values[0], values[-1]]


def enumerated_objects(count: int) -> tuple[Json, list[Json]]:
    """Objects that share members."""
    values = [{"id": i, "name": f"name {i % 50}", "tags": [i % 7, i % 11]} for i in range(count)]
    return {"enum": values}, [values[0], values[-1]]


def many_properties(count: int) -> tuple[Json, list[Json]]:
    """All of them required."""
    members: Json = {f"member_{i}": {"type": "boolean"} for i in range(count)}
    return closed_object(members, list(members)), [dict.fromkeys(members, True)] if count <= 2_000 else []


def pattern_properties(count: int) -> tuple[Json, list[Json]]:
    """A name may fall under any number of them."""
    rng = random.Random(7)
    patterns: Json = {}
    for i in range(count):
        kinds = rng.sample(["string", "integer", "boolean", "null", "array"], 4)
        patterns[f"{chr(97 + i % 26)}{'.' * (i % 3)}{chr(97 + i * 7 % 26)}"] = {"type": kinds}
    return {"type": "object", "patternProperties": patterns}, [{"zzz": 1}]


def items(count: int) -> tuple[Json, list[Json]]:
    """Both bounds at the same number."""
    return {"type": "array", "minItems": 1, "maxItems": count, "items": {"type": "integer"}}, [list(range(300))]


def properties_counted(count: int) -> tuple[Json, list[Json]]:
    """Many members of any name."""
    return {"type": "object", "minProperties": count}, [{f"key_{i}": i for i in range(count)}]


def contained(count: int) -> tuple[Json, list[Json]]:
    """Many items of one type."""
    return {"type": "array", "contains": {"type": "integer"}, "minContains": count}, [list(range(count))]


def unique_integers(count: int) -> tuple[Json, list[Json]]:
    """Half of a finite set, each once."""
    numbers = {"type": "integer", "minimum": 0, "maximum": count - 1}
    schema = {"type": "array", "items": numbers, "uniqueItems": True, "minItems": count // 2}
    return schema, [list(range(count // 2))]


def unique_objects(count: int) -> tuple[Json, list[Json]]:
    """Objects of two members, each once."""
    pair = closed_object({"a": {"type": "integer"}, "b": {"type": "string"}}, ["a", "b"])
    return {"type": "array", "items": pair, "uniqueItems": True}, [[{"a": i, "b": "x"} for i in range(count)]]


def integer_bounds(n_digits: int) -> tuple[Json, list[Json]]:
    """Bounds beyond every machine number."""
    return {"type": "integer", "minimum": -int("3" * n_digits), "maximum": int("7" * n_digits)}, [12]


def word_pattern(count: int) -> tuple[Json, list[Json]]:
    """An alternation."""
    words = [f"{prose(12)}{i}".replace(".", "") for i in range(count)]
    return {"type": "string", "pattern": f"^({'|'.join(words)})$"}, [words[0]]


def _rule_chain(count: int) -> str:
    rules = [f"r{i} ::= r{i + 1}" for i in range(count)]
    return "\n".join(["root ::= r0", *rules, f'r{count} ::= "a"'])
