"""The search for a completion of a text gives up within its bounds, says so, and is not begun again."""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.automata import proving
from maskwright.automata._layout import FREE, N_READINGS
from maskwright.automata._lexed_layout import MAX_WAY_OUT
from maskwright.automata.passes import prepare
from maskwright.automata.proving import MAX_STATES, MAX_WORDS
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import CompletionUndecided
from maskwright.grammar.lark import lark_grammar
from tests.automata.machine import accepts

DOUBLING = 'start: s\ns: "a" | t "a" u\nt: "a" "b" "a" | "a" u u\nu: "a" | t "a" u\nA: /[a-c]+/\nB: /[a-c]+/\n'
"""A parser whose conflicts double its stacks with every byte."""
RUNNING_TOGETHER = 'start: s\nt: s s\nu: t t\ns: "a" "a" | t "a" s | "a" u u\nA: /[a-c]+/\nB: /[a-c]+/\n'
"""Plans from all over the search run into one that does not end."""
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


def undecided(text: str) -> tuple[TransitionNetwork, CompletionUndecided]:
    """Where the search gives up behind the first letters."""
    network = TransitionNetwork(prepare(lark_grammar(text)))
    with pytest.raises(CompletionUndecided) as caught:
        accepts(network, b"a" * 20)
    return network, caught.value


def test_what_plans_have_in_common_is_followed_once() -> None:
    network, error = undecided(RUNNING_TOGETHER)
    assert error.stage == "The search for a completion of a text"
    assert (error.asked, error.allowed) == (MAX_STATES + 1, MAX_STATES)
    assert network.arena[N_READINGS] < 20 * MAX_STATES, "each plan alone takes thousands of steps"


def test_a_search_that_reads_too_much_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "MAX_READINGS", 30_000)
    network, error = undecided(RUNNING_TOGETHER)
    assert error.stage == "The readings of a search for a completion of a text"
    assert (error.asked, error.allowed) == (30_001, 30_000)
    assert 30_000 < network.arena[N_READINGS] < 30_000 + 4 * MAX_WAY_OUT, "a state is read wholly"
