"""The values of a JSON text or a call of a tool, split by atoms about fields and arguments.

Idea. The values are cut into *cases*: one for each tool (or one in all), so that an atom about another tool does not
hold and one about the tool without arguments holds. Each case is split atom by atom: a schema, and the atoms that hold
or do not hold added to it (`json_atoms`); what has no value is dropped, so there are as many parts as exist.

Who writes decides the spelling: what the model writes is spelled as JSON grammars are by default (canonical escapes),
what others write in any way that JSON allows, unless the schema says otherwise (`x-maskwright`).
Numbers with exponents have fewer spellings in a part than in the whole (`grammar.numbers`), so of these the grammar of
some parts may have fewer; no value is lost.

A text is a member if it is spelled as the grammar has it and its value is one of the schema. The spelling is asked of a
looser grammar (`loosened`), in which items need not differ and members may come in any number: a grammar of such a
schema has all texts of its values that are spelled so. The value is asked of the schema itself, by `const`.
Cost: one normal form of the schema for each question whether a part has a value, some milliseconds each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from maskwright.errors import EmptyLanguage
from maskwright.grammar import ir
from maskwright.grammar.behaviour.atoms import Atom, CallAtom, Comparison, FieldAtom, Hole, Path, Scalar
from maskwright.grammar.behaviour.grounding.body import Allowed, Domain
from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.domains import domain_of_schema
from maskwright.grammar.behaviour.grounding.json_atoms import (
    MISSING,
    holds_of,
    path_of,
    read_value,
    scalar,
    schema_at,
    schema_of,
    schema_of_values,
    value_at,
)
from maskwright.grammar.behaviour.grounding.json_delimiters import JSONDelimiters
from maskwright.grammar.behaviour.grounding.leafwise import reached_rules
from maskwright.grammar.behaviour.specification.spec import JSONText, Segment, ToolCall, Writer
from maskwright.grammar.function_signatures import function_call_schema
from maskwright.grammar.ir import Grammar, Node
from maskwright.grammar.json_schema import JSONSchemaOptions, NumberSpelling, has_instance, json_schema_grammar
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.options import OPTIONS_KEY, options_in
from maskwright.grammar.regular_product import has_text

Part = frozenset[Atom]
"""The atoms about fields and arguments that hold; all others do not."""


@dataclass(frozen=True, slots=True)
class _Case:
    """The calls of one tool, or all values: the schema `reference` stands for, and the parts that have values."""

    tool: str | None
    reference: dict[str, str]
    always: Part
    asked: tuple[Atom, ...]
    parts: tuple[Part, ...]


class JSONSource:
    """The JSON texts of one segment (mutable only in what it remembers)."""

    def __init__(
        self,
        segment: Segment,
        text: JSONText | ToolCall,
        delimiters: Delimiters,
        atoms: Iterable[Atom],
        holes: Iterable[Hole],
    ) -> None:
        self._where = f"segment '{segment.name}'"
        self._delimiters = JSONDelimiters(delimiters, segment.name)
        self._holes = tuple(holes)
        documents: dict[str | None, Any]
        if isinstance(text, ToolCall):
            calls = function_call_schema(json.loads(text.functions))["anyOf"]
            documents = {call["properties"]["name"]["const"]: call for call in calls}
            self._options = _options({}, segment.writer)
        else:
            documents = {None: read_document(text.schema)}
            self._options = _options(documents[None], segment.writer)
        self._documents = documents
        self._registry: Registry[Any] = Registry().with_resources(
            (_uri(number), Resource.from_contents(document, default_specification=DRAFT202012))
            for number, document in enumerate(documents.values())
        )
        asked = tuple(atom for atom in atoms if isinstance(atom, FieldAtom | CallAtom))
        self._cases = [self._case(tool, number, asked) for number, tool in enumerate(documents)]
        self.parts: tuple[Part, ...] = tuple(dict.fromkeys(part for case in self._cases for part in case.parts))

    def grammar(self, parts: frozenset[Part], values: Mapping[Hole, Allowed]) -> Grammar | None:
        """The texts, without delimiters, of these parts; None if there are none."""
        schemas = [self._schema(case, [part for part in case.parts if part in parts], values) for case in self._cases]
        schemas = [schema for schema in schemas if schema is not None]
        try:
            grammar = json_schema_grammar({"anyOf": schemas}, self._options, self._registry) if schemas else None
            return grammar and self._delimiters.without(grammar)
        except EmptyLanguage:
            return None

    def part_of(self, text: str) -> Part | None:
        """The part that a text belongs to, None if it is no such text."""
        try:
            value = read_value(text)
            spelled = text.encode()
        except ValueError:
            return None
        if not has_text(self._anything, spelled):
            return None
        if not has_instance(self._only(text), replace(self._options, numbers=NumberSpelling.EXACT), self._registry):
            return None
        return self._part_of_value(value)

    def why_not(self, text: str) -> str:
        """Why a text is none of these, if it is none."""
        try:
            value = read_value(text)
        except json.JSONDecodeError as error:
            return f"at character {error.pos} it is no JSON: {error.msg}"
        except ValueError as error:
            return str(error)
        documents = [*self._documents.values()]
        if None not in self._documents:
            name = value_at(value, ("name",))
            if name not in self._documents:
                return f"no tool is called {name!r}; there are {', '.join(map(str, self._documents))}"
            documents = [self._documents[name]]
        found = best_match(validator_for(documents[0])(documents[0]).iter_errors(json.loads(text)))
        if found is not None:
            return f"at {found.json_path}: {found.message}"
        return "its value is allowed, but not spelled like this (blanks, escapes, numbers, order of members)"

    def values(self, text: str) -> dict[Hole, Scalar]:
        """The values at the holes that rules speak of; what is an array or an object is no such value."""
        try:
            value = read_value(text)
        except ValueError:
            return {}
        found = {}
        for hole in self._holes:
            if hole.tool is None or value_at(value, ("name",)) == hole.tool:
                there = value_at(value, path_of(hole))
                if there is not MISSING and not isinstance(there, list | dict):
                    found[hole] = scalar(there)
        return found

    def domain(self, hole: Hole, part: Part | None) -> Domain:
        """The values that can stand at a hole; where atoms ask about the same place it is not known how many."""
        path = path_of(hole)
        cases = [case for case in self._cases if hole.tool in (None, case.tool)]

        def has(schema: Any) -> bool:
            return any(self._has_value(case.reference, schema_at(path, schema)) for case in cases)

        whole = domain_of_schema(self._documents.get(hole.tool), path, hole, has)
        if part is None:
            return whole
        about = {atom for case in cases for atom in case.asked if _asks_about(atom, path)}
        # That it is none of a few constants takes nothing away from infinitely many values.
        if about.isdisjoint(part) and whole.size is None and all(map(_is_equality, about)):
            return whole
        return Domain((hole, part), 1) if about else whole

    def _case(self, tool: str | None, number: int, atoms: tuple[Atom, ...]) -> _Case:
        reference = {"$ref": _uri(number)}
        asked, always = [], set()
        for atom in atoms:
            if tool is None or not isinstance(atom, CallAtom):
                asked.append(atom)
            elif atom.tool == tool:
                asked.append(atom) if atom.arguments else always.add(atom)
        parts: list[tuple[Atom, ...]] = [()] if self._has_value(reference) else []
        for count, atom in enumerate(asked):
            split = []
            for part in parts:
                schema = [reference, *self._conjunction(asked[:count], part)]
                with_it = self._has_value(*schema, schema_of(atom, self._where))
                if with_it:
                    split.append((*part, atom))
                if not with_it or self._has_value(*schema, {"not": schema_of(atom, self._where)}):
                    split.append(part)
            parts = split
        return _Case(
            tool, reference, frozenset(always), tuple(asked), tuple(frozenset((*always, *part)) for part in parts)
        )

    def _has_value(self, *schemas: Any) -> bool:
        return has_instance({"allOf": [*schemas]}, self._options, self._registry)

    def _conjunction(self, asked: Iterable[Atom], holding: Iterable[Atom]) -> list[Any]:
        holding = frozenset(holding)
        schemas = [(atom in holding, schema_of(atom, self._where)) for atom in asked]
        return [schema if holds else {"not": schema} for holds, schema in schemas]

    def _schema(self, case: _Case, parts: list[Part], values: Mapping[Hole, Allowed]) -> Any:
        """The schema of some parts of a case; None if there are none."""
        if not parts:
            return None
        schemas: list[Any] = [case.reference]
        if len(parts) < len(case.parts):
            schemas.append({"anyOf": [{"allOf": self._conjunction(case.asked, part)} for part in parts]})
        for hole, allowed in values.items():
            if hole.path and hole.tool in (None, case.tool):
                schemas.append(schema_of_values(path_of(hole), allowed))
        return {"allOf": schemas}

    def _part_of_value(self, value: Any) -> Part:
        tool = None if None in self._documents else value["name"]
        case = next(case for case in self._cases if case.tool == tool)
        return case.always | {atom for atom in case.asked if holds_of(atom, value)}

    @cached_property
    def _anything(self) -> Grammar:
        """All texts, and more that are spelled like them."""
        references = [case.reference for case in self._cases]
        whole = json_schema_grammar({"anyOf": references}, self._options, self._registry)
        return Grammar(whole.start, {name: loosened(node) for name, node in reached_rules(whole).items()})

    def _only(self, text: str) -> str:
        """A schema, as JSON, of the one value of a text."""
        references = ", ".join(json.dumps(case.reference) for case in self._cases)
        return f'{{"allOf": [{{"anyOf": [{references}]}}, {{"const": {text}}}]}}'


def _asks_about(atom: Atom, path: Path) -> bool:
    """Does an atom say something of what stands at a path, or of something that it is part of?"""
    match atom:
        case FieldAtom(_, asked, _, _):
            return asked[: len(path)] == path or path[: len(asked)] == asked
        case CallAtom(_, arguments):
            return any(("arguments", name) == path[:2] for name, _ in arguments)
    return False


def _is_equality(atom: Atom) -> bool:
    return isinstance(atom, CallAtom) or (isinstance(atom, FieldAtom) and atom.comparison is Comparison.EQUAL)


def _uri(number: int) -> str:
    return f"urn:maskwright:text:{number}"


def _options(document: Any, writer: Writer) -> JSONSchemaOptions:
    if writer is Writer.MODEL or (isinstance(document, Mapping) and OPTIONS_KEY in document):
        return options_in(document)
    return JSONSchemaOptions.exact()


def loosened(node: Node) -> Node:
    """The node with values that need not differ from their siblings, and permutations as loops of their entries."""
    match node:
        case ir.Sequence(parts):
            return ir.sequence(*map(loosened, parts))
        case ir.Choice(parts):
            return ir.choice(*map(loosened, parts))
        case ir.Repeat(body, minimum, maximum):
            return ir.repeat(loosened(body), minimum, maximum)
        case ir.Network(n_states, edges):
            return ir.Network(n_states, tuple((source, loosened(label), target) for source, label, target in edges))
        case ir.Distinct(body):
            return loosened(body)
        case ir.Permutation(items):
            entries = [
                *(ir.sequence(*item) for item in items),
                node.repeatable,
                *(marker for marker, _ in node.markers),
            ]
            entry = loosened(ir.choice(*entries))
            return ir.sequence(entry, ir.repeat(ir.sequence(node.separator, entry)))
    return node
