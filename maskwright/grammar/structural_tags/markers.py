"""The fixed texts of a tag (`<tool_call>`, `</think>`, ...), which special tokens of a vocabulary may spell.

    Markers(("<|call|>",)).text("<|call|>x")          the eight bytes of `<|call|>`, or that token; then `x`

A special token never matches text here, for a string of JSON must not hold `<|im_end|>` unnoticed. But a tag that is
written as text means the token where there is one: a model has learnt to write `<|tool_call_begin|>` as one token and
not as seven, and would be driven off what it knows if only the text were allowed. So wherever the name of such a token
occurs in a fixed text, the token may stand in its place: the language is the union of all ways to spell the text, and
nothing else changes. Free text and values stay texts. A parser that reads the text of the output sees no difference.

Rejected: special tokens as text everywhere, as XGrammar has it, which lets `<|im_end|>` into every string; only the
token and never the text, which would refuse what the tag says.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from maskwright.grammar.ir import Grammar, Network, Node, TokenSet, literal


@dataclass(frozen=True, slots=True)
class Markers:
    """How fixed texts are written: `names` are special tokens of the vocabulary that may spell their own names."""

    names: tuple[str, ...] = ()

    def text(self, text: str) -> Grammar:
        """The text in all its spellings."""
        return Grammar("root", {"root": self.node(text)})

    def node(self, text: str) -> Node:
        """The same as a node."""
        if not self._spans(text):
            return literal(text.encode())
        return self._network(text, 1)

    def with_tokens(self, text: str) -> Grammar | None:
        """The text in those spellings that have a special token; None if there are none."""
        return Grammar("root", {"root": self._network(text, 2)}) if self._spans(text) else None

    def _spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where names of tokens occur: (begin, end, name)."""
        spans = []
        for name in self.names:
            begin = text.find(name)
            while begin >= 0:
                spans.append((begin, begin + len(name), name))
                begin = text.find(name, begin + 1)
        return spans

    def _network(self, text: str, n_layers: int) -> Network:
        """A path of pieces, and an edge beside it for each name; a token leads to the last of the layers.

        State s of layer l is the place `cuts[s]` in the text; the last layer is where a token has been taken.
        """
        spans = self._spans(text)
        cuts = sorted({0, len(text), *(place for begin, end, _ in spans for place in (begin, end))})
        at = {place: state for state, place in enumerate(cuts)}
        n_states = len(cuts)
        edges: list[tuple[int, Node, int]] = []
        for layer in range(n_layers):
            base = layer * n_states
            for state, (begin, end) in enumerate(pairwise(cuts)):
                edges.append((base + state, literal(text[begin:end].encode()), base + state + 1))
            target = (n_layers - 1) * n_states
            edges += [(base + at[begin], TokenSet(names=(name,)), target + at[end]) for begin, end, name in spans]
        if n_layers == 2:
            # The end of the first layer would be a way out without a token: nothing leads there.
            edges = [edge for edge in edges if edge[2] != n_states - 1]
        return Network(n_layers * n_states, tuple(edges))
