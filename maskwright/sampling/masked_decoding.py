"""Masked decoding: cut the next-token distribution to the allowed tokens, choose one, go on. The honest baseline.

    decoded = decode(key, target)                                        # draws by p(t) / Z among the allowed tokens
    decoded = decode(key, target, DecodingOptions(chooses=greedy))       # takes the most probable one
    print(decoded.distortion)                                            # what the masks did to the distribution

One step at prefix u with model p and allowed set A:  Z = Σ_{t ∈ A} p(t | u),  q(t | u) = p(t | u) / Z. Each step is
exact, the whole is not p conditioned on the language: that needs the product of all Z as a weight (Park et al.,
"Grammar-Aligned Decoding", NeurIPS 2024, section 3). So every step reports its log Z, and every text its distortion.

`before_mask` changes the model, and Z and all probabilities are those of the changed one: temperature, contrastive
decoding, any of `logits/`. `after_mask` chooses among the allowed tokens only (top-k, top-p, min-p, a temperature, as
transformers applies them); what it does to the distribution is in `log_weight` = Σ log p(t) − log q(t), which
is Σ log Z without it. Several end tokens are ids like others; each is chosen by its own probability.

`init` and `step(key, state, logits) -> (state, info)` are pure functions; a dead end is an error and never a NaN.
Cost of a step: one pass over the logits (`_rows.py`); with `after_mask` a row of the size of the vocabulary more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwright.errors import NoContinuation
from maskwright.matching.bitmask import n_mask_words, unpack_bitmask
from maskwright.sampling.distortion import Distortion, StepDistortion, rules_of
from maskwright.sampling.language_model import logits_of
from maskwright.sampling.logits import Context, LogitsTransform, StatelessTransform, chain
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.target import Draft, Ending, Target

Choice = Callable[[RandomKey, MaskedRow], int]


def draw(key: RandomKey, row: MaskedRow) -> int:
    """An allowed token, drawn with its probability."""
    return row.draw(key.uniform())


def greedy(key: RandomKey, row: MaskedRow) -> int:  # noqa: ARG001  (it is a Choice)
    """The most probable allowed token, the least id among equals; the key is not used."""
    tokens = row.allowed()
    return int(tokens[row.logits[tokens].argmax()])


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How tokens are chosen.

    chooses: `draw` or `greedy`.  before_mask: changes the model's logits, and with them Z.  after_mask: narrows the
    allowed tokens, None for all of them.  `DecodingOptions(greedy, before_mask=chain(Temperature(0.7)))`
    """

    chooses: Choice = draw
    before_mask: LogitsTransform[Any] = field(default_factory=chain)
    after_mask: StatelessTransform | None = None


@dataclass(frozen=True, slots=True)
class DecodingState:
    """A text in the making; no step changes it.  log_weight: Σ log p(t) − log q(t), of draws."""

    draft: Draft
    options: DecodingOptions
    transform_state: Any
    log_weight: float = 0.0

    @property
    def is_finished(self) -> bool:
        """The end-of-text token was taken."""
        return self.draft.is_finished


@dataclass(frozen=True, slots=True)
class StepInfo:
    """What one step did.

    log_probability: log p(t) of the model.  log_drawn: log q(t) of the distribution that was chosen from.
    """

    token_id: int
    log_probability: float
    log_drawn: float
    distortion: StepDistortion


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text, how it ended, and what the masks did to its distribution.

    ending: FINISHED, or why it could not go on.  log_probability: log p of its tokens under the (changed) model.
    log_weight: Σ log p(t) − log q(t), the importance weight of a text that was drawn; means nothing for one that was
    chosen greedily.
    """

    token_ids: tuple[int, ...]
    ending: Ending
    log_probability: float
    log_weight: float
    distortion: Distortion


def init(target: Target, options: DecodingOptions | None = None) -> DecodingState:
    """The state before the first token."""
    options = options or DecodingOptions()
    return DecodingState(target.start(), options, options.before_mask.init())


def step(key: RandomKey, state: DecodingState, logits: npt.NDArray[np.floating]) -> tuple[DecodingState, StepInfo]:
    """Choose one allowed token and accept it.

    Raises `NoContinuation` if there is none, or none with any probability, and `BadLogits`.
    """
    options, draft = state.options, state.draft.fork()
    context = Context(draft.prefix(), draft.target.model)
    transform_state, changed = options.before_mask(state.transform_state, context, logits)
    row = draft.row(changed)
    ending = draft.why_stuck(row)
    if ending is not None:
        raise NoContinuation(ending.value, len(draft.token_ids))
    choices = row if options.after_mask is None else _narrowed(row, options.after_mask, context)
    token = options.chooses(key, choices)
    log_p, log_drawn = row.log_probability(token), choices.log_probability(token) - choices.log_mass
    info = StepInfo(token, log_p, log_drawn, StepDistortion(token, row.log_mass, log_p, rules_of(draft.matcher)))
    draft.read(token, log_p)
    return DecodingState(draft, options, transform_state, state.log_weight + log_p - log_drawn), info


def _narrowed(row: MaskedRow, transform: StatelessTransform, context: Context) -> MaskedRow:
    """The row after the mask: forbidden tokens are −inf, then `transform` is applied."""
    masked = np.where(unpack_bitmask(row.words, len(row.logits)), row.logits, -np.inf)
    _, changed = transform(None, context, masked)
    return MaskedRow(changed, np.full(n_mask_words(len(changed)), -1, np.int32), len(context.token_ids))


def decode(key: RandomKey, target: Target, options: DecodingOptions | None = None) -> DecodedText:
    """Steps until the end token, or until the text cannot go on within the budget of the target.

    Raises `BadLogits`.
    """
    state = init(target, options)
    steps: list[StepDistortion] = []
    ending = Ending.FINISHED
    while not state.is_finished and ending is Ending.FINISHED:
        (logits,) = logits_of(target.model, [state.draft.prefix()])
        try:
            state, info = step(key.child(len(steps)), state, logits)
            steps.append(info.distortion)
        except NoContinuation as error:
            ending = Ending(error.reason)
    draft = state.draft
    distortion = Distortion(tuple(steps))
    return DecodedText(tuple(draft.token_ids), ending, draft.log_probability, state.log_weight, distortion)
