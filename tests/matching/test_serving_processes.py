"""Processes that fork while threads are busy, processes that are started anew, and what can be sent between them."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import maskwright as mw
from maskwright.errors import MatcherError
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import json_schema_grammar
from tests.forking import is_so_in_fork
from tests.matching.counted_brackets import GRAMMAR, VOCABULARY, allowed, is_right, mask_of, random_text

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
N_FORKS = 8


@contextmanager
def busy_threads(compiler: mw.Compiler, grammar: mw.CompiledGrammar) -> Iterator[None]:
    """Threads that hold all locks as often as they can: of grammars, tables and the cache."""
    is_ended = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        while not is_ended.is_set():
            matcher = grammar.matcher()
            for token in random_text(chance, 100)[0]:
                mask_of(matcher)
                matcher.accept_token(token)

    def compile_other(seed: int) -> None:
        chance = random.Random(seed)
        while not is_ended.is_set():
            mask_of(compiler.compile_regex(rf"\[(a|\]){{0,{chance.randrange(1, 2000)}}}").matcher())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3) for work in (write, compile_other)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_ended.set()
        for thread in threads:
            thread.join()


@forks
def test_a_child_uses_what_its_parents_threads_were_busy_with() -> None:
    compiler = mw.Compiler(VOCABULARY, max_bytes=8 << 20, cache_bytes=4 << 20)
    grammar = compiler.compile_grammar(GRAMMAR)
    begun = grammar.matcher()
    begun.accept_token(0)

    def answers() -> bool:
        texts = [random_text(random.Random(-seed), 100) for seed in range(1, 6)]
        return (
            mask_of(begun) == allowed((0,))
            and all(is_right(grammar.matcher(), *text) for text in texts)
            and mask_of(compiler.compile_regex("a{3,5}").matcher()) == [2, 3, 4]
            and mask_of(compiler.submit(compiler.compile_regex, r"\[a").result(10).matcher()) == [0, 7]
        )

    assert answers()
    with busy_threads(compiler, grammar):
        for _ in range(N_FORKS):
            assert is_so_in_fork(answers)
    assert answers()


@forks
def test_a_child_does_not_wait_for_a_compilation_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that compiles does not live on in it, so nobody would ever hand the grammar out."""
    compiler = mw.Compiler(VOCABULARY)
    begins, may_end = threading.Event(), threading.Event()
    made = mw.Compiler.compile_grammar

    def slowly(self: mw.Compiler, grammar: Grammar) -> mw.CompiledGrammar:
        if threading.current_thread() is not threading.main_thread():
            begins.set()
            may_end.wait()
        return made(self, grammar)

    monkeypatch.setattr(mw.Compiler, "compile_grammar", slowly)
    thread = threading.Thread(target=compiler.compile_regex, args=("aa?",))
    thread.start()
    begins.wait()
    try:
        assert is_so_in_fork(lambda: mask_of(compiler.compile_regex("aa?").matcher()) == [2, 3])
    finally:
        may_end.set()
        thread.join()
    assert compiler.cache_figures.n_grammars == 1


def masks_elsewhere(grammar: Grammar, vocabulary: mw.Vocabulary, content: bytes) -> list[list[int]]:
    """What another process makes of what it was sent."""
    compiler = mw.Compiler(vocabulary)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    masks = []
    for one in (compiler.compile_grammar(grammar), compiler.grammar_from_bytes(content)):
        one.matcher().fill_bitmask(row)
        masks.append(mw.allowed_tokens(row).tolist())
    return masks


def test_grammars_vocabularies_and_files_are_sent_to_processes_that_are_started_anew() -> None:
    grammar = json_schema_grammar({"enum": [["a"], "]"]})
    vocabulary = mw.Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])
    compiled = mw.Compiler(vocabulary).compile_grammar(grammar)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    compiled.matcher().fill_bitmask(row)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        sent = (grammar, vocabulary, compiled.to_bytes())
        assert pool.apply(masks_elsewhere, sent) == [mw.allowed_tokens(row).tolist()] * 2


MESSAGES = {
    "grammar": "A compiled grammar cannot be pickled or copied: send what `to_bytes` gives, and have it read there by "
    "`Compiler.grammar_from_bytes`.",
    "matcher": "A matcher cannot be pickled or copied: `fork` copies it, and another process reads its tokens again.",
    "compiler": "A compiler cannot be pickled or copied: send its vocabulary, and make another one of it.",
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_what_cannot_be_sent_says_what_can(kind: str) -> None:
    compiler = mw.Compiler(VOCABULARY)
    grammar = compiler.compile_regex("a")
    one = {"grammar": grammar, "matcher": grammar.matcher(), "compiler": compiler}[kind]
    for send in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(MatcherError) as caught:
            send(one)
        assert str(caught.value) == MESSAGES[kind]
