"""The loop of an agent, with a session that is a script: turns, forced tokens, seeds, and who has nothing to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from maskwright.errors import NoContinuation
from maskwright.integrations.agents.calculator import calculate
from maskwright.integrations.agents.loop import AgentModel, AgentOptions, AgentRun, RunEnding, run_agent
from maskwright.integrations.agents.responding import Respond, Responder, Written
from maskwright.integrations.agents.tools import Tool, Tools
from maskwright.matching.vocabulary import Vocabulary

VOCABULARY = Vocabulary([bytes([byte]) for byte in range(256)] + [b"<end>"], eos_token_ids=[256])
END = 256
SCRIPT = (("question", ()), ("", ("calculate",)), ("", (">6*7", ">1+2", ">3-€")), ("observation", ()), ("", (".",)))
"""The turns of a trace: whose segment, and if it is the model's ("") one of which texts."""


@dataclass
class Handover:
    segment: str
    previous: Written


@dataclass
class ScriptedSession:
    """Follows SCRIPT; a text is forced as far as all that are left agree."""

    script: list[tuple[str, tuple[str, ...]]] = field(default_factory=lambda: [*SCRIPT])
    written: bytes = b""
    previous: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False

    @property
    def event(self) -> Handover | None:
        if self.script and self.script[0][0]:
            return Handover(self.script[0][0], self.previous)
        return None

    def observe(self, text: str) -> str:
        segment, _ = self.script.pop(0)
        self.previous = []
        return f"[{segment}] {text.replace('[', '(')}\n"

    def _next(self) -> set[int]:
        if not self.script:
            return {END}
        texts = [text.encode() for text in self.script[0][1]]
        return {text[len(self.written)] for text in texts if text.startswith(self.written)}

    def fill_bitmask(self, row: npt.NDArray[np.int32]) -> None:
        for token in self._next():
            row[token // 32] |= np.int32(1 << token % 32) if token % 32 < 31 else np.int32(-(2**31))

    def forced_tokens(self) -> Sequence[int]:
        return [] if len(self._next()) > 1 or not self.script else [*self._next()]

    def accept_token(self, token: int) -> None:
        assert token in self._next()
        if token == END:
            self.ended = True
            return
        self.written += bytes([token])
        if self.written.decode("utf-8", "ignore") in self.script[0][1]:
            self.previous.append(("said", self.written.decode().removeprefix(">")))
            self.written = b""
            self.script.pop(0)

    def is_finished(self) -> bool:
        return self.ended


class ScriptedProgram:
    vocabulary = VOCABULARY

    def start(self) -> ScriptedSession:
        return ScriptedSession()


def even(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    return np.zeros((len(prefixes), 257), np.float32)


TOOLS = Tools([Tool("calculate", calculate)])
REPLIES = {"question": ["How many?"]}


def run(
    model: Callable[[Any], npt.NDArray[np.float32]] = even,
    options: AgentOptions | None = None,
    respond: Respond | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> AgentRun:
    agent = AgentModel(model, lambda text: [*text.encode()], [0])
    return run_agent(ScriptedProgram(), agent, respond or Responder(TOOLS, REPLIES), options, watch)


def test_a_run_goes_through_all_turns() -> None:
    done = run(options=AgentOptions(seed=1))
    assert done.ending is RunEnding.FINISHED
    assert [stretch.segment for stretch in done.stretches] == ["question", "", "observation", ""]
    asked = done.stretches[1].text
    assert asked.removeprefix("calculate>") in {"6*7", "1+2", "3-€"}
    answer = calculate(asked.removeprefix("calculate>"))
    assert done.text == f"[question] How many?\n{asked}[observation] {answer}\n."
    assert bytes(done.token_ids).decode() == done.text


def test_equal_seeds_give_equal_runs_and_others_differ() -> None:
    texts = [run(options=AgentOptions(seed=seed)).text for seed in range(12)]
    assert texts == [run(options=AgentOptions(seed=seed)).text for seed in range(12)]
    assert len(set(texts)) == 3


def test_the_model_is_asked_only_where_there_is_a_choice() -> None:
    seen: list[int] = []

    def counting(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        seen.append(len(prefixes[0]))
        return even(prefixes)

    done = run(counting)
    assert done.work.model_calls == len(seen) == 2  # which expression, and the end
    assert done.work.forced == sum(stretch.n_tokens for stretch in done.stretches if not stretch.segment) - 1


def test_the_model_reads_the_answers_of_others() -> None:
    read: list[bytes] = []

    def reading(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        read.append(bytes(prefixes[0]))
        return even(prefixes)

    done = run(reading)
    assert read[0] == b"\0[question] How many?\ncalculate>"
    assert read[-1] == b"\0" + done.text.encode()


def test_temperature_0_takes_the_most_probable_token() -> None:
    def biased(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        rows = even(prefixes)
        rows[:, ord("1")] = 0.01
        return rows

    assert {run(biased, AgentOptions(0.0, seed)).stretches[1].text for seed in range(6)} == {"calculate>1+2"}
    assert len({run(biased, AgentOptions(1.0, seed)).stretches[1].text for seed in range(12)}) > 1
    cold = {run(biased, AgentOptions(1e-4, seed)).stretches[1].text for seed in range(6)}
    assert cold == {"calculate>1+2"}


def test_a_run_stops_where_nobody_answers() -> None:
    done = run(respond=Responder(TOOLS, {}, frozenset({"question"})))
    assert (done.ending, done.text) == (RunEnding.UNANSWERED, "")


def test_a_trace_is_shown_while_it_grows() -> None:
    shown: list[str] = []
    done = run(options=AgentOptions(seed=3), watch=shown.append)
    assert "".join(shown) == done.text
    assert "\ufffd" not in done.text
    assert len(shown) > 10


def test_a_model_that_rules_out_all_that_is_allowed_is_told_of() -> None:
    def against(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        rows = np.full((len(prefixes), 257), -np.inf, np.float32)
        rows[:, 0] = 0
        return rows

    with pytest.raises(NoContinuation, match="no probability to any allowed token"):
        run(against)
