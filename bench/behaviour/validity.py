"""How often a trace is valid: under masks, freely written, and with a monitor that asks again.

The same model, questions, tools and numbers of worked examples for all three:

    masks     one pass; every trace is read again by the checker, which knows nothing of masks
    free      the first refusal is the end: valid are the traces without one that came to their end
    monitor   asked again behind the common beginning of all that may come, up to `attempts` times at one place

A call of the model is a token that it was asked for (forced tokens are not), a request is one text that it wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.behaviour.settings import GENERATED_TOKENS
from bench.behaviour.tiny_agent import Agent, FreeModel
from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.monitor import Monitor
from maskwright.integrations.agents.loop import AgentOptions, RunEnding, run_agent
from maskwright.integrations.agents.reprompting import (
    RepromptEnding,
    RepromptOptions,
    run_with_reprompts,
)

MONITORED_TOKENS = 5 * GENERATED_TOKENS
"""Of a run with a monitor, so that what is refused does not count against what is kept."""


@dataclass(frozen=True, slots=True)
class ValidityFigures:
    """One way of writing, after so many worked examples. Calls and requests are sums over all runs."""

    way: str
    n_shots: int
    n_runs: int
    n_valid: int
    calls: int
    requests: int
    forced: int = 0

    @property
    def share(self) -> float:
        """Of the runs, those that are valid."""
        return self.n_valid / self.n_runs

    @property
    def calls_per_valid(self) -> float | None:
        """Calls of all runs for each one that is valid; None if none is."""
        return self.calls / self.n_valid if self.n_valid else None


def measure(agents: Sequence[Agent], n_runs: int, attempts: Sequence[int]) -> Iterator[ValidityFigures]:
    """All ways for each agent; the monitor with each of these numbers of attempts."""
    for agent in agents:
        prompts = agent.setting.prompts(n_runs)
        yield masked(agent, prompts)
        yield free(agent, prompts)
        for most in attempts:
            yield asked_again(agent, prompts, most)


def masked(agent: Agent, prompts: Sequence[str]) -> ValidityFigures:
    """One pass under masks."""
    checker = Checker.of(agent.program.policy)
    n_valid = calls = requests = forced = 0
    for seed, prompt in enumerate(prompts):
        run = run_agent(agent.program, agent.asked(prompt), agent.setting.responder(prompt), AgentOptions(seed=seed))
        n_valid += run.ending is RunEnding.FINISHED and checker.check(run.text).is_ok
        calls += run.work.model_calls
        forced += run.work.forced
        requests += sum(not stretch.segment for stretch in run.stretches)
    return ValidityFigures("masks", agent.n_shots, len(prompts), n_valid, calls, requests, forced)


def free(agent: Agent, prompts: Sequence[str]) -> ValidityFigures:
    """Freely written, and not asked again."""
    return _monitored(agent, prompts, 2, "free", GENERATED_TOKENS, is_asked_again=False)


def asked_again(agent: Agent, prompts: Sequence[str], attempts: int) -> ValidityFigures:
    """Freely written under a monitor that asks again, so often at one place."""
    return _monitored(agent, prompts, attempts, f"monitor, {attempts} attempts", MONITORED_TOKENS, is_asked_again=True)


def _monitored(
    agent: Agent, prompts: Sequence[str], attempts: int, way: str, n_tokens: int, *, is_asked_again: bool
) -> ValidityFigures:
    options = RepromptOptions(max_attempts=attempts, max_requests=1_000)
    n_valid = calls = requests = 0
    for seed, prompt in enumerate(prompts):
        model = FreeModel(agent, prompt, n_tokens, seed, is_asked_again=is_asked_again)
        run = run_with_reprompts(Monitor(agent.program.policy), model, agent.setting.responder(prompt), options)
        n_valid += run.ending is RepromptEnding.FINISHED
        calls += run.n_tokens
        requests += model.n_requests
    return ValidityFigures(way, agent.n_shots, len(prompts), n_valid, calls, requests)
