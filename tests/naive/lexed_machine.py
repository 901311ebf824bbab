"""The slow, obvious twin of the lexer and parser kernels: lark reads the whole text again for every question.

`accepts` is lark's verdict. What may come next is found by trying: a text is *viable* if some completion of a few
characters is a member. That is a lower bound, exact where every viable text of the grammar has so short a completion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from lark import Lark
from lark.exceptions import LarkError


@dataclass(slots=True)
class LexedMachine:
    """The texts of a parser over a few letters."""

    parser: Lark
    alphabet: str
    verdicts: dict[str, bool] = field(default_factory=dict)

    def accepts(self, text: str) -> bool:
        """Does lark parse the text? Its indenter asserts that brackets match, and that a line break has a line end."""
        if text not in self.verdicts:
            try:
                self.parser.parse(text)
                self.verdicts[text] = True
            except (LarkError, AssertionError, IndexError):
                self.verdicts[text] = False
        return self.verdicts[text]

    def members(self, longest: int) -> set[str]:
        """All members up to a length."""
        texts = ("".join(letters) for n in range(longest + 1) for letters in product(self.alphabet, repeat=n))
        return {text for text in texts if self.accepts(text)}

    def is_viable(self, text: str, n_more: int) -> bool:
        """Is there a member that begins with the text and is at most so much longer?"""
        if n_more == 0 or self.accepts(text):
            return self.accepts(text)
        return any(self.is_viable(text + letter, n_more - 1) for letter in self.alphabet)
