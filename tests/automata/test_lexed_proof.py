"""What is plain of a lexed language lies in its program, wherever that lies, and is found once."""

from __future__ import annotations

import pytest

from maskwright.automata import lexed_proof
from maskwright.automata._lexed_layout import PROGRAM_BLOCKED, PROGRAM_LABEL_OF
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.grammar.ir import Lexed
from maskwright.grammar.lark import lark_grammar
from tests.automata.machine import accepts

NAMES = 'start: (N "=" e ";")*\ne: N "+" e | N\nN: /[a-z]+/\nM: "if"\n'


def network_and_program() -> tuple[TransitionNetwork, int]:
    network = TransitionNetwork(prepare(lark_grammar(NAMES)))
    network.start()
    (language,) = [node.language for node, _ in network.entries() if isinstance(node, Lexed)]
    return network, network._program_of(language)


def test_it_is_found_once_however_often_memory_starts_over(monkeypatch: pytest.MonkeyPatch) -> None:
    network, program = network_and_program()
    before = network.arena[: program + 64].tolist()
    monkeypatch.setattr(lexed_proof, "_plain", lambda *_: pytest.fail("it is known"))
    for _ in range(2):
        network.clear()
        network.start()
        assert network.arena[: program + 64].tolist() == before
        assert accepts(network, b"a=b+c;d=e;") and not accepts(network, b"a=b+;")


def test_it_is_found_where_it_was_put_when_the_memory_grows_at_that(monkeypatch: pytest.MonkeyPatch) -> None:
    place = TransitionNetwork.place

    def place_in_grown_memory(network: TransitionNetwork, words: object) -> int:
        network.arena = network.arena.copy()
        return place(network, words)  # type: ignore[arg-type]

    monkeypatch.setattr(TransitionNetwork, "place", place_in_grown_memory)
    network, program = network_and_program()
    assert network.arena[program + PROGRAM_BLOCKED] > program
    assert network.arena[program + PROGRAM_LABEL_OF] > network.arena[program + PROGRAM_BLOCKED]
