"""The loop of an agent: a model writes inside a behaviour specification, others write when it is their turn.

    program = compiler.compile_behaviour(spec)
    run = run_agent(program, AgentModel(model, encode, start), Responder(tools, {"question": ["What is 6 * 7?"]}))
    run.text            # "[Question] What is 6 * 7?\n[Thought] ..."
    run.ending          # FINISHED: the trace is complete and satisfies every hard rule

One pass: the model is never asked again for what it wrote wrongly, because the masks of the session leave nothing wrong
to write. Where only one token is possible, it is taken without asking the model. What others write is handed to the
session, which makes its delimiters harmless and says what was put into the trace; that is encoded by itself, so a token
never reaches over a handover, and cut to the `max_tokens` of its segment. The model finds its keys and values by the
prefix (`TransformersModel`), hence a handover costs the tokens of the answer and no more.

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
from itertools import takewhile
from typing import Final

from maskwright.errors import NoContinuation
from maskwright.grammar.behaviour.specification.spec import Writer
from maskwright.integrations.agents.responding import Respond
from maskwright.integrations.agents.transcript import Stretch, Transcript, Watch, look_away
from maskwright.matching.behaviour.events import Event, Handover
from maskwright.matching.behaviour.program import Program
from maskwright.matching.behaviour.session import Session
from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens
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
    """It was the turn of somebody who had nothing to say, where the trace may not end."""


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

    session: at the end of the trace.
    """

    text: str
    token_ids: tuple[int, ...]
    ending: RunEnding
    stretches: tuple[Stretch, ...]
    work: Work
    session: Session = field(repr=False, compare=False)


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
    while True:
        event = run.session.event
        if event is None:
            run.write()
            continue
        turn = _turn(event, run.session)
        if turn is None or not run.hand_over(turn, respond):
            break
    ending = RunEnding.FINISHED if run.session.is_accepting() else RunEnding.UNANSWERED
    tokens = tuple(run.tokens[len(model.start) :])
    return AgentRun(run.transcript.text, tokens, ending, run.transcript.stretches, run.work, run.session)


def _turn(event: Event, session: Session) -> Handover | None:
    """The turn of others, None if all is done; behind an end they may go on, as in a chat."""
    if isinstance(event, Handover):
        return event
    if not event.may_continue:
        return None
    since = takewhile(lambda piece: _is_model(session, piece.segment), reversed(session.pieces))
    return Handover(event.may_continue, tuple(since)[::-1], may_end=True)


def _is_model(session: Session, segment: str) -> bool:
    return session.program.spec.segment(segment).writer is Writer.MODEL


class _Run:
    """A run in the making; changes."""

    def __init__(self, program: Program, model: AgentModel, options: AgentOptions, watch: Watch) -> None:
        self.session: Final = program.start(n_prompt_tokens=len(model.start))
        self.tokens: Final = [*model.start]
        self.transcript: Final = Transcript(watch)
        self.work: Final = Work()
        self._program: Final = program
        self._encode: Final = model.encode
        self._model: Final = at_temperature(model.model, options.temperature)
        self._chooses: Final = choice_at(options.temperature)
        self._key: Final = RandomKey.from_seed(options.seed)
        self._mask: Final = allocate_bitmask(1, program.vocabulary.size)[0]

    def write(self) -> None:
        """The model writes a token: the only one that is allowed, or one that it chooses."""
        began = time.perf_counter()
        self.session.fill_bitmask(self._mask)
        self.work.mask_seconds += time.perf_counter() - began
        allowed = allowed_tokens(self._mask, self._program.vocabulary.size)
        if len(allowed) == 1:
            self.work.forced += 1
            self._accept(int(allowed[0]))
        else:
            self._accept(self._chosen())

    def hand_over(self, turn: Handover, respond: Respond) -> bool:
        """Somebody else writes a segment; False if nobody does."""
        began = time.perf_counter()
        text = respond(turn)
        if text is None:
            return False
        put, tokens = self._observed(text, turn.segment)
        seconds = time.perf_counter() - began
        self.tokens.extend(tokens)
        self.transcript.add_answer(turn.segment, put, len(tokens), seconds)
        self.work.answer_seconds += seconds
        return True

    def _observed(self, text: str, segment: str) -> tuple[str, list[int]]:
        """What is put into the trace for a text, and its tokens: no more than the segment may take, if that is limited.

        Which tokens there are is known when delimiters have been made harmless; so it may take a second try.
        """
        one, count = self._program.spec.segment(segment), self._program.spellings.count
        n_kept = one.max_tokens
        limit = None if n_kept is None else count(one.open.encode()) + n_kept + count(one.close.encode())
        while True:
            cut = text if n_kept is None else self._cut(text, n_kept)
            put = self.session.observe(cut, segment, n_tokens=0)
            tokens = self._tokens_of(put)
            self.session.rollback(1)
            if limit is None or not n_kept or len(tokens) <= limit:
                return self.session.observe(cut, segment, n_tokens=len(tokens)), tokens
            n_kept = max(0, n_kept - (len(tokens) - limit))

    def _tokens_of(self, text: str) -> list[int]:
        """As the tokenizer has them, if they spell the text; some put a space before whatever they encode."""
        tokens = [*self._encode(text)]
        spelled = text.encode()
        return tokens if self._program.vocabulary.decode(tokens) == spelled else [*self._program.spellings.of(spelled)]

    def _cut(self, text: str, n_tokens: int) -> str:
        """The beginning of a text that so many tokens spell, in whole characters."""
        tokens = self._tokens_of(text)
        if len(tokens) <= n_tokens:
            return text
        return self._program.vocabulary.decode(tokens[:n_tokens]).decode("utf-8", "ignore")

    def _chosen(self) -> int:
        began = time.perf_counter()
        (logits,) = logits_of(self._model, [self.tokens])
        key = self._key.child(self.work.model_calls)
        self.work.model_calls += 1
        self.work.model_seconds += time.perf_counter() - began
        row = MaskedRow(logits, self._mask, len(self.tokens))
        if row.log_mass == -math.inf:
            raise NoContinuation(Ending.NO_MASS.value, len(self.tokens))
        return self._chooses(key, row)

    def _accept(self, token: int) -> None:
        self.session.accept_token(token)
        if token not in self._program.vocabulary.eos_token_ids:
            self.tokens.append(token)
            self.transcript.add_bytes(self._program.vocabulary.text_of(token))


def choice_at(temperature: float) -> Choice:
    """How a token is chosen; at temperature 0 it is the most probable one."""
    return draw if temperature else greedy


def at_temperature(model: LanguageModel, temperature: float) -> LanguageModel:
    """The model at a temperature; at 0 as it is, for then only the order of its logits counts."""
    return model if temperature in (0.0, 1.0) else TransformedModel(model, Temperature(temperature))
