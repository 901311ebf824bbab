"""An agent on a model that cannot be masked: it writes freely up to a stop string, a monitor checks, and it is asked
again after a violation.

    run = run_with_reprompts(monitor, complete, Responder(tools, replies), RepromptOptions(prompt=examples))
    run.requests        # how often the model was called, against one request for each turn under masks

This is what a specification is worth where only an API reaches the model, and the baseline that one pass under masks is
measured against. After a refusal the model is asked again behind what all that may come begins with; the instruction
that says what was wrong goes along for models that follow instructions. A run gives up after so many refusals at one
place, for a model may repeat its mistake forever: unlike the masks, a monitor promises validity, not an end.

Source: Crouse et al. (2023), three attempts when sampling; see `maskwright.grammar.behaviour.monitor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from maskwright.grammar.behaviour.monitor import Monitor, Refusal
from maskwright.integrations.agents.responding import Respond


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote. stop: the stop string that ended it, which is no part of the text; "" if it ended by itself.

    n_tokens: that it generated.  is_cut: a limit on its length ended it.
    """

    text: str
    stop: str = ""
    n_tokens: int = 0
    is_cut: bool = False


class Complete(Protocol):
    """One request to a model."""

    def __call__(self, prompt: str, stops: tuple[str, ...], instruction: str, /) -> Completion:
        """What it writes after the prompt, up to a stop string. instruction: what was wrong before, or ""."""


@dataclass(frozen=True, slots=True)
class RepromptOptions:
    """prompt: what stands before the trace.  max_attempts, max_requests: at one place, and in all."""

    prompt: str = ""
    max_attempts: int = 3
    max_requests: int = 100


class RepromptEnding(Enum):
    """Why a run is over."""

    FINISHED = "finished"
    UNANSWERED = "unanswered"
    """It was the turn of somebody who had nothing to say."""
    GAVE_UP = "gave up"
    """Too many attempts at one place, or requests in all."""


@dataclass(frozen=True, slots=True)
class RepromptedRun:
    """A trace, and what it took: requests to the model, tokens that it generated, all refusals."""

    text: str
    ending: RepromptEnding
    requests: int
    n_tokens: int
    refusals: tuple[Refusal, ...]


def run_with_reprompts(
    monitor: Monitor, complete: Complete, respond: Respond, options: RepromptOptions | None = None
) -> RepromptedRun:
    """One trace, which `monitor` (at its beginning) lets pass, or the part of it that was written until the end.

    A part of an answer that is allowed stays, and the model goes on behind it.
    """
    options = options or RepromptOptions()
    refusals: list[Refusal] = []
    requests = n_tokens = attempts = 0
    instruction, begin = "", ""
    while attempts < options.max_attempts and requests < options.max_requests:
        turn = monitor.turn
        if turn is not None:
            answer = respond(turn)
            if answer is None:
                return RepromptedRun(monitor.text, RepromptEnding.UNANSWERED, requests, n_tokens, tuple(refusals))
            monitor.observe(answer)
            attempts, instruction, begin = 0, "", ""
            continue
        n_segments = len(monitor.segments)
        written = complete(options.prompt + monitor.text + begin, monitor.stop_strings, instruction)
        requests, n_tokens = requests + 1, n_tokens + written.n_tokens
        refusal = monitor.read(begin + written.text, written.stop)
        if refusal is None and not written.stop and not written.is_cut and monitor.turn is None:
            refusal = monitor.end()
            if refusal is None:
                return RepromptedRun(monitor.text, RepromptEnding.FINISHED, requests, n_tokens, tuple(refusals))
        attempts = attempts + 1 if len(monitor.segments) == n_segments else int(refusal is not None)
        instruction, begin = "", ""
        if refusal is not None:
            refusals.append(refusal)
            instruction, begin = refusal.instruction, monitor.completion()
    return RepromptedRun(monitor.text, RepromptEnding.GAVE_UP, requests, n_tokens, tuple(refusals))
