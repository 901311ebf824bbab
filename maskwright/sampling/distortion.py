"""What masks did to the distribution of a text: how much mass they cut off, where, and in which rules.

A masked step keeps the mass Z of the model and renormalises, so a text is drawn Π 1/Z times as often as the model would
have written it. Σ −log Z in nats is the distortion of a text: 0 where the model wanted nothing else, and the spread of
its exponential over texts is what sampling from the true conditional distribution has to make up for. On average over
drawn texts it is log(1/Ẑ) plus the divergence of masked decoding from the target, KL(q ‖ π).

Each step's loss is put down to the rules of the grammar that the text was in, in equal parts, so a report names the
part of a specification that works against the model. Costs a look at one configuration for each token.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@runtime_checkable
class NamesRules(Protocol):
    """A matcher that knows where in its grammar the text is; `maskwright.Matcher` does."""

    def rules(self) -> tuple[str, ...]:
        """The names of the innermost rules that the text may be in."""


def rules_of(matcher: object) -> tuple[str, ...]:
    """The rules that the text of a matcher is in; empty if it cannot say."""
    return matcher.rules() if isinstance(matcher, NamesRules) else ()


@dataclass(frozen=True, slots=True)
class StepDistortion:
    """One token.

    log_kept_mass: log Z, at most 0.  log_probability: log p of the token.  rules: where in the grammar it was chosen;
    empty if the matcher does not say.
    """

    token_id: int
    log_kept_mass: float
    log_probability: float
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Distortion:
    """The report of one text; `str` of it is a short table."""

    steps: tuple[StepDistortion, ...]

    @property
    def nats(self) -> float:
        """Σ −log Z: how much more often than the model this text is drawn, as a natural logarithm."""
        return -sum(step.log_kept_mass for step in self.steps)

    def by_rule(self) -> dict[str, float]:
        """Nats lost in each rule, the largest loss first; they add up to `nats`."""
        lost: defaultdict[str, float] = defaultdict(float)
        for step in self.steps:
            for rule in step.rules or ("",):
                lost[rule] -= step.log_kept_mass / len(step.rules or ("",))
        return dict(sorted(lost.items(), key=lambda item: -item[1]))

    def worst(self, n: int = 5) -> tuple[tuple[int, StepDistortion], ...]:
        """The n steps that kept the least mass, with their positions in the text."""
        return tuple(sorted(enumerate(self.steps), key=lambda item: item[1].log_kept_mass)[:n])

    def __str__(self) -> str:
        times = f"drawn {math.exp(min(self.nats, 700)):.3g} times as often as the model would"
        lines = [f"distortion {self.nats:.2f} nats in {len(self.steps)} tokens, {times}"]
        lines += [f"  {lost:8.2f} nats in {rule or 'the grammar'}" for rule, lost in self.by_rule().items()]
        return "\n".join(lines)
