"""Where sets of stacks, and what is known of letters, lie in memory: two int32 arrays, as constants for kernels.

A *stack* is a word over symbols, the top first. A *set of stacks* is a node of an acyclic automaton: its edges read the
top, and the node that an edge leads to is the set of what may lie below. `EMPTY` has no stack, `BOTTOM` just the empty
one. Nodes are hash-consed, so equal sets are one offset.

 sets     the header, the hash table, the memo of operations, scratch memory, then nodes in order of creation
 node     [next in hash chain, n_edges, has the empty stack, symbols of its lowest and of its highest stack,
          (symbol, node below) * n_edges, by symbol and node]
 effects  the header, a hash table of (letter, symbol, record), then records and words in any order
 record   [ends, exit letter, exits, sort, n_words, word * n_words, n_classes, class * n_classes]
          What a *letter*, a set of byte strings, does to a symbol on top: it becomes one of the words, or it is taken
          off and the rest of the string, which is of the exit letter, is read by what lies below (NO_LETTER: nowhere).
          `ends`: the symbol may be taken off without reading. `exits`: a number for which tokens leave the symbol and
          with what rests; `sort`: a number for its classes; the same where these are the same.
 graph    [n_symbols, n_words, then for each symbol: may it be below another, may it be the lowest, n_words words with a
          bit for each symbol that may lie right below it]
 word     [length, symbol * length], the top first
 class    [number, exit letter, n_words, word * n_words]: strings of the letter that do the same to the symbol
"""

from __future__ import annotations

# The header of sets.
FREE, TOP, IS_MERGING, N_NODES, LIMIT, STAMP, N_SEEN, N_BUILT, N_OPERATIONS = 0, 1, 2, 3, 4, 5, 6, 7, 8
"""TOP: the first free word of scratch memory. IS_MERGING: are edges with one symbol merged, which makes a set's node
the only one? LIMIT: nodes may reach this word. N_OPERATIONS counts work, whatever the clock says."""
HEADER_SIZE = 16

BUCKETS = HEADER_SIZE
N_BUCKETS = 1 << 18
MEMO = BUCKETS + N_BUCKETS
MEMO_SLOTS, MEMO_SIZE = 1 << 19, 4
"""[operation, one node, the other, result]: what is displaced is found anew."""
SEEN = MEMO + MEMO_SLOTS * MEMO_SIZE
SEEN_SLOTS, SEEN_SIZE = 1 << 16, 4
"""[stamp, node, letter, result]: what one operation has met."""
PENDING = SEEN + SEEN_SLOTS * SEEN_SIZE
MAX_PENDING = 1 << 15
BUILT = PENDING + 2 * MAX_PENDING
MAX_BUILT = 1 << 16
SCRATCH = BUILT + 2 * MAX_BUILT
SCRATCH_SIZE = 1 << 20
FIRST_NODE = SCRATCH + SCRATCH_SIZE

EMPTY = 0
BOTTOM = FIRST_NODE
"""The first node that is made."""

NODE_NEXT, NODE_SIZE, NODE_BOTTOM, NODE_LOWEST, NODE_HIGHEST, NODE_EDGES = 0, 1, 2, 3, 4, 5

UNION, INTERSECTION, MEETING, ENDING, CUT = 1, 2, 3, 4, 5

# A frame of an operation on two nodes that waits for one below: the frame before it, the nodes, how far it is.
FRAME_BEFORE, FRAME_ONE, FRAME_OTHER, FRAME_I, FRAME_J, FRAME_K, FRAME_N, FRAME_EDGES = 0, 1, 2, 3, 4, 5, 6, 7

# What a kernel returns when it cannot go on.
FULL = -1
NEED_EFFECT = -2
"""Records are missing, each named in the list of effects."""
ENDLESS = -3
"""Symbols that may end can lie below themselves, so that a set would have stacks of any height."""

# The header of effects.
EFFECT_MASK, N_NEEDED, NEEDED = 0, 1, 8
MAX_NEEDED = 1024
"""Pairs of a letter and a symbol whose record is missing: they have NO_RECORD until it is made."""
NO_RECORD = NEEDED + 2 * MAX_NEEDED
EFFECT_MAP = NO_RECORD + 8
EFFECT_ENTRY = 3

# Words of a graph.
GRAPH_N_SYMBOLS, GRAPH_N_WORDS, GRAPH_SYMBOLS = 0, 1, 2
GRAPH_IS_BELOW, GRAPH_IS_LOWEST, GRAPH_BELOW = 0, 1, 2

RECORD_ENDS, RECORD_EXIT, RECORD_EXITS, RECORD_SORT, RECORD_N_WORDS, RECORD_WORDS = 0, 1, 2, 3, 4, 5
CLASS_NUMBER, CLASS_EXIT, CLASS_N_WORDS, CLASS_WORDS = 0, 1, 2, 3

NO_LETTER = 0
"""The letter without strings: its records say only whether symbols end."""
