"""The strongly connected components of a graph, each after those that it leads to; without recursion.

Source: Tarjan, "Depth-first search and linear graph algorithms" (1972). Cost: linear in the edges.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def components(successors: Mapping[Name, Iterable[Name]]) -> list[list[Name]]:
    """`{"a": ["b"], "b": ["a", "c"], "c": []}` -> `[["c"], ["b", "a"]]`."""
    number: dict[Name, int] = {}
    low: dict[Name, int] = {}
    is_open: set[Name] = set()
    path: list[Name] = []
    result: list[list[Name]] = []
    for root in successors:
        if root in number:
            continue
        number[root] = low[root] = len(number)
        path.append(root)
        is_open.add(root)
        todo = [(root, iter(successors[root]))]
        while todo:
            name, following = todo[-1]
            for other in following:
                if other not in number:
                    number[other] = low[other] = len(number)
                    path.append(other)
                    is_open.add(other)
                    todo.append((other, iter(successors.get(other, ()))))
                    break
                if other in is_open:
                    low[name] = min(low[name], number[other])
            else:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[name])
                if low[name] == number[name]:
                    component = [path.pop()]
                    while component[-1] != name:
                        component.append(path.pop())
                    is_open.difference_update(component)
                    result.append(component)
    return result


def shortest_cycle(begin: str, successors: Mapping[str, Iterable[str]]) -> list[str] | None:
    """A shortest way from a node back to itself, both ends listed; None if there is none."""
    came: dict[str, str] = {}
    todo = [begin]
    for name in todo:
        for other in successors.get(name, ()):
            if other == begin:
                way = [begin, name]
                while way[-1] != begin:
                    way.append(came[way[-1]])
                return way[::-1]
            if other not in came:
                came[other] = name
                todo.append(other)
    return None
