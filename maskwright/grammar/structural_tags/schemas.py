"""The `json_schema` format: the values that satisfy a JSON Schema, written as JSON or in a model's own style.

Options. `any_order: false`, the default, is the declared order of members; true is any order, and members are still
required, and kept apart, as the schema says (XGrammar gives up both). `max_whitespace_cnt` bounds each gap. A schema
that holds options of its own under `x-maskwright` keeps its order of members unless `any_order` is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from maskwright.errors import InvalidStructuralTag
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from maskwright.grammar.json_schema.document import type_name
from maskwright.grammar.json_schema.options import OPTIONS_KEY, options_in
from maskwright.grammar.structural_tags.endings import Ends
from maskwright.grammar.structural_tags.fields import Fields
from maskwright.grammar.structural_tags.flat import Request, flat_grammar
from maskwright.grammar.structural_tags.reader import Reader, located
from maskwright.grammar.structural_tags.styles import FLAT_STYLES

JSON_STYLE = "json"


def json_schema(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """The values of a schema in one of the styles."""
    fields.refuse_others(["type", "json_schema", "style", "any_order", "max_whitespace_cnt", "excludes"])
    style = fields.word("style", [JSON_STYLE, *FLAT_STYLES], JSON_STYLE)
    return _written(reader, fields, style)


def qwen_xml_parameter(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """The older name of `json_schema` in the style `qwen_xml`."""
    fields.refuse_others(["type", "json_schema"])
    return _written(reader, fields, "qwen_xml")


def _written(reader: Reader, fields: Fields, style: str) -> Grammar:
    schema, pointer = fields.needed("json_schema"), fields.place("json_schema")
    if not isinstance(schema, Mapping | bool):
        raise InvalidStructuralTag(fields.place("json_schema"), f"must be a JSON Schema, not {type_name(schema)}")
    with located(pointer):
        options = _options(reader, fields, schema)
        if style != JSON_STYLE:
            excluded = tuple(fields.excluded())
            return flat_grammar(schema, Request(FLAT_STYLES[style], excluded, reader.markers, options, pointer))
        return json_schema_grammar(schema, options)


def _options(reader: Reader, fields: Fields, schema: Mapping[str, Any] | bool) -> JSONSchemaOptions:
    options = reader.options or options_in(schema)
    if fields.flag("any_order", False):
        options = replace(options, property_order=PropertyOrder.ANY)
    elif reader.options is not None or isinstance(schema, bool) or OPTIONS_KEY not in schema:
        options = replace(options, property_order=PropertyOrder.DECLARED)
    blanks = fields.count("max_whitespace_cnt")
    if blanks is not None:
        options = replace(options, whitespace=Whitespace.FLEXIBLE, max_whitespace=blanks)
    return options
