"""Can a text be completed from the state of a list?  Found out where it is not plain, by a search.

Nearly always it is plain (`_lexing.next_list`): a parser's stack can be completed terminal by terminal, and every
terminal can be read behind every other one, if need be with a blank between. This is for what is left: terminals that
run into each other with nothing to separate them, matches that fall back, conflicts in which the plan of a state leads
nowhere. The search goes breadth first over the states of lists, byte by byte, one byte for all that are read alike.
A state from which it finds neither a complete text nor a state of which it is plain, has none: it is exact. Where it
grows beyond MAX_STATES, or writes more than MAX_WORDS (where conflicts double the stacks with every byte), the question
stays open: CompletionUndecided, rather than a guess. The state remembers that, and is not searched again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwright.automata._layout import DEAD, FREE
from maskwright.automata._lexed_layout import FINISHES, LIST_STATE_PROOF, NEVER, OUT_OF_MEMORY, OUT_OF_STATES
from maskwright.automata._lexing import can_read, next_list, span_of_list
from maskwright.errors import CompletionUndecided

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

MAX_STATES = 6_000
"""States of lists that one search may come to: a second and a half at most where plans are short, 7.5 s where conflicts
double the stacks, as the steps along a plan are not counted."""
MAX_WORDS = 6 << 20
"""Words of the arena that one search may write: half a second. It is never more than a quarter of the arena."""
_REMEDY = "let an ignored terminal separate the others, or read the grammar with lexer='dynamic_complete'"


def prove(network: TransitionNetwork, state: int) -> None:
    """Write into a list's state whether a text can be completed from it; raises CompletionUndecided."""
    most_words = min(MAX_WORDS, network.max_bytes // 16)
    known = int(network.arena[state + LIST_STATE_PROOF])
    if known in (OUT_OF_STATES, OUT_OF_MEMORY):
        raise _undecided(known, most_words)
    begin = int(network.arena[FREE])
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
        n_words = int(network.arena[FREE]) - begin
        if len(came_from) > MAX_STATES or n_words > most_words:
            why = OUT_OF_MEMORY if n_words > most_words else OUT_OF_STATES
            network.arena[state + LIST_STATE_PROOF] = why
            raise _undecided(why, most_words)
    for dead in came_from:
        network.arena[dead + LIST_STATE_PROOF] = NEVER


def _undecided(why: int, most_words: int) -> CompletionUndecided:
    if why == OUT_OF_STATES:
        return CompletionUndecided("The search for a completion of a text", MAX_STATES + 1, MAX_STATES, remedy=_REMEDY)
    stage = "The memory of a search for a completion of a text"
    return CompletionUndecided(stage, 4 * most_words + 1, 4 * most_words, remedy=_REMEDY)
