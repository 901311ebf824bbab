"""Stacks of a parser against their twin, and how many steps are taken for long ones: each is taken once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from statistics import median

import pytest

from maskwright.automata._configurations import step
from maskwright.automata._layout import DEAD, FREE, N_READINGS
from maskwright.automata._lexing import start_session
from maskwright.automata._planning import planned_terminal
from maskwright.automata._stacks import read_terminal
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.ir import Lexed
from maskwright.grammar.lark import lark_grammar
from maskwright.grammar.lexed_language import END_OF_TEXT, LexedLanguage
from tests.naive.lr_stack import StackReader

LIST = 'start: item "," start | item\nitem: "a" | "b"\n'
CLOSED = 'start: list ";"\nlist: "a" list | "a"\n'
STATEMENTS = 'start: s start | s\ns: N "=" e ";"\ne: N "+" e | N\nN: /[a-z]+/\n%ignore " "\n'
IN_TURN = 'start: x\nx: "a" y | "a" z | "c"\ny: "b" x | "b"\nz: "d" x | "d" | "d" ";" x\n'
WITH_NOTHING = 'start: a "." | b "!"\na: "x" a | none\nb: "y" a b | "y" none none\nnone:\n'
CHAINS = 'start: p\np: q\nq: r\nr: t "^" p | t\nt: "(" p ")" | u\nu: "a" u | "a" "," u | "b"\n'
CONFLICTS = 'start: s\nt: s s\nu: t t\ns: "a" "a" | t "a" s | "a" u u\nA: /[a-c]+/\nB: /[a-c]+/\n'
DOUBLING = 'start: s\ns: "a" | t "a" u\nt: "a" "b" "a" | "a" u u\nu: "a" | t "a" u\nA: /[a-c]+/\nB: /[a-c]+/\n'


def network_and_program(text: str) -> tuple[TransitionNetwork, LexedLanguage, int]:
    network = TransitionNetwork(prepare(lark_grammar(text)))
    network.start()
    (language,) = [node.language for node, _ in network.entries() if isinstance(node, Lexed)]
    return network, language, network._program_of(language)


def walk(reader: StackReader, rng: random.Random, longest: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Stacks of the twin from the start on, each with the terminal that is read next; mostly one that leads on."""
    stack: tuple[int, ...] = (reader.language.start_state,)
    for _ in range(longest):
        ways = following(reader, stack)
        if not ways:
            return
        leading_on = [symbol for symbol, after in ways.items() if following(reader, after)]
        symbol = rng.choice(leading_on if leading_on and rng.random() < 0.99 else list(ways))
        yield stack, symbol
        stack = ways[symbol]


def following(reader: StackReader, stack: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    """The stack after each terminal that can be read."""
    after = {symbol: reader.after(stack, symbol) for symbol in range(1, reader.language.n_terminals)}
    return {symbol: states for symbol, states in after.items() if isinstance(states, tuple)}


@pytest.mark.no_jit
@pytest.mark.parametrize("text", [LIST, CLOSED, STATEMENTS, IN_TURN, WITH_NOTHING, CHAINS, CONFLICTS, DOUBLING])
def test_terminals_make_of_stacks_what_they_make_of_lists_of_states(text: str) -> None:
    network, language, program = network_and_program(text)
    reader = StackReader(language)
    n_deep = 0
    for seed in range(12):
        here = network.run(start_session, program)
        for stack, symbol in walk(reader, random.Random(seed), 60):
            n_deep = max(n_deep, len(stack))
            complete = reader.after(stack, END_OF_TEXT)
            assert (network.run(read_terminal, program, here, END_OF_TEXT) != DEAD) == complete
            if language.way_out[stack[-1], 0] >= 0:
                assert network.run(planned_terminal, program, here) == reader.planned(stack)
            for other in range(1, language.n_terminals):
                after = network.run(read_terminal, program, here, other)
                assert (after != DEAD) == bool(reader.after(stack, other))
            here = network.run(read_terminal, program, here, symbol)
    assert n_deep > 20


@pytest.mark.parametrize(
    ("text", "piece"), [(LIST, b"a,"), (CLOSED, b"a"), (STATEMENTS, b"a=b+c;"), (IN_TURN, b"abad")]
)
def test_whatever_may_come_next_behind_a_long_list_takes_a_few_steps(text: str, piece: bytes) -> None:
    network, _, _ = network_and_program(text)
    configuration = network.start()
    spent, words = [], []
    for _ in range(41):
        network.arena[N_READINGS] = 0
        begin = int(network.arena[FREE])
        for _ in range(50):
            for byte in piece:
                for other in b"ab,;=":  # as a mask does
                    network.run(step, configuration, other)
                configuration = network.run(step, configuration, byte)
        spent.append(int(network.arena[N_READINGS]))
        words.append(int(network.arena[FREE]) - begin)
    assert configuration != DEAD
    assert max(spent[20:]) <= 1.2 * spent[2] + 50, spent
    assert median(words[20:]) <= 1.2 * words[2], words
