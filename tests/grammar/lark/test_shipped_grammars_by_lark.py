"""The texts beside the Lark grammars of `schemas/lark` say what lark itself says."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from lark import Lark, logger

from tests.naive.lark_itself import ShippedGrammar, accepts, shipped_grammars

GRAMMARS = shipped_grammars()

by_name = pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)


@pytest.fixture
def lark_debug_level() -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(before)


def test_there_are_grammars_on_disk() -> None:
    assert len(GRAMMARS) >= 14


@by_name
def test_lark_accepts_and_rejects_the_texts_beside_a_grammar(grammar: ShippedGrammar) -> None:
    parser = grammar.parser()
    assert len(grammar.accepted) >= 10 and len(grammar.rejected) >= 10
    assert not set(grammar.accepted) & set(grammar.rejected)
    assert [text for text in grammar.accepted if not accepts(parser, text)] == []
    assert [text for text in grammar.rejected if accepts(parser, text)] == []


@by_name
@pytest.mark.usefixtures("lark_debug_level")
def test_lark_finds_no_conflict_in_a_grammar(grammar: ShippedGrammar, caplog: pytest.LogCaptureFixture) -> None:
    logger.addHandler(caplog.handler)
    try:
        Lark(grammar.text, parser="lalr", start=grammar.start, maybe_placeholders=False, debug=True)
    finally:
        logger.removeHandler(caplog.handler)
    assert [message for message in caplog.messages if "onflict" in message or "ollision" in message] == []
