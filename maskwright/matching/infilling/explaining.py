"""Why a canvas cannot be completed: slots that contradict each other, or a length that no text has.

First the length: if the canvas would do with some open slots more, or fewer, in one of its places, that is the answer.
Otherwise decided slots contradict each other, and the conflict is made small: slots are let go one by one as long as
what is left still cannot be completed (a smallest conflict within itself); then pairs and single slots of it are tried.
Cost: a pass over the canvas for each question, some 100 us a slot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import combinations

from maskwright.errors import CanvasNotCompletable
from maskwright.matching.infilling.chain import Link
from maskwright.matching.infilling.effects import ALL
from maskwright.matching.infilling.slots import OPEN, Place

Question = Callable[[Sequence[Link]], bool]
"""Can a canvas with these links be completed?"""

MOST_MISSING = 64
"""How many slots more are tried."""
MOST_WORK = 20_000_000
"""Operations on sets for one reason, some seconds; then all decided slots are named."""
MOST_PAIRS = 200
"""Pairs of slots that are tried as a conflict."""


def why_not_completable(
    completable: Question,
    work: Callable[[], int],
    links: Sequence[Link],
    places: Sequence[Place],
    link_of: Callable[[Place], Link],
) -> CanvasNotCompletable:
    """The error for a canvas without a way through it; `work` counts operations, so that asking comes to an end."""
    most = work() + MOST_WORK

    def asked(some: Sequence[Link]) -> bool:
        if work() > most:
            raise _TooMuchWork
        return completable(some)

    try:
        return _found(asked, links, places, link_of)
    except _TooMuchWork:
        return CanvasNotCompletable(conflict=tuple(k for k, place in enumerate(places) if not place.is_open))


class _TooMuchWork(Exception):
    """The reason takes longer to find than anybody would wait."""


def _found(
    completable: Question, links: Sequence[Link], places: Sequence[Place], link_of: Callable[[Place], Link]
) -> CanvasNotCompletable:
    missing = _least_missing(completable, links, places)
    if missing is not None:
        return CanvasNotCompletable(n_missing=missing)
    spare = _least_spare(completable, links, places)
    if spare is not None:
        return CanvasNotCompletable(n_spare=spare)
    hidden = list(links[len(places) :])

    def contradict(kept: Sequence[int]) -> bool:
        stay = set(kept)
        opened = [
            place if place.is_open or slot in stay else dataclasses.replace(place, token=OPEN)
            for slot, place in enumerate(places)
        ]
        return not completable([*map(link_of, opened), *hidden])

    decided = [slot for slot, place in enumerate(places) if not place.is_open]
    if contradict(()):
        return CanvasNotCompletable()
    conflict = _smaller(decided, contradict)
    for size in (1, 2):
        if len(conflict) <= size:
            break
        for tried, few in enumerate(combinations(decided, size)):
            if tried == MOST_PAIRS:
                break
            if contradict(few):
                return CanvasNotCompletable(conflict=few)
    return CanvasNotCompletable(conflict=tuple(conflict))


def _smaller(slots: Sequence[int], contradict: Callable[[Sequence[int]], bool]) -> list[int]:
    """A conflict of which no slot can be let go (QuickXplain, Junker 2004)."""

    def among(background: list[int], has_changed: bool, candidates: list[int]) -> list[int]:
        if has_changed and contradict(background):
            return []
        if len(candidates) == 1:
            return candidates
        half = len(candidates) // 2
        left, right = candidates[:half], candidates[half:]
        of_right = among(background + left, bool(left), right)
        of_left = among(background + of_right, bool(of_right), left)
        return of_left + of_right

    return sorted(among([], False, list(slots))) if slots else []


def _least_missing(completable: Question, links: Sequence[Link], places: Sequence[Place]) -> int | None:
    """How many open slots more would do, put behind one that is open, or at the end."""
    borders = _ends_of_open_runs(places)
    best: int | None = None
    for border in borders:
        most = MOST_MISSING if best is None else best - 1
        room = [Link(ALL, False, True, k == 0) for k in range(most)]
        if most and _with(completable, links, border, room):
            low, high = 0, most
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if _with(completable, links, border, room[:middle]) else (middle, high)
            best = high
    return best


def _with(completable: Question, links: Sequence[Link], border: int, room: Sequence[Link]) -> bool:
    """Can the canvas be completed with more slots at a border?"""
    longer = [*links[:border], *room, *links[border:]]
    following = border + len(room)
    if room and following < len(longer):  # the gap is over there
        longer[following] = dataclasses.replace(longer[following], begins=True)
    return completable(longer)


def _least_spare(completable: Question, links: Sequence[Link], places: Sequence[Place]) -> int | None:
    """How many open slots of one run would have to go: they are allowed to stay blank, ever more of them."""
    best: int | None = None
    for begin, end in _open_runs(places):
        for n in range(1, (end - begin if best is None else best - 1) + 1):
            fewer = list(links)
            fewer[end - n : end] = [
                dataclasses.replace(link, may_be_blank=True, begins=k == 0)
                for k, link in enumerate(links[end - n : end])
            ]
            if end < len(fewer):
                fewer[end] = dataclasses.replace(fewer[end], begins=True)
            if completable(fewer):
                best = n
                break
    return best


def _open_runs(places: Sequence[Place]) -> list[tuple[int, int]]:
    """Where runs of open slots begin and end."""
    runs: list[tuple[int, int]] = []
    for slot, place in enumerate(places):
        if place.is_open and not place.may_be_blank:
            if runs and runs[-1][1] == slot:
                runs[-1] = (runs[-1][0], slot + 1)
            else:
                runs.append((slot, slot + 1))
    return runs


def _ends_of_open_runs(places: Sequence[Place]) -> list[int]:
    """Borders behind runs of open slots; the end of a canvas without any."""
    return [end for _, end in _open_runs(places)] or [len(places)]
