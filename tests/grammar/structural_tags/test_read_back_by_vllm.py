"""Texts of the XML families, read by vLLM's own parsers: every call is one of a tool, with valid arguments."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.grammar.structural_tags.test_families import cases

pytest.importorskip("vllm", reason="vLLM is not installed: its parsers are the readers here")

XML_FAMILIES = (
    "deepseek_v3_2",
    "deepseek_v4",
    "deepseek_v4_1",
    "glm_4_7",
    "mimo",
    "minimax",
    "qwen_3_5",
    "qwen_3_coder",
)


@pytest.mark.parametrize("family", XML_FAMILIES)
def test_every_call_comes_back_as_a_valid_one(family: str) -> None:
    from scripts.structural_tags.vllm_side import TOOLS, read_back

    asked = [
        {
            "family": family,
            "case": case["case"],
            "tools": case["case"].split()[0],
            "tokens": [],
            "texts": case["accepted"],
        }
        for case in cases(family)
        if case["case"].split()[1:] in (["strict", "required"], ["strict", "named"])
    ]
    assert asked
    for one, answer in zip(asked, read_back(asked), strict=True):
        schemas = dict(TOOLS[one["tools"]])
        for text, read in zip(one["texts"], answer["read"], strict=True):
            assert read.get("calls"), (text, read)
            for name, arguments in read["calls"]:
                jsonschema.validate(json.loads(arguments), schemas[name])
