"""What letters do to symbols: the tokens of a vocabulary sorted by what they do to a stack.

A *letter* is a set of byte strings: all tokens (`ALL`), some tokens, or what is left of tokens when a symbol has ended
(its *exits*). For each symbol that a set of stacks has on top the vocabulary is read once, in the order of its bytes;
tokens that do the same are one *class*. In a JSON string nearly all of a vocabulary is one class, and the thousand
tokens that close it differ only in what comes behind the quote. So masks, sums and sets of stacks deal with some
hundred classes instead of 100,000 tokens, and what a class does is asked once for each symbol below, not per stack.

An exit counts only where something below a symbol can read its first byte (`wanted`); in a free text a token might end
anywhere, but only what may follow it matters. When a new kind of byte is wanted, records are made anew.

Cost: a millisecond and 1 MB for a symbol that reads anything, microseconds for others; records are made on demand.
Rejected: one partition of the vocabulary for the whole grammar (it is known only when all symbols are, and as fine as
all of them together).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import (
    CLASS_N_WORDS,
    CLASS_WORDS,
    EFFECT_ENTRY,
    EFFECT_MAP,
    EFFECT_MASK,
    MAX_NEEDED,
    N_NEEDED,
    NEEDED,
    NO_LETTER,
    RECORD_N_WORDS,
    RECORD_WORDS,
)
from maskwright.automata.infilling._stack_sets import enter_record
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.infilling._walk import (
    IS_CUT,
    N_EXITS,
    N_PROGRESS,
    items_after_byte,
    items_after_token,
    shared_prefixes,
    walk_strings,
)
from maskwright.matching.infilling.symbols import FIRST_SYMBOL, Symbols, Word
from maskwright.matching.table_arena import bits_of
from maskwright.matching.token_trie import flatten
from maskwright.matching.vocabulary import Vocabulary

Outcome = tuple[tuple[Word, ...], tuple[int, ...]]
"""What a string does to a symbol: the words that it becomes, and the suffixes that are left when it has ended."""
NOTHING: Outcome = ((), ())

ALL = 1
"""The letter of all tokens but those that end a text."""

_FIRST_MAP = 1 << 12
_FIRST_EXITS = 1 << 12
_NONE = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The tokens that do something to a symbol.

    tokens: int32[n], ascending, those that can be read to their end. class_of: int32[n], what each does, an index into
    `words` and `numbers`, the numbers of these classes among all of the grammar.
    exit_tokens, exit_suffixes: int32[m], by token: tokens in which the symbol may end, and the number of what is left.
    exits, sort: numbers, the same for tables with the same exits and with the same classes.
    missed: bool[256], bytes at exits that nothing wanted.
    """

    tokens: NDArray[np.int32]
    class_of: NDArray[np.int32]
    words: list[tuple[Word, ...]]
    numbers: list[int]
    exit_tokens: NDArray[np.int32]
    exit_suffixes: NDArray[np.int32]
    exits: int
    sort: int
    missed: NDArray[np.bool_]

    @property
    def outcome(self) -> Outcome:
        """What all tokens together may do."""
        left = tuple(np.unique(self.exit_suffixes).tolist())
        return _union([((), left), *((words, ()) for words in self.words)])


_NO_TABLE = TokenTable(_NONE, _NONE, [], [], _NONE, _NONE, 0, 0, np.zeros(256, dtype=np.bool_))


class Strings:
    """Byte strings, sorted, as a walk reads them."""

    def __init__(self, data: NDArray[np.uint8], begins: NDArray[np.int32], ends: NDArray[np.int32]) -> None:
        self.data, self.begins, self.ends = data, begins, ends
        self.shared = np.zeros(len(begins), dtype=np.int32)
        shared_prefixes(data, begins, ends, self.shared)
        self.longest = int((ends - begins).max(initial=1))


