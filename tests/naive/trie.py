"""The slow, obvious trie: ask of every prefix which strings begin with it. The twin of `matching._trie_kernels`."""

from __future__ import annotations

from collections.abc import Sequence


def naive_trie(strings: Sequence[bytes]) -> list[list[int]]:
    """The rows (byte, child_begin, child_end, begin, own_end, subtree_end) of the trie over sorted strings."""
    rows = [[0] * 6]

    def describe(node: int, prefix: bytes) -> None:
        below = [i for i, text in enumerate(strings) if text.startswith(prefix)]
        own = [i for i in below if strings[i] == prefix]
        next_bytes = sorted({strings[i][len(prefix)] for i in below if i not in own})
        begin = min(below, default=0)
        children = range(len(rows), len(rows) + len(next_bytes))
        rows[node][1:] = [children.start, children.stop, begin, begin + len(own), begin + len(below)]
        rows.extend([byte, 0, 0, 0, 0, 0] for byte in next_bytes)
        for child, byte in zip(children, next_bytes, strict=True):
            describe(child, prefix + bytes([byte]))

    describe(0, b"")
    return rows
