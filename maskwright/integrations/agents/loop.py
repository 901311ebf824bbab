"""The loop of an agent: a model writes inside a behaviour specification, others write when it is their turn.

    program = compiler.compile_behaviour(spec)
    run = run_agent(program, AgentModel(model, encode, start), Responder(tools, {"question": ["What is 6 * 7?"]}))
    run.text            # "[Question] What is 6 * 7?\n[Thought] ..."
    run.ending          # FINISHED: the trace is complete and satisfies every hard rule

One pass: the model is never asked again for what it wrote wrongly, because the masks of the session leave nothing wrong
to write. Where only one token is possible, it is taken without asking the model. What others write is handed to the
session, which makes its delimiters harmless and says what was put into the trace; that is encoded by itself, so a token
never reaches over a handover. The model finds its keys and values by the prefix (`TransformersModel`), hence a
handover costs the tokens of the answer and no more.

Equal seeds give equal runs: choice k of a run is made with the child k of its key, whatever else is drawn.

Rejected: a loop on `model.generate` with a logits processor, one call for each of the model's turns. It needs a
stopping criterion for the handover, and reads the whole prompt again after each.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from maskwright.errors import NoContinuation
from maskwright.integrations.agents.responding import Respond, Turn
from maskwright.integrations.agents.transcript import Stretch, Transcript, Watch, look_away
from maskwright.matching.bitmask import allocate_bitmask
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.language_model import LanguageModel, logits_of
from maskwright.sampling.logits import Temperature, TransformedModel
from maskwright.sampling.masked_decoding import Choice, draw, greedy
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.target import Ending


@dataclass(frozen=True, slots=True)
class AgentModel:
    """A model and how texts become its tokens.

    encode: the tokens of a text within a longer one, so without those that begin or end a document.
    start: the tokens before the trace, which no rule sees: beginning of the document, instructions, examples; at least
    one.
    """

    model: LanguageModel
    encode: Callable[[str], Sequence[int]]
    start: Sequence[int]


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """How tokens are chosen. Temperature 0 takes the most probable one; equal seeds give equal runs."""

    temperature: float = 1.0
    seed: int = 0


class RunEnding(Enum):
    """Why a run is over."""

    FINISHED = "finished"
    """The model ended the trace, which is complete."""
    UNANSWERED = "unanswered"
    """It was the turn of somebody who had nothing to say."""


@dataclass(slots=True)
class Work:
    """What a run took. model_calls: tokens for which the model was asked; forced: those for which it was not."""

    model_calls: int = 0
    forced: int = 0
    model_seconds: float = 0.0
    mask_seconds: float = 0.0
    answer_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AgentRun:
    """A trace, its tokens (without those before it and the end token), who wrote what, and what it took.

    session: where the trace ended, for its verdicts.
    """

    text: str
    token_ids: tuple[int, ...]
    ending: RunEnding
    stretches: tuple[Stretch, ...]
    work: Work
    session: Any = field(repr=False, compare=False)


class Session(Protocol):
    """What is asked of a session of a `Program`."""

    @property
    def event(self) -> Any:
        """What is to be done by the host: None while the model writes, a `Turn`, or that all is done."""

    def observe(self, text: str, /) -> str:
        """Somebody else's text; what was put into the trace for it."""

    def fill_bitmask(self, row: npt.NDArray[np.int32], /) -> object:
        """Set the bits of the allowed tokens."""

    def accept_token(self, token_id: int, /) -> object:
        """One more token of the model."""

    def forced_tokens(self) -> Sequence[int]:
        """The tokens that must come next, as far as there is one way."""

    def is_finished(self) -> bool:
        """Has the end token been accepted?"""


class Program(Protocol):
    """What is asked of a compiled specification."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Of the model."""

    def start(self) -> Session:
        """A trace before its first segment."""


def run_agent(
    program: Program,
    model: AgentModel,
    respond: Respond,
    options: AgentOptions | None = None,
    watch: Watch = look_away,
) -> AgentRun:
    """One trace, from its first segment to its end. `watch` is given each piece of it as it is written.

    Raises BadLogits, and NoContinuation if the model itself makes all allowed tokens impossible.
    """
    run = _Run(program, model, options or AgentOptions(), watch)
    ending = RunEnding.FINISHED
    while not run.session.is_finished():
        event = run.session.event
        if event is None:
            run.write()
        elif not run.hand_over(event, respond):
            ending = RunEnding.UNANSWERED
            break
    tokens = tuple(run.tokens[len(model.start) :])
    return AgentRun(run.transcript.text, tokens, ending, run.transcript.stretches, run.work, run.session)


class _Run:
    """A run in the making; changes."""

    def __init__(self, program: Program, model: AgentModel, options: AgentOptions, watch: Watch) -> None:
        self.session: Final = program.start()
        self.tokens: Final = [*model.start]
        self.transcript: Final = Transcript(watch)
        self.work: Final = Work()
        self._vocabulary: Final = program.vocabulary
        self._encode: Final = model.encode
        self._model: Final = _at_temperature(model.model, options.temperature)
        self._chooses: Final[Choice] = draw if options.temperature else greedy
        self._key: Final = RandomKey.from_seed(options.seed)
        self._mask: Final = allocate_bitmask(1, program.vocabulary.size)[0]

    def write(self) -> None:
        """The model writes the tokens that are forced, or one that it chooses."""
        forced = self.session.forced_tokens()
        for token in forced:
            self._accept(token)
        self.work.forced += len(forced)
        if not forced:
            self._accept(self._chosen())

    def hand_over(self, turn: Turn, respond: Respond) -> bool:
        """Somebody else writes a segment; False if nobody does."""
        began = time.perf_counter()
        text = respond(turn)
        if text is None:
            return False
        put = self.session.observe(text)
        seconds = time.perf_counter() - began
        tokens = self._encode(put)
        self.tokens.extend(tokens)
        self.transcript.add_answer(turn.segment, put, len(tokens), seconds)
        self.work.answer_seconds += seconds
        return True

    def _chosen(self) -> int:
        began = time.perf_counter()
        self._mask[:] = 0
        self.session.fill_bitmask(self._mask)
        masked = time.perf_counter()
        (logits,) = logits_of(self._model, [self.tokens])
        key = self._key.child(self.work.model_calls)
        self.work.model_calls += 1
        self.work.mask_seconds += masked - began
        self.work.model_seconds += time.perf_counter() - masked
        row = MaskedRow(logits, self._mask, len(self.tokens))
        if row.log_mass == -math.inf:
            raise NoContinuation(Ending.NO_MASS.value, len(self.tokens))
        return self._chooses(key, row)

    def _accept(self, token: int) -> None:
        self.session.accept_token(token)
        if token not in self._vocabulary.eos_token_ids:
            self.tokens.append(token)
            self.transcript.add_bytes(self._vocabulary.text_of(token))


def _at_temperature(model: LanguageModel, temperature: float) -> LanguageModel:
    return model if temperature in (0.0, 1.0) else TransformedModel(model, Temperature(temperature))
