"""A text whose last tokens may be replaced, told to a streamer, which cannot take tokens back.

A streamer is given tokens one after another and makes text of them. Jump-forward replaces tokens without changing what
they spell, so what a streamer is owed is the text: where a token begins within what was sent, the rest of its bytes is
spelt by other tokens, the longest first, and the tokens behind it are sent as they are. A special token spells nothing
and counts as one byte here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

import torch

from maskwright import Vocabulary
from maskwright.errors import MatcherError


@final
class TokenStream:
    """`stream.update(token_ids)` sends what is new; token_ids: all tokens since the prompt, spelling a longer text."""

    def __init__(self, streamer: Any, vocabulary: Vocabulary) -> None:
        self._streamer: Final = streamer
        self._vocabulary: Final = vocabulary
        self._n_sent = 0  # bytes
        self._id_of: dict[bytes, int] = {}

    def update(self, token_ids: Sequence[int]) -> None:
        """Send the tokens of what was not sent yet."""
        end = 0
        new: list[int] = []
        for token in token_ids:
            begin, end = end, end + (len(self._vocabulary.text_of(token)) or 1)
            if begin >= self._n_sent:
                new.append(token)
            elif end > self._n_sent:
                new += self._spelling(self._vocabulary.text_of(token)[self._n_sent - begin :])
        if new:
            self._n_sent = end
            self._streamer.put(torch.tensor(new))

    def end(self) -> None:
        """No more tokens come."""
        self._streamer.end()

    def _spelling(self, text: bytes) -> list[int]:
        if not self._id_of:
            tokens = range(self._vocabulary.size)
            self._id_of = {self._vocabulary.text_of(token): token for token in tokens}
        spelling = []
        while text:
            longest = next((text[:n] for n in range(len(text), 0, -1) if text[:n] in self._id_of), None)
            if longest is None:
                raise MatcherError(f"The rest of a token, {text!r}, cannot be spelt by other tokens for the streamer")
            spelling.append(self._id_of[longest])
            text = text[len(longest) :]
        return spelling
