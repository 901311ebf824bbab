"""A grammar compiled for one vocabulary: shared by any number of matchers and threads.

It owns the transition network (everything learnt about the grammar), the masks, and the places of its texts, and is the
only one that calls the kernels, each time under its lock and with the GIL released inside. What a place remembers is
read without the lock (`place`), so threads queue only for what no text has asked before, for microseconds.

Some masks take longer. Sorting a vocabulary's tokens, for a pattern or a lexer, is done without the lock, or in slices
between which it is free; a walk that learns much is broken off (NEED_TURN) and soon gets to the same node again. What
comes out is put in if memory has not started over meanwhile. If it does again and again, the mask is found under the
lock at one go: so threads cannot drive each other out of a memory that is too small for two.

Memory. `max_bytes` bounds the arena and the rows together. When they are full everything learnt is dropped and `epoch`
grows by one. The place that asked is carried over; every other finds itself again by reading its own text in the new
arena when it is next used, at a microsecond a token. Answers do not change. What does not fit at once is asked in
smaller pieces: a long text byte by byte, a mask token by token (`token_by_token`).
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from maskwright.array_file import write_atomically
from maskwright.automata._configurations import advance, advance_bytes, items_of, read_forced, step
from maskwright.automata._documents import is_in_document
from maskwright.automata._layout import (
    CONFIGURATION_FLAGS,
    COUNTER_COUNT,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    FRAME_SIZE,
    HAS_TOKEN_EDGES,
    HEADER_SIZE,
    IS_ACCEPTING,
    IS_COUNTER,
    N_ITEMS,
    N_NODES_WALKED,
    N_ROWS,
    N_SPANS,
    N_STEPS,
    NEED_ANSWER,
    NEED_INTERIOR,
    NEED_LEXEMES,
    NEED_ROW,
    NEED_TURN,
    NEEDED,
    SPANS,
    STATE_INTERIOR,
)
from maskwright.automata._lexed_layout import TUPLE_MEMO
from maskwright.automata.passes import prepare
from maskwright.automata.rule_stacks import rule_stacks, terminals_at
from maskwright.automata.shortest_words import RANK
from maskwright.automata.transition_network import ArenaFull, TransitionNetwork
from maskwright.errors import CompletionUndecided, GrammarSyntaxError, LimitExceeded, MaskwrightError, MatcherError
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.ir import Grammar, Node, TokenSet
from maskwright.grammar.report import Report
from maskwright.grammar.rewriting import leaves
from maskwright.locks import Rank, let_others, shared_lock
from maskwright.matching._answers import (
    TWO_DOCUMENTS,
    advance_with_text,
    read_forced_answered,
    take_token_with_text,
)
from maskwright.matching._exploring import N_FOUND, NO_ROOM, places_behind_bytes, places_behind_tokens
from maskwright.matching._masks import fill
from maskwright.matching.bitmask import set_bits
from maskwright.matching.finished_rows import LATER_FILLS, FinishedRows, end_row
from maskwright.matching.grammar_file import to_bytes
from maskwright.matching.in_progress import InProgress
from maskwright.matching.lexeme_tables import Sorting
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.place import NO_EPOCH, Note, Place, Trail
from maskwright.matching.precomputing import Precomputed, precompute
from maskwright.matching.repetitions import INDEPENDENT, Repetitions
from maskwright.matching.token_by_token import fill_by_token
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.vocabulary_gap import close_gaps

if TYPE_CHECKING:
    from maskwright.matching.completion.budgeted import BudgetedMatcher
    from maskwright.matching.completion.outlook import Outlook
    from maskwright.matching.completion.sparing import SparingMatcher
    from maskwright.matching.event_matcher import EventMatcher
    from maskwright.matching.explaining_texts import TextExplanation
    from maskwright.matching.infilling.canvas import Canvas
    from maskwright.matching.infilling.slots import Slot
    from maskwright.matching.infilling.stacks import Stacks
    from maskwright.matching.json_events import JSONReader
    from maskwright.matching.matcher import Matcher
    from maskwright.matching.siblings import Reading

Arrays = TypeVar("Arrays", bound=tuple[object, ...])
Result = TypeVar("Result")

STATES_BUILT_AHEAD = 1000
"""At compile time rules are built, breadth first, until there are this many states; others when a text reaches them."""

DEFAULT_MAX_BYTES = 256 << 20
_MIN_MAX_BYTES = 8 << 20
_FEWEST_ROWS, _MOST_RESERVED_ROWS = 16, 4096
"""The store of rows has room for the fewest at first, which is all that most grammars ever need, and for the most after
that: addresses, not memory, as for the arena."""
_BYTES_FOR_ONE_REMEMBERED = 1024
"""A place takes some 300 bytes and a way from one to another 100: they get a part of what the arena may take."""
_EMPTIED_AT_ONCE = 2
_MOST_PLACES_BEHIND, _RECENT = 1 << 16, 1 << 12
"""Configurations that the tokens of one mask may lead to, repeats included; those that are remembered as found."""
_MAX_WORDS = 1 << 31
"""More than an arena ever has."""
_MOST_ALIKE = 4
"""Values that must differ are told apart by so many bytes at each place."""
_PIECE = 256
"""Bytes read at once: every one may be a new configuration, and the least memory must hold them all."""
_MOST_EPOCHS, _MOST_RESTARTS = 8, 2
"""A mask that has not come to its end when memory started over so often, or was filled by it so often, is found at one
go."""
_TAKES_LONG = frozenset({NEED_INTERIOR, NEED_LEXEMES, NEED_TURN})
"""What masks ask for that is done outside of the lock."""


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
    n_rows_by_token: int = 0
    n_tokens_left_out: int = 0
    budget_bytes: int = 0
    canvas_bytes: int = 0


class Ends(Enum):
    """How a value ends: a string, an object or an array with its last byte, a number with the one behind it."""

    WITH_BYTE = "with the byte"
    BEFORE_BYTE = "before the byte"


class RuleStacks(NamedTuple):
    """The rules of a grammar, the stacks of them that a text is in (`rule_stacks`), the terminals of its lexer, and
    where the JSON document that it is in begins: behind so many bytes of a step of the trail; None outside of one."""

    rules: Mapping[str, Node]
    stacks: tuple[tuple[str, ...], ...]
    terminals: tuple[str, ...]
    began: tuple[int, int] | None


class CompiledGrammar:
    """A grammar with its masks for one vocabulary; `matcher()` begins a text.

    `report` says what the specification asked for that was restricted or is only an annotation, and where.
    `has_gaps_closed`: the caller has seen to it that the vocabulary can spell the grammar (`vocabulary_gap`), whose
    rules may then be without end, each made when a text comes to it.
    """

    def __init__(
        self, grammar: Grammar, tables: MaskTables, *, max_bytes: int = DEFAULT_MAX_BYTES, has_gaps_closed: bool = False
    ) -> None:
        if max_bytes < _MIN_MAX_BYTES:
            raise LimitExceeded(
                "The automaton", asked=_MIN_MAX_BYTES, allowed=max_bytes, remedy="raise max_bytes to at least 8 MiB"
            )
        self.vocabulary: Vocabulary = tables.vocabulary
        self.report: Report = grammar.report
        self._is_document = grammar.is_document
        self._token_start = self.vocabulary.token_start
        self._token_data = self.vocabulary.token_data
        self._tables = tables
        self._table_arena = tables.table_arena
        self._max_bytes = max_bytes
        self._repetitions = Repetitions(tables)
        self._lock = shared_lock(Rank.GRAMMAR)
        self._sorting: InProgress[None] = InProgress()
        self._making_outlook: InProgress[Outlook] = InProgress()
        self.was_interrupted = False
        """Has something from outside ever ended the making of a rule or mask?  Then it is better compiled again."""
        prepared = prepare(grammar)
        if not grammar.is_prepared:
            # All at once: a rule that is built when a text reaches it must not fail then.
            for right_part in prepared.rules.values():
                for leaf in leaves(right_part):
                    if isinstance(leaf, TokenSet):
                        token_ids_of(self.vocabulary, leaf)
        try:
            self._network = TransitionNetwork(
                prepared if has_gaps_closed else close_gaps(prepared, self.vocabulary),
                shared_states=tables.states_of,
                token_ids_of=functools.partial(token_ids_of, self.vocabulary),  # no cycle: memory is freed at once
                max_token_length=self.vocabulary.longest,
                max_bytes=max_bytes - (max_bytes // 4),
                pool=tables.arena_pool,
            )
            weakref.finalize(self, self._network.give_back).atexit = False
            self._network.build_ahead(STATES_BUILT_AHEAD)
            self._starts = {grammar.start: self._network.start()}
        except ArenaFull as error:
            raise self._too_large() from error
        self._rows = self._first_rows()
        self._places: dict[int, Place] = {}
        self._forgotten: list[Place] = []
        self._n_rows_by_token = self._n_tokens_left_out = 0
        self._n_ways = 0  # from place to place, which are kept up to so many as the places
        self._most_remembered = max_bytes // _BYTES_FOR_ONE_REMEMBERED
        self._stacks: dict[tuple[bool, str | None, tuple[int, ...]], Stacks] = {}
        self._finished = FinishedRows(tables.row_pool)
        weakref.finalize(self, tables.row_pool.give_back, self._finished.blocks).atexit = False
        self.end = end_place(self.vocabulary)
        self._outlook: Outlook | None = None

    def __reduce__(self) -> tuple[object, ...]:
        raise MatcherError(
            "A compiled grammar cannot be pickled or copied: send what `to_bytes` gives, and have it read there by "
            "`Compiler.grammar_from_bytes`"
        )

    @overload
    def matcher(self, start: str | None = None, *, max_tokens: None = None, max_blanks: None = None) -> Matcher: ...

    @overload
    def matcher(self, start: str | None = None, *, max_tokens: int, max_blanks: None = None) -> BudgetedMatcher: ...

    @overload
    def matcher(
        self, start: str | None = None, *, max_tokens: int | None = None, max_blanks: int
    ) -> SparingMatcher: ...

    def matcher(
        self, start: str | None = None, *, max_tokens: int | None = None, max_blanks: int | None = None
    ) -> Matcher:
        """A new session at the start of a text, of the grammar or of one of its rules by name.

        `max_tokens`: the most tokens of the text, the end token included. Then a token is only allowed if a whole text
        still fits behind it (docs/reliability.md). Raises BudgetTooSmall, which names the least, and UnsupportedBudget.
        Such a rule must be productive and not left-recursive; it may match the empty text if no other calls it.
        `max_blanks`: a token of blanks alone is refused where more than so many would stand outside the strings of a
        JSON text and something else may come (`completion/sparing.py`). Raises InvalidOption if it is no JSON text.
        """
        from maskwright.matching.matcher import Matcher

        begun = Matcher(self, self.start(start)) if max_tokens is None else self._budgeted(start, max_tokens)
        if max_blanks is None:
            return begun
        from maskwright.matching.completion.sparing import SparingMatcher

        return SparingMatcher.begin(begun, max_blanks, is_document=self._is_document)

    def _budgeted(self, start: str | None, max_tokens: int) -> BudgetedMatcher:
        from maskwright.matching.completion.budgeted import BudgetedMatcher

        return BudgetedMatcher.begin(self, max_tokens, self.start(start))

    @property
    def outlook(self) -> Outlook:
        """What it takes to complete texts, in tokens; made when it is first asked for."""
        known = self._outlook
        return known if known is not None else self._making_outlook.made((), self._made_outlook)

    def _made_outlook(self) -> Outlook:
        """The outlook, without the lock: the first one of a vocabulary takes long."""
        from maskwright.matching.completion.outlook import Outlook

        if self._outlook is None:
            self._outlook = Outlook(self)
        return self._outlook

    def least_tokens(self, start: str | None = None) -> int:
        """The fewest tokens of a text, the end token included: the least `max_tokens`. Raises UnsupportedBudget."""
        return self.outlook.cost(self.start(start))

    def explain(self, text: str | bytes, start: str | None = None) -> TextExplanation:
        """Does a whole text belong to the grammar, or to one of its rules?  If not, where not, and what may come there.

        `str` of it is a sentence; a text that only ends too early is shown with a shortest end.
        """
        from maskwright.matching.explaining_texts import explain_text

        content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return explain_text(self.matcher(start), content)

    def event_matcher(self, reader: JSONReader | None = None, *, max_tokens: int | None = None) -> EventMatcher:
        """A matcher that tells which values of the JSON document each token completes (`event_matcher.py`).

        `reader` says what numbers become: `JSONReader(numbers=Numbers.EXACT)`; by default, what `json.loads` makes.
        `max_tokens` is that of `matcher`.
        """
        from maskwright.matching.event_matcher import EventMatcher
        from maskwright.matching.json_events import JSONReader

        return EventMatcher(self.matcher(max_tokens=max_tokens), [JSONReader() if reader is None else reader])

    def canvas(
        self,
        slots: Iterable[Slot],
        eos_ids: Iterable[int] = (),
        budget: int | None = None,
        *,
        ignore_repetitions: bool = False,
    ) -> Canvas:
        """A text of fixed and open slots and gaps, to be filled in any order (docs/infilling.md).

        `eos_ids` may end the text before the last slot and fill the rest; without them the text fills all slots.
        `budget` is how many tokens the text may have in all: where these are more than the slots, it may go on in later
        canvases (`Canvas.next_block`). `ignore_repetitions`: let values that must differ from their siblings repeat,
        which is refused otherwise. Raises InvalidCanvas, CanvasNotCompletable, UnsupportedInCanvas, LimitExceeded.
        """
        from maskwright.matching.infilling.making import canvas_of

        return canvas_of(self.stacks(ignore_repetitions), slots, eos_ids, budget)

    def stacks(
        self, ignore_repetitions: bool = False, start: str | None = None, banned: tuple[int, ...] = ()
    ) -> Stacks:
        """The sets of stacks that canvases share: of texts of the grammar, or of a rule, without some tokens."""
        from maskwright.matching.infilling.stacks import Stacks

        key = (ignore_repetitions, start, banned)
        with self._lock:
            known = self._stacks.get(key)
            if known is None:
                network = TransitionNetwork(
                    self._network.grammar,
                    token_ids_of=functools.partial(token_ids_of, self.vocabulary),
                    max_token_length=self.vocabulary.longest,
                    max_bytes=self._max_bytes,
                )
                known = self._stacks[key] = Stacks(
                    network,
                    self.vocabulary,
                    self._max_bytes,
                    ignore_repetitions=ignore_repetitions,
                    start=start,
                    banned=banned,
                )
            return known

    @property
    def memory(self) -> MemoryUse:
        """How much has been built so far."""
        with self._lock:
            counts = self._network.counts
            header = self._network.arena[:HEADER_SIZE].tolist()
            return MemoryUse(
                arena_bytes=self._network.size_bytes,
                row_bytes=self._row_bytes,
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
                n_rows_by_token=self._n_rows_by_token,
                n_tokens_left_out=self._n_tokens_left_out,
                budget_bytes=self._budget_bytes,
                canvas_bytes=self._canvas_bytes,
            )

    @property
    def size_bytes(self) -> int:
        """Bytes in use for automaton and masks, for budgets and for canvases.

        There is no waiting for a lock, so perhaps they are those of a moment ago.
        """
        return self.learnt_bytes + self._budget_bytes + self._canvas_bytes

    @property
    def learnt_bytes(self) -> int:
        """Bytes of automaton and masks, which `max_bytes` bounds."""
        return self._network.size_bytes + self._row_bytes

    @property
    def _budget_bytes(self) -> int:
        return 0 if self._outlook is None else self._outlook.size_bytes

    @property
    def _canvas_bytes(self) -> int:
        return sum(one.size_bytes for one in [*self._stacks.values()])

    @property
    def _row_bytes(self) -> int:
        return int(self._network.arena[N_ROWS]) * int(self._rows[0].nbytes) + self._finished.size_bytes

    def to_bytes(self) -> bytes:
        """The grammar as a file holds it, for `Compiler.grammar_from_bytes`; raises LimitExceeded.

        Rules that no text has reached yet are completed for it, which may take as long as compiling and keeps matchers
        waiting: save before serving.
        """
        with self._lock:
            return to_bytes(replace(self._network.grammar, report=self.report), self.vocabulary)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `to_bytes` to a file for `Compiler.load_grammar`; readers never see half of it. Raises OSError too."""
        write_atomically(Path(path), self.to_bytes())

    def precompute(
        self,
        *,
        budget_s: float | None = None,
        budget_bytes: int | None = None,
        on_progress: Callable[[Precomputed], object] | None = None,
    ) -> Precomputed:
        """Make masks before any text asks for them, those nearest to the start first (`precomputing`).

        It ends when all are made, after `budget_s` seconds, or when the grammar holds `budget_bytes` (at most half of
        what it may ever hold, which is the default). `on_progress` is told ten times a second how far it is.
        """
        return precompute(self, budget_s, budget_bytes, on_progress)

    def explore(self, configuration: int, epoch: int, budget_bytes: int | None) -> list[int] | None:
        """Make the mask of a configuration; the distinct ones that its tokens lead to.

        None, and perhaps no mask, where the budget is used up or memory has started over since `epoch`.
        """
        network = self._network
        budget = min(self._max_bytes // 2, self._max_bytes if budget_bytes is None else budget_bytes)
        limit = budget // 4
        row = np.empty(self._tables.n_words, dtype=np.int32)
        progress = np.zeros(2, dtype=np.int64)
        trail = Trail([Place(configuration, epoch, False, False)], [], [])

        def completed(kernel: Callable[[], int]) -> bool:
            """Call it until it needs nothing more: has it come to its end, in the same memory?"""
            while True:
                with self._lock:
                    code = kernel() if network.epoch == epoch else NO_ROOM
                    if code >= 0:
                        return code != NO_ROOM
                    needed = int(network.arena[NEEDED])
                    if code not in _TAKES_LONG:
                        self._provide(code, trail, 0)
                        continue
                try:
                    self._make(code, needed, epoch)
                except ArenaFull:
                    return False

        with self._lock:
            # Rows and arena may each have their share, as for the whole memory; at half of it neither is ever full.
            if network.epoch != epoch or self.learnt_bytes > budget or self._row_bytes > budget // 4:
                return None
            names_tokens = bool(network.arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES)
        if not completed(lambda: min(0, self._write_mask(configuration, row))):
            return None
        if names_tokens:
            recent, found = np.zeros(_RECENT, dtype=np.int32), np.empty(_MOST_PLACES_BEHIND, dtype=np.int32)
            ahead = (self._token_start, self._token_data, row, limit, progress, recent, found)
            is_done = completed(lambda: places_behind_tokens(network.arena, network.scratch, configuration, *ahead))
        else:
            found = np.empty(256, dtype=np.int32)
            is_done = completed(
                lambda: places_behind_bytes(network.arena, network.scratch, configuration, limit, progress, found)
            )
        return np.unique(found[: progress[N_FOUND]]).tolist() if is_done else None

    def look_ahead(
        self,
        trail: Trail,
        kernel: Callable[..., int],
        begin: Callable[[], Arrays],
        read: Callable[[Arrays, Callable[[int], Place]], Result],
    ) -> Result:
        """Call `kernel(arena, scratch, configuration, *arrays)` at the end of a trail until it has come to its end.

        `begin` makes the arrays that the kernel works on; `read` makes the result of them, given the place of each
        configuration that stands in them. Where memory starts over meanwhile all begins again.
        """
        network = self._network
        with self._lock:
            tries = 0
            while True:
                configuration = self._configuration(trail)
                epoch, arrays = network.epoch, begin()
                while epoch == network.epoch:
                    code = kernel(network.arena, network.scratch, configuration, *arrays)
                    if code >= 0:
                        return read(arrays, functools.partial(self._place, has_asked=trail.places[-1].has_asked))
                    tries = self._provide(code, trail, tries)

    def search_from(
        self, trail: Trail, search: Callable[[TransitionNetwork, int], tuple[int, Result | None]]
    ) -> Result | None:
        """`search(network, configuration)` at the end of a trail, again while it returns the NEED code of a kernel.

        It returns (code, result); the lock is held meanwhile, so a long search returns None and is called again.
        """
        with self._lock:
            tries = 0
            while True:
                try:
                    code, result = search(self._network, self._configuration(trail))
                    if code >= 0:
                        return result
                    tries = self._provide(code, trail, tries)
                except ArenaFull:
                    if tries:
                        raise self._too_large() from None
                    self._restart(trail)
                    tries += 1

    def automata_at(self, trail: Trail) -> list[tuple[ByteAutomaton, int, int, int]]:
        """The automata that a text is in: each with its state, the units that its counter still asks for, and a number
        that names, as long as memory does not start over, what comes behind it."""
        with self._lock:
            network = self._network
            configuration = self._configuration(trail)
            arena = network.arena
            begin = int(items_of(arena, configuration))
            items = arena[begin : begin + 2 * int(arena[configuration + N_ITEMS])].reshape(-1, 2).tolist()
            found = []
            for state, frame in items:
                automaton = network.automaton_of(state)
                if automaton is not None:
                    counts = int(arena[frame + FRAME_SIZE]) == IS_COUNTER
                    asked = int(arena[frame + COUNTER_MINIMUM] - arena[frame + COUNTER_COUNT]) if counts else 0
                    below = int(arena[frame + COUNTER_PARENT]) if counts else frame
                    found.append((*automaton, max(0, asked), below + network.epoch * _MAX_WORDS))
            return found

    def _write_mask(self, configuration: int, row: NDArray[np.int32]) -> int:
        """Write the mask of a configuration, values taken as new: the name of the mask, or a NEED code."""
        network = self._network
        return fill(network.arena, network.scratch, configuration, self._table_arena.words, self._rows, row)

    # What follows is for `Matcher`: every answer about a text that its place does not remember.

    def start(self, rule: str | None = None) -> Trail:
        """The trail of a text that begins, with a rule that is not the grammar's own start rule if one is named."""
        with self._lock:
            name = self._network.grammar.start if rule is None else rule
            return Trail([self._place(self._start_of(name), False)], [], [], name)

    def _start_of(self, rule: str) -> int:
        """The configuration in which a rule begins."""
        known = self._starts.get(rule)
        if known is None:
            try:
                known = self._network.start(rule)
            except ArenaFull:
                self._begin_anew()
                try:
                    known = self._network.start(rule)
                except ArenaFull:
                    raise self._too_large() from None
            self._starts[rule] = known
        return known

    def _place(self, configuration: int, has_asked: bool) -> Place:
        """The one place of a configuration of the present epoch."""
        key = 2 * configuration + has_asked
        place = self._places.get(key)
        if place is None:
            if len(self._places) >= self._most_remembered:
                self._forget_places()
            if self._forgotten:
                self._empty_forgotten()
            network = self._network
            is_accepting = bool(network.arena[configuration + IS_ACCEPTING])
            place = self._places[key] = Place(configuration, network.epoch, has_asked, is_accepting)
            if is_accepting:
                place.after.update(self.end.after)
        return place

    def _forget_places(self) -> None:
        """Let go of what places remember; those that are in use stay what they are.

        A quarter of a million of them would take 0.1 s, so they are emptied a few at a time, with every place and way
        that comes; there are never more to be emptied than may be remembered.
        """
        self._forgotten += self._places.values()
        self._places = {}
        self._n_ways = 0

    def _empty_forgotten(self) -> None:
        """Empty some of the places that were forgotten: places lead to each other, so they do not go by themselves."""
        for _ in range(min(len(self._forgotten), _EMPTIED_AT_ONCE)):
            place = self._forgotten.pop()
            place.after.clear()
            place.after_new.clear()
            place.row = place.base_row = None

    def after_token(self, trail: Trail, token_id: int) -> tuple[Place, Note | None] | None:
        """The place after one more token (no end token), and what to note of it, or None if it is refused."""
        try:
            return self._after_token(trail, token_id)
        except CompletionUndecided:
            raise
        except LimitExceeded:
            text = self.vocabulary.text_of(token_id)
            with self._lock:
                configuration = self._configuration(trail)
                if len(text) < 2 or self._network.arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
                    raise
                past = trail.fork()
                if not self._read(past, text):
                    return None
                note = past.notes[-1] if past.notes and past.notes[-1].position == len(past.reads) else None
                return past.places[-1], note

    def _after_token(self, trail: Trail, token_id: int) -> tuple[Place, Note | None] | None:
        start, data, network = self._token_start, self._token_data, self._network
        with self._lock:
            here = trail.places[-1]
            known = here.after_new.get(token_id)
            if known is not None and self._repetitions.ends_new(network, trail, token_id):
                return known, None
            configuration = here.configuration if here.epoch == network.epoch else self._find_again(trail)
            code = advance(network.arena, network.scratch, configuration, start, data, token_id)
            if code < 0:
                if code != NEED_ANSWER:
                    code = self._run(advance, trail, start, data, token_id)
                if code == NEED_ANSWER:
                    n_bytes = int(start[token_id + 1] - start[token_id])
                    is_new = self._repetitions.ends_new(network, trail, token_id)
                    following = self._answered(trail, n_bytes, take_token_with_text, start, data, token_id)
                    if is_new and following is not None:
                        self._remember(trail.places[-1].after_new, token_id, following[0])
                    return following
            if code == DEAD:
                return None
            here = trail.places[-1]
            place = self._place(code, here.has_asked)
            self._remember(here.after, token_id, place)
            return place, None

    def _remember(self, after: dict[int, Place], token_id: int, place: Place) -> None:
        """Keep a way from a place to another."""
        after[token_id] = place
        self._n_ways += 1
        if self._forgotten:
            self._empty_forgotten()
        if self._n_ways >= self._most_remembered:
            self._forget_places()

    def read(self, trail: Trail, text: bytes) -> bool:
        """Take more bytes as one step of the trail; False, and no step, if one of them is refused."""
        with self._lock:
            return self._read(trail, text)

    def _read(self, trail: Trail, text: bytes) -> bool:
        """The same; in pieces, so that memory need not hold a long text at once, and byte by byte where it must."""
        n_steps = len(trail.reads)
        began, is_ambiguous = -1, False
        try:
            begin, size = 0, _PIECE
            while begin < len(text):
                read = text[begin : begin + size]
                try:
                    following = self._after_piece(trail, read)
                except CompletionUndecided:
                    raise
                except LimitExceeded:
                    if size == 1:
                        raise
                    size = 1
                    continue
                if following is None:
                    trail.cut_off(n_steps)
                    return False
                trail.go_on(following[0], read, following[1])
                if following[1] is not None:
                    began, is_ambiguous = begin + following[1].began, following[1].is_ambiguous
                begin += size
        except MaskwrightError:
            trail.cut_off(n_steps)
            raise
        place = trail.places[-1]
        trail.cut_off(n_steps)
        trail.go_on(place, text, Note(n_steps + 1, began, is_ambiguous) if began >= 0 else None)
        return True

    def _after_piece(self, trail: Trail, read: bytes) -> tuple[Place, Note | None] | None:
        piece = _writable(read)
        code = self._run(advance_bytes, trail, piece, 0, len(piece))
        if code == NEED_ANSWER:
            return self._answered(trail, len(piece), advance_with_text, piece, 0, len(piece))
        return (self._place(code, trail.places[-1].has_asked), None) if code else None

    def _answered(
        self, trail: Trail, n_bytes: int, kernel: Callable[..., int], *arguments: object
    ) -> tuple[Place, Note | None] | None:
        """What follows, or None, where a value must differ from those before it in the text."""
        reading = self._reading_of(trail)
        code = self._run(functools.partial(self._repetitions.run, kernel, reading), trail, *arguments)
        if code == DEAD:
            return None
        answers = self._repetitions.answers
        if answers.n_since < 0:
            return self._place(code, answers.has_asked or trail.places[-1].has_asked), None
        note = Note(len(trail.reads) + 1, n_bytes - answers.n_since, answers.is_ambiguous)
        return self._place(code, answers.has_asked), note

    def _reading_of(self, trail: Trail) -> Reading:
        """The document in progress at the end of a trail, as far as it was read."""
        configuration = self._configuration(trail)
        return self._repetitions.reading_of(self._network, trail, configuration)

    def fill_row(self, trail: Trail, row: NDArray[np.int32]) -> None:
        """Write the mask of the end of a trail into a row; a place that is asked again keeps it."""
        try:
            self._fill_at_once(trail, row)
        except CompletionUndecided:
            raise
        except LimitExceeded:
            self._fill_by_token(trail, row)

    def _fill_by_token(self, trail: Trail, row: NDArray[np.int32]) -> None:
        """The same where the tokens together lead to too much; the lock is free between any two of them."""
        vocabulary, network = self.vocabulary, self._network
        has_text = self._token_start[1:] > self._token_start[:-1]
        named = [token for token in np.flatnonzero(~has_text).tolist() if token not in self.end.after]
        n_left_out = fill_by_token(
            vocabulary,
            named,
            lambda token: self.after_token(trail, token) is not None,
            lambda text: self.read(trail.fork(), text),
            row,
        )
        with self._lock:
            self._n_rows_by_token += 1
            self._n_tokens_left_out += n_left_out
            self._configuration(trail)
            place = trail.places[-1]
            if place.is_accepting:
                set_bits(row, vocabulary.eos_token_ids)
            if not network.asks and not n_left_out:
                place.is_free = True
                place.row = place.base_row = self._finished.row_of(-place.configuration, row, LATER_FILLS)

    def _fill_at_once(self, trail: Trail, row: NDArray[np.int32]) -> None:
        """The mask where memory has room for it; the lock is opened whenever something was needed."""
        network = self._network
        epoch, n_epochs, n_restarts = NO_EPOCH, 0, 0
        while True:
            with self._lock:
                code = self._write_row(trail, row)
                if code >= 0:
                    return
                n_epochs += epoch != network.epoch
                epoch = network.epoch
                if n_epochs > _MOST_EPOCHS:
                    self._fill_at_one_go(trail, row, 0)
                    return
                if code not in _TAKES_LONG:
                    n_restarts += self._provide(code, trail, 0)
                    if n_restarts == _MOST_RESTARTS:
                        self._fill_at_one_go(trail, row, 1)
                        return
                    continue
                needed = int(network.arena[NEEDED])
            try:
                self._make(code, needed, epoch)
            except ArenaFull:
                with self._lock:
                    self._fill_at_one_go(trail, row, 0)
                return

    def _fill_at_one_go(self, trail: Trail, row: NDArray[np.int32], tries: int) -> None:
        """The same where memory has started over too often: the lock stays closed. `tries` as for `_supply`."""
        while (code := self._write_row(trail, row)) < 0:
            tries = self._provide(code, trail, tries)

    def _write_row(self, trail: Trail, row: NDArray[np.int32]) -> int:
        """Write the mask of the end of a trail into a row: 0 or more, or a NEED code."""
        network = self._network
        configuration = self._configuration(trail)
        place = trail.places[-1]
        if place.base_row is not None:  # kept as if all values were new
            row.data[:] = place.base_row.words
        else:
            mask = self._write_mask(configuration, row)
            if mask < 0:
                return mask
            place.n_fills += 1
            place.base_row = self._finished.row_of(mask, row, place.n_fills)
        if not place.is_free:
            code = self._repetitions.forbid(network, trail, configuration, row) if network.asks else INDEPENDENT
            if code != INDEPENDENT:
                return code
            place.is_free = True
            place.loops = self._loops_at(configuration)
        place.row = place.base_row
        return 0

    def _loops_at(self, configuration: int) -> memoryview | None:
        """The tokens that lead from a configuration to itself, if the vocabulary knows them: see `Place`."""
        arena = self._network.arena
        n_spans = arena[configuration + N_SPANS]
        if arena[configuration + N_ITEMS] != 1 or n_spans < 0:
            return None
        state, frame = arena[configuration + SPANS + 2 * int(n_spans) :][:2].tolist()
        if arena[frame + FRAME_SIZE] == IS_COUNTER:
            return None
        return self._tables.loops.get(int(arena[state + 2]))

    def rules_at(self, trail: Trail) -> tuple[str, ...]:
        """The rules that the text of a trail is in, by name, innermost ones only."""
        with self._lock:
            return () if trail.places[-1].is_end else self._network.rules_at(self._configuration(trail))

    def stacks_at(self, trail: Trail) -> RuleStacks:
        """The rules that are open at the end of a trail that has not ended, and where its JSON document began."""
        network = self._network
        with self._lock:
            configuration = self._configuration(trail)
            began = (0, 0) if self._is_document else None
            if network.has_documents:
                note = next((one for one in reversed(trail.notes) if one.began >= 0), None)
                if note is not None and is_in_document(network.arena, network.scratch, configuration):
                    began = (note.position - 1, note.began)
            stacks = rule_stacks(network, configuration)
            return RuleStacks(network.grammar.rules, stacks, terminals_at(network, configuration), began)

    def next_bytes(self, trail: Trail) -> bytes:
        """Bytes that may come next, ascending: of those that the grammar does not tell apart the most readable one, or
        a few where values must differ from each other."""
        network = self._network
        with self._lock:
            configuration = self._configuration(trail)
            n_spans = int(network.arena[configuration + N_SPANS])
            begin = configuration + SPANS
            if n_spans < 0:
                return np.flatnonzero(network.arena[begin : begin + 256] != DEAD).astype(np.uint8).tobytes()
            found: list[int] = []
            for packed in network.arena[begin : begin + 2 * n_spans : 2].tolist():
                span = sorted(range(packed & 255, (packed >> 8) + 1), key=RANK.__getitem__)
                found += span[: _MOST_ALIKE if network.asks else 1]
            return bytes(sorted(found))

    @functools.cached_property
    def names_tokens(self) -> bool:
        """Does the grammar take tokens whole, so that a text alone does not say whether it belongs to it?"""
        if self._is_document:
            return False
        rules = self._network.grammar.rules
        return any(isinstance(leaf, TokenSet) for body in rules.values() for leaf in leaves(body))

    def repeats(self, trail: Trail, byte: int) -> Ends | None:
        """Is a byte refused at the end of a trail because a value ends that repeats a sibling?  How that value ends."""
        text = _writable(bytes([byte]))
        with self._lock:
            if self._run(advance_bytes, trail, text, 0, 1) == NEED_ANSWER:
                return Ends.WITH_BYTE if self._answered(trail, 1, advance_with_text, text, 0, 1) is None else None
            before, last = self._without_last_byte(trail)
            if last is None:
                return None
            answered, epoch = self._configuration(trail), self._network.epoch
            after_all = self._run(step, before, last)
            try:
                is_read = self._network.run(step, after_all, byte) != DEAD
            except ArenaFull:
                return None
            has_ended = is_read and after_all != answered and epoch == self._network.epoch
            return Ends.BEFORE_BYTE if has_ended else None

    def _without_last_byte(self, trail: Trail) -> tuple[Trail, int | None]:
        """A trail of the same text without its last byte, and that byte; None where a token without text was last."""
        before = trail.fork()
        read = trail.reads[-1] if trail.reads else b""
        text = read if isinstance(read, bytes) else self.vocabulary.text_of(read)
        if not text:
            return before, None
        before.cut_off(len(trail.reads) - 1)
        can_be_read = self._read(before, text[:-1])
        assert can_be_read, "the beginning of a text that was accepted is accepted"
        return before, text[-1]

    def forced_text(self, trail: Trail, limit: int) -> bytes:
        """The bytes that must come next, at most `limit` of them."""
        out = np.empty(limit, dtype=np.uint8)
        n_steps = len(trail.reads)
        with self._lock:
            try:
                n = 0
                while n < limit:
                    found = self._read_forced(trail, out[n : n + _PIECE])
                    n += found
                    if found < _PIECE:
                        break
                    can_be_read = self._read(trail, out[n - found : n].tobytes())
                    assert can_be_read, "what must come next can be read"
            finally:
                trail.cut_off(n_steps)
            return out[:n].tobytes()

    def _read_forced(self, trail: Trail, out: NDArray[np.uint8]) -> int:
        """Write what must come next into `out`: how many bytes."""
        found = NEED_ANSWER if self._network.asks else self._run(read_forced, trail, out)
        if found != NEED_ANSWER:
            return found
        reading = self._reading_of(trail)
        return self._run(functools.partial(self._repetitions.run, read_forced_answered, reading), trail, out)

    def _run(self, kernel: Callable[..., int], trail: Trail, *arguments: object) -> int:
        """Call `kernel(arena, scratch, configuration, *arguments)` until it needs nothing more, or an answer."""
        network = self._network
        tries = 0
        while True:
            configuration = self._configuration(trail)  # first, because it may begin another arena
            code = kernel(network.arena, network.scratch, configuration, *arguments)
            if code >= 0 or code == NEED_ANSWER:
                return int(code)
            tries = self._provide(code, trail, tries)

    def _configuration(self, trail: Trail) -> int:
        """The configuration at the end of a trail in the present epoch."""
        place = trail.places[-1]
        return place.configuration if place.epoch == self._network.epoch else self._find_again(trail)

    def _find_again(self, trail: Trail) -> int:
        """The same for a trail from an earlier epoch, by reading its text again from the last place that is known."""
        epoch = self._network.epoch
        n_known = len(trail.reads)
        while n_known and trail.places[n_known].epoch != epoch:
            n_known -= 1
        past = trail.fork()
        past.cut_off(n_known)
        if past.places[0].epoch != epoch:
            past.places[0] = trail.places[0] = self._place(self._start_of(trail.start), False)
        for number in range(n_known, len(trail.reads)):
            read = trail.reads[number]
            if isinstance(read, bytes):
                is_read = self._read(past, read)
            else:
                following = self.after_token(past, read)
                is_read = following is not None
                if following is not None:
                    past.go_on(following[0], read, following[1])
            assert is_read, "a text that was accepted before is accepted again"
        # Reading may have begun another epoch, in which only the end of `past` is known: so it is with the trail.
        trail.places[:] = past.places
        return self._configuration(past)

    def are_at_one_place(self, first: Trail, second: Trail) -> bool:
        """Do two texts lead to one place? Each may come from another epoch, or end at a place that was forgotten."""
        with self._lock:
            if first.places[-1].is_end or second.places[-1].is_end:
                return first.places[-1] is second.places[-1]
            for trail in (first, second, first):  # finding the second may begin another epoch
                self._configuration(trail)
            here, there = first.places[-1], second.places[-1]
            return (here.epoch, here.configuration, here.has_asked) == (
                there.epoch,
                there.configuration,
                there.has_asked,
            )

    def _provide(self, code: int, trail: Trail, tries: int) -> int:
        """`_supply`; if anything from outside ends it half-way, an interrupt for instance, all that was learnt goes."""
        try:
            return self._supply(code, trail, tries)
        except MaskwrightError:
            raise
        except BaseException:
            self.was_interrupted = True
            self._begin_anew()
            raise

    def _supply(self, code: int, trail: Trail, tries: int) -> int:
        """Supply what a kernel asked for; where memory is at its limit, keep nothing but the end of the trail.

        `tries` is how often one call has done that, and so is the result: twice means that it will never be enough.
        """
        try:
            if code == NEED_ROW:
                self._add_rows()
            elif code == NEED_INTERIOR:
                self._find_interior(int(self._network.arena[NEEDED]), self._network.epoch)
            elif code == TWO_DOCUMENTS:
                raise LimitExceeded(
                    "A value that must differ from its siblings, where it is open which JSON document is in progress,",
                    asked=2,
                    allowed=1,
                    remedy="write the grammar so that no document can begin while another one goes on",
                )
            elif code == NEED_LEXEMES:
                self._sort_lexemes(int(self._network.arena[NEEDED]), self._network.epoch, lambda: None)
            elif code != NEED_TURN:
                self._network.provide(code)
        except ArenaFull:
            if tries:
                raise self._too_large() from None
            self._restart(trail)
            return tries + 1
        return tries

    def _make(self, code: int, needed: int, epoch: int) -> None:
        """Do what a mask asked for that takes long, the lock being free; nothing if memory has started over since.

        Raises ArenaFull where it should be done under the lock, by somebody who may let memory start over.
        """
        if code == NEED_INTERIOR:
            self._find_interior(needed, epoch)
        elif code == NEED_LEXEMES:
            self._sorting.made((epoch, needed), lambda: self._sort_lexemes(needed, epoch, let_others))
        else:
            let_others()

    def _find_interior(self, state: int, epoch: int) -> None:
        """Have the tokens sorted that stay inside a string, and note where the record lies."""
        with self._lock:
            if self._network.epoch != epoch:
                return
            asked = self._network.automaton_at(state)
        record = self._tables.own_interiors.record_of(*asked)
        self._note(state + STATE_INTERIOR, record, epoch)

    def _sort_lexemes(self, place: int, epoch: int, between: Callable[[], None]) -> None:
        """The same for the tokens of a place of a lexed language, in slices, between which something may be done."""
        network, lexemes = self._network, self._tables.lexemes
        with self._lock:
            if network.epoch != epoch:
                return
            scan, context, part, key = network.place_at(place)
        texts = lexemes.part(part)
        record = lexemes.record_of(key, context, texts)
        if record is None:
            sorting = Sorting(texts, self._token_data, scan, context)
            n_left = -1
            while n_left != 0:
                with self._lock:
                    if network.epoch != epoch:
                        return
                    arena = network.arena
                    n_left = sorting.go_on(arena, network.scratch)
                    if n_left < 0:
                        self._provide_scans(n_left)
                between()
            record = lexemes.add(key, context, texts, sorting.result(arena))
        self._note(place + TUPLE_MEMO, record, epoch)

    def _provide_scans(self, code: int) -> None:
        """Supply what sorting needs; raises ArenaFull. An interrupt ends it as it ends `_provide`."""
        try:
            self._network.provide(code)
        except (MaskwrightError, ArenaFull):
            raise
        except BaseException:
            self.was_interrupted = True
            self._begin_anew()
            raise

    def _note(self, offset: int, record: int, epoch: int) -> None:
        """Note where a record lies, if memory has not started over since it was asked for."""
        with self._lock:
            if self._network.epoch == epoch:
                self._network.arena[offset] = record

    def _restart(self, trail: Trail) -> None:
        """Begin a new arena that holds one configuration; raises LimitExceeded where not even that fits."""
        here = trail.places[-1]
        self._forget_places()
        self._finished.clear()
        try:
            configuration = self._network.restart(here.configuration)
            trail.places[-1] = self._place(configuration, here.has_asked)
        except ArenaFull:
            self._network.clear()
            raise self._too_large() from None
        finally:
            self._rows = self._first_rows()
            self._starts = {}

    def _begin_anew(self) -> None:
        """Forget everything that was learnt."""
        self._forget_places()
        self._finished.clear()
        self._network.clear()
        self._rows = self._first_rows()
        self._starts = {}

    def _too_large(self) -> LimitExceeded:
        return LimitExceeded(
            "The automaton of one place in the text",
            asked=self._max_bytes + 1,
            allowed=self._max_bytes,
            remedy="raise max_bytes",
        )

    def _add_rows(self) -> None:
        """Make room for more rows, up to a quarter of the memory allowed."""
        n_most = self._max_bytes // 4 // self._rows[0].nbytes
        n_rows = min(n_most, max(2 * len(self._rows), _MOST_RESERVED_ROWS))
        if n_rows <= len(self._rows):
            raise ArenaFull
        rows = np.empty((n_rows, self._rows.shape[1]), dtype=np.int32)
        rows[: len(self._rows)] = self._rows
        self._rows = rows

    def _first_rows(self) -> NDArray[np.int32]:
        return np.empty((_FEWEST_ROWS, self._tables.n_words), dtype=np.int32)


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


def end_place(vocabulary: Vocabulary) -> Place:
    """The place after an end token, where nothing is allowed but end tokens, so that a padded row can go on."""
    place = Place(0, NO_EPOCH, False, True, is_end=True)
    place.after = dict.fromkeys(vocabulary.eos_token_ids, place)
    place.row = end_row(vocabulary)
    return place


def _writable(text: bytes) -> NDArray[np.uint8]:
    """The bytes as an array that numba takes for an ordinary one."""
    return np.frombuffer(text, dtype=np.uint8).copy()
