"""The cache of compiled grammars: what meets under one key, what is dropped, and what threads see of each other."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.lark import PYTHON_INDENTER
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.grammar_cache import WEIGHED_AT_ONCE, GrammarCache, content_key

VOCABULARY = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"</s>"], eos_token_ids=[256])

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab", max_size=2) | st.integers(0, 1), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=6,
)


def exactly(value: object) -> object:
    """The value with all its types: equal results mean that nothing can tell two values apart."""
    if isinstance(value, dict):
        return "dict", [(exactly(key), exactly(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [exactly(item) for item in value]
    return type(value).__name__, repr(value)


@given(PLAIN, PLAIN)
def test_keys_are_equal_exactly_where_values_and_types_are(one: object, other: object) -> None:
    assert content_key(one) is not None
    assert (content_key(one) == content_key(other)) == (exactly(one) == exactly(other))


def test_a_key_does_not_depend_on_which_objects_are_shared() -> None:
    part = {"type": "string"}
    apart = "-string"[1:]
    assert content_key([part, part]) == content_key([{"type": "string"}, {"type": apart}])


@pytest.mark.parametrize(
    "value", [Decimal("1.5"), np.float64(1.5), np.int64(1), np.str_("a"), np.arange(3), object(), {1, 2}.__iter__()]
)
def test_what_is_not_plain_data_has_no_key(value: object) -> None:
    assert content_key({"const": value}) is None


def test_what_is_nested_too_deeply_has_no_key() -> None:
    value: Any = True
    for _ in range(100_000):
        value = [value]
    assert content_key(value) is None


# The cache by itself, with things that only have a weight.


@dataclass(eq=False)
class Weight:
    """Stands for a grammar."""

    size: int


def cache_of(max_bytes: int) -> GrammarCache:
    return GrammarCache(max_bytes, lambda grammar: cast(Weight, grammar).size)


def put(cache: GrammarCache, key: bytes, size: int) -> Weight:
    made = Weight(size)
    assert cache.get(key, lambda: cast(CompiledGrammar, made)) is cast(object, made)
    return made


def refuse() -> CompiledGrammar:
    raise AssertionError("this is in the cache")


def has(cache: GrammarCache, key: bytes) -> bool:
    try:
        cache.get(key, refuse)
    except AssertionError:
        return False
    return True


def test_the_grammar_used_the_longest_time_ago_is_dropped_first() -> None:
    cache = cache_of(30)
    for name in (b"a", b"b", b"c"):
        put(cache, name, 10)
    assert has(cache, b"a")
    put(cache, b"d", 10)
    assert [has(cache, name) for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert (cache.figures.n_grammars, cache.figures.size_bytes, cache.figures.n_dropped) == (3, 30, 1)


def test_a_grammar_that_has_grown_pushes_others_out_when_it_is_used() -> None:
    cache = cache_of(30)
    growing = put(cache, b"a", 10)
    put(cache, b"b", 10)
    growing.size = 25
    assert has(cache, b"a") and not has(cache, b"b")
    assert cache.figures.size_bytes == 25


def test_grammars_that_grow_unseen_are_weighed_again_in_turn() -> None:
    cache = cache_of(10_000)
    kept = [put(cache, bytes([number]), 1) for number in range(3 * WEIGHED_AT_ONCE)]
    for grammar in kept:
        grammar.size = 2
    for number in range(4):
        put(cache, bytes([200 + number]), 1)
    assert cache.figures.size_bytes == 2 * len(kept) + 4


def test_one_grammar_that_outweighs_the_budget_is_not_kept() -> None:
    cache = cache_of(30)
    put(cache, b"a", 31)
    assert not has(cache, b"a")
    assert (cache.figures.n_grammars, cache.figures.size_bytes) == (0, 0)


def test_without_a_budget_or_a_key_nothing_is_kept_or_counted() -> None:
    cache = cache_of(0)
    put(cache, b"a", 0)
    assert not has(cache, b"a")
    other = cache_of(100)
    assert other.get(None, lambda: cast(CompiledGrammar, Weight(1))) is not None
    assert other.figures.n_misses == other.figures.n_grammars == cache.figures.n_misses == 0


def test_threads_that_ask_for_the_same_compile_it_once() -> None:
    cache = cache_of(100)
    began, go_on, calls = threading.Event(), threading.Event(), []

    def slow() -> CompiledGrammar:
        calls.append(1)
        began.set()
        assert go_on.wait(10)
        return cast(CompiledGrammar, Weight(1))

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(cache.get, b"a", slow)
        assert began.wait(10)
        others = [pool.submit(cache.get, b"a", refuse) for _ in range(7)]
        while cache.figures.n_waited < 7:
            time.sleep(0.001)
        put(cache, b"b", 1)  # something else is not kept waiting
        go_on.set()
        assert {id(future.result()) for future in [first, *others]} == {id(first.result())}
    assert len(calls) == 1
    assert (cache.figures.n_hits, cache.figures.n_misses) == (7, 2)


def test_an_error_reaches_those_who_wait_and_is_not_kept() -> None:
    cache = cache_of(100)
    began, go_on = threading.Event(), threading.Event()

    def failing() -> CompiledGrammar:
        began.set()
        assert go_on.wait(10)
        raise mw.EmptyLanguage("of this test")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, b"a", failing)
        assert began.wait(10)
        other = pool.submit(cache.get, b"a", refuse)
        while cache.figures.n_waited < 1:
            time.sleep(0.001)
        go_on.set()
        for future in (first, other):
            with pytest.raises(mw.EmptyLanguage, match="of this test"):
                future.result()
    put(cache, b"a", 1)
    assert has(cache, b"a")


def test_an_interrupted_compilation_is_taken_over_by_one_who_waits() -> None:
    cache = cache_of(100)
    began, go_on = threading.Event(), threading.Event()

    def interrupted() -> CompiledGrammar:
        began.set()
        assert go_on.wait(10)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, b"a", interrupted)
        assert began.wait(10)
        other = pool.submit(put, cache, b"a", 1)
        while cache.figures.n_waited < 1:
            time.sleep(0.001)
        go_on.set()
        assert isinstance(first.exception(), KeyboardInterrupt)
        assert other.result().size == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only there is RLIMIT_AS what it says")
def test_grammars_that_are_kept_do_not_take_the_addresses_of_others() -> None:
    """Some systems limit a process's addresses, of which each grammar reserves 256 MiB."""
    program = (
        "import resource, maskwright as mw\n"
        "from tests.grammar.single_bytes import SINGLE_BYTES\n"
        "compiler = mw.Compiler(SINGLE_BYTES)\n"
        "compiler.compile_json_schema(True).matcher().accept_bytes(b'[1]')\n"
        "_, hard = resource.getrlimit(resource.RLIMIT_AS)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, hard))\n"
        "for number in range(40):\n"
        "    compiler.compile_json_schema({'const': number})\n"
        "print(compiler.cache_figures.n_misses)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "41\n", done.stderr


# The compiler's.


def test_equal_requests_get_the_same_grammar_and_others_do_not() -> None:
    compiler = mw.Compiler(VOCABULARY)
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"enum": [1, 2]}}}
    compact = mw.JSONSchemaOptions(whitespace=mw.Whitespace.COMPACT)
    requests = [
        lambda: compiler.compile_json_schema(schema),
        lambda: compiler.compile_json_schema({"type": "object", "properties": {"a": {"enum": [1.0, 2]}}}),
        lambda: compiler.compile_json_schema(schema, options=compact),
        lambda: compiler.compile_json_schema('{"type": "object"}'),
        lambda: compiler.compile_json_schema('{"type":"object"}'),
        lambda: compiler.compile_json_schema(True),
        lambda: compiler.compile_json_schema(Person),
        lambda: compiler.compile_regex("a+"),
        lambda: compiler.compile_gbnf('root ::= "a"\nb ::= "b"'),
        lambda: compiler.compile_gbnf('root ::= "a"\nb ::= "b"', start="b"),
        lambda: compiler.compile_ebnf('root ::= "a"\nb ::= "b"'),
        lambda: compiler.compile_ebnf('root ::= "a"\nb ::= "b"', start="b"),
        lambda: compiler.compile_lark('start: "a"+\nb: "b"'),
        lambda: compiler.compile_lark('start: "a"+\nb: "b"', start="b"),
        lambda: compiler.compile_lark('start: "a"+\nb: "b"', lexer="basic"),
        lambda: compiler.compile_lark(BLOCKS, indenter=PYTHON_INDENTER),
    ]
    first = [request() for request in requests]
    again = [request() for request in requests]
    assert [id(grammar) for grammar in first] == [id(grammar) for grammar in again]
    assert len(set(map(id, first))) == len(requests)
    assert (compiler.cache_figures.n_hits, compiler.cache_figures.n_misses) == (len(requests), len(requests))
    assert compiler.cache_figures.size_bytes == sum(grammar.size_bytes for grammar in first)
    compiler.clear_cache()
    assert compiler.cache_figures.n_grammars == compiler.cache_figures.size_bytes == 0
    assert requests[0]() is not first[0]


