"""A text with gaps that are filled in any order: exact masks for every open slot, and choices that never lead astray.

    canvas = grammar.canvas([fixed, MASK, MASK, Gap.at_most(4), fixed], eos_ids=[2])
    canvas.allow()                      which tokens each slot may hold, given all others
    canvas.commit({1: 17, 2: 30})       several at once: as many as stand together, the surest first
    canvas.complete()                   a whole text, at any time

Masks are exact: a token is in the mask of a slot iff some text of the grammar has it there, agrees with everything that
is decided, and has as many tokens as there are slots. So no choice from a mask leads to a dead end; choices for several
slots at once may contradict each other, which is what `commit` is for.

The sets behind it are those of `chain`; a canvas holds their numbers, one a slot, so copying it copies a list. They
belong to the grammar, and all its canvases share what was found.

Not thread-safe by itself: each thread has its own canvas or a fork. What is shared is guarded by a lock.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Self, final

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import EMPTY, NO_LETTER
from maskwright.errors import InvalidCanvas, LimitExceeded
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.infilling.chain import Link, forwards, restricted, sets_between
from maskwright.matching.infilling.effects import ALL
from maskwright.matching.infilling.slot_masks import SlotMask, mask_between
from maskwright.matching.infilling.slots import BLANK, OPEN, Place
from maskwright.matching.infilling.stacks import SetsFull, Stacks

if TYPE_CHECKING:
    from maskwright.matching.infilling.posterior import Posterior


@final
class Canvas:
    """Made by `CompiledGrammar.canvas`; `places` are its slots, `n_slots` of which are its own.

    Those behind are not shown: they stand for the tokens that a text may go on with in later canvases.
    """

    def __init__(self, stacks: Stacks, places: Sequence[Place], eos_ids: Iterable[int], n_hidden: int = 0) -> None:
        self._stacks = stacks
        self._given = tuple(places)
        self._places = list(places)
        self._eos_ids = tuple(sorted(set(eos_ids)))
        self._n_hidden = n_hidden
        self.n_slots = len(places)
        self._links: list[Link] = []
        self._sets: list[int] = []
        self._epoch = -1
        self._masks: list[tuple[tuple[int, int, int, Place], SlotMask] | None] = [None] * self.n_slots
        self._n_open_in_vain = 2 * self.n_slots  # open slots when sums were last found to be too large
        self._rows: NDArray[np.int32] | None = None
        self._shown: list[SlotMask | None] = [None] * self.n_slots
        with stacks.lock:
            self._begin()

    # What it is

    @property
    def vocabulary_size(self) -> int:
        """The width of the model's logits."""
        return self._stacks.token_effects.vocabulary.size

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """The tokens that end a text, and fill the slots behind its end."""
        return self._eos_ids

    @property
    def tokens(self) -> NDArray[np.int64]:
        """int64[n_slots]: the token of each slot, OPEN or BLANK; a soft slot shows its present token."""
        return np.array([place.token for place in self._places], dtype=np.int64)

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """bool[n_slots]: which slots may still be decided, soft ones included."""
        return np.array([place.is_open for place in self._places], dtype=np.bool_)

    @property
    def is_complete(self) -> bool:
        """Is every slot decided?"""
        return not any(place.is_open for place in self._places)

    def fork(self) -> Self:
        """A copy that goes its own way."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._places = list(self._places)
        copy._links = list(self._links)
        copy._sets = list(self._sets)
        copy._masks = list(self._masks)
        copy._rows = None
        copy._shown = [None] * self.n_slots
        return copy

    # For what is built on it

    @property
    def stacks(self) -> Stacks:
        """The sets of stacks of its grammar."""
        return self._stacks

    @property
    def chain(self) -> tuple[Sequence[Link], Sequence[int]]:
        """What each slot lets pass and the sets between them, hidden slots included; the lock must be held."""
        self._find_again()
        return self._links, self._sets

    def link_of(self, slot: int, token: int) -> Link:
        """What a slot would let pass if it held this token, or BLANK."""
        return self._link(self._decided(slot, token))

    def mask_of(self, slot: int) -> SlotMask:
        """The mask of one slot."""
        with self._stacks.lock:
            self._find_again()
            return self._mask(slot)

    def mask_between(self, slot: int, node: int) -> SlotMask:
        """The mask of a slot for texts that lead to a set of stacks before it; the lock must be held."""
        link, place = self._links[slot], self._places[slot]
        return mask_between(self._stacks, link, place, self._eos_ids, node, self._sets[slot + 1])

    def may_be_summed(self) -> bool:
        """Is it worth asking whether sums over texts are possible, seeing how it went before?"""
        return 4 * int(self.is_open.sum()) <= 3 * self._n_open_in_vain

    def note_summed(self, was_possible: bool) -> None:
        """Bear in mind how it went."""
        if not was_possible and self.may_be_summed():
            self._n_open_in_vain = int(self.is_open.sum())

    def only_tokens(self) -> dict[int, tuple[int, ...]]:
        """The slots that may not hold just anything: column numbers of `Posterior.log_p`, the blank being the last."""
        found: dict[int, tuple[int, ...]] = {}
        for slot, place in enumerate(self._places):
            if not place.is_open:
                found[slot] = (self.vocabulary_size if place.token == BLANK else place.token,)
            elif place.proposals:
                found[slot] = (place.token, *place.proposals)
        return found

    # Masks

    def allow(self) -> NDArray[np.int32]:
        """int32[n_slots, ceil(size / 32)]: the mask of each slot, bit t % 32 of word t // 32 for token t.

        A decided slot has the bit of its token alone. The array is the canvas's own, to be read until the next call.
        """
        masks = self._all_masks()
        if self._rows is None:
            self._rows = np.zeros((self.n_slots, n_mask_words(self.vocabulary_size)), dtype=np.int32)
        for slot, mask in enumerate(masks):
            if self._shown[slot] is not mask:
                self._rows[slot] = mask.row
                self._shown[slot] = mask
        return self._rows

    def allows_blank(self) -> NDArray[np.bool_]:
        """bool[n_slots]: which slots may hold no token."""
        return np.array([mask.blank for mask in self._all_masks()], dtype=np.bool_)

    def forced(self) -> dict[int, int]:
        """The open slots that have one choice left, and this choice: a token or BLANK."""
        return {
            slot: mask.only
            for slot, mask in enumerate(self._all_masks())
            if mask.n_choices == 1 and self._places[slot].is_open
        }

    def _all_masks(self) -> list[SlotMask]:
        with self._stacks.lock:
            self._find_again()
            return [self._mask(slot) for slot in range(self.n_slots)]

    def _mask(self, slot: int) -> SlotMask:
        before, after, place = self._sets[slot], self._sets[slot + 1], self._places[slot]
        known = self._masks[slot]
        if known is not None and known[0] == (self._epoch, before, after, place):
            return known[1]
        mask = mask_between(self._stacks, self._links[slot], place, self._eos_ids, before, after)
        self._masks[slot] = ((self._epoch, before, after, place), mask)
        return mask

    # Decisions

    def commit(self, choices: Mapping[int, int], confidence: Mapping[int, float] | None = None) -> dict[int, int]:
        """Decide open slots: each keeps its token, or BLANK, if it stands together with all that were surer.

        The surest comes first, by `confidence`, otherwise by the order of `choices`. Returns what was decided; what is
        left out contradicts the rest, and its slot stays open. Raises InvalidCanvas for a slot that is decided already,
        or is none.
        """
        order = [(int(slot), int(token)) for slot, token in choices.items()]
        for slot, token in order:
            self._check_choice(slot, token)
        order = [(slot, token) for slot, token in order if self._may_become(slot, token)]
        if confidence is not None:
            order.sort(key=lambda one: -confidence.get(one[0], -np.inf))
        accepted: dict[int, int] = {}
        with self._stacks.lock:
            self._find_again()
            while order:
                n, sets = self._longest_beginning(order)
                for slot, token in order[:n]:
                    self._decide(slot, token)
                    accepted[slot] = token
                self._sets = sets
                order = order[n + 1 :]
        return accepted

    def _longest_beginning(self, order: Sequence[tuple[int, int]]) -> tuple[int, list[int]]:
        """How many choices stand together, from the first on, and the sets with them; all, most often."""
        known = {0: self._sets}
        low, high = 0, len(order) + 1
        asked = len(order)
        while high - low > 1:
            decided = {slot: self._link(self._decided(slot, token)) for slot, token in order[:asked]}
            sets = restricted(self._stacks, self._links, self._sets, decided)
            if sets is None:
                high = asked
            else:
                low, known[asked] = asked, sets
            asked = (low + high) // 2
        return low, known[low]

    def _check_choice(self, slot: int, token: int) -> None:
        if not 0 <= slot < self.n_slots:
            raise InvalidCanvas(f"it has no slot {slot}")
        if not self._places[slot].is_open:
            raise InvalidCanvas(f"slot {slot} is decided", "unset it first")
        if token != BLANK and not 0 <= token < self.vocabulary_size:
            raise InvalidCanvas(f"{token} for slot {slot} is no token id below {self.vocabulary_size}")

    def _may_become(self, slot: int, token: int) -> bool:
        place = self._places[slot]
        return not place.proposals or token in {BLANK, place.token, *place.proposals}

    def _decided(self, slot: int, token: int) -> Place:
        place = self._places[slot]
        return dataclasses.replace(place, token=token, is_soft=False)

    def _decide(self, slot: int, token: int) -> None:
        self._places[slot] = self._decided(slot, token)
        self._links[slot] = self._link(self._places[slot])

    def unset(self, slots: Iterable[int]) -> None:
        """Open decided slots again; those that the canvas was made with as fixed become open too."""
        for slot in slots:
            if not 0 <= slot < self.n_slots:
                raise InvalidCanvas(f"it has no slot {slot}")
            place = self._places[slot]
            self._places[slot] = dataclasses.replace(place, token=OPEN, is_soft=False, proposals=())
        with self._stacks.lock:
            self._begin()

    def posterior(self, scores: NDArray[np.floating]) -> Posterior:
        """What a model's prediction becomes when the grammar is taken into account.

        scores: float[n_slots, size] or, with the blank as the last column, float[n_slots, size + 1]: logits or
        log-probabilities, normalised here slot by slot. Raises BadLogits, InvalidCanvas.
        """
        from maskwright.matching.infilling.posterior import Posterior

        return Posterior(self, scores)

    def complete(self, scores: NDArray[np.floating] | None = None) -> NDArray[np.int64]:
        """int64[n_slots]: a text that fits; the most probable one if scores are given (`posterior`).

        Without scores open slots take the least token id, ends and blanks before others.
        """
        if scores is not None:
            return self.posterior(scores).best
        found = self.tokens
        with self._stacks.lock:
            self._find_again()
            node = self._sets[0]
            for slot in range(self.n_slots):
                place = self._places[slot]
                if place.is_open:
                    found[slot] = self.mask_between(slot, node).first
                    link = self.link_of(slot, int(found[slot]))
                else:
                    link = self._links[slot]
                node = self._stacks.intersection(self._sets[slot + 1], forwards(self._stacks, node, link))
                assert node != EMPTY, "what a mask allows can be completed"
        return found

    # The sets behind it

    def _link(self, place: Place) -> Link:
        effects = self._stacks.token_effects
        token = place.token
        if place.is_soft and place.proposals:
            tokens = {token, *place.proposals}
            ends = tokens.intersection(self._eos_ids)
            return Link(effects.letter_of_tokens(tokens - ends), bool(ends), place.may_be_blank, place.begins)
        if place.is_open:
            return Link(ALL, bool(self._eos_ids), place.may_be_blank, place.begins)
        if token == BLANK:
            return Link(NO_LETTER, False, place.may_be_blank, place.begins)
        if token in self._eos_ids:
            return Link(NO_LETTER, True, False, place.begins)
        return Link(effects.letter_of_tokens([token]), False, False, place.begins)

    def _begin(self) -> None:
        """Find all sets from nothing; raises CanvasNotCompletable."""
        hidden = [Link(ALL, False, True, k == 0) for k in range(self._n_hidden)]
        self._links = [*map(self._link, self._places), *hidden]
        sets = self._within_memory()
        if sets is None:
            from maskwright.matching.infilling.explaining import why_not_completable

            raise why_not_completable(self._stacks, self._links, self._places, self._link)
        self._sets = sets
        self._epoch = self._stacks.epoch

    def _within_memory(self) -> list[int] | None:
        """All sets; where there is no room everything else is forgotten, and then nodes are not merged."""
        stacks = self._stacks
        for attempt in range(3):
            try:
                return sets_between(stacks, self._links)
            except SetsFull:
                stacks.begin_anew(is_merging=attempt == 0)
        raise LimitExceeded(
            "The sets of stacks of one canvas",
            asked=stacks.max_bytes + 1,
            allowed=stacks.max_bytes,
            remedy="raise max_bytes, decide more slots first, or use a shorter canvas",
        )

    def _find_again(self) -> None:
        if self._epoch != self._stacks.epoch:
            self._begin()
