"""From a structural tag to a `Grammar`.

    structural_tag_grammar({"type": "structural_tag", "format": {"type": "tag", "begin": "<a>", ...}})

A tag is a tree of formats, each of which stands for a piece of the output; the grammar of the whole is put together
from those of the pieces (`composition`). The older form, `{"structures": [...], "triggers": [...]}`, is free text with
tags around JSON. Source: the formats of XGrammar 0.2.9, by its documentation; where it accepts other texts than that
says, docs/structural_tags.md lists both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from maskwright.errors import (
    EmptyLanguage,
    GrammarSyntaxError,
    InvalidStructuralTag,
    LimitExceeded,
    UnsupportedStructuralTag,
)
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions
from maskwright.grammar.json_schema.document import read_text
from maskwright.grammar.structural_tags import formats, schemas, tags
from maskwright.grammar.structural_tags.endings import NO_ENDS
from maskwright.grammar.structural_tags.fields import Fields
from maskwright.grammar.structural_tags.markers import Markers
from maskwright.grammar.structural_tags.reader import FormatTable, Reader, located
from maskwright.grammar.structural_tags.tokens import Tokens

FORMATS: Final = FormatTable(
    {
        "const_string": formats.const_string,
        "json_schema": schemas.json_schema,
        "regex": formats.regex,
        "grammar": formats.grammar,
        "any_text": formats.any_text,
        "sequence": formats.sequence,
        "or": formats.any_of,
        "optional": formats.repeated(0, 1),
        "star": formats.repeated(0, None),
        "plus": formats.repeated(1, None),
        "repeat": formats.repeat,
        "tag": tags.tag,
        "triggered_tags": tags.triggered_tags,
        "tags_with_separator": tags.tags_with_separator,
        "dispatch": tags.dispatch,
        "token": formats.one_token,
        "exclude_token": formats.exclude_token,
        "any_tokens": formats.any_tokens,
        "token_triggered_tags": tags.token_triggered,
        "token_dispatch": tags.token_dispatched,
        "qwen_xml_parameter": schemas.qwen_xml_parameter,
    },
    {
        "any_text": formats.any_text_to_end,
        "sequence": formats.sequence_to_end,
        "or": formats.any_of_to_end,
        "optional": formats.optional_to_end,
        "triggered_tags": tags.triggered_tags_to_end,
    },
)


def structural_tag_grammar(
    spec: str | Mapping[str, Any],
    *,
    special_tokens: Iterable[str] = (),
    options: JSONSchemaOptions | None = None,
    tokens: Tokens | None = None,
) -> Grammar:
    """The texts of a structural tag, given as JSON text or as a dictionary.

    `special_tokens`: special tokens of the vocabulary that may spell their names where these occur in fixed texts of
    the tag (`markers`). `options`: for the JSON Schemas in the tag, but for the order of members and the blanks where
    the tag says something about them itself. `tokens`: those of the vocabulary, if it is known, so that a token which
    is not there is a fault of the tag at its place.

    Raises InvalidStructuralTag and UnsupportedStructuralTag with a JSON pointer into the tag, EmptyLanguage and
    LimitExceeded.
    """
    value = read_tag_text(spec) if isinstance(spec, str) else spec
    fields = Fields.of(value, "", "a structural tag")
    fields.word("type", ["structural_tag"], "structural_tag")
    reader = Reader(FORMATS, Markers(tuple(dict.fromkeys(special_tokens))), options, tokens)
    if "structures" in fields.content:
        fields.refuse_others(["type", "structures", "triggers"])
        newer = _triggered(fields)
        with _in_older_form():
            return reader.grammar(newer, "", NO_ENDS)
    fields.refuse_others(["type", "format"])
    return reader.grammar(fields.needed("format"), "/format", NO_ENDS)


def read_tag_text(text: str) -> object:
    """The JSON value of a tag's text."""
    try:
        return read_text(text)
    except LimitExceeded as error:
        raise LimitExceeded("Nesting of the text of a structural tag", error.asked, error.allowed) from error
    except GrammarSyntaxError as error:
        where = f"line {error.line}, column {error.column}"
        raise InvalidStructuralTag("", f"{error.message} ({where})") from error


def _triggered(fields: Fields) -> dict[str, Any]:
    """The older form as a format."""
    found = []
    for value, place in fields.some_items("structures"):
        one = Fields.of(value, place, "a structure")
        one.refuse_others(["begin", "schema", "end"])
        schema = one.needed("schema")
        if isinstance(schema, str):
            with located(one.place("schema")):
                schema = read_text(schema)
        if not isinstance(schema, Mapping | bool):
            raise InvalidStructuralTag(one.place("schema"), "must be a JSON Schema")
        content = {"type": "json_schema", "json_schema": schema}
        found.append({"type": "tag", "begin": one.text("begin"), "content": content, "end": one.text("end")})
    return {"type": "triggered_tags", "triggers": fields.texts("triggers", is_needed=True), "tags": found}


@contextmanager
def _in_older_form() -> Iterator[None]:
    """Errors about the format that `_triggered` makes, with the places of what it was made of."""
    try:
        yield
    except (InvalidStructuralTag, UnsupportedStructuralTag) as error:
        raise type(error)(_older_place(error.pointer), error.reason) from error
    except EmptyLanguage as error:
        raise EmptyLanguage(error.reason, _older_place(error.pointer)) from error
    except LimitExceeded as error:
        where = _older_place(error.where)
        raise type(error)(error.stage, error.asked, error.allowed, where, error.remedy) from error


def _older_place(pointer: str) -> str:
    """`/tags/3/content/json_schema/items` -> `/structures/3/schema/items`."""
    pointer = re.sub(r"^/tags/(\d+)/content(/json_schema)?", r"/structures/\1/schema", pointer)
    return re.sub(r"^/tags/", "/structures/", pointer)