@dataclass
class Person:
    """A specification."""

    name: str


BLOCKS = (
    "start: (NAME _NEWLINE _INDENT NAME _NEWLINE _DEDENT)+\nNAME: /[a-z]+/\n_NEWLINE: /\\n */\n"
    + "".join(f"%declare {name}\n" for name in ("_INDENT", "_DEDENT"))
    + 'LPAR: "("\nRPAR: ")"\nLSQB: "["\nRSQB: "]"\nLBRACE: "{"\nRBRACE: "}"\n'
)


def test_what_hangs_on_more_than_its_text_is_compiled_anew() -> None:
    from referencing import Registry

    compiler = mw.Compiler(VOCABULARY)
    one = mw.Grammar.from_text("x")
    for request in (
        lambda: compiler.compile_json_schema(True, registry=Registry()),
        lambda: compiler.compile_json_schema({"const": Decimal("1.5")}),
        lambda: compiler.compile_lark('start: "a"+', import_paths=["."]),
        lambda: compiler.compile_lark('start: @x "a"', grammars={"x": one}),
        lambda: compiler.compile_grammar(one),
    ):
        assert request() is not request()
    assert compiler.cache_figures.n_misses == 0


def test_a_schema_that_was_changed_is_another_one() -> None:
    compiler = mw.Compiler(VOCABULARY)
    schema: dict[str, Any] = {"enum": [1]}
    before = compiler.compile_json_schema(schema)
    schema["enum"].append(2)
    after = compiler.compile_json_schema(schema)
    matcher = after.matcher()
    matcher.accept_bytes(b"2")
    with pytest.raises(mw.TokenRejected):
        before.matcher().accept_bytes(b"2")


def test_a_grammar_weighs_what_its_memory_says_and_grows_with_use() -> None:
    grammar = mw.Compiler(VOCABULARY).compile_regex("[a-z]{1,500}")
    before = grammar.size_bytes
    matcher = grammar.matcher()
    for _ in range(100):
        matcher.accept_bytes(b"q")
    assert grammar.size_bytes == grammar.memory.arena_bytes + grammar.memory.row_bytes > before
