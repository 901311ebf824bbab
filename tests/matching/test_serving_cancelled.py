"""Requests that end anywhere, dropped, closed, failed or interrupted: nothing of them stays, others do not notice."""

from __future__ import annotations

import contextlib
import gc
import json
import random
import signal
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import MaskwrightError, MatcherError
from maskwright.matching.compiled_grammar import CompiledGrammar
from tests.matching.counted_brackets import GRAMMAR, VOCABULARY, mask_of, random_text

BYTES = mw.Vocabulary(
    [*(bytes([byte]) for byte in range(256)), b'":', b'","', b'{"', b'"}', b"[[", b"]]", b"p1", b""],
    eos_token_ids=[263],
)
N_MEMBERS = 150
SCHEMA = {
    "type": "object",
    "properties": {
        f"p{n}": {
            "type": "object",
            "properties": {f"q{n}{m}": {"type": "array", "items": {"enum": [n, m, f"{n}-{m}"]}} for m in range(3)},
            "required": [f"q{n}0"],
            "additionalProperties": False,
        }
        for n in range(N_MEMBERS)
    },
    "additionalProperties": False,
}
"""More rules than are built ahead, so that texts find new ones all the time."""


def document(chance: random.Random) -> bytes:
    chosen = chance.sample(range(N_MEMBERS), 3)
    members = {f"p{n}": {f"q{n}{m}": [n, m, f"{n}-{m}"] for m in range(chance.randrange(1, 4))} for n in chosen}
    return json.dumps(members, separators=(",", ":")).encode()


def mask_after(grammar: CompiledGrammar, text: bytes) -> list[int]:
    matcher = grammar.matcher()
    matcher.accept_bytes(text)
    row = mw.allocate_bitmask(1, BYTES.size)[0]
    matcher.fill_bitmask(row)
    return mw.allowed_tokens(row).tolist()


def is_open(grammar: CompiledGrammar) -> bool:
    """Can another thread take its lock?"""
    answers: list[bool] = []

    def ask() -> None:
        answers.append(grammar._lock.acquire(timeout=5))
        if answers[0]:
            grammar._lock.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return answers[0]


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """KeyboardInterrupt somewhere in what happens here, as by Ctrl-C; it ends here too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGALRM, before)


NO_RULES = "An interrupt came while a rule of this grammar was being made, so it cannot make others: compile it again."


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
def test_after_an_interrupt_masks_are_right_or_refused_and_the_cache_compiles_again() -> None:
    compiler = mw.Compiler(BYTES)
    reference = mw.Compiler(BYTES).compile_json_schema(SCHEMA)
    chance = random.Random(7)
    for _ in range(20):
        text = document(chance)
        for end in range(len(text)):
            mask_after(reference, text[:end])  # all kernels are there: an interrupt of numba is numba's affair
    n_right = 0
    refusals: list[str] = []
    for _ in range(60):
        grammar = compiler.compile_json_schema(SCHEMA)
        assert not grammar.was_interrupted
        other = grammar.matcher()
        other.accept_bytes(b'{"p5":{"q50":')
        with interrupted_after(10 ** chance.uniform(-4, -2.3)):
            for _ in range(4):
                text = document(chance)
                for end in range(0, len(text), 7):
                    mask_after(grammar, text[:end])
        assert is_open(grammar)
        row = mw.allocate_bitmask(1, BYTES.size)[0]
        other.fill_bitmask(row)
        assert mw.allowed_tokens(row).tolist() == mask_after(reference, b'{"p5":{"q50":')
        for _ in range(2):
            text = document(chance)
            cut = text[: chance.randrange(len(text))]
            try:
                mask = mask_after(grammar, cut)
            except MatcherError as error:
                refusals.append(str(error))
            else:
                n_right += 1
                assert mask == mask_after(reference, cut)
    assert set(refusals) == {NO_RULES}
    assert n_right > len(refusals)


def test_an_interrupted_rule_of_a_written_grammar_is_made_again() -> None:
    """Its rules are all there, so only what was learnt of them goes."""
    rules = "".join(f'r{n} ::= "{n}:" s{n}\ns{n} ::= [ab]{{{n + 1}}} "."\n' for n in range(600))
    grammar = mw.Compiler(BYTES).compile_gbnf("root ::= " + " | ".join(f"r{n}" for n in range(600)) + "\n" + rules)
    matcher, begun = grammar.matcher(), grammar.matcher()
    begun.accept_bytes(b"7:aa")
    expected = mask_after(grammar, b"7:aa")
    network = grammar._network
    build = network.build

    def interrupted(number: int) -> None:
        network.build = build  # type: ignore[method-assign]
        build(number)
        raise KeyboardInterrupt

    network.build = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        matcher.accept_bytes(b"599:")
    assert grammar.was_interrupted and grammar.memory.n_restarts == 1
    row = mw.allocate_bitmask(1, BYTES.size)[0]
    begun.fill_bitmask(row)
    assert mw.allowed_tokens(row).tolist() == expected
    matcher.accept_bytes(b"599:" + b"ab" * 300 + b".")
    assert matcher.is_accepting()


def test_an_error_in_a_callback_leaves_the_matcher_and_the_lock_as_they_were() -> None:
    grammar = mw.Compiler(BYTES).compile_json_schema({"type": "array", "items": {"type": "integer"}})

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        grammar.precompute(on_progress=fail)
    assert is_open(grammar)
    with pytest.raises(ZeroDivisionError):
        mw.Compiler(BYTES).submit(lambda: fail(None)).result()
    matcher = grammar.matcher()
    matcher.accept_bytes(b"[1")
    for bad in (np.zeros(3, np.int32), np.zeros(9, np.int64), None, "row"):
        with pytest.raises((MaskwrightError, AttributeError)):
            matcher.fill_bitmask(bad)  # type: ignore[arg-type]
    with pytest.raises(MatcherError):
        matcher.accept_tokens([ord("2"), 0.5])  # type: ignore[list-item]
    assert is_open(grammar)
    assert mask_after(grammar, b"[12") == mask_after(grammar, b"[12")


def request(grammar: CompiledGrammar, tokens: list[int]) -> Iterator[None]:
    matcher = grammar.matcher()
    for token in tokens:
        mask_of(matcher)
        matcher.accept_token(token)
        yield
        matcher = matcher.fork()


def serve_and_cancel(grammar: CompiledGrammar) -> None:
    """Eight requests in turn, of which one in five steps is closed where it is."""
    chance = random.Random(0)
    texts = [random_text(random.Random(seed), 40)[0] for seed in range(20)]
    open_requests = [request(grammar, chance.choice(texts)) for _ in range(8)]
    for _ in range(400):
        number = chance.randrange(8)
        if chance.random() < 0.2:
            open_requests[number].close()
            open_requests[number] = request(grammar, chance.choice(texts))
        elif next(open_requests[number], "ended") == "ended":
            open_requests[number] = request(grammar, chance.choice(texts))


def test_requests_that_are_dropped_anywhere_leave_nothing_behind() -> None:
    compiler = mw.Compiler(VOCABULARY, max_bytes=8 << 20)
    grammar = compiler.compile_grammar(GRAMMAR)
    serve_and_cancel(grammar)
    gc.collect()
    n_objects, memory = len(gc.get_objects()), grammar.memory
    for _ in range(5):
        serve_and_cancel(grammar)
    gc.collect()
    assert len(gc.get_objects()) - n_objects < 50
    assert grammar.memory.n_configurations == memory.n_configurations
    gone = weakref.ref(grammar)
    del grammar
    gc.collect()
    assert gone() is None
    assert compiler.pool_bytes > 0  # its memory waits for the next one
