"""What the masked-diffusion model sees and what it has to say: canvases of documents, and which slots are hidden.

A canvas is `<|bos|>` instruction, body, `<|eos|>`, and `<|eos|>` up to its width, as in LLaDA (Nie et al. 2025,
arXiv:2502.09992): in use, N mask slots after a prompt end in EOS wherever the text ends. All canvases of
a batch have one width, so no attention mask is needed. Half of the batches are hardly wider than their longest
document; the others draw their width up to `WIDEST_CANVAS`.

Three ways to hide, drawn per canvas:
  scattered  a share t of the slots after the instruction, the rest standing where it is (denoising under way);
  a gap      a run of slots in the middle of the body, text on both sides (fill in the middle);
  the rest   everything from some slot on (decoding block by block).
In the last two again a share t of the run is hidden. t is uniform on (0, 1), stratified over the batch.

The loss of a canvas is the sum over hidden slots of -log p / t, divided by the number of slots. With exactly
l = ceil(t n) of n slots hidden instead of each with probability t, that is the mean over the hidden slots: the
variant with less variance, by which LLaDA measures likelihoods. Slots of the EOS tail number up to a hundred and are
nearly all alike: at most `SCORED_TAIL` of the hidden ones are scored, with the weight of all of them, so that the loss
stays unbiased.

Cost: numpy over at most a few thousand slots a batch, below 1 % of a training step.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WIDEST_CANVAS = 176  # tokens, instruction included
LONGEST_DOCUMENT = 160  # tokens with instruction and one <|eos|>; longer ones (1.5 %) are left out
SCORED_TAIL = 16
LONGEST_GAP = 48
GAP_SHARE, REST_SHARE = 0.18, 0.12  # the others are scattered
OPEN_INSTRUCTION_SHARE = 0.05  # canvases whose instruction may be hidden as well

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Row:
    """One document in tokens."""

    head: list[int]  # <|bos|> and the instruction
    body: list[int]  # without <|eos|>

    def __len__(self) -> int:
        return len(self.head) + len(self.body) + 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Canvases with hidden slots, and what to score.

    shown:  int64[rows, width], the mask token where hidden.   scored: int64[k], slots as row * width + column.
    wanted: int64[k], their tokens.   weight: float32[k], their share of the batch's loss; sums to about 1.
    """

    shown: Ints
    scored: Ints
    wanted: Ints
    weight: npt.NDArray[np.float32]


def groups_of_like_length(rows: list[Row], slots_each: int, seed: int) -> Iterator[tuple[list[Row], int]]:
    """Shuffled groups of documents and the width of their canvases, of about `slots_each` slots each."""
    rng = random.Random(seed)
    order = sorted(rows, key=lambda row: (len(row) // 16, rng.random()))
    groups: list[tuple[list[Row], int]] = []
    at = 0
    while at < len(order):
        longest = len(order[at]) // 16 * 16 + 15
        width = rng.randint(longest, min(longest + 16, WIDEST_CANVAS))
        if rng.random() < 0.5:
            width = rng.randint(width, WIDEST_CANVAS)
        few = order[at : at + max(1, slots_each // width)]
        group = list(itertools.takewhile(lambda row: len(row) <= width, few))  # noqa: B023  (used at once)
        groups.append((group, width))
        at += len(group)
    rng.shuffle(groups)
    yield from groups


def hidden_slots(row: Row, width: int, t: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The hidden slots of one canvas: (in the text or its first <|eos|>, in the EOS tail)."""
    text_from = 1 if rng.random() < OPEN_INSTRUCTION_SHARE else len(row.head)
    text_to, tail_to = len(row), width
    way = rng.random()
    if way < GAP_SHARE and text_to - text_from > 2:
        length = int(rng.integers(1, min(LONGEST_GAP, text_to - text_from - 1) + 1))
        text_from = int(rng.integers(text_from, text_to - length))
        text_to = tail_to = text_from + length
    elif way < GAP_SHARE + REST_SHARE:
        text_from = int(rng.integers(text_from, text_to))
    text = rng.permutation(np.arange(text_from, text_to))
    tail = np.arange(text_to, tail_to)
    return text[: max(1, int(np.ceil(t * text.size)))], tail[rng.random(tail.size) < t]


def hidden(group: list[Row], width: int, mask: int, eos: int, rng: np.random.Generator) -> Batch:
    """The canvases of `group` with slots hidden by `rng`."""
    canvas = np.full((len(group), width), eos, dtype=np.int64)
    for number, row in enumerate(group):
        canvas[number, : len(row) - 1] = row.head + row.body
    shown = canvas.copy()
    scored: list[Ints] = []
    weight: list[npt.NDArray[np.float64]] = []
    ratios = (rng.random() + rng.permutation(len(group))) / len(group)  # one per equal part of (0, 1), shifted
    for number, (row, t) in enumerate(zip(group, ratios % 1.0, strict=True)):
        text, tail = hidden_slots(row, width, float(t), rng)
        shown[number, text] = mask
        shown[number, tail] = mask
        few = rng.permutation(tail)[:SCORED_TAIL]
        scored.append(number * width + np.concatenate((text, few)))
        each = np.ones(text.size + few.size)
        each[text.size :] = tail.size / max(1, few.size)
        weight.append(each / (text.size + tail.size) / len(group))
    slots = np.concatenate(scored)
    return Batch(shown, slots, canvas.reshape(-1)[slots], np.concatenate(weight).astype(np.float32))
