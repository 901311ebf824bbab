"""That texts of a lexed language can always be completed: what is plain before any text is read.

A parser's stack can be completed by some terminals (if its table has no conflicts and every rule derives a text; else
see `_planning`). But can they be *read* there? The lexer might take more than was meant: after an identifier no other
one can come at once.
Behind a match with label l the bytes of a set X(l) may change what becomes of it, because its terminal, or one that is
preferred, goes on with them, or because a guard waits for them. So terminal t can be read next in a context, if

    F(t) - X(l) is not empty              F(t): the bytes with which a text can begin that is read as t there; or
    F(w) - X(l) and F(t) - X(w) are not   for an ignored terminal w

for then the first byte ends all that was before, and the text of t is one of our choice. A pair (l, t) that fails in a
context is *blocked* there. Where behind no label anything is blocked that its parser states accept, no proof is needed
at run time; so it is for nearly all grammars that ignore blanks. For the others `is_proved` follows a plan that avoids
what is blocked, and what is left is searched (`proving`).

X is taken over all states of the lexer, and F exactly from them: so all of them are looked at, some thousand for a
language like Python, in some 10 ms. On the way their labels are made exact (`settle_labels`). The network keeps what it
found (`Plain`); when memory starts over, which nobody should notice, only the labels are made exact again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.automata._layout import FREE
from maskwright.automata._lexed_layout import (
    LABEL_ASKS_PROOF,
    LABEL_SIZE,
    PROGRAM_BLOCKED,
    PROGRAM_LABEL_OF,
    PROGRAM_LABELS,
)
from maskwright.automata._lexed_proof import first_bytes, see_scan, see_scans, settle_labels
from maskwright.automata._lexing import start_scan
from maskwright.errors import LimitExceeded
from maskwright.grammar.lexed_language import LexedLanguage

if TYPE_CHECKING:
    from maskwright.automata.transition_network import TransitionNetwork

MAX_SCANS = 200_000
"""States of a lexer; Python's has some two thousand."""


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """blocked: int32 words, as they lie in a program.  label_of: int32[n_contexts, n_terminals], the label with which a
    terminal is read in a context.  asks: bool[n_labels + 1], the labels behind which a proof is needed.
    """

    blocked: NDArray[np.int32]
    label_of: NDArray[np.int32]
    asks: NDArray[np.bool_]


def write_proof(network: TransitionNetwork, language: LexedLanguage, program: int) -> None:
    """Look at all states of a language's lexer, and write into its program what is blocked and what asks for proofs."""
    n_contexts = len(language.context_terminals)
    n_labels = len(language.label_start) - 1
    extending = np.zeros((n_labels + 1, 8), dtype=np.int32)
    starts = np.array([network.run(start_scan, program, context) for context in range(n_contexts)], dtype=np.int32)
    found = np.zeros(2 + n_contexts + 1024, dtype=np.int32)
    for scan in starts.tolist():
        network.intern(see_scan, scan, found)
    while network.run(see_scans, found, extending) == 1:
        if len(found) > MAX_SCANS:
            raise LimitExceeded("The lexer of a grammar", len(found), MAX_SCANS, remedy="use simpler terminals")
        found = np.concatenate([found, np.zeros(len(found), dtype=np.int32)])
    settle_labels(network.arena, program, found)
    plain = network.plain_of.get(language)
    if plain is None:
        plain = network.plain_of[language] = _plain(network, language, program, starts, extending)
    blocked = network.place(plain.blocked)
    label_of = network.place(plain.label_of)
    arena = network.arena
    arena[program + PROGRAM_BLOCKED] = blocked
    arena[program + PROGRAM_LABEL_OF] = label_of
    records = int(arena[program + PROGRAM_LABELS]) + LABEL_ASKS_PROOF
    arena[records : records + LABEL_SIZE * (n_labels + 1) : LABEL_SIZE] = plain.asks
    assert arena[FREE] <= len(arena)


