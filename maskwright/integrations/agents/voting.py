"""Self-consistency: several runs, and the answer that most of them give.

    votes = vote([run.answer for run in runs])      # [Vote("42", 3), Vote("41", 2)]

Answers count as equal if they are so without case, white space at the ends and a full stop. Among equally frequent ones
the one that came first wins, so equal seeds give equal votes.
Source: Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models" (ICLR 2023).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer as it was given first, and how many gave it."""

    answer: str
    n: int


def vote(answers: Iterable[str]) -> list[Vote]:
    """The distinct answers, the most frequent first: `vote(["Yes.", "no", "yes"])[0]` -> `Vote("Yes.", 2)`."""
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for answer in answers:
        key = " ".join(answer.split()).rstrip(".").casefold()
        first.setdefault(key, answer.strip())
        counts[key] = counts.get(key, 0) + 1
    return sorted((Vote(first[key], n) for key, n in counts.items()), key=lambda one: -one.n)
