"""A shortest way to complete a text: the fewest bytes behind it with which it is a member of the grammar.

Idea. Places that texts share are one object (`place`), so the search is Dijkstra's over places: of the ways to one only
the first is followed. What must come next is read at once (`forced_bytes`); elsewhere one byte stands for all that the
grammar does not tell apart, and for a few of them where values must differ. Cost: some 20 us a place; a text that needs
more than MAX_TRIES of them has no completion here.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING, Final

from maskwright.automata.shortest_words import cost_of
from maskwright.errors import TokenRejected

if TYPE_CHECKING:
    from maskwright.matching.matcher import Matcher

MAX_TRIES: Final = 20_000
"""Places that are looked at, about half a second."""


def shortest_completion(matcher: Matcher) -> bytes | None:
    """The bytes with which the text is complete, none if it is; None where none was found, or only tokens lead on.

    After `{"a": [1` it is `]}`.
    """
    ticket = count()
    queue: list[tuple[int, int, Matcher, bytes]] = [(0, next(ticket), matcher.fork(), b"")]
    done: set[tuple[int, int, bool]] = set()
    for _ in range(MAX_TRIES):
        if not queue:
            return None
        _, _, here, written = heapq.heappop(queue)
        if here.is_accepting():
            return written
        place = (here.place.epoch, here.place.configuration, here.place.has_asked)
        if place in done:
            continue
        done.add(place)
        for text in _ways_on(here):
            ahead = here.fork()
            try:
                ahead.accept_bytes(text)
            except TokenRejected:
                continue
            heapq.heappush(queue, (cost_of(written + text), next(ticket), ahead, written + text))
    return None


def _ways_on(matcher: Matcher) -> list[bytes]:
    """Texts that may come next: all of what is forced, or else one byte of each kind."""
    forced = matcher.forced_bytes()
    return [forced] if forced else [bytes([byte]) for byte in matcher.grammar.next_bytes(matcher.trail)]
