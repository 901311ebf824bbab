"""The official JSON Schema test suite: what is not refused is never too wide, and too narrow only for stated reasons.

Every required test of a draft is judged by the naive recogniser on the compact text of its instance.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from maskwright.errors import EmptyLanguage, InvalidSchema, LimitExceeded, UnsupportedSchema
from maskwright.grammar.json_schema import JSONSchemaOptions, Whitespace, json_schema_grammar
from tests.data_folder import data_archive
from tests.naive.recogniser import accepts

COMPACT = JSONSchemaOptions(whitespace=Whitespace.COMPACT)
URI_OF_DRAFT = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}


def narrower_for(file: str, text: str) -> str:
    """Why a valid instance is rejected: the documented reason, or "unexplained"."""
    if file == "format":
        return "formats are asserted"
    if file == "vocabulary":
        return "a metaschema of one's own is taken as 2020-12"
    if ".0" in text:
        return "whole number written with a point"
    return "unexplained"


@pytest.mark.parametrize("draft", URI_OF_DRAFT)
def test_official_suite(draft: str) -> None:
    files = sorted((data_archive("json-schema-test-suite") / "tests" / draft).glob("*.json"))
    assert files
    seen: Counter[str] = Counter()
    wrong: list[tuple[str, str, str]] = []
    for path in files:
        for group in json.loads(path.read_text(encoding="utf-8")):
            schema = group["schema"]
            if isinstance(schema, dict) and "$schema" not in schema:
                schema = {"$schema": URI_OF_DRAFT[draft], **schema}
            try:
                grammar = json_schema_grammar(schema, COMPACT)
            except EmptyLanguage:
                grammar = None
            except (UnsupportedSchema, InvalidSchema, LimitExceeded) as refusal:
                seen[f"refused: {type(refusal).__name__}"] += len(group["tests"])
                continue
            for test in group["tests"]:
                text = json.dumps(test["data"], ensure_ascii=False, separators=(",", ":"))
                verdict = grammar is not None and accepts(grammar, text.encode())
                if verdict == test["valid"]:
                    seen["right"] += 1
                elif verdict:
                    seen["too wide"] += 1
                    wrong.append((path.stem, group["description"], test["description"]))
                else:
                    reason = narrower_for(path.stem, text) if grammar else "unexplained"
                    seen[f"too narrow: {reason}"] += 1
                    if reason == "unexplained":
                        wrong.append((path.stem, group["description"], test["description"]))
    assert wrong == []
    assert seen["right"] > 400
