"""Rules that call themselves at their ends, as loops: the same language, judged by the naive recogniser."""

from __future__ import annotations

import random
from itertools import product

import pytest

from maskwright.automata.both_ends import unroll_both_ends
from maskwright.automata.left_recursion import without_detours
from maskwright.automata.passes import prepare, remove_empty_strings
from maskwright.grammar.ir import (
    EPSILON,
    Call,
    Grammar,
    Network,
    Node,
    choice,
    literal,
    optional,
    repeat,
    sequence,
)
from tests.naive.recogniser import Recogniser

TEXTS = [bytes(letters) for n in range(6) for letters in product(b"ab", repeat=n)]
A, B, S = literal(b"a"), literal(b"b"), Call("S")

# Alternatives beside the last, which ends the recursion.
FORMS: dict[str, tuple[Node, ...]] = {
    "two copies": (sequence(S, S),),
    "three copies": (sequence(S, S, S),),
    "four or six copies": (sequence(S, S, S, S), sequence(*[S] * 6)),
    "two and three copies": (sequence(S, S), sequence(S, S, S)),
    "a part between": (sequence(S, B, S),),
    "a part between, or three copies": (sequence(S, B, S), sequence(S, S, S)),
    "an optional part between": (sequence(S, optional(B), S),),
    "both sides": (sequence(B, S), sequence(S, B)),
    "itself": (S, sequence(B, S)),
    "brackets before": (sequence(A, S, B, S), sequence(S, B)),
    "optional copies": (sequence(optional(S), optional(S), optional(S), B),),
    "in the middle": (sequence(B, S, B), sequence(S, S)),
    "a nullable side": (sequence(optional(B), S), sequence(S, repeat(A, 0, 2), S)),
}


def members(grammar: Grammar) -> set[bytes]:
    return {text for text in TEXTS if Recogniser(grammar, text).accepts()}


@pytest.mark.no_jit
@pytest.mark.parametrize("last", [A, sequence(A, B), optional(A)], ids=["a", "ab", "a or nothing"])
@pytest.mark.parametrize("form", FORMS)
def test_the_language_is_kept(form: str, last: Node) -> None:
    grammar = Grammar("S", {"S": choice(*FORMS[form], last)})
    expected = members(grammar)
    assert members(unroll_both_ends(remove_empty_strings(grammar))) == expected
    assert members(prepare(grammar)) == expected


@pytest.mark.no_jit
def test_random_mixtures_keep_their_language() -> None:
    rng = random.Random(5)
    parts = [S, S, S, Call("T"), A, B, optional(S), optional(A)]
    n_unrolled = 0
    for _ in range(60):
        alternatives = [sequence(*rng.choices(parts, k=rng.randint(1, 3))) for _ in range(rng.randint(1, 3))]
        rules: dict[str, Node] = {"S": choice(*alternatives, rng.choice([A, B])), "T": choice(S, sequence(B, A))}
        grammar = Grammar("S", rules)
        nonempty = remove_empty_strings(grammar)
        n_unrolled += unroll_both_ends(nonempty).rules != nonempty.rules
        assert members(prepare(grammar)) == members(grammar), grammar
    assert n_unrolled > 10


def test_a_concatenation_of_itself_needs_no_call() -> None:
    unrolled = unroll_both_ends(Grammar("S", {"S": choice(sequence(S, S), A)})).rules["S"]
    assert isinstance(unrolled, Network) and not any(isinstance(label, Call) for _, label, _ in unrolled.edges)


@pytest.mark.no_jit
def test_detours_are_left_out_and_strings_kept() -> None:
    rng = random.Random(6)
    for _ in range(300):
        n = rng.randint(2, 6)
        labels = [EPSILON, EPSILON, A, B]
        # Nothing leaves the last state, as in the networks of `remove_left_recursion`.
        edges = tuple((rng.randrange(n - 1), rng.choice(labels), rng.randrange(n)) for _ in range(rng.randint(1, 9)))
        network = Network(n, edges)
        shorter = without_detours(network)
        assert shorter.n_states <= n
        assert members(Grammar("S", {"S": shorter})) == members(Grammar("S", {"S": network})), network
