"""Grammars for which lark's parser would reduce for ever without reading, because it prefers the wrong reduction.

Without conflicts no parser does. With them a sequence of reductions can be endless only if the grammar has a cycle

    A -> a B c    with a nullable, from A to B

in which every a and c is nullable, so that a nonterminal derives itself and one place of the stack goes round, or some
a is not empty, so that ever more empty phrases are pushed ("hidden left recursion"). Most grammars have none, and that
is quickly seen. For the others all beginnings are tried: such a sequence has a place behind which it never again goes
below a certain height, and from there only the state at that height and the one above it matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maskwright.grammar.lark.lalr import Production, nullable_symbols
from maskwright.grammar.lark.relations import united
from maskwright.grammar.lexed_language import END_OF_TEXT

MAX_REDUCTIONS = 10_000
"""On one terminal; what needs more never ends."""

Actions = Mapping[int, int]
"""A row of the table: by symbol 2 * state to go to, or 2 * rule + 1 to reduce by."""


def endless_reduction(
    table: Sequence[Actions], end_state: int, rules: Sequence[Production], n_terminals: int, order: Sequence[int]
) -> tuple[int, int] | None:
    """A rule that begins such a sequence and the terminal before which it does, or None.

    Of several the first one, states by number and symbols by `order`. At the end of the text a parser stops in the end
    state, whatever more it could reduce there.
    """
    if not _may_be_endless(rules, n_terminals):
        return None
    productive = _productive(rules, n_terminals)
    rows = [sorted(row.items(), key=lambda entry: order[entry[0]]) for row in table]
    known: dict[tuple[int, int, int], bool] = {}
    for below, row in enumerate(rows):
        followers = [action >> 1 for symbol, action in row if not action & 1 and symbol in productive]
        for above in dict.fromkeys(followers):
            for lookahead, action in rows[above]:
                if action & 1 and len(rules[action >> 1][1]) <= 1:
                    if (below, above, lookahead) not in known:
                        _follow(table, end_state, rules, (below, above, lookahead), known)
                    if known[below, above, lookahead]:
                        return action >> 1, lookahead
    return None


def _may_be_endless(rules: Sequence[Production], n_terminals: int) -> bool:
    """Is there a cycle as above?  The empty phrases of hidden left recursion are symbols that are nullable."""
    nullable = nullable_symbols(rules)
    number_of = {left: number for number, left in enumerate(dict.fromkeys(left for left, _ in rules))}
    corners: list[list[int]] = [[] for _ in number_of]
    alone: list[list[int]] = [[] for _ in number_of]
    hidden = []
    for left, right in rules:
        for place, symbol in enumerate(right):
            if symbol >= n_terminals:
                corners[number_of[left]].append(number_of[symbol])
                if place:
                    hidden.append((number_of[left], number_of[symbol]))
                if nullable.issuperset(right[place + 1 :]):
                    alone[number_of[left]].append(number_of[symbol])
            if symbol not in nullable:
                break
    bits = [1 << number for number in range(len(number_of))]
    reached = united(corners, bits)
    if any(reached[inner] >> outer & 1 for outer, inner in hidden):
        return True
    reached = united(alone, bits)
    return any(reached[inner] >> outer & 1 for outer, inners in enumerate(alone) for inner in inners)


def _productive(rules: Sequence[Production], n_terminals: int) -> set[int]:
    """The terminals, and the nonterminals that derive texts; states behind others are never reached."""
    productive = set(range(n_terminals))
    size = -1
    while size != len(productive):
        size = len(productive)
        productive |= {left for left, right in rules if productive.issuperset(right)}
    return productive


def _follow(
    table: Sequence[Actions],
    end_state: int,
    rules: Sequence[Production],
    begin: tuple[int, int, int],
    known: dict[tuple[int, int, int], bool],
) -> None:
    """Does the parser go on reducing, without ever taking away the state at the bottom of a stack of two?

    All stacks of two that it comes by have the same answer.
    """
    below, above, lookahead = begin
    stack = [below, above]
    met = [begin]
    is_endless = True
    for _ in range(MAX_REDUCTIONS):
        action = table[stack[-1]].get(lookahead, 0)
        left, right = rules[action >> 1] if action & 1 else (0, ())
        has_ended = lookahead == END_OF_TEXT and stack[-1] == end_state
        if has_ended or not action & 1 or len(right) >= len(stack):
            is_endless = False
            break
        del stack[len(stack) - len(right) :]
        following = table[stack[-1]].get(left)
        if following is None:  # from another left context; the parser does not come here
            is_endless = False
            break
        stack.append(following >> 1)
        if len(stack) == 2:
            here = (below, stack[1], lookahead)
            if here in known:
                is_endless = known[here]
                break
            met.append(here)
    known.update(dict.fromkeys(met, is_endless))
