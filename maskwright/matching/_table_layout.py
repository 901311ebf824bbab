"""Where everything lies in a vocabulary's arena: one int32 array, read by the mask kernels of all its grammars.

words 0 to 7    see the names below
trie            [nodes, payload]: two offsets, side by side wherever a trie is named
nodes           int32[n, 6] as in `token_trie`, with TOKEN_BEGIN, OWN_END and SUBTREE_END counting payload pairs
payload         (token id, units) pairs; units is 0 in the main trie
shared record   what is known of one state of a shared automaton: the words SHARED_... below
list            [n, values]
"""

from __future__ import annotations

MAIN_TRIE = 0
"""Words 0 and 1: the trie of all ordinary tokens."""
EOS_LIST = 2
N_WORDS = 3
"""Word 3: the words of a bitmask row."""
FIRST_FREE = 8

NODE_SIZE = 6
TRIE_PAYLOAD = 1
"""A trie is named by the offset of its word `nodes`; the word after it is `payload`."""

SHARED_N_INTERIOR = 0
"""How many tokens stay inside the automaton."""
SHARED_INTERIOR = 1
"""Offset of those tokens' ids, by ascending units."""
SHARED_COUNTS = 2
"""Offset of counts: word k is how many of them have at most k units, for k below SHARED_MAX_UNITS."""
SHARED_MAX_UNITS = 3
SHARED_ROW = 4
"""Offset of the same tokens as a row of bits, or 0 where they are few."""
SHARED_TRIE = 5
"""Words 5 and 6: the trie of what follows the exit, for tokens that leave the automaton."""
SHARED_N_CONTINUING = 7
SHARED_CONTINUING = 8
"""From word 8: the bytes with which the automaton may go on after an accepting state."""

ANY_COUNT = 1 << 30
"""A number of units that no token reaches."""

# The record of a place of a lexed language (`lexeme_tables`).
LEXEMES_SILENT = 0
"""Offset of the row of tokens in which no terminal can end."""
LEXEMES_N_GROUPS = 1
LEXEMES_GROUPS = 2
"""Offset of [offset of a set of labels, how many tokens, offset of their ids, offset of their row or 0] per group."""
LEXEMES_N_LEAVING = 3
LEXEMES_LEAVING = 4
"""Offset of [label or NO_LABEL, mode, column, nodes, payload, are they a part to be sorted] per trie of what leaves."""
LEXEMES_OPEN = 5
"""Offset of the row of those of the silent tokens behind which the terminal is still open."""
LEXEMES_SIZE = 6
GROUP_SIZE, LEAVING_SIZE = 4, 6
LEAVING_TRIE, LEAVING_IS_PART = 3, 5
