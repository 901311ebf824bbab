"""Values that must differ from their siblings: masks against a parser of the text, at every place of random walks.

The judge: a token is allowed exactly if the same grammar without `Distinct` allows it and the text with it holds no two
equal siblings (`tests.naive.siblings`). What the plain grammar allows is judged in `test_masks_by_brute_force`.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, NO_UNIT, REFUSED, automaton_of
from maskwright.grammar.characters.any_text import any_json_string
from maskwright.grammar.characters.encoding import Escapes
from maskwright.grammar.ir import (
    Automaton,
    Call,
    Choice,
    Distinct,
    Grammar,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    byte_class,
    choice,
    distinct,
    literal,
    optional,
    repeat,
    sequence,
)
from maskwright.matching.vocabulary import Vocabulary
from tests.data_folder import tokenizer_folder
from tests.naive.siblings import has_repetition

# Letters a and b, and a few escapes: \" \\ \n \u0061 \u0000 and the like.
STRING = automaton_of(
    [
        [(34, 34, 1, NO_UNIT)],
        [(34, 34, 8, CLOSES), (92, 92, 2, BEGINS_UNIT), (97, 98, 1, BEGINS_UNIT)],
        [(34, 34, 1, NO_UNIT), (92, 92, 1, NO_UNIT), (110, 110, 1, NO_UNIT), (117, 117, 3, NO_UNIT)],
        [(48, 48, 4, NO_UNIT)],
        [(48, 48, 5, NO_UNIT)],
        [(low, high, 6, NO_UNIT) for low, high in ((48, 49), (54, 54))],
        [(low, high, 1, NO_UNIT) for low, high in ((48, 49), (97, 97))],
        [],
        [],
    ],
    [False] * 8 + [True],
    is_shared=True,
)
PLAIN = automaton_of([[(34, 34, 1, NO_UNIT)], [(34, 34, 2, NO_UNIT), (97, 98, 1, NO_UNIT)], []], [False, False, True])


def string_except(word: bytes) -> Node:
    """Any string but one of plain letters, as overrides on top of STRING (and but its spellings with a \\u)."""
    states = [[(34, 34, 1, NO_UNIT)]]
    states += [[(byte, byte, i + 2, BEGINS_UNIT)] for i, byte in enumerate(word)]
    states.append([(34, 34, REFUSED, NO_UNIT)])
    for state in states[1:]:
        state.sort()
    return Automaton(
        automaton_of(states, [False] * len(states), base=[0, *[1] * (len(word) + 1)], base_automaton=STRING)
    )


DIGIT, TEXT = byte_class(b"01"), Automaton(STRING)
NUMBER = sequence(
    optional(literal(b"-")),
    choice(literal(b"0"), sequence(literal(b"1"), repeat(DIGIT))),
    optional(sequence(literal(b"."), repeat(DIGIT, 1))),
    optional(sequence(literal(b"e"), optional(literal(b"-")), repeat(DIGIT, 1))),
)
COMMA = sequence(literal(b","), optional(literal(b" ")))


def array(item: Node, minimum: int = 0) -> Node:
    filled = sequence(literal(b"["), item, repeat(sequence(COMMA, item), max(0, minimum - 1)), literal(b"]"))
    return filled if minimum else choice(literal(b"[]"), filled)


def open_object(value: Node, name: Node = TEXT) -> Node:
    member = sequence(distinct(name), literal(b":"), value)
    return choice(literal(b"{}"), sequence(literal(b"{"), Permutation((), (), COMMA, member), literal(b"}")))


ANY: Node = choice(TEXT, NUMBER, Call("array"), Call("object"))
DECLARED = Permutation(
    ((literal(b'"a"'), sequence(literal(b":"), NUMBER)), (literal(b'"ab"'), sequence(literal(b":"), TEXT))),
    (0,),
    COMMA,
    sequence(distinct(Call("other name")), literal(b":"), choice(NUMBER, TEXT)),
)
OTHER_NAME = Automaton(
    automaton_of(
        [[(34, 34, 1, NO_UNIT)], [(98, 98, 2, NO_UNIT)], [(34, 34, 3, NO_UNIT), (97, 98, 2, NO_UNIT)], []],
        [False, False, False, True],
    )
)

GRAMMARS: dict[str, dict[str, Node]] = {
    "strings, by a shared automaton": {"S": array(distinct(TEXT))},
    "strings, by an automaton of their own": {"S": array(distinct(Automaton(PLAIN)))},
    "strings, by a rule": {
        "S": array(distinct(Call("text"))),
        "text": sequence(literal(b'"'), repeat(byte_class(b"ab")), literal(b'"')),
    },
    "strings of some length": {"S": array(distinct(Automaton(STRING, 0, (1, None))))},
    "any strings but one": {"S": array(distinct(string_except(b"a")))},
    "numbers": {"S": array(distinct(NUMBER))},
    "numbers in a rule": {"S": array(distinct(Call("number")), 2), "number": NUMBER},
    "any values": {"S": array(distinct(ANY)), "array": array(ANY), "object": open_object(ANY)},
    "any values, distinct all the way": {
        "S": array(distinct(ANY)), "array": array(distinct(ANY)), "object": open_object(ANY),
    },
    "arrays of arrays": {"S": array(distinct(array(distinct(NUMBER))))},
    "an object with other names": {"S": open_object(choice(TEXT, NUMBER))},
    "nested objects": {"S": Call("object"), "object": open_object(choice(TEXT, Call("object")))},
    "declared names among others": {
        "S": sequence(literal(b"{"), DECLARED, literal(b"}")), "other name": OTHER_NAME,
    },
    "at most some names": {
        "S": sequence(literal(b"{"), replace(DECLARED, minimum=2, maximum=4), literal(b"}")), "other name": OTHER_NAME,
    },
    "objects in an array": {"S": array(distinct(open_object(NUMBER)))},
}  # fmt: skip

PIECES = [
    b'","', b'""', b',""', b"1,1", b'"}', b"],[", b'":1', b'"a"', b'"a","', b'","a"', b'a"', b'b"', b'ab"', b'a",',
    b'"b":1,"b"', b"]]", b"1]", b"1],[1", b"1,", b"0,1", b"10", b".0", b"e0", b'a\\"', b'\\u0061"',
    b"\\u00", b'61"', b'{"a":1},{', b'["a",', b'[["', b"[[],", b'"a":', b'":"', b'","":', b"true,true", b",true", b"ue",
    b"1.0,", b"[1,1.0]", b'\\"', b'n"', b'"]', b', "', b'"":1', b'"b"', b'"a', b'"b":1,"b', b'\\n"',
]  # fmt: skip


def vocabulary_of(rng: random.Random) -> Vocabulary:
    """All single bytes that occur, and a good part of the longer pieces, in any order."""
    single = sorted({bytes([byte]) for piece in PIECES for byte in piece} | {b"-", b"6"})
    tokens = single + rng.sample(PIECES, rng.randint(len(PIECES) // 2, len(PIECES)))
    rng.shuffle(tokens)
    return Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])


def without_distinct(node: Node) -> Node:
    match node:
        case Distinct(body):
            return without_distinct(body)
        case Sequence(parts):
            return Sequence(tuple(map(without_distinct, parts)))
        case Choice(parts):
            return Choice(tuple(map(without_distinct, parts)))
        case Repeat(body, minimum, maximum):
            return Repeat(without_distinct(body), minimum, maximum)
        case Permutation():
            return node.mapped(without_distinct)
        case Network(n_states, edges):
            return Network(n_states, tuple((one, without_distinct(label), other) for one, label, other in edges))
    return node


Judge = Callable[[bytes], bool]


def walk(rng: random.Random, compiled: mw.CompiledGrammar, judge: Judge, length: int) -> tuple[bytes, int]:
    """A random text of at most so many tokens, every mask on the way judged; how often a repetition was refused."""
    vocabulary = compiled.vocabulary
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    matcher = compiled.matcher()
    text = b""
    end = vocabulary.eos_token_ids[0]
    n_refused = 0
    for _ in range(length):
        matcher.fill_bitmask(row)
        allowed = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        assert allowed, (text, "a dead end")
        plain = PLAIN_MATCHERS[id(compiled)]()
        plain.accept_bytes(text)
        for token in range(vocabulary.size):
            if token != end:
                by_plain = plain.allows(token)
                longer = text + vocabulary.text_of(token)
                assert (token in allowed) == (by_plain and judge(longer)), (text, vocabulary.text_of(token))
                assert (token in allowed) == matcher.allows(token), (text, vocabulary.text_of(token))
                n_refused += by_plain and token not in allowed
        assert (end in allowed) == matcher.is_accepting() == plain.is_accepting()
        forced = matcher.forced_bytes()
        if len(forced) < 4096:
            assert expected_forced(compiled, matcher, forced) == forced, text
        # Back and on again, on the same and on another matcher: the text alone counts.
        token = rng.choice(sorted(allowed - {end}) or [end])
        if token == end:
            break
        branch = matcher.fork()
        branch.accept_token(token)
        other = np.empty_like(row)
        for _ in range(2):
            step = [t for t in rng.sample(range(vocabulary.size), 8) if branch.allows(t) and t != end][:1]
            branch.accept_tokens(step)
            branch.rollback(len(step))
        branch.rollback(1)
        branch.fill_bitmask(other)
        assert np.array_equal(row, other)
        matcher = branch if rng.random() < 0.3 else matcher
        matcher.accept_token(token)
        text += vocabulary.text_of(token)
    return text, n_refused


def expected_forced(compiled: mw.CompiledGrammar, matcher: mw.Matcher, found: bytes) -> bytes:
    """What must come next, byte by byte, as far as `found` and one byte further."""
    probe = matcher.fork()
    forced = b""
    while len(forced) <= len(found) and not probe.is_accepting():
        ways = [byte for byte in range(256) if takes(probe, bytes([byte]))]
        if len(ways) != 1:
            break
        forced += bytes(ways)
        probe.accept_bytes(bytes(ways))
    return forced


def takes(matcher: mw.Matcher, text: bytes) -> bool:
    try:
        matcher.fork().accept_bytes(text)
    except mw.TokenRejected:
        return False
    return True


PLAIN_MATCHERS: dict[int, Callable[[], mw.Matcher]] = {}


def compiled_pair(rules: dict[str, Node], vocabulary: Vocabulary) -> mw.CompiledGrammar:
    compiler = mw.Compiler(vocabulary)
    compiled = compiler.compile_grammar(Grammar("S", rules))
    plain = compiler.compile_grammar(Grammar("S", {name: without_distinct(body) for name, body in rules.items()}))
    PLAIN_MATCHERS[id(compiled)] = plain.matcher
    return compiled


def judge_of(name: str) -> Judge:
    if name == "any values":
        return lambda text: not has_repetition(text, lambda depth: depth == 1)
    return lambda text: not has_repetition(text)


@pytest.mark.parametrize("name", GRAMMARS)
def test_masks_allow_no_repetition_and_all_else(name: str) -> None:
    n_refused = 0
    for seed in range(2):
        rng = random.Random(seed)
        compiled = compiled_pair(GRAMMARS[name], vocabulary_of(rng))
        for _ in range(5):
            n_refused += walk(rng, compiled, judge_of(name), 12)[1]
    assert n_refused > 0


@pytest.mark.deep
@pytest.mark.parametrize("name", GRAMMARS)
def test_masks_allow_no_repetition_and_all_else_on_many_walks(name: str) -> None:
    for seed in range(100, 130):
        rng = random.Random(seed)
        compiled = compiled_pair(GRAMMARS[name], vocabulary_of(rng))
        for _ in range(5):
            walk(rng, compiled, judge_of(name), 20)


@pytest.mark.no_jit
def test_masks_allow_no_repetition_in_a_few_grammars() -> None:
    for name in ("strings, by a shared automaton", "any values, distinct all the way", "at most some names"):
        rng = random.Random(3)
        walk(rng, compiled_pair(GRAMMARS[name], vocabulary_of(rng)), judge_of(name), 6)


def test_two_readings_of_a_text_only_one_of_which_is_distinct() -> None:
    """What is not distinct stays allowed: two items may be equal where a third one follows or none at all."""
    same = sequence(literal(b"["), TEXT, literal(b","), TEXT, literal(b"]"))
    compiled = compiled_pair({"S": choice(array(distinct(TEXT), 2), same)}, vocabulary_of(random.Random(0)))
    for text, is_member in [
        (b'["a","a"]', True),
        (b'["a","b","a"', False),
        (b'["a","a",', False),
        (b'["a","b",', True),
    ]:
        assert takes(compiled.matcher(), text) == is_member, text
    rng = random.Random(8)
    two_equal = lambda text: text.count(b",") < 2 or not has_repetition(text)  # noqa: E731
    plain = mw.Compiler(compiled.vocabulary).compile_grammar(Grammar("S", {"S": choice(array(TEXT, 2), same)}))
    for _ in range(300):
        items = [rng.choice([b'"a"', b'"b"', rb'"\u0061"', b'"ab"']) for _ in range(rng.randint(2, 4))]
        text = b"[" + b",".join(items) + b"]"
        assert takes(plain.matcher(), text)
        assert takes(compiled.matcher(), text) == (len(items) == 2 or two_equal(text)), text


def test_what_is_remembered_of_new_strings_is_not_said_of_others() -> None:
    """Texts that meet in a place, in a string that is new in one of them: each gets its own mask and tokens."""
    single = [bytes([byte]) for byte in b'[]", abn\\u016']
    vocabulary = Vocabulary([b"", *single, b'b"', b'b",'], eos_token_ids=[0])
    token_of = {vocabulary.text_of(token): token for token in range(1, vocabulary.size)}
    compiled = compiled_pair({"S": array(distinct(TEXT))}, vocabulary)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]

    def allowed_after(text: bytes) -> set[bytes]:
        matcher = compiled.matcher()
        for byte in text:
            matcher.fill_bitmask(row)
            matcher.accept_token(token_of[bytes([byte])])
        matcher.fill_bitmask(row)
        tokens = {vocabulary.text_of(token) for token in mw.allowed_tokens(row).tolist()}
        assert tokens == {text for text, token in token_of.items() if matcher.allows(token)}
        return tokens

    endings = {b'"', b'b"', b'b",'}
    for _ in range(3):
        assert allowed_after(b'["ab","b') >= endings
        assert allowed_after(b'["bb","b') & endings == {b'"'}
        assert allowed_after(b'["ab","bbb') >= endings
        assert allowed_after(b'["bbb","bbb') & endings == {b'b"', b'b",'}
        assert allowed_after(b'["a","b\\') & endings == {b'"'}
        assert allowed_after(b'["b\\n","b\\n') & endings == {b'b"', b'b",'}
        assert allowed_after(b'["a","b' + 20 * b"a") >= endings

    # Asked in one string and then, without a mask on the way, in another one.
    for pieces in ([b'","a'], [b'"', b",", b'"', b"a"]):
        matcher = compiled.matcher()
        matcher.accept_bytes(b'["ab","bb')
        matcher.fill_bitmask(row)
        for piece in pieces:
            if piece in token_of:
                matcher.accept_token(token_of[piece])
            else:
                matcher.accept_bytes(piece)
        assert not matcher.allows(token_of[b'b"'])
        matcher.fill_bitmask(row)
        tokens = {vocabulary.text_of(token) for token in mw.allowed_tokens(row).tolist()}
        assert tokens & endings == {b'"'}


def test_a_new_string_may_end_an_array_that_is_not_new() -> None:
    vocabulary = Vocabulary([b"", *(bytes([byte]) for byte in b'[]", abn\\u016'), b'"]'], eos_token_ids=[0])
    ending = vocabulary.size - 1
    compiled = compiled_pair({"S": array(distinct(array(TEXT)))}, vocabulary)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    for text, is_allowed in [(b'[["b"],["a', True), (b'[["a"],["a', False)]:
        matcher = compiled.matcher()
        matcher.accept_bytes(text)
        matcher.fill_bitmask(row)
        assert (ending in mw.allowed_tokens(row)) == matcher.allows(ending) == is_allowed


def test_a_rule_that_is_built_late_asks_as_well() -> None:
    """Places from before the first question was known are read again."""
    from maskwright.matching import compiled_grammar

    rules = {
        "S": sequence(literal(b'["'), repeat(byte_class(b"ab"), 3, 3), literal(b'",'), Call("rest")),
        "rest": sequence(array(distinct(TEXT)), literal(b"]")),
    }
    before = compiled_grammar.STATES_BUILT_AHEAD
    try:
        compiled_grammar.STATES_BUILT_AHEAD = 0
        compiled = compiled_pair(rules, vocabulary_of(random.Random(0)))
    finally:
        compiled_grammar.STATES_BUILT_AHEAD = before
    matcher = compiled.matcher()
    for byte in b'["aaa",["a","b",':
        matcher.accept_bytes(bytes([byte]))
    assert not takes(matcher, b'"a"') and takes(matcher, b'"ab"]]')


def test_answers_do_not_change_when_memory_starts_over() -> None:
    vocabulary = vocabulary_of(random.Random(1))
    compiler = mw.Compiler(vocabulary, max_bytes=8 << 20)
    small = compiler.compile_grammar(Grammar("S", GRAMMARS["any values, distinct all the way"]))
    large = compiled_pair(GRAMMARS["any values, distinct all the way"], vocabulary)
    rng = random.Random(5)
    row, other = mw.allocate_bitmask(2, vocabulary.size)
    end = vocabulary.eos_token_ids[0]
    kept = []
    for number in range(90):
        one, two = small.matcher(), large.matcher()
        for _ in range(40):
            one.fill_bitmask(row)
            two.fill_bitmask(other)
            assert np.array_equal(row, other)
            token = rng.choice([t for t in mw.allowed_tokens(row, vocabulary.size).tolist() if t != end] or [end])
            one.accept_token(token)
            two.accept_token(token)
            if token == end:
                break
        kept.append((one, two))
        if number % 30 == 29:  # until it is full by itself takes minutes
            with small._lock:
                small._restart(small.matcher()._trail)
        for old_one, old_two in rng.sample(kept, min(2, len(kept))):
            old_one.fill_bitmask(row)
            old_two.fill_bitmask(other)
            assert np.array_equal(row, other)
    assert small.memory.n_restarts == 3


def test_threads_share_a_grammar_whose_values_are_distinct() -> None:
    compiled = compiled_pair(GRAMMARS["nested objects"], vocabulary_of(random.Random(2)))
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            walk(random.Random(seed), compiled, judge_of("nested objects"), 10)
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_long_text_is_read_once() -> None:
    """5,000 names in one object: the log grows with the text, and what forks left behind is dropped."""
    compiled = compiled_pair(GRAMMARS["an object with other names"], vocabulary_of(random.Random(0)))
    matcher = compiled.matcher()
    matcher.accept_bytes(b"{")
    for i in range(5_000):
        name = f"{i:b}".replace("0", "a").replace("1", "b").encode()
        if i % 500 == 2:
            assert not takes(matcher, b'"b":')
        matcher.accept_bytes(b'"' + name + b'":1,')
        if i % 50 == 0:
            matcher.fork().accept_bytes(b'"aaaaaaaaaaaaaaaaaaaaaaaaa":1')
    assert not takes(matcher, b'"ba":') and takes(matcher, b'"' + b"a" * 30 + b'":1}')
    reading = matcher._trail.notes[-1].reading
    assert reading is not None and reading.log.words.nbytes < 64 << 20


@pytest.mark.parametrize("tokenizer", ["gpt2", "llama3"])
def test_real_vocabularies_never_repeat(tokenizer: str) -> None:
    """Walks that like to repeat: the tokens of values that were there before are tried at every place."""
    transformers = pytest.importorskip("transformers")
    folder = tokenizer_folder(tokenizer)
    model = transformers.AutoTokenizer.from_pretrained(folder)
    compiler = mw.Compiler(Vocabulary.from_huggingface(model))
    schema_like = json.dumps({"a": [1, 2, [1]], "b": "a", "name": {"name": "b", "a": 10}}, separators=(",", ":"))
    favourites = sorted(set(model.encode(schema_like, add_special_tokens=False)))
    name, value = Automaton(any_json_string(Escapes.EXACT)), Call("value")
    member = sequence(distinct(name), literal(b":"), value)
    rules = {
        "S": array(distinct(value)),
        "value": choice(name, NUMBER, Call("array"), Call("object")),
        "array": array(distinct(value)),
        "object": sequence(literal(b"{"), Permutation((), (), literal(b","), member), literal(b"}")),
    }
    compiled = compiler.compile_grammar(Grammar("S", rules))
    plain = compiler.compile_grammar(Grammar("S", {key: without_distinct(body) for key, body in rules.items()}))
    vocabulary = compiled.vocabulary
    rng = random.Random(11)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    n_refused = 0
    for _ in range(6):
        matcher, judge, text = compiled.matcher(), plain.matcher(), b""
        for _ in range(25):
            matcher.fill_bitmask(row)
            allowed = mw.allowed_tokens(row, vocabulary.size)
            in_row = set(allowed.tolist())
            for token in [*favourites, *rng.sample(range(vocabulary.size), 40), *rng.choices(allowed, k=40)]:
                if token in vocabulary.eos_token_ids:
                    continue
                by_plain = judge.allows(token)
                expected = by_plain and not has_repetition(text + vocabulary.text_of(token))
                n_refused += by_plain and not expected
                assert (token in in_row) == expected == matcher.allows(token), (text, vocabulary.text_of(token))
            liked = [token for token in favourites if token in in_row]
            token = rng.choice(liked) if liked and rng.random() < 0.9 else int(rng.choice(allowed))
            if token in vocabulary.eos_token_ids:
                break
            matcher.accept_token(token)
            judge.accept_token(token)
            text += vocabulary.text_of(token)
    assert n_refused > 0
