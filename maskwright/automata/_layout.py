"""Where everything lies in the arena: one int32 array that holds a grammar's automaton and all that is learnt from it.

Idea. A record is named by its offset in the array, so growing the array (copying it into a longer one) leaves every
name valid, a kernel needs a single array argument, and a state, a frame and a configuration are plain ints.
numba passes each array as a descriptor of seven words: twenty arrays handed down cost more than most inner calls.
Rejected: a section per kind with its own capacity (moves on growth), a Python object per state (no kernels).

Header, words 0 to 16: see the names below. Then the records, in order of creation, never moved or changed except for
the words called *memo*:

 state           [flags, base, shared, n_byte_edges, n_other_edges, memo: interior,
                  (low | high << 8 | unit << 16 | reserve << 18, target) per byte edge,
                 (kind, operand, target) per other edge]
                 `base`: a state whose byte edges apply where this one has none, or 0. `shared`: what the vocabulary
                 knows of this state (an offset in its own arena), or 0. `interior`: the same for states inside strings
                 of one grammar's own, UNKNOWN until it is asked for. A target 0 refuses the byte. `reserve`: the units
                 that a counter must have left where the edge leads.
 nonterminal     [entry state or 0 while not built, has counter, minimum, maximum]   (in a table, by number)
 frame           [next in hash chain, n, memo: configuration after the return, (return state, parent frame) * n]
 counter frame   [next in hash chain, -1, 0, minimum, maximum or -1, count, parent frame]
 set frame       [next in hash chain, -2, 0, n_words, parent frame, 32 members a word * n_words]
                 Where entries are counted the last word is no set of members but the count.
 configuration   [next in hash chain, n_items, is_accepting, memo: mask, flags, hash, n_spans,
                  (low | high << 8, memo: successor) * n_spans, (state, frame) * n_items]
                 A *span* is a longest run of bytes that no item tells apart, by ascending bytes; a byte outside all
                 spans is refused. A successor is UNKNOWN, DEAD or a configuration. Where n_spans is DENSE there are 256
                 successors instead: a lexer learns which bytes are alike only as it reads them.
 token list      [n, token ids in ascending order]
 mask record     [offset of a row of the vocabulary or 0, n_added, n_taken, token ids to add and to take, in any order]

The memo *mask* of a configuration is 0 while unknown, the offset of a mask record, or -1 - r for row r of the store of
rows.

Cost of a configuration: 11 words inside a literal, some 35 inside a string, where 256 successors for each took a
kilobyte.
"""

from __future__ import annotations

FREE = 0
"""Header word: the first unused word of the arena."""
FRAME_BUCKETS = 1
CONFIGURATION_BUCKETS = 2
BUCKET_MASK = 3
NONTERMINALS = 4
N_FRAMES = 5
N_CONFIGURATIONS = 6
NEEDED = 7
"""Header word: the nonterminal that a kernel found not to be built, when it returned NEED_NONTERMINAL, or the state
whose interior is unknown, when it returned NEED_INTERIOR."""
N_STATES = 8
N_NODES_WALKED = 9
"""Header word: trie nodes entered by mask walks so far; an operation count that does not depend on the clock."""
N_STEPS = 10
N_ROWS = 11
"""Header word: rows of bits in use in the store of finished masks that goes with this arena."""
TURN_STEPS, TURN_FREE, STEPS_A_TURN, WORDS_A_TURN = 12, 13, 14, 15
"""Header words: a mask that is made lets others have a turn (NEED_TURN) once N_STEPS or FREE have come to the first
two, which are set when a turn begins: by so much do they lie ahead then."""
N_READINGS = 16
"""Header word: groups that lexers have read a byte with, and terminals, reductions and planned steps of parsers; an
operation count by which searches in lexed languages are bounded. Whoever asks for it sets it to 0 before."""
HEADER_SIZE = 17

# Two states every arena has. FINAL is what lies below the stack: reaching it means that the whole text is complete.
# ACCEPT ends a rule: an item there returns to its frame at once. It has no edges, so calling with return state ACCEPT
# is a tail call, and the callee takes over the caller's frame.
STATE_SIZE = 6
FINAL_STATE = HEADER_SIZE
ACCEPT_STATE = FINAL_STATE + STATE_SIZE
END_FRAME = ACCEPT_STATE + STATE_SIZE
"""The frame of the start rule: returning to it reaches FINAL_STATE."""
FIRST_FREE = END_FRAME + 5

# Flags of a state.
ACCEPTING = 1
HAS_BYTE_EDGES = 2
HAS_OTHER_EDGES = 4
HAS_TOKEN_EDGES = 8
ASKS = 16
"""A value ends here that must differ from its earlier siblings. Items in such states are kept in configurations."""
BEGINS = 32
"""A JSON document begins here, whose siblings are its own. Items in such states are kept too."""
ENDS_DOCUMENT = 64
"""Where the call of a document returns: a frame that leads here lies within one."""
LEXES = 128
"""A state of a lexed language, made while a text is read: see `_lexed_layout`."""

