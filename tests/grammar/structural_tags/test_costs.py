"""What a tag costs grows with its size, or a limit says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from maskwright.errors import LimitExceeded
from maskwright.grammar.structural_tags import structural_tag_grammar
from tests.grammar.single_bytes import verdicts
from tests.grammar.structural_tags.reading import ANY_TEXT, schema, tag


def token_of(which: int) -> dict[str, Any]:
    return {"type": "token", "token": which}


REPEATING: dict[str, Callable[[Any], dict[str, Any]]] = {
    "with a separator": lambda inner: {
        "type": "tags_with_separator",
        "separator": ",",
        "tags": [tag("<a>", inner, "</a>")],
    },
    "triggered": lambda inner: {"type": "triggered_tags", "triggers": ["<a"], "tags": [tag("<a>", inner, "</a>")]},
    "triggered, at least one": lambda inner: {
        "type": "triggered_tags",
        "triggers": ["<a"],
        "tags": [tag("<a>", inner, "</a>")],
        "at_least_one": True,
    },
    "dispatched": lambda inner: {"type": "dispatch", "rules": [["<a>", inner]]},
    "triggered by tokens": lambda inner: {
        "type": "token_triggered_tags",
        "trigger_tokens": [7],
        "tags": [tag(token_of(7), inner, token_of(8))],
    },
    "dispatched on tokens": lambda inner: {"type": "token_dispatch", "rules": [[7, inner]]},
}


@pytest.mark.parametrize("name", REPEATING)
def test_each_level_of_tags_in_one_another_adds_as_many_rules_as_the_one_before(name: str) -> None:
    value: dict[str, Any] = ANY_TEXT
    sizes = []
    for level in range(30):
        if level in (9, 19, 29):
            sizes.append(len(structural_tag_grammar({"format": value}).rules))
        value = REPEATING[name](value)
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] < 10 * 20


@pytest.mark.parametrize("style", ["qwen_xml", "minimax_m3_xml", "gemma"])
@pytest.mark.parametrize("bound", ["minProperties", "maxProperties"])
def test_members_that_are_counted_in_their_order_are_bounded(style: str, bound: str) -> None:
    declared = {f"p{place}": {"type": "integer"} for place in range(100)}
    asked = {"type": "object", "properties": declared, bound: 50, "additionalProperties": False}
    with pytest.raises(LimitExceeded) as caught:
        structural_tag_grammar({"format": schema(asked, style)})
    assert str(caught.value) == (
        "Counting the members of objects in their order at '/format/json_schema' needs 5050, more than the 3000 "
        "allowed: ask for fewer properties in minProperties or maxProperties, or leave them out."
    )
    structural_tag_grammar({"format": schema(asked | {bound: 3}, style)})
    structural_tag_grammar({"format": schema(asked, style, any_order=True)})


def test_all_objects_of_a_schema_share_the_bound_on_counted_members() -> None:
    declared = {f"p{place}": {"type": "integer"} for place in range(20)}
    counted = {"type": "object", "properties": declared, "maxProperties": 10, "additionalProperties": False}
    for style in ("cohere_xml", "gemma"):
        for n_objects, is_allowed in ((10, True), (20, False)):
            # each object differs, or they would share one rule
            properties = {f"o{n}": counted | {"minProperties": n % 5, "required": [f"p{n}"]} for n in range(n_objects)}
            given = {"format": schema({"type": "object", "properties": properties}, style)}
            if is_allowed:
                structural_tag_grammar(given)
            else:
                with pytest.raises(LimitExceeded):
                    structural_tag_grammar(given)


def test_undeclared_members_up_to_a_large_number_are_bounded() -> None:
    for style in ("qwen_xml", "cohere_xml", "gemma"):
        with pytest.raises(LimitExceeded):
            structural_tag_grammar({"format": schema({"type": "object", "maxProperties": 10**6}, style)})


def names(count: int) -> list[str]:
    return [f"<t{place:05d}>" for place in range(count)]


def test_a_thousand_ends_are_one_automaton() -> None:
    grammar = structural_tag_grammar({"format": tag("<a>", ANY_TEXT, names(1000))})
    assert verdicts(grammar, "<a>b<t00700>", "<a><t00700><", "<a>b<t0070") == ["member", "refused", "beginning"]


@pytest.mark.parametrize("count", [20, 400])
@pytest.mark.parametrize("kind", ["triggers", "rules", "ends"])
def test_texts_that_each_need_an_automaton_are_bounded(kind: str, count: int) -> None:
    found = names(count)
    given = {
        "triggers": {"type": "triggered_tags", "triggers": found, "tags": [tag(one, ANY_TEXT, ".") for one in found]},
        "rules": {"type": "dispatch", "rules": [[one, ANY_TEXT] for one in found]},
        "ends": tag("<a>", ANY_TEXT | {"max_chars": 9}, found),
    }[kind]
    if count == 20:
        structural_tag_grammar({"format": given})
        return
    with pytest.raises(LimitExceeded) as caught:
        structural_tag_grammar({"format": given})
    where = "/format/content" if kind == "ends" else "/format"
    assert str(caught.value) == (
        f"Telling apart the texts to search for at '{where}' needs 1280000, more than the 1000000 allowed: use fewer "
        "of them, for instance one trigger that several tags begin with."
    )
