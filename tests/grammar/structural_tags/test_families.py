"""The tags that vLLM builds for each family of models: texts that XGrammar judges as we do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.grammar.structural_tags import structural_tag_grammar
from maskwright.matching.compiler import Compiler
from maskwright.matching.matcher import Matcher
from tests.grammar.single_bytes import SINGLE_BYTES
from tests.grammar.structural_tags.reading import SPECIAL

FOLDER = Path(__file__).parents[3] / "schemas" / "structural_tags" / "families"
FAMILIES = sorted(path.stem for path in FOLDER.glob("*.json"))


def cases(family: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{family}.json").read_text("utf-8"))
    return found


def is_member(matcher: Matcher, text: str) -> bool:
    return all(matcher.allows(byte) and matcher.accept_token(byte) is None for byte in text.encode()) and (
        matcher.is_accepting()
    )


def test_all_families_are_there() -> None:
    assert len(FAMILIES) == 19
    assert {case["case"].split()[2] for case in cases("qwen_3_coder")} == {"auto", "required", "named", "single"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_the_texts_beside_its_tags(family: str) -> None:
    compiler = Compiler(SINGLE_BYTES)
    for case in cases(family):
        compiled = compiler.compile_structural_tag(case["tag"])
        assert case["accepted"], case["case"]
        for text in case["accepted"]:
            assert is_member(compiled.matcher(), text), (case["case"], text)
        for text in case["rejected"]:
            assert not is_member(compiled.matcher(), text), (case["case"], text)


def json_schemas(value: object) -> list[dict[str, Any]]:
    """All `json_schema` formats in a tag."""
    if isinstance(value, list):
        return [found for one in value for found in json_schemas(one)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "json_schema":
        return [value]
    return [found for one in value.values() for found in json_schemas(one)]


def test_the_tags_write_schemas_in_these_styles() -> None:
    styles = {found["style"] for family in FAMILIES for case in cases(family) for found in json_schemas(case["tag"])}
    assert styles == {"json", "qwen_xml", "minimax_xml", "glm_xml", "deepseek_xml", "deepseek_v4_1_xml"}


def test_a_tag_means_the_same_as_text_and_as_a_dictionary() -> None:
    for family in FAMILIES:
        tag = cases(family)[0]["tag"]
        assert structural_tag_grammar(json.dumps(tag)).start == structural_tag_grammar(tag).start


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stored_tag_is_the_same_when_it_is_loaded(family: str) -> None:
    compiler = Compiler(SPECIAL)
    for case in cases(family)[:4]:
        compiled = compiler.compile_structural_tag(case["tag"])
        loaded = compiler.grammar_from_bytes(compiled.to_bytes())
        for text in case["accepted"]:
            assert is_member(loaded.matcher(), text) == is_member(compiled.matcher(), text)
