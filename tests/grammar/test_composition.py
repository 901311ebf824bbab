"""Grammars made of grammars: their texts, their rules, what stays lazy and prepared."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright import Grammar
from maskwright.automata.passes import keep_productive, prepare
from maskwright.grammar.composition import ComposedRules
from maskwright.grammar.ir import Call, Document, Node, literal
from tests.grammar.single_bytes import verdicts
from tests.matching.test_masks_by_brute_force import check_everywhere, productive_grammar
from tests.naive.random_grammars import language_up_to, random_vocabulary

MEMBER, BEGINNING, REFUSED = "member", "beginning", "refused"
OBJECT = Grammar.from_json_schema({"type": "object"})


def text(given: str) -> Grammar:
    return Grammar.from_text(given)


def test_random_compositions_have_the_texts_of_their_definition() -> None:
    rng = random.Random("compositions")
    for _ in range(60):
        one, other = productive_grammar(rng), productive_grammar(rng)
        first, second = language_up_to(one, 4), language_up_to(other, 4)
        joined = {a + b for a in first for b in second if len(a + b) <= 4}
        twice = {a + b for a in first for b in first if len(a + b) <= 4}
        for grammar, expected in [
            (one | other, first | second),
            (one + other, joined),
            (one.repeat(1, 2), first | twice),
            (one.optional(), first | {b""}),
            ((one | other) + one, {a + b for a in first | second for b in first if len(a + b) <= 4}),
        ]:
            kept = keep_productive(grammar)
            assert language_up_to(kept, 4) == expected, (one, other)
        check_everywhere(kept, random_vocabulary(rng))


def test_rules_of_the_same_name_stay_apart() -> None:
    one = Grammar.from_gbnf('root ::= item item\nitem ::= "a"')
    other = Grammar.from_gbnf('root ::= item\nitem ::= "b" root | "c"')
    assert verdicts(one + other, "aac", "aabbc", "aaa", "ab") == [MEMBER, MEMBER, REFUSED, REFUSED]


def test_a_part_that_occurs_twice_is_there_once() -> None:
    rules = (OBJECT + OBJECT | OBJECT).rules
    assert isinstance(rules, ComposedRules)
    assert len(rules.parts) == 1


def test_many_operands_of_one_kind_stay_flat() -> None:
    grammar = text("0")
    for number in range(1, 400):
        grammar = grammar | text(str(number)) if number % 2 else grammar + text("x") | text("y")
    assert verdicts(grammar, "399", "y", "z") == [MEMBER, MEMBER, REFUSED]


def test_rules_of_a_schema_stay_lazy_and_prepared() -> None:
    schema = {"type": "object", "properties": {f"p{n}": {"type": "object", "title": str(n)} for n in range(50)}}
    grammar = text("a") + Grammar.from_json_schema(schema)
    prepared = prepare(grammar)
    assert prepared.is_prepared
    assert list(prepared.rules) == ["combination 1"]
    rules = grammar.rules
    assert isinstance(rules, ComposedRules)
    assert not [name for name in rules.parts[0].rules._rules if name.startswith("object /properties")]


def test_json_within_a_text_is_a_document_and_its_scalars_are_not() -> None:
    grammar = Grammar.from_json_schema({"type": ["integer", "object"]}) + text(".")
    rules = grammar.rules
    documents: list[Node] = [node for name in rules for node in getattr(rules[name], "parts", ())]
    assert any("Document" in str(node) for node in documents)
    assert verdicts(grammar.repeat(2), '1.2.{"a":1}.', '1.{"a":1,"a"', '{"a":1}.{"a":1}.') == [MEMBER, REFUSED, MEMBER]


def test_documents_may_follow_each_other_after_blanks() -> None:
    options = mw.JSONSchemaOptions(outer_whitespace=True)
    grammar = Grammar.from_json_schema({"type": "object"}, options).repeat()
    assert verdicts(grammar, ' {"a":1} {"a":1}{}', '{} {"b":1,"a":{"b":1},"a') == [MEMBER, BEGINNING]
    assert verdicts(grammar, '{"a":1} {"b":1,"b"') == [REFUSED]


def test_a_whole_text_alone_has_no_documents() -> None:
    assert not any(isinstance(OBJECT.rules[name], Document) for name in OBJECT.rules)
    assert OBJECT.is_document


def test_operands_that_match_nothing_but_the_empty_text() -> None:
    assert verdicts(text("") + text("a").optional(), "", "a", "aa") == [MEMBER, MEMBER, REFUSED]
    assert verdicts(text("").repeat(3), "") == [MEMBER]


def test_a_grammar_that_never_ends_is_an_error_also_within_others() -> None:
    endless = Grammar("S", {"S": Call("S")})
    with pytest.raises(mw.EmptyLanguage):
        prepare(endless + text("a"))
    assert verdicts(endless | text("a"), "a") == [MEMBER]


def test_reports_are_joined() -> None:
    one = Grammar.from_json_schema({"title": "x"})
    assert len((one + one + text("a")).report.nodes) == 2 * len(one.report.nodes)


def test_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"repeat\(3, 2\)"):
        text("a").repeat(3, 2)


def test_only_grammars_are_operands() -> None:
    with pytest.raises(TypeError):
        text("a") | "b"  # type: ignore[operator]
    with pytest.raises(TypeError):
        text("a") + literal(b"b")  # type: ignore[operator]
