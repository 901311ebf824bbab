"""Delimiters: traces read back as they were written, and hostile texts made harmless."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.reading import Piece, Reader
from maskwright.grammar.behaviour.specification.spec import Segment, Spec
from tests.grammar.behaviour.grounding.specifications import spec_of

AGENT = spec_of(
    Segment("say", ""),
    Segment("thought", "\n[Thought] "),
    Segment("call", "<call>", "</call>"),
    Segment("code", "```python\n", "\n```"),
)

delimiter = st.text("ab\n<", min_size=1, max_size=3)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """Up to four segments with delimiters that can be told apart, the first perhaps without an opener."""
    segments = [
        Segment(f"s{place}", draw(delimiter) if place or draw(st.booleans()) else "", draw(delimiter | st.just("")))
        for place in range(draw(st.integers(1, 4)))
    ]
    spec = spec_of(*segments)
    try:
        Delimiters.of(spec)
    except SpecError:
        assume(False)
    return spec


@given(specs(), st.data())
def test_what_was_written_is_read_back(spec: Spec, data: st.DataObject) -> None:
    delimiters = Delimiters.of(spec)
    trace, written = "", []
    can_go_on_unopened = True
    for _ in range(data.draw(st.integers(1, 5))):
        segment = data.draw(st.sampled_from(spec.segments))
        if not segment.open and not can_go_on_unopened:
            continue  # the text before it has no end: a flow must not allow it
        text = delimiters.neutralised(data.draw(st.text("ab\n<", max_size=6)), segment.name)
        if not delimiters.language(segment).accepts(text):
            assert not text
            assert not segment.open
            continue
        begin = len(trace)
        trace += segment.open + text + segment.close
        written.append(Piece(segment.name, text, begin, len(trace), begin + len(segment.open), True))
        can_go_on_unopened = bool(segment.close)
    assert Reader(spec).split(trace) == written


@given(specs(), st.text("ab\n<\\", max_size=12))
def test_neutralised_texts_have_no_delimiter(spec: Spec, text: str) -> None:
    delimiters = Delimiters.of(spec)
    for segment in spec.segments:
        made = delimiters.neutralised(text, segment.name)
        language = delimiters.language(segment)
        assert language.accepts(made) or not made
        assert not any(one in made for one in delimiters.texts)
        assert delimiters.neutralised(made, segment.name) == made
        if language.accepts(text):
            assert made == text
        cut = delimiters.cut(made, segment.name, 3)
        assert made.startswith(cut)
        assert len(cut) <= 3
        assert language.accepts(cut) or not cut


def test_the_language_of_texts_is_what_the_three_conditions_say() -> None:
    delimiters = Delimiters.of(AGENT)
    assert delimiters.endings("code") == ("```python",)
    assert delimiters.endings("thought") == ("\n", "\n`", "\n``", "```python")
    code = delimiters.language(AGENT.segment("code"))
    assert [text for text in ("", "x", "```", "```python", "\n", "<call", "<call>") if code.accepts(text)] == [
        "",
        "x",
        "```",
        "\n",
        "<call",
    ]
    assert not delimiters.language(AGENT.segment("say")).accepts("")


@given(st.text("ab[]Thougt\n <>/cal`python", max_size=40))
def test_anything_can_be_read(text: str) -> None:
    pieces = Reader(AGENT).split(text)
    assert [piece.begin for piece in pieces] == [0, *(piece.end for piece in pieces)][: len(pieces)]
    assert not text or pieces[-1].end == len(text)
    assert all(text[piece.text_begin :].startswith(piece.text) for piece in pieces)


def test_what_belongs_to_no_segment_is_a_piece_of_its_own() -> None:
    reader = Reader(spec_of(Segment("call", "<call>", "</call>"), Segment("answer", "<answer>")))
    assert [(piece.segment, piece.text, piece.is_closed) for piece in reader.split("hm<call>x<answer>y</call>!")] == [
        (None, "hm", False),
        ("call", "x", False),
        ("answer", "y", False),
        (None, "</call>", False),
        (None, "!", False),
    ]


def test_half_an_opener_at_the_end_is_broken_up() -> None:
    delimiters = Delimiters.of(spec_of(Segment("a", "\n\n"), Segment("b", "##", "#!")))
    assert delimiters.neutralised("x\n", "a") == "x\n\\"
    assert delimiters.neutralised("x#", "b") == "x#\\"
    assert delimiters.neutralised("x#", "a") == "x#\\"
    assert delimiters.neutralised("x\n#", "b") == "x\n#\\"
    assert delimiters.neutralised(b"\xff\xf0##\n\n\n", "b") == "��#\\#\n\\\n\\\n"


def test_a_delimiter_of_one_character_is_replaced() -> None:
    delimiters = Delimiters.of(spec_of(Segment("a", "|"), Segment("b", "\\")))
    assert delimiters.neutralised("1|2\\3", "a") == "1 2 3"


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        (
            [Segment("a", "<a>"), Segment("b", "<a>")],
            "segment 'a': it has the opener '<a>', as has 'b': a text could be of either; give it another.",
        ),
        (
            [Segment("a", ""), Segment("b", "")],
            "segment 'a': it has no opener, as has 'b': a text could be of either; give it another.",
        ),
        (
            [Segment("a", "Q: ", "\n"), Segment("b", "\nA: ")],
            (
                "segment 'a': its delimiter '\\n' is a part of '\\nA: ' (segment 'b'), so that one could not be read;"
                " choose delimiters none of which contains another."
            ),
        ),
    ],
)
def test_delimiters_that_cannot_be_told_apart_are_refused(segments: list[Segment], message: str) -> None:
    with pytest.raises(SpecError) as error:
        Delimiters.of(spec_of(*segments))
    assert str(error.value) == message
