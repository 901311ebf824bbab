"""The `json_schema` format: the values that satisfy a JSON Schema, written as JSON or in a model's own style.

`excludes`: texts that occur in no string and no name, as they are written. They are taken out of the language as a
whole (`regular_product`), which comes to the same where they cannot occur outside of strings; others are refused.

Options. `any_order: false`, the default, is the declared order of members; true is any order, and members are still
required, and kept apart, as the schema says (XGrammar gives up both). `max_whitespace_cnt` bounds each gap. A schema
that holds options of its own under `x-maskwright` keeps its order of members unless `any_order` is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from maskwright.errors import InvalidStructuralTag, UnsupportedStructuralTag
from maskwright.grammar.composition import concatenation
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from maskwright.grammar.json_schema.document import type_name
from maskwright.grammar.json_schema.options import OPTIONS_KEY, options_in
from maskwright.grammar.regular_product import intersection
from maskwright.grammar.structural_tags.endings import Ends
from maskwright.grammar.structural_tags.fields import Fields
from maskwright.grammar.structural_tags.flat import flat_grammar
from maskwright.grammar.structural_tags.gemma import gemma_grammar
from maskwright.grammar.structural_tags.nested_xml import NESTED_STYLES, nested_grammar
from maskwright.grammar.structural_tags.reader import Reader, located
from maskwright.grammar.structural_tags.request import Request
from maskwright.grammar.structural_tags.styles import FLAT_STYLES, LineEnds, Style
from maskwright.grammar.text_search import text_without

JSON_STYLE, GEMMA = "json", "gemma"
STYLES = (JSON_STYLE, *FLAT_STYLES, *NESTED_STYLES, GEMMA)

OUTSIDE_OF_STRINGS = frozenset("{}[]:, \t\r\n0123456789+-.eEtruefalsn")
"""The characters of a JSON text that may stand outside of its strings, but for the quotes."""


def json_schema(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """The values of a schema in one of the styles."""
    fields.refuse_others(["type", "json_schema", "style", "any_order", "max_whitespace_cnt", "excludes"])
    style = fields.word("style", STYLES, JSON_STYLE)
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
        excluded = _excluded(fields)
        if style != JSON_STYLE:
            return _styled(schema, style, reader, Request(excluded, reader.markers, options, pointer))
        grammar = json_schema_grammar(schema, options)
        # As part of a larger text first, where names are compared within the document, and then without those texts.
        return intersection(concatenation([grammar]), text_without(excluded)) if excluded else grammar


def _excluded(fields: Fields) -> tuple[str, ...]:
    """The excluded texts, all of which can only occur within strings."""
    excluded = fields.excluded() if "excludes" in fields.content else []
    for place, text in enumerate(excluded):
        where = f"{fields.place('excludes')}/{place}"
        if text != text.strip():
            raise UnsupportedStructuralTag(where, "an excluded text cannot begin or end with blanks in a schema")
        if '"' in text or not set(text) - OUTSIDE_OF_STRINGS:
            raise UnsupportedStructuralTag(
                where, "it may occur outside of strings too, where nothing is excluded; add a character that does not"
            )
    return tuple(excluded)


def _styled(schema: Mapping[str, Any] | bool, style: str, reader: Reader, request: Request) -> Grammar:
    """The values in a style that is not JSON."""
    if style in FLAT_STYLES:
        return flat_grammar(schema, _flat_style(style, reader), request)
    if style == GEMMA:
        return gemma_grammar(schema, request)
    return nested_grammar(schema, NESTED_STYLES[style], request)


def _flat_style(name: str, reader: Reader) -> Style:
    """The style, as far as it hangs on the tag around it."""
    style = FLAT_STYLES[name]
    is_compact = reader.begin and not reader.begin.endswith("\n")
    if style.line_ends is LineEnds.DROPPED and is_compact:
        return replace(style, line_ends=LineEnds.UNKNOWN)
    return style


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
