"""Each pass keeps the language, and establishes what it promises; judged by the naive recogniser on random grammars."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from maskwright.automata.left_recursion import _leftmost_calls, components, remove_left_recursion
from maskwright.automata.nullable import begins_with_quote, is_nullable, nonempty_part
from maskwright.automata.passes import keep_productive, prepare, reachable, remove_empty_strings
from maskwright.errors import EmptyLanguage, GrammarSyntaxError
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Call,
    Grammar,
    Network,
    Node,
    choice,
    distinct,
    literal,
    optional,
    repeat,
    sequence,
)
from tests.naive.random_grammars import ALPHABET, random_grammar
from tests.naive.recogniser import Recogniser

TEXTS = [bytes(letters) for n in range(5) for letters in product(ALPHABET, repeat=n)]
A, B = literal(b"a"), literal(b"b")


def members(grammar: Grammar, texts: list[bytes] = TEXTS) -> set[bytes]:
    return {text for text in texts if Recogniser(grammar, text).accepts()}


def random_productive(seed: int) -> Grammar:
    rng = random.Random(seed)
    while True:
        try:
            return keep_productive(random_grammar(rng))
        except EmptyLanguage:
            continue


PASSES: list[Callable[[Grammar], Grammar]] = [keep_productive, remove_empty_strings, prepare]


@pytest.mark.no_jit
@pytest.mark.parametrize("transform", PASSES, ids=lambda transform: transform.__name__)
def test_a_pass_keeps_the_language(transform: Callable[[Grammar], Grammar]) -> None:
    short = [text for text in TEXTS if len(text) <= 3]
    for seed in range(60):
        grammar = random_productive(seed)
        assert members(transform(grammar), short) == members(grammar, short), grammar


def test_prepared_rules_are_nonempty_productive_and_without_left_recursion() -> None:
    for seed in range(300):
        grammar = prepare(random_productive(seed))
        rules = {name: body for name, body in grammar.rules.items() if name != grammar.start}
        assert not any(is_nullable(body) for body in rules.values()), grammar
        assert keep_productive(grammar).rules.keys() == set(reachable(grammar))
        arrows = {name: _leftmost_calls(body) for name, body in grammar.rules.items()}
        for component in components(arrows):
            assert len(component) == 1 and component[0] not in arrows[component[0]], grammar


LEFT_RECURSIVE: dict[str, dict[str, Node]] = {
    "direct": {"S": choice(sequence(Call("S"), A), B)},
    "mutual": {"S": choice(sequence(Call("T"), A), B), "T": choice(sequence(Call("S"), B), A)},
    "hidden": {"S": choice(sequence(Call("N"), Call("S"), A), B), "N": optional(B)},
    "hidden in a repetition": {"S": choice(sequence(repeat(A), Call("S"), B), A)},
    "cyclic": {"S": choice(Call("T"), A), "T": choice(Call("S"), B)},
    "to itself": {"S": choice(Call("S"), A)},
    "to itself or nothing": {"S": choice(Call("S"), EPSILON)},
    "two copies": {"S": choice(sequence(Call("S"), Call("S")), A)},
    "within a repetition": {"S": choice(repeat(Call("S"), 2, 3), A)},
    "within a network": {"S": Network(3, ((0, EPSILON, 1), (1, Call("S"), 1), (1, A, 2), (0, B, 2)))},
    "through an empty cycle": {"S": choice(sequence(Call("T"), A), B), "T": choice(Call("T"), EPSILON)},
}


@pytest.mark.no_jit
@pytest.mark.parametrize("name", LEFT_RECURSIVE)
def test_left_recursion_is_removed_without_changing_the_language(name: str) -> None:
    grammar = Grammar("S", LEFT_RECURSIVE[name])
    prepared = prepare(grammar)
    assert members(prepared) == members(grammar)
    arrows = {rule: _leftmost_calls(body) for rule, body in prepared.rules.items()}
    assert all(len(component) == 1 and component[0] not in arrows[component[0]] for component in components(arrows))


def test_left_recursion_alone_keeps_the_language_of_every_rule() -> None:
    grammar = remove_empty_strings(keep_productive(Grammar("S", LEFT_RECURSIVE["mutual"])))
    removed = remove_left_recursion(grammar)
    for name in grammar.rules:
        assert members(Grammar(name, removed.rules)) == members(Grammar(name, grammar.rules))


def test_components_are_the_textbook_ones() -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": {"d"}}
    assert sorted(map(sorted, components(arrows))) == [["a"], ["b", "c"], ["d"]]


def test_the_empty_string_is_split_off() -> None:
    for seed in range(200):
        body = random_productive(seed).rules["S"]
        rest, had_empty = nonempty_part(body)
        assert not is_nullable(rest)
        assert had_empty == is_nullable(body)


def test_the_new_start_rule_takes_no_name_that_exists() -> None:
    rules = {"S": optional(sequence(A, Call("S or nothing"))), "S or nothing": B}
    assert members(prepare(Grammar("S", rules))) == {b"", b"ab"}


def test_a_language_without_members_is_refused_with_the_reason() -> None:
    endless = Grammar("S", {"S": sequence(A, Call("T")), "T": sequence(B, Call("T"))})
    with pytest.raises(EmptyLanguage) as refused:
        prepare(endless)
    assert str(refused.value) == (
        "No text can satisfy this specification: every alternative of rule 'S' needs a text that never ends."
    )
    with pytest.raises(EmptyLanguage):
        prepare(Grammar("S", {"S": NOTHING}))


def test_a_rule_that_is_missing_is_named() -> None:
    with pytest.raises(GrammarSyntaxError, match="rule 'T' is used but not defined"):
        prepare(Grammar("S", {"S": sequence(A, Call("T"))}))


def test_long_chains_of_rules_take_linear_time() -> None:
    """5,000 rules, each known to be productive only after the next; a pass over all for each would take minutes."""
    n = 5_000
    rules: dict[str, Node] = {f"R{i}": sequence(A, Call(f"R{i + 1}")) for i in range(n)}
    rules[f"R{n}"] = B
    rules["S"] = choice(*(Call(f"R{i}") for i in range(n + 1)))
    assert len(prepare(Grammar("S", rules)).rules) == n + 2


@pytest.mark.no_jit
def test_passes_keep_what_must_be_distinct() -> None:
    quoted = sequence(literal(b'"'), repeat(A), literal(b'"'))
    rules: dict[str, Node] = {
        "S": sequence(literal(b"["), distinct(choice(Call("T"), Call("endless"))), literal(b"]")),
        "T": quoted,
        "endless": sequence(A, Call("endless")),
    }
    prepared = prepare(Grammar("S", rules))
    assert prepared.rules["S"] == sequence(literal(b"["), distinct(Call("T")), literal(b"]"))
    assert begins_with_quote(prepared.rules["T"], prepared.rules)
    assert not begins_with_quote(choice(quoted, A), {}) and not begins_with_quote(Call("S"), prepared.rules)
    with pytest.raises(EmptyLanguage):
        prepare(Grammar("S", {**rules, "T": NOTHING}))
    with pytest.raises(GrammarSyntaxError, match="at the start of a permutation, a distinct value or a document"):
        prepare(Grammar("S", {"S": choice(sequence(distinct(Call("S")), A), B)}))
