"""The search for a completion of a text gives up within its bounds, says so, and is not begun again."""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.automata._layout import FREE
from maskwright.automata.proving import MAX_WORDS
from maskwright.errors import CompletionUndecided

DOUBLING = 'start: s\ns: "a" | t "a" u\nt: "a" "b" "a" | "a" u u\nu: "a" | t "a" u\nA: /[a-c]+/\nB: /[a-c]+/\n'
"""A parser whose conflicts double its stacks with every byte."""
END = 256


@pytest.mark.parametrize("max_bytes", [8 << 20, 256 << 20])
def test_a_search_that_gives_up_is_not_begun_again(max_bytes: int) -> None:
    tokens = [bytes([byte]) for byte in range(256)]
    compiler = mw.Compiler(mw.Vocabulary([*tokens, b""], eos_token_ids=[END]), max_bytes=max_bytes)
    grammar = compiler.compile_lark(DOUBLING)
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, END + 1)[0]
    network = grammar._network
    before = 0

    def write() -> None:
        nonlocal before
        for _ in range(20):
            before = int(network.arena[FREE])
            matcher.fill_bitmask(row)
            matcher.accept_token(ord("a"))

    with pytest.raises(CompletionUndecided, match=r"^The memory of a search for a completion of a text ") as first:
        write()
    allowed = first.value.allowed
    assert allowed == min(4 * MAX_WORDS, network.max_bytes // 4)
    written, epoch = int(network.arena[FREE]), network.epoch
    assert 4 * (written - before) < 2 * allowed, "one search, not one for each token"
    for _ in range(3):
        with pytest.raises(CompletionUndecided) as again:
            matcher.fill_bitmask(row)
        assert again.value == first.value
    assert (int(network.arena[FREE]), network.epoch) == (written, epoch)
    assert grammar.memory.n_rows_by_token == 0
