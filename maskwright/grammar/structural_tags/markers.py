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

from maskwright.grammar.ir import Grammar, Node, TokenSet, literal
from maskwright.grammar.structural_tags.path_network import path_network


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

    def _network(self, text: str, n_layers: int) -> Node:
        """A path of pieces, and an edge beside it for each name; a token leads to the last of the layers.

        A state is a place in the text and a layer; the last layer is where a token has been taken. What lies on no way
        to the end of that layer, such as the end of the first one, is left out.
        """
        spans = self._spans(text)
        cuts = sorted({0, len(text), *(place for begin, end, _ in spans for place in (begin, end))})
        last = n_layers - 1
        edges: list[tuple[tuple[int, int], Node, tuple[int, int]]] = []
        for layer in range(n_layers):
            for begin, end in pairwise(cuts):
                edges.append(((layer, begin), literal(text[begin:end].encode()), (layer, end)))
            edges += [((layer, begin), TokenSet(names=(name,)), (last, end)) for begin, end, name in spans]
        return path_network(edges, (0, 0), [(last, len(text))])
