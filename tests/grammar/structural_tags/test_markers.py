"""Fixed texts of a tag, spelled by special tokens where their names occur in them; free text and values never are."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from maskwright.grammar.ir import Literal, Network, TokenSet
from maskwright.grammar.structural_tags.markers import Markers
from maskwright.matching.compiler import Compiler
from tests.grammar.structural_tags.reading import (
    ANY_TEXT,
    BEGINNING,
    CALL,
    END,
    MEMBER,
    REFUSED,
    SPECIAL,
    const,
    schema,
    tag,
    token_verdict,
)

BETWEEN = tag("<|call|>f", ANY_TEXT, "<|end|>")
TRIGGERED = {"type": "triggered_tags", "triggers": ["<|call|>"], "tags": [BETWEEN]}


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        (const("<|call|>"), [("<|call|>",), (CALL,)]),
        (const("a<|call|>b<|end|>"), [("a", CALL, "b", END), ("a<|call|>b", END), ("a", CALL, "b<|end|>")]),
        (BETWEEN, [("<|call|>fx<|end|>",), (CALL, "fx", END), (CALL, "f<|en", END)]),
        (TRIGGERED, [("a", CALL, "fx", END, "b"), ("a<|call|>f", END), ("<|cal", CALL, "f<|end|>")]),
        (
            {"type": "tags_with_separator", "tags": [BETWEEN], "separator": "<|end|>"},
            [(CALL, "f", END, END, CALL, "f", END), (CALL, "f<|end|><|end|><|call|>f<|end|>")],
        ),
        (tag("", {"type": "dispatch", "rules": [["<|call|>", const("x")]]}, ""), [("a", CALL, "xb"), ("<|call|>x",)]),
        (
            tag("", schema({"required": ["a"], "properties": {"a": {}}}, "kimi_k3_xml"), "<|end|>"),
            [('<|open|>argument key="a" type="string"<|sep|>x<|close|>argument<|sep|>', END)],
        ),
    ],
)
def test_a_marker_is_its_text_or_its_token(given: dict[str, Any], spelled: list[tuple[str | int, ...]]) -> None:
    assert [token_verdict(given, *pieces) for pieces in spelled] == [MEMBER] * len(spelled)


def test_nothing_else_of_a_tag_is_spelled_by_tokens() -> None:
    assert token_verdict(ANY_TEXT, CALL) == REFUSED
    assert token_verdict(ANY_TEXT, "<|call|>") == MEMBER
    assert token_verdict(BETWEEN, CALL, "f", CALL) == REFUSED
    assert token_verdict(TRIGGERED, END) == REFUSED
    assert token_verdict(TRIGGERED, CALL, "g") == REFUSED
    assert token_verdict(schema({"type": "string"}), '"', CALL) == REFUSED


def test_markers_are_only_texts_on_request() -> None:
    for pieces, expected in [(("<|call|>f<|end|>",), MEMBER), ((CALL,), REFUSED), (("<|call|>f", END), REFUSED)]:
        assert token_verdict(BETWEEN, *pieces, markers_are_tokens=False) == expected


def test_a_text_that_looks_like_the_beginning_of_a_marker_stays_free() -> None:
    assert token_verdict(TRIGGERED, "<|call|") == MEMBER
    assert token_verdict(TRIGGERED, "<|call|>") == BEGINNING


def test_names_may_overlap() -> None:
    """All ways to write `abab` with tokens for `ab` and `ba`, against all sequences of pieces."""
    markers = Markers(("ab", "ba"))
    pieces = {"a": "a", "b": "b", "AB": "ab", "BA": "ba"}
    written = {
        tuple(ways)
        for length in range(1, 5)
        for ways in product(pieces, repeat=length)
        if "".join(pieces[way] for way in ways) == "abab"
    }
    node = markers.text("abab").rules["root"]
    assert isinstance(node, Network)
    found = set()

    def walk(state: int, so_far: tuple[str, ...]) -> None:
        if state == node.n_states - 1:
            found.add(so_far)
        for source, label, target in node.edges:
            if source == state:
                match label:
                    case TokenSet(names=names):
                        walk(target, (*so_far, names[0].upper()))
                    case Literal(text):
                        walk(target, (*so_far, *text.decode()))
                    case _:
                        walk(target, so_far)

    walk(0, ())
    assert found == written
    with_tokens = markers.with_tokens("abab")
    assert with_tokens is not None and markers.with_tokens("aa") is None


def test_end_tokens_are_no_markers() -> None:
    """An end token ends the text, so a marker of its name is a text."""
    compiled = Compiler(SPECIAL).compile_structural_tag({"format": const("</s>")})
    matcher = compiled.matcher()
    assert not matcher.allows(256)
    matcher.accept_bytes(b"</s>")
    assert matcher.is_accepting() and matcher.allows(256)


def test_equal_tags_are_compiled_once() -> None:
    compiler = Compiler(SPECIAL)
    first = compiler.compile_structural_tag({"format": BETWEEN})
    assert compiler.compile_structural_tag({"format": BETWEEN}) is first
    assert compiler.compile_structural_tag({"format": BETWEEN}, markers_are_tokens=False) is not first
    assert compiler.cache_figures.n_hits == 1
