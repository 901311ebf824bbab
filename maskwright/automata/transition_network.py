"""A grammar as a recursive transition network in an arena, its rules written when they are first called.

`TransitionNetwork` owns the arena and everything that is learnt in it. Kernels do the work; when one returns a NEED
code, `provide` supplies what it asked for (a rule's states, more memory) and the caller repeats the kernel. So time to
the first mask depends on the rules that the text has reached, not on the size of the specification.

Memory. The arena doubles until `max_bytes`; then `ArenaFull` is raised, and the owner starts over with a fresh arena
that holds nothing but one configuration of the old one (`restart`): a configuration is a small set of states and
frames, and states are found again because writing a rule is deterministic. `epoch` counts the arenas.

Not thread-safe: the owner holds a lock around every call that may write.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._configurations import items_of, start_configuration
from maskwright.automata._frames import (
    is_crowded,
    rehash,
)
from maskwright.automata._layout import (
    ACCEPT_STATE,
    ACCEPTING,
    BUCKET_MASK,
    CONFIGURATION_BUCKETS,
    COUNTER_PARENT,
    END_FRAME,
    FINAL_STATE,
    FIRST_FREE,
    FRAME_BUCKETS,
    FRAME_PAIRS,
    FRAME_SIZE,
    FREE,
    IS_COUNTER,
    IS_SET,
    LEVEL_SIZE,
    LEXES,
    N_CONFIGURATIONS,
    N_FRAMES,
    N_ITEMS,
    N_STATES,
    NEED_MEMORY,
    NEED_NONTERMINAL,
    NEED_PROOF,
    NEEDED,
    NONTERMINALS,
    SCRATCH_STACK,
    SET_PARENT,
    STATE_INTERIOR,
    STATE_SIZE,
    STEPS_A_TURN,
    TOO_MANY_ITEMS,
    UNKNOWN,
    WORDS_A_TURN,
)
from maskwright.automata._lexed_layout import (
    LIST_STATE_PROOF,
    NEVER,
    PLACE_PART,
    PLACE_SCAN,
    SCAN_IS_START,
    SCAN_NODES,
    SCAN_PROGRAM,
    SESSION_STACK,
    TUPLE_SIZE,
    TUPLE_WORDS,
)
from maskwright.automata._lexing import entry_state, start_list, start_session
from maskwright.automata._planning import is_proved
from maskwright.automata._writing import write_automaton
from maskwright.automata.arena_pool import ArenaPool, reserved
from maskwright.automata.carrying_over import CarryingOver
from maskwright.automata.lexed_proof import Plain, write_proof
from maskwright.automata.lexed_words import cached_program_words
from maskwright.automata.lowering import CodeBlock, counter_words
from maskwright.automata.nullable import begins_with_quote, may_have_parts
from maskwright.automata.proving import prove
from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.ir import Automaton, Call, Grammar, Lexed, Node, TokenSet
from maskwright.grammar.lexed_language import LexedLanguage

_MAX_RESERVED_WORDS = 1 << 26
"""Room that is reserved at once, 256 MiB of addresses at most. Untouched memory costs nothing; growing instead means to
copy everything at a single mask's expense, which was the longest tail of all (130 ms for a large grammar)."""
MOST_STEPS, MOST_WORDS = 1024, 1 << 18
"""What a mask may learn in one turn, which takes ten milliseconds or so: a step takes two to twenty microseconds. Words
matter where a configuration has many; those of a lexer have three hundred."""
_FIRST_BUCKETS = 1 << 13
_FIRST_NONTERMINALS = 256
_MAX_WORDS = (1 << 31) - 1
_NONE = np.zeros(0, dtype=np.int32)

SharedStates = Callable[[ByteAutomaton], list[int] | None]
"""What a vocabulary knows of each state of an automaton (offsets in its own arena), or None for nothing."""


class ArenaFull(Exception):
    """The arena has reached its byte limit; the owner must `restart`."""


