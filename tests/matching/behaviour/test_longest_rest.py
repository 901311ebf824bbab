"""The greatest rest of any place, against the rest at every beginning of every short member."""

from __future__ import annotations

import re

import pytest

import maskwright as mw
from maskwright.automata.passes import prepare
from maskwright.grammar.composition import concatenation
from maskwright.grammar.ir import Grammar
from maskwright.matching.behaviour.automaton_ways import ways_of
from maskwright.matching.behaviour.longest_rest import longest_rest
from tests.grammar.single_bytes import SINGLE_BYTES

GRAMMARS = {
    "pattern": Grammar.from_regex("a(bcd)?e{2,4}|xyz"),
    "counted": Grammar.from_regex("[a-c]{3,40}"),
    "choice": Grammar.from_gbnf('root ::= "ab" x? | "c" x{2}\nx ::= "lmn" | "o"'),
    "schema": Grammar.from_json_schema(
        {
            "type": "object",
            "properties": {"n": {"enum": [1, 22]}, "s": {"type": "string", "minLength": 2, "maxLength": 3}},
            "required": ["n"],
            "additionalProperties": False,
        }
    ),
}


def shortest_completion(grammar: Grammar, text: str) -> int:
    """Breadth first over the bytes that may follow."""
    matcher = mw.Compiler(SINGLE_BYTES).compile_grammar(grammar).matcher()
    matcher.accept_bytes(text.encode())
    level, length = [matcher], 0
    seen = {matcher.place}
    while not any(one.is_accepting() for one in level):
        following = []
        for one in level:
            for byte in range(256):
                if one.allows(byte):
                    after = one.fork()
                    after.accept_token(byte)
                    if after.place not in seen:
                        seen.add(after.place)
                        following.append(after)
        level, length = following, length + 1
    return length


@pytest.mark.parametrize("name", GRAMMARS)
def test_no_beginning_needs_more(name: str) -> None:
    grammar = GRAMMARS[name]
    prepared = prepare(concatenation([grammar]))
    bound = longest_rest(prepared.rules, prepared.rules[prepared.start])
    assert bound is not None
    texts = {"pattern": ["abcdeeee", "xyz", "aee"], "counted": ["abcabcabc"], "choice": ["ablmn", "clmno", "colmn"]}
    for text in texts.get(name, ['{"n": 22, "s": "abc"}', '{"s":"ab","n":1}']):
        rests = [shortest_completion(grammar, text[:end]) for end in range(len(text) + 1)]
        assert max(rests) <= bound
    assert bound <= 80  # and it is of use


def test_rules_that_call_themselves_have_no_bound() -> None:
    prepared = prepare(Grammar.from_gbnf('root ::= "(" root? ")"'))
    assert longest_rest(prepared.rules, prepared.rules[prepared.start]) is None


@pytest.mark.parametrize("pattern", ["(?s).*needle.*", "[ab]*x[ab]*y", "a*(bc)*"])
@pytest.mark.parametrize("units", [0, 1, 7, 30])
def test_a_way_through_an_automaton_ends_in_it_and_has_the_units(pattern: str, units: int) -> None:
    from maskwright.grammar.characters import counted_utf8_automaton, match_language

    automaton = counted_utf8_automaton(match_language(pattern))
    ways = ways_of(automaton)
    for state in range(automaton.n_states):
        text = ways.text(state, units)
        if text is None:
            continue
        here, begun = state, 0
        for byte in text:
            step = automaton.successor(here, byte)
            assert step is not None
            here, begun = step[1], begun + step[2]
        assert automaton.accepting[here]
        assert begun >= units
        length = ways.length(state, units)
        assert length is None or len(text) <= length
        worst = ways.worst(units)
        assert worst is None or len(text) <= worst
    assert re.fullmatch(pattern, (ways.text(0, units) or b"").decode()) or ways.text(0, units) is None
