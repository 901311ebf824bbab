"""Gaps of a text filled by a model that writes from left to right, each under the masks of one canvas.

    canvas = grammar.canvas([*prefix, Gap.at_most(16), *middle, Gap.any(), *suffix])
    filled = fill_in_the_middle(canvas, model, FIMFormat(prefix_ids=[P], suffix_ids=[S], middle_ids=[M], end_ids=[E]))

Models for filling in the middle (StarCoder, CodeLlama, DeepSeek-Coder, Qwen-Coder) read what is before a gap and what
is behind it, and write what is between, ended by a token of their own. They are asked like every model here: a prefix
in, a row of logits out (`sampling.language_model`); `FIMFormat` says how the prefix is put together. With several gaps
they are filled one after the other; what is already filled in earlier ones counts as text before, and later gaps are
left out of what is behind.

Masks make the difference between filling a gap and filling it so that the rest can follow: the canvas knows the text
behind the gap, the gaps to come, and how many tokens each may have. So no text is ever begun that could not be ended,
and there is no sampling again. A slot with a single choice costs no call.

A gap that may be shorter ends where the model says so: `end_ids` weigh what it gives them. A plain left-to-right model
(`LEFT_TO_RIGHT`) has no such token; it ends a gap by writing on with the text behind it, so the blank weighs what it
gives to the first token there, and that is the same token's own weight in the slot; equals are blank.

Cost: a call of the model and one mask for each token that is not forced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import BLANK
from maskwright.sampling.infilling.masked_model import Tokens
from maskwright.sampling.language_model import LanguageModel, logits_of
from maskwright.sampling.random_key import RandomKey


@dataclass(frozen=True, slots=True)
class FIMFormat:
    """How a model wants to be asked: token ids around the text before and behind a gap, and what ends its answer.

    order: "psm" puts prefix_ids, text before, suffix_ids, text behind, middle_ids; "spm" suffix_ids, text behind,
    prefix_ids, text before, middle_ids; "left_to_right" the text before alone.  begin_ids: before everything.
    """

    prefix_ids: tuple[int, ...] = ()
    suffix_ids: tuple[int, ...] = ()
    middle_ids: tuple[int, ...] = ()
    end_ids: tuple[int, ...] = ()
    begin_ids: tuple[int, ...] = ()
    order: Literal["psm", "spm", "left_to_right"] = "psm"

    def prefix(self, before: Sequence[int], behind: Sequence[int]) -> list[int]:
        """What the model reads before the first token of the gap."""
        if self.order == "left_to_right":
            return [*self.begin_ids, *before]
        first, second = [*self.prefix_ids, *before], [*self.suffix_ids, *behind]
        if self.order == "spm":
            first, second = second, first
        return [*self.begin_ids, *first, *second, *self.middle_ids]


LEFT_TO_RIGHT: Final = FIMFormat(order="left_to_right")


@dataclass(frozen=True, slots=True, eq=False)
class FilledGaps:
    """The complete canvas, and what it took.

    n_calls: rows of the model.  n_forced: slots that had a single choice.  log_probability: of the choices, by the
    model inside the masks.
    """

    canvas: Canvas
    n_calls: int
    n_forced: int
    log_probability: float

    @property
    def tokens(self) -> Tokens:
        """int64[n], BLANK where a gap is shorter than it might be."""
        return self.canvas.tokens


def fill_in_the_middle(
    canvas: Canvas,
    model: LanguageModel,
    fim: FIMFormat = LEFT_TO_RIGHT,
    key: RandomKey | None = None,
    temperature: float = 0.0,
) -> FilledGaps:
    """Fill the open slots from left to right; the given canvas stays as it is.

    Temperature 0 takes the most probable choice, otherwise choices are drawn. Raises `BadLogits`, and `InvalidOption`
    for a temperature without a key.
    """
    if temperature < 0 or (temperature and key is None):
        raise InvalidOption("the temperature", temperature, "0, or positive with a key")
    own = canvas.fork()
    waiting = np.flatnonzero(own.is_open).tolist()
    gap_begin, n_calls, n_forced, log_probability = -1, 0, 0, 0.0
    for place, slot in enumerate(waiting):
        if not place or waiting[place - 1] != slot - 1:
            gap_begin = slot
        mask = own.mask_of(slot)
        if mask.n_choices == 1:
            n_forced += 1
            own.commit({slot: mask.only})
            continue
        tokens = own.tokens
        before, middle, behind = (
            _decided(own, tokens, part)
            for part in (slice(0, gap_begin), slice(gap_begin, slot), slice(slot, len(tokens)))
        )
        row = logits_of(model, [[*fim.prefix(before, behind), *middle]])[0]
        n_calls += 1
        log_p = _log_choices(row, mask.row, own.vocabulary_size, _log_end(row, fim, behind) if mask.blank else -np.inf)
        column = _chosen(log_p, temperature, key.child(slot) if key is not None else None)
        log_probability += float(log_p[column])
        accepted = own.commit({slot: BLANK if column == own.vocabulary_size else column})
        assert accepted, "what a mask allows can be committed"
    return FilledGaps(own, n_calls, n_forced, log_probability)


def _decided(canvas: Canvas, tokens: Tokens, part: slice) -> list[int]:
    """The tokens of a part, without open slots and blanks."""
    inside = tokens[part][~canvas.is_open[part]]
    return [token for token in inside.tolist() if token >= 0]


def _log_end(row: npt.NDArray[np.floating], fim: FIMFormat, behind: list[int]) -> float:
    """What the end of the gap weighs, on the scale of the logits; −inf if the model has no way to say it."""
    ends = list(fim.end_ids) or behind[:1]
    return float(np.logaddexp.reduce(row[ends].astype(np.float64))) if ends else -np.inf


def _log_choices(
    row: npt.NDArray[np.floating], mask: npt.NDArray[np.int32], size: int, log_end: float
) -> npt.NDArray[np.float64]:
    """float64[size + 1]: log probabilities inside the mask, the blank last; even where the model gives all nothing."""
    allowed = np.unpackbits(mask.view(np.uint8), bitorder="little")[:size].astype(np.bool_)
    log_p = np.full(size + 1, -np.inf)
    width = min(size, len(row))
    log_p[:width][allowed[:width]] = row[:width][allowed[:width]]
    log_p[size] = log_end
    if not log_p.max() > -np.inf:
        log_p[:size][allowed] = 0.0
    log_p -= np.logaddexp.reduce(log_p)
    return log_p


def _chosen(log_p: npt.NDArray[np.float64], temperature: float, key: RandomKey | None) -> int:
    """The column that is taken; of equals the last, which is the blank."""
    if not temperature:
        return len(log_p) - 1 - int(log_p[::-1].argmax())
    assert key is not None
    p = np.exp((log_p - log_p.max()) / temperature)
    sums = p.cumsum()
    column = int(sums.searchsorted(key.uniform() * sums[-1], side="right"))
    return column if column < len(p) and p[column] > 0 else int(log_p.argmax())
