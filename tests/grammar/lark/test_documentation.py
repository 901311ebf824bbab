"""Every example of docs/lark.md is read, and accepts and rejects what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lark import lark_grammar
from tests.grammar.lark.reading import judge
from tests.naive.lark_itself import accepts as lark_accepts
from tests.naive.lark_itself import lark_parser

PAGE = (Path(__file__).parents[3] / "docs" / "lark.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```lark(?: lexer=(\w+))?\n(.*?)```\n\nAccepted: (.*?)\. Rejected: (.*?)\.\n", PAGE, re.DOTALL)


def texts(listed: str) -> list[str]:
    """The texts in backquotes; two of these are the empty text."""
    return re.findall(r"`([^`]*)`", listed)


def test_every_example_has_texts() -> None:
    assert len(EXAMPLES) == PAGE.count("```lark") == 6


@pytest.mark.parametrize(("lexer", "grammar", "accepted", "rejected"), EXAMPLES)
def test_an_example_accepts_and_rejects_what_the_page_says(
    lexer: str, grammar: str, accepted: str, rejected: str
) -> None:
    accepts = judge(grammar, lexer=lexer or "contextual")
    assert len(texts(accepted)) >= 2 and len(texts(rejected)) >= 2
    assert [text for text in texts(accepted) if not accepts(text)] == []
    assert [text for text in texts(rejected) if accepts(text)] == []


def test_the_first_examples_are_read_by_lark_alike() -> None:
    for lexer, grammar, accepted, rejected in EXAMPLES[:2]:
        assert lexer == ""
        parser = lark_parser(grammar)
        assert all(lark_accepts(parser, text) for text in texts(accepted))
        assert not any(lark_accepts(parser, text) for text in texts(rejected))


def test_the_message_on_the_page_is_the_message() -> None:
    with pytest.raises(GrammarSyntaxError) as refused:
        lark_grammar('start: a\na[max_tokens=3]: "x"\n')
    assert str(refused.value) in PAGE
