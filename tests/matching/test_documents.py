"""JSON documents within a larger text: masks against the naive recogniser, at every place of random walks."""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.grammar.byte_automaton import NO_UNIT, automaton_of
from maskwright.grammar.ir import (
    Automaton,
    Call,
    Document,
    Grammar,
    Node,
    Permutation,
    TokenSet,
    byte_class,
    choice,
    distinct,
    literal,
    optional,
    repeat,
    sequence,
)
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.naive.recogniser import Recogniser

PLAIN = automaton_of([[(34, 34, 1, NO_UNIT)], [(34, 34, 2, NO_UNIT), (97, 98, 1, NO_UNIT)], []], [False, False, True])
TEXT = Automaton(PLAIN)
NUMBER = sequence(literal(b"1"), repeat(byte_class(b"01")))
OBJECT = choice(
    literal(b"{}"),
    sequence(
        literal(b"{"),
        Permutation((), (), literal(b","), sequence(distinct(TEXT), literal(b":"), choice(TEXT, Call("object")))),
        literal(b"}"),
    ),
)
ARRAY = sequence(literal(b"["), distinct(NUMBER), repeat(sequence(literal(b","), distinct(NUMBER))), literal(b"]"))
DOCUMENT: Node = Document(Call("object"))
RULES = {"object": OBJECT, "array": ARRAY}

GRAMMARS: dict[str, Node] = {
    "one after the other": repeat(DOCUMENT, 1),
    "in an envelope": repeat(sequence(literal(b"<"), DOCUMENT, literal(b">"))),
    "between texts": sequence(repeat(sequence(repeat(byte_class(b"ab")), DOCUMENT)), repeat(byte_class(b"ab"))),
    "of two kinds": repeat(sequence(choice(DOCUMENT, Document(Call("array"))), literal(b" ")), 1),
    "or a text that looks the same": sequence(
        repeat(sequence(choice(DOCUMENT, repeat(byte_class(b'{"ab:}'), 1)), literal(b" ")), 0, 3), optional(DOCUMENT)
    ),
    "in quotes": sequence(literal(b'"'), repeat(sequence(DOCUMENT, literal(b'"')))),
    "arrays": repeat(sequence(repeat(literal(b" "), 1), Document(Call("array")))),
}

PIECES = [
    b'"a"', b'{"a":', b'"a":"', b'"}', b'"},', b',"a', b'","', b'":"', b'"b":""', b'{"b":"","b"', b'""}{"', b'"}{"a"',
    b"{}", b"{}{", b'{"":{"":""}}', b"[1", b",1", b"1,1", b"[1]", b"[1,1]", b"[1,1", b"10,", b"] [", b"[1,10] [1,1",
    b'<{"', b'"}><{"', b'"}> <', b'{"a":"b","a":"', b'":{"', b'"a":"b"', b'}> ', b'""}',
]  # fmt: skip


