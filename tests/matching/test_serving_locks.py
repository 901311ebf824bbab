"""What takes long is done while the locks are open, and what it gives is right whatever happens meanwhile."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import maskwright as mw
import maskwright.locks
from maskwright.automata import transition_network
from maskwright.automata._layout import NEED_MEMORY
from maskwright.automata.transition_network import ArenaFull
from maskwright.matching import compiled_grammar, lexeme_tables, mask_tables, own_interiors
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.completion.outlook import Outlook
from maskwright.matching.interiors import MergedStates
from maskwright.matching.lexeme_tables import Sorting
from tests.matching.counted_brackets import GRAMMAR, VOCABULARY, mask_of, random_text
from tests.matching.test_interiors import random_vocabulary
from tests.matching.test_serving_threads import in_threads

LARK = 'start: (NAME ("=" NAME)? ";")+\nNAME: /[a-z]+/\n%ignore / +/'
PATTERN = {"type": "string", "pattern": "^(foo|[a-c ]+)(bar.*)?$"}


class CountedLock:
    """A lock that knows which thread has it, and counts how often it was opened."""

    def __init__(self, held: dict[int, list[str]], name: str) -> None:
        self._lock = threading.RLock()
        self._held = held
        self._name = name
        self.n_opened = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._lock.acquire(blocking, timeout):
            return False
        self._held.setdefault(threading.get_ident(), []).append(self._name)
        return True

    def release(self) -> None:
        mine = self._held[threading.get_ident()]
        mine.remove(self._name)
        self.n_opened += self._name not in mine
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, list[str]]]:
    """By thread, the names of the locks that it has, of those that are made from now on."""
    locks: dict[int, list[str]] = {}
    monkeypatch.setattr(maskwright.locks, "new_lock", lambda rank: CountedLock(locks, rank.name))
    yield locks
    assert not any(locks.values()), "every lock was opened"


def masks_along(grammar: CompiledGrammar, seed: int, n_tokens: int = 12) -> list[list[int]]:
    """The masks before the tokens of a random text."""
    chance = random.Random(seed)
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, grammar.vocabulary.size)[0]
    masks = []
    for _ in range(n_tokens):
        matcher.fill_bitmask(row)
        masks.append(mw.allowed_tokens(row).tolist())
        going_on = [token for token in masks[-1] if token not in grammar.vocabulary.eos_token_ids]
        if not going_on:
            break
        matcher.accept_token(chance.choice(going_on))
    return masks


def mask_of_any(matcher: mw.Matcher) -> list[int]:
    """The tokens of its mask, whatever its vocabulary."""
    row = mw.allocate_bitmask(1, matcher._grammar.vocabulary.size)[0]
    matcher.fill_bitmask(row)
    return mw.allowed_tokens(row).tolist()


COMPILED: dict[str, Callable[[mw.Compiler], CompiledGrammar]] = {
    "a pattern": lambda compiler: compiler.compile_json_schema(PATTERN),
    "a pattern with a counter": lambda compiler: compiler.compile_json_schema({**PATTERN, "maxLength": 9}),
    "a lexer": lambda compiler: compiler.compile_lark(LARK),
    "brackets": lambda compiler: compiler.compile_gbnf('root ::= "[" ([a-c ]{2,5} | root)* "]"'),
}


@pytest.mark.parametrize("kind", [*COMPILED])
def test_tokens_are_sorted_with_all_locks_open(
    kind: str, held: dict[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    n_calls = 0

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            nonlocal n_calls
            n_calls += 1
            assert not held.get(threading.get_ident()), "a lock is held while tokens are sorted"
            return function(*arguments, **more)

        return call

    for owner, name in (
        (MergedStates, "__init__"),
        (MergedStates, "key_of"),
        (MergedStates, "_sorted"),
        (Sorting, "result"),
        (mask_tables, "_classified"),
    ):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    grammar = COMPILED[kind](mw.Compiler(random_vocabulary(1)))
    for seed in range(6):
        masks_along(grammar, seed)
    assert n_calls or kind == "brackets"


def test_a_vocabulary_is_sorted_for_a_lexer_in_slices(
    held: dict[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [masks_along(COMPILED["a lexer"](mw.Compiler(random_vocabulary(1))), seed) for seed in range(4)]
    monkeypatch.setattr(lexeme_tables, "TEXTS_AT_ONCE", 50)
    slices: list[int] = []
    go_on = Sorting.go_on

    def counted(sorting: Sorting, *arguments: Any) -> int:
        slices.append(grammar._lock.n_opened)
        return go_on(sorting, *arguments)

    monkeypatch.setattr(Sorting, "go_on", counted)
    grammar: Any = COMPILED["a lexer"](mw.Compiler(random_vocabulary(1)))
    assert [masks_along(grammar, seed) for seed in range(4)] == whole
    assert len(slices) > 20
    assert len(set(slices)) == len(slices), "the lock was opened between any two slices"


@pytest.mark.parametrize("kind", [*COMPILED])
@pytest.mark.parametrize("most", [(1, 1 << 20), (3, 1 << 20), (1 << 20, 40)])
def test_masks_in_many_turns_are_the_masks(
    kind: str, most: tuple[int, int], held: dict[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = mw.Compiler(random_vocabulary(2))
    whole = [masks_along(COMPILED[kind](compiler), seed) for seed in range(5)]
    n_turns = 0

    def count() -> None:
        nonlocal n_turns
        n_turns += 1
        assert not held.get(threading.get_ident()), "others cannot have a turn"

    monkeypatch.setattr(compiled_grammar, "let_others", count)
    monkeypatch.setattr(transition_network, "MOST_STEPS", most[0])
    monkeypatch.setattr(transition_network, "MOST_WORDS", most[1])
    compiler.clear_cache()
    grammar = COMPILED[kind](compiler)
    assert [masks_along(grammar, seed) for seed in range(5)] == whole
    assert n_turns > 0
    assert grammar.precompute(budget_bytes=4 << 20).n_explored > 0


@pytest.mark.parametrize("kind", [*COMPILED])
def test_memory_that_starts_over_in_every_turn_does_not_keep_a_mask_from_being_made(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is made at one go; nothing that was found for the memory before is written into the one after it."""
    whole = [masks_along(COMPILED[kind](mw.Compiler(random_vocabulary(3))), seed, 5) for seed in range(3)]
    monkeypatch.setattr(transition_network, "MOST_STEPS", 2)
    monkeypatch.setattr(lexeme_tables, "TEXTS_AT_ONCE", 50)
    grammar = COMPILED[kind](mw.Compiler(random_vocabulary(3)))
    n_anew = 0

    def begin_anew(*_: object) -> None:
        nonlocal n_anew
        n_anew += 1
        with grammar._lock:
            grammar._begin_anew()

    record_of = own_interiors.OwnInteriors.record_of

    def found(*asked: Any) -> int:
        record = record_of(*asked)
        begin_anew()
        return record

    monkeypatch.setattr(compiled_grammar, "let_others", begin_anew)
    monkeypatch.setattr(own_interiors.OwnInteriors, "record_of", found)
    assert [masks_along(grammar, seed, 5) for seed in range(3)] == whole
    assert n_anew >= 3


