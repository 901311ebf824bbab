"""Trails: what a matcher remembers of its text, and what its places remember for all texts."""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.matching.place import Note, Place, Trail

VOCABULARY = mw.Vocabulary([b"a", b"b", b"ab", b""], eos_token_ids=[3])


def place(number: int) -> Place:
    return Place(number, 0, False, False)


def test_a_trail_that_is_cut_off_is_as_it_was() -> None:
    trail = Trail([place(0)], [], [])
    trail.go_on(place(1), 7)
    trail.go_on(place(2), b"xy", Note(2, 1))
    fork = trail.fork()
    trail.go_on(place(3), 8, Note(3, 0))
    trail.cut_off(2)
    assert [one.configuration for one in trail.places] == [0, 1, 2]
    assert trail.reads == fork.reads == [7, b"xy"]
    assert trail.notes == fork.notes and trail.notes[0].position == 2
    trail.cut_off(1)
    assert trail.notes == [] and fork.notes[0].began == 1


def test_texts_that_meet_share_a_place_and_what_it_remembers() -> None:
    grammar = mw.Compiler(VOCABULARY).compile_gbnf('root ::= [ab]* "b"')
    one, other = grammar.matcher(), grammar.matcher()
    one.accept_tokens([0, 1, 0])
    other.accept_tokens([2, 0])
    assert one.place is other.place
    one.accept_token(2)
    assert other.place.after[2] is one.place


def test_a_mask_that_was_asked_for_again_is_a_row_that_no_caller_can_change() -> None:
    grammar = mw.Compiler(VOCABULARY).compile_gbnf('root ::= [ab]* "b"')
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    for _ in range(3):
        grammar.matcher().fill_bitmask(row)
        assert mw.allowed_tokens(row).tolist() == [0, 1, 2]
        row[:] = -1
    assert grammar.matcher().place.row is not None


def test_a_token_id_must_be_an_integer_also_where_it_is_remembered() -> None:
    grammar = mw.Compiler(VOCABULARY).compile_gbnf('root ::= [ab]* "b"')
    matcher = grammar.matcher()
    matcher.accept_token(0)
    for token in (0.0, "0", None):
        with pytest.raises(mw.MatcherError, match="must be integers"):
            matcher.accept_token(token)  # type: ignore[arg-type]
    assert matcher.n_accepted == 1


def test_too_many_places_are_forgotten_and_found_again() -> None:
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_gbnf("root ::= [ab]{0,100000}")
    matcher = grammar.matcher()
    for _ in range(20_000):
        matcher.accept_token(0)
    assert grammar.memory.n_restarts == 0 and len(grammar._places) < 10_000
    matcher.rollback(19_999)
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matcher.fill_bitmask(row)
    assert mw.allowed_tokens(row).tolist() == [0, 1, 2, 3]
