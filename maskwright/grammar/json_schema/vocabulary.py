"""Which keywords exist, in which drafts and vocabularies, which of them only annotate, and which lead to subschemas.

A keyword outside its drafts is unknown there, and an unknown keyword is an annotation (core specification 2020-12,
section 6.5; draft-04 core, section 5.3). So `const` in a schema that declares draft-04 says nothing. The same goes for
the keywords of a vocabulary that the metaschema of a schema does not list (2020-12, section 8.1.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from maskwright.grammar.json_schema.document import Draft

ANNOTATIONS = frozenset(
    "title description default examples deprecated readOnly writeOnly $comment $schema $vocabulary "
    "contentEncoding contentMediaType contentSchema definitions $defs $anchor $dynamicAnchor $recursiveAnchor "
    "$id id minContains maxContains then else additionalItems".split()
)
"""Keywords that assert nothing by themselves: metadata, places for definitions, and the partners of other keywords."""

FIRST_DRAFT = {
    "$id": Draft.DRAFT_6,
    "const": Draft.DRAFT_6,
    "contains": Draft.DRAFT_6,
    "propertyNames": Draft.DRAFT_6,
    "examples": Draft.DRAFT_6,
    "if": Draft.DRAFT_7,
    "then": Draft.DRAFT_7,
    "else": Draft.DRAFT_7,
    "$defs": Draft.DRAFT_2019_09,
    "$anchor": Draft.DRAFT_2019_09,
    "$recursiveRef": Draft.DRAFT_2019_09,
    "$recursiveAnchor": Draft.DRAFT_2019_09,
    "contentSchema": Draft.DRAFT_2019_09,
    "dependentRequired": Draft.DRAFT_2019_09,
    "dependentSchemas": Draft.DRAFT_2019_09,
    "minContains": Draft.DRAFT_2019_09,
    "maxContains": Draft.DRAFT_2019_09,
    "unevaluatedItems": Draft.DRAFT_2019_09,
    "unevaluatedProperties": Draft.DRAFT_2019_09,
    "$dynamicRef": Draft.DRAFT_2020_12,
    "$dynamicAnchor": Draft.DRAFT_2020_12,
    "prefixItems": Draft.DRAFT_2020_12,
}
"""The draft that introduced a keyword, where that is not draft 4 or earlier."""

LAST_DRAFT = {
    "extends": Draft.DRAFT_3,
    "disallow": Draft.DRAFT_3,
    "divisibleBy": Draft.DRAFT_3,
    "$recursiveRef": Draft.DRAFT_2019_09,
    "$recursiveAnchor": Draft.DRAFT_2019_09,
}
"""The draft after which a keyword was withdrawn; `dependencies`, `definitions` and `additionalItems` stay in use."""

NULL, BOOLEAN, INTEGER, NUMBER, STRING, ARRAY, OBJECT = (1 << bit for bit in range(7))
TYPES = {
    "null": NULL,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "number": NUMBER,
    "string": STRING,
    "array": ARRAY,
    "object": OBJECT,
}
ALL_TYPES = NULL | BOOLEAN | INTEGER | NUMBER | STRING | ARRAY | OBJECT
"""`number` includes `integer`; both bits together mean number."""


def is_known_in(keyword: str, draft: Draft) -> bool:
    """Does the keyword exist in the draft?"""
    return FIRST_DRAFT.get(keyword, Draft.DRAFT_3) <= draft <= LAST_DRAFT.get(keyword, Draft.DRAFT_2020_12)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A draft, less the vocabularies that a metaschema leaves out.

    `foreign` are the keywords that mean nothing in it. `is_declared` is false where no metaschema was named, or one
    that is not known. `asserts_format` is true where the metaschema asks for it; older drafts leave that open.
    """

    draft: Draft
    foreign: frozenset[str]
    is_declared: bool = True
    asserts_format: bool = False


