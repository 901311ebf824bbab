"""Values that must differ from their siblings: what a text so far forbids, on top of what its configuration allows.

A configuration does not know the text, so it cannot know which names and items came before. It only knows that a value
that has just ended *asks* (`ir.Distinct`). Whoever knows the text answers: `step_answered` takes the configuration as
it is for a new value, and one without the items that end it for a repetition. All answers come from a `Reading`, the
text as `_json_reader` reads it, made for a place when something asks there and not before: grammars in which nothing
asks, and places where nothing can, pay nothing.

Masks. The row of a configuration is found and kept as if all values were new. Then the tokens in which a value repeats
a sibling are taken out of the caller's copy. Which tokens must be read for that is found in two ways:

 1. The text ends inside a string, and the token ends it: only the siblings that begin with the string so far matter,
    and for each the tokens that begin with its rest and a quote are one subtree of the token trie.
 2. All others: tokens that hold a whole value, or end a container, literal or number. Which of the tokens allowed in a
    configuration ask on their way does not depend on the text, so it is found once for each configuration (`_Plan`).
    Mostly there are none: where only strings ask, they have two quotes at least, or three inside a string.

Rejected: asking in the mask's walk (masks would depend on the text and could not be kept).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._layout import MASK
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.matching._json_reader import READER_SIZE
from maskwright.matching._repetitions import (
    forbid_completions,
    forbid_repeated,
    list_asking,
    may_end_asking,
)
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.place import Place
from maskwright.matching.siblings import Reading, start_reading

_FIRST_ROOM = 1 << 10
_MOST_GARBAGE = 8
"""A log of this many times the words that one reading needs is left behind: rollbacks and forks write to it too."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What must be looked at in a configuration: these tokens, and perhaps the end of the string in progress."""

    tokens: NDArray[np.int32]
    may_end_asking: bool


_NOTHING = _Plan(np.empty(0, dtype=np.int32), False)
"""The plan where nothing must be looked at, by far the most frequent one."""


class Repetitions:
    """Answers and corrections for one compiled grammar; its owner holds a lock around every call."""

    def __init__(self, tables: MaskTables) -> None:
        self._tables = tables
        self._vocabulary = tables.vocabulary
        self._longest = int(np.diff(self._vocabulary.token_start).max(initial=1))
        self._plans: dict[int, _Plan] = {}
        self._epoch = -1
        self.trial = np.empty(READER_SIZE, dtype=np.int64)

    def reading_of(self, place: Place) -> Reading:
        """The text up to a place, read from the nearest place before that was read."""
        path: list[int | bytes] = []
        here: Place | None = place
        while here is not None and here.reading is None:
            path.append(here.read)
            here = here.parent
        known = here.reading if here is not None else None
        if known is not None:
            if not path:
                return known
            if known.log.n_words > _MOST_GARBAGE * known.log.size_when_new:
                known = None
                while here is not None:
                    path.append(here.read)
                    here = here.parent
        if known is not None and len(path) == 1 and isinstance(path[0], int):
            start = self._vocabulary.token_start
            begin, end = int(start[path[0]]), int(start[path[0] + 1])
            place.reading = reading = known.after(self._vocabulary.token_data, begin, end)
            return reading
        texts = [read if isinstance(read, bytes) else self._vocabulary.token_bytes[read] for read in reversed(path)]
        text = np.frombuffer(b"".join(texts), dtype=np.uint8).copy()
        if known is None:
            known = start_reading(_FIRST_ROOM + 4 * len(text))
        place.reading = reading = known.after(text, 0, len(text))
        return reading

    def forbid(self, network: TransitionNetwork, place: Place, configuration: int, row: NDArray[np.int32]) -> int:
        """Take the tokens that repeat a sibling out of the row of a place; 0, or the NEED code of a kernel."""
        if self._epoch != network.epoch:
            self._plans.clear()
            self._epoch = network.epoch
        plan = self._plans.get(configuration)
        if plan is None:
            code, plan = self._make_plan(network, place, configuration, row)
            if code < 0:
                return code
            self._plans[configuration] = plan
        if plan is _NOTHING:
            return 0
        reading = self.reading_of(place)
        if plan.may_end_asking and reading.is_in_escape:
            plan = _Plan(self._tables.asking_tokens.with_quotes[0], False)
        return self._carry_out(plan, network, reading, configuration, row)

    def _make_plan(
        self, network: TransitionNetwork, place: Place, configuration: int, row: NDArray[np.int32]
    ) -> tuple[int, _Plan]:
        """What a configuration asks for, whatever the text; or the NEED code of a kernel.

        The text is looked at only where a string may end that asks, and then it says whether the place is inside one.
        (A text inside an escape may share its configuration with another that is not; no other two differ in that.)
        """
        asking = self._tables.asking_tokens
        arena, scratch = network.arena, network.scratch
        mask = int(arena[configuration + MASK])
        only_strings = network.asks_of_strings_only
        may_end = in_string = False
        if mask > 0:
            candidates = arena[mask + 1 : mask + 1 + arena[mask]].copy()
        else:
            code = may_end_asking(arena, scratch, configuration)
            if code < 0:
                return code, _NOTHING
            in_string = may_end = bool(code) and self.reading_of(place).is_in_string
            if code and not in_string and not only_strings:
                candidates = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).astype(np.int32)
            else:
                candidates = asking.with_quotes[int(only_strings) * (1 + in_string)]
        out = np.empty(len(candidates), dtype=np.int32)
        tokens = (
            self._vocabulary.token_start,
            self._vocabulary.token_data,
            asking.quotes,
            int(only_strings),
            candidates,
        )
        n = list_asking(arena, scratch, *tokens, row, configuration, in_string, out)
        if n < 0:
            return int(n), _NOTHING
        return 0, _Plan(out[:n].copy(), may_end) if n or may_end else _NOTHING

    def _carry_out(
        self,
        plan: _Plan,
        network: TransitionNetwork,
        reading: Reading,
        configuration: int,
        row: NDArray[np.int32],
    ) -> int:
        asking = self._tables.asking_tokens
        reader = reading.resumed(self._longest)
        log = reading.log
        text = (log.words, log.heard, reader, self.trial)
        tokens = (self._vocabulary.token_start, self._vocabulary.token_data)
        code = 0
        if plan.may_end_asking and reading.is_in_string:
            code = forbid_completions(
                network.arena,
                network.scratch,
                self._tables.arena,
                *text,
                *tokens,
                configuration,
                asking.escaped,
                asking.escaped_start,
                asking.escaped_data,
                row,
            )
        if code == 0 and plan.tokens.size:
            code = forbid_repeated(
                network.arena, network.scratch, *text, *tokens, configuration, plan.tokens, asking.kinds, row
            )
        return int(code)
