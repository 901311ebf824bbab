"""A grammar compiled for one vocabulary: shared by any number of matchers and threads.

It owns the transition network (everything learnt about the grammar) and the store of finished mask rows, and is the
only place that calls the kernels, each time under its lock and with the GIL released inside: a hit takes about a
microsecond, so threads that share a grammar queue for microseconds, and those with different grammars run side by side.
Rejected: lock-free hits. They need memory barriers that numba does not offer, for what is at most a microsecond.

Memory. `max_bytes` bounds the arena and the rows together. When they are full everything learnt is dropped and `epoch`
grows by one. The place that asked is carried over; every other finds itself again by reading its own text in the new
arena when it is next used, at a microsecond a token. Answers do not change.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._configurations import advance, advance_bytes, read_forced
from maskwright.automata._layout import (
    DEAD,
    HEADER_SIZE,
    IS_ACCEPTING,
    N_NODES_WALKED,
    N_ROWS,
    N_STEPS,
    NEED_ANSWER,
    NEED_INTERIOR,
    NEED_LEXEMES,
    NEED_ROW,
    NEEDED,
    STATE_INTERIOR,
)
from maskwright.automata._lexed_layout import TUPLE_MEMO
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import ArenaFull, TransitionNetwork
from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.ir import Grammar, TokenSet
from maskwright.grammar.report import Report
from maskwright.grammar.rewriting import leaves
from maskwright.matching._answers import (
    TWO_DOCUMENTS,
    advance_with_text,
    read_forced_answered,
    take_token_with_text,
)
from maskwright.matching._masks import fill
from maskwright.matching.lexeme_tables import sorted_tokens
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.place import Place
from maskwright.matching.repetitions import Repetitions
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.vocabulary_gap import close_gaps

if TYPE_CHECKING:
    from maskwright.matching.matcher import Matcher
    from maskwright.matching.siblings import Reading

STATES_BUILT_AHEAD = 4000
"""At compile time rules are built, breadth first, until there are this many states; others when a text reaches them."""

DEFAULT_MAX_BYTES = 256 << 20
_MIN_MAX_BYTES = 8 << 20
_FEWEST_ROWS, _MOST_RESERVED_ROWS = 16, 4096
"""Rows to reserve room for at once: addresses, not memory, as for the arena."""
_PIECE = 256
"""Bytes read at once: every one may be a new configuration of a kilobyte, and the least memory must hold them all."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """What a compiled grammar holds, in bytes and in numbers of things (see `_layout` for the words)."""

    arena_bytes: int
    row_bytes: int
    max_bytes: int
    n_states: int
    n_frames: int
    n_configurations: int
    n_rows: int
    n_rules_built: int
    n_rules_found: int
    n_restarts: int
    n_steps: int
    n_nodes_walked: int


class CompiledGrammar:
    """A grammar with its masks for one vocabulary; `matcher()` begins a text.

    `report` says what the specification asked for that was restricted or is only an annotation, and where.
    """

    def __init__(self, grammar: Grammar, tables: MaskTables, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        if max_bytes < _MIN_MAX_BYTES:
            raise LimitExceeded(
                "The automaton", asked=_MIN_MAX_BYTES, allowed=max_bytes, remedy="raise max_bytes to at least 8 MiB"
            )
        self.vocabulary: Vocabulary = tables.vocabulary
        self.report: Report = grammar.report
        self._token_start = self.vocabulary.token_start
        self._token_data = self.vocabulary.token_data
        self._tables = tables
        self._max_bytes = max_bytes
        self._repetitions = Repetitions(tables)
        self._lock = threading.RLock()
        prepared = prepare(grammar)
        if not grammar.is_prepared:
            # All at once: a rule that is built when a text reaches it must not fail then.
            for right_part in prepared.rules.values():
                for leaf in leaves(right_part):
                    if isinstance(leaf, TokenSet):
                        token_ids_of(self.vocabulary, leaf)
        try:
            self._network = TransitionNetwork(
                close_gaps(prepared, self.vocabulary),
                shared_states=tables.states_of,
                token_ids_of=functools.partial(token_ids_of, self.vocabulary),  # no cycle: memory is freed at once
                max_token_length=int(np.diff(self.vocabulary.token_start).max(initial=1)),
                max_bytes=max_bytes - (max_bytes // 4),
            )
            self._network.build_ahead(STATES_BUILT_AHEAD)
            self._start = self._network.start()
        except ArenaFull as error:
            raise self._too_large() from error
        self._rows = self._reserve_rows()

    def matcher(self) -> Matcher:
        """A new session at the start of a text."""
        from maskwright.matching.matcher import Matcher

        return Matcher(self)

    @property
    def memory(self) -> MemoryUse:
        """How much has been built so far."""
        with self._lock:
            counts = self._network.counts
            header = self._network.arena[:HEADER_SIZE].tolist()
            return MemoryUse(
                arena_bytes=self._network.size_bytes,
                row_bytes=int(header[N_ROWS] * self._rows[0].nbytes),
                max_bytes=self._max_bytes,
                n_states=counts["states"],
                n_frames=counts["frames"],
                n_configurations=counts["configurations"],
                n_rows=header[N_ROWS],
                n_rules_built=counts["rules_built"],
                n_rules_found=counts["rules_found"],
                n_restarts=self._network.epoch,
                n_steps=header[N_STEPS],
                n_nodes_walked=header[N_NODES_WALKED],
            )

    # What follows is for `Matcher`: every answer about a place in a text.

    def start(self) -> Place:
        """The place at the start of a text."""
        with self._lock:
            return Place(None, b"", self._start, self._network.epoch)

    def after_token(self, place: Place, token_id: int) -> Place | None:
        """The place after one more token, or None if it is refused.  The one decision about a token."""
        network = self._network
        start, data = self._token_start, self._token_data
        with self._lock:
            tries = 0
            while True:
                configuration = place.configuration if place.epoch == network.epoch else self._find_again(place)
                code = advance(network.arena, network.scratch, configuration, start, data, token_id)
                if code > 0:
                    return Place(place, token_id, code, network.epoch)
                if code == DEAD:
                    return None
                if code == NEED_ANSWER:
                    return self._take_answered(place, token_id)
                tries = self._provide(code, place, tries)

    def after_text(self, place: Place, text: bytes) -> Place | None:
        """The place after more bytes, or None if one of them is refused."""
        with self._lock:
            return self._read(place, text)

    def _read(self, place: Place, text: bytes) -> Place | None:
        """The place after more bytes, or None; in pieces, so that memory need not hold a long text at once."""
        here = place
        began, is_ambiguous = -1, False
        if here.epoch != self._network.epoch:
            self._find_again(here)
        for begin in range(0, len(text), _PIECE):
            read = text[begin : begin + _PIECE]
            piece = _writable(read)
            code = self._run(advance_bytes, here, piece, 0, len(piece))
            if code == NEED_ANSWER:
                after = self._answered(here, read, len(piece), advance_with_text, piece, 0, len(piece))
            else:
                after = Place(here, read, code, self._network.epoch) if code else None
            if after is None:
                return None
            if after.began >= 0:
                began, is_ambiguous = begin + after.began, after.is_ambiguous
            here = after
        return Place(place, text, here.configuration, here.epoch, here.has_asked, began, is_ambiguous)

    def _take_answered(self, place: Place, token_id: int) -> Place | None:
        """The place after a token in which something comes up that only the text can answer."""
        start, data = self._token_start, self._token_data
        n_bytes = int(start[token_id + 1] - start[token_id])
        return self._answered(place, token_id, n_bytes, take_token_with_text, start, data, token_id)

    def _answered(
        self, place: Place, read: int | bytes, n_bytes: int, kernel: Callable[..., int], *arguments: object
    ) -> Place | None:
        """The place after what was read, or None, where a value must differ from those before it in the text."""
        reading = self._reading_of(place)
        code = self._run(functools.partial(self._repetitions.run, kernel, reading), place, *arguments)
        if code == DEAD:
            return None
        answers = self._repetitions.answers
        began = n_bytes - answers.n_since if answers.n_since >= 0 else -1
        return Place(place, read, code, self._network.epoch, answers.has_asked, began, answers.is_ambiguous)

    def _reading_of(self, place: Place) -> Reading:
        """The document in progress at a place, as far as it was read."""
        network = self._network
        configuration = place.configuration if place.epoch == network.epoch else self._find_again(place)
        return self._repetitions.reading_of(network, place, configuration)

    def fill_row(self, place: Place, row: NDArray[np.int32]) -> None:
        """Write the mask of a place into a row."""
        network = self._network
        with self._lock:
            tries = 0
            while True:
                configuration = place.configuration if place.epoch == network.epoch else self._find_again(place)
                code = fill(network.arena, network.scratch, configuration, self._tables.arena, self._rows, row)
                if code >= 0 and network.asks:
                    code = self._repetitions.forbid(network, place, configuration, row)
                if code >= 0:
                    return
                tries = self._provide(code, place, tries)

    def is_accepting(self, place: Place) -> bool:
        """Is the text up to this place complete?"""
        with self._lock:
            configuration = place.configuration if place.epoch == self._network.epoch else self._find_again(place)
            return bool(self._network.arena[configuration + IS_ACCEPTING])

    def forced_text(self, place: Place, limit: int) -> bytes:
        """The bytes that must come next, at most `limit` of them."""
        out = np.empty(limit, dtype=np.uint8)
        with self._lock:
            here = place
            n = 0
            while n < limit:
                found = self._read_forced(here, out[n : n + _PIECE])
                n += found
                if found < _PIECE:
                    break
                read = out[n - found : n].tobytes()
                following = self._read(here, read)
                assert following is not None, "what must come next can be read"
                here = following
            return out[:n].tobytes()

    def _read_forced(self, place: Place, out: NDArray[np.uint8]) -> int:
        """Write what must come next into `out`: how many bytes."""
        found = NEED_ANSWER if self._network.asks else self._run(read_forced, place, out)
        if found != NEED_ANSWER:
            return found
        reading = self._reading_of(place)
        return self._run(functools.partial(self._repetitions.run, read_forced_answered, reading), place, out)

    def _run(self, kernel: Callable[..., int], place: Place, *arguments: object) -> int:
        """Call `kernel(arena, scratch, configuration, *arguments)` until it needs nothing more, or an answer."""
        network = self._network
        tries = 0
        while True:
            configuration = place.configuration if place.epoch == network.epoch else self._find_again(place)
            code = kernel(network.arena, network.scratch, configuration, *arguments)
            if code >= 0 or code == NEED_ANSWER:
                return int(code)
            tries = self._provide(code, place, tries)

    def _find_again(self, place: Place) -> int:
        """The configuration of a place from an earlier epoch, by reading its text again."""
        steps = place.steps_since(self._network.epoch)
        here = steps[0] if steps[0].epoch == self._network.epoch else self.start()
        for step in steps[1:]:
            if isinstance(step.read, bytes):
                after = self._read(here, step.read)
                code = 0 if after is None else after.configuration
            else:
                start, data = self._token_start, self._token_data
                code = self._run(advance, here, start, data, step.read)
                if code == NEED_ANSWER:
                    after = self._take_answered(here, step.read)
                    code = 0 if after is None else after.configuration
            assert code > 0, "a text that was accepted before is accepted again"
            step.configuration, step.epoch = code, self._network.epoch
            here = step
        place.configuration, place.epoch = here.configuration, here.epoch
        return place.configuration

    def _provide(self, code: int, place: Place, tries: int) -> int:
        """Supply what a kernel asked for; where memory is at its limit, keep nothing but the given place.

        `tries` is how often one call has done that, and so is the result: twice means that it will never be enough.
        """
        try:
            if code == NEED_ROW:
                self._add_rows()
            elif code == NEED_INTERIOR:
                arena = self._network.arena
                state = int(arena[NEEDED])
                arena[state + STATE_INTERIOR] = self._tables.interior_of(*self._network.automaton_at(state))
            elif code == TWO_DOCUMENTS:
                raise LimitExceeded(
                    "A value that must differ from its siblings, where it is open which JSON document is in progress,",
                    asked=2,
                    allowed=1,
                    remedy="write the grammar so that no document can begin while another one goes on",
                )
            elif code == NEED_LEXEMES:
                self._sort_lexemes(int(self._network.arena[NEEDED]))
            else:
                self._network.provide(code)
        except ArenaFull:
            if tries:
                raise self._too_large() from None
            self._restart(place)
            return tries + 1
        return tries

    def _sort_lexemes(self, place: int) -> None:
        """Have the tokens of a place of a lexed language sorted, and note where the record lies."""
        network = self._network
        scan, context, part, key = network.place_at(place)
        data, arena, scratch = self._token_data, network.arena, network.scratch
        record = self._tables.lexemes_of(
            key, context, part, lambda texts: sorted_tokens(texts, data, arena, scratch, scan, context)
        )
        if record < 0:
            network.provide(record)
        else:
            network.arena[place + TUPLE_MEMO] = record

    def _restart(self, place: Place) -> None:
        """Begin a new arena that holds one place; raises LimitExceeded where not even that fits."""
        try:
            place.configuration = self._network.restart(place.configuration)
            place.epoch = self._network.epoch
        except ArenaFull:
            self._network.clear()
            raise self._too_large() from None
        finally:
            self._rows = self._reserve_rows()
            self._start = self._network.start()

    def _too_large(self) -> LimitExceeded:
        return LimitExceeded(
            "The automaton of one place in the text",
            asked=self._max_bytes + 1,
            allowed=self._max_bytes,
            remedy="raise max_bytes",
        )

    def _reserve_rows(self) -> NDArray[np.int32]:
        """Room for the rows that a quarter of the memory allowed can hold, but never fewer than a mask needs."""
        n_rows = self._max_bytes // 4 // (4 * self._tables.n_words)
        return np.empty((max(_FEWEST_ROWS, min(n_rows, _MOST_RESERVED_ROWS)), self._tables.n_words), dtype=np.int32)

    def _add_rows(self) -> None:
        n_rows = 2 * len(self._rows)
        if n_rows * self._rows[0].nbytes > self._max_bytes // 4:
            raise ArenaFull
        rows = np.empty((n_rows, self._rows.shape[1]), dtype=np.int32)
        rows[: len(self._rows)] = self._rows
        self._rows = rows


def token_ids_of(vocabulary: Vocabulary, token_set: TokenSet) -> list[int]:
    """The ids that a token set of a grammar means in a vocabulary, ascending; raises GrammarSyntaxError."""
    ids = set(token_set.ids)
    for name in token_set.names:
        if name not in vocabulary.special_token_names:
            raise GrammarSyntaxError(f"the vocabulary has no special token {name!r}", name, 0, "token name")
        ids.add(vocabulary.special_token_names[name])
    for token in ids:
        if not 0 <= token < vocabulary.size:
            raise GrammarSyntaxError(
                f"token id {token} lies outside the vocabulary of {vocabulary.size} ids", str(token), 0, "token id"
            )
    if token_set.negated:
        ids = set(range(len(vocabulary.token_bytes))) - ids - set(vocabulary.eos_token_ids)
    ending = ids.intersection(vocabulary.eos_token_ids)
    if ending or not ids:
        what = f"token {min(ending)} ends the text, so no rule may name it" if ending else "this set has no token"
        raise GrammarSyntaxError(what, str(token_set), 0, "token set")
    return sorted(ids)


def _writable(text: bytes) -> NDArray[np.uint8]:
    """The bytes as an array that numba takes for an ordinary one."""
    return np.frombuffer(text, dtype=np.uint8).copy()
