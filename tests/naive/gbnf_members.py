"""Random members of a GBNF grammar that end: below some depth the way that needs the least further depth is taken.

`tree_texts.derived` takes the shortest-looking way instead, and runs in circles where rules are names for one another.
Heights are a fixpoint over the rules; cost: rules squared once, then linear in the text.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.naive.gbnf_recogniser import Tree
from tests.naive.tree_texts import members_of

FAR = 10**6


class Members:
    """Random texts of the rules of a grammar, as `gbnf_recogniser.read` gives them."""

    def __init__(self, rules: Mapping[str, Tree], free_depth: int = 25) -> None:
        self.rules = rules
        self.free_depth = free_depth
        self.heights = dict.fromkeys(rules, FAR)
        while True:
            heights = {name: 1 + self.height(body) for name, body in rules.items()}
            if heights == self.heights:
                break
            self.heights = heights

    def height(self, tree: Tree) -> int:
        """How many rules lie below each other at least."""
        match tree:
            case ("rule", str(name)):
                return self.heights[name]
            case ("sequence", *items):
                return max(map(self.height, items), default=0)
            case ("choice", *choices):
                return min(map(self.height, choices))
            case ("repeat", body, int(least), _):
                return self.height(body) if least else 0
        return 0

    def text(self, start: str, chance: random.Random) -> str:
        """One member of a rule."""
        return self._derived(("rule", start), chance, 0)

    def _derived(self, tree: Tree, chance: random.Random, depth: int) -> str:
        match tree:
            case ("text", str(words)):
                return words
            case ("class", pattern):
                return chance.choice(members_of(pattern))
            case ("rule", str(name)):
                return self._derived(self.rules[name], chance, depth + 1)
            case ("sequence", *items):
                return "".join(self._derived(item, chance, depth) for item in items)
            case ("choice", *choices):
                is_free = depth < self.free_depth
                return self._derived(
                    chance.choice(choices) if is_free else min(choices, key=self.height), chance, depth
                )
            case ("repeat", body, int(least), most):
                more = chance.choice((0, 0, 0, 1, 1, 2)) if depth < self.free_depth else 0
                count = least + (more if most is None else min(more, most - least))
                return "".join(self._derived(body, chance, depth) for _ in range(count))
        raise AssertionError(tree)
