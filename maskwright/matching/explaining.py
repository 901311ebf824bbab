"""Why a token is allowed or refused at a place of a text, as a record and as one sentence.

    str(matcher.explain(t))
    # Token 57 (`12x`) is not allowed at /age: after `12`, found `x`, expected a digit, `,` or `}` (schema:
    # /properties/age).

A token is refused at its first byte that no text of the grammar has there, so its bytes are read one by one on a fork
of the matcher; what could have come instead is told by trying all others (`continuation`), and where the text stands by
`where`. Whether the token is allowed is asked of the matcher itself, so there is one answer. Nothing is changed and
nothing is kept; cost: some milliseconds, so this is for a refusal that somebody looks at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from maskwright.errors import TokenRejected
from maskwright.matching.continuation import Continuation, expected_at, names_of_tokens, quoted
from maskwright.matching.repeated_values import repetition_at
from maskwright.matching.where import Where, named_rules

if TYPE_CHECKING:
    from maskwright.matching.matcher import Matcher

NOTHING_EXPECTED = Continuation((), may_end=False)
NOWHERE = Where()
MOST_POINTERS = 4
"""Places of a schema that a sentence names."""


class Reason(StrEnum):
    """Why a token is refused, or that it is not."""

    ALLOWED = "it is allowed"
    WRONG_BYTE = "a byte of it does not fit"
    REPETITION = "it ends a value that repeats a sibling"
    UNFINISHED = "the text is not complete"
    FINISHED = "the text has ended"
    SPECIAL_TOKEN = "it is a special token, which the grammar does not name here"
    NO_TEXT = "it has no text"
    NO_TOKEN = "it is no token of the vocabulary"
    OVER_BUDGET = "what must still follow would not fit into the budget"
    NOT_ITS_TURN = "it is not the model's turn"
    RULE = "a rule of the behaviour specification forbids it"


@dataclass(frozen=True, slots=True)
class TokenExplanation:
    """What a grammar says of one token at one place.

    text: the bytes that the token adds to the text; name: its spelling if it is a special one; ends_text: does it end
    the text?
    accepted: the bytes of it that fit.  position, found: where in `text` the first one that does not is, and which
    byte it is; None if another reason refuses the token.  expected: what may come there instead.
    where: the place behind `accepted`.  repeated: for a REPETITION, the string, number or word that is repeated, as far
    as it is one.  n_needed, n_left: for OVER_BUDGET, the tokens that the shortest completion takes with this token, and
    those that are left.  forbidden_by: for RULE, the ids of the rules.  because: more about that, a clause.
    """

    token_id: int
    text: bytes
    name: str
    reason: Reason
    accepted: bytes = b""
    position: int | None = None
    found: int | None = None
    expected: Continuation = NOTHING_EXPECTED
    where: Where = NOWHERE
    repeated: bytes = b""
    n_needed: int | None = None
    n_left: int | None = None
    forbidden_by: tuple[str, ...] = ()
    because: str = ""
    ends_text: bool = False

    @property
    def is_allowed(self) -> bool:
        """Would the matcher take the token?"""
        return self.reason is Reason.ALLOWED

    def __str__(self) -> str:
        spelled = self.name.encode("utf-8", "replace") or self.text
        shown = [*([quoted(spelled)] if spelled else []), *(["ends the text"] if self.ends_text else [])]
        token = f"Token {self.token_id} ({', '.join(shown)})" if shown else f"Token {self.token_id}"
        if self.is_allowed:
            return f"{token} is allowed {self.where}."
        return f"{token} is not allowed {self.where}: {self._cause()}."

    def _cause(self) -> str:
        expected = f", expected {self.expected}" if self.expected != NOTHING_EXPECTED else ""
        after = f"after {quoted(self.accepted)}, " if self.accepted else ""
        match self.reason:
            case Reason.WRONG_BYTE:
                assert self.position is not None
                found = found_at(self.text, self.position)
                return f"{after}found {found}{expected}{in_what(self.where)}"
            case Reason.REPETITION:
                return f"{after}{repeated_clause(self.where, self.repeated, self.expected)}"
            case Reason.OVER_BUDGET if self.n_needed is not None and self.n_left is not None:
                return f"the shortest completion needs {self.n_needed} more tokens, {self.n_left} are left"
            case Reason.RULE | Reason.NOT_ITS_TURN | Reason.NO_TOKEN | Reason.OVER_BUDGET if self.because:
                return f"{after}{self.because}{expected}"
        return f"{self.reason}{expected}"


def found_at(text: bytes, position: int) -> str:
    """The character at a byte of a text, or of which that byte is a part: `found_at("é".encode(), 0)` -> "`é`"."""
    begin = position
    while begin > 0 and 0x80 <= text[begin] < 0xC0:
        begin -= 1
    for end in range(begin + 1, begin + 5):
        try:
            character = text[begin:end].decode()
        except UnicodeDecodeError:
            continue
        shown = quoted(character.encode())
        return shown if begin == position else f"byte {text[position]:02X} of {shown}"
    return f"byte {text[position]:02X}"


def repeated_clause(where: Where, repeated: bytes, expected: Continuation) -> str:
    """That a name or an item is there already."""
    if where.is_at_name:
        return f"the object has the name {quoted(repeated)} already, expected {expected}"
    value = quoted(repeated) if repeated else "the value that ends here"
    return f"the array has {value} already, and all must differ, expected {expected}{in_what(where)}"


def in_what(where: Where) -> str:
    """The parts of a schema, or the terminals of a lexer, that a place is in, in brackets."""
    if where.schema:
        more = f" and {len(where.schema) - MOST_POINTERS} more" if len(where.schema) > MOST_POINTERS else ""
        return f" (schema: {', '.join(one or '/' for one in where.schema[:MOST_POINTERS])}{more})"
    if where.pointer is not None and where.stacks:
        return f" ({named_rules(where.innermost)})"
    return f" (terminals: {', '.join(where.terminals)})" if where.terminals else ""


def explain_token(matcher: Matcher, token_id: int, hidden: bytes = b"") -> TokenExplanation:
    """What a matcher says of a token where its text is; `hidden` are bytes that no text has."""
    vocabulary = matcher.vocabulary
    if not 0 <= token_id < vocabulary.size:
        because = f"the vocabulary has ids from 0 to {vocabulary.size - 1}"
        return TokenExplanation(token_id, b"", "", Reason.NO_TOKEN, where=matcher.where(), because=because)
    text = vocabulary.text_of(token_id)
    is_special = token_id in vocabulary.special_token_ids or token_id in vocabulary.eos_token_ids
    spelled = vocabulary.token_bytes[token_id : token_id + 1] if is_special else ()
    name = next((one.decode("utf-8", "replace") for one in spelled if one), "")
    if is_special and token_id in vocabulary.special_token_names.values():
        name = names_of_tokens(vocabulary, [token_id])[0]
    ends_text = token_id in vocabulary.eos_token_ids
    told = TokenExplanation(token_id, text, name, Reason.ALLOWED, where=matcher.where(), ends_text=ends_text)
    if matcher.allows(token_id):
        return replace(told, accepted=text)
    if matcher.is_finished():
        return replace(told, reason=Reason.FINISHED)
    matcher = matcher.without_budget()  # to one with a budget every byte read is a token
    if matcher.allows(token_id):
        matcher.accept_token(token_id)
        return replace(told, reason=Reason.OVER_BUDGET, accepted=text, where=matcher.where())
    if text:
        return _first_refused(matcher, told, hidden)
    reason = Reason.SPECIAL_TOKEN if is_special else Reason.NO_TEXT
    if ends_text:
        reason = Reason.UNFINISHED
    return replace(told, reason=reason, expected=expected_at(matcher, hidden))


def _first_refused(matcher: Matcher, told: TokenExplanation, hidden: bytes) -> TokenExplanation:
    """Which byte of an ordinary token is refused, and why that one."""
    ahead = matcher.fork()
    n_read = read_bytes(ahead, told.text, hidden)
    if n_read == len(told.text):
        # Its bytes fit, so a limit on tokens refused it; whoever sets that limit says which.
        return replace(told, reason=Reason.OVER_BUDGET, accepted=told.text, where=ahead.where())
    found = told.text[n_read]
    refused = replace(
        told,
        reason=Reason.WRONG_BYTE,
        accepted=told.text[:n_read],
        position=n_read,
        found=found,
        expected=expected_at(ahead, hidden),
        where=ahead.where(),
    )
    repeated = repetition_at(ahead, found)
    return refused if repeated is None else replace(refused, reason=Reason.REPETITION, repeated=repeated)


def read_bytes(matcher: Matcher, text: bytes, hidden: bytes = b"") -> int:
    """Read bytes one by one until one is refused; how many were read, each as one step."""
    for position, byte in enumerate(text):
        try:
            if byte in hidden:
                return position
            matcher.accept_bytes(text[position : position + 1])
        except TokenRejected:
            return position
    return len(text)
