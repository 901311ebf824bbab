"""JSON Schema as a grammar of the JSON texts of its instances.

Read in this order: `document` (the text), `vocabulary`, `metaschemas` (drafts), `resources`, `references` (where a
`$ref` leads) -> `reader`, `schema_node`, `keywords`, `values` (what each keyword demands) -> `terms`, `shapes`,
`strings` (sets of values, and their intersections) -> `normal_form` (unions of shapes; which are empty) -> `layout`,
`containers`, `lowering` (grammar rules) -> `front_end` (the whole way).
"""

from maskwright.grammar.json_schema.front_end import has_instance, json_schema_grammar
from maskwright.grammar.json_schema.options import Formats, Indented, JSONSchemaOptions, PropertyOrder, Whitespace
from maskwright.grammar.numbers import NumberSpelling

__all__ = [
    "Formats",
    "Indented",
    "JSONSchemaOptions",
    "NumberSpelling",
    "PropertyOrder",
    "Whitespace",
    "has_instance",
    "json_schema_grammar",
]
