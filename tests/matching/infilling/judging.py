"""A canvas held against all its fillings: masks, forced slots, completions, and joint choices until it is complete."""

from __future__ import annotations

import random
from collections.abc import Sequence

from maskwright.errors import CanvasNotCompletable
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import BLANK, MASK, Gap, Slot, Soft
from tests.naive.canvas import greedy_choices, naive_masks, text_tokens

Texts = Sequence[tuple[int, ...]]


def masks_of(canvas: Canvas) -> list[set[int]]:
    """What each slot may hold, BLANK included, as the canvas says."""
    rows, blank = canvas.allow(), canvas.allows_blank()
    return [
        {token for token in range(canvas.vocabulary_size) if row[token // 32] >> (token % 32) & 1}
        | ({BLANK} if blank[slot] else set())
        for slot, row in enumerate(rows)
    ]


def random_slots(rng: random.Random, n_tokens: int, eos_id: int | None, most: int) -> list[Slot]:
    """At most so many slots when laid out flat: open, fixed, ended, soft, or gaps of [lo, hi]."""
    slots: list[Slot] = []
    n_flat = 0
    for _ in range(rng.randint(1, most)):
        kind = rng.random()
        slot: Slot
        if kind < 0.45:
            slot = MASK
        elif kind < 0.75:
            slot = rng.randrange(n_tokens)
        elif kind < 0.8 and eos_id is not None:
            slot = eos_id
        elif kind < 0.87:
            proposals = tuple(rng.sample(range(n_tokens), min(2, n_tokens))) if rng.random() < 0.6 else ()
            slot = Soft(rng.randrange(n_tokens), proposals)
        else:
            minimum = rng.randint(0, 1)
            slot = Gap(minimum, minimum + rng.randint(0, 2))
        n_flat += slot.maximum or 0 if isinstance(slot, Gap) else 1
        if n_flat > most:
            break
        slots.append(slot)
    return slots


def random_member(grammar: CompiledGrammar, rng: random.Random, most: int) -> list[int] | None:
    """A text of at most so many tokens, found by walking about; None where walks lead nowhere."""
    for _ in range(100):
        matcher = grammar.matcher()
        read: list[int] = []
        while len(read) <= most:
            if matcher.is_accepting() and rng.random() < 0.5:
                return read
            allowed = [token for token in text_tokens(grammar.vocabulary) if matcher.allows(token)]
            if not allowed:
                break
            read.append(rng.choice(allowed))
            matcher.accept_token(read[-1])
        if matcher.is_accepting() and len(read) <= most:
            return read
    return None


def slots_around(text: Sequence[int], rng: random.Random, n_tokens: int) -> list[Slot]:
    """Slots into which a text fits: open, fixed, soft, or gaps of about the right length."""
    slots: list[Slot] = []
    at = 0
    while at < len(text):
        kind = rng.random()
        if kind < 0.5:
            slots.append(MASK)
        elif kind < 0.8:
            slots.append(text[at])
        elif kind < 0.88:
            slots.append(Soft(rng.randrange(n_tokens), (text[at], rng.randrange(n_tokens))))
        else:
            length = rng.randint(0, min(2, len(text) - at))
            slots.append(Gap(rng.randint(0, length), length + (length < 2 and rng.random() < 0.5)))
            at += length - 1
        at += 1
    return slots


def check_canvas(
    grammar: CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int], texts: Texts, rng: random.Random
) -> Canvas | None:
    """The canvas, which agrees with its fillings at every step of a few joint choices; None where there are none."""
    case = (grammar.vocabulary.token_bytes, slots, eos_ids)
    try:
        canvas = grammar.canvas(slots, eos_ids)
    except CanvasNotCompletable as error:
        assert not texts, case
        assert str(error)  # noqa: PT017  # both ways are right, and judged
        return None
    assert texts, case
    made = canvas.fork()
    check_state(canvas, texts, case)
    while not canvas.is_complete:
        texts = check_commit(canvas, texts, rng, case)
        if rng.random() < 0.2:
            break
    return made


def check_state(canvas: Canvas, texts: Texts, case: object) -> None:
    """Does the canvas say the same as its fillings?"""
    n_slots = canvas.n_slots
    expected = naive_masks(texts, n_slots)
    assert n_slots == len(texts[0]), case
    assert masks_of(canvas) == expected, (case, canvas.tokens)
    assert tuple(canvas.complete().tolist()) in set(texts), (case, canvas.tokens)
    is_open = canvas.is_open
    forced = {slot: next(iter(expected[slot])) for slot in range(n_slots) if is_open[slot] and len(expected[slot]) == 1}
    assert canvas.forced() == forced, (case, canvas.tokens)
    assert canvas.is_complete == (not is_open.any())


def check_commit(canvas: Canvas, texts: Texts, rng: random.Random, case: object) -> Texts:
    """Choose for some open slots, mostly from their masks: what is kept is what is kept among the fillings."""
    open_slots = [slot for slot in range(canvas.n_slots) if canvas.is_open[slot]]
    masks = masks_of(canvas)
    choices = {
        slot: rng.choice(sorted(masks[slot])) if rng.random() < 0.8 else rng.randrange(canvas.vocabulary_size)
        for slot in rng.sample(open_slots, rng.randint(1, len(open_slots)))
    }
    confidence = {slot: rng.random() for slot in choices}
    expected, left = greedy_choices(texts, choices, confidence)
    assert canvas.commit(choices, confidence) == expected, (case, choices, confidence)
    check_state(canvas, left, (case, choices, confidence))
    return left
