"""Valid traces with the bundled model: masks keep what they promise, and what is counted is what was done."""

from __future__ import annotations

import pytest

from bench.behaviour import react_loop, settings, validity
from bench.behaviour.settings import CONTEXT_TOKENS, GENERATED_TOKENS, Setting
from bench.behaviour.tiny_agent import Agent, FreeModel, make_agents
from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.policy import Policy

N_RUNS = 2


@pytest.fixture(scope="module", params=[settings.own_words, settings.react])
def setting(request: pytest.FixtureRequest) -> Setting:
    made: Setting = request.param()
    return made


@pytest.fixture(scope="module")
def agents(setting: Setting) -> list[Agent]:
    return list(make_agents(setting, [0, 1]))


def test_worked_examples_are_legal(setting: Setting) -> None:
    checker = Checker.of(Policy.of(setting.spec))
    assert len(setting.shots) == 3
    for shot in setting.shots:
        trace = shot if setting.is_asked else shot[shot.index("Thought: ") :]
        assert checker.check(trace).is_ok, str(checker.check(trace))


def test_prompts_are_as_many_as_asked_for(setting: Setting) -> None:
    prompts = setting.prompts(200)
    assert len(prompts) == 200
    assert len(set(prompts)) >= 100


def test_an_example_more_stands_before_the_trace(agents: list[Agent]) -> None:
    assert len(agents[0].model.start) == 1
    assert len(agents[1].model.start) > 40


def test_every_trace_under_masks_is_valid(agents: list[Agent]) -> None:
    for agent in agents:
        found = validity.masked(agent, agent.setting.prompts(N_RUNS))
        assert found.n_valid == found.n_runs == N_RUNS
        assert found.calls > 0
        assert found.calls_per_valid == found.calls / N_RUNS


def test_runs_keep_to_their_budget(agents: list[Agent]) -> None:
    found = react_loop.measure(agents[1], N_RUNS)
    assert found.n_finished == found.n_valid == found.n_in_budget == found.n_runs == N_RUNS
    assert found.most_tokens <= GENERATED_TOKENS
    assert found.most_context <= CONTEXT_TOKENS


def test_a_free_model_stops_at_its_last_token(agents: list[Agent]) -> None:
    model = FreeModel(agents[0], "An agent at work:", 5, 0, is_asked_again=True)
    written = model("", (), "")
    assert written.n_tokens <= 5
    assert written.is_cut or model.n_tokens > 0
    assert model.n_requests == 1


def test_a_free_model_that_is_not_asked_again_says_nothing_more(agents: list[Agent]) -> None:
    model = FreeModel(agents[0], "An agent at work:", 5, 0, is_asked_again=False)
    assert model("", (), "That was not allowed.").n_tokens == 0
    assert model.n_requests == 0


def test_free_traces_take_no_more_requests_than_turns(agents: list[Agent]) -> None:
    found = validity.free(agents[0], agents[0].setting.prompts(N_RUNS))
    assert found.n_runs == N_RUNS
    assert found.requests >= N_RUNS
    assert found.calls <= N_RUNS * GENERATED_TOKENS


def test_nothing_valid_has_no_calls_each() -> None:
    assert validity.ValidityFigures("free", 0, 10, 0, 100, 10).calls_per_valid is None
