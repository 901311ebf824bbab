"""Checkers: what a text must satisfy beyond its grammar, as plain Python functions, and what came of asking them.

    def no_digit(token_ids: tuple[int, ...], text: bytes) -> bool:
        return not any(48 <= byte <= 57 for byte in text)

    Checker(prefix=no_digit)

A check must be a pure function: the same text gives the same verdict. Verdicts of a step are therefore kept, and a text
that is checked twice is asked about once. A check that raises an exception, answers with something other than a bool,
or takes too long counts as a rejection, so one bad case never ends a run. But it changes the target, from "the checker
accepts" to "the checker says in time that it accepts", so it is counted and declared (`Effort.declared`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from maskwright.errors import InvalidOption

Predicate: TypeAlias = Callable[[tuple[int, ...], bytes], bool]
"""Of the tokens of a text, without prompt and end token, and the bytes that they spell."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Two predicates; one that is missing accepts everything and costs nothing.

    prefix: can this text in progress still become acceptable?  It may be generous, since a text that it lets pass can
    be rejected later, at the price of a dead text; if it rejects a text that could have been completed, that text is
    not in the target.  complete: is this text acceptable as it is?  Asked when an end token is proposed.
    """

    prefix: Predicate | None = None
    complete: Predicate | None = None

    def predicate(self, is_complete: bool) -> Predicate | None:
        """The one to ask about a text that is complete, or about one that goes on."""
        return self.complete if is_complete else self.prefix


class Candidate(NamedTuple):
    """A text to be checked."""

    is_complete: bool
    token_ids: tuple[int, ...]
    text: bytes


class Outcome(Enum):
    """What became of a check; all but PASSED are rejections."""

    PASSED = "passed"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMED_OUT = "timed out"


class Verdict(NamedTuple):
    """The outcome of a check, and of a failed one what went wrong."""

    outcome: Outcome
    message: str = ""


PASSED = Verdict(Outcome.PASSED)


class Pool(Protocol):
    """Where checks run."""

    def check(self, checker: Checker, candidates: Sequence[Candidate], /) -> list[Verdict]:
        """The verdict on each candidate, in their order; never raises what a check raised."""


def run_check(checker: Checker, candidate: Candidate) -> Verdict:
    """Ask the checker here and now."""
    predicate = checker.predicate(candidate.is_complete)
    if predicate is None:
        return PASSED
    try:
        answer = predicate(candidate.token_ids, candidate.text)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a foreign function: what it raises is a verdict)
        return Verdict(Outcome.FAILED, f"{type(error).__name__}: {error}")
    if not isinstance(answer, bool | np.bool_):
        return Verdict(Outcome.FAILED, f"the checker answered {answer!r} and not a bool")
    return PASSED if answer else Verdict(Outcome.REJECTED)


def check_pool_options(n_workers: int, timeout_s: float | None) -> None:
    """Raise `InvalidOption` for a pool without workers or without time."""
    if n_workers < 1:
        raise InvalidOption("n_workers", n_workers, "at least 1")
    if timeout_s is not None and not timeout_s > 0:
        raise InvalidOption("timeout_s", timeout_s, "None or above 0")


class SameThread:
    """Checks one after the other in the caller's thread: no overhead, and no time-out."""

    def check(self, checker: Checker, candidates: Sequence[Candidate]) -> list[Verdict]:
        """As `Pool.check`."""
        return [run_check(checker, candidate) for candidate in candidates]
