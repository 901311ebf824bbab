"""Texts do not end before all terms are in them."""

from __future__ import annotations

import pytest

from maskwright import Compiler, Grammar
from maskwright.errors import MatcherError, TokenRejected
from maskwright.sampling.monitors import MonitoredMatcher, Term, forbidden_texts, required_terms
from tests.sampling.monitors.toys import EOS, random_walks, tokens_of, vocabulary_of

VOCABULARY = vocabulary_of(b"a", b"b", b"A", b"ab", b"bA", b"aab")


def test_end_tokens_are_forbidden_exactly_until_every_term_occurs() -> None:
    n_ended = 0
    monitor = required_terms(VOCABULARY, ["ab", Term("ba", ignores_case=True)])
    everything = set(range(len(VOCABULARY.token_bytes))) - {2}
    for text, here, legal in random_walks(monitor, VOCABULARY, 40, 8):
        may_end = b"ab" in text and b"ba" in text.lower()
        assert legal == everything - (set() if may_end else {EOS}), text
        assert (here.legal_tokens() is None) == may_end
        n_ended += may_end
    assert 10 < n_ended < 310


def test_what_is_missing_is_told_in_the_given_order() -> None:
    monitor = required_terms(VOCABULARY, ["b", "aa", Term("AB", ignores_case=True)])
    assert monitor.missing == (Term("b"), Term("aa"), Term("AB", ignores_case=True))
    later = monitor.after(6, b"ab")
    assert later.missing == (Term("aa"),)
    assert monitor.missing[0] == Term("b")
    assert later.after(8, b"aab").missing == ()


def test_two_monitors_are_one_matcher_around_another() -> None:
    compiler = Compiler(VOCABULARY)
    grammar = compiler.compile_grammar(Grammar.from_regex("[ab]{1,3}")).matcher()
    matcher = MonitoredMatcher(
        MonitoredMatcher(grammar, forbidden_texts(compiler, ["aa"]), VOCABULARY),
        required_terms(VOCABULARY, ["b"]),
        VOCABULARY,
    )
    texts = set()
    todo = [(b"", matcher)]
    while todo:
        text, here = todo.pop()
        for token in range(len(VOCABULARY.token_bytes)):
            going_on = here.fork()
            try:
                going_on.accept_token(token)
            except TokenRejected:
                continue
            if token == EOS:
                texts.add(text)
            else:
                todo.append((text + VOCABULARY.text_of(token), going_on))
    assert texts == {b"b", b"ab", b"ba", b"bb", b"aba", b"abb", b"bab", b"bba", b"bbb"}


def test_no_terms_restrict_nothing_and_an_empty_one_is_refused() -> None:
    assert required_terms(VOCABULARY, []).legal_tokens() is None
    assert tokens_of(required_terms(VOCABULARY, []), VOCABULARY) >= {EOS}
    with pytest.raises(MatcherError, match="A term must not be empty"):
        required_terms(VOCABULARY, [""])
