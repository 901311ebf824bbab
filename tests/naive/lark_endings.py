"""How a text that lark has begun to parse can end: what random walks through masks need in order to stop somewhere.

lark's parser is asked for its stack of states, each a set of items A -> x . y. An ending spells the cheapest y on top
of the stack, reduces by that rule, and goes on below; no lookahead is asked, so what comes out is a proposal. Whether
it is a member, lark and the matcher say.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from lark import Lark
from lark.exceptions import LarkError
from lark.indenter import Indenter

from tests.naive.lark_itself import indenter_class
from tests.naive.lark_members import Writer, spellings_of, texts_between

CLOSERS = ("", "a", "0", '"', "'", ")", "\n", "*/", '"""', "`", "/", ";", "]", "=", " a", "=a", ".a")
"""What may end a terminal in which a text stops."""

MAX_REDUCTIONS = 1_000
ENDLESS = 1 << 20


class Endings:
    """The endings of the texts of one grammar."""

    def __init__(
        self,
        text: str,
        start: str,
        indenter: Mapping[str, Any] | None,
        rng: random.Random,
    ) -> None:
        self.rng = rng
        self.postlex: Indenter | None = _unfinished(indenter) if indenter else None
        self.parser = Lark(
            text,
            parser="lalr",
            start=start,
            maybe_placeholders=False,
            debug=True,
            postlex=self.postlex,
        )
        self.writer = Writer(spellings_of(self.parser, rng), texts_between(self.parser, rng), indenter)
        self.cost: dict[str, int] = {}
        self.shortest: dict[str, Any] = {}
        self._weigh()

    def _weigh(self) -> None:
        """The least number of terminals of each nonterminal, and the rule that has it."""
        changed = True
        while changed:
            changed = False
            for rule in self.parser.rules:
                cost = sum(map(self._cost, rule.expansion))
                if cost < self.cost.get(rule.origin.name, ENDLESS):
                    self.cost[rule.origin.name] = cost
                    self.shortest[rule.origin.name] = rule
                    changed = True

    def _cost(self, symbol: Any) -> int:
        return 1 if symbol.is_term else self.cost.get(symbol.name, ENDLESS)

    def proposals(self, text: str) -> list[str]:
        """Endings of a text: perhaps none, perhaps several of which none is right."""
        found = []
        for closer in CLOSERS:
            stack = self._stack(text + closer)
            if stack is not None:
                names = self._terminals(stack)
                if names is not None:
                    found += [closer + spelled for spelled in self._spelled(text + closer, names)]
            if len(found) >= 4:
                break
        return found

    def _stack(self, text: str) -> list[Any] | None:
        """The states of lark's parser behind the text, or None if lark refuses it so far."""
        try:
            state = self.parser.parse_interactive(text)
            state.exhaust_lexer()
        except (LarkError, AssertionError, IndexError):
            return None
        return list(state.parser_state.state_stack)

    def _terminals(self, stack: list[Any]) -> list[str] | None:
        """The names of the terminals of an ending."""
        names: list[str] = []
        table = self.parser.parser.parser._parse_table.states  # type: ignore[attr-defined]
        for _ in range(MAX_REDUCTIONS):
            items = [item for item in stack[-1] if item.index > 0] or list(stack[-1])
            item = min(items, key=self._cost_to_leave)
            rest = item.rule.expansion[item.index :]
            if item.rule.origin.name.startswith("$root"):
                rest = [symbol for symbol in rest if symbol.name != "$END"]
                return names + self._derived(rest) if rest else names
            if sum(map(self._cost, rest)) >= ENDLESS:
                return None
            names += self._derived(rest)
            del stack[len(stack) - item.index :]
            action = table[stack[-1]].get(item.rule.origin.name)
            if action is None:
                return None
            stack.append(action[1])
        return None

    def _cost_to_leave(self, item: Any) -> tuple[int, bool, int]:
        """Terminals; of equal ones, repetitions last and long rules first."""
        rule = item.rule
        repeats = rule.expansion[:1] == [rule.origin]
        return sum(map(self._cost, rule.expansion[item.index :])), repeats, -item.index

    def _derived(self, symbols: Sequence[Any]) -> list[str]:
        names = []
        todo = list(symbols)[::-1]
        while todo:
            symbol = todo.pop()
            if symbol.is_term:
                names.append(symbol.name)
            else:
                todo += self.shortest[symbol.name].expansion[::-1]
        return names

    def _spelled(self, text: str, names: list[str]) -> list[str]:
        if self.postlex is not None:
            self.writer.columns = list(self.postlex.indent_level)
        dense, blanks = (self.writer.ending(names, style, self.rng) for style in ("dense", "blanks"))
        blank = " " if self.writer.ignored else ""
        return list(dict.fromkeys((dense, blank + blanks)))


def _unfinished(names: Mapping[str, Any]) -> Indenter:
    """lark's indenter, which leaves the blocks open at the end of what there is of the text."""

    class Unfinished(indenter_class(names)):  # type: ignore[misc]
        def _process(self, stream: Any) -> Any:
            for token in stream:
                if token.type == self.NL_type:
                    yield from self.handle_NL(token)
                else:
                    yield token
                if token.type in self.OPEN_PAREN_types:
                    self.paren_level += 1
                elif token.type in self.CLOSE_PAREN_types:
                    self.paren_level -= 1
                    assert self.paren_level >= 0

    made: Indenter = Unfinished()
    return made
