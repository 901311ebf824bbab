"""Streamers are told the text, whatever happens to its tokens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the extra `hf` is not installed")

from maskwright import Vocabulary
from maskwright.errors import MatcherError
from maskwright.integrations.huggingface.token_stream import TokenStream

#: "ab" can be spelt in two ways, "cd" in one; 5 is special, 6 ends the text.
VOCABULARY = Vocabulary([b"a", b"b", b"ab", b"abab", b"cd", b"<x>", b"<end>"], eos_token_ids=[6], special_token_ids=[5])
SPELLINGS = {b"a": [[0]], b"b": [[1]], b"ab": [[2], [0, 1]], b"abab": [[3], [2, 2], [0, 1, 2], [2, 0, 1]]}


class Recorder:
    """What was put."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.has_ended = False

    def put(self, value: Any) -> None:
        assert value.ndim == 1
        assert len(value)
        self.tokens += value.tolist()

    def end(self) -> None:
        self.has_ended = True


@given(st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=6), st.data())
def test_replaced_tokens_change_nothing_that_is_told(texts: list[bytes], data: st.DataObject) -> None:
    """After each piece the whole text is spelt anew, at random."""
    recorder = Recorder()
    stream = TokenStream(recorder, VOCABULARY)
    for n_pieces in range(1, len(texts) + 1):
        tokens = [token for text in texts[:n_pieces] for token in data.draw(st.sampled_from(SPELLINGS[text]))]
        stream.update(tokens)
        assert VOCABULARY.decode(recorder.tokens) == b"".join(texts[:n_pieces])


def test_special_tokens_and_the_end_are_sent_as_they_are() -> None:
    recorder = Recorder()
    stream = TokenStream(recorder, VOCABULARY)
    for tokens in ([0], [2], [2, 5], [2, 5, 2], [2, 5, 0, 1, 6]):
        stream.update(tokens)
    stream.end()
    assert recorder.tokens == [0, 1, 5, 2, 6]
    assert recorder.has_ended


def test_bytes_that_no_token_spells_are_an_error() -> None:
    stream = TokenStream(Recorder(), Vocabulary([b"c", b"cd", b""], eos_token_ids=[2]))
    stream.update([0])
    with pytest.raises(MatcherError, match="b'd', cannot be spelt by other tokens for the streamer"):
        stream.update([1])
