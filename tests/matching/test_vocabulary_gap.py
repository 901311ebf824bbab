"""Vocabularies that lack single bytes: exact, or refused; never a text that gets stuck.

The judge works on tokens: which texts can be spelled at all, found by enumerating sequences of tokens.
"""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.automata.passes import prepare
from maskwright.errors import VocabularyGap
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, NO_UNIT, automaton_of
from maskwright.grammar.ir import (
    Automaton,
    Grammar,
    Network,
    Node,
    byte_class,
    choice,
    distinct,
    literal,
    repeat,
    sequence,
)
from maskwright.grammar.lark import lark_grammar
from tests.matching.test_masks_by_brute_force import productive_grammar
from tests.naive.lark_itself import accepts, lark_parser
from tests.naive.random_grammars import ALPHABET
from tests.naive.recogniser import Recogniser

LENGTH = 7


def vocabulary_without(missing: bytes, longer: list[bytes]) -> mw.Vocabulary:
    tokens = [bytes([byte]) for byte in ALPHABET if byte not in missing] + longer
    return mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])


def walk_at_random(compiled: mw.CompiledGrammar, grammar: Grammar, rng: random.Random) -> None:
    """Every mask on the way has a token; every finished text is a member."""
    matcher, text = compiled.matcher(), b""
    row = mw.allocate_bitmask(1, compiled.vocabulary.size)[0]
    while len(text) < 12:
        matcher.fill_bitmask(row)
        allowed = mw.allowed_tokens(row, compiled.vocabulary.size).tolist()
        assert allowed, ("a dead end", text, grammar, compiled.vocabulary.token_bytes)
        token = rng.choice(allowed)
        matcher.accept_token(token)
        if matcher.is_finished():
            assert Recogniser(grammar, text).accepts()
            return
        text += compiled.vocabulary.text_of(token)


def spelled_members(grammar: Grammar, vocabulary: mw.Vocabulary) -> set[bytes]:
    """The members of at most LENGTH bytes that sequences of tokens can spell."""
    texts, layer = {b""}, {b""}
    while layer:
        longer = {text + token for text in layer for token in vocabulary.token_bytes if token}
        layer = {text for text in longer if len(text) <= LENGTH and text not in texts}
        layer = {text for text in layer if Recogniser(grammar, text).is_viable()}
        texts |= layer
    return {text for text in texts if Recogniser(grammar, text).accepts()}


def accepted_members(compiled: mw.CompiledGrammar) -> set[bytes]:
    found, todo = set(), [(b"", compiled.matcher())]
    seen = {b""}
    while todo:
        text, matcher = todo.pop()
        if matcher.is_accepting():
            found.add(text)
        for token, spelling in enumerate(compiled.vocabulary.token_bytes):
            longer = text + spelling
            if spelling and len(longer) <= LENGTH and longer not in seen and matcher.allows(token):
                seen.add(longer)
                branch = matcher.fork()
                branch.accept_token(token)
                todo.append((longer, branch))
    return found


@pytest.mark.parametrize("block", range(4))
def test_a_gap_is_closed_exactly_or_refused(block: int) -> None:
    refused = exact = 0
    for seed in range(block * 60, block * 60 + 60):
        rng = random.Random(seed)
        grammar = productive_grammar(rng)
        missing = bytes(rng.sample(ALPHABET, 1))
        longer = [bytes(rng.choices(ALPHABET, k=rng.randint(2, 3))) for _ in range(rng.randint(0, 4))]
        vocabulary = vocabulary_without(missing, longer)
        try:
            compiled = mw.Compiler(vocabulary).compile_grammar(grammar)
        except mw.VocabularyGap:
            refused += 1
            continue
        if Recogniser(grammar, b"ab").work > 2_000:
            continue
        exact += 1
        for _ in range(20):
            walk_at_random(compiled, grammar, rng)
        judge = Recogniser(grammar, b"abab")
        judge.is_viable()
        if judge.work < 400:
            assert accepted_members(compiled) == spelled_members(grammar, vocabulary), (grammar, vocabulary.token_bytes)
    assert refused and exact


QUOTED_PAIR = automaton_of(
    [
        [(34, 34, 1, NO_UNIT)],
        [(34, 34, 2, CLOSES), (97, 97, 3, BEGINS_UNIT), (98, 98, 1, BEGINS_UNIT)],
        [],
        [(34, 34, 2, CLOSES), (98, 98, 1, BEGINS_UNIT)],
    ],
    [False, False, True, False],
)
TRAPS: dict[str, Node] = {
    # Back in state 0, which only a missing byte leaves.
    "a loop to the first state": choice(
        literal(b"a"),
        Network(3, ((0, literal(b"b"), 1), (1, literal(b"a"), 0), (1, literal(b'"'), 2))),
    ),
    "inside a literal": choice(literal(b"a"), literal(b"ab")),
    "the second round": repeat(choice(sequence(literal(b"a"), byte_class(b"b")), literal(b'"')), 2, 2),
    "a counter that only missing bytes can serve": choice(literal(b'"'), Automaton(QUOTED_PAIR, 0, (2, None))),
}


@pytest.mark.parametrize("name", TRAPS)
@pytest.mark.parametrize("longer", [[b'"ab"'], [b'b"', b"ba"], []])
def test_no_walk_gets_stuck_for_want_of_a_byte(name: str, longer: list[bytes]) -> None:
    grammar = Grammar("S", {"S": TRAPS[name]})
    try:
        compiled = mw.Compiler(vocabulary_without(b"b", longer)).compile_grammar(grammar)
    except mw.VocabularyGap:
        return
    for seed in range(40):
        walk_at_random(compiled, prepare(grammar), random.Random(seed))


