"""Texts read by the kernels of a transition network, byte by byte."""

from __future__ import annotations

from maskwright.automata._configurations import step
from maskwright.automata._layout import DEAD, IS_ACCEPTING
from maskwright.automata.transition_network import TransitionNetwork


def configuration_after(network: TransitionNetwork, text: bytes) -> int:
    """The configuration after the text, or DEAD."""
    configuration = network.start()
    for byte in text:
        configuration = network.run(step, configuration, byte)
        if configuration == DEAD:
            break
    return configuration


def accepts(network: TransitionNetwork, text: bytes) -> bool:
    """Is the text a member?"""
    configuration = configuration_after(network, text)
    return configuration != DEAD and bool(network.arena[configuration + IS_ACCEPTING])


def readable_bytes(network: TransitionNetwork, configuration: int) -> set[int]:
    """The bytes that lead on from a configuration."""
    return {byte for byte in range(256) if network.run(step, configuration, byte) != DEAD}
