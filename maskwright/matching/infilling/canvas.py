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
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import NO_LETTER
from maskwright.errors import InvalidCanvas, LimitExceeded
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.infilling.chain import (
    Between,
    Link,
    forwards,
    narrowed,
    restricted,
    sets_between,
    shallow_sets,
    stand_together,
)
from maskwright.matching.infilling.effects import ALL
from maskwright.matching.infilling.slot_masks import SlotMask, mask_between
from maskwright.matching.infilling.slots import BLANK, OPEN, Place, Slot, laid_out
from maskwright.matching.infilling.stacks import SetsFull, Stacks

if TYPE_CHECKING:
    from maskwright.matching.infilling.posterior import Posterior


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _KnownMask:
    """A mask, and what it was found for: epoch, place and shallow sets; `is_settled`: do these show all of it?"""

    key: tuple[int, Place, int, int]
    mask: SlotMask
    is_settled: bool


@final
class Canvas:
    """Made by `CompiledGrammar.canvas`; `places` are its slots, `n_slots` of which are its own.

    Those behind are not shown: they stand for the tokens that a text may go on with in later canvases.
    """

    def __init__(
        self,
        stacks: Stacks,
        places: Sequence[Place],
        eos_ids: Iterable[int],
        n_hidden: int = 0,
        text: tuple[int, ...] = (),
    ) -> None:
        self._stacks = stacks
        self._text = text
        self._given = tuple(places)
        self._places = list(places)
        self._eos_ids = tuple(sorted(set(eos_ids)))
        self._n_hidden = n_hidden
        self.n_slots = len(places)
        self._links: list[Link] = []
        self._sets = Between([], [], None)  # the exact ones, for `_sets_links`
        self._sets_links: list[Link] = []
        self._shallow = self._wide = self._sets
        self._epoch = -1
        self._masks: list[_KnownMask | None] = [None] * self.n_slots
        self._n_open_in_vain = 2 * self.n_slots  # open slots when sums were last found to be too large
        self._rows: NDArray[np.int32] | None = None
        self._shown: list[SlotMask | None] = [None] * self.n_slots
        self.with_room(lambda: None)

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
    def start(self) -> int:
        """The set of stacks before the first slot: that of the text of earlier canvases."""
        node = self._stacks.start
        for token in self._text:
            node = self._stacks.post(node, self._stacks.token_effects.letter_of_tokens([token]))
        return node

    @property
    def chain(self) -> tuple[Sequence[Link], Between]:
        """What each slot lets pass and the sets between them, hidden slots included; to be asked for in `with_room`."""
        return self._links, self._exact()

    def link_of(self, slot: int, token: int) -> Link:
        """What a slot would let pass if it held this token, or BLANK."""
        return self._link(self._decided(slot, token))

    def mask_of(self, slot: int) -> SlotMask:
        """The mask of one slot."""
        return self.with_room(lambda: self._mask(slot))

    def mask_between(self, slot: int, node: int) -> SlotMask:
        """The mask of a slot for texts that lead to a set of stacks before it; to be asked for in `with_room`."""
        link, place = self._links[slot], self._places[slot]
        return mask_between(self._stacks, link, place, self._eos_ids, node, self._exact().leading[slot + 1])

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
        return self.with_room(lambda: [self._mask(slot) for slot in range(self.n_slots)])

    def _mask(self, slot: int) -> SlotMask:
        """The mask of a slot, from shallow and wide sets if these agree on it (`chain`), else from the exact ones."""
        place, shallow = self._places[slot], self._shallow
        key = (self._epoch, place, shallow.reached[slot], shallow.leading[slot + 1])
        known = self._masks[slot]
        if known is not None and known.key == key and known.is_settled:
            return known.mask
        within = self._mask_within(slot, shallow)
        is_settled = True
        if known is not None and known.key[1] == place and known.mask.n_choices == within.n_choices:
            mask = known.mask
        else:
            mask = self._mask_within(slot, self._wide)
            if mask.n_choices != within.n_choices:
                mask = self._mask_within(slot, self._exact())
                is_settled = mask.n_choices == within.n_choices
        self._masks[slot] = _KnownMask(key, mask, is_settled)
        return mask

    def _mask_within(self, slot: int, sets: Between) -> SlotMask:
        return mask_between(
            self._stacks,
            self._links[slot],
            self._places[slot],
            self._eos_ids,
            sets.reached[slot],
            sets.leading[slot + 1],
        )

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
        while order:
            accepted.update(self.with_room(functools.partial(self._commit_beginning, order)))
            order = [one for one in order if one[0] not in accepted][1:]
        return accepted

    def _commit_beginning(self, order: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Decide as many choices as stand together, from the first on; these."""
        n, shallow = self._longest_beginning(order)
        links = list(self._links)
        for slot, token in order[:n]:
            links[slot] = self.link_of(slot, token)
        wide = narrowed(self._stacks, links, self._wide, self._shallow, shallow)
        # nothing has changed until here, where nothing can fail any more
        for slot, token in order[:n]:
            self._places[slot] = self._decided(slot, token)
        self._links, self._shallow, self._wide = links, shallow, wide
        return list(order[:n])

    def _longest_beginning(self, order: Sequence[tuple[int, int]]) -> tuple[int, Between]:
        """How many choices stand together, from the first on, all most often; and the sets with them, shallow ones.

        Where it takes high stacks for that, the sets are exact ones.
        """
        links = {slot: self.link_of(slot, token) for slot, token in order}
        low, high, asked = 0, len(order) + 1, len(order)
        is_shallow = True
        while high - low > 1:
            decided = dict(list(links.items())[:asked])
            if stand_together(self._stacks, self._links, self._shallow, decided):
                low, is_shallow = asked, True
            elif stand_together(self._stacks, self._links, self._exact(), decided):
                low, is_shallow = asked, False
            else:
                high = asked
            asked = (low + high) // 2
        sets = self._shallow if is_shallow else self._exact()
        return low, restricted(self._stacks, self._links, sets, dict(list(links.items())[:low]))

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

    def unset(self, slots: Iterable[int]) -> None:
        """Open decided slots again; those that the canvas was made with as fixed become open too."""
        opened = list(slots)
        for slot in opened:
            if not 0 <= slot < self.n_slots:
                raise InvalidCanvas(f"it has no slot {slot}")
        for slot in opened:
            place = self._places[slot]
            self._places[slot] = dataclasses.replace(place, token=OPEN, is_soft=False, proposals=())
        self._epoch = -1
        self.with_room(lambda: None)

    def next_block(self, slots: Iterable[Slot]) -> Canvas:
        """The canvas of the next tokens of the same text, within what is left of the budget.

        All slots of this one must be decided, and the text must not have ended. Raises InvalidCanvas,
        CanvasNotCompletable.
        """
        if not self.is_complete:
            raise InvalidCanvas("the next block begins when all slots of this one are decided")
        tokens = self.tokens.tolist()
        if any(token in self._eos_ids for token in tokens):
            raise InvalidCanvas("its text has ended, so there is no next block")
        places = laid_out(slots, self._n_hidden, self._stacks.token_effects.vocabulary)
        if len(places) > self._n_hidden:
            raise InvalidCanvas(
                f"the next block has {len(places)} slots, and {self._n_hidden} tokens of the budget are left",
                "give it fewer slots, or the first canvas a larger budget",
            )
        text = (*self._text, *(token for token in tokens if token != BLANK))
        return Canvas(self._stacks, places, self._eos_ids, self._n_hidden - len(places), text)

    @property
    def n_left(self) -> int:
        """How many tokens later blocks may have."""
        return self._n_hidden

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
        return self.with_room(self._completed)

    def _completed(self) -> NDArray[np.int64]:
        found = self.tokens
        node = self.start
        for slot in range(self.n_slots):
            link = self._links[slot]
            if self._places[slot].is_open:
                found[slot] = self.mask_between(slot, node).first
                link = self.link_of(slot, int(found[slot]))
            node = forwards(self._stacks, node, link)
            assert self._stacks.meets(node, self._exact().leading[slot + 1]), "what a mask allows can be completed"
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

    def with_room(self, act: Callable[[], Result]) -> Result:
        """Do something with the sets, under the lock; again, with fresh memory, where there was no room left.

        The last try is with nodes that are not merged, which take less where merging multiplies them. Raises
        LimitExceeded.
        """
        stacks = self._stacks
        with stacks.lock:
            for attempt in range(3):
                try:
                    if self._epoch != stacks.epoch:
                        self._begin()
                    return act()
                except SetsFull:
                    stacks.begin_anew(is_merging=attempt == 0)
        raise LimitExceeded(
            "The sets of stacks of one canvas",
            asked=stacks.max_bytes + 1,
            allowed=stacks.max_bytes,
            remedy="raise max_bytes, decide more slots first, or use a shorter canvas",
        )

    def _begin(self) -> None:
        """Find all sets from nothing; raises CanvasNotCompletable."""
        hidden = [Link(ALL, False, True, k == 0) for k in range(self._n_hidden)]
        self._links = [*map(self._link, self._places), *hidden]
        stacks, start = self._stacks, self.start
        sets = sets_between(stacks, start, self._links)
        if sets is None:
            from maskwright.matching.infilling.explaining import why_not_completable

            raise why_not_completable(
                lambda links: sets_between(stacks, start, links) is not None,
                lambda: stacks.n_operations,
                self._links,
                self._places,
                self._link,
            )
        self._sets, self._sets_links = sets, list(self._links)
        # low sets are their own shallow ones
        self._shallow = sets if sets.is_low(stacks) else shallow_sets(stacks, self._links, sets)
        self._wide = sets
        self._masks = [None] * self.n_slots
        self._epoch = stacks.epoch

    def _exact(self) -> Between:
        """The exact sets for all that is decided by now."""
        decided = {i: link for i, link in enumerate(self._links) if link != self._sets_links[i]}
        if decided:
            sets = restricted(self._stacks, self._sets_links, self._sets, decided)
            self._sets, self._sets_links, self._wide = sets, list(self._links), sets
        return self._sets
