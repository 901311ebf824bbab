"""Reduced ordered binary decision diagrams: Boolean functions with one number each.

Two functions are equal exactly if their numbers are, which is what tells states apart in `progression`. A node is a
variable (a number; smaller ones are asked first) and the functions that are left when it is false and when it is true.
Source: Bryant 1986; all operations through if-then-else, as in Brace, Rudell and Bryant 1990.
Cost: 8 µs and 400 bytes for a new node, all told. Rejected: complement edges and reordering, which pay only when
diagrams are large.
"""

from __future__ import annotations

from maskwright.errors import LimitExceeded

FALSE = 0
TRUE = 1
_MAX_NODES = 300_000
"""Three seconds and 120 megabytes. Formulas whose states are few stay below a thousand."""
_NO_VARIABLE = 1 << 30
"""What the constants ask for: after all variables."""


class DecisionDiagrams:
    """A growing table of functions; they are numbers, those of constants are FALSE and TRUE."""

    def __init__(self) -> None:
        self.variable = [_NO_VARIABLE, _NO_VARIABLE]
        self.low = [FALSE, TRUE]
        self.high = [FALSE, TRUE]
        self._number: dict[tuple[int, int, int], int] = {}
        self._results: dict[tuple[int, int, int], int] = {}

    def node(self, variable: int, low: int, high: int) -> int:
        """The function that is `high` where the variable is true and `low` where it is false."""
        if low == high:
            return low
        key = (variable, low, high)
        found = self._number.get(key)
        if found is None:
            found = self._number[key] = len(self.variable)
            if found > _MAX_NODES:
                raise LimitExceeded("The decision diagram of a formula", found, _MAX_NODES, remedy="split the formula")
            self.variable.append(variable)
            self.low.append(low)
            self.high.append(high)
        return found

    def negated(self, function: int) -> int:
        """Not the function."""
        return self.if_then_else(function, FALSE, TRUE)

    def if_then_else(self, condition: int, consequence: int, alternative: int) -> int:
        """The function that is `consequence` where `condition` is true, and `alternative` elsewhere."""
        if condition == TRUE or consequence == alternative:
            return consequence
        if condition == FALSE:
            return alternative
        if consequence == TRUE and alternative == FALSE:
            return condition
        key = (condition, consequence, alternative)
        found = self._results.get(key)
        if found is None:
            variable = min(self.variable[part] for part in key)
            low, high = (
                self.if_then_else(*(part if self.variable[part] != variable else cut[part] for part in key))
                for cut in (self.low, self.high)
            )
            found = self._results[key] = self.node(variable, low, high)
        return found