def _plain(
    network: TransitionNetwork,
    language: LexedLanguage,
    program: int,
    starts: NDArray[np.int32],
    extending: NDArray[np.int32],
) -> Plain:
    """What X, found over all states of the lexer, and F, found from where it starts in each context, come to."""
    n_contexts, n_terminals = language.context_terminals.shape
    n_labels = len(extending) - 1
    first = np.zeros((n_contexts, n_terminals, 8), dtype=np.int32)
    blank = np.zeros((n_contexts, n_labels, 8), dtype=np.int32)
    best = np.full((n_contexts, n_terminals), -1, dtype=np.int32)
    n_extending = np.unpackbits(extending.view(np.uint8), axis=1).sum(axis=1)
    first_bytes(network.arena, program, starts, n_extending.astype(np.int32), first, blank, best)
    blocked = _blocked(language, extending, first, blank)
    asks = _asking(language, blocked)
    n_words = (n_terminals + 31) // 32
    padded = np.zeros((n_labels + 1, n_contexts, 32 * n_words), dtype=np.uint8)
    padded[:, :, :n_terminals] = blocked
    # A terminal that cannot be read has no label; it is blocked, so none is asked for.
    return Plain(np.packbits(padded, axis=2, bitorder="little").view(np.int32), np.maximum(best, 0), asks)


def _blocked(
    language: LexedLanguage, extending: NDArray[np.int32], first: NDArray[np.int32], blank: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """bool[n_labels + 1, n_contexts, n_terminals]: what cannot be relied on to be read behind a label."""
    sets, which = np.unique(extending, axis=0, return_inverse=True)
    which = which.ravel()
    # What can be read behind an ignored match, by (context, label): only for labels that occur there.
    separators = np.argwhere(blank.any(axis=2))
    behind = [(first[context] & ~extending[label]).any(axis=1) for context, label in separators.tolist()]
    can = np.zeros((len(sets), *first.shape[:2]), dtype=np.bool_)
    for number, extends in enumerate(sets):
        can[number] = (first & ~extends).any(axis=2)
        begins = (blank[separators[:, 0], separators[:, 1]] & ~extends).any(axis=1)
        for at in np.flatnonzero(begins).tolist():
            can[number, separators[at, 0]] |= behind[at]
    return np.asarray(language.context_terminals & ~can[which])


def _asking(language: LexedLanguage, blocked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[n_labels + 1]: the labels behind which a proof is needed; all or none, but always at the start of a text."""
    n_terminals = language.n_terminals
    accepts = np.zeros((len(language.state_context), n_terminals), dtype=np.bool_)
    states = np.repeat(np.arange(len(language.state_context)), np.diff(language.table_start))
    symbols, actions = language.table.T
    is_terminal = (symbols > 0) & (symbols < n_terminals)
    accepts[states[is_terminal], symbols[is_terminal]] = True
    layout = language.indentation
    if layout is not None:
        accepts[:, [layout.indent, layout.dedent]] = False
    # troubled[l, s]: is something blocked behind label l that parser state s accepts?
    contexts = language.state_context
    troubled = np.array([(behind_label[contexts] & accepts).any(axis=1) for behind_label in blocked])
    asks = np.zeros(len(blocked), dtype=np.bool_)
    for label in range(len(blocked) - 1):
        terminals = language.label_terminals[language.label_start[label] : language.label_start[label + 1]].tolist()
        if terminals[-1] in language.ignored:
            asks[label] = troubled[label].any()
            continue
        if layout is not None and layout.line_break in terminals:
            terminals += [layout.indent, layout.dedent]
        shifts = actions[np.isin(symbols, terminals) & (actions & 1 == 0)] >> 1
        asks[label] = troubled[label][shifts].any()
    asks[-1] = True
    # What is blocked behind one label may be what a text needs that has not come to it yet.
    if asks[:-1].any() or language.has_conflicts or not _is_productive(language):
        asks[:] = True
    return asks


def _is_productive(language: LexedLanguage) -> bool:
    """Does every nonterminal derive a text?  A parser shifts what could begin one that does not, as well."""
    left = language.rules[:, 1].tolist()
    sides = [side.tolist() for side in np.split(language.rule_symbols, language.rule_start[1:-1])]
    callers: dict[int, list[int]] = {}
    missing = [0] * len(sides)  # symbols on the right, not yet known to derive a text
    for rule, side in enumerate(sides):
        for symbol in side:
            if symbol >= language.n_terminals:
                missing[rule] += 1
                callers.setdefault(symbol, []).append(rule)
    productive: set[int] = set()
    todo = [rule for rule, n in enumerate(missing) if n == 0]
    while todo:
        symbol = left[todo.pop()]
        if symbol not in productive:
            productive.add(symbol)
            for rule in callers.get(symbol, ()):
                missing[rule] -= 1
                if missing[rule] == 0:
                    todo.append(rule)
    return productive.issuperset(left)
