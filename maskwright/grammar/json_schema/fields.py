"""Where the budgets of `field_budgets` stand: the subschemas that the pointers lead to, by identity.

A dictionary made in Python may be one object in two places, of which only one has the budget. So whatever lies on
the way to a subschema with a budget is copied, and the reader reads the copies; the caller's schema stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskwright.errors import InvalidOption
from maskwright.grammar.json_schema.budgets import field_name
from maskwright.grammar.json_schema.shapes import Budgets


def with_fields(root: Any, field_budgets: Mapping[str, int]) -> tuple[Any, dict[int, Budgets]]:
    """The document, and the budget of each subschema that has one, by its `id` in this document.

    `true` becomes `{}`, which means the same. Raises InvalidOption for a pointer that leads to no subschema.
    """
    top = {"": root}
    ours: set[int] = set()
    budgets: dict[int, Budgets] = {}
    for pointer, most in field_budgets.items():
        around: Any = top
        step: Any = ""
        for name in pointer.split("/")[1:]:
            around = _own(around, step, ours, pointer)
            step = _step(around, name, pointer)
        if around[step] is True:
            around[step] = {}
        place = _own(around, step, ours, pointer)
        if not isinstance(place, dict):
            raise _nowhere(pointer)
        budgets[id(place)] = frozenset(((most, field_name(pointer)),))
    return top[""], budgets


def _own(around: Any, step: str | int, ours: set[int], pointer: str) -> Any:
    """The part of a container that belongs to the new document alone, copied unless it was."""
    part = around[step]
    if id(part) in ours:
        return part
    if not isinstance(part, Mapping | list | tuple):
        raise _nowhere(pointer)
    around[step] = copy = dict(part) if isinstance(part, Mapping) else list(part)
    ours.add(id(copy))
    return copy


def _step(container: Any, name: str, pointer: str) -> str | int:
    """The key or index that one step of a pointer (RFC 6901) means in a container."""
    if isinstance(container, dict):
        name = name.replace("~1", "/").replace("~0", "~")
        if name in container:
            return name
    elif name.isascii() and name.isdigit() and len(name) <= len(str(len(container))) and int(name) < len(container):
        return int(name)
    raise _nowhere(pointer)


def _nowhere(pointer: str) -> InvalidOption:
    return InvalidOption("Each pointer of field_budgets", pointer, "one that leads to a subschema of the document")
