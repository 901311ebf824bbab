"""Automata written into an arena: the kernel writes what its twin writes."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import (
    any_json_string,
    format_language,
    json_string_automaton,
    json_string_except,
    search_language,
)
from maskwright.grammar.ir import Automaton, Grammar
from tests.naive.automaton_words import automaton_words

pytestmark = pytest.mark.no_jit


def _automata() -> list[ByteAutomaton]:
    patterns = ["a", "^[a-z]{2,5}$", "é|x", "^(ab|cd)*$", r"^\w+$"]
    languages = [search_language(pattern) for pattern in patterns]
    made = [json_string_automaton(language) for one in languages for language in (one, ~one)]
    date = format_language("date")
    assert date is not None
    return [any_json_string(), json_string_except(["name", "née"]), json_string_automaton(date), *made]


@pytest.mark.parametrize("knows", [False, True])
def test_the_kernel_writes_the_words_of_its_twin(knows: bool) -> None:
    for automaton in _automata():
        known: dict[ByteAutomaton, list[int]] = {}

        def shared_states(asked: ByteAutomaton, known: dict[ByteAutomaton, list[int]] = known) -> list[int] | None:
            if not knows:
                return None
            return known.setdefault(asked, [7 * state + 1 for state in range(asked.n_states)])

        network = TransitionNetwork(Grammar("S", {"S": Automaton(automaton)}, True), shared_states=shared_states)
        network.build_ahead(1)
        network.build(1)
        written = {source: offsets.tolist() for source, offsets in network._automata.items()}
        assert automaton in written
        for one, offsets in written.items():
            words, expected = automaton_words(one, offsets[0], known.get(one) if one.is_shared else None, written)
            assert offsets == expected
            assert np.array_equal(network.arena[offsets[0] : offsets[0] + len(words)], words)
