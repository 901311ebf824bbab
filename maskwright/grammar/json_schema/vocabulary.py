"""Which keywords exist, in which drafts, and which of them only annotate.

A keyword outside its drafts is unknown there, and an unknown keyword is an annotation (core specification 2020-12,
section 6.5; draft-04 core, section 5.3). So `const` in a schema that declares draft-04 says nothing.
"""

from __future__ import annotations

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
