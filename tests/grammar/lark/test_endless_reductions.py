"""Endless reductions against trying every stack of two in lark's table, on random rules with priorities."""

from __future__ import annotations

from random import Random

import pytest

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lark.parse_table import parse_table
from tests.naive.lark_table import lark_analysis, random_rules, reduces_for_ever


@pytest.mark.parametrize("first", range(0, 3_000, 250))
def test_a_parser_is_refused_if_and_only_if_it_reduces_for_ever(first: int) -> None:
    compared = 0
    for seed in range(first, first + 250):
        rules = random_rules(Random(seed))
        theirs = lark_analysis(rules)
        if theirs.table is None or not theirs.is_settled:
            continue
        compared += 1
        terminals = sorted({symbol.name for rule in rules for symbol in rule.expansion if symbol.is_term})
        message = ""
        try:
            parse_table(rules, "start", terminals)
        except GrammarSyntaxError as error:
            message = error.message
        assert ("would reduce for ever" in message) == reduces_for_ever(theirs, rules)
    assert compared > 50
