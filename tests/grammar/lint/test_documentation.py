"""Every example of docs/lint.md is run, and there is one of each kind."""

from __future__ import annotations

import re
from pathlib import Path

from maskwright.grammar.lint import Kind, lint_gbnf, lint_lark

PAGE = Path(__file__).parents[3] / "docs" / "lint.md"
LINT = {"gbnf": lint_gbnf, "lark": lint_lark}


def test_the_examples_of_the_page_are_told_as_it_says() -> None:
    examples = re.findall(r"```(gbnf|lark)\n(.*?)```\n```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    told = ""
    for notation, text, expected in examples:
        found = [str(finding) for finding in LINT[notation](text, special_tokens=["</s>"], fuel=200_000)]
        assert set(expected.splitlines()) <= set(found)
        told += expected
    assert all(f"[{kind.value}]" in told for kind in Kind)
