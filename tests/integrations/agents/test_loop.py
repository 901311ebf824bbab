"""The loop of an agent: turns, forced tokens, seeds, long answers, and who has nothing to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from maskwright import Compiler, Vocabulary
from maskwright.errors import NoContinuation
from maskwright.grammar.behaviour.analysis.checking import check
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.integrations.agents.calculator import calculate
from maskwright.integrations.agents.loop import AgentModel, AgentOptions, AgentRun, RunEnding, run_agent
from maskwright.integrations.agents.responding import Respond, Responder
from maskwright.integrations.agents.tools import Tool, Tools
from maskwright.matching.behaviour.program import Program

VOCABULARY = Vocabulary([bytes([byte]) for byte in range(256)] + [b"<end>"], eos_token_ids=[256])
SUMS = r"""
behaviour: 1
name: sums
segments:
  question: {open: "[Q] ", writer: user, max_tokens: 40}
  action:   {open: "\n[Do] ", text: {choice: [calculate]}}
  input:    {open: "\n[In] ", text: {choice: ["6*7", "1+2", "3-€"]}}
  result:   {open: "\n[Out] ", writer: env, max_tokens: 50}
  answer:   {open: "\n[A] ", text: {choice: ["."]}}
flow: question action input result answer
"""
CHAT = r"""
behaviour: 1
name: chat
segments:
  user: {open: "<u>", close: "</u>", writer: user}
  model: {open: "<m>", close: "</m>", text: {regex: "[ab]{3}"}}
flow: (user model)+
"""
TOOLS = Tools([Tool("calculate", calculate)])
QUESTION = {"question": ["How many?"]}


@pytest.fixture(scope="module")
def program() -> Program:
    return Compiler(VOCABULARY).compile_behaviour(Spec.from_yaml(SUMS, "sums"))


def even(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
    return np.zeros((len(prefixes), 257), np.float32)


def agent(model: Callable[[Sequence[Sequence[int]]], npt.NDArray[np.float32]] = even) -> AgentModel:
    return AgentModel(model, lambda text: [*text.encode()], [0])


def run(
    program: Program,
    model: AgentModel | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    respond: Respond | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> AgentRun:
    respond = respond or Responder(TOOLS, QUESTION)
    return run_agent(program, model or agent(), respond, AgentOptions(temperature, seed), watch)


def expression(done: AgentRun) -> str:
    """What the model chose; it ends its turn by the opener of the result."""
    begin, end = "\n[Do] calculate\n[In] ", "\n[Out] "
    text = done.stretches[1].text
    assert text.startswith(begin)
    assert text.endswith(end)
    return text.removeprefix(begin).removesuffix(end)


def test_a_run_goes_through_all_turns(program: Program) -> None:
    done = run(program, seed=1)
    assert done.ending is RunEnding.FINISHED
    assert [stretch.segment for stretch in done.stretches] == ["question", "", "result", ""]
    asked = expression(done)
    assert asked in {"6*7", "1+2", "3-€"}
    assert done.text == f"[Q] How many?\n[Do] calculate\n[In] {asked}\n[Out] {calculate(asked)}\n[A] ."
    assert bytes(done.token_ids).decode() == done.text == done.session.text
    assert check(program.spec, done.text).is_ok


def test_equal_seeds_give_equal_runs_and_others_differ(program: Program) -> None:
    texts = [run(program, seed=seed).text for seed in range(12)]
    assert texts == [run(program, seed=seed).text for seed in range(12)]
    assert len(set(texts)) == 3


def test_the_model_is_asked_only_where_there_is_a_choice(program: Program) -> None:
    seen: list[bytes] = []

    def reading(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        seen.append(bytes(prefixes[0]))
        return even(prefixes)

    done = run(program, agent(reading))
    assert done.work.model_calls == len(seen) == 1  # which expression; all else is forced
    assert seen[0] == b"\0[Q] How many?\n[Do] calculate\n[In] "
    n_written = sum(stretch.n_tokens for stretch in done.stretches if not stretch.segment)
    assert done.work.model_calls + done.work.forced == n_written + 1  # and the end


def test_temperature_0_takes_the_most_probable_token(program: Program) -> None:
    def biased(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        rows = even(prefixes)
        rows[:, ord("1")] = 0.01
        return rows

    def inputs(temperature: float) -> set[str]:
        runs = (run(program, agent(biased), seed, temperature) for seed in range(8))
        return {expression(done) for done in runs}

    assert inputs(0.0) == {"1+2"}
    assert inputs(1e-4) == {"1+2"}
    assert len(inputs(1.0)) > 1


def test_a_run_stops_where_nobody_answers(program: Program) -> None:
    done = run(program, respond=Responder(TOOLS, {}, frozenset({"question"})))
    assert (done.ending, done.text) == (RunEnding.UNANSWERED, "")


def test_a_trace_is_shown_while_it_grows(program: Program) -> None:
    shown: list[str] = []
    texts = {run(program, seed=seed, watch=shown.append).text for seed in range(12)}
    assert any("€" in text for text in texts)
    assert not any("\ufffd" in piece for piece in shown)
    assert len(shown) > 12 * 10


@pytest.mark.parametrize("answer", ["x" * 1000, "\n[A] ." * 30, "€" * 100, "", "\n[Out]" * 20])
def test_answers_are_cut_to_the_tokens_of_their_segment(program: Program, answer: str) -> None:
    done = run(program, respond=Responder(TOOLS, {**QUESTION, "result": [answer]}))
    observed = done.stretches[2]
    assert observed.n_tokens == len(observed.text.encode()) <= 50 + len("\n[Out] ")
    assert observed.n_tokens > 44 or not answer
    assert check(program.spec, done.text).is_ok


def test_what_others_write_counts_against_a_budget_of_context(program: Program) -> None:
    spec = replace(program.spec, budget=Budget(context_tokens=160))
    tight = Compiler(VOCABULARY).compile_behaviour(spec)
    done = run(tight, respond=Responder(TOOLS, {**QUESTION, "result": ["x" * 100]}))
    assert done.session.remaining() == 160 - 1 - len(done.token_ids) - 1  # the start token and the end


def test_a_chat_goes_on_while_the_user_has_something_to_say() -> None:
    chat = Compiler(VOCABULARY).compile_behaviour(Spec.from_yaml(CHAT, "chat"))
    responder = Responder(TOOLS, {"user": ["hello", "bye"]}, frozenset({"user"}))
    done = run(chat, respond=responder)
    assert done.ending is RunEnding.FINISHED
    assert [stretch.segment for stretch in done.stretches] == ["user", "", "user", ""]
    assert check(chat.spec, done.text).is_ok


def test_a_model_that_rules_out_all_that_is_allowed_is_told_of(program: Program) -> None:
    def against(prefixes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        rows = np.full((len(prefixes), 257), -np.inf, np.float32)
        rows[:, 0] = 0
        return rows

    with pytest.raises(NoContinuation, match="no probability to any allowed token"):
        run(program, agent(against))