@cache
def dialect_of(draft: Draft, *, is_declared: bool = True) -> Dialect:
    """A draft with all its own vocabularies."""
    dated = FIRST_DRAFT.keys() | LAST_DRAFT.keys()
    return Dialect(draft, frozenset(keyword for keyword in dated if not is_known_in(keyword, draft)), is_declared)


DEFAULT_DIALECT = dialect_of(Draft.DRAFT_2020_12, is_declared=False)

_APPLICATORS = frozenset(
    "prefixItems items contains additionalItems additionalProperties properties patternProperties dependentSchemas "
    "dependencies propertyNames if then else allOf anyOf oneOf not".split()
)
_UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_VALIDATION = frozenset(
    "type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems "
    "minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired".split()
)
_FORMAT = frozenset({"format"})

VOCABULARIES: dict[str, tuple[Draft, frozenset[str]]] = {
    f"https://json-schema.org/draft/{year}/vocab/{name}": (draft, keywords)
    for year, draft, vocabularies in (
        (
            "2019-09",
            Draft.DRAFT_2019_09,
            {"applicator": _APPLICATORS | _UNEVALUATED, "validation": _VALIDATION, "format": _FORMAT},
        ),
        (
            "2020-12",
            Draft.DRAFT_2020_12,
            {
                "applicator": _APPLICATORS,
                "unevaluated": _UNEVALUATED,
                "validation": _VALIDATION,
                "format-annotation": _FORMAT,
                "format-assertion": _FORMAT,
            },
        ),
    )
    for name, keywords in (vocabularies | dict.fromkeys(("core", "content", "meta-data"), frozenset())).items()
}
"""The vocabularies that are known: their draft, and those of their keywords that assert something."""


def dialect_with(draft: Draft, vocabularies: Mapping[str, bool]) -> Dialect:
    """A draft with only those vocabularies; the ones that are not known must have been refused before."""
    present = frozenset[str]().union(*[VOCABULARIES[name][1] for name in vocabularies if name in VOCABULARIES])
    absent = (_APPLICATORS | _UNEVALUATED | _VALIDATION | _FORMAT) - present
    asserts_format = (
        vocabularies.get("https://json-schema.org/draft/2019-09/vocab/format") is True
        or "https://json-schema.org/draft/2020-12/vocab/format-assertion" in vocabularies
    )
    return Dialect(draft, dialect_of(draft).foreign | absent, True, asserts_format)


_ONE_SCHEMA = frozenset(
    "additionalItems additionalProperties contains contentSchema else if items not propertyNames then unevaluatedItems "
    "unevaluatedProperties".split()
)
_ARRAY_OF_SCHEMAS = frozenset("allOf anyOf items oneOf prefixItems".split())
_OBJECT_OF_SCHEMAS = frozenset("$defs definitions dependencies dependentSchemas patternProperties properties".split())


def holds_a_schema(keyword: str, value: object, dialect: Dialect) -> bool:
    """Is the keyword's value a subschema?"""
    return keyword in _ONE_SCHEMA and keyword not in dialect.foreign and isinstance(value, Mapping)


def holds_schemas(keyword: str, value: object, dialect: Dialect) -> bool:
    """Are the parts of the keyword's value subschemas?"""
    if keyword in dialect.foreign:
        return False
    if isinstance(value, Mapping):
        return keyword in _OBJECT_OF_SCHEMAS
    return keyword in _ARRAY_OF_SCHEMAS and isinstance(value, list | tuple)


def subschemas(schema: Mapping[str, Any], dialect: Dialect) -> Iterable[tuple[tuple[str, ...], Any]]:
    """All places of a schema where its dialect has subschemas, each with the steps of the pointer that lead there."""
    for keyword, value in schema.items():
        if holds_a_schema(keyword, value, dialect):
            yield (keyword,), value
        elif holds_schemas(keyword, value, dialect):
            parts = value.items() if isinstance(value, Mapping) else enumerate(value)
            for step, part in parts:
                yield (keyword, str(step)), part