class TokenEffects:
    """The records of one grammar and vocabulary, in an array for kernels, made when a kernel asks for them."""

    def __init__(self, network: TransitionNetwork, vocabulary: Vocabulary, banned: Sequence[int] = ()) -> None:
        self.vocabulary = vocabulary
        self.symbols = Symbols(network, vocabulary.longest)
        self.wanted = np.zeros(256, dtype=np.bool_)
        order = vocabulary.trie.tokens
        order = np.ascontiguousarray(order[~np.isin(order, banned)]) if banned else order
        start = vocabulary.token_start
        self._tokens = order
        self._strings = Strings(
            vocabulary.token_data, np.ascontiguousarray(start[order]), np.ascontiguousarray(start[order + 1])
        )
        self.class_tokens: list[NDArray[np.int32]] = []
        self._class_numbers: dict[bytes, int] = {}
        self._exits: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = [(_NONE, _NONE)]
        self._exit_numbers: dict[bytes, int] = {b"": 0}
        self._sorts: dict[tuple[int, ...], int] = {}
        self._rows: dict[tuple[int, int], NDArray[np.int32]] = {}
        self._class_suffixes: dict[int, NDArray[np.int32]] = {}
        self._leaving: dict[tuple[int, int], NDArray[np.int32]] = {}
        self._tables: dict[int, TokenTable] = {}
        self._suffixes: list[bytes] = []
        self._suffix_ids: dict[bytes, int] = {}
        self._outcomes: dict[int, dict[int, Outcome]] = {}  # by symbol and suffix
        self._letters: dict[tuple[str, tuple[int, ...]], int] = {}
        self._contents: list[tuple[str, tuple[int, ...]]] = [("none", ()), ("all", ())]
        self._letter_bytes: dict[int, NDArray[np.bool_]] = {}
        self._placed_words: dict[Word, int] = {}
        self._read_by_family: dict[tuple[int, int], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._clear()

    def _clear(self) -> None:
        """Forget all records."""
        self._map_size = _FIRST_MAP
        self._n_records = 0
        self._entries: list[tuple[int, int, int]] = []
        self._free = EFFECT_MAP + EFFECT_ENTRY * self._map_size
        self.effects = np.zeros(4 * self._free, dtype=np.int32)  # NO_RECORD lies in it, all zeros
        self.effects[EFFECT_MASK] = self._map_size - 1
        self._placed_words.clear()
        self._nothing = [0, 0]

    # Letters

    def letter_of_tokens(self, tokens: Iterable[int]) -> int:
        """The letter of some tokens."""
        return self._letter("tokens", tuple(sorted(set(tokens))))

    def _first_bytes(self, letter: int) -> NDArray[np.bool_]:
        """bool[256]: the bytes that tokens or suffixes of a letter begin with."""
        known = self._letter_bytes.get(letter)
        if known is None:
            kind, content = self._contents[letter]
            texts = [self._suffixes[one] for one in content] if kind == "suffixes" else self._texts_of(content)
            known = np.zeros(256, dtype=np.bool_)
            known[[text[0] for text in texts if text]] = True
            self._letter_bytes[letter] = known
        return known

    def _texts_of(self, tokens: Iterable[int]) -> list[bytes]:
        data, start = self.vocabulary.token_data, self.vocabulary.token_start
        return [data[start[token] : start[token + 1]].tobytes() for token in tokens]

    def tokens_of_letter(self, letter: int) -> tuple[int, ...]:
        """The tokens of a letter that `letter_of_tokens` has made."""
        return self._contents[letter][1]

    def _letter(self, kind: str, content: tuple[int, ...]) -> int:
        if not content:
            return NO_LETTER
        key = (kind, content)
        if key not in self._letters:
            self._letters[key] = len(self._contents)
            self._contents.append(key)
        return self._letters[key]

    def letter_of_suffixes(self, suffixes: Iterable[int]) -> int:
        """The letter of some suffixes of tokens, by number."""
        return self._letter("suffixes", tuple(sorted(set(suffixes))))

    # Records

    def provide(self) -> None:
        """Make the records that a kernel asked for."""
        n = int(self.effects[N_NEEDED])
        needed = self.effects[NEEDED : NEEDED + 2 * n].reshape(-1, 2).tolist()
        self.effects[N_NEEDED] = 0
        for letter, symbol in needed:
            outcome, classes = self._found(letter, symbol)
            if self._want(outcome):
                self._clear()  # what was left out before may matter now, also in this very record
                return
            self._write(letter, symbol, outcome, classes)

    def _found(self, letter: int, symbol: int) -> tuple[Outcome, list[tuple[int, Outcome]]]:
        """What a letter does to a symbol, and its classes by number."""
        kind, content = self._contents[letter]
        if symbol < FIRST_SYMBOL or kind == "none":
            return NOTHING, []
        if kind == "all":
            table = self.table(symbol)
            return table.outcome, [
                (number, (words, ())) for number, words in zip(table.numbers, table.words, strict=True)
            ]
        if kind == "tokens":
            return self._outcome_of_tokens(letter, symbol), []
        if not (self._first_bytes(letter) & self.symbols.readable[symbol]).any():
            return NOTHING, []
        alike: dict[Outcome, list[int]] = {}
        for suffix, outcome in zip(content, self.outcomes_of_suffixes(symbol, content), strict=True):
            if outcome != NOTHING:
                alike.setdefault(outcome, []).append(suffix)
        classes = []
        for outcome, suffixes in alike.items():
            number = len(self.class_tokens)
            self.class_tokens.append(_NONE)
            self._class_suffixes[number] = np.array(suffixes, dtype=np.int32)
            classes.append((number, outcome))
        return _union(alike), classes

    def word_classes(self, symbol: int) -> list[tuple[NDArray[np.int32], tuple[Word, ...]]]:
        """The tokens that can be read to their end, by the words that the symbol then becomes."""
        table = self.table(symbol)
        return [(self.class_tokens[number], words) for number, words in zip(table.numbers, table.words, strict=True)]

    def suffixes_of(self, symbol: int) -> list[int]:
        """What tokens leave when the symbol ends in them."""
        return np.unique(self.table(symbol).exit_suffixes).tolist()

    def tokens_leaving(self, symbol: int, suffixes: Sequence[int]) -> NDArray[np.int32]:
        """The tokens that leave one of the suffixes when the symbol ends in them."""
        table = self.table(symbol)
        return np.unique(table.exit_tokens[np.isin(table.exit_suffixes, suffixes)])

    def tokens_of(self, exits: int, number: int) -> NDArray[np.int32]:
        """The tokens of a class; of one of suffixes those that leave a symbol with such exits and such a rest."""
        suffixes = self._class_suffixes.get(number)
        if suffixes is None:
            return self.class_tokens[number]
        key = (exits, number)
        if key not in self._leaving:
            tokens, left = self._exits[exits]
            self._leaving[key] = tokens[np.isin(left, suffixes)]
        return self._leaving[key]

    def row_of(self, exits: int, number: int) -> NDArray[np.int32]:
        """int32[ceil(size / 32)]: the same tokens as bits."""
        key = (exits, number)
        if key not in self._rows:
            self._rows[key] = bits_of(self.tokens_of(exits, number), n_mask_words(self.vocabulary.size))
        return self._rows[key]

    def _want(self, outcome: Outcome) -> bool:
        """Add the bytes that symbols of words may read when they lie below others: is any of them new?"""
        before = int(self.wanted.sum())
        for word in outcome[0]:
            for symbol in word[1:]:
                self.wanted |= self.symbols.readable[symbol]
        if int(self.wanted.sum()) == before:
            return False
        self._tables = {
            symbol: table for symbol, table in self._tables.items() if not (table.missed & self.wanted).any()
        }
        self._outcomes.clear()
        self._read_by_family.clear()
        return True

    def _write(self, letter: int, symbol: int, outcome: Outcome, classes: list[tuple[int, Outcome]]) -> None:
        places = [self._append([number, *self._words_of(one)]) for number, one in classes]
        if outcome == NOTHING and not classes and self._contents[letter][0] != "all":
            self._enter_nothing(letter, symbol)
            return
        exit_letter, *words = self._words_of(outcome)
        kind, _ = self._contents[letter]
        table = self.table(symbol) if kind == "all" else _NO_TABLE
        head = [int(self.symbols.ends[symbol]), exit_letter, table.exits, table.sort]
        record = self._append([*head, *words, len(places), *places])
        self._note(letter, symbol, record)

    def _enter_nothing(self, letter: int, symbol: int) -> None:
        """The record of a symbol that a letter does nothing to: one for those that end, one for the others."""
        ends = self.symbols.ends[symbol]
        if self._nothing[ends] == 0:
            self._nothing[ends] = self._append([int(ends), NO_LETTER, 0, 0, 0, 0])
        self._note(letter, symbol, self._nothing[ends])

    def _note(self, letter: int, symbol: int, record: int) -> None:
        self._n_records += 1
        self._entries.append((letter, symbol, record))
        if 2 * (self._n_records + MAX_NEEDED) > self._map_size:
            self._enlarge_map()
        else:
            enter_record(self.effects, letter, symbol, record)

    def _words_of(self, outcome: Outcome) -> list[int]:
        """[exit letter, n_words, words...], the words being placed."""
        words, suffixes = outcome
        for word in words:
            if word not in self._placed_words:
                self._placed_words[word] = self._append([len(word), *word])
        return [self._letter("suffixes", suffixes), len(words), *(self._placed_words[word] for word in words)]

    def _append(self, words: list[int]) -> int:
        at = self._free
        self._free += len(words)
        if self._free > len(self.effects):
            larger = np.zeros(2 * self._free, dtype=np.int32)
            larger[: len(self.effects)] = self.effects
            self.effects = larger
        self.effects[at : self._free] = words
        return at

    def _enlarge_map(self) -> None:
        """Four times the room for the map, which lies before all records: these move up."""
        old = EFFECT_MAP + EFFECT_ENTRY * self._map_size
        entries = self._entries
        contents = self.effects[old : self._free]
        self._map_size *= 4
        new = EFFECT_MAP + EFFECT_ENTRY * self._map_size
        moved = new - old
        effects = np.zeros(2 * (self._free + moved), dtype=np.int32)
        effects[:EFFECT_MAP] = self.effects[:EFFECT_MAP]
        effects[EFFECT_MASK] = self._map_size - 1
        effects[new : self._free + moved] = contents
        self.effects = effects
        self._free += moved
        self._placed_words = {word: at + moved for word, at in self._placed_words.items()}
        self._entries = []
        self._nothing = [record + moved if record else 0 for record in self._nothing]
        for record in {record for _, _, record in entries}:
            self._move(record + moved, moved)
        for letter, symbol, record in entries:
            self._entries.append((letter, symbol, record + moved))
            enter_record(self.effects, letter, symbol, record + moved)

    def _move(self, record: int, moved: int) -> None:
        """Correct the offsets in a record that has been moved."""
        effects = self.effects
        n_words = int(effects[record + RECORD_N_WORDS])
        effects[record + RECORD_WORDS : record + RECORD_WORDS + n_words] += moved
        classes = record + RECORD_WORDS + n_words
        n_classes = int(effects[classes])
        effects[classes + 1 : classes + 1 + n_classes] += moved
        for one in effects[classes + 1 : classes + 1 + n_classes].tolist():
            n = int(effects[one + CLASS_N_WORDS])
            effects[one + CLASS_WORDS : one + CLASS_WORDS + n] += moved

    # Tokens

    def table(self, symbol: int) -> TokenTable:
        """The tokens that do something to a symbol."""
        if symbol not in self._tables:
            self._tables[symbol] = _NO_TABLE if symbol < FIRST_SYMBOL else self._sorted(symbol)
        return self._tables[symbol]

    def _sorted(self, symbol: int) -> TokenTable:
        family = self.symbols.family_of(symbol)
        if family != symbol:
            table = self.table(family)
            words = [tuple(self.symbols.shifted(word, symbol) for word in one) for one in table.words]
            return dataclasses.replace(table, words=words)
        strings, order = self._strings, self._tokens
        (index, words), exits, missed = self._read(symbol, strings)
        read = np.flatnonzero(index >= 0)
        tokens, which = order[read], index[read]
        if self.symbols.takes_tokens[symbol]:
            tokens, which, words = self._with_whole_tokens(symbol, tokens, which, words)
        alike: dict[tuple[Word, ...], int] = {}
        class_of_words = np.array([alike.setdefault(found, len(alike)) for found in words] or [0], dtype=np.int32)
        by_id = np.argsort(tokens, kind="stable")
        tokens, classes = np.ascontiguousarray(tokens[by_id]), class_of_words[which[by_id]]
        by_class = np.argsort(classes, kind="stable")
        bounds = np.searchsorted(classes[by_class], np.arange(len(alike) + 1))
        numbers = [
            self._class_of(np.ascontiguousarray(tokens[by_class[bounds[number] : bounds[number + 1]]]))
            for number in range(len(alike))
        ]
        left = [
            (int(order[k]), self._suffix(strings.data[strings.begins[k] + depth : strings.ends[k]].tobytes()))
            for k, depth in exits.tolist()
        ]
        pairs = np.array(sorted(left), dtype=np.int32).reshape(-1, 2)
        exits_number = self._exit_numbers.setdefault(pairs.tobytes(), len(self._exits))
        if exits_number == len(self._exits):
            self._exits.append((np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])))
        sort = self._sorts.setdefault(tuple(numbers), len(self._sorts) + 1)
        return TokenTable(tokens, classes, list(alike), numbers, *self._exits[exits_number], exits_number, sort, missed)

    def _class_of(self, tokens: NDArray[np.int32]) -> int:
        """The number of a class of tokens."""
        key = tokens.tobytes()
        if key not in self._class_numbers:
            self._class_numbers[key] = len(self.class_tokens)
            self.class_tokens.append(tokens)
        return self._class_numbers[key]

    def _read(
        self, symbol: int, strings: Strings
    ) -> tuple[tuple[NDArray[np.int64], list[tuple[Word, ...]]], NDArray[np.int32], NDArray[np.bool_]]:
        """Read sorted strings from a symbol: which words each leads to (an index, -1 for none), exits, bytes missed."""
        n = len(strings.begins)
        path = np.zeros(strings.longest + 1, dtype=np.int32)
        progress = np.zeros(N_PROGRESS, dtype=np.int32)
        parents, places = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
        exits = np.zeros((_FIRST_EXITS, 2), dtype=np.int32)
        missed = np.zeros(256, dtype=np.bool_)
        arguments = (strings.data, strings.begins, strings.ends, strings.shared, self.wanted, missed, path, progress)
        configuration = self.symbols.configurations[symbol]
        before = 0
        while self.symbols.run(walk_strings, configuration, *arguments, parents, places, exits):
            # full in the middle of a string: that one is read again
            at = int(progress[0])
            while progress[N_EXITS] > before and exits[progress[N_EXITS] - 1, 0] == at:
                progress[N_EXITS] -= 1
            exits = np.concatenate([exits, np.zeros_like(exits)])
        assert progress[IS_CUT] in {0, 1}
        found, first, which = np.unique(places, return_index=True, return_inverse=True)
        words: list[tuple[Word, ...]] = []
        index = np.full(len(found), -1, dtype=np.int64)
        for number, (place, k) in enumerate(zip(found.tolist(), first.tolist(), strict=True)):
            frame = 0
            if place:
                frame = self.symbols.run(items_after_byte, int(parents[k]), int(strings.data[strings.ends[k] - 1]))
            if frame and (reached := self.symbols.words_at(frame)):
                index[number] = len(words)
                words.append(reached)
        return (index[which.ravel()], words), exits[: progress[N_EXITS]], missed

    def _with_whole_tokens(
        self, symbol: int, tokens: NDArray[np.int32], which: NDArray[np.int64], words: list[tuple[Word, ...]]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], list[tuple[Word, ...]]]:
        """The same with the tokens that a symbol takes by name."""
        by_token = dict(zip(tokens.tolist(), which.tolist(), strict=True))
        words = list(words)
        configuration = self.symbols.configurations[symbol]
        for token in range(self.vocabulary.size):
            frame = self.symbols.run(items_after_token, configuration, token)
            if frame and (reached := self.symbols.words_at(frame)):
                if token in by_token:
                    reached = _union([(reached, ()), (words[by_token[token]], ())])[0]
                by_token[token] = len(words)
                words.append(reached)
        return np.array(list(by_token), dtype=np.int32), np.array(list(by_token.values()), dtype=np.int64), words

    def _outcome_of_tokens(self, letter: int, symbol: int) -> Outcome:
        """What the tokens of a letter do to a symbol: as to the first of its family, but for counts."""
        if (
            not (self._first_bytes(letter) & self.symbols.readable[symbol]).any()
            and not self.symbols.takes_tokens[symbol]
        ):
            return NOTHING
        family = self.symbols.family_of(symbol)
        key = (letter, family)
        known = self._read_by_family.get(key)
        if known is None:
            table = self.table(family)
            asked = np.array(self._contents[letter][1], dtype=np.int32)
            at = np.searchsorted(table.tokens, asked)
            read = at[table.tokens[np.minimum(at, len(table.tokens) - 1)] == asked] if len(table.tokens) else at[:0]
            begins, ends = np.searchsorted(table.exit_tokens, asked), np.searchsorted(table.exit_tokens, asked + 1)
            left = {
                one
                for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
                for one in table.exit_suffixes[begin:end].tolist()
            }
            known = tuple(sorted(set(table.class_of[read].tolist()))), tuple(sorted(left))
            self._read_by_family[key] = known
        classes, suffixes = known
        if not classes:
            return (), suffixes
        words = self.table(symbol).words
        if len(classes) == 1:
            return tuple(sorted(words[classes[0]])), suffixes
        return _union([((), suffixes), *((words[number], ()) for number in classes)])

    # Suffixes

    def _suffix(self, text: bytes) -> int:
        if text not in self._suffix_ids:
            self._suffix_ids[text] = len(self._suffixes)
            self._suffixes.append(text)
        return self._suffix_ids[text]

    def outcomes_of_suffixes(self, symbol: int, suffixes: Sequence[int]) -> list[Outcome]:
        """What each suffix does to a symbol."""
        known = self._outcomes.setdefault(symbol, {})
        readable = self.symbols.readable[symbol]
        missing = [one for one in suffixes if one not in known]
        asked = [one for one in missing if readable[self._suffixes[one][0]]]
        known.update((one, NOTHING) for one in missing)
        if asked:
            asked.sort(key=self._suffixes.__getitem__)
            data, starts = flatten([self._suffixes[one] for one in asked])
            strings = Strings(data, np.ascontiguousarray(starts[:-1]), np.ascontiguousarray(starts[1:]))
            (index, words), exits, _ = self._read(symbol, strings)
            left: dict[int, list[int]] = {}
            for k, depth in exits.tolist():
                left.setdefault(k, []).append(self._suffix(self._suffixes[asked[k]][depth:]))
            for k, one in enumerate(asked):
                found = words[index[k]] if index[k] >= 0 else ()
                known[one] = (found, tuple(sorted(left.get(k, ()))))
        return [known[one] for one in suffixes]


def _union(outcomes: Iterable[Outcome]) -> Outcome:
    """What any of some strings may do."""
    words: dict[Word, None] = {}
    suffixes: set[int] = set()
    for found, left in outcomes:
        words.update(dict.fromkeys(found))
        suffixes.update(left)
    return tuple(sorted(words)), tuple(sorted(suffixes))