STATE_INTERIOR = 5

# Kinds of edges that read no byte.
EMPTY, CALL, ENTER, COUNT, LEAVE, TOKEN = 0, 1, 2, 3, 4, 5
OPEN_SET, IF_NEW, MARK, IF_LEFT, CLOSE_SET = 6, 7, 8, 9, 10
TALLY, IF_BELOW, IF_REACHED, IF_ROOM = 11, 12, 13, 14

# Words of a frame.
FRAME_NEXT, FRAME_SIZE, FRAME_RETURN, FRAME_PAIRS = 0, 1, 2, 3
COUNTER_MINIMUM, COUNTER_MAXIMUM, COUNTER_COUNT, COUNTER_PARENT, COUNTER_SIZE = 3, 4, 5, 6, 7
IS_COUNTER = -1
SET_N_WORDS, SET_PARENT, SET_WORDS = 3, 4, 5
IS_SET = -2

# Words of a configuration.
CONFIGURATION_NEXT, N_ITEMS, IS_ACCEPTING, MASK, CONFIGURATION_FLAGS, CONFIGURATION_HASH = 0, 1, 2, 3, 4, 5
N_SPANS, SPANS = 6, 7
DENSE = -1
N_SUCCESSORS = 256

UNKNOWN = -1
DEAD = 0

# Words of a mask record.
MASK_BASE, MASK_N_ADDED, MASK_N_TAKEN, MASK_TOKENS = 0, 1, 2, 3

# What a kernel returns when it cannot go on: the caller provides it and calls again; every kernel may be repeated.
NEED_NONTERMINAL = -1
NEED_MEMORY = -2
NEED_ROW = -3
TOO_MANY_ITEMS = -4
NEED_INTERIOR = -5
NEED_ANSWER = -6
"""A value has ended that must differ from its siblings, or a document has begun, and the kernel does not know the text:
ask `repetitions`."""
NEED_LEXEMES = -7
"""Header word NEEDED is a place of a lexed language whose tokens should be sorted: ask `lexeme_tables`."""
NEED_PROOF = -8
"""Header word NEEDED is the state of a list from which it is not plain that the text can be completed: `proving`."""
NEED_TURN = -9
"""Nothing is missing, but it has taken long: open the lock, then call again. What was learnt so far is remembered."""

# The scratch array, one for each thread inside a kernel: nothing in it outlives a call.
MAX_ITEMS = 8192
"""Items in one configuration while it is closed; beyond it the grammar is refused as too ambiguous (TOO_MANY_ITEMS)."""
SCRATCH_N_ITEMS, SCRATCH_N_CALLS, SCRATCH_STAMP, SCRATCH_ACCEPTING, SCRATCH_N_FOUND, SCRATCH_IS_DENSE = 0, 1, 2, 3, 4, 5
SCRATCH_REFUSES = 6
"""The flags of states that no item may go through: ASKS where the value that ends now is a repetition, BEGINS where it
is asked what is in progress beside a document that begins now; or 0."""
SCRATCH_PROVED = 8
"""Is it plain of the list of groups that is being made that the text can be completed?"""
SCRATCH_N_TAKEN, SCRATCH_BASE = 7, 9
SCRATCH_ITEMS = 16
SCRATCH_CALLS = SCRATCH_ITEMS + 2 * MAX_ITEMS
SCRATCH_PAIRS = SCRATCH_CALLS + 3 * MAX_ITEMS
SCRATCH_HASH = SCRATCH_PAIRS + 2 * MAX_ITEMS
HASH_SIZE = 4 * MAX_ITEMS
SCRATCH_FOUND = SCRATCH_HASH + 2 * HASH_SIZE
MAX_FOUND = 1024
"""Tokens added to a mask, or taken from it, up to this many are remembered as a list, beyond it as a row of bits."""
SCRATCH_TAKEN = SCRATCH_FOUND + MAX_FOUND
SCRATCH_TUPLE = SCRATCH_TAKEN + MAX_FOUND
"""The words of a tuple that is being interned (`_lexed_layout`)."""
MAX_TUPLE = 4096
SCRATCH_GROUPS = SCRATCH_TUPLE + MAX_TUPLE
MAX_GROUPS = 64
"""Ways to cut one text into terminals that are open at the same time; real lexers have two or three."""
SCRATCH_ENDED = SCRATCH_GROUPS + 3 * (MAX_GROUPS + 1)
"""The guards under which a terminal has ended for certain with the byte that is being read."""
SCRATCH_BYTES = SCRATCH_ENDED + MAX_GROUPS + 1
"""Three sets of bytes of 9 words each, for `_spans`."""
SCRATCH_STACK = SCRATCH_BYTES + 27
"""From here to the end of the scratch array: two stacks of trie walks, each LEVEL_SIZE words a level."""
LEVEL_SIZE = 4
