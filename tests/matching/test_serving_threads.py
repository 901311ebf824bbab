"""Eight threads on one compiler and one grammar, whose memory starts over again and again while they use it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import maskwright as mw
from maskwright.matching.batch import step_matchers
from tests.matching.counted_brackets import GRAMMAR, VOCABULARY, is_right, mask_of, random_text

N_THREADS = 8


def in_threads(work: Callable[[random.Random], None], n_threads: int = N_THREADS) -> None:
    """Run it in threads that begin together; raises what any of them raised."""
    begin = threading.Barrier(n_threads)
    failures: list[BaseException] = []

    def run(seed: int) -> None:
        begin.wait()
        try:
            work(random.Random(seed))
        except BaseException as error:  # noqa: BLE001  told to the test below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(seed,), daemon=True) for seed in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "a thread waits for something that does not come"
    if failures:
        raise failures[0]


def test_masks_are_right_while_memory_starts_over_under_the_threads() -> None:
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_grammar(GRAMMAR)
    texts = [random_text(random.Random(seed), 250) for seed in range(250)]

    def work(chance: random.Random) -> None:
        open_texts: list[list] = []
        for _ in range(1200):
            if len(open_texts) < 6:
                tokens, masks = chance.choice(texts)
                position = chance.randrange(len(tokens))
                open_texts.append([grammar.matcher(), tokens, masks, position])
                assert open_texts[-1][0].accept_tokens(tokens[:position]) == position
            one = chance.choice(open_texts)
            matcher, tokens, masks, position = one
            if position == len(tokens) or chance.random() < 0.1:
                open_texts.remove(one)  # cancelled where it stands
                continue
            if chance.random() < 0.05:
                n_back = chance.randrange(position + 1)
                matcher.rollback(n_back)
                one[3] = position = position - n_back
            if chance.random() < 0.05:
                one[0] = matcher = matcher.fork()
            assert mask_of(matcher) == masks[position]
            matcher.accept_token(tokens[position])
            one[3] += 1

    in_threads(work)
    assert grammar.memory.n_restarts >= 2
    assert grammar.memory.arena_bytes + grammar.memory.row_bytes <= 8 << 20


def test_threads_share_a_compiler_whose_cache_is_too_small() -> None:
    """Grammars come and go under those who use them, and their memory is used again for others."""
    compiler = mw.Compiler(VOCABULARY, max_bytes=8 << 20, cache_bytes=1 << 20)
    patterns = [rf"(a|\[){{{least},{least + 3}}}\]*" for least in range(1, 25)]
    expected = {}
    alone = mw.Compiler(VOCABULARY)
    for pattern in patterns:
        matcher = alone.compile_regex(pattern).matcher()
        matcher.accept_token(0)
        expected[pattern] = mask_of(matcher)

    def work(chance: random.Random) -> None:
        for _ in range(60):
            pattern = chance.choice(patterns)
            matcher = compiler.compile_regex(pattern).matcher()
            matcher.accept_token(0)
            assert mask_of(matcher) == expected[pattern]

    in_threads(work)
    assert compiler.cache_figures.n_dropped > 50
    assert compiler.cache_figures.size_bytes <= 1 << 20


def test_batches_of_several_threads_are_right_while_others_step() -> None:
    grammar = mw.Compiler(VOCABULARY, max_bytes=8 << 20).compile_grammar(GRAMMAR)
    texts = [random_text(random.Random(1000 + seed), 60) for seed in range(40)]
    texts = [(tokens, masks) for tokens, masks in texts if len(tokens) == 60]

    def work(chance: random.Random) -> None:
        chosen = [chance.choice(texts) for _ in range(6)]
        matchers = [grammar.matcher() for _ in chosen]
        mask = mw.allocate_bitmask(6, VOCABULARY.size)
        mw.fill_bitmasks(matchers, mask)
        for position in range(59):
            assert [mw.allowed_tokens(row).tolist() for row in mask] == [masks[position] for _, masks in chosen]
            step_matchers(matchers, [tokens[position] for tokens, _ in chosen], mask, n_threads=1 + position % 3)

    in_threads(work)


def test_a_text_alone_is_the_same() -> None:
    """The rules of school are those of the grammar."""
    grammar = mw.Compiler(VOCABULARY).compile_grammar(GRAMMAR)
    for seed in range(30):
        assert is_right(grammar.matcher(), *random_text(random.Random(seed), 100))
