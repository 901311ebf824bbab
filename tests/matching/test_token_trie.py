from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.matching._trie_kernels import build_trie
from maskwright.matching.token_trie import (
    BYTE,
    CHILD_BEGIN,
    CHILD_END,
    OWN_END,
    SUBTREE_END,
    TOKEN_BEGIN,
    TokenTrie,
    build_token_trie,
    flatten,
)
from tests.naive.trie import naive_trie

# Few letters, so that strings share prefixes; zero, because C strings end there; 0xFF, because it is negative as int8.
STRINGS = st.lists(
    st.one_of(st.text("ab\0", max_size=6).map(str.encode), st.binary(max_size=3), st.just(b"\xff\xff")), max_size=30
)


def trie_of(strings: list[bytes]) -> NDArray[np.int32]:
    data, starts = flatten(strings)
    return build_trie(data, starts[:-1], starts[1:])


@pytest.mark.no_jit
@given(STRINGS)
def test_the_kernel_builds_what_its_naive_twin_describes(strings: list[bytes]) -> None:
    strings = sorted(strings)
    assert trie_of(strings).tolist() == naive_trie(strings)


@given(STRINGS)
def test_strings_may_be_any_slices_of_the_data(strings: list[bytes]) -> None:
    strings = sorted(strings)
    data, starts = flatten([b"##" + text + b"#" for text in strings])
    assert build_trie(data, starts[:-1] + 2, starts[1:] - 1).tolist() == trie_of(strings).tolist()


@given(STRINGS)
def test_the_range_of_a_node_holds_the_tokens_that_begin_with_its_prefix(token_bytes: list[bytes]) -> None:
    trie = build_token_trie(token_bytes)
    for prefix in {text[:length] for text in token_bytes if text for length in range(len(text) + 1)}:
        row = trie.nodes[trie.find(prefix)]
        below = trie.tokens[row[TOKEN_BEGIN] : row[SUBTREE_END]].tolist()
        own = trie.tokens[row[TOKEN_BEGIN] : row[OWN_END]].tolist()
        assert sorted(below) == [token for token, text in enumerate(token_bytes) if text and text.startswith(prefix)]
        assert own == [token for token, text in enumerate(token_bytes) if text and text == prefix]


@given(STRINGS)
def test_sibling_blocks_are_sorted_and_lie_in_depth_first_order(token_bytes: list[bytes]) -> None:
    trie = build_token_trie(token_bytes)

    def end_of_descendants(node: int, expected_begin: int) -> int:
        begin, end = trie.nodes[node, CHILD_BEGIN], trie.nodes[node, CHILD_END]
        assert begin == expected_begin
        assert (np.diff(trie.nodes[begin:end, BYTE]) > 0).all()
        place = int(end)
        for child in range(begin, end):
            place = end_of_descendants(child, place)
        return place

    assert end_of_descendants(0, 1) == trie.n_nodes


def test_tokens_are_sorted_by_their_bytes_and_then_by_id() -> None:
    trie = build_token_trie([b"b", b"", b"ab", b"b", b"a\0", b"a"])
    assert trie.tokens.tolist() == [5, 4, 2, 0, 3]
    assert trie.n_tokens == 5
    assert trie.n_nodes == 5


def test_a_prefix_that_no_token_has_is_not_found() -> None:
    trie = build_token_trie([b"ab", b"abd"])
    assert [trie.find(prefix) >= 0 for prefix in (b"", b"a", b"ab", b"abd")] == [True] * 4
    assert [trie.find(prefix) for prefix in (b"b", b"abc", b"abe", b"abdd")] == [-1] * 4


@pytest.mark.parametrize("token_bytes", [[], [b""], [b"", b""]])
def test_a_trie_without_tokens_is_a_root_without_children(token_bytes: list[bytes]) -> None:
    trie = build_token_trie(token_bytes)
    assert trie.nodes.tolist() == [[0, 1, 1, 0, 0, 0]]
    assert trie.tokens.tolist() == []


def test_a_very_long_token_needs_no_recursion() -> None:
    trie = build_token_trie([b"a" * 100_000])
    assert trie.n_nodes == 100_001
    assert trie.find(b"a" * 100_000) == 100_000


def test_the_arrays_are_what_kernels_are_compiled_for() -> None:
    trie: TokenTrie = build_token_trie([b"ab", b"c"])
    for array in (trie.nodes, trie.tokens):
        assert array.dtype == np.int32
        assert array.flags.c_contiguous
        assert array.flags.writeable
