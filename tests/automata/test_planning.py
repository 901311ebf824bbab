"""Plans of a parser: what is remembered of them changes no answer, and bears ways that are too long to be followed."""

from __future__ import annotations

import random

import pytest

from maskwright.automata._layout import DEAD, N_READINGS
from maskwright.automata._lexed_layout import MAX_WAY_OUT
from maskwright.automata._lexing import start_session
from maskwright.automata._planning import is_proved
from maskwright.automata._stacks import read_terminal
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.lexed_language import LexedLanguage
from tests.automata.test_stacks import CONFLICTS, DOUBLING, network_and_program, walk
from tests.naive.lr_stack import StackReader

BEGUN_AND_ENDED = 'start: s\ns: "a" "a" | "a" s "b"\nA: /[a-c]+/\nB: /[a-c]+/\n'
APART = "start: s\ns: A s B | B C | C s\nA: /a/\nB: /a|ab/\nC: /b+/\n"


def stack_after(network: TransitionNetwork, program: int, symbols: list[int]) -> int:
    stack = network.run(start_session, program)
    for symbol in symbols:
        stack = network.run(read_terminal, program, stack, symbol)
    assert stack != DEAD
    return stack


def verdicts(text: str, cases: list[tuple[list[int], int]]) -> list[int]:
    """For each case, some terminals and a label behind them: is a completion plain?"""
    network, _, program = network_and_program(text)
    return [network.run(is_proved, program, stack_after(network, program, symbols), label) for symbols, label in cases]


def labels_of(language: LexedLanguage, symbol: int) -> list[int]:
    """The labels of a terminal."""
    starts = language.label_start
    labels = range(len(starts) - 1)
    return [label for label in labels if symbol in language.label_terminals[starts[label] : starts[label + 1]]]


def random_cases(language: LexedLanguage, n: int) -> list[tuple[list[int], int]]:
    """Terminals read one after the other, with the labels that the last of them may have."""
    cases = []
    for seed in range(n):
        symbols: list[int] = []
        for _, symbol in walk(StackReader(language), random.Random(seed), 12):
            symbols = [*symbols, symbol]
            cases += [(symbols, label) for label in labels_of(language, symbol)]
    return cases


@pytest.mark.parametrize("text", [DOUBLING, CONFLICTS, APART, BEGUN_AND_ENDED])
def test_what_is_remembered_of_plans_changes_no_answer(text: str) -> None:
    _, language, _ = network_and_program(text)
    cases = random_cases(language, 8)
    alone = [verdicts(text, [case])[0] for case in cases]
    assert verdicts(text, cases) == alone
    assert verdicts(text, cases[::-1]) == alone[::-1]


def test_a_way_that_is_too_long_to_be_followed_comes_to_one_that_was() -> None:
    network, language, program = network_and_program(BEGUN_AND_ENDED)
    symbol = 1  # the letter a
    (label,) = labels_of(language, symbol)
    stack = network.run(start_session, program)
    network.arena[N_READINGS] = 0
    for _ in range(2 * MAX_WAY_OUT):
        stack = network.run(read_terminal, program, stack, symbol)
        assert network.run(is_proved, program, stack, label) == 1
    assert network.arena[N_READINGS] < 20 * 2 * MAX_WAY_OUT
