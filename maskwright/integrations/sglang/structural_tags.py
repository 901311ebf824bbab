"""Structural tags as SGLang writes them, as the front end reads them.

SGLang departs from XGrammar's formats in three ways, which its own backend mends before it compiles: a schema may be
null or left out, for any JSON value; the older form may have a flag, `at_least_one`; and a field may be null instead of
left out at the top. Everything else is passed on as it is, and refused there if it is no tag.
"""

from __future__ import annotations

from typing import Any, Final

from maskwright.errors import LimitExceeded
from maskwright.grammar.structural_tags.front_end import read_tag_text
from maskwright.grammar.structural_tags.reader import MAX_NESTING

#: Formats that hold a JSON Schema.
WITH_SCHEMA: Final = frozenset({"json_schema", "qwen_xml_parameter"})

#: Arrays and objects in one another, outside of schemas: a format within another one is at most four of them further
#: in, so no tag that the front end would take is refused here.
MAX_DEPTH: Final = 4 * MAX_NESTING


def structural_tag(text: str) -> Any:
    """A tag in XGrammar's formats; raises `InvalidStructuralTag` for a text that is no JSON, `LimitExceeded`
    for one that is nested too deeply.

    `'{"structures": [{"begin": "<f>", "end": "</f>"}], "triggers": ["<f"], "at_least_one": true}'` -> one
    `triggered_tags` around any JSON.
    """
    tag = read_tag_text(text)
    if not isinstance(tag, dict):
        return tag
    tag = {name: value for name, value in tag.items() if value is not None}
    if "format" in tag:
        tag["format"] = _with_schemas(tag["format"], 0)
    if not isinstance(tag.get("structures"), list):
        return tag
    structures = tag["structures"] = [_with_schema(structure, "schema") for structure in tag["structures"]]
    is_needed = tag.pop("at_least_one", False)
    if is_needed is not True or not all(isinstance(structure, dict) for structure in structures):
        return tag
    tags = [_tag(**structure) for structure in structures]
    return {"format": {"type": "triggered_tags", "triggers": tag.get("triggers"), "tags": tags, "at_least_one": True}}


def _tag(begin: object = None, schema: object = None, end: object = None, **others: object) -> dict[str, object]:
    """A structure of the older form as a format; a field that none should have is kept, to be refused."""
    content = {"type": "json_schema", "json_schema": schema}
    return {"type": "tag", "begin": begin, "content": content, "end": end} | others


def _with_schema(value: Any, name: str) -> Any:
    return value | {name: {}} if isinstance(value, dict) and value.get(name) is None else value


def _with_schemas(value: Any, depth: int) -> Any:
    """A format with all those inside it; what is inside a schema is left alone."""
    if depth > MAX_DEPTH:
        raise LimitExceeded("Nesting of formats in a structural tag", depth, MAX_DEPTH, "/format")
    if isinstance(value, list):
        return [_with_schemas(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in WITH_SCHEMA:
        return _with_schema(value, "json_schema")
    return {name: _with_schemas(item, depth + 1) for name, item in value.items()}
