"""Can a text be completed from the state of a list?  Found out where it is not plain, by a search.

Nearly always it is plain (`_lexing.next_list`): a parser's stack can be completed terminal by terminal, and every
terminal can be read behind every other one, if need be with a blank between. This is for what is left: terminals that
run into each other with nothing to separate them, matches that fall back, conflicts in which the plan of a state leads
nowhere. The search goes breadth first over the states of lists, byte by byte, one byte for all that are read alike.
A state from which it finds neither a complete text nor a state of which it is plain, has none: it is exact. Where it
grows beyond MAX_STATES the question stays open, and the grammar is refused rather than guessed about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwright.automata._layout import DEAD
from maskwright.automata._lexed_layout import FINISHES, LIST_STATE_PROOF, NEVER
from maskwright.automata._lexing import can_read, next_list, span_of_list
from maskwright.errors import LimitExceeded

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

MAX_STATES = 10_000
"""States of lists that one search may come to: about a second."""


def prove(network: TransitionNetwork, state: int) -> None:
    """Write into a list's state whether a text can be completed from it; raises LimitExceeded."""
    came_from = {state: 0}
    todo = [state]
    for here in todo:  # grows while it is read
        byte = 0
        while byte < 256:
            if not can_read(network.arena, here, byte):
                byte += 1
                continue
            after = network.run(next_list, here, byte)
            byte = max(byte, span_of_list(network.arena, here, byte) >> 8) + 1
            if after == DEAD or after in came_from:
                continue
            came_from[after] = here
            if network.arena[after + LIST_STATE_PROOF] == FINISHES:
                while after:
                    network.arena[after + LIST_STATE_PROOF] = FINISHES
                    after = came_from[after]
                return
            if network.arena[after + LIST_STATE_PROOF] != NEVER:
                todo.append(after)
        if len(came_from) > MAX_STATES:
            raise LimitExceeded(
                "The search for a completion of a text",
                len(came_from),
                MAX_STATES,
                remedy="let an ignored terminal separate the others, or read the grammar with lexer='dynamic_complete'",
            )
    for dead in came_from:
        network.arena[dead + LIST_STATE_PROOF] = NEVER
