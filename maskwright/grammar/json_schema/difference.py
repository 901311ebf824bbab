"""The values that one JSON Schema accepts and another refuses, as a grammar: what `maskwright diff` asks.

Schemas are closed under negation (`normal_form`), so "left and not right" is a schema, and whether it has a value is
known exactly. Both stand in one document by reference, each a resource of its own: pointers, identifiers and drafts
stay theirs. Equal subschemas of the two are one term there, so what they share cancels out before it is negated.

What is compared are values, as far as Maskwright reads them. How texts are spelled, and the order in which members
stand, are no part of it; `format` counts as the options say.
Cost: that of compiling both schemas; where a limit is met, or a keyword cannot be negated, an error says so.
Rejected: to compare the grammars (undecidable in general), or the normal forms shape by shape (not complete).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from maskwright.errors import InvalidOption
from maskwright.grammar.characters import Escapes
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.enforceable import check_enforceable
from maskwright.grammar.json_schema.front_end import understood
from maskwright.grammar.json_schema.lowering import Lowering
from maskwright.grammar.json_schema.options import JSONSchemaOptions, PropertyOrder, Whitespace, options_in
from maskwright.grammar.numbers import NumberSpelling

if TYPE_CHECKING:
    from referencing import Registry


def schema_difference(
    left: object,
    right: object,
    options: JSONSchemaOptions | None = None,
    registry: Registry[Any] | None = None,
    names: tuple[str, str] = ("left", "right"),
) -> Grammar | None:
    """The JSON texts, without blanks, of the values that satisfy `left` and not `right`; None if there is none.

    Without `options`, those that the schemas hold themselves decide whether `format` counts. Raises what
    `json_schema_grammar` raises but for EmptyLanguage: UnsupportedSchema and LimitExceeded say that the question cannot
    be decided exactly, and why; their pointers begin with `urn:left#` or `urn:right#`, after the `names` of the two.

    `schema_difference({"type": "number"}, {"type": "integer"})` has `0.1`; the other way round it is None.
    """
    from referencing import Registry as NoDocuments
    from referencing.jsonschema import DRAFT202012

    documents = read_document(left), read_document(right)
    chosen = comparable_options(*documents, options)
    known: Registry[Any] = NoDocuments() if registry is None else registry
    uris = [f"urn:{name}" for name in names]
    both = {"allOf": [{"$ref": uris[0]}, {"not": {"$ref": uris[1]}}]}
    resources = zip(uris, map(DRAFT202012.create_resource, documents), strict=True)
    _, form, productivity, root = understood(both, chosen, known.with_resources(resources))
    if not productivity.is_productive(root):
        return None
    check_enforceable(form, productivity, chosen)
    return Grammar("root", Lowering(form, productivity, chosen, root), is_prepared=True, is_document=True)


def wider(schema: object) -> object:
    """The schema without `uniqueItems`, where that makes it accept more; as it is where it stands under a negation."""
    if isinstance(schema, Mapping):
        if not _NEGATIONS.isdisjoint(schema):
            return schema
        return {name: wider(part) for name, part in schema.items() if name != "uniqueItems" or part is not True}
    return [wider(part) for part in schema] if isinstance(schema, list | tuple) else schema


_NEGATIONS: Final = frozenset(
    ("not", "oneOf", "if", "maxContains", "unevaluatedItems", "unevaluatedProperties", "enum", "const")
)
"""A schema with one of these is left as it is: what is inside may count the other way, or is no schema."""


def comparable_options(left: object, right: object, options: JSONSchemaOptions | None) -> JSONSchemaOptions:
    """The options under which two documents are compared: what they say of values, and the plainest texts.

    Raises InvalidOption if the documents disagree on what a `format` is.
    """
    if options is None:
        options, other = options_in(left), options_in(right)
        if options.formats is not other.formats:
            message = "the same in both schemas; say in the options which one counts"
            raise InvalidOption("What `format` means", f"{options.formats.value}, {other.formats.value}", message)
    return replace(
        options,
        whitespace=Whitespace.COMPACT,
        outer_whitespace=False,
        escapes=Escapes.CANONICAL,
        numbers=NumberSpelling.CANONICAL,
        property_order=PropertyOrder.ANY,
        max_string=None,
        max_items=None,
        field_budgets=(),
    )
