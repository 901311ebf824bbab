"""Whole runs of an agent that reasons and acts, with a calculator and a search over documents: are all of them valid?

`python -m bench.behaviour --parts react`. A run is valid if the checker, which knows nothing of masks, finds nothing
wrong with its trace; it kept to its budget if the tokens that the model wrote, and all that it had to read, are no more
than allowed, counted here by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.behaviour.tiny_agent import Agent
from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.specification.spec import Writer
from maskwright.integrations.agents.loop import AgentOptions, AgentRun, RunEnding, run_agent


@dataclass(frozen=True, slots=True)
class LoopFigures:
    """So many runs. Tokens are those that the model wrote, the end token included; times are of the whole runs.

    n_calls: of tools, which answered; n_forced: tokens that had no alternative, for which the model was not asked.
    """

    name: str
    n_runs: int
    n_finished: int
    n_valid: int
    n_in_budget: int
    budget: int
    median_tokens: float
    most_tokens: int
    most_context: int
    n_calls: int
    n_forced: int
    n_asked: int
    model_s: float
    mask_s: float


def measure(agent: Agent, n_runs: int) -> LoopFigures:
    """Runs with different questions and seeds."""
    prompts = agent.setting.prompts(n_runs)
    runs = [
        run_agent(agent.program, agent.asked(prompt), agent.setting.responder(prompt), AgentOptions(seed=seed))
        for seed, prompt in enumerate(prompts)
    ]
    return figures(agent, runs)


def figures(agent: Agent, runs: Sequence[AgentRun]) -> LoopFigures:
    """What there is to say of some runs."""
    checker = Checker.of(agent.program.policy)
    spec, budget = agent.program.spec, agent.program.budget
    assert budget.generated_tokens is not None
    assert budget.context_tokens is not None
    written = [run.work.model_calls + run.work.forced for run in runs]
    context = [len(agent.model.start) + len(run.token_ids) + 1 for run in runs]
    others = {segment.name for segment in spec.segments if segment.writer is not Writer.MODEL}
    return LoopFigures(
        spec.name,
        len(runs),
        sum(run.ending is RunEnding.FINISHED for run in runs),
        sum(checker.check(run.text).is_ok for run in runs),
        sum(a <= budget.generated_tokens and b <= budget.context_tokens for a, b in zip(written, context, strict=True)),
        budget.generated_tokens,
        median(written),
        max(written),
        max(context),
        sum(stretch.segment in others - {"question"} for run in runs for stretch in run.stretches),
        sum(run.work.forced for run in runs),
        sum(run.work.model_calls for run in runs),
        sum(run.work.model_seconds for run in runs),
        sum(run.work.mask_seconds for run in runs),
    )
