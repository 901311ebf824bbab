"""The arguments of a call as a grammar: a schema in the style of a format, or a refusal with its place.

XML-like styles and Gemma's are those of structural tags. In JSON, no string holds a text at which the model's parser
would stop (`CallFormat.unreadable`); whatever is left out is left out of the languages of the strings, as within the
styles. To intersect the whole grammar with the texts that can be read takes 0.9 s a tool instead of some milliseconds.

Members stand in the declared order unless the options say something else, and where a parser reads one line there are
no blanks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from maskwright.errors import EmptyLanguage
from maskwright.grammar.function_calls.call_format import CallFormat
from maskwright.grammar.function_calls.refusals import refused_for
from maskwright.grammar.function_calls.tools import Tool
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from maskwright.grammar.json_schema.options import OPTIONS_KEY, options_in
from maskwright.grammar.json_schema.shapes import OBJECT_FAMILY
from maskwright.grammar.structural_tags.endings import NO_ENDS
from maskwright.grammar.structural_tags.front_end import FORMATS as TAG_FORMATS
from maskwright.grammar.structural_tags.markers import Markers
from maskwright.grammar.structural_tags.readable_json import ReadableJSON, ReadableValue
from maskwright.grammar.structural_tags.reader import Reader
from maskwright.grammar.structural_tags.request import Request
from maskwright.grammar.structural_tags.schemas import STYLES
from maskwright.grammar.structural_tags.spelled_rules import Understood

JSON_STYLE: Final = "json"


def argument_grammar(
    tool: Tool, call_format: CallFormat, markers: Markers, options: JSONSchemaOptions | None
) -> Grammar:
    """All arguments of a tool, as the format writes them; raises UnsupportedTool."""
    assert call_format.style in STYLES, call_format.style
    chosen = _options(tool.parameters, call_format, options)
    with refused_for(tool, call_format):
        if call_format.style == JSON_STYLE and not call_format.unreadable:
            return json_schema_grammar(tool.parameters, chosen)
        if call_format.style == JSON_STYLE:
            return _readable_json(tool.parameters, Request((), markers, chosen, ""), call_format.unreadable)
        spec: dict[str, Any] = {
            "type": "json_schema",
            "json_schema": tool.parameters,
            "style": call_format.style,
            "any_order": chosen.property_order is PropertyOrder.ANY,
        }
        if call_format.excluded_in_values:
            spec["excludes"] = [*call_format.excluded_in_values]
        reader = Reader(TAG_FORMATS, markers, chosen, begin=call_format.before_arguments)
        return reader.grammar(spec, "", NO_ENDS)


def _readable_json(schema: Mapping[str, Any], request: Request, unreadable: str) -> Grammar:
    """The objects of a schema as JSON, no string of which has a match of the pattern."""
    known = Understood.of(schema, request.options)
    objects = tuple(
        shape
        for shape in known.form.union_of(known.root)
        if shape.family == OBJECT_FAMILY and known.productivity.is_productive_shape(shape)
    )
    if not objects:
        raise EmptyLanguage("no object satisfies the schema")
    rules = ReadableValue(ReadableJSON(known, request, request.readable(unreadable)), objects, known.root)
    return Grammar("value", rules, is_prepared=True, is_document=True, report=known.report)


def _options(
    schema: Mapping[str, Any], call_format: CallFormat, options: JSONSchemaOptions | None
) -> JSONSchemaOptions:
    chosen = options_in(schema) if options is None else options
    if options is None and OPTIONS_KEY not in schema:
        chosen = replace(chosen, property_order=PropertyOrder.DECLARED)
    if call_format.has_one_line:
        chosen = replace(chosen, whitespace=Whitespace.COMPACT)
    return replace(chosen, outer_whitespace=False)
