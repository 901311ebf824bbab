"""Right parts put together item by item: open groups, alternatives, repetition, and how deep they may nest.

Idea. A stack of open groups instead of recursion, so no input can exhaust Python's stack. Readers say what they met
(`add`, `end_alternative`, `open_group`, ...); the trees come out in normal form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from maskwright.errors import LimitExceeded
from maskwright.grammar.notation.source import Source
from maskwright.grammar.notation.written import Difference, Expression, Repetition, choice, sequence

MAX_NESTING = 500
"""Groups and repetitions inside each other: far above what people write, and passes stay linear in practice."""

MAX_REPETITIONS = 1_000_000
"""The largest count in braces; counting is cheap, but a text that long is a mistake."""

COUNTS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
"""What the signs behind an item mean in all notations."""

_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Item:
    """An expression, and how many groups and repetitions are inside each other in it, as written."""

    expression: Expression
    nesting: int = 0


@dataclass(slots=True)
class Group:
    """An open group, or the rule itself: finished alternatives and the items of the current one."""

    opened_at: int
    alternatives: list[Item] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Assembly:
    """The right part of a rule under construction."""

    rule: str
    begin: int
    groups: list[Group]

    @staticmethod
    def of(rule: str, begin: int) -> Assembly:
        """Nothing yet of the right part of a rule."""
        return Assembly(rule, begin, [Group(begin)])

    @property
    def group(self) -> Group:
        """The innermost open group."""
        return self.groups[-1]

    @property
    def is_inside(self) -> bool:
        """Is any group open?"""
        return len(self.groups) > 1

    def add(self, expression: Expression) -> None:
        """An item behind those of the current alternative."""
        self.group.items.append(Item(expression))

    def repeat(self, minimum: int, maximum: int | None) -> None:
        """The last item, repeated."""
        body = self.group.items.pop()
        self._append(Item(Repetition(body.expression, minimum, maximum), body.nesting + 1))

    def subtract(self) -> None:
        """The last two items as a difference."""
        right, left = self.group.items.pop(), self.group.items.pop()
        nesting = max(left.nesting, right.nesting) + 1
        self._append(Item(Difference(left.expression, right.expression), nesting))

    def end_alternative(self) -> None:
        """What comes next is another alternative of the group."""
        group = self.group
        whole = sequence(item.expression for item in group.items)
        group.alternatives.append(Item(whole, _nesting(group.items)))
        group.items = []

    def open_group(self, position: int) -> None:
        """A parenthesis opens."""
        if len(self.groups) > MAX_NESTING:
            raise self._too_deep()
        self.groups.append(Group(position))

    def close_group(self) -> None:
        """The innermost group closes and is an item of the one around it."""
        self.end_alternative()
        alternatives = self.groups.pop().alternatives
        self._append(Item(choice(item.expression for item in alternatives), _nesting(alternatives) + 1))

    def end(self) -> Expression:
        """The whole right part, of which no group is open."""
        self.end_alternative()
        return choice(item.expression for item in self.group.alternatives)

    def _append(self, item: Item) -> None:
        if item.nesting > MAX_NESTING:
            raise self._too_deep()
        self.group.items.append(item)

    def _too_deep(self) -> LimitExceeded:
        where, remedy = f"rule {self.rule}", "use rules of their own"
        return LimitExceeded("the nesting of groups and repetitions", MAX_NESTING + 1, MAX_NESTING, where, remedy)


def _nesting(items: list[Item]) -> int:
    return max((item.nesting for item in items), default=0)


def counts_at(source: Source, position: int, skipped: Callable[[int], int]) -> tuple[int, int | None, int]:
    """A sign or `{m,n}` at a position: least and greatest count, and the position behind it.

    `skipped` goes past what has no meaning between the parts of `{m,n}`.
    """
    text, begin = source.text, position
    if text[position] in COUNTS:
        return *COUNTS[text[position]], position + 1
    minimum, position = _count(source, skipped(position + 1))
    position = skipped(position)
    maximum: int | None = minimum
    if text.startswith(",", position):
        position = skipped(position + 1)
        maximum = None
        if text[position : position + 1] in _DIGITS:
            maximum, position = _count(source, position)
            position = skipped(position)
    if not text.startswith("}", position):
        raise source.fault(f"expected '}}' to end the counts, not {source.shown(position)}", position)
    if maximum is not None and maximum < minimum:
        raise source.fault(f"the greatest count {maximum} is below the least count {minimum}", begin)
    return minimum, maximum, position + 1


def _count(source: Source, position: int) -> tuple[int, int]:
    text, end = source.text, position
    while text[end : end + 1] in _DIGITS:
        end += 1
    if end == position:
        raise source.fault(f"expected a count such as {{2}} or {{2,5}}, not {source.shown(position)}", position)
    digits = text[position:end].lstrip("0") or "0"
    if len(digits) > 9 or int(digits) > MAX_REPETITIONS:
        remedy = "write '*' or a smaller count"
        raise LimitExceeded("a count of repetitions", int(digits[:4000]), MAX_REPETITIONS, remedy=remedy)
    return int(digits), end
