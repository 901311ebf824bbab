"""Can a text be completed from the state of a list?  Found out where it is not plain, by a search.

Nearly always it is plain (`_lexing.next_list`): a parser's stack can be completed terminal by terminal, and every
terminal can be read behind every other one, if need be with a blank between. This is for what is left: terminals that
run into each other with nothing to separate them, matches that fall back, conflicts in which the plan of a state leads
nowhere. The search goes breadth first over the states of lists, byte by byte, one byte for all that are read alike.
A state from which it finds neither a complete text nor a state of which it is plain, has none: it is exact. Where it
grows beyond MAX_STATES, writes more than MAX_WORDS (where conflicts double the stacks with every byte) or reads more
than MAX_READINGS, the question stays open: CompletionUndecided, rather than a guess. The state remembers that, and is
not searched again.

Cost: some 20 us mostly. Where it gives up, 0.15 s at most for the states, up to 0.9 s for the words or the readings. A
state is read wholly before anything is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskwright.automata._layout import FREE, N_READINGS
from maskwright.automata._lexed_layout import (
    FINISHES,
    LIST_STATE_PROOF,
    NEVER,
    OUT_OF_MEMORY,
    OUT_OF_READINGS,
    OUT_OF_STATES,
)
from maskwright.automata._lexing import next_lists
from maskwright.errors import CompletionUndecided

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

MAX_STATES = 6_000
"""States of lists that one search may come to."""
MAX_WORDS = 6 << 20
"""Words of the arena that one search may write. It is never more than a quarter of the arena."""
MAX_READINGS = 5_000_000
"""Groups of lexers, terminals, reductions and planned steps of parsers that one search may take."""
_REMEDY = "let an ignored terminal separate the others, or read the grammar with lexer='dynamic_complete'"


def prove(network: TransitionNetwork, state: int) -> None:
    """Write into a list's state whether a text can be completed from it; raises CompletionUndecided."""
    most_words = min(MAX_WORDS, network.max_bytes // 16)
    known = int(network.arena[state + LIST_STATE_PROOF])
    if known in (OUT_OF_STATES, OUT_OF_MEMORY, OUT_OF_READINGS):
        raise _undecided(known, most_words)
    begin = int(network.arena[FREE])
    network.arena[N_READINGS] = 0
    found = np.zeros(256, dtype=np.int32)
    came_from = {state: 0}
    todo = [state]
    for here in todo:  # grows while it is read
        for after in found[: network.run(next_lists, here, found)].tolist():
            if after in came_from:
                continue
            came_from[after] = here
            if network.arena[after + LIST_STATE_PROOF] == FINISHES:
                while after:
                    network.arena[after + LIST_STATE_PROOF] = FINISHES
                    after = came_from[after]
                return
            if network.arena[after + LIST_STATE_PROOF] != NEVER:
                todo.append(after)
        why = 0
        if int(network.arena[FREE]) - begin > most_words:
            why = OUT_OF_MEMORY
        elif len(came_from) > MAX_STATES:
            why = OUT_OF_STATES
        elif network.arena[N_READINGS] > MAX_READINGS:
            why = OUT_OF_READINGS
        if why:
            network.arena[state + LIST_STATE_PROOF] = why
            raise _undecided(why, most_words)
    for dead in came_from:
        network.arena[dead + LIST_STATE_PROOF] = NEVER


def _undecided(why: int, most_words: int) -> CompletionUndecided:
    stage, most = {
        OUT_OF_STATES: ("The search for a completion of a text", MAX_STATES),
        OUT_OF_MEMORY: ("The memory of a search for a completion of a text", 4 * most_words),
        OUT_OF_READINGS: ("The readings of a search for a completion of a text", MAX_READINGS),
    }[why]
    return CompletionUndecided(stage, most + 1, most, remedy=_REMEDY)
