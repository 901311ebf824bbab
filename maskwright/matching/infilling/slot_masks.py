"""The mask of one slot, from the sets of stacks before and behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import EMPTY
from maskwright.matching.infilling.chain import Link, ended, parted
from maskwright.matching.infilling.effects import ALL
from maskwright.matching.infilling.slots import BLANK, Place
from maskwright.matching.infilling.stacks import Stacks
from maskwright.matching.infilling.symbols import DONE, SKIPPED


@dataclass(frozen=True, slots=True, eq=False)
class SlotMask:
    """What one slot may hold.

    row: int32[ceil(size / 32)], the mask; never to be changed, slots share it. blank: may it hold no token? n_choices
    counts tokens and the blank. only, first: the only choice, if it is one; the first one, ends and blanks before
    others.
    """

    row: NDArray[np.int32]
    blank: bool
    n_choices: int
    only: int
    first: int


def mask_between(
    stacks: Stacks, link: Link, place: Place, eos_ids: tuple[int, ...], before: int, after: int
) -> SlotMask:
    """The mask of a slot between what the slots before lead to and from where those behind lead to the end."""
    present, skipped = parted(stacks, before, link.begins)
    blank_target = stacks.below(after, SKIPPED) if link.may_be_blank else EMPTY
    blank = blank_target != EMPTY and (stacks.meets(present, blank_target) or stacks.meets(skipped, blank_target))
    if not place.is_open:
        return _mask_of(stacks, (b"", (place.token,) if place.token != BLANK else ()), blank and place.token == BLANK)
    ends = link.may_end and stacks.below(after, DONE) != EMPTY and ended(stacks, present) != EMPTY
    named: tuple[int, ...] = eos_ids if ends else ()
    classes = b""
    if link.letter == ALL:
        classes = stacks.alive(present, ALL, after)
    else:  # a soft slot with proposals
        letter_of = stacks.token_effects.letter_of_tokens
        named = tuple(token for token in named if token in {place.token, *place.proposals})
        named += tuple(
            token
            for token in sorted({place.token, *place.proposals}.difference(eos_ids))
            if stacks.pre(present, letter_of([token]), after) != EMPTY
        )
    return _mask_of(stacks, (classes, named), blank)


def _mask_of(stacks: Stacks, content: tuple[bytes, tuple[int, ...]], blank: bool) -> SlotMask:
    """The mask of classes and of tokens by name, made if it was not met before."""
    key = (*content, blank)
    known = stacks.masks.get(key)
    if known is not None:
        return known
    classes, named = content
    row = stacks.row_of(classes, named)
    n_choices = int(np.bitwise_count(row.view(np.uint32)).sum()) + blank
    least = _least_token(row)
    first = named[0] if named else BLANK if blank else least
    mask = SlotMask(row, blank, n_choices, BLANK if blank else least, first)
    if len(stacks.masks) >= stacks.most_masks:
        stacks.masks.clear()
    stacks.masks[key] = mask
    return mask


def _least_token(row: NDArray[np.int32]) -> int:
    """The first token of a mask; of none, 0."""
    word = int((row != 0).argmax())
    bits = int(row[word]) & 0xFFFFFFFF
    return 32 * word + max(0, (bits & -bits).bit_length() - 1)
