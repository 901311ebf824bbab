"""Masks by tables and shortcuts against the plain loop: read every token of the vocabulary by itself."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, NO_UNIT, REFUSED, ByteAutomaton, automaton_of
from maskwright.grammar.ir import Automaton, Call, Grammar, Node, choice, literal, sequence
from maskwright.matching import mask_tables, own_interiors
from tests.matching.test_masks_by_brute_force import check_everywhere
from tests.naive.random_grammars import QUOTED, RUN

LETTERS = b"abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(autouse=True, params=["few tokens are lists", "all are rows"])
def listing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a small vocabulary knows would always be listed; large ones keep rows, to which masks add and take."""
    if request.param == "all are rows":
        for module in (mask_tables, own_interiors):
            monkeypatch.setattr(module, "MAX_LISTED", 0)


def compare_along_random_texts(compiled: mw.CompiledGrammar, rng: random.Random, n_tokens: int) -> int:
    """Fill and per-token `allows` must agree at every place of a random walk; how many masks were compared."""
    size = compiled.vocabulary.size
    row = mw.allocate_bitmask(1, size)[0]
    matcher = compiled.matcher()
    for position in range(n_tokens):
        matcher.fill_bitmask(row)
        allowed = mw.allowed_tokens(row, size).tolist()
        assert allowed, "a dead end"
        assert allowed == [token for token in range(size) if matcher.allows(token)], position
        matcher.accept_token(rng.choice(allowed))
        if matcher.is_finished():
            return position
    return n_tokens


RUN_EXCEPT_TWO = automaton_of(
    [[(97, 97, 1, NO_UNIT)], [(97, 97, 2, NO_UNIT)], []], [True, True, False], base=[0, 0, 0], base_automaton=RUN
)
RUN_WITH_MORE = automaton_of(
    [[(97, 97, 1, NO_UNIT)], [(98, 98, 2, NO_UNIT)], []], [True] * 3, base=[0, 0, 0], base_automaton=RUN
)
RUN_OR_B = automaton_of([[(98, 98, 1, NO_UNIT)], []], [True, True], base=[0, 0], base_automaton=RUN)
RUN_OR_B_OR_QUOTE = automaton_of([[(34, 34, 1, NO_UNIT)], []], [True, True], base=[0, 0], base_automaton=RUN_OR_B)
GOES_ON_AFTER_CLOSING = automaton_of(
    [[(34, 34, 1, CLOSES), (97, 97, 0, BEGINS_UNIT)], [(34, 34, 2, NO_UNIT)], []], [False, False, True], is_shared=True
)
CASES: dict[str, Node] = {
    "an override where the base may end": sequence(Automaton(RUN_EXCEPT_TWO), literal(b'"')),
    "an override that adds a byte which follows too": sequence(Automaton(RUN_WITH_MORE), literal(b'b"')),
    "a base that has a base": Automaton(RUN_OR_B_OR_QUOTE),
    "a closing edge in the middle": Automaton(GOES_ON_AFTER_CLOSING, 0, (2, None)),
    "a run before its own letter": sequence(Automaton(RUN), literal(b'ab"')),
    "a counted run before its own letter": sequence(Automaton(RUN, 0, (1, 2)), literal(b'aab"')),
}


@pytest.mark.no_jit
@pytest.mark.parametrize("name", CASES)
def test_masks_equal_the_oracle_where_shortcuts_are_not_exact(name: str) -> None:
    tokens = [b"a", b"b", b'"', b"aa", b'aa"', b'a"', b"ab", b"aab", b'""', b'aaa"', b'aa""', b""]
    vocabulary = mw.Vocabulary(tokens, eos_token_ids=[len(tokens) - 1])
    assert check_everywhere(Grammar("S", {"S": CASES[name]}), vocabulary) > 2


def quoted_letters() -> ByteAutomaton:
    """A quote, letters, a quote; any such text."""
    return automaton_of(
        [[(34, 34, 1, NO_UNIT)], [(34, 34, 2, CLOSES), (97, 122, 1, BEGINS_UNIT)], []],
        [False, False, True],
        is_shared=True,
    )


