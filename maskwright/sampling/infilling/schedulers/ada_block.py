"""Blocks from left to right that end where a unit of the text ends; inside the block, a confidence threshold.

Source: AdaBlock-dLLM, arXiv 2509.26432 (ICLR 2026): before a block, the predictions of the next quarter of the canvas
are searched for the most confident newline; at or above a threshold (0.3 for LLaDA, 0.5 for Dream) it is the block's
last slot, otherwise the block is 32 slots long. Inside, Fast-dLLM's threshold of 0.9.

Changed: delimiters are those of the grammar's language (`delimiters.delimiters_of`: ends of members, statements, rows),
not newlines alone, and their confidence is the probability that the slot holds *any* of them, under the constrained
marginals. Slots whose mask holds nothing but delimiters, and decided ones that hold one, therefore end a unit for
certain. Among delimiters above the threshold, those with the fewest open brackets before them come first: a block ends
where the stack is shallow. Then the most confident, then the leftmost.

A block is kept until none of its slots is open; the next begins at the first open slot of the canvas. Slots that the
grammar forces are committed by the loop wherever they are.

Cost: a sort of the block's open slots; when a block begins, the mass of the delimiters at the candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers.choosing import best_at, check_probability, confident
from maskwright.sampling.infilling.schedulers.delimiters import Delimiters
from maskwright.sampling.infilling.schedulers.protocol import Proposal, StepView


@dataclass(frozen=True, slots=True)
class Block:
    """The slots from `start` up to but without `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AdaBlock:
    """Slots above `threshold` in the current block.

    delimiters            what may end a block; none leaves blocks of `block_length`
    delimiter_confidence  how probable a delimiter must be to end a block: 0.3 for LLaDA, 0.5 for Dream
    window_share          how much of the canvas is searched for one
    """

    delimiters: Delimiters = field(default_factory=Delimiters)
    delimiter_confidence: float = 0.3
    block_length: int = 32
    window_share: float = 0.25
    threshold: float = 0.9

    def __post_init__(self) -> None:
        check_probability("the threshold", self.threshold)
        check_probability("the confidence of a delimiter", self.delimiter_confidence)
        check_probability("the share of the window", self.window_share)
        if self.block_length < 1:
            raise InvalidOption("the length of a block", self.block_length, "at least 1")

    def init(self, n_slots: int) -> Block:  # noqa: ARG002  (see `Scheduler`)
        """An empty block, so that the first step chooses one."""
        return Block(0, 0)

    def step(self, view: StepView, state: Block) -> tuple[Proposal, Block]:
        """See `Scheduler`."""
        block = state if view.open[state.start : state.end].any() else self.next_block(view)
        inside = np.zeros(view.n_slots, dtype=np.bool_)
        inside[block.start : block.end] = view.open[block.start : block.end]
        return best_at(view, confident(view.confidence, self.threshold, inside)), block

    def next_block(self, view: StepView) -> Block:
        """The block that begins at the first open slot; an empty one if nothing is open."""
        if not view.open.any():
            return Block(view.n_slots, view.n_slots)
        start = int(view.open.argmax())
        last = self._last_slot(view, start)
        return Block(start, min(start + self.block_length, view.n_slots) if last is None else last + 1)

    def _last_slot(self, view: StepView, start: int) -> int | None:
        """The slot in the window from `start` where a unit most likely ends."""
        ids = np.fromiter(sorted(self.delimiters.token_ids), dtype=np.int64)
        found: list[tuple[int, float, int]] = []
        depth = 0
        for slot in range(start, min(start + max(1, int(self.window_share * view.n_slots)), view.n_slots)):
            token = int(view.best[slot])
            depth += self.delimiters.depth_changes.get(token, 0)
            if token in self.delimiters.token_ids:
                mass = float(np.exp(view.log_marginals[slot, ids]).sum(dtype=np.float64))  # 1 where decided
                if mass >= self.delimiter_confidence:
                    found.append((depth, -mass, slot))
        return min(found)[2] if found else None
