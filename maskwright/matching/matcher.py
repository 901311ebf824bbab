"""A matcher: one text in progress under a compiled grammar.

All questions end in one step function: the mask has the bits of exactly the tokens that `accept_token` would take.
State is a `Trail`, the path of the text through places that all texts share, so a failed call changes nothing,
`rollback` cuts the path off, and `fork` copies it. What the last place remembers is answered here, everything else by
the grammar. A matcher belongs to one thread at a time; its grammar to any number.

    matcher = grammar.matcher()
    matcher.fill_bitmask(row)          # which tokens may come next
    matcher.accept_token(token_id)     # raises TokenRejected if that one may not
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import MaskwrightError, MatcherError, TokenRejected
from maskwright.matching.bitmask import check_row, n_mask_words
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.explaining import Reason, TokenExplanation, explain_token
from maskwright.matching.finished_rows import FinishedRow
from maskwright.matching.place import Note, Place, Trail
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.where import Where, where_is

MAX_FORCED_BYTES = 4096
"""How far `forced_bytes` looks: enough for any skeleton of keys, and bounded where a grammar forces without end."""
SHOWN_BYTES = 80
"""Of a text that does not fit, in an error."""


class Matcher:
    """One text in progress; see the module for what it promises."""

    __slots__ = ("_grammar", "_places", "_reads", "_shape", "_size", "_trail")

    def __init__(self, grammar: CompiledGrammar, trail: Trail | None = None) -> None:
        self._grammar = grammar
        self._size = grammar.vocabulary.size
        self._shape = (n_mask_words(self._size),)
        # One step for each accepted token, or run of bytes. The lists of the trail are at hand for the short ways.
        self._trail = grammar.start() if trail is None else trail
        self._places = self._trail.places
        self._reads = self._trail.reads

    @property
    def grammar(self) -> CompiledGrammar:
        """The grammar that the text follows."""
        return self._grammar

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""
        return self._grammar.vocabulary

    @property
    def n_accepted(self) -> int:
        """How many accepts can be rolled back: one a token, one for each `accept_bytes`."""
        return len(self._reads)

    @property
    def place(self) -> Place:
        """Where the text is."""
        return self._places[-1]

    @property
    def finished_row(self) -> FinishedRow | None:
        """The mask, if it is finished and may be copied as it is."""
        return self._places[-1].row

    @property
    def trail(self) -> Trail:
        """The path of the text, for those who look ahead (`CompiledGrammar.look_ahead`)."""
        return self._trail

    @property
    def row_shape(self) -> tuple[int]:
        """The shape of a row of bits: (ceil(vocabulary size / 32),)."""
        return self._shape

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens into int32[ceil(vocabulary size / 32)]; the end tokens iff the text is complete.

        After an end token was taken nothing is allowed but the end tokens themselves, so that a padded row of a
        batch can go on.
        """
        kept = self._places[-1].row
        if kept is not None:
            try:
                row.data[:] = kept.words
            except (AttributeError, TypeError, ValueError, NotImplementedError):
                check_row(row, self._shape)  # says what is wrong with it
                raise
        else:
            check_row(row, self._shape)
            self._grammar.fill_row(self._trail, row)

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token?"""
        return self._places[-1].after.get(token_id) is not None or self._after(token_id) is not None

    def _after(self, token_id: int) -> tuple[Place, Note | None] | None:
        """The place after a token, or None: the one decision that accepting, allowing and validating share."""
        token = _index(token_id)
        place = self._places[-1]
        known = place.after.get(token)
        if known is not None:
            return known, None
        if token in self._grammar.end.after:
            return (self._grammar.end, None) if place.is_accepting else None
        if place.is_end or not 0 <= token < self._size:
            return None
        return self._grammar.after_token(self._trail, token)

    def accept_token(self, token_id: int) -> None:
        """Read one token; raises TokenRejected, and changes nothing, if the grammar does not allow it here."""
        if type(token_id) is int:
            place = self._places[-1]
            known = place.after.get(token_id)
            if known is None and place.loops is not None and 0 <= token_id < self._size:
                known = place if place.loops[token_id >> 5] >> (token_id & 31) & 1 else None
            if known is not None:
                self._places.append(known)
                self._reads.append(token_id)
                return
        following = self._after(token_id)
        if following is None:
            raise TokenRejected(int(token_id), self.n_accepted, self._why_rejected(int(token_id)))
        self._trail.go_on(following[0], int(token_id), following[1])

    def _why_rejected(self, token_id: int) -> str:
        """A reason that takes no look at the grammar, since a refused token may be a probe; `explain` says more."""
        vocabulary = self._grammar.vocabulary
        if not 0 <= token_id < vocabulary.size:
            return f"the vocabulary has ids from 0 to {vocabulary.size - 1}"
        if self.is_finished():
            return Reason.FINISHED.value
        if token_id in vocabulary.eos_token_ids:
            return Reason.UNFINISHED.value
        if token_id in vocabulary.special_token_ids:
            return Reason.SPECIAL_TOKEN.value
        text = vocabulary.text_of(token_id)
        if not text:
            return Reason.NO_TEXT.value
        return f"its text {text!r} does not fit"

    def step(self, token_id: int, row: NDArray[np.int32]) -> None:
        """Read one token and write what may come next: `accept_token`, then `fill_bitmask`; all of it or nothing."""
        self.accept_token(token_id)
        try:
            self.fill_bitmask(row)
        except MaskwrightError:
            self.rollback(1)
            raise

    def accept_tokens(self, token_ids: Iterable[int]) -> int:
        """Read tokens until one is refused; how many were read (those stay)."""
        count = 0
        for token in token_ids:
            following = self._after(token)
            if following is None:
                break
            self._trail.go_on(following[0], int(token), following[1])
            count += 1
        return count

    def validate_tokens(self, token_ids: Sequence[int]) -> int:
        """How many of the tokens `accept_tokens` would read; changes nothing."""
        n_steps = len(self._reads)
        try:
            return self.accept_tokens(token_ids)
        finally:
            self._trail.cut_off(n_steps)

    def accept_bytes(self, text: bytes) -> None:
        """Read bytes, as one step for `rollback`; raises TokenRejected, and changes nothing, if they do not fit."""
        if self.is_finished() or not self._grammar.read(self._trail, text):
            raise TokenRejected(-1, self.n_accepted, f"the bytes {text[:SHOWN_BYTES]!r} do not fit")

    def _can_read(self, text: bytes) -> bool:
        n_steps = len(self._reads)
        can_be_read = self._grammar.read(self._trail, text)
        self._trail.cut_off(n_steps)
        return can_be_read

    def rollback(self, n: int) -> None:
        """Take back the last n accepts, an end token too; raises MatcherError if there were fewer."""
        if not 0 <= n <= self.n_accepted:
            raise MatcherError(f"Cannot roll back {n} of {self.n_accepted} accepts")
        self._trail.cut_off(self.n_accepted - n)

    def __reduce__(self) -> tuple[object, ...]:
        raise MatcherError(
            "A matcher cannot be pickled or copied: `fork` copies it, and another process reads its tokens again"
        )

    def fork(self) -> Matcher:
        """A matcher at the same place that goes its own way."""
        return Matcher(self._grammar, self._trail.fork())

    def without_budget(self) -> Matcher:
        """A matcher at the same place that goes its own way, bound by the grammar alone."""
        return Matcher(self._grammar, self._trail.fork())

    def is_at_place_of(self, other: Matcher) -> bool:
        """Are two spellings of one text, by tokens or by bytes, at one place, so that the same may follow?

        False only where the grammar names tokens whole.
        """
        return self.place is other.place or self._grammar.are_at_one_place(self._trail, other._trail)

    def reset(self) -> None:
        """Begin the text anew."""
        self._trail.cut_off(0)

    def is_accepting(self) -> bool:
        """May the text end here (or has it)?"""
        return self._places[-1].is_accepting

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._places[-1].is_end

    def rules(self) -> tuple[str, ...]:
        """The names of the grammar's rules that the text may be in, innermost ones only; none once it has ended.

        For a JSON Schema such a name says what kind of value it is and where in the schema, for a grammar in a notation
        it is the rule's own name.
        """
        return self._grammar.rules_at(self._trail)

    def where(self) -> Where:
        """The rules that are open around the text, and in JSON which value is in progress (`where`, for a reader).

        After `{"tags": ["a"` the pointer is `/tags`, and after one more `,"` it is `/tags/1`.
        """
        return where_is(self._grammar, self._trail)

    def explain(self, token_id: int) -> TokenExplanation:
        """Why the token is allowed here or refused: the first byte that does not fit, what may come there, and where.

        `str` of it is one sentence. Nothing changes. It takes milliseconds: ask for refusals that somebody looks at.
        """
        return explain_token(self, _index(token_id))

    def forced_bytes(self) -> bytes:
        """The bytes that must come next because there is no other way (at most MAX_FORCED_BYTES)."""
        return b"" if self.is_finished() else self._grammar.forced_text(self._trail, MAX_FORCED_BYTES)

    def forced_tokens(self) -> list[int]:
        """Tokens that spell forced bytes, longest first, and stop where a longer token could straddle their end.

        They spell what any continuation must spell; another tokenisation of the same bytes may exist.
        """
        text = self.forced_bytes()
        if not text:
            return []
        trie = self._grammar.vocabulary.trie
        nodes, tokens = trie.nodes, trie.tokens
        forced: list[int] = []
        end = self.fork()
        end.accept_bytes(text)
        begin = 0
        while begin < len(text):
            node, longest, position = 0, None, begin
            while position < len(text):
                children = nodes[nodes[node, 1] : nodes[node, 2], 0]
                child = int(np.searchsorted(children, text[position]))
                if child == len(children) or children[child] != text[position]:
                    break
                node = int(nodes[node, 1]) + child
                position += 1
                if nodes[node, 3] < nodes[node, 4]:
                    longest = (int(tokens[nodes[node, 3]]), position)
            else:
                children = nodes[nodes[node, 1] : nodes[node, 2], 0]
                if any(end._can_read(bytes([byte])) for byte in children.tolist()):
                    return forced  # the forced bytes end inside a token that may go on
            if longest is None:
                return forced
            forced.append(longest[0])
            begin = longest[1]
        return forced


def _index(token_id: int) -> int:
    """A token id, of numpy's too, as Python's int; raises MatcherError."""
    try:
        return operator.index(token_id)
    except TypeError as error:
        raise MatcherError(f"Token ids must be integers, not {token_id!r}") from error


def accept_each(matchers: Sequence[Matcher], token_ids: Sequence[int]) -> None:
    """Have every matcher read its token; if one is refused raise TokenRejected, with all of them as they were."""
    n_accepted = 0
    try:
        for matcher, token in zip(matchers, token_ids, strict=True):
            # The short way of `accept_token`, without the call.
            known = matcher._places[-1].after.get(token) if type(token) is int and type(matcher) is Matcher else None
            if known is None:
                matcher.accept_token(token)
            else:
                matcher._places.append(known)
                matcher._reads.append(token)
            n_accepted += 1
    except MaskwrightError:
        for matcher in matchers[:n_accepted]:
            matcher.rollback(1)
        raise
