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

A string that no sibling begins with is *new*: nothing in 1 matters of it, whatever it goes on with. So from the first
token on with which a name is new, its places need not be read, as long as tokens stay in the string, and where a token
leads that ends it is remembered like any other. (Llama 3: 1.7 us for such a mask and 1.3 for such a token; 4.8 and 4.3
if the text is asked.)

While no value has asked yet there is nothing to repeat, which is how most documents stay: members that a schema
declares do not ask. Then only tokens that hold two values which do are looked at, and hardly any vocabulary has one.

Rejected: asking in the mask's walk (masks would depend on the text and could not be kept).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._documents import is_in_document
from maskwright.automata._layout import CONFIGURATION_FLAGS, HAS_TOKEN_EDGES, MAX_FOUND, NEED_ANSWER
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.matching._asking import END_ASKS, OUTSIDE, find_asking, find_asking_twice
from maskwright.matching._json_reader import (
    HAS_ASKED,
    IS_AMBIGUOUS,
    MOST_WORDS_A_BYTE,
    N_SINCE,
    N_WORDS_USED,
    NO_ROOM,
    READER_SIZE,
)
from maskwright.matching._repetitions import allow_named, forbid_completions, forbid_repeated
from maskwright.matching.asking_tokens import ENDS, STAYS, AskingTokens
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.place import Trail
from maskwright.matching.siblings import Reading, start_reading

