"""The loop without masks: a scripted model that makes mistakes, and what they cost."""

from __future__ import annotations

import pytest

from maskwright.grammar.behaviour.monitor import Monitor
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.integrations.agents.calculator import calculate
from maskwright.integrations.agents.reprompting import (
    Completion,
    RepromptedRun,
    RepromptEnding,
    RepromptOptions,
    run_with_reprompts,
)
from maskwright.integrations.agents.responding import Responder
from maskwright.integrations.agents.tools import Tool, Tools

SPEC = r"""
behaviour: 1
name: sums
segments:
  question: {open: "[Question] ", writer: user}
  action:   {open: "\n[Action] ", text: {choice: [calculate]}}
  input:    {open: "\n[Input] ", text: {regex: "[^\\n]{1,40}"}}
  result:   {open: "\n[Result] ", writer: env, max_chars: 60}
  answer:   {open: "\n[Answer] ", text: {regex: "[^\\n]{1,40}"}}
flow: question (action input result){1,3} answer
"""
CALL = "\n[Action] calculate\n[Input] 6*7"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.of(Spec.from_yaml(SPEC, "sums"))


class Scripted:
    """A model that writes its texts one after the other, each up to a stop string."""

    def __init__(self, *texts: str) -> None:
        self.texts = [*texts]
        self.asked: list[tuple[str, str]] = []

    def __call__(self, prompt: str, stops: tuple[str, ...], instruction: str) -> Completion:
        self.asked.append((prompt, instruction))
        text = self.texts.pop(0)
        found = min(((text.find(stop), stop) for stop in stops if stop in text), default=(len(text), ""))
        return Completion(text[: found[0]], found[1], n_tokens=len(text[: found[0]]))


def run(policy: Policy, model: Scripted, question: str | None = "6*7?") -> RepromptedRun:
    replies = {} if question is None else {"question": [question]}
    responder = Responder(Tools([Tool("calculate", calculate)]), replies, frozenset({"question"}))
    return run_with_reprompts(Monitor(policy), model, responder, RepromptOptions("Shots.\n"))


def test_a_model_without_mistakes_is_asked_once_for_each_turn(policy: Policy) -> None:
    model = Scripted(CALL + "\n[Result] I make this up", "\n[Answer] 42")
    done = run(policy, model)
    assert done.text == f"[Question] 6*7?{CALL}\n[Result] 42\n[Answer] 42"
    assert (done.ending, done.requests, done.refusals) == (RepromptEnding.FINISHED, 2, ())
    assert done.n_tokens == len(CALL) + len("\n[Answer] 42")
    assert model.asked[0] == ("Shots.\n[Question] 6*7?", "")


def test_a_mistake_costs_a_request_and_the_model_goes_on_behind_what_must_come(policy: Policy) -> None:
    model = Scripted("\n[Answer] 41", "\n[Input] 6*7", "\n[Answer] 42")
    done = run(policy, model)
    assert done.text == f"[Question] 6*7?{CALL}\n[Result] 42\n[Answer] 42"
    assert done.requests == 3
    assert [refusal.rules for refusal in done.refusals] == [("flow",)]
    prompt, instruction = model.asked[1]
    assert prompt.endswith("6*7?\n[Action] calculate")
    assert instruction == "That was not allowed: segment 'answer' may not come here. Go on with [Action]."


def test_what_was_right_before_a_mistake_stays(policy: Policy) -> None:
    model = Scripted("\n[Action] calculate\n[Answer] 41", "6*7", "\n[Answer] 42")
    done = run(policy, model)
    assert done.ending is RepromptEnding.FINISHED
    assert model.asked[1][0].endswith("\n[Action] calculate\n[Input] ")


def test_a_run_is_given_up_after_some_attempts_at_one_place(policy: Policy) -> None:
    done = run(policy, Scripted(CALL, "?", "?", "?", "?"))
    assert (done.ending, done.requests, len(done.refusals)) == (RepromptEnding.GAVE_UP, 4, 3)
    assert done.text == f"[Question] 6*7?{CALL}\n[Result] 42"


def test_an_end_too_early_is_a_mistake(policy: Policy) -> None:
    done = run(policy, Scripted(CALL, "", "nswer] 42"))  # "\n[A" is what action and answer begin with
    assert (done.ending, done.requests) == (RepromptEnding.FINISHED, 3)
    assert [refusal.message for refusal in done.refusals] == ["the trace may not end here"]


def test_a_run_stops_where_nobody_answers(policy: Policy) -> None:
    assert run(policy, Scripted(), question=None).ending is RepromptEnding.UNANSWERED
