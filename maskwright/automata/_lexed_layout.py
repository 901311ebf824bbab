"""Where a lexed language lies in the arena of `_layout`, and the records that running it makes.

Written once for a language, as one block (`lexed_words`):

 program   [the words PROGRAM_... below]
 state     [offset of its actions, how many, its context's number]               by number
 action    [symbol, action]                                        sorted by symbol
 rule      [symbols on the right, symbol on the left]              by number
 label     [offset of its terminals, how many, is it ignored, does it ask for a proof]   by number
 node      [n_edges, offset of its labels ahead, flags, (low | high << 8, target) per edge]
           A target > 0 is a node, < 0 the negated offset of a chain.
 guard     [n_edges, is it satisfied at the end of the text, (low | high << 8, target) per edge]   target 0: VIOLATED
 chain     [n_parts, (GO, node) or (label, guard or 0) per part]

Made while running: *tuples*, interned among the frames, whose first word is their kind:

 stack     [STACK, parser state, stack below or 0, program]
 blocks    [BLOCKS, column, enclosing blocks or 0]
 session   [SESSION, stack, blocks, open parentheses, column in a line break]    where blocks are by indentation
 scan      [SCAN, program, 1 at the start of a terminal, node...]  a state of the lexer: nodes in order of preference
 place     [PLACE, scan, context, part]                            what masks know of a scan in a context, of the
                                                                   whole vocabulary (0) or a part of it
 guards    [GUARDS, guard...]                                      what must follow, for outer ends before inner ones
 labels    [LABELS, session]                                       what is known of which labels the parser can read
 row       [ROW, half of a hash, the other half]                   a finished row of a mask with that hash
 shared    [SHARED_MASK, shared record, configuration behind it]   the mask of a state of a shared automaton
 way       [WAY, stack, label]                                     can a text be completed from there, behind a match?
 ahead     [AHEAD, parser state, stack below, terminal]            what the terminal makes of that stack
 list      [LIST, program, (scan, session, guards or 0) ...]       all ways to cut the text so far, in that order

A tuple has a memo word. That of a scan is its *row*: [successor per byte: UNKNOWN, 0 or a result, then the words
ROW_...]. That of a list is its *state*, which looks like any other state of the arena, has LEXES, and names the list in
its last word; items hold it, so a lexed language is a leaf of a larger grammar like any automaton. That of labels is
[known labels, usable labels], two sets; that of a row its number and one; that of a stack its planned terminal and one;
that of a way FINISHES or UNPROVED; that of what is ahead the stack and one.

 result    [n_parts, (GO, scan) or (label, guard) per part]        what one byte makes of a scan
"""

from __future__ import annotations

from maskwright.automata._layout import STATE_SIZE

PROGRAM_STATES, PROGRAM_RULES, PROGRAM_START, PROGRAM_END, PROGRAM_LABELS, PROGRAM_CONTEXTS = 0, 1, 2, 3, 4, 5
PROGRAM_CONTEXT_WORDS = 6
"""Words of a set of terminals; PROGRAM_CONTEXTS names one set for each context, side by side."""
PROGRAM_LABEL_WORDS = 7
PROGRAM_LINE_BREAK, PROGRAM_INDENT, PROGRAM_DEDENT = 9, 10, 11
"""Symbols; -1 where there is no indentation."""
PROGRAM_OPENING, PROGRAM_CLOSING, PROGRAM_TAB = 12, 13, 14
PROGRAM_CONTEXT_STARTS = 15
"""Offset of [offset of the first nodes, how many] for each context."""
PROGRAM_N_TERMINALS = 16
PROGRAM_WAY_OUT, PROGRAM_FIRST_TERMINALS = 17, 18
"""Offsets of `way_out` and `first_terminals`."""
PROGRAM_BLOCKED = 19
"""Offset of a set of terminals per label and context: those that may be impossible to read next (`lexed_proof`)."""
PROGRAM_LABEL_OF = 20
"""Offset of the label with which a terminal is read, per context and terminal."""
PROGRAM_N_CONTEXTS = 21
PROGRAM_SIZE = 24

PARSER_STATE_SIZE = 3
LABEL_SIZE, LABEL_IS_IGNORED, LABEL_ASKS_PROOF = 4, 2, 3
STATE_ACTIONS, STATE_N_ACTIONS, STATE_CONTEXT = 0, 1, 2
NODE_LABELS, NODE_FLAGS, NODE_EDGES = 1, 2, 3
GUARD_AT_END, GUARD_EDGES = 1, 2

COUNTS_COLUMN = 1
"""Flag of a node: it may still become a line break, so the column is counted."""
REACHES_LINE_END = 2
"""Flag of a node: it can read a line end and still become a line break, so any column can follow."""
WAS_SEEN = 8
"""Flag of a scan's row: it was looked at by `lexed_proof`."""
IS_SEALED = 4
"""Flag of a node: it reads all before the next line end, so that only the end of the text asks for the column."""

# Words of a tuple; it lies among the frames, whose first three words are the same.
IS_TUPLE = -3
TUPLE_MEMO, TUPLE_SIZE, TUPLE_WORDS = 2, 3, 4
STACK, BLOCKS, SESSION, SCAN, LIST, PLACE, GUARDS, LABELS, ROW, WAY, SHARED_MASK = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
AHEAD = 12

STACK_STATE, STACK_BELOW, STACK_PROGRAM = 5, 6, 7
"""Words of a stack."""
BLOCKS_COLUMN, BLOCKS_OUTER = 5, 6
SESSION_STACK, SESSION_BLOCKS, SESSION_OPEN, SESSION_COLUMN = 5, 6, 7, 8
NO_COLUMN = -1
"""The column before the first line end of what may be a line break."""
SCAN_PROGRAM, SCAN_IS_START, SCAN_NODES = 5, 6, 7
LIST_PROGRAM, LIST_GROUPS = 5, 6
FINISHES, UNPROVED, NEVER = 1, 2, 3
OUT_OF_STATES, OUT_OF_MEMORY, OUT_OF_READINGS = 4, 5, 6
"""The memo of a list's state from which the search for a completion gave up: it is not searched again."""
MAX_WAY_OUT = 10_000
"""Terminals, and steps between two of them, of a way to the end that is followed in a kernel."""
REDUCTIONS_BETWEEN = 16
"""Reductions on one terminal between two that are remembered."""
NO_RECORD = 1
"""Comes before the first tuple of a walk: a word of the header, where no tuple lies."""

GUARDS_FIRST = 5
MAX_GUARDS = 6
"""Ends inside each other that wait for what follows; real lexers have one or two."""
UNUSABLE = 1
"""The memo of a place: 0 while unknown, the record of its tokens, or that there is no room for one."""
PLACE_SCAN, PLACE_CONTEXT, PLACE_PART = 5, 6, 7

# Words of a scan's row, behind the 256 successors.
ROW_READABLE = 256
"""Eight words: the set of bytes that the scan can read."""
ROW_FLAGS = 264
ROW_LABELS = 265
"""From here on: the set of labels that the scan can still lead to, then the set of those that need no guard."""

LIST_STATE_TUPLE = STATE_SIZE
"""Word of a list's state: the tuple."""
LIST_STATE_PROOF = STATE_SIZE + 1
"""Memo of a list's state: is it known that the text can be completed from it?  Asked where it is not plain."""
LIST_STATE_SIZE = STATE_SIZE + 2

MAX_REDUCTIONS = 1_000_000
"""Reductions on one terminal: a table with resolved conflicts might reduce nothing to nothing for ever."""
