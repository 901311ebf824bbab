"""The report of a JSON Schema: for every subschema that was read, whether its texts are exactly those it asks for.

Annotations were noted while reading (`SchemaReader.note`). What an option narrows is found here: choices about the text
as a whole (blanks, escapes) once, at the root; number spellings and the order of members at each subschema concerned.
All of it is computed when someone looks at the report, from the subschemas as they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from maskwright.errors import UnsupportedSchema
from maskwright.grammar.characters import PARTIAL_FORMATS, Escapes
from maskwright.grammar.json_schema.options import Formats, Indented, JSONSchemaOptions, PropertyOrder, Whitespace
from maskwright.grammar.json_schema.reader import SchemaReader
from maskwright.grammar.numbers import NumberSpelling
from maskwright.grammar.report import Deferred, Exactness, Finding, Report

_NUMBER_KEYWORDS = frozenset("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split())
_MEMBER_KEYWORDS = frozenset("properties required patternProperties additionalProperties unevaluatedProperties".split())


def report_of(reader: SchemaReader) -> Report:
    """What became of each subschema; the root counts even where it is `true`."""
    return Report(Deferred(lambda: list(_findings(reader))), Deferred(lambda: ["", *_subschemas(reader)]))


def report_of_refusals(error: UnsupportedSchema) -> Report:
    """The refusals that an error holds, as findings."""
    refused = sorted((error, *error.others), key=lambda refusal: refusal.pointer)
    findings = [Finding(refusal.pointer, Exactness.REFUSED, refusal.keyword, refusal.reason) for refusal in refused]
    return Report(tuple(findings), tuple(dict.fromkeys(finding.pointer for finding in findings)))


def _subschemas(reader: SchemaReader) -> dict[str, Mapping[str, Any]]:
    """All that was read, by pointer, in the order of the pointers; the values of `enum` are no subschemas."""
    found = {reader.pointer(node): reader.nodes[node].schema for node in reader.node_of_object.values()}
    found.update((reader.pointer_below(parent, step), schema) for schema, parent, step in reader.plain_ones)
    return {pointer: found[pointer] for pointer in sorted(found) if pointer}


def _findings(reader: SchemaReader) -> Iterator[Finding]:
    options = reader.options
    for name, reason in _narrowed_texts(options):
        yield Finding("", Exactness.RESTRICTED, name, reason)
    found = [
        Finding(reader.pointer(node), Exactness.ANNOTATION, keyword, reason) for node, keyword, reason in reader.notes
    ]
    for pointer, most in dict(options.field_budgets).items():
        reason = f"strings have at most {most} characters, and arrays as many items"
        found.append(Finding(pointer, Exactness.RESTRICTED, "field_budgets", reason))
    root = reader.document.root
    subschemas = _subschemas(reader) | ({"": root} if isinstance(root, Mapping) else {})
    for pointer, schema in subschemas.items():
        found += [
            Finding(pointer, Exactness.RESTRICTED, name, reason) for name, reason in _narrowed_at(schema, options)
        ]
    yield from sorted(found, key=lambda finding: finding.pointer)


def _narrowed_texts(options: JSONSchemaOptions) -> Iterator[tuple[str, str]]:
    """Options that narrow every text, whatever the schema."""
    match options.whitespace:
        case Indented(n_blanks):
            yield "whitespace", f"blanks are those of an indent of {n_blanks}"
        case Whitespace.COMPACT:
            yield "whitespace", "no blanks between tokens"
        case Whitespace.FLEXIBLE:
            yield "whitespace", f"at most {options.max_whitespace} blanks between two tokens"
    if not options.outer_whitespace:
        yield "outer_whitespace", "no blanks before or after the document"
    if options.escapes is Escapes.CANONICAL:
        yield "escapes", "characters are spelled as serialisers do, not in every way that JSON has"
    if options.max_string is not None:
        yield "max_string", f"strings have at most {options.max_string} characters, unless they are enumerated"
    if options.max_items is not None:
        yield "max_items", f"arrays have at most {options.max_items} items"


def _narrowed_at(schema: Mapping[str, Any], options: JSONSchemaOptions) -> Iterator[tuple[str, str]]:
    """Options that narrow one subschema by what it says itself."""
    if options.numbers is NumberSpelling.CANONICAL and (keywords := _number_keywords(schema)):
        yield "numbers", f"numbers of {', '.join(keywords)} are not spelled in every way that JSON has"
    name = schema.get("format")
    if options.formats is Formats.ASSERTED and isinstance(name, str) and name in PARTIAL_FORMATS:
        yield "format", f"{name!r} leaves out valid texts: {PARTIAL_FORMATS[name]}"
    if options.property_order is PropertyOrder.DECLARED and (keywords := _present(schema, _MEMBER_KEYWORDS)):
        yield "property_order", f"members of {', '.join(keywords)} stand in the declared order"


def _number_keywords(schema: Mapping[str, Any]) -> list[str]:
    """The keywords whose numbers have fewer spellings than JSON: integers, bounded ones, enumerated ones."""
    types = schema.get("type", "number")
    types = [types] if isinstance(types, str) else types
    has_numbers = "number" in types or "integer" in types
    keywords = ["type"] if "integer" in types and "number" not in types else []
    keywords += _present(schema, _NUMBER_KEYWORDS) if has_numbers else []
    values = {"enum": schema.get("enum", ()), "const": schema.get("const")}
    return keywords + [keyword for keyword, value in values.items() if has_numbers and _contains_number(value)]


def _present(schema: Mapping[str, Any], keywords: Iterable[str]) -> list[str]:
    return [keyword for keyword in schema if keyword in keywords]


def _contains_number(value: object) -> bool:
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, int | float | Decimal) and not isinstance(part, bool):
            return True
        if isinstance(part, Mapping):
            todo += part.values()
        elif isinstance(part, list | tuple):
            todo += part
    return False
