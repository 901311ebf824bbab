"""Rules that call themselves at both ends become loops, so that reading them needs no stack.

Take a rule whose alternatives, beside the rest, begin or end with the rule itself:

    A = X A | A Y | A M A | rest

Its language is  C (M C)*  with  C = X* rest Y*: that is closed under all four forms, and whatever is closed under them
contains it. This holds too where X, Y, M and the rest call A within, as both sides are least solutions. `S = S S | "a"`
becomes `"a"+`, `E = E "+" E | T` becomes `T ("+" T)*`. Rules of k copies of themselves alone (`S = S S S`) add k - 1
further parts to a loop: C (C^(k-1))*.

Why: such a rule reads a text of n tokens in as many ways as there are binary trees. The machine keeps them apart by how
deep they are, n stacks for one token. The loop has one. The cost is linear in the rule.
Rejected: merging stacks that accept the same at run time, which is undecidable in general and slow in the easy cases.
"""

from __future__ import annotations

from itertools import product

from maskwright.automata.nullable import nonempty_part
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Call,
    Choice,
    Grammar,
    Network,
    Node,
    Sequence,
    choice,
    repeat,
    sequence,
)

MAX_OPTIONAL_CALLS = 6  # in one alternative: each doubles the alternatives to look at


def unroll_both_ends(grammar: Grammar) -> Grammar:
    """The same language, with a loop in place of every rule that calls itself at both its ends."""
    rules = {name: _unrolled(name, body) for name, body in grammar.rules.items()}
    return Grammar(grammar.start, rules, report=grammar.report)


def _unrolled(name: str, body: Node) -> Node:
    """The body as a loop, or as it was where no alternative begins with the rule or none ends with it."""
    itself = Call(name)
    before: list[Node] = []
    after: list[Node] = []
    between: list[Node] = []
    rest: list[Node] = []
    copies: set[int] = set()
    for parts in _alternatives(body, itself):
        begins, ends = parts[:1] == (itself,), parts[-1:] == (itself,)
        if parts == (itself,):
            continue  # A = A says nothing
        if parts and all(part == itself for part in parts):
            copies.add(len(parts))
        elif begins and ends:
            between.append(sequence(*parts[1:-1]))
        elif begins:
            after.append(nonempty_part(sequence(*parts[1:]))[0])
        elif ends:
            before.append(nonempty_part(sequence(*parts[:-1]))[0])
        else:
            rest.append(sequence(*parts))
    if not (between or copies or (before and after)):
        return body
    if 2 in copies:
        between.append(EPSILON)
    elif between:
        between += [repeat(itself, k - 2, k - 2) for k in copies]
    core = Network(
        4,
        tuple(
            (source, label, target)
            for source, label, target in (
                (0, EPSILON, 1),
                (1, choice(*before), 1),
                (1, choice(*rest), 2),
                (2, choice(*after), 2),
                (2, choice(*between), 1),
                (2, EPSILON, 3),
            )
            if label != NOTHING
        ),
    )
    if between:
        return core
    return sequence(core, repeat(choice(*(repeat(core, k - 1, k - 1) for k in copies)), 0, None)) if copies else core


def _alternatives(body: Node, itself: Call) -> list[tuple[Node, ...]]:
    """The alternatives as sequences, those with optional calls of the rule itself once with and once without."""
    found: list[tuple[Node, ...]] = []
    for alternative in body.parts if isinstance(body, Choice) else (body,):
        parts = alternative.parts if isinstance(alternative, Sequence) else (alternative,)
        choices = [((itself,), ()) if _is_optional_call(part, itself) else ((part,),) for part in parts]
        if sum(len(ways) > 1 for ways in choices) > MAX_OPTIONAL_CALLS:
            choices = [((part,),) for part in parts]
        found += [tuple(part for piece in way for part in piece) for way in product(*choices)]
    return list(dict.fromkeys(found))


def _is_optional_call(node: Node, itself: Call) -> bool:
    """Is it the call or nothing, in either spelling?"""
    return node in (choice(itself, EPSILON), choice(EPSILON, itself), repeat(itself, 0, 1))