def test_a_language_that_cannot_be_spelled_is_refused_with_its_bytes() -> None:
    with pytest.raises(mw.VocabularyGap, match="no single-byte token for 0x62, which this specification needs"):
        mw.Compiler(vocabulary_without(b"b", [])).compile_grammar(Grammar("S", {"S": literal(b"ab")}))


LETTERS = automaton_of(
    [
        [(34, 34, 1, NO_UNIT)],
        [(34, 34, 3, NO_UNIT), (97, 97, 2, NO_UNIT), (98, 98, 1, NO_UNIT)],
        [(97, 97, 1, NO_UNIT)],
        [],
    ],
    [False, False, False, True],
)
"""Strings of b and of a twice."""


@pytest.mark.parametrize(("missing", "is_refused"), [(b"a", False), (b"b", False), (b"ab", True), (b"1", True)])
def test_values_that_differ_need_enough_of_them(missing: bytes, is_refused: bool) -> None:
    """Without a there are still b, bb, bbb; without both there is one string, and a second item would be a dead end."""
    item = choice(distinct(Automaton(LETTERS)), sequence(literal(b"-"), byte_class(b"1ab"), literal(b"-")))
    grammar = Grammar("S", {"S": sequence(literal(b"["), item, repeat(sequence(literal(b","), item)), literal(b"]"))})
    tokens = [bytes([byte]) for byte in b'[]",-1ab' if byte not in missing]
    vocabulary = mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])
    if is_refused:
        with pytest.raises(mw.VocabularyGap):
            mw.Compiler(vocabulary).compile_grammar(grammar)
        return
    rng = random.Random(1)
    for _ in range(20):
        matcher = mw.Compiler(vocabulary).compile_grammar(grammar).matcher()
        for _ in range(30):
            allowed = [token for token in range(vocabulary.size) if matcher.allows(token)]
            assert allowed
            matcher.accept_token(rng.choice(allowed))
            if matcher.is_finished():
                break


WORDS = 'start: WORD ("," WORD)*\nWORD: /[aé]+/ | /<[^>]*>/\n%ignore " "\n'


def vocabulary_of(*tokens: str | bytes) -> mw.Vocabulary:
    texts = [token.encode() if isinstance(token, str) else token for token in tokens]
    return mw.Vocabulary([*texts, b""], eos_token_ids=[len(texts)])


def check_against_lark(text: str, vocabulary: mw.Vocabulary, longest: int) -> int:
    """Every mask on the way leads on, and the texts are those that lark accepts; how many members there are."""
    compiled = mw.Compiler(vocabulary).compile_grammar(lark_grammar(text))
    parser = lark_parser(text)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    members = 0
    todo = [compiled.matcher()]
    texts = [b""]
    while todo:
        matcher, read = todo.pop(), texts.pop()
        matcher.fill_bitmask(row)
        allowed = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        assert allowed, read
        end = vocabulary.eos_token_ids[0]
        assert matcher.is_accepting() == (end in allowed) == accepts(parser, read.decode()), read
        members += end in allowed
        for token in range(vocabulary.size - 1):
            assert matcher.allows(token) == (token in allowed)
            if token in allowed and len(read) < longest:
                todo.append(matcher.fork())
                todo[-1].accept_token(token)
                texts.append(read + vocabulary.text_of(token))
    return members


def test_bytes_that_no_token_has_are_cut_out_of_a_lexed_language() -> None:
    assert check_against_lark(WORDS, vocabulary_of("a", ",", " ", "<", ">", "a,"), 5) > 50
    assert check_against_lark(WORDS, vocabulary_of("a", ",", " ", "<", ">", "x"), 4) > 20


def test_a_lexed_language_is_refused_where_a_longer_token_has_a_missing_byte() -> None:
    compiler = mw.Compiler(vocabulary_of("a", ",", " ", "<", ">", "é"))
    with pytest.raises(VocabularyGap) as error:
        compiler.compile_grammar(lark_grammar(WORDS))
    assert 0xC3 in error.value.missing and 0xC0 not in error.value.missing


def test_a_lexed_language_is_refused_where_a_terminal_cannot_be_written() -> None:
    compiler = mw.Compiler(vocabulary_of("a", " ", "<", ">"))
    with pytest.raises(VocabularyGap):
        compiler.compile_grammar(lark_grammar(WORDS))


def test_a_lexed_language_without_the_missing_bytes_is_of_no_concern() -> None:
    assert check_against_lark('start: ("a" | "b")+\n', vocabulary_of("a", "b", "é"), 3) == 14


def test_what_may_be_left_out_is_and_what_must_stand_is_missed() -> None:
    vocabulary = mw.Vocabulary([b"a", b""], eos_token_ids=[1])
    compiler = mw.Compiler(vocabulary)
    matcher = compiler.compile_grammar(
        Grammar("S", {"S": sequence(repeat(literal(b"x"), 0, 3), literal(b"a"))})
    ).matcher()
    matcher.accept_tokens([0, 1])
    assert matcher.is_finished()
    with pytest.raises(VocabularyGap):
        compiler.compile_grammar(Grammar("S", {"S": sequence(repeat(literal(b"x"), 2, 3), literal(b"a"))}))
