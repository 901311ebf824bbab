"""A thousand hostile observations: none forges a segment, and each is admitted or refused with a reason."""

from __future__ import annotations

import random

import pytest

from maskwright.errors import TextRefused
from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.grounding.reading import Reader
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    Escape,
    Free,
    JSONText,
    Regex,
    Segment,
    Spec,
    ToolCall,
    Without,
    Writer,
)
from tests.grammar.behaviour.grounding.specifications import spec_of

TOOLS = ToolCall('[{"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "string"}}}}]')
SPECS = [
    spec_of(
        Segment("ask", "[Question] ", writer=Writer.USER),
        Segment("think", "\n[Thought] "),
        Segment("see", "\n[Observation] ", writer=Writer.ENVIRONMENT, max_chars=200),
        Segment("answer", "\n[Answer] "),
    ),
    spec_of(
        Segment("say", ""),
        Segment("call", "<call>", "</call>", text=TOOLS),
        Segment("see", "<result>", "</result>", writer=Writer.ENVIRONMENT, max_chars=300),
        Segment("answer", "<answer>", "</answer>"),
    ),
    spec_of(
        Segment("code", "```python\n", "\n```"),
        Segment("see", "\n\n", "\n---\n", writer=Writer.ENVIRONMENT, text=AllOf((Free(), Without(("\0",))))),
        Segment("more", "##", "#!"),
    ),
    spec_of(
        Segment("code", "<c>"),
        Segment("see", "<r>", writer=Writer.ENVIRONMENT, text=Regex("[^~]*"), escape=Escape.REJECT),
    ),
    spec_of(Segment("code", "<c>"), Segment("see", "<r>", writer=Writer.ENVIRONMENT, text=JSONText("{}"))),
]


def hostile(rng: random.Random, spec: Spec) -> bytes:
    """Whole and half delimiters, what is no UTF-8, and much of it."""
    delimiters = [text for segment in spec.segments for text in (segment.open, segment.close) if text]
    pieces = []
    for _ in range(rng.choice([0, 1, 2, 5, 60])):
        delimiter = rng.choice(delimiters).encode()
        begin, end = sorted(rng.choices(range(len(delimiter) + 1), k=2))
        pieces.append(
            rng.choice(
                [delimiter, delimiter[begin:end], b"\xff\xc3", b"x", "é".encode(), b"\\", b'"', b"\0", b"\xed\xa0\x80"]
            )
        )
    text = b"".join(pieces)
    return rng.choice([text, b'"' + text + b'"', b'{"a": "' + text + b'"}'])


@pytest.mark.parametrize("spec", SPECS)
def test_no_observation_forges_a_segment(spec: Spec) -> None:
    rng = random.Random("hostile texts")
    bodies, reader = Bodies.of(spec, []), Reader(spec)
    see = spec.segment("see")
    following = next(segment for segment in spec.segments if segment.name in ("answer", "code"))
    n_admitted = 0
    for _ in range(200):
        text = hostile(rng, spec)
        admitted = refused = None
        try:
            admitted = bodies.admitted("see", text)
        except TextRefused as error:
            refused = error
        if admitted is None:
            assert refused is not None
            assert refused.reason
            assert bodies.letter_of("see", text.decode("utf-8", "replace")) is None
            continue
        n_admitted += 1
        trace = see.open + admitted + see.close + following.open + "x" + following.close
        pieces = [(piece.segment, piece.text, piece.is_closed) for piece in reader.split(trace)]
        assert pieces == [("see", admitted, True), (following.name, "x", True)]
        assert see.max_chars is None or len(admitted) <= see.max_chars
        assert bodies.admitted("see", admitted) == admitted
    assert n_admitted >= 40
