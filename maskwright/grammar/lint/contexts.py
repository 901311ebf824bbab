"""Whole texts around a part: for each nonterminal a short text, and what to write before and after one to complete it.

Source: Knuth, "A generalization of Dijkstra's algorithm" (1977), for the shortest text of each nonterminal; then
Dijkstra's algorithm from the start for the shortest surroundings. Texts longer than MAX_LENGTH are given up, because
a grammar of n rules may have a shortest text of 2**n characters; then there is no example, and nothing else depends
on it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

from maskwright.grammar.lint.subject import Body, Leaf, Symbol

MAX_LENGTH = 200


def shortest_texts(
    productions: Mapping[str, tuple[Body, ...]], texts_of: Callable[[Leaf], tuple[str, ...]]
) -> dict[Symbol, str]:
    """A shortest text of each symbol out of those that the leaves offer."""
    users: dict[str, list[tuple[str, Body]]] = {}
    known: dict[Symbol, str] = {}
    todo: list[tuple[int, str, str]] = []
    missing: dict[tuple[str, Body], int] = {}

    def finished(head: str, body: Body) -> None:
        text = "".join(known[symbol] for symbol in body)
        if len(text) <= MAX_LENGTH:
            heapq.heappush(todo, (len(text), text, head))

    for head, bodies in productions.items():
        for body in dict.fromkeys(bodies):
            for symbol in body:
                if not isinstance(symbol, str) and symbol not in known and (texts := texts_of(symbol)):
                    known[symbol] = texts[0]
            if any(not isinstance(symbol, str) and symbol not in known for symbol in body):
                continue
            names = {symbol for symbol in body if isinstance(symbol, str)}
            missing[head, body] = len(names)
            for name in names:
                users.setdefault(name, []).append((head, body))
            if not names:
                finished(head, body)
    while todo:
        _, text, name = heapq.heappop(todo)
        if name in known:
            continue
        known[name] = text
        for head, body in users.get(name, ()):
            missing[head, body] -= 1
            if missing[head, body] == 0 and head not in known:
                finished(head, body)
    return known


def surroundings(
    productions: Mapping[str, tuple[Body, ...]], start: str, texts: Mapping[Symbol, str]
) -> dict[str, tuple[str, str]]:
    """For each nonterminal in use, what stands before and after it in a whole text: shortest together."""
    known: dict[str, tuple[str, str]] = {}
    todo: list[tuple[int, str, str, str]] = [(0, "", "", start)]
    while todo:
        _, before, after, name = heapq.heappop(todo)
        if name in known:
            continue
        known[name] = (before, after)
        for body in productions[name]:
            if any(symbol not in texts for symbol in body):
                continue
            spelled = [texts[symbol] for symbol in body]
            if sum(map(len, spelled)) > MAX_LENGTH:
                continue
            for place, symbol in enumerate(body):
                if isinstance(symbol, str) and symbol not in known:
                    left = before + "".join(spelled[:place])
                    right = "".join(spelled[place + 1 :]) + after
                    if len(left) + len(right) <= MAX_LENGTH:
                        heapq.heappush(todo, (len(left) + len(right), left, right, symbol))
    return known
