"""Comparisons of specifications: each of the four answers, each relation, and where a text is refused."""

from __future__ import annotations

from typing import Any

import pytest

from maskwright import Grammar
from maskwright.errors import InvalidSchema, UnsupportedComposition
from maskwright.grammar.json_schema.difference import wider
from maskwright.matching.comparing import compare_grammars, compare_schemas
from maskwright.matching.comparison import Answer, Relation, json_path

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}
ADULT = {**PERSON, "properties": {**PERSON["properties"], "age": {"type": "integer", "minimum": 18}}}
CLOSED = {**PERSON, "additionalProperties": False}

BRACKETS = Grammar.from_gbnf('root ::= "(" root ")" | "x"')
DEEPER = Grammar.from_gbnf('root ::= "(" inner ")" | "x"\ninner ::= "(" root ")" | "x"')
SQUARE = Grammar.from_gbnf('root ::= "[" root "]" | "x"')


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        (PERSON, PERSON, Relation.EQUAL),
        (PERSON, {**PERSON, "title": "A person"}, Relation.EQUAL),
        (PERSON, ADULT, Relation.NARROWED),
        (ADULT, PERSON, Relation.WIDENED),
        (ADULT, CLOSED, Relation.CHANGED),
        (False, PERSON, Relation.WIDENED),
        (PERSON, False, Relation.NARROWED),
        (False, {"allOf": [{"type": "string"}, {"const": 1}]}, Relation.EQUAL),
    ],
)
def test_relations_of_schemas(old: object, new: object, relation: Relation) -> None:
    comparison = compare_schemas(old, new)
    assert comparison.relation is relation
    assert comparison.is_compatible == (relation in (Relation.EQUAL, Relation.WIDENED))


def test_a_text_is_told_with_the_place_where_it_is_refused() -> None:
    assert str(compare_schemas(PERSON, ADULT)) == (
        "narrowed: the new one refuses a text that the old one accepted\n"
        'only old: {"name":"","age":0}\n'
        "  refused at $.age, after 18 bytes (see /properties/age)\n"
        "only new: nothing"
    )


def test_where_the_exact_way_is_refused_texts_are_tried() -> None:
    unique = {"type": "array", "uniqueItems": True}
    comparison = compare_schemas(unique, {**unique, "items": {"type": "string"}}, n_tries=5)
    assert comparison.only_old.text == "[0]"
    assert comparison.only_new.answer is Answer.UNDECIDED
    assert comparison.relation is Relation.UNKNOWN
    assert comparison.is_compatible is False
    assert str(comparison.only_new) == (
        "cannot be decided exactly: JSON Schema keyword 'uniqueItems' at 'urn:old#' stands under a negation, where it "
        "cannot be enforced; no difference found among the first 5 texts"
    )


def test_texts_that_break_the_rest_are_tried_first_beside_unique_items() -> None:
    unique = {"type": "array", "uniqueItems": True, "minItems": 1}
    old, new = ({**unique, "items": {"type": "string", "minLength": length}} for length in (3, 4))
    comparison = compare_schemas(old, new)
    assert comparison.only_old.text == '["aaa"]'
    assert comparison.only_old.n_tried == 1
    assert comparison.only_new.answer is Answer.UNDECIDED


@pytest.mark.parametrize("keyword", ["not", "if", "oneOf", "const"])
def test_unique_items_under_a_negation_are_not_left_out(keyword: str) -> None:
    inner: Any = {"type": "array", "uniqueItems": True}
    schema = {"properties": {"a": {keyword: [inner] if keyword == "oneOf" else inner}, "b": inner}}
    assert wider(schema) == {"properties": {"a": schema["properties"]["a"], "b": {"type": "array"}}}


def test_a_schema_that_is_none_is_an_error() -> None:
    with pytest.raises(InvalidSchema):
        compare_schemas(PERSON, {"type": "thing"})


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        ("a+", "a*", Relation.WIDENED),
        ("a*", "a+", Relation.NARROWED),
        ("(ab)*a|", "a(ba)*|", Relation.EQUAL),
        (r"\d", "[0-9]", Relation.NARROWED),
        ("a|é", "a|ë", Relation.CHANGED),
    ],
)
def test_relations_of_patterns_are_exact(old: str, new: str, relation: Relation) -> None:
    assert compare_grammars(Grammar.from_regex(old), Grammar.from_regex(new)).relation is relation


def test_grammars_without_recursion_are_compared_exactly() -> None:
    old = Grammar.from_gbnf('root ::= item ("," item)*\nitem ::= [0-9]+ | "x"')
    new = Grammar.from_gbnf('root ::= (item ",")* item\nitem ::= "x" | [0-9] [0-9]*')
    assert compare_grammars(old, new).relation is Relation.EQUAL


def test_against_a_regular_side_a_context_free_one_is_decided() -> None:
    comparison = compare_grammars(BRACKETS, Grammar.from_regex(r"\(*x\)*"))
    assert comparison.only_old.answer is Answer.NOTHING
    assert comparison.only_new.text == "(x"
    assert comparison.relation is Relation.WIDENED


def test_of_two_context_free_grammars_texts_are_tried() -> None:
    same = compare_grammars(BRACKETS, DEEPER, n_tries=5)
    assert same.only_old.answer is same.only_new.answer is Answer.NONE_FOUND
    assert same.is_compatible is None
    assert str(same.only_old) == "no difference found among the first 5 texts"
    other = compare_grammars(BRACKETS, SQUARE, n_tries=5)
    assert other.only_old.text is not None
    assert other.only_old.text.startswith("(")
    assert other.relation is Relation.CHANGED


def test_special_tokens_are_refused() -> None:
    with pytest.raises(UnsupportedComposition, match="special tokens"):
        compare_grammars(Grammar.from_gbnf('root ::= "a" <[7]>'), Grammar.from_regex("a"))


def test_a_path_is_written_as_usual() -> None:
    assert json_path(()) == "$"
    assert json_path(("a", 0, "b c")) == '$.a[0]["b c"]'
