"""Does a text belong to a grammar, and if not, where not, and what could have come there?

    str(grammar.explain('{"age": 12x}'))
    # The text does not satisfy the grammar at line 1, column 11 (/age): found `x`, expected `}`, a digit or white space
    # (schema: /properties/age).

The text is read as far as any text of the grammar goes, character by character; what comes then is explained as for a
token (`explaining`). A text that ends too early is shown with a shortest end (`completing`). Special tokens are found
in it by their spelling, where the grammar takes them. Cost: reading the text, and some milliseconds for a refusal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwright.errors import TokenRejected
from maskwright.matching.completing import shortest_completion
from maskwright.matching.continuation import Continuation, expected_at, quoted
from maskwright.matching.explaining import found_at, in_what, repeated_clause
from maskwright.matching.repeated_values import repetition_at
from maskwright.matching.where import Where

if TYPE_CHECKING:
    from maskwright.matching.matcher import Matcher

CHUNK_BYTES = 4096
"""Text is read in chunks; only a chunk that is refused is read again character by character."""
MOST_BEFORE, MOST_SHOWN = 60, 120
"""Characters of the line that an excerpt shows."""

_CHARACTER = re.compile(rb"[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]{0,3}|[\x80-\xbf]")


@dataclass(frozen=True, slots=True)
class TextExplanation:
    """What a grammar says of a whole text.

    position: how many bytes of it begin a text of the grammar; line and column, counted from 1, are where that ends, in
    characters.  found: the character there, in words.  expected: what may come instead, or next.  where: the place.
    is_incomplete: the text only ends too early.  completion: the shortest end that it could have there, if one was
    found.  repeated: the value that would be repeated, if that is why.
    """

    text: bytes
    satisfies: bool
    position: int
    line: int
    column: int
    found: str
    expected: Continuation
    where: Where
    is_incomplete: bool = False
    completion: bytes | None = None
    repeated: bytes | None = None

    @property
    def excerpt(self) -> str:
        """The line of the text that goes wrong, and below it a mark under the character."""
        before = self.text[: self.position].decode("utf-8", "replace")
        behind = self.text[self.position :].decode("utf-8", "replace")
        line = before[before.rfind("\n") + 1 :]
        rest = behind.partition("\n")[0]
        left = line[-MOST_BEFORE:]
        return f"{left}{rest[: MOST_SHOWN - len(left)]}\n{' ' * len(left)}^"

    @property
    def cause(self) -> str:
        """What is wrong there, a clause."""
        if self.repeated is not None:
            return repeated_clause(self.where, self.repeated, self.expected)
        return f"found {self.found}, expected {self.expected}{in_what(self.where)}"

    def __str__(self) -> str:
        if self.satisfies:
            return "The text satisfies the grammar."
        at = f"line {self.line}, column {self.column}"
        at += f" ({self.where})" if str(self.where) else ""
        if not self.is_incomplete:
            return f"The text does not satisfy the grammar at {at}: {self.cause}."
        ending = f"; {quoted(self.completion)} would complete it" if self.completion else ""
        return f"The text is incomplete at {at}: expected {self.expected}{ending}."


def explain_text(matcher: Matcher, text: bytes) -> TextExplanation:
    """What a matcher at its start says of a text, which it then has read as far as it goes."""
    return explain_read(matcher, text, read_text(matcher, text))


def explain_read(matcher: Matcher, text: bytes, position: int, end: int | None = None) -> TextExplanation:
    """The same where the matcher has read `position` bytes of a text, of which only those before `end` count."""
    end = len(text) if end is None else end
    is_all = position >= end
    before = text[:position].decode("utf-8", "ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    if is_all and matcher.is_accepting():
        nothing = Continuation((), may_end=True)
        return TextExplanation(text, True, position, line, column, "the end of the text", nothing, matcher.where())
    return TextExplanation(
        text,
        satisfies=False,
        position=position,
        line=line,
        column=column,
        found="the end of the text" if is_all else found_at(text, position),
        expected=expected_at(matcher),
        where=matcher.where(),
        is_incomplete=is_all,
        completion=shortest_completion(matcher) if is_all else None,
        repeated=None if is_all else repetition_at(matcher, text[position]),
    )


def read_text(matcher: Matcher, text: bytes) -> int:
    """Read as much of a text as begins one of the grammar; how many bytes that are."""
    if not matcher.grammar.names_tokens:
        return _read_plain(matcher, text)
    vocabulary = matcher.vocabulary
    names = {name.encode(): token for name, token in vocabulary.special_token_names.items() if name}
    pieces = re.split(b"(" + b"|".join(map(re.escape, sorted(names, key=len, reverse=True))) + b")", text)
    token_of = {one: token for token, one in enumerate(vocabulary.token_bytes) if len(one) == 1}
    token_of = {one: token for one, token in token_of.items() if vocabulary.text_of(token)}
    position = 0
    for piece in pieces if names else [text]:
        if piece in names and matcher.allows(names[piece]):
            matcher.accept_token(names[piece])
            position += len(piece)
            continue
        for character in _CHARACTER.findall(piece):
            n_steps = matcher.n_accepted
            try:
                for byte in character:
                    one = bytes([byte])
                    matcher.accept_token(token_of[one]) if one in token_of else matcher.accept_bytes(one)
            except TokenRejected:
                matcher.rollback(matcher.n_accepted - n_steps)
                return position
            position += len(character)
    return position


def _read_plain(matcher: Matcher, text: bytes) -> int:
    position = 0
    while position < len(text):
        end = position + CHUNK_BYTES
        while end < len(text) and 0x80 <= text[end] < 0xC0 and end > position + 1:
            end -= 1
        chunk = text[position:end]
        try:
            matcher.accept_bytes(chunk)
        except TokenRejected:
            for character in _CHARACTER.findall(chunk):
                try:
                    matcher.accept_bytes(character)
                except TokenRejected:
                    return position
                position += len(character)
        position = end
    return min(position, len(text))
