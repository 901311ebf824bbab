"""Stretches of a trace, and that only whole characters are shown."""

from __future__ import annotations

from maskwright.integrations.agents.transcript import Transcript


def test_what_each_side_writes_is_a_stretch() -> None:
    transcript = Transcript()
    transcript.add_answer("question", "Why?", 2, 0.5)
    transcript.add_bytes(b"Be")
    transcript.add_bytes(b"cause.")
    transcript.add_answer("observation", "Oh.", 1, 0.25)
    assert [(s.segment, s.text, s.n_tokens) for s in transcript.stretches] == [
        ("question", "Why?", 2),
        ("", "Because.", 2),
        ("observation", "Oh.", 1),
    ]
    assert transcript.text == "Why?Because.Oh."
    assert transcript.stretches[0].seconds == 0.5


def test_characters_that_several_tokens_make_up_are_shown_whole() -> None:
    shown: list[str] = []
    transcript = Transcript(shown.append)
    for byte in "a€b".encode():
        transcript.add_bytes(bytes([byte]))
    assert shown == ["a", "€", "b"]


def test_half_a_character_is_shown_when_nothing_can_complete_it() -> None:
    shown: list[str] = []
    transcript = Transcript(shown.append)
    transcript.add_bytes("€".encode()[:2])
    transcript.add_answer("observation", "!", 1, 0.0)
    assert shown == ["\ufffd", "!"]
    assert transcript.text == "\ufffd!"