def test_where_a_slice_finds_no_memory_the_mask_is_made_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [masks_along(COMPILED["a lexer"](mw.Compiler(random_vocabulary(4))), seed, 4) for seed in range(3)]
    grammar = COMPILED["a lexer"](mw.Compiler(random_vocabulary(4)))
    go_on, is_full = Sorting.go_on, [True, True, False, True]

    def full(sorting: Sorting, *arguments: Any) -> int:
        if is_full and is_full.pop():
            raise ArenaFull
        return go_on(sorting, *arguments)

    monkeypatch.setattr(Sorting, "go_on", full)
    assert [masks_along(grammar, seed, 4) for seed in range(3)] == whole
    assert not is_full
    assert grammar.memory.n_restarts >= 1


def test_an_interrupt_while_a_slice_is_supplied_costs_what_was_learnt_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = [masks_along(COMPILED["a lexer"](mw.Compiler(random_vocabulary(4))), seed, 4) for seed in range(3)]
    grammar = COMPILED["a lexer"](mw.Compiler(random_vocabulary(4)))
    matcher = grammar.matcher()
    epoch = grammar._network.epoch

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Sorting, "go_on", lambda *_: NEED_MEMORY)
        patched.setattr(grammar._network, "provide", interrupted)
        with pytest.raises(KeyboardInterrupt):
            mask_of_any(matcher)
    assert grammar.was_interrupted
    assert grammar._network.epoch > epoch
    assert mask_of_any(matcher) == whole[0][0]
    assert [masks_along(grammar, seed, 4) for seed in range(3)] == whole


