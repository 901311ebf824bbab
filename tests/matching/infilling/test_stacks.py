"""What all canvases of a grammar share: that it changes nothing, that memory is bounded, that nodes need not merge."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

import maskwright as mw
from maskwright.automata.infilling._layout import BOTTOM
from maskwright.errors import CanvasNotCompletable, LimitExceeded, UnsupportedInCanvas
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling import effects, stacks
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.making import canvas_of
from maskwright.matching.infilling.slots import MASK, Gap, Slot
from maskwright.matching.infilling.stacks import SetsFull, Stacks
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.cutting import cut_at
from tests.matching.infilling.judging import check_canvas, masks_of, random_slots
from tests.matching.infilling.test_context_free_languages import random_case
from tests.naive.canvas import fillings

BRACKETS = 'root ::= "[" items? "]" | "{" items? "}" | "(" items? ")" | "1"\nitems ::= root ("," root)*'
TOKENS = b"[ ] [[ ]] 1 , ], ,[ 1] { } ( ) }] )} ({ [(".split()
VOCABULARY = Vocabulary([*TOKENS, b""], eos_token_ids=[len(TOKENS)])
CANVASES: list[list[Slot]] = [[MASK] * 12, [0, *[MASK] * 8, 1], [Gap.at_most(9)], [2, MASK, MASK, Gap(2, 5), 3]]


@dataclass(frozen=True, slots=True)
class Brackets:
    """Canvases of one grammar, which need many sets, with so much room for these: less than a compiler can be told."""

    shared: Stacks

    def canvas(self, slots: list[Slot]) -> Canvas:
        return canvas_of(self.shared, slots, [], None)


def compiled() -> CompiledGrammar:
    return mw.Compiler(VOCABULARY).compile_gbnf(BRACKETS)


def brackets(max_bytes: int = 1 << 26) -> Brackets:
    shared = compiled().stacks()
    return Brackets(Stacks(shared.token_effects.symbols.network, VOCABULARY, max_bytes))


GRAMMAR = compiled()
EXPECTED = [masks_of(GRAMMAR.canvas(slots)) for slots in CANVASES]


def least_room() -> int:
    """The least room in which each of the canvases can be made, within 2,000 bytes."""
    low, high = 0, 1 << 20
    while high - low > 2_000:
        room = (low + high) // 2
        try:
            for slots in CANVASES:
                masks_of(brackets(room).canvas(slots))
            high = room
        except LimitExceeded:
            low = room
    return high


LEAST_ROOM = least_room()


def test_canvases_that_push_each_other_out_find_themselves_again() -> None:
    grammar = brackets(LEAST_ROOM)
    canvases = [grammar.canvas(slots) for slots in CANVASES]
    shared = canvases[0].stacks
    for _ in range(2):
        assert [masks_of(canvas) for canvas in canvases] == EXPECTED
    assert shared.epoch > 4
    assert shared.size_bytes - shared.token_effects.effects.nbytes <= 4 * len(shared._sets)


@pytest.mark.parametrize("room", [2 * LEAST_ROOM, 3 * LEAST_ROOM, 5 * LEAST_ROOM])
def test_choices_and_completions_with_little_room_are_those_with_much(room: int) -> None:
    grammar, roomy = brackets(room), brackets()
    canvases = [(grammar.canvas(slots), roomy.canvas(slots)) for slots in CANVASES]
    rng = random.Random(room)
    for _ in range(3):
        for canvas, other in canvases:
            assert canvas.complete().tolist() == other.complete().tolist()
            masks = masks_of(other)
            open_slots = [slot for slot in range(other.n_slots) if other.is_open[slot]]
            choices = {slot: rng.choice(sorted(masks[slot])) for slot in open_slots if rng.random() < 0.5}
            assert canvas.commit(choices) == other.commit(choices)
            assert masks_of(canvas) == masks_of(other)
            assert canvas.forced() == other.forced()
    for canvas, other in canvases:
        canvas.unset(range(canvas.n_slots))
        other.unset(range(other.n_slots))
        assert masks_of(canvas) == masks_of(other)


def test_a_choice_that_needs_more_room_than_there_is_changes_nothing() -> None:
    n_refused = 0
    for room in range(LEAST_ROOM, 2 * LEAST_ROOM, 8_000):
        canvas = brackets(room).canvas(CANVASES[0])
        masks = masks_of(canvas)
        for slot in range(0, canvas.n_slots, 2):
            before = canvas.tokens.tolist()
            try:
                canvas.commit({slot: max(masks[slot]), slot + 1: max(masks[slot + 1])})
            except LimitExceeded:
                n_refused += 1
                assert canvas.tokens.tolist() == before
    assert n_refused > 0


def test_a_canvas_that_needs_more_room_than_there_is_is_refused() -> None:
    grammar = brackets(2_000)
    with pytest.raises(LimitExceeded) as caught:
        grammar.canvas(CANVASES[0])
    assert str(caught.value) == (
        "The sets of stacks of one canvas needs 2001, more than the 2000 allowed: "
        "raise max_bytes, decide more slots first, or use a shorter canvas."
    )
    with pytest.raises(LimitExceeded):
        grammar.canvas(CANVASES[0])
    assert masks_of(grammar.canvas([4])) == [{4}]  # what is small enough goes on


def test_a_canvas_too_short_is_explained_or_refused_for_want_of_room_and_nothing_else() -> None:
    kinds = set()
    for room in (1 << k for k in range(11, 23)):
        try:
            brackets(room).canvas([0, MASK, MASK, 5])
        except (CanvasNotCompletable, LimitExceeded) as error:
            kinds.add(type(error))
    assert kinds == {CanvasNotCompletable, LimitExceeded}


def made_apart(grammar: CompiledGrammar) -> CompiledGrammar:
    grammar.stacks().begin_anew(is_merging=False)
    return grammar


@pytest.mark.parametrize("depth", [None, 1])
def test_masks_are_the_same_where_nodes_are_not_merged(depth: int | None) -> None:
    n_apart = 0
    with cut_at(depth):
        for seed in range(80):
            rng = random.Random(f"apart {seed}")
            _, grammar = random_case(rng)
            eos = grammar.vocabulary.eos_token_ids[0]
            slots = random_slots(rng, eos, eos, 5)
            made_apart(grammar)
            canvas = check_canvas(grammar, slots, [eos], list(fillings(grammar, slots, [eos])), rng)
            n_apart += canvas is not None and not grammar.stacks().is_merging  # else memory was full, and merged again
    assert n_apart > 40


def test_nodes_that_are_not_merged_give_the_same_masks_of_longer_canvases() -> None:
    """No longer than this: here they take five times as many nodes for each slot."""
    grammar = made_apart(compiled())
    for slots in ([MASK] * 5, [0, *[MASK] * 4, 1], [Gap.at_most(5)]):
        assert masks_of(grammar.canvas(slots)) == masks_of(GRAMMAR.canvas(slots))
    assert not grammar.stacks().is_merging


def test_what_other_canvases_asked_before_changes_no_mask() -> None:
    """Classes of tokens and sets of stacks are shared; bytes that matter only later make them anew."""
    for seed in range(30):
        rng = random.Random(f"history {seed}")
        name, shared = random_case(rng)
        eos = shared.vocabulary.eos_token_ids[0]
        cases = [random_slots(rng, eos, eos, 6) for _ in range(6)]
        for slots in cases:
            fresh = mw.Compiler(shared.vocabulary).compile_grammar(sources()[name])
            assert answer(shared, slots, eos) == answer(fresh, slots, eos), (name, slots)


def sources() -> dict[str, mw.Grammar]:
    from tests.matching.infilling.test_context_free_languages import GRAMMARS

    return GRAMMARS


def answer(grammar: CompiledGrammar, slots: list[Slot], *eos_ids: int) -> object:
    try:
        return masks_of(grammar.canvas(slots, eos_ids))
    except CanvasNotCompletable as error:
        return error


@pytest.mark.parametrize(
    "shrink",
    [
        lambda patch, shared: patch.setattr(effects, "_FIRST_EXITS", 1),
        lambda patch, shared: setattr(shared, "_alive", np.zeros((1, 2), dtype=np.int32)),
        lambda patch, shared: setattr(shared, "most_masks", 1),
        lambda patch, shared: patch.setattr(stacks, "_MOST_REMEMBERED", 1),
    ],
    ids=["exits", "classes", "masks", "results"],
)
def test_tables_that_begin_small_grow(
    shrink: Callable[[pytest.MonkeyPatch, Stacks], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    grammar = brackets()
    shrink(monkeypatch, grammar.shared)
    assert [masks_of(grammar.canvas(slots)) for slots in CANVASES] == EXPECTED


def test_a_grammar_with_thousands_of_records_answers_as_before() -> None:
    """Each fixed token is a letter of its own, so the map of records has to grow."""
    tokens = [bytes(one) for length in (2, 3) for one in product(b"[](){}1,", repeat=length)]
    vocabulary = Vocabulary([*TOKENS, *tokens, b""], eos_token_ids=[len(TOKENS) + len(tokens)])
    grammar = mw.Compiler(vocabulary).compile_gbnf(BRACKETS)
    slots: list[Slot] = [MASK, MASK, MASK]
    before = masks_of(grammar.canvas(slots))
    shared = grammar.stacks()
    first_size = shared.token_effects._map_size
    n_ways = 0
    for token in range(len(TOKENS) + len(tokens)):
        for slot in range(3):
            fixed = [*slots]
            fixed[slot] = token
            is_possible = token in before[slot]
            assert is_possible == (not isinstance(answer(grammar, fixed), CanvasNotCompletable))
            n_ways += is_possible
    assert n_ways > 20
    assert shared.token_effects._map_size > first_size
    assert masks_of(grammar.canvas(slots)) == before


def test_overlaps_that_do_not_fit_into_memory_are_no_overlaps() -> None:
    shared = brackets(1 << 24).shared
    one = other = BOTTOM
    for k in range(200_000):
        one = shared.push(2, one)
        other = shared.push(3 if k == 0 else 2, other)
    with pytest.raises(SetsFull):
        shared.intersection(one, other)
    with pytest.raises(SetsFull):
        shared.meets(one, other)


def test_threads_may_share_a_grammar() -> None:
    grammar = brackets(2 * LEAST_ROOM)
    wrong: list[object] = []

    def work(which: int) -> None:
        rng = random.Random(which)
        for _ in range(4):
            slots, expected = rng.choice(list(zip(CANVASES, EXPECTED, strict=True)))
            canvas = grammar.canvas(slots)
            if masks_of(canvas) != expected or not is_member(canvas):
                wrong.append(slots)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def is_member(canvas: Canvas) -> bool:
    matcher = GRAMMAR.matcher()
    for token in canvas.complete().tolist():
        if token >= 0:
            matcher.accept_token(token)
    return matcher.is_accepting()


UNIQUE = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 2}
OPEN_OBJECT = {"type": "object", "additionalProperties": {"const": 1}, "minProperties": 2}


@pytest.mark.parametrize("schema", [UNIQUE, OPEN_OBJECT], ids=["items", "names"])
def test_values_that_must_differ_are_refused_unless_they_may_repeat(schema: dict[str, object]) -> None:
    singles = Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])
    grammar = mw.Compiler(singles).compile_json_schema(schema)
    with pytest.raises(UnsupportedInCanvas) as caught:
        grammar.canvas([MASK] * 30)
    assert str(caught.value) == (
        "That values or names differ from their siblings cannot be kept exactly in a canvas: close the objects "
        "(additionalProperties: false) and leave out uniqueItems, or pass ignore_repetitions."
    )
    repeated = list(b"[1,1]" if schema is UNIQUE else b'{"a":1,"a":1}')
    matcher = grammar.matcher()
    with pytest.raises(mw.TokenRejected):
        matcher.accept_bytes(bytes(repeated))
    canvas = grammar.canvas([MASK] * len(repeated), ignore_repetitions=True)
    choices = dict(enumerate(repeated))
    assert canvas.commit(choices) == choices
    assert grammar.canvas([MASK] * 30, [256], ignore_repetitions=True).is_open.all()


def test_members_of_closed_objects_stand_once_without_asking() -> None:
    singles = Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])
    schema = {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "additionalProperties": False}
    grammar = mw.Compiler(singles).compile_json_schema(schema)
    canvas = grammar.canvas([*b'{"', MASK, *b'":', MASK, *b',"', MASK, *b'":1}'])
    assert [chr(token) for token in canvas.complete()] == list('{"b":2,"a":1}')
    assert canvas.forced() == {2: ord("b"), 5: ord("2"), 8: ord("a")}