_FIRST_ROOM = 1 << 10
_LONGEST_AT_ONCE = 256
"""Texts of so many bytes are read from an array that is there already."""
_MOST_UNREAD = 8
"""So many tokens may a new string go on before it is read up to there."""
_MOST_GARBAGE = 8
"""A log of this many times the words that one reading needs is left behind: rollbacks and forks write to it too."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What must be looked at in a configuration: these tokens, and perhaps the end of the string in progress."""

    tokens: NDArray[np.int32]
    may_end_asking: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What came up while bytes were read: see `place`; `n_since` is how many bytes ago a document began, or -1."""

    has_asked: bool
    n_since: int
    is_ambiguous: bool


INDEPENDENT = 1
"""The mask of a place does not depend on the text."""

_NOTHING = _Plan(np.empty(0, dtype=np.int32), False)
"""The plan where nothing must be looked at, by far the most frequent one."""


class Repetitions:
    """Answers and corrections for one compiled grammar; its owner holds a lock around every call."""

    def __init__(self, tables: MaskTables) -> None:
        self._tables = tables
        self._vocabulary = tables.vocabulary
        self._longest = self._vocabulary.longest
        self._tokens = (self._longest, self._vocabulary.token_start, self._vocabulary.token_data)
        # By configuration, before and after the first value that asked.
        self._plans: tuple[dict[int, _Plan], dict[int, _Plan]] = ({}, {})
        self._epoch = -1
        self._asking: AskingTokens | None = None
        self._in_string: memoryview | None = None  # that of `_asking`
        self._text = np.empty(_LONGEST_AT_ONCE, dtype=np.uint8)  # what is read next
        self._text_bytes = self._text.data
        self._work = np.empty(2 * READER_SIZE, dtype=np.int64)
        self._nothing_read = start_reading(MOST_WORDS_A_BYTE * (self._longest + 1) + _FIRST_ROOM)

    @functools.cached_property
    def _out(self) -> NDArray[np.int32]:
        """Room for the tokens that ask; half a megabyte, which most grammars do not need.

        A mask that is a list may name a token more than once, where several items of a configuration allow it.
        """
        return np.empty(max(self._vocabulary.size, MAX_FOUND), dtype=np.int32)

    def run(self, kernel: Callable[..., int], reading: Reading, *arguments: object) -> int:
        """Call `kernel(arena, scratch, configuration, the reading's arrays, ...)` until the log has enough room."""
        log = reading.log
        while True:
            text = (log.words, log.heard, reading.header, self._work)
            code = kernel(*arguments[:3], *text, *arguments[3:])
            if code != NO_ROOM:
                return int(code)
            log.grow()

    @property
    def answers(self) -> Answers:
        """What came up in the last `run`."""
        trial = self._work[READER_SIZE:]
        return Answers(bool(trial[HAS_ASKED]), int(trial[N_SINCE]), bool(trial[IS_AMBIGUOUS]))

    def reading_of(self, network: TransitionNetwork, trail: Trail, configuration: int) -> Reading:
        """The text of a trail, read from the nearest place before that was read, or where its document begins."""
        if network.has_documents and not is_in_document(network.arena, network.scratch, configuration):
            return self._nothing_read
        position = len(trail.reads)
        note = trail.notes[-1] if trail.notes else None
        known = note.reading if note is not None else None
        if known is not None and note is not None:
            if note.position == position:
                return known
            if known.log.words[N_WORDS_USED] > _MOST_GARBAGE * known.log.size_when_new:
                known = None
                note = next((one for one in reversed(trail.notes) if one.began >= 0), None)
        begin = note.position if note is not None else 0
        token_bytes = self._vocabulary.token_bytes
        texts = [read if isinstance(read, bytes) else token_bytes[read] for read in trail.reads[begin:]]
        if known is None and note is not None:
            read = trail.reads[begin - 1]
            texts.insert(0, (read if isinstance(read, bytes) else token_bytes[read])[note.began :])
        text = texts[0] if len(texts) == 1 else b"".join(texts)
        n_bytes = len(text)
        if known is None:
            room = MOST_WORDS_A_BYTE * (self._longest + 1) + _FIRST_ROOM + 4 * n_bytes
            known = start_reading(room, is_ambiguous=note is not None and note.is_ambiguous)
        if n_bytes <= _LONGEST_AT_ONCE:
            self._text_bytes[:n_bytes] = text
            reading = known.after(self._text, 0, n_bytes)
        else:
            reading = known.after(np.frombuffer(text, dtype=np.uint8).copy(), 0, n_bytes)
        trail.keep_reading(reading)
        return reading

    def is_new(self, trail: Trail) -> bool:
        """Is a text inside a new string?  False too if that is not known without reading it."""
        note = trail.notes[-1] if trail.notes else None
        if note is None or note.reading is None or not note.reading.is_new:
            return False
        unread = trail.reads[note.position :]
        in_string = self._in_string
        if in_string is None or len(unread) > _MOST_UNREAD:
            return False
        stays = True
        for read in unread:
            stays = stays and not isinstance(read, bytes) and in_string[read] == STAYS
        return stays

    def ends_new(self, network: TransitionNetwork, trail: Trail, token: int) -> bool:
        """Does a token end a new string, and nothing else that asks?  Then it leads to the same place in any text.

        Not where a document is part of a text: which one is in progress may be open in one text and not in another.
        """
        in_string = self._in_string
        if in_string is None or in_string[token] != ENDS or network.has_documents or not network.asks_of_strings_only:
            return False
        return self.is_new(trail)

    def forbid(self, network: TransitionNetwork, trail: Trail, configuration: int, row: NDArray[np.int32]) -> int:
        """Take the tokens that repeat a sibling out of the row of a place.

        Returns INDEPENDENT where there is nothing to take out whatever the text, 0 where the text was asked, or the
        NEED code of a kernel.
        """
        if self._epoch != network.epoch:
            self._plans, self._epoch = ({}, {}), network.epoch
        may_repeat = trail.places[-1].has_asked or not network.asks_of_strings_only
        plan = self._plans[may_repeat].get(configuration)
        if plan is _NOTHING:
            return INDEPENDENT
        if self._asking is None:
            self._asking = self._tables.asking_tokens
            self._in_string = self._asking.in_string.data
        if plan is None:
            if may_repeat:
                code, plan = self._make_plan(network, trail, configuration, row, self._asking)
            else:
                code, plan = self._make_plan_within_tokens(network, configuration, row, self._asking)
            if code < 0:
                return code
            self._plans[may_repeat][configuration] = plan
            if plan is _NOTHING:
                return INDEPENDENT
        if not plan.tokens.size and self.is_new(trail):
            return 0
        code = self._carry_out(plan, network, trail, configuration, row, self._asking)
        if network.arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
            allow_named(network.arena, configuration, row)
        return code

    def _make_plan_within_tokens(
        self, network: TransitionNetwork, configuration: int, row: NDArray[np.int32], asking: AskingTokens
    ) -> tuple[int, _Plan]:
        """The same where no value asked so far: a token must hold two that do, the second of them with both quotes."""
        vocabulary = self._vocabulary
        spelled = (vocabulary.token_start, vocabulary.token_data, asking.quotes, asking.by_quotes, row)
        n = int(find_asking_twice(network.arena, network.scratch, configuration, *spelled, self._out))
        if n <= 0:
            return n, _NOTHING
        return 0, _Plan(self._out[:n].copy(), False)

    def _make_plan(
        self,
        network: TransitionNetwork,
        trail: Trail,
        configuration: int,
        row: NDArray[np.int32],
        asking: AskingTokens,
    ) -> tuple[int, _Plan]:
        """What a configuration asks for, whatever the text; or the NEED code of a kernel.

        The text is looked at only where a string may end that asks, and then it says whether the place is inside one.
        (A text inside an escape may share its configuration with another that is not; no other two differ in that.)
        """
        vocabulary = self._vocabulary
        tokens = (vocabulary.token_start, vocabulary.token_data, asking.quotes, asking.by_quotes, row)
        only_strings = int(network.asks_of_strings_only)
        start = (network.arena, network.scratch, configuration, *tokens, only_strings)
        if network.has_documents and not is_in_document(network.arena, network.scratch, configuration):
            n = find_asking(*start, OUTSIDE, self._out)
        else:
            n = find_asking(*start, -1, self._out)
        if n == NEED_ANSWER:
            reading = self.reading_of(network, trail, configuration)
            n = find_asking(*start, int(reading.is_in_string), self._out)
        if n <= 0:
            return int(n), _NOTHING
        return 0, _Plan(self._out[: n & ~END_ASKS].copy(), n >= END_ASKS)

    def _carry_out(
        self,
        plan: _Plan,
        network: TransitionNetwork,
        trail: Trail,
        configuration: int,
        row: NDArray[np.int32],
        asking: AskingTokens,
    ) -> int:
        reading = self.reading_of(network, trail, configuration)
        start = (network.arena, network.scratch, configuration)
        tokens = self._tokens
        listed = plan.tokens
        if plan.may_end_asking and not reading.is_new:
            if reading.is_in_escape:
                listed = asking.with_quotes
            else:
                escaped = (asking.escaped, asking.escaped_start, asking.escaped_data)
                code = self.run(forbid_completions, reading, *start, *tokens, self._tables.arena, *escaped, row)
                if code < 0:
                    return code
        if listed.size:
            only_strings = int(network.asks_of_strings_only)
            arrays = (listed, asking.kinds, asking.quotes, only_strings, row)
            return self.run(forbid_repeated, reading, *start, *tokens, *arrays)
        return 0
