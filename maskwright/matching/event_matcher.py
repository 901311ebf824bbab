"""A matcher that tells what its tokens complete: values of the JSON document with their paths, as they are written.

    matcher = grammar.event_matcher()
    matcher.accept_token(token)     # [ValueCompleted(("name",), "Ann")], if it was that token that completed it
    matcher.rollback(1)             # as if the token had never been read; the next ones tell of what they complete

A reader of JSON is a value (`json_events`), so beside the trail of the matcher stands one reader for each step, and
going back is cutting off both. What a text means does not depend on how it is cut into tokens, and so neither do the
events of a text, all together. The end token completes a number that stands for itself.

The text has to be a JSON document as a whole: JSON within a larger text (a tool call in its envelope) is refused with
`NotJSON` at the first byte that is none, and nothing is read then. `grammar.function_calls` reads such replies.
Cost: what the reader costs, some microseconds a token; a matcher that nobody asked for events does not pay anything.

Rejected: a list of listeners in `Matcher`, to be asked at every token that anybody reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, final

from maskwright.errors import NotJSON
from maskwright.matching.json_events import JSONEvent, JSONReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maskwright.matching.matcher import Matcher
    from maskwright.matching.vocabulary import Vocabulary


@final
class EventMatcher:
    """One JSON document in progress, made by `CompiledGrammar.event_matcher`; what `Matcher` has too means the same."""

    __slots__ = ("_matcher", "_readers")

    def __init__(self, matcher: Matcher, readers: list[JSONReader]) -> None:
        assert len(readers) == matcher.n_accepted + 1, "one at the start, and one after each step"
        self._matcher = matcher
        self._readers = readers

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""
        return self._matcher.vocabulary

    @property
    def n_accepted(self) -> int:
        """How many accepts can be rolled back."""
        return self._matcher.n_accepted

    @property
    def reader(self) -> JSONReader:
        """The document as far as it was read."""
        return self._readers[-1]

    def accept_token(self, token_id: int) -> list[JSONEvent]:
        """Read one token; what it completes. Raises TokenRejected or NotJSON, and changes nothing then."""
        self._matcher.accept_token(token_id)
        is_end = self._matcher.is_finished()
        return self._read(None if is_end else self.vocabulary.text_of(token_id))

    def accept_tokens(self, token_ids: Iterable[int]) -> tuple[int, list[JSONEvent]]:
        """Read tokens until one is refused; how many were read, which stay, and what these complete."""
        n_before = self.n_accepted
        events: list[JSONEvent] = []
        for token in token_ids:
            if not self._matcher.allows(token):
                break
            events += self.accept_token(token)
        return self.n_accepted - n_before, events

    def accept_bytes(self, text: bytes) -> list[JSONEvent]:
        """Read bytes, as one step for `rollback`; what they complete. Raises TokenRejected or NotJSON."""
        self._matcher.accept_bytes(text)
        return self._read(text)

    def _read(self, text: bytes | None) -> list[JSONEvent]:
        """What the step that the matcher has just taken completes; None is the end of the text."""
        reader = self._readers[-1]
        try:
            after, events = reader.end() if text is None else reader.read(text)
        except NotJSON:
            self._matcher.rollback(1)
            raise
        self._readers.append(after)
        return events

    def rollback(self, n: int) -> None:
        """Take back the last n accepts and what they completed; raises MatcherError if there were fewer."""
        self._matcher.rollback(n)
        del self._readers[self._matcher.n_accepted + 1 :]

    def fork(self) -> EventMatcher:
        """An event matcher at the same place that goes its own way."""
        return EventMatcher(self._matcher.fork(), self._readers.copy())

    def reset(self) -> None:
        """Begin the text anew."""
        self._matcher.reset()
        del self._readers[1:]

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token, as far as the grammar goes?"""
        return self._matcher.allows(token_id)

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens into int32[ceil(vocabulary size / 32)]."""
        self._matcher.fill_bitmask(row)

    def is_accepting(self) -> bool:
        """May the text end here (or has it)?"""
        return self._matcher.is_accepting()

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._matcher.is_finished()
