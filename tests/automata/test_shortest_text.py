"""The shortest text against brute force, and what further texts promise."""

from __future__ import annotations

import random
import re
from itertools import islice
from pathlib import Path

import pytest

from maskwright.automata.shortest_text import short_texts
from maskwright.automata.shortest_words import cost_of, shortest_words
from maskwright.errors import EmptyLanguage, GrammarSyntaxError, LimitExceeded
from maskwright.grammar.gbnf import gbnf_grammar
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Automaton,
    Call,
    Grammar,
    Network,
    Permutation,
    TokenSet,
    byte_class,
    choice,
    literal,
    repeat,
    sequence,
)
from maskwright.grammar.regex import regex_grammar
from tests.naive.random_grammars import QUOTED, language_up_to, random_grammar
from tests.naive.recogniser import accepts

LONGEST = 6
"""Up to which brute force knows the language."""


def first(grammar: Grammar) -> bytes:
    return next(short_texts(grammar))


@pytest.mark.parametrize("seed", range(50))
def test_no_text_is_shorter(seed: int) -> None:
    check_that_no_text_is_shorter(seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(50, 3000))
def test_no_text_is_shorter_in_many_grammars(seed: int) -> None:
    check_that_no_text_is_shorter(seed)


def check_that_no_text_is_shorter(seed: int) -> None:
    grammar = random_grammar(random.Random(seed))
    language = language_up_to(grammar, LONGEST)
    try:
        text = first(grammar)
    except EmptyLanguage:
        assert not language
        return
    if len(text) <= LONGEST:
        assert text in language
        assert len(text) == min(map(len, language))
    else:
        assert not language
        assert accepts(grammar, text)


@pytest.mark.parametrize("seed", range(30))
def test_further_texts_are_different_members(seed: int) -> None:
    grammar = random_grammar(random.Random(seed))
    try:
        texts = list(islice(short_texts(grammar), 5))
    except EmptyLanguage:
        return
    assert len(set(texts)) == len(texts)
    assert all(accepts(grammar, text) for text in texts)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[a-z]+-[0-9]{2}", b"a-00"),
        ("(longer|short|[!?]{4})", b"!!!!"),
        ("a{3,9}b*", b"aaa"),
        ("x{10000}", b"x" * 10_000),
        ("[^a-z]", b"A"),
        ("", b""),
        ("é|ab", b"ab"),
    ],
)
def test_the_most_readable_of_the_shortest(pattern: str, text: bytes) -> None:
    assert first(regex_grammar(pattern)) == text


def test_words_come_in_the_order_of_their_cost_and_none_is_left_out() -> None:
    words = list(islice(shortest_words(Automaton(QUOTED), 40), 40))
    assert len(set(words)) == 40 and words == sorted(words, key=cost_of)
    by_brute_force = language_up_to(Grammar("s", {"s": Automaton(QUOTED)}), 6)
    assert {word for word in words if len(word) <= 6} == by_brute_force


@pytest.mark.parametrize("counter", [(0, 0), (2, 3), (4, None), (0, 1)])
def test_words_keep_to_their_counter(counter: tuple[int, int | None]) -> None:
    leaf = Automaton(QUOTED, 0, counter)
    language = language_up_to(Grammar("s", {"s": leaf}), 8)
    words = list(islice(shortest_words(leaf, 10), 10))
    assert set(words) <= language or max(map(len, words)) > 8
    assert len(words[0]) == min(map(len, language))


def test_required_items_obligations_and_the_least_number_are_met() -> None:
    a, b, c, comma = literal(b"a"), literal(b"bb"), literal(b"ccc"), literal(b",")
    items = ((a, literal(b"1")), (b, literal(b"1")), (c, literal(b"1")))
    assert first(Grammar("s", {"s": Permutation(items, (1,), comma, NOTHING)})) == b"bb1"
    assert first(Grammar("s", {"s": Permutation(items, (1,), comma, NOTHING, minimum=2)})) == b"bb1,a1"
    assert first(Grammar("s", {"s": Permutation(items, (), comma, literal(b"r"), minimum=3)})) == b"r,r,r"
    marked = Permutation((), (), comma, NOTHING, n_obligations=2, markers=(
        (literal(b"xxxx"), (0, 1)), (literal(b"x"), (0,)), (literal(b"yyyyy"), (1,)),
    ))  # fmt: skip
    assert first(Grammar("s", {"s": marked})) == b"xxxx"


def test_rules_without_end_are_looked_at_only_as_far_as_needed() -> None:
    class Endless(dict[str, object]):
        n_made = 0

        def __contains__(self, name: object) -> bool:
            return True

        def __getitem__(self, name: str) -> object:
            self.n_made += 1
            deeper = Call(f"{name}'")
            return choice(literal(b"[]"), sequence(literal(b"["), deeper, literal(b"]")), literal(b"longer"))

    rules = Endless()
    assert first(Grammar("s", rules, is_prepared=True)) == b"[]"  # type: ignore[arg-type]
    assert rules.n_made < 10


def test_cycles_of_the_empty_string_come_to_an_end() -> None:
    rules = {"s": choice(sequence(Call("s"), Call("t")), EPSILON), "t": choice(Call("s"), literal(b"t"))}
    assert first(Grammar("s", rules)) == b""


def test_faults_are_typed_errors() -> None:
    with pytest.raises(EmptyLanguage):
        first(Grammar("s", {"s": sequence(literal(b"a"), Call("s"))}))
    with pytest.raises(GrammarSyntaxError):
        first(Grammar("s", {}))
    with pytest.raises(GrammarSyntaxError):
        first(Grammar("s", {"s": Call("t")}))
    with pytest.raises(LimitExceeded):
        first(Grammar("s", {"s": repeat(literal(b"a" * 100), 1_000_000)}))


def test_tokens_are_shown_by_name_or_number() -> None:
    parts = (TokenSet(names=("<think>",)), TokenSet(ids=(7,)), TokenSet(ids=(1,), negated=True))
    assert first(Grammar("s", {"s": sequence(*parts)})) == b"<think><[7]>a"


def test_further_texts_take_other_ways() -> None:
    texts = list(islice(short_texts(regex_grammar("(?:yes|no)(?:, [a-z]+)?")), 4))
    assert len(texts) == 4 and all(re.fullmatch(b"(?:yes|no)(?:, [a-z]+)?", text) for text in texts)
    grammar = Grammar("s", {"s": choice(literal(b"a"), literal(b"a long way"), byte_class(b"xyz"))})
    assert set(islice(short_texts(grammar), 3)) == {b"a", b"x", b"a long way"}


FOLDER = Path(__file__).parents[2] / "schemas" / "gbnf"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.gbnf")), ids=lambda path: path.stem)
def test_grammars_on_disk(path: Path) -> None:
    if path.stem == "token_terminals":  # `maskwright check` reads its tokens; see tests/integrations
        return
    grammar = gbnf_grammar(path.read_text(encoding="utf-8"), "root")
    texts = list(islice(short_texts(grammar), 5))
    assert texts and all(accepts(grammar, text) for text in texts if len(text) < 60)


def test_the_edges_of_a_network_are_written_in_the_order_of_the_way() -> None:
    ways = Network(5, ((0, literal(b"a"), 1), (1, literal(b"bc"), 2), (2, literal(b"d"), 4), (0, literal(b"efghi"), 3)))
    assert first(Grammar("S", {"S": sequence(literal(b"<"), ways, literal(b">"))}, is_prepared=True)) == b"<abcd>"