def test_masks_in_turns_are_right_while_memory_starts_over_under_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transition_network, "MOST_STEPS", 4)
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_grammar(GRAMMAR)
    texts = [random_text(random.Random(seed), 250) for seed in range(150)]

    def work(chance: random.Random) -> None:
        for _ in range(300):
            tokens, masks = chance.choice(texts)
            position = chance.randrange(len(tokens))
            matcher = grammar.matcher()
            assert matcher.accept_tokens(tokens[:position]) == position
            for token, mask in zip(tokens[position : position + 4], masks[position : position + 4], strict=True):
                assert mask_of(matcher) == mask
                matcher.accept_token(token)

    in_threads(work)
    assert grammar.memory.n_restarts >= 2


def test_places_that_are_forgotten_are_emptied_little_by_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_grammar, "_BYTES_FOR_ONE_REMEMBERED", (8 << 20) // 50)
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_grammar(GRAMMAR)
    places: dict[int, Any] = {}
    most_emptied = most_waiting = 0
    for seed in range(20):
        matcher = grammar.matcher()
        for token, mask in zip(*random_text(random.Random(seed), 30), strict=True):
            full = [place for place in places.values() if place.after or place.row is not None]
            assert mask_of(matcher) == mask
            matcher.accept_token(token)
            most_emptied = max(most_emptied, sum(not place.after and place.row is None for place in full))
            most_waiting = max(most_waiting, len(grammar._forgotten))
            places |= {id(place): place for place in grammar._places.values()}
    assert len(places) > 200
    assert 40 < most_waiting <= grammar._most_remembered
    assert 0 < most_emptied <= 8, "not all at once"
    known = {id(place) for place in [*grammar._places.values(), *grammar._forgotten]}
    gone = [place for number, place in places.items() if number not in known]
    assert len(gone) > 100
    assert sum(bool(place.after) for place in gone) < len(gone) / 10, "but for those that a text went on from"


def test_threads_that_want_the_same_tokens_sorted_sort_them_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = random_vocabulary(5)
    expected = {kind: masks_along(compiled(mw.Compiler(vocabulary)), 0, 3) for kind, compiled in COMPILED.items()}
    counts: dict[str, int] = {}
    result, merge = Sorting.result, MergedStates.__init__

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            counts[name] = counts.get(name, 0) + 1
            return function(*arguments, **more)

        return call

    def work_on(kind: str) -> None:
        grammar = COMPILED[kind](mw.Compiler(vocabulary))
        in_threads(lambda _: compare(masks_along(grammar, 0, 3), expected[kind]))

    def compare(found: object, wanted: object) -> None:
        assert found == wanted

    monkeypatch.setattr(MergedStates, "__init__", counted("automata", merge))
    monkeypatch.setattr(Sorting, "result", counted("lexers", result))
    for kind in COMPILED:
        work_on(kind)
    alone = dict(counts)
    counts.clear()
    for compiled in COMPILED.values():
        masks_along(compiled(mw.Compiler(vocabulary)), 0, 3)
    assert alone == counts


def test_shared_automata_of_strangers_stay_within_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free text of a grammar's own has tables; where there is no room for more, its masks are walked, and the same."""
    vocabulary = random_vocabulary(6)
    texts = [f'root ::= "<{number}>" [^{chr(97 + number)}<]* "</{number}>"' for number in range(20)]
    free = mw.Compiler(vocabulary)
    before = free.table_bytes
    expected = [masks_along(free.compile_gbnf(text), 1) for text in texts]
    grown = free.table_bytes - before
    monkeypatch.setattr(mask_tables, "MAX_SHARED_BYTES", grown // 5)
    compiler = mw.Compiler(vocabulary)
    assert [masks_along(compiler.compile_gbnf(text), 1) for text in texts] == expected
    assert compiler.table_bytes - before < grown // 2
    assert np.count_nonzero(compiler._tables.arena) > 0


def test_what_budgets_need_is_made_once_with_all_locks_open(
    held: dict[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Outlook] = []
    begin = Outlook.__init__

    def counted(outlook: Outlook, grammar: CompiledGrammar) -> None:
        made.append(outlook)
        assert not held.get(threading.get_ident())
        begin(outlook, grammar)

    monkeypatch.setattr(Outlook, "__init__", counted)
    grammar = mw.Compiler(VOCABULARY).compile_grammar(GRAMMAR)
    found: list[Outlook] = []
    in_threads(lambda _: found.append(grammar.outlook))
    assert {id(one) for one in found} == {id(made[0])}
    assert len(made) == 1
