"""Many terms to mention: the lazy grammar against the multiplied automaton, and twenty terms at once."""

from __future__ import annotations

import time
import tracemalloc
from functools import reduce

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.atoms import TextAtom, TextTest
from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.grounding.mention_grammar import mention_grammar
from maskwright.grammar.behaviour.grounding.term_languages import Term
from maskwright.grammar.behaviour.specification.spec import Free, Mention, OneOf, Restriction
from maskwright.grammar.characters import CharacterAutomaton, match_language
from maskwright.grammar.text_search import text_without
from tests.grammar.behaviour.grounding.specifications import accepts, one_segment
from tests.grammar.single_bytes import SINGLE_BYTES, verdict

WORDS = tuple(
    (
        "warranty receipt refund exchange customer delivery shipping product invoice payment discount deadline address"
        " telephone manager complaint solution agreement signature department"
    ).split()
)

terms = st.builds(Term, st.sampled_from(["a", "ab", "ba", "aba", "b a", "é"]), st.booleans(), st.booleans())
bases = st.sampled_from(["(?s:.*)", "[ab é]*", "(?s:x.*)?", "(?s:.*)[^a]", "a*", "[ab]{0,4}", "(?s:(?!.*abab).*)"])


@settings(max_examples=80, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    bases,
    st.lists(terms, min_size=1, max_size=3, unique=True),
    st.lists(st.lists(st.sampled_from(["a", "b", " ", "A", "é", "x"]), max_size=7).map("".join), max_size=6),
)
def test_the_lazy_grammar_is_the_product(base: str, asked: list[Term], texts: list[str]) -> None:
    language = match_language(base)
    whole = reduce(CharacterAutomaton.__and__, [term.contained for term in asked], language)
    grammar = mention_grammar(language, tuple(asked))
    if grammar is None:
        return
    assert not whole.is_empty
    shortest = whole.shortest()
    assert shortest is not None
    for text in [*texts, shortest, " ".join(term.text for term in asked)]:
        expected = "member" if whole.accepts(text) else None
        found = verdict(grammar, text)
        assert (found == "member") == (expected == "member"), text
        # no dead end: what is the beginning of a member of the base goes on to one
        state = 0
        for character in text:
            cls = language.alphabet.class_of(ord(character))
            state = int(language.transitions[state, cls]) if cls >= 0 and state >= 0 else -1
        assert (found == "refused") == (state < 0), text


def test_a_base_that_may_come_to_an_end_is_not_done_lazily() -> None:
    assert mention_grammar(match_language("[ab]{0,9}"), (Term("a"),)) is None
    assert mention_grammar(text_without(["ab"]), (Term("xab"),)) is None
    assert mention_grammar(match_language("b[^b]*|a*"), (Term("b"),)) is None
    assert mention_grammar(match_language("(?s:.*)"), (Term("b"),)) is not None


def first_mask(bodies: Bodies) -> mw.Grammar:
    grammar = bodies.grammar("a", bodies.letters_of("a"))
    assert grammar is not None
    assert mw.Compiler(SINGLE_BYTES).compile_grammar(grammar).matcher().allows(ord("w"))
    return grammar


@pytest.mark.parametrize(("fold", "word"), [(False, False), (True, False), (True, True)])
def test_twenty_terms_are_ready_at_once(fold: bool, word: bool) -> None:
    spec = one_segment(Free(), restrictions=(Restriction("all", Mention(WORDS, fold=fold, word=word)),))
    first_mask(Bodies.of(spec, []))  # kernels are loaded
    begin = time.perf_counter()
    bodies = Bodies.of(spec, [])
    grammar = first_mask(bodies)
    assert time.perf_counter() - begin < 2.0  # it takes 0.02, with words 0.2, on an idle machine
    tracemalloc.start()
    first_mask(Bodies.of(spec, []))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
    everything = ", ".join(WORDS[::-1])
    assert accepts(grammar, everything)
    assert not accepts(grammar, everything.replace("refund", "refun d"))
    (number,) = bodies.letters_of("a")
    for text in (bodies.shortest(number), bodies.sample(number, np.random.default_rng(1)), everything):
        assert bodies.letter_of("a", text) == number
    closing = bodies.closing("a", "the warranty", number)
    assert closing is not None
    assert len(closing) <= sum(map(len, WORDS)) + len(WORDS)
    assert bodies.letter_of("a", "the warranty" + closing) == number


def test_rules_may_ask_about_a_text_that_mentions_much() -> None:
    spec = one_segment(Free(), restrictions=(Restriction("all", Mention(WORDS[:9])),))
    bodies = Bodies.of(spec, [TextAtom("a", TextTest.CONTAINS, "!"), TextAtom("a", TextTest.STARTS, "x")])
    assert len(bodies.letters_of("a")) == 4
    everything = " ".join(WORDS[:9])
    for number in bodies.letters_of("a"):
        grammar = bodies.grammar("a", [number])
        assert grammar is not None
        for text in (everything, everything + "!", "x" + everything, "x" + everything + "!", "x!"):
            assert accepts(grammar, text) == (bodies.letter_of("a", text) == number)


def test_with_a_bound_on_the_length_too_many_terms_are_refused() -> None:
    many = Restriction("all", Mention(WORDS))
    message = "Mentioning 20 terms at 'segment 'a'' needs .*: mention fewer terms in it, or give its length no bounds"
    with pytest.raises(LimitExceeded, match=message):
        Bodies.of(one_segment(Free(), restrictions=(many,), max_chars=600), [])
    only = one_segment(OneOf((" ".join(WORDS), "x")), restrictions=(many,))
    assert Bodies.of(only, []).shortest(0) == " ".join(WORDS)
