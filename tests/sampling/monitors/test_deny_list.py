"""Deny lists against their definition, token by token, and against the product with a grammar."""

from __future__ import annotations

import re

import pytest

from maskwright import Compiler, Grammar, Vocabulary, allocate_bitmask, allowed_tokens
from maskwright.errors import MatcherError, TokenRejected
from maskwright.sampling.monitors import MonitoredMatcher, Term, forbidden_texts, forbidden_tokens
from tests.sampling.monitors.toys import EOS, legal_by_definition, random_walks, tokens_of, vocabulary_of

VOCABULARY = vocabulary_of(
    b"a", b"b", b"A", b"B", b"c", b"ab", b"ba", b"aB", b"cab", b"aab", b"bcb", b"\xc3", b"\xa9", b"\xff", "éb".encode()
)


@pytest.mark.parametrize(
    "terms",
    [
        ["ab"],
        ["aba", b"bb", "c"],
        [Term("ab", ignores_case=True), "bc"],
        ["é", b"\xffa"],
        [Term("Éa", ignores_case=True), "abab"],
        [],
    ],
    ids=str,
)
def test_a_token_is_legal_exactly_if_no_term_ends_within_it(terms: list[str | bytes | Term]) -> None:
    patterns = []
    for term in terms:
        given = term if isinstance(term, Term) else Term(term)
        if not given.ignores_case:
            text = given.text if isinstance(given.text, bytes) else given.text.encode()
            patterns.append(re.compile(re.escape(text)))
        else:
            assert isinstance(given.text, str)
            variants = (re.escape(c.lower().encode()) + b"|" + re.escape(c.upper().encode()) for c in given.text)
            patterns.append(re.compile(b"".join(b"(?:" + variant + b")" for variant in variants)))

    def is_kept(text: bytes, token: bytes) -> bool:
        whole = text + token
        ends = {
            match.end()
            for at in range(len(whole))
            for pattern in patterns
            for match in [pattern.match(whole, at)]
            if match
        }
        return all(end <= len(text) for end in ends)

    n_refused = 0
    for text, _, legal in random_walks(forbidden_texts(Compiler(VOCABULARY), terms), VOCABULARY, 40, 12):
        expected = legal_by_definition(text, VOCABULARY, is_kept) | {EOS}
        assert legal == expected, text
        n_refused += len(VOCABULARY.token_bytes) - 1 - len(expected)
    assert (n_refused > 0) == bool(terms)


def test_a_vocabulary_that_spells_bytes_within_longer_tokens_only_is_no_obstacle() -> None:
    vocabulary = vocabulary_of(b"xa", b"ay", b"ax", b"y")
    monitor = forbidden_texts(Compiler(vocabulary), ["aa"])
    assert {vocabulary.text_of(token) for token in tokens_of(monitor.after(3, b"xa"), vocabulary)} == {b"", b"xa", b"y"}


def test_the_spelling_that_was_read_counts_where_a_letter_has_longer_ones() -> None:
    kelvin = "\N{KELVIN SIGN}".encode()
    vocabulary = vocabulary_of(kelvin, b"a", b"b", b"x")
    here = forbidden_texts(Compiler(vocabulary), [Term("kab", ignores_case=True)])
    everything = {b"", kelvin, b"a", b"b", b"x"}
    for text, legal in ((kelvin, everything), (b"a", everything - {b"b"}), (b"x", everything)):
        here = here.after(-1, text)
        assert {vocabulary.text_of(token) for token in tokens_of(here, vocabulary)} == legal


def test_a_special_token_does_not_hide_a_term() -> None:
    monitor = forbidden_texts(Compiler(VOCABULARY), ["ab"]).after(3, b"a").after(1, b"")
    assert 4 not in tokens_of(monitor, VOCABULARY)


def test_the_monitor_finds_dead_ends_late_and_the_product_never_begins_them() -> None:
    grammar = Grammar.from_regex("(a(b|ab)|b)c")
    compiler = Compiler(VOCABULARY)
    product = compiler.compile_grammar(grammar - "(?s).*ab.*").matcher()
    matcher = MonitoredMatcher(
        compiler.compile_grammar(grammar).matcher(), forbidden_texts(compiler, ["ab"]), VOCABULARY
    )
    row = allocate_bitmask(1, VOCABULARY.size)[0]
    product.fill_bitmask(row)
    assert [VOCABULARY.text_of(token) for token in allowed_tokens(row)] == [b"b", b"bcb"][:1]
    matcher.fill_bitmask(row)
    assert [VOCABULARY.text_of(token) for token in allowed_tokens(row)] == [b"a", b"b"]
    matcher.accept_token(3)
    matcher.fill_bitmask(row)
    assert [VOCABULARY.text_of(token) for token in allowed_tokens(row)] == [b"a"]
    matcher.accept_token(3)
    matcher.fill_bitmask(row)
    assert not row.any()  # only b could follow
    with pytest.raises(TokenRejected) as caught:
        matcher.accept_token(4)
    assert str(caught.value) == "Token 4 is not allowed after 2 tokens: the monitor forbids its text b'b'."


def test_forbidden_tokens_are_forbidden_everywhere_whatever_they_spell() -> None:
    monitor = forbidden_tokens(VOCABULARY, [3, EOS])
    everything = tokens_of(forbidden_tokens(VOCABULARY, []), VOCABULARY)
    assert tokens_of(monitor, VOCABULARY) == everything - {3, EOS}
    assert monitor.after(4, b"b") is monitor
    with pytest.raises(MatcherError) as caught:
        forbidden_tokens(VOCABULARY, [2, 99])
    assert str(caught.value) == "Token id 99 lies outside this vocabulary of 21 ids."


def test_a_real_vocabulary_cannot_write_a_term_in_any_of_its_tokenisations(bundled: Vocabulary) -> None:
    monitor = forbidden_texts(Compiler(bundled), [Term("name", ignores_case=True)])
    for text in (b"", b"na", b"the N", b"naname"[:3]):
        here = monitor.after(-1, text)
        legal = set(allowed_tokens(here.legal_tokens(), bundled.size).tolist())
        for token in range(bundled.size):
            spelt = bundled.text_of(token)
            if spelt:
                assert (token in legal) == (b"name" not in (text + spelt).lower()), (text, spelt)