def vocabulary_of(rng: random.Random, extra: list[bytes]) -> Vocabulary:
    single = sorted({bytes([byte]) for piece in PIECES for byte in piece})
    tokens = single + rng.sample(PIECES, rng.randint(len(PIECES) // 2, len(PIECES)))
    rng.shuffle(tokens)
    ids = range(len(tokens), len(tokens) + len(extra))
    return Vocabulary([*tokens, *extra, b""], eos_token_ids=[ids.stop], special_token_ids=[*ids, ids.stop])


def walk(rng: random.Random, grammar: Grammar, vocabulary: Vocabulary, length: int) -> int:
    """A random text of at most so many tokens, every mask on the way judged; how many tokens were refused."""
    matcher = Compiler(vocabulary).compile_grammar(grammar).matcher()
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    (end,) = vocabulary.eos_token_ids
    text = b""
    n_refused = 0
    for _ in range(length):
        matcher.fill_bitmask(row)
        allowed = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        assert allowed, (text, "a dead end")
        for token in range(end):
            longer = text + vocabulary.text_of(token)
            is_viable = Recogniser(grammar, longer).is_viable()
            assert (token in allowed) == is_viable == matcher.allows(token), (text, vocabulary.text_of(token))
            n_refused += not is_viable
        assert (end in allowed) == matcher.is_accepting() == Recogniser(grammar, text).accepts(), text
        token = rng.choice(sorted(allowed - {end}) or [end])
        if token == end:
            break
        matcher.accept_token(token)
        text += vocabulary.text_of(token)
        if rng.random() < 0.2:
            matcher.rollback(1)
            matcher.accept_bytes(vocabulary.text_of(token))
    return n_refused


@pytest.mark.parametrize("kind", GRAMMARS)
def test_siblings_are_those_of_the_same_document(kind: str) -> None:
    rng = random.Random(f"documents {kind}")
    grammar = Grammar("S", {"S": GRAMMARS[kind], **RULES})
    for _ in range(6):
        walk(rng, grammar, vocabulary_of(rng, []), 14)


def accepted(matcher: mw.Matcher, text: bytes) -> bool:
    return matcher.fork().accept_tokens([*map(matcher.grammar.vocabulary.token_bytes.index, chunks(text))]) == len(text)


def chunks(text: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in text]


def single_bytes(*special: str) -> Vocabulary:
    tokens = [bytes([byte]) for byte in range(256)] + [b""] * (len(special) + 1)
    names = {name: 256 + place for place, name in enumerate(special)}
    return Vocabulary(
        tokens,
        eos_token_ids=[len(tokens) - 1],
        special_token_ids=range(256, len(tokens)),
        special_token_names=names,
    )


def test_a_document_may_begin_at_a_special_token() -> None:
    call = sequence(TokenSet(names=("<call>",)), DOCUMENT)
    grammar = Grammar("S", {"S": sequence(literal(b'{"a"'), repeat(call, 1)), **RULES})
    matcher = Compiler(single_bytes("<call>")).compile_grammar(grammar).matcher()
    matcher.accept_bytes(b'{"a"')
    matcher.accept_token(256)
    matcher.accept_bytes(b'{"a":"","b":""')
    assert not accepted(matcher, b',"a"')
    assert accepted(matcher, b',"aa"')
    matcher.accept_bytes(b"}")
    matcher.accept_token(256)
    assert accepted(matcher, b'{"a":"","b":""}')
    assert not accepted(matcher, b'{"a":"","a"')


def test_a_token_that_is_taken_whole_is_allowed_whatever_its_text_would_repeat() -> None:
    vocabulary = Vocabulary([*chunks(b'{}":,ab'), b'a"', b""], eos_token_ids=[8])
    any_token = TokenSet(ids=(7,))
    member = sequence(distinct(choice(TEXT)), literal(b":"), TEXT)
    document = sequence(literal(b"{"), Permutation((), (), literal(b","), member), literal(b"}"))
    grammar = Grammar("S", {"S": choice(Document(Call("object")), repeat(choice(any_token, byte_class(b'{}":,ab'))))})
    grammar = Grammar("S", {**grammar.rules, "object": document})
    matcher = Compiler(vocabulary).compile_grammar(grammar).matcher()
    matcher.accept_bytes(b'{"a":"","')
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    matcher.fill_bitmask(row)
    assert mw.is_allowed(row, 7)
    assert matcher.allows(7)


def test_where_two_documents_are_in_progress_a_question_is_an_error() -> None:
    text = sequence(repeat(byte_class(b'{"ab:')), Document(Call("object")))
    grammar = Grammar("S", {"S": choice(Document(Call("object")), text), **RULES})
    matcher = Compiler(single_bytes()).compile_grammar(grammar).matcher()
    matcher.accept_bytes(b'{"a')
    with pytest.raises(mw.LimitExceeded, match="no document can begin while another one goes on"):
        matcher.accept_bytes(b'{"a":"a"')


def test_memory_that_starts_over_keeps_where_documents_begin() -> None:
    envelope = sequence(literal(b"<"), DOCUMENT, literal(b">"))
    grammar = Grammar("S", {"S": repeat(envelope), **RULES})
    compiled = Compiler(single_bytes(), max_bytes=8 << 20).compile_grammar(grammar)
    matcher = compiled.matcher()
    matcher.accept_bytes(b'<{"a":""}><{"b":{"a":"')
    other = compiled.matcher()
    names = [f"{number:014b}".replace("0", "a").replace("1", "b") for number in range(2000)]
    row = mw.allocate_bitmask(1, compiled.vocabulary.size)[0]
    before = compiled.memory.n_restarts
    while compiled.memory.n_restarts == before:
        other.accept_bytes(b"<{" + b",".join(b'"%s":{"a":{}}' % name.encode() for name in names) + b"}>")
        other.fill_bitmask(row)
        with compiled._lock:
            compiled._restart(other._trail)
    assert accepted(matcher, b'","b":""},"a":""}>')
    assert not accepted(matcher, b'"},"b"')
    assert not accepted(matcher, b'","a"')
