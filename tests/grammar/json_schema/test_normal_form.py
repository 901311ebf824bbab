"""The normal form that learns which branches exclude each other, against one that knew from the start."""

from __future__ import annotations

from maskwright.errors import SpecificationError
from maskwright.grammar.json_schema.normal_form import NormalForm, Overlap
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.productivity import Productivity
from maskwright.grammar.numbers import NumberSpelling
from tests.grammar.json_schema.universe import Json, Meaning, SmallSchemas


def schemas_with_one_of() -> list[Json]:
    """`oneOf` beside, below and inside other parts, some of which share values."""
    found: list[Json] = []
    for seed in range(150):
        source = SmallSchemas(seed, has_unevaluated=seed % 3 == 0)
        part = {"oneOf": [source.schema(1) for _ in range(3)]}
        found.append(part)
        found.append({"anyOf": [{"not": part}, {"properties": {"a": part}, "items": source.schema(1)}]})
        found.append({"allOf": [part, {"additionalProperties": part}], "properties": {"b": source.schema(1)}})
    return found


def test_what_is_taken_over_is_what_would_be_found_again() -> None:
    n_taken = n_overlaps = 0
    options = JSONSchemaOptions()
    for schema in schemas_with_one_of():
        try:
            meaning = Meaning(schema)
        except SpecificationError:
            continue
        form = NormalForm(meaning.form.terms, options)
        overlapping: frozenset[Overlap] = frozenset()
        while True:
            productivity = Productivity(form, NumberSpelling.EXACT)
            productivity.reach(meaning.root)
            found = productivity.overlaps()
            if not found:
                break
            n_overlaps += 1
            overlapping |= found
            form = form.excluding(frozenset(found))
            fresh = NormalForm(meaning.form.terms, options, overlapping)
            assert form.overlapping == overlapping
            for conjunction, union in list(form.unions.items()):
                n_taken += 1
                assert fresh.union_of(conjunction) == union, schema
            for number, judged in form.judged.items():
                assert fresh._judged_term(number) == judged
    assert n_overlaps > 100 and n_taken > 1_000
