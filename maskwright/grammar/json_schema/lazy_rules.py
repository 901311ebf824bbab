"""Rules of a grammar that are computed when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from maskwright.grammar.ir import Node


class LazyRules(Mapping[str, Node]):
    """Rules of a grammar, computed on first access; iterating yields the names met so far.

    Not safe for threads: the engine that reads it holds a lock.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Callable[[], Node]] = {}
        self._rules: dict[str, Node] = {}
        self._names: dict[str, None] = {}
        self._repeats: dict[str, int] = {}

    def define(self, name: str, compute: Callable[[], Node]) -> str:
        """Add a rule under `name`, or under a name made from it when that one is taken; returns the name."""
        unique = name
        while unique in self._names:
            self._repeats[name] = n = self._repeats.get(name, 1) + 1
            unique = f"{name} ({n})"
        self._names[unique] = None
        self._pending[unique] = compute
        return unique

    def __getitem__(self, name: str) -> Node:
        rule = self._rules.get(name)
        if rule is None:
            rule = self._rules[name] = self._pending[name]()
            del self._pending[name]
        return rule

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names