class TransitionNetwork:
    """The states, frames and configurations of one prepared grammar.

    arena: int32[...], laid out as in `_layout`. scratch: int32[...], working memory of the kernels. `asks`: have values
    that must be distinct been found in the rules built so far, were they all strings, may any be an array or object?
    `has_documents`: have documents that are part of the text? `plain_of`: what is plain of lexed languages, in every
    epoch (`lexed_proof`).
    """

    def __init__(
        self,
        grammar: Grammar,
        *,
        shared_states: SharedStates = lambda _: None,
        token_ids_of: Callable[[TokenSet], list[int]] = lambda token_set: list(token_set.ids),
        max_token_length: int = 256,
        max_bytes: int = 1 << 28,
        pool: ArenaPool | None = None,
    ) -> None:
        assert grammar.is_prepared
        self._pool = pool or ArenaPool()
        self.grammar = grammar
        self.max_bytes = max_bytes
        self.epoch = -1
        self.asks = False
        self.asks_of_strings_only = True
        self.asks_of_parts = False
        self.has_documents = False
        self.plain_of: dict[LexedLanguage, Plain] = {}
        self._shared_states = shared_states
        self._token_ids_of = token_ids_of
        self.scratch = self._pool.scratch(SCRATCH_STACK + 2 * LEVEL_SIZE * (max_token_length + 4))
        self._begin()

    def _begin(self) -> None:
        """An empty arena with the start rule in it: a new epoch."""
        self.epoch += 1
        self._number_of: dict[Node, int] = {}
        self._node_of: list[Node] = []
        self._automata: dict[ByteAutomaton, NDArray[np.int32]] = {}
        self._counted: set[ByteAutomaton] = set()
        self._programs: dict[LexedLanguage, int] = {}
        # Where each run of states begins in the arena, and what it was written from: ascending.
        self._origins: list[int] = []
        self._sources: list[Node | ByteAutomaton | LexedLanguage] = []
        self._member_choices: list[int] = []
        self._choices = _NONE
        self.arena = self._pool.arena(min(_MAX_RESERVED_WORDS, self.max_bytes // 4))
        self.arena[:FIRST_FREE] = 0
        self.arena[ACCEPT_STATE] = ACCEPTING
        self.arena[END_FRAME + FRAME_SIZE] = 1
        self.arena[END_FRAME + FRAME_PAIRS] = FINAL_STATE
        self.arena[FREE] = FIRST_FREE
        self.arena[STEPS_A_TURN], self.arena[WORDS_A_TURN] = MOST_STEPS, MOST_WORDS
        self.arena[FRAME_BUCKETS] = self._allocate_zeroed(_FIRST_BUCKETS)
        self.arena[CONFIGURATION_BUCKETS] = self._allocate_zeroed(_FIRST_BUCKETS)
        self.arena[BUCKET_MASK] = _FIRST_BUCKETS - 1
        self._table_size = _FIRST_NONTERMINALS
        self.arena[NONTERMINALS] = self._allocate_zeroed(4 * _FIRST_NONTERMINALS)
        self.build(self._nonterminal_of(Call(self.grammar.start)))

    def give_back(self) -> None:
        """Leave the memory to others; the network must not be used any more."""
        self._pool.give_back(self.arena, self.scratch)

    def clear(self) -> None:
        """Forget everything."""
        self._begin()

    def restart(self, kept: int) -> int:
        """Forget everything but one configuration; its offset in the new arena."""
        old, old_origins, old_sources = self.arena, self._origins, self._sources
        self._begin()

        def state_of(offset: int) -> int:
            """Where a state, or anything else that was written from a source, lies now."""
            if offset < FIRST_FREE:
                return offset
            block = bisect.bisect_right(old_origins, offset) - 1
            return self._origin_of(old_sources[block]) + offset - old_origins[block]

        return CarryingOver(old, self.scratch, state_of, self.intern).configuration(kept)

    @property
    def n_rules(self) -> int:
        """How many nonterminals were found so far."""
        return len(self._node_of)

    def entries(self) -> list[tuple[Node, int]]:
        """What each nonterminal found so far was made of, and its first state; 0 while it is not built."""
        table = int(self.arena[NONTERMINALS])
        return [(node, int(self.arena[table + 4 * number])) for number, node in enumerate(self._node_of)]

    @property
    def member_choices(self) -> NDArray[np.int32]:
        """int32[2 * n]: the states that choose among members in any order, ascending, each with those required."""
        if len(self._choices) != len(self._member_choices):
            self._choices = np.array(self._member_choices, dtype=np.int32)
        return self._choices

    def intern(self, kernel: Callable[..., int], *arguments: object) -> int:
        """Call an interning kernel, which may need nothing but memory."""
        while (code := kernel(self.arena, *arguments)) < 0:
            self.provide(code)
        return int(code)

    def _origin_of(self, source: Node | ByteAutomaton | LexedLanguage) -> int:
        """Where the states written from a rule or an automaton begin, which are written if need be."""
        if isinstance(source, ByteAutomaton):
            self._states_of(source)
        elif isinstance(source, LexedLanguage):
            self._program_of(source)
        else:
            self.build(self._nonterminal_of(source))
        return self._origins[self._sources.index(source)]

    def start(self, rule: str | None = None) -> int:
        """The configuration before the first byte of a text, or of one of a rule that is named."""
        number = 0 if rule is None else self._nonterminal_of(Call(rule))
        if len(self._node_of) > self._table_size:
            self._enlarge_table()
        self.build(number)
        entry = int(self.arena[int(self.arena[NONTERMINALS]) + 4 * number])
        return self.run(start_configuration, entry, END_FRAME)

    def run(self, kernel: Callable[..., int], *arguments: object) -> int:
        """Call `kernel(arena, scratch, *arguments)` until it needs nothing more."""
        while (code := kernel(self.arena, self.scratch, *arguments)) < 0:
            self.provide(code)
        return int(code)

    def provide(self, code: int) -> None:
        """Supply what a kernel asked for."""
        if code == NEED_NONTERMINAL:
            self.build(int(self.arena[NEEDED]))
        elif code == NEED_PROOF:
            prove(self, int(self.arena[NEEDED]))
        elif code == NEED_MEMORY:
            if is_crowded(self.arena):
                n_buckets = 4 * (int(self.arena[BUCKET_MASK]) + 1)
                frames = self._allocate_zeroed(n_buckets)
                configurations = self._allocate_zeroed(n_buckets)
                rehash(self.arena, frames, configurations, n_buckets)
            else:
                self._grow(len(self.arena) + 1)
        else:
            assert code == TOO_MANY_ITEMS, code
            raise LimitExceeded(
                "A point of the text with too many ways to read it",
                asked=8193,
                allowed=8192,
                remedy="make the grammar less ambiguous",
            )

    @property
    def size_bytes(self) -> int:
        """Bytes in use in the arena and the scratch array."""
        return 4 * int(self.arena[FREE]) + int(self.scratch.nbytes)

    @property
    def counts(self) -> dict[str, int]:
        """How many states, frames and configurations have been made, and how many rules were built of those found."""
        table = self.arena[int(self.arena[NONTERMINALS]) :][: 4 * len(self._node_of) : 4]
        return {
            "states": int(self.arena[N_STATES]),
            "frames": int(self.arena[N_FRAMES]),
            "configurations": int(self.arena[N_CONFIGURATIONS]),
            "rules_built": int(np.count_nonzero(table)),
            "rules_found": len(self._node_of),
        }

    def automaton_at(self, state: int) -> tuple[ByteAutomaton, int, bool]:
        """The automaton that a state of the arena was written from, its number in it, and whether its units count."""
        block = bisect.bisect_right(self._origins, state) - 1
        automaton = self._sources[block]
        assert isinstance(automaton, ByteAutomaton)
        return automaton, int(np.searchsorted(self._automata[automaton], state)), automaton in self._counted

    def automaton_of(self, state: int) -> tuple[ByteAutomaton, int] | None:
        """The automaton that a state of the arena was written from and its number in it; None for any other state."""
        block = bisect.bisect_right(self._origins, state) - 1
        automaton = self._sources[block] if state >= FIRST_FREE and block >= 0 else None
        if not isinstance(automaton, ByteAutomaton):
            return None
        # of the array's own type, or else numpy would convert the whole array
        return automaton, int(np.searchsorted(self._automata[automaton], np.int32(state)))

    def place_at(self, place: int) -> tuple[int, int, int, tuple[object, ...]]:
        """The scan, context and part of a place of a lexed language, and a key that names the scan by content."""
        scan, context, part = self.arena[place + PLACE_SCAN : place + PLACE_PART + 1].tolist()
        program = int(self.arena[scan + SCAN_PROGRAM])
        language = self.language_of(program)
        end = scan + TUPLE_WORDS + int(self.arena[scan + TUPLE_SIZE])
        nodes = self.arena[scan + SCAN_NODES : end] - program
        return scan, context, part, (language.key, bool(self.arena[scan + SCAN_IS_START]), nodes.tobytes())

    def rules_at(self, configuration: int) -> tuple[str, ...]:
        """The names of the rules that a configuration's items are in; an automaton belongs to whoever called it."""
        begin = int(items_of(self.arena, configuration))
        items = self.arena[begin : begin + 2 * int(self.arena[configuration + N_ITEMS])].reshape(-1, 2).tolist()
        # A text that can only end has no items.
        return tuple(dict.fromkeys(self._rule_of(state, frame) for state, frame in items)) or (self.grammar.start,)

    def rule_of_state(self, state: int) -> str | None:
        """The rule that a state was written from; None for states of automata, lexers, and those every arena has."""
        if state < FIRST_FREE or self.arena[state] & LEXES:
            return None
        source = self._sources[bisect.bisect_right(self._origins, state) - 1]
        return source.name if isinstance(source, Call) else None

    def language_of(self, program: int) -> LexedLanguage:
        """The lexed language that a program of the arena was written from."""
        language = self._sources[bisect.bisect_right(self._origins, program) - 1]
        assert isinstance(language, LexedLanguage)
        return language

    def _rule_of(self, state: int, frame: int) -> str:
        """The rule that a state was written from, or else the first one below it on the stack."""
        arena = self.arena
        while True:
            name = self.rule_of_state(state)
            if name is not None:
                return name
            if frame in {END_FRAME, 0}:  # below the whole text there is nothing
                return self.grammar.start
            kind = int(arena[frame + FRAME_SIZE])
            if kind in {IS_COUNTER, IS_SET}:
                frame = int(arena[frame + (COUNTER_PARENT if kind == IS_COUNTER else SET_PARENT)])
            else:
                state, frame = arena[frame + FRAME_PAIRS : frame + FRAME_PAIRS + 2].tolist()

    def build_ahead(self, max_states: int, most: int = _MAX_WORDS) -> bool:
        """Build the rules found so far and what they call, breadth first, until about `max_states` states exist.

        At most about `most` are built at once: is there more to be built?
        """
        begin = int(self.arena[N_STATES])
        number = 0
        while number < len(self._node_of) and int(self.arena[N_STATES]) < max_states:
            if int(self.arena[N_STATES]) >= begin + most:
                return True
            self.build(number)
            number += 1
        return False

    def build(self, number: int) -> None:
        """Write the states of one nonterminal, unless they are there."""
        if self.arena[self.arena[NONTERMINALS] + 4 * number]:
            return
        node = self._node_of[number]
        counter = None
        if isinstance(node, Lexed):
            program = self._program_of(node.language)
            start = self.run(start_list, program, self.run(start_session, program))
            self._check_start(start, program, node.language)
            entry = self.intern(entry_state, start)
        elif isinstance(node, Automaton):
            entry = int(self._states_of(node.automaton)[node.state])
            counter = node.counter
            if counter is not None:
                self._counted.add(node.automaton)
                # What the vocabulary knows of a base holds for any number of units, so ask about the state itself.
                for state in self._automata[node.automaton]:
                    if self.arena[state + 1] and self.arena[state + STATE_INTERIOR] == 0:
                        self.arena[state + STATE_INTERIOR] = UNKNOWN
        else:
            assert isinstance(node, Call)
            right_part = self.grammar.rules[node.name]
            block = CodeBlock(int(self.arena[FREE]), self._nonterminal_of, self._token_ids_of)
            entry = block.emit(right_part, ACCEPT_STATE)
            self.has_documents |= block.has_documents
            self._member_choices += block.member_choices
            for body in block.distinct_bodies:
                self.asks = True
                self.asks_of_strings_only &= begins_with_quote(body, self.grammar.rules)
                self.asks_of_parts |= may_have_parts(body, self.grammar.rules)
            self._append(np.frombuffer(block.words, dtype=np.int32), block.n_states, node)
        if len(self._node_of) > self._table_size:
            self._enlarge_table()
        row = int(self.arena[NONTERMINALS]) + 4 * number
        if counter is not None:
            self.arena[row + 1] = 1
            self.arena[row + 2 : row + 4] = counter_words(*counter)
        self.arena[row] = entry

    def _enlarge_table(self) -> None:
        old = int(self.arena[NONTERMINALS])
        size = 2 * len(self._node_of)
        new = self._allocate_zeroed(4 * size)
        self.arena[new : new + 4 * self._table_size] = self.arena[old : old + 4 * self._table_size]
        self.arena[NONTERMINALS] = new
        self._table_size = size

    def _append(self, words: NDArray[np.int32], n_states: int, source: Node | ByteAutomaton | LexedLanguage) -> None:
        """Put words at the end of the arena, and note what they were written from."""
        origin = int(self.arena[FREE])
        end = origin + len(words)
        self._grow(end)
        self.arena[origin:end] = words
        self._note(origin, end, n_states, source)

    def _note(self, origin: int, end: int, n_states: int, source: Node | ByteAutomaton | LexedLanguage) -> None:
        """Keep in mind what the last words of the arena were written from."""
        self.arena[FREE] = end
        self.arena[N_STATES] += n_states
        self._origins.append(origin)
        self._sources.append(source)

    def _states_of(self, automaton: ByteAutomaton) -> NDArray[np.int32]:
        """The offsets of an automaton's states, written on first use (after those it links to)."""
        known = self._automata.get(automaton)
        if known is None:
            for target, _ in automaton.links:
                self._states_of(target)
            if automaton.base_automaton is not None:
                self._states_of(automaton.base_automaton)
            known = self._automata[automaton] = self._write(automaton)
        return known

    def _write(self, automaton: ByteAutomaton) -> NDArray[np.int32]:
        """Append the states of an automaton, those it links to being there: their offsets."""
        offsets = np.empty(automaton.n_states, dtype=np.int32)
        shared = self._shared_states(automaton) if automaton.is_shared else None
        links = [int(self._automata[target][state]) for target, state in automaton.links]
        base, base_offsets = _NONE, _NONE
        if automaton.base is not None and automaton.base_automaton is not None:
            base, base_offsets = automaton.base, self._automata[automaton.base_automaton]
        origin = int(self.arena[FREE])
        end = origin + STATE_SIZE * automaton.n_states + 2 * len(automaton.edges)
        self._grow(end)
        write_automaton(
            self.arena,
            origin,
            automaton.edge_start,
            automaton.edges,
            automaton.edge_unit,
            automaton.accepting,
            base,
            base_offsets,
            _NONE if shared is None else np.array(shared, dtype=np.int32),
            np.array(links, dtype=np.int32) if links else _NONE,
            _NONE if automaton.reserve is None else automaton.reserve,
            offsets,
        )
        self._note(origin, end, automaton.n_states, automaton)
        return offsets

    def _check_start(self, start: int, program: int, language: LexedLanguage) -> None:
        """Raise EmptyLanguage if no text is lexed and parsed from the beginning on."""
        stack = self.run(start_session, program)
        if language.indentation is not None:
            stack = int(self.arena[stack + SESSION_STACK])
        if language.way_out[language.start_state, 0] < 0:
            raise EmptyLanguage("every text of the start rule would have a part that no text is derived from")
        if self.run(is_proved, program, stack, len(language.label_start) - 1) == 0:
            prove(self, start)
            if self.arena[start + LIST_STATE_PROOF] == NEVER:
                raise EmptyLanguage("every text that the rules derive is cut into other terminals by the lexer")

    def _program_of(self, language: LexedLanguage) -> int:
        """The offset of a lexed language's program, written on first use."""
        known = self._programs.get(language)
        if known is None:
            known = self._programs[language] = int(self.arena[FREE])
            self._append(cached_program_words(language, known), 0, language)
            write_proof(self, language, known)
        return known

    def _nonterminal_of(self, node: Node) -> int:
        """The number of a call or an automaton as a nonterminal."""
        number = self._number_of.get(node)
        if number is None:
            number = len(self._node_of)
            self._number_of[node] = number
            self._node_of.append(node)
        return number

    def place(self, words: NDArray[np.int32]) -> int:
        """Put words that no other arena will be asked for at the end of the arena: their offset."""
        offset = self._allocate_zeroed(words.size)
        self.arena[offset : offset + words.size] = words.ravel()
        return offset

    def _allocate_zeroed(self, n_words: int) -> int:
        offset = int(self.arena[FREE])
        self._grow(offset + n_words)
        self.arena[offset : offset + n_words] = 0
        self.arena[FREE] = offset + n_words
        return offset

    def _grow(self, n_words: int) -> None:
        """Make room for at least `n_words` words in all, doubling."""
        if n_words <= len(self.arena):
            return
        size = min(max(2 * len(self.arena), n_words), self.max_bytes // 4, _MAX_WORDS)
        if size < n_words:
            raise ArenaFull
        arena = reserved(size)
        arena[: len(self.arena)] = self.arena
        self.arena = arena
