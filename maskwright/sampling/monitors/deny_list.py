"""Texts and tokens that must never be generated.

    forbidden_texts(compiler, ["TODO", Term("password", ignores_case=True)])     whichever way they are tokenised
    forbidden_tokens(vocabulary, [128_010])                                      these ids, whatever they stand for

A text is forbidden wherever its bytes occur in what is generated, also across tokens, within words, and around special
tokens, which add nothing. What stood in the prompt does not count. The mask is exact: a token is legal exactly if no
forbidden text ends within it. The state is the longest beginning of a forbidden text that the text ends with
(`terms`), and its row the engine's mask behind that beginning (`token_rows`).

Alone such a mask has no dead ends, as long as the vocabulary can write some byte that is in no term. With a grammar it
may: where only `TODO"` can follow `"status":"`, one token remains after another until none does. `grammar - pattern`,
with the pattern `(?s).*TODO.*`, is the product, which never begins what it cannot finish; it costs a compilation, and
is refused for some kinds of grammar. A monitor can be put together at run time and works beside every matcher.

Cost: 0.5 ms to compile three terms, 1 s for a thousand; a step reads the bytes of one token in 1 us, and each state
that a text comes to takes 5 ms once (`token_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from maskwright.errors import MatcherError
from maskwright.grammar.byte_automaton import NO_UNIT, ByteAutomaton, automaton_of
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.monitors.protocol import Row
from maskwright.sampling.monitors.terms import START, Term, TermSearch, as_terms, search_for
from maskwright.sampling.monitors.token_rows import TokenRows, row_of


def forbidden_texts(compiler: Compiler, terms: Iterable[str | bytes | Term]) -> ForbiddenTexts:
    """A monitor that keeps these texts from being written.

    Raises MatcherError for an empty term, LimitExceeded for very many (`terms.MAX_ITEMS`).
    """
    search = search_for(as_terms(terms))
    return ForbiddenTexts(search, TokenRows(compiler, _texts_without(search)))


def forbidden_tokens(vocabulary: Vocabulary, token_ids: Iterable[int]) -> ForbiddenTokens:
    """A monitor that keeps these tokens from being taken, end tokens too if they are listed.

    Raises MatcherError for ids outside the vocabulary.
    """
    ids = frozenset(token_ids)
    for token in ids:
        if not 0 <= token < vocabulary.size:
            raise MatcherError(f"Token id {token} lies outside this vocabulary of {vocabulary.size} ids")
    return ForbiddenTokens(~row_of(vocabulary, ids))


@final
@dataclass(frozen=True, slots=True, eq=False)
class ForbiddenTexts:
    """The monitor of `forbidden_texts`."""

    _search: TermSearch
    _rows: TokenRows
    _state: int = START
    _begun: bytes = b""
    """The end of the text that leads to the state, in the spelling that it has there: others may be none at all for
    this vocabulary."""

    def legal_tokens(self) -> Row:
        """The tokens within which no forbidden text ends; the text may end anywhere."""
        return self._rows.after(self._begun, may_end=True)

    def after(self, token_id: int, text: bytes) -> ForbiddenTexts:
        """The monitor behind a legal token."""
        state, ended = self._search.after(self._state, text)
        assert not ended, f"token {token_id} is not legal here"
        if state == self._state:
            return self
        read = self._begun + text
        n = self._search.n_bytes[state]
        while self._search.after(START, read[len(read) - n :])[0] != state:
            n += 1  # a letter is longer in the spelling that was used
        return ForbiddenTexts(self._search, self._rows, state, read[len(read) - n :])


@final
@dataclass(frozen=True, slots=True, eq=False)
class ForbiddenTokens:
    """The monitor of `forbidden_tokens`."""

    _legal: Row

    def legal_tokens(self) -> Row:
        """All tokens but those."""
        return self._legal

    def after(self, token_id: int, text: bytes) -> ForbiddenTokens:  # noqa: ARG002  (it is a Monitor)
        """The same: what was taken changes nothing."""
        return self


def _texts_without(search: TermSearch) -> ByteAutomaton:
    """The texts in which no term ends: the states of the search that are reached without, in that order."""
    number = {START: 0}
    order = [START]
    states: list[list[tuple[int, int, int, int]]] = []
    for state in order:  # grows while it is read
        edges = [edge for edge in search.edges(state) if not search.found[edge[2]]]
        for _, _, target in edges:
            if target not in number:
                number[target] = len(order)
                order.append(target)
        states.append([(low, high, number[target], NO_UNIT) for low, high, target in edges])
    return automaton_of(states, [True] * len(states))
