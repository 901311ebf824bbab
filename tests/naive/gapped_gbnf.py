"""Can the gaps of a canvas be filled so that a GBNF grammar accepts the whole? And how many derivations has a text?

A canvas here is a list of fixed texts and gaps [lo, hi], counted in characters; hi None is any length. Its places are
the states of a small automaton over characters (a gap of any length is a loop), and `completable` is the fixpoint of
`gbnf_recogniser.ends_of` with these states for positions: which states a rule can reach from which. That is the product
of a grammar with an automaton, so the answer is exact, cyclic or not. Cost: rules times states squared, slow and plain.

`n_derivations` counts the ways a text comes about (of choices and repetitions), for grammars without left recursion in
which nothing that is repeated may be empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tests.naive.gbnf_recogniser import Tree, read

Slot = str | Sequence[int | None]
Edges = list[list[tuple[str | None, int]]]
"""Of each state the pairs (character, next state); the character None stands for all of them."""


@lru_cache(maxsize=20)
def rules_of(source: str) -> dict[str, Tree]:
    return read(source)


def edges_of(canvas: Sequence[Slot]) -> tuple[Edges, set[int]]:
    """The automaton of a canvas, without empty moves, and its final states; state 0 is the start."""
    moves: Edges = [[]]
    skips: dict[int, int] = {}
    for slot in canvas:
        if isinstance(slot, str):
            for character in slot:
                moves[-1].append((character, len(moves)))
                moves.append([])
            continue
        low, high = slot
        assert low is not None
        for _ in range(low):
            moves[-1].append((None, len(moves)))
            moves.append([])
        if high is None:
            moves[-1].append((None, len(moves) - 1))
        for _ in range(0 if high is None else high - low):
            moves[-1].append((None, len(moves)))
            skips[len(moves) - 1] = len(moves)
            moves.append([])
    final = {len(moves) - 1}
    for state in sorted(skips, reverse=True):
        moves[state] += moves[skips[state]]
        if skips[state] in final:
            final.add(state)
    return moves, final


def completable(source: str, canvas: Sequence[Slot], start: str = "root") -> bool:
    """`completable('root ::= "ab"*', ["a", [0, 1], "b"])` -> True, `[1, 1]` in its middle -> False."""
    rules = rules_of(source)
    edges, final = edges_of(canvas)
    key = (start, 0)
    ends: dict[tuple[str, int], set[int]] = {key: set()}
    users: dict[tuple[str, int], set[tuple[str, int]]] = {key: set()}
    todo = {key: None}

    def step(tree: Tree, begin: int, user: tuple[str, int]) -> set[int]:
        match tree:
            case ("text", str(words)):
                reached = {begin}
                for wanted in words:
                    reached = {to for state in reached for one, to in edges[state] if one in (None, wanted)}
                return reached
            case ("class", pattern):
                return {to for one, to in edges[begin] if one is None or pattern.match(one)}
            case ("rule", str(name)):
                if (name, begin) not in ends:
                    ends[name, begin], users[name, begin] = set(), set()
                    todo[name, begin] = None
                users[name, begin].add(user)
                return ends[name, begin]
            case ("sequence", *items):
                reached = {begin}
                for item in items:
                    reached = {end for state in reached for end in step(item, state, user)}
                return reached
            case ("choice", *choices):
                return {end for choice in choices for end in step(choice, begin, user)}
            case ("repeat", body, int(least), most):
                reached = {begin}
                for _ in range(least):
                    reached = {end for state in reached for end in step(body, state, user)}
                result, new = set(reached), reached
                for _ in range(len(edges) if most is None else most - least):
                    new = {end for state in new for end in step(body, state, user)} - result
                    result |= new
                return result
        raise AssertionError(tree)

    while todo:
        name, begin = one = todo.popitem()[0]
        found = step(rules[name], begin, one)
        if found != ends[one]:
            ends[one] = found
            todo.update(dict.fromkeys(users[one]))
    return bool(ends[key] & final)


def n_derivations(source: str, text: str, start: str = "root") -> int:
    """`n_derivations('root ::= "a" | "a"', "a")` -> 2."""
    rules = rules_of(source)
    known: dict[tuple[str, int], dict[int, int]] = {}

    def ways(tree: Tree, begin: int) -> dict[int, int]:
        """How often the tree ends where, if it begins here."""
        match tree:
            case ("text", str(words)):
                return {begin + len(words): 1} if text.startswith(words, begin) else {}
            case ("class", pattern):
                return {begin + 1: 1} if pattern.match(text, begin) else {}
            case ("rule", str(name)):
                if (name, begin) not in known:
                    known[name, begin] = ways(rules[name], begin)
                return known[name, begin]
            case ("sequence", *items):
                reached = {begin: 1}
                for item in items:
                    reached = after(reached, item)
                return reached
            case ("choice", *choices):
                result: dict[int, int] = {}
                for choice in choices:
                    add(result, ways(choice, begin))
                return result
            case ("repeat", body, int(least), most):
                reached, result, count = {begin: 1}, {}, 0
                while reached and (most is None or count <= most):
                    if count >= least:
                        add(result, reached)
                    reached = after(reached, body)
                    count += 1
                return result
        raise AssertionError(tree)

    def after(reached: dict[int, int], tree: Tree) -> dict[int, int]:
        further: dict[int, int] = {}
        for middle, n in reached.items():
            add(further, {end: n * more for end, more in ways(tree, middle).items()})
        return further

    def add(to: dict[int, int], some: dict[int, int]) -> None:
        for end, n in some.items():
            to[end] = to.get(end, 0) + n

    return ways(("rule", start), 0).get(len(text), 0)