def quoted_except_all(words: list[bytes], base: ByteAutomaton) -> Automaton:
    """Any quoted letters but these words: a tree of overrides."""
    states: list[dict[int, int]] = [{34: 1}, {}]
    refusing = set()
    for word in words:
        state = 1
        for byte in word:
            if byte not in states[state]:
                states[state][byte] = len(states)
                states.append({})
            state = states[state][byte]
        refusing.add(state)
    for state in refusing:
        states[state][34] = REFUSED
    edges = [[(byte, byte, target, NO_UNIT) for byte, target in sorted(state.items())] for state in states]
    return Automaton(
        automaton_of(edges, [False] * len(states), base=[0] + [1] * (len(states) - 1), base_automaton=base)
    )


@pytest.mark.parametrize("n_words", [3, 26, 700])
def test_many_excluded_names_do_not_overrun_the_stack(n_words: int) -> None:
    """Short tokens leave little scratch memory, and all siblings of a branching were once kept in it."""
    rng = random.Random(n_words)
    words = [bytes([letter]) for letter in LETTERS][:n_words]
    words += [bytes(rng.choices(LETTERS, k=rng.randint(2, 4))) for _ in range(n_words - len(words))]
    name = quoted_except_all(words, quoted_letters())
    tokens = [bytes([byte]) for byte in LETTERS + b'"'] + [bytes(rng.choices(LETTERS + b'"', k=2)) for _ in range(60)]
    vocabulary = mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])
    compiled = mw.Compiler(vocabulary).compile_grammar(Grammar("S", {"S": name}))
    for _ in range(25):
        compare_along_random_texts(compiled, rng, 6)
    matcher = compiled.matcher()
    matcher.accept_bytes(b'"' + words[-1])
    assert not matcher.allows(tokens.index(b'"'))


@pytest.mark.parametrize("names", [[b"a"], [b"a", b"ab", b"b"], [b"x", b"yz"]])
def test_masks_with_more_tokens_than_a_list_holds(names: list[bytes]) -> None:
    """Names but some, beside other names and a string of its own, in 4,000 tokens: lists overflow, bases meet."""
    rng = random.Random(len(names))
    tokens = [bytes([byte]) for byte in b'abxyz",']
    tokens += [bytes(rng.choices(b'aabbxyz",', k=rng.randint(2, 5))) for _ in range(4000)]
    tokens += [b'"' + name + b'"' + bytes([byte]) for name in names for byte in b'abxyz",' for _ in range(400)]
    vocabulary = mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])
    one = quoted_except_all(names, quoted_letters())
    other = quoted_except_all([b"aa", b"ax"], quoted_letters())
    rest = choice(literal(b"aaa"), literal(b'bb"'), Call("S"))
    rules: dict[str, Node] = {
        "S": choice(
            sequence(one, literal(b","), Call("S")), sequence(other, rest), sequence(literal(b'"a"'), Call("T"))
        ),
        "quoted": sequence(literal(b'"a"'), Call("T")),
        "T": choice(sequence(Automaton(quoted_letters()), Call("T")), literal(b'","')),
    }
    compiled = mw.Compiler(vocabulary).compile_grammar(Grammar("S", rules))
    assert sum(compare_along_random_texts(compiled, rng, 8) for _ in range(12)) > 12
    assert compiled.memory.n_rows > 0


@pytest.mark.parametrize("bounds", [(0, 3), (5, 5), (4, 9), (2, None)])
def test_masks_near_the_limits_of_a_counter(bounds: tuple[int, int | None]) -> None:
    rng = random.Random(7)
    tokens = [bytes([byte]) for byte in b'ab",:'] + [
        bytes(rng.choices(b'aab",:', k=rng.randint(2, 6))) for _ in range(200)
    ]
    vocabulary = mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])
    string = Automaton(QUOTED, 0, bounds)
    rules: dict[str, Node] = {"S": choice(string, sequence(string, literal(b","), Call("S")))}
    compiled = mw.Compiler(vocabulary).compile_grammar(Grammar("S", rules))
    assert sum(compare_along_random_texts(compiled, rng, 12) for _ in range(30)) > 60
