"""Requests to a local model without masks: where they stop, what they cost, and that they can be repeated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwright import Vocabulary
from maskwright.integrations.agents.completing import LocalCompletion
from maskwright.integrations.agents.loop import AgentModel, AgentOptions
from maskwright.integrations.agents.reprompting import Completion

VOCABULARY = Vocabulary([bytes([byte]) for byte in range(256)] + [b"<end>"], eos_token_ids=[256])


class Reciting:
    """Writes a text token by token after a start token and a prompt of one character, then the end."""

    def __init__(self, text: str) -> None:
        self.tokens = [*text.encode(), 256]

    def __call__(self, prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        rows = np.full((len(prefixes), 257), -np.inf, np.float32)
        for row, prefix in zip(rows, prefixes, strict=True):
            row[self.tokens[min(len(prefix) - 2, len(self.tokens) - 1)]] = 0.0
        return rows


def complete(text: str, *stops: str, max_tokens: int = 100) -> Completion:
    model = AgentModel(Reciting(text), lambda prompt: [*prompt.encode()], [0])
    return LocalCompletion(model, VOCABULARY, max_tokens, AgentOptions())("?", stops, "")


def test_a_text_ends_before_the_first_stop_string() -> None:
    assert complete("a€b\n[Out] c", "\n[In]", "\n[Out]") == Completion("a€b", "\n[Out]", n_tokens=11)


def test_a_text_ends_at_its_end() -> None:
    assert complete("a€b") == Completion("a€b", "", n_tokens=6)
    assert complete("") == Completion("", "", n_tokens=1)


def test_a_text_is_cut_at_its_limit() -> None:
    assert complete("abcdef", max_tokens=3) == Completion("abc", "", 3, is_cut=True)
    assert complete("a€", max_tokens=2).text == "a\ufffd"


def test_requests_differ_and_can_be_repeated() -> None:
    def even(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        return np.zeros((len(prefixes), 257), np.float32)

    def texts(seed: int) -> list[str]:
        ask = LocalCompletion(AgentModel(even, lambda _: [], [0]), VOCABULARY, 8, AgentOptions(seed=seed))
        return [ask("", (), "").text for _ in range(4)]

    assert texts(1) == texts(1)
    assert len({*texts(1), *texts(2)}) == 8
