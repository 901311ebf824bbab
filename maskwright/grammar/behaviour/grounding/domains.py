"""How many values can stand at a hole, and when are they surely the same as at another?

Rules with variables count on new values (`policy.value_rules`), so a number that is too small is merely strict, while
one that is too large would be wrong: what cannot be counted is taken for one value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from maskwright.grammar import ir
from maskwright.grammar.behaviour.atoms import Path
from maskwright.grammar.behaviour.grounding.body import Domain
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import CharacterAutomaton, count_members, length_between, search_language
from maskwright.grammar.ir import Grammar, Node

MAX_COUNTED = 1_000
"""A hole with more values than this is taken to have a new one for every segment of a trace."""

VALUES_OF_A_TRACE = 10_000
"""More values than a trace mentions: so many segments are more than any context holds."""

MAX_SPARE_CHARACTERS = 64
BYTES_OF_A_CHARACTER = 4

LONG = 64
"""A kind of string that may be as long as this has more values than that: nobody lists so long ones."""

_OF_STRINGS = {"type", "minLength", "maxLength", "pattern", "title", "description", "examples", "default"}
_OF_INTEGERS = {"type", "minimum", "maximum", "title", "description", "examples", "default"}


def domain_of_language(language: CharacterAutomaton) -> Domain:
    """The texts of a regular language."""
    return Domain(language, count_members(language, MAX_COUNTED), _spare(language))


def _spare(language: CharacterAutomaton) -> int | None:
    """Bytes beyond the shortest text within which there are all texts, or as many as a trace may want."""
    if language.is_empty:
        return 0
    ranges = language.alphabet.ranges()
    sizes = [sum(high - low + 1 for low, high in one) for one in ranges]
    table, n = language.transitions, language.n_states
    least, greatest = language.length_bounds()
    ways = np.zeros(n)
    ways[0] = 1
    found = 0.0
    for length in range(least + MAX_SPARE_CHARACTERS + 1):
        found += float(ways[language.accepting].sum())
        if length == greatest or found >= VALUES_OF_A_TRACE:
            return BYTES_OF_A_CHARACTER * max(0, length - least)
        after = np.zeros(n)
        for cls, size in enumerate(sizes):
            there = table[:, cls]
            np.add.at(after, there[there >= 0], ways[there >= 0] * size)
        ways = np.minimum(after, 1e300)
    return None


def domain_of_schema(
    document: Any, path: tuple[str | int, ...], unknown: Hashable, has: Callable[[Any], bool]
) -> Domain:
    """The values at a path of the instances of a schema; `has`: can something of another schema stand there?"""
    schema = _at(document, path)
    key = unknown if schema is None else json.dumps(schema, sort_keys=True)
    spare = None if schema is None else _spare_of_schema(schema)
    if has({"type": "string", "minLength": LONG}) or has({"type": "number", "minimum": 1e9}):
        return Domain(key, None, spare)
    return Domain(key, 1 if schema is None else _count(schema), spare)


def has_endless_texts(grammar: Grammar) -> bool:
    """Are there infinitely many texts?  (In doubt: no.)  Every rule is taken to be of use."""
    open_rules: set[str] = set()
    done: set[str] = set()

    def is_endless(node: Node) -> bool:
        match node:
            case ir.Call(name):
                if name in open_rules:
                    return True  # it calls itself
                if name in done:
                    return False
                open_rules.add(name)
                found = is_endless(grammar.rules[name])
                open_rules.discard(name)
                done.add(name)
                return found
            case ir.Sequence(parts) | ir.Choice(parts):
                return any(map(is_endless, parts))
            case ir.Repeat(body, _, maximum):
                return maximum is None or is_endless(body)
            case ir.Document(body):
                return is_endless(body)
            case ir.Permutation():
                return any(map(is_endless, node.parts))
            case ir.Network(_, edges):
                return any(is_endless(label) for _, label, _ in edges)
            case ir.Automaton(automaton, _, counter):
                return (counter is None or counter[1] is None) and _has_cycle(automaton)
        return False

    return is_endless(ir.Call(grammar.start))


def _has_cycle(automaton: ByteAutomaton) -> bool:
    """Can some state be come back to?  (Of automata with links or bases it is not asked.)"""
    if automaton.links or automaton.base is not None:
        return False
    source = np.repeat(np.arange(automaton.n_states), np.diff(automaton.edge_start))
    target = automaton.edges[:, 2]
    left = np.ones(automaton.n_states, np.bool_)
    while True:  # states that lead to nothing that is left cannot be on a cycle
        kept = np.zeros_like(left)
        kept[source[left[source] & (target >= 0) & left[target.clip(0)]]] = True
        if np.array_equal(kept & left, left):
            return bool(left.any())
        left &= kept


def _at(schema: Any, path: Path) -> Mapping[str, Any] | None:
    """The schema of a member, where it is written in so many words."""
    for step in path:
        if not isinstance(schema, Mapping) or {"$ref", "allOf", "anyOf", "oneOf", "not", "if"} & schema.keys():
            return None
        properties = schema.get("properties", {})
        schema = properties.get(step) if isinstance(properties, Mapping) else None
    return schema if isinstance(schema, Mapping) and "$ref" not in json.dumps(schema) else None


def _spare_of_schema(schema: Mapping[str, Any]) -> int | None:
    """The same for the values of a schema that is written in so many words."""
    if isinstance(listed := schema.get("enum"), list):
        return max(len(json.dumps(value).encode()) for value in listed) if listed else 0
    kind = schema.get("type")
    if kind in {"boolean", "null"}:
        return 1
    if kind == "string" and schema.keys() <= _OF_STRINGS:
        spare = _spare(_language_of(schema))
        return None if spare is None else 3 * spare  # a character may be spelled with twelve bytes
    if kind == "integer" and schema.keys() <= _OF_INTEGERS:
        return MAX_SPARE_CHARACTERS
    return None


def _language_of(schema: Mapping[str, Any]) -> CharacterAutomaton:
    language = length_between(schema.get("minLength", 0), schema.get("maxLength"))
    return language & search_language(schema["pattern"]) if "pattern" in schema else language


def _count(schema: Mapping[str, Any]) -> int | None:
    if isinstance(listed := schema.get("enum"), list):
        return len(listed)
    kind = schema.get("type")
    if kind == "boolean":
        return 2
    if kind == "string" and schema.keys() <= _OF_STRINGS:
        return count_members(_language_of(schema), MAX_COUNTED)
    if kind == "integer" and schema.keys() <= _OF_INTEGERS and {"minimum", "maximum"} <= schema.keys():
        size = int(schema["maximum"] - schema["minimum"]) + 1
        return size if size <= MAX_COUNTED else None
    return 1
