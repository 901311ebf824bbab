"""The slow, obvious twin of the kernels for an LR parser's stacks: a list of states, walked anew for every question."""

from __future__ import annotations

from itertools import pairwise

from maskwright.grammar.lexed_language import END_OF_TEXT, LexedLanguage


class StackReader:
    """The parser of a lexed language; a stack is a tuple of states, the top last."""

    def __init__(self, language: LexedLanguage) -> None:
        self.language = language
        starts = language.table_start.tolist()
        rows = language.table.tolist()
        self.actions = [dict(rows[begin:end]) for begin, end in pairwise(starts)]
        self.rules = language.rules.tolist()

    def after(self, stack: tuple[int, ...], symbol: int) -> tuple[int, ...] | bool:
        """The stack after a terminal, or False; for END_OF_TEXT whether the text is complete."""
        states = list(stack)
        while (action := self.actions[states[-1]].get(symbol)) is not None:
            if action & 1 == 0:
                return (*states, action >> 1) if self.leads_on(action >> 1) else False
            if not self.reduce(states, action >> 1):
                return False
            if symbol == END_OF_TEXT and states[-1] == self.language.end_state:
                return True
        return False

    def planned(self, stack: tuple[int, ...]) -> int:
        """The terminal that the plan of the states reads first, or END_OF_TEXT."""
        states = list(stack)
        while states[-1] != self.language.end_state:
            symbol, rule = self.language.way_out[states[-1]].tolist()
            if symbol == 0:
                self.reduce(states, rule)
                continue
            if terminal := int(self.language.first_terminals[symbol]):
                return terminal
            states.append(self.actions[states[-1]][symbol] >> 1)
        return END_OF_TEXT

    def reduce(self, states: list[int], rule: int) -> bool:
        """Reduce by a rule in place; does the state that it leads to lead on?"""
        n, left = self.rules[rule]
        del states[len(states) - n :]
        states.append(self.actions[states[-1]][left] >> 1)
        return self.leads_on(states[-1])

    def leads_on(self, state: int) -> bool:
        """Is anything that is begun in the state derived by a text?"""
        return bool(self.language.way_out[state, 0] >= 0)
