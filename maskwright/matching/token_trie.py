"""The token trie: all tokens of a vocabulary, arranged so that one walk finds those a grammar allows next.

*The naive way.* To know which tokens may come next, run the automaton over the bytes of every token and keep those
that survive: for the 128,256 tokens of Llama 3 up to 831,311 steps, for each single token that a model generates.

*Share prefixes.* Most of these steps repeat each other: 57,875 tokens begin with a blank, and where a grammar forbids
a blank they all fail for the same reason. In a *trie*, a tree whose edges are bytes and in which each node stands for
one prefix, every distinct prefix is stepped over once (274,521 nodes), and a byte that the automaton rejects dismisses
all tokens below it together. Most states of a grammar allow few bytes: between two JSON values a walk asks about some
1,000 nodes and enters a dozen of them.

*Keep siblings together.* A walk does not ask about a node alone: it asks of all children of a live node which of their
bytes are allowed. In plain depth-first order a child lies behind the whole subtree of its elder sibling, so asking
the root's 256 children touches 256 distant places, each a cache miss, even if all but one answer "no". Here the
children of a node are consecutive rows, a *sibling block*, sorted by byte: asking is one scan over adjacent memory.
The blocks themselves lie in depth-first order (the block of a node, then all that lies below its first child, then
below its second, ...), so all descendants of a node are consecutive as well. A walk that keeps, for each depth, the
next sibling, the end of its block and their parent's state moves forward through memory almost all the time.

*Tokens as ranges.* Tokens are sorted by their bytes, therefore the tokens below any node are one range of that order:
accepting a whole subtree is a loop over a range, without looking at a node of it.

    nodes   int32[n_nodes, 6]; node 0 is the root, the empty prefix
            0 BYTE         the last byte of the prefix (0 for the root)
            1 CHILD_BEGIN  the children are rows CHILD_BEGIN ... CHILD_END - 1, sorted by byte
            2 CHILD_END
            3 TOKEN_BEGIN  tokens[TOKEN_BEGIN:OWN_END] are exactly this prefix (several ids may share their bytes)
            4 OWN_END
            5 SUBTREE_END  tokens[TOKEN_BEGIN:SUBTREE_END] begin with this prefix
    tokens  int32[n_tokens]; ids of ordinary tokens sorted by (bytes, id)

The six numbers of a node share a cache line, and a row is all that a walk needs of it; that is why this is one
array of rows and not six arrays (which would also cost numba six descriptors in every call).

Special tokens, end-of-text tokens and empty tokens are not in the trie: they never match text.

Cost: 0.1 s to build for 128,256 tokens, half of it sorting; 6.6 MB. Measured with Llama 3 on automata of JSON's
shape, walks with warm and with cold caches: after a string 3.2 and 17 us, against 6.5 and 59 us for depth-first rows
with subtree sizes; inside a string, where nearly every token is allowed, 2.7 ms against 1.9 ms. The first kind is what
every grammar does again and again, the second is done once and shared.

Rejected: depth-first rows, for these figures; the bytes in an array of their own (no faster: 3.5 us); a radix trie
with labels of several bytes (half the nodes, 141,865, but two kinds of step and states in the middle of an edge).
Source: the idea of walking a token trie is llguidance's (docs/toktrie.md); the sibling blocks are our change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

BYTE: Final = 0
CHILD_BEGIN: Final = 1
CHILD_END: Final = 2
TOKEN_BEGIN: Final = 3
OWN_END: Final = 4
SUBTREE_END: Final = 5

#: Raised whenever the arrays change their meaning, so that tries from an older cache are not taken.
TRIE_LAYOUT: Final = 1


@final
@dataclass(frozen=True, slots=True, eq=False)
class TokenTrie:
    """The arrays of a token trie, as the module describes them: writable, C-contiguous, never to be changed."""

    nodes: NDArray[np.int32]
    tokens: NDArray[np.int32]

    @property
    def n_nodes(self) -> int:
        """How many distinct prefixes there are, the empty one included."""
        return int(self.nodes.shape[0])

    @property
    def n_tokens(self) -> int:
        """How many tokens the trie holds."""
        return int(self.tokens.size)

    def find(self, prefix: bytes) -> int:
        """The node of `prefix`, or -1 if no token begins so."""
        node = 0
        for byte in prefix:
            begin, end = int(self.nodes[node, CHILD_BEGIN]), int(self.nodes[node, CHILD_END])
            child = begin + int(np.searchsorted(self.nodes[begin:end, BYTE], byte))
            if child == end or self.nodes[child, BYTE] != byte:
                return -1
            node = child
        return node


def build_token_trie(token_bytes: Sequence[bytes]) -> TokenTrie:
    """The trie of all tokens, given by id; those that must not match text are empty there.

    `build_token_trie([b"b", b"", b"ab", b"b"])` -> tokens [2, 0, 3] and nodes "", "a", "b", "ab".
    """
    # Here and not on top: loading numba takes 0.1 s, and a trie from the disk cache needs no kernel.
    from maskwright.matching._trie_kernels import build_trie

    # Python's sort is stable, so equal strings stay in the order of their ids.
    order = sorted((token for token, text in enumerate(token_bytes) if text), key=token_bytes.__getitem__)
    data, starts = flatten([token_bytes[token] for token in order])
    nodes = build_trie(data, starts[:-1], starts[1:])
    return TokenTrie(nodes, np.array(order, dtype=np.int32))


def is_token_trie(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Whether arrays from a cache have the names, shapes and types of a trie."""
    return (
        arrays.keys() == {"nodes", "tokens"}
        and all(array.dtype == np.int32 for array in arrays.values())
        and arrays["nodes"].ndim == 2
        and arrays["nodes"].shape[1] == 6
        and arrays["tokens"].ndim == 1
    )


def flatten(strings: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """All strings behind one another and where each begins: uint8[n_bytes], int32[len(strings) + 1].

    `flatten([b"ab", b"", b"c"])` -> `b"abc"`, `[0, 2, 2, 3]`.
    """
    data = np.frombuffer(b"".join(strings), dtype=np.uint8).copy()  # a copy, because numba wants it writable
    starts = np.zeros(len(strings) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, strings), dtype=np.int32, count=len(strings)), out=starts[1:])
    return data, starts
