"""Terms are found where `re` finds them, in all short texts."""

from __future__ import annotations

import re
from itertools import product

import pytest

from maskwright.errors import LimitExceeded, MatcherError
from maskwright.sampling.monitors.terms import START, Term, as_terms, search_for

PIECES = ["a", "A", "b", "k", "\N{KELVIN SIGN}", "é", "É"]
TEXTS = ["".join(pieces) for n in range(5) for pieces in product(PIECES, repeat=n)]


def ends_by_definition(term: Term, text: str) -> set[int]:
    """The numbers of bytes after which the term has just occurred."""
    flags = re.IGNORECASE if term.ignores_case else 0
    pattern = re.compile(re.escape(str(term.text)), flags)
    starts = (at for at in range(len(text)) if pattern.match(text, at))
    return {len(text[: at + len(term.text)].encode()) for at in starts}


@pytest.mark.parametrize(
    "terms",
    [
        [Term("ab")],
        [Term("aba"), Term("b")],
        [Term("aA", ignores_case=True)],
        [Term("ka", ignores_case=True), Term("ak")],
        [Term("é", ignores_case=True), Term("É")],
        [Term("kk", ignores_case=True), Term("aéa", ignores_case=True)],
    ],
    ids=str,
)
def test_each_term_is_seen_exactly_where_it_ends(terms: list[Term]) -> None:
    search = search_for(terms)
    for text in TEXTS:
        state = START
        for read, byte in enumerate(text.encode(), 1):
            state, found = search.after(state, bytes([byte]))
            assert found == search.found[state]
            expected = {place for place, term in enumerate(terms) if read in ends_by_definition(term, text)}
            assert found == expected, (text, read)


def test_without_letters_of_several_spellings_there_is_a_state_for_each_beginning() -> None:
    search = search_for(as_terms(["aba", "abb", b"\xff"]))
    states = {search.after(START, begun)[0] for begun in (b"", b"a", b"ab", b"aba", b"abb", b"\xff")}
    assert states == {*range(len(search.rows))}


def test_a_state_knows_the_least_number_of_bytes_that_lead_to_it() -> None:
    search = search_for([Term("kéA", ignores_case=True), Term("io")])
    for text in TEXTS:
        assert len(text.encode()) >= search.n_bytes[search.after(START, text.encode())[0]]
    assert search.n_bytes[search.after(START, "\N{KELVIN SIGN}éA".encode())[0]] == 4


def test_edges_cover_all_bytes_and_are_those_of_the_rows() -> None:
    search = search_for(as_terms([b"\x00a", b"\xffb"]))
    for state in range(len(search.rows)):
        edges = [*search.edges(state)]
        assert [byte for low, high, _ in edges for byte in range(low, high + 1)] == [*range(256)]
        for low, high, target in edges:
            assert all(search.after(state, bytes([byte]))[0] == target for byte in (low, high))


def test_bytes_ignore_the_case_of_ascii_letters_only() -> None:
    search = search_for([Term("É".encode(), ignores_case=True), Term(b"Q", ignores_case=True)])
    assert search.after(START, b"q")[1] == {1}
    assert search.after(START, "é".encode())[1] == set()


def test_terms_that_cannot_be_looked_for_are_refused() -> None:
    with pytest.raises(MatcherError) as caught:
        as_terms(["a", ""])
    assert str(caught.value) == "A term must not be empty: it would occur in every text."
    with pytest.raises(MatcherError, match="a lone surrogate, which no text in UTF-8 contains"):
        as_terms(["\ud800"])
    with pytest.raises(LimitExceeded, match=r"The automaton of the terms to look for needs \d+, more than the 200000"):
        search_for([Term("a" * 700)])
