"""Can a text be completed from a stack of a parser whose table prefers shifts?  Asked where that is not plain.

In a table without such preferences every stack that is reached can be completed. With them it is usually so, and the
kernel `_parsing.finishing` finds a short way; this is the search for the other cases, breadth first over
stacks. A stack from which nothing new is reached and
no end is proved to have none; where the search grows beyond MAX_STACKS the question stays open and the grammar is
refused, for a guess might end in a text that cannot be completed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwright.automata._layout import DEAD
from maskwright.automata._lexed_layout import (
    FINISHES,
    NEVER_FINISHES,
    PROGRAM_N_TERMINALS,
    STACK_PROGRAM,
    TUPLE_MEMO,
)
from maskwright.automata._parsing import read_terminal
from maskwright.errors import LimitExceeded
from maskwright.grammar.lexed_language import END_OF_TEXT

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

MAX_STACKS = 20_000


def prove_finishing(network: TransitionNetwork, stack: int) -> None:
    """Write into the memo of a stack whether the text can be completed from it; raises LimitExceeded."""
    program = int(network.arena[stack + STACK_PROGRAM])
    n_terminals = int(network.arena[program + PROGRAM_N_TERMINALS])
    came_from = {stack: 0}
    todo = [stack]
    for here in todo:  # grows while it is read
        known = int(network.arena[here + TUPLE_MEMO])
        if known == FINISHES or network.run(read_terminal, program, here, END_OF_TEXT) > 0:
            while here:
                network.arena[here + TUPLE_MEMO] = FINISHES
                here = came_from[here]
            return
        if known == NEVER_FINISHES:
            continue
        for symbol in range(1, n_terminals):
            after = network.run(read_terminal, program, here, symbol)
            if after != DEAD and after not in came_from:
                came_from[after] = here
                todo.append(after)
        if len(came_from) > MAX_STACKS:
            raise LimitExceeded(
                "The search for a completion where the parser prefers shifts",
                len(came_from),
                MAX_STACKS,
                remedy="remove the conflicts that maskwright lint reports, or read the grammar character by character",
            )
    for dead in came_from:
        network.arena[dead + TUPLE_MEMO] = NEVER_FINISHES
