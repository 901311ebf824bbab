"""`maskwright check`: does a text satisfy a specification, and if not, where not and what was expected there?

The text is read as bytes against the vocabulary of single bytes, so no tokenizer has a say. Around a JSON document
white space is ignored, as a file ends with a line break; of the other kinds a file's last line break may be left out.
Inside JSON every white space and every spelling of a character or number is valid here, however generation would write
it, unless a flag says otherwise.
Special tokens that a GBNF grammar names are found in the text by their spelling.

For JSON Schema `jsonschema` is asked as well when a document is refused: it names the keyword that is not satisfied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from maskwright.errors import TokenRejected
from maskwright.integrations.command_line.messages import compiling
from maskwright.integrations.command_line.specification import Kind, Specification
from maskwright.integrations.command_line.vocabularies import N_BYTE_TOKENS, byte_vocabulary
from maskwright.matching.continuation import Continuation, continuation_of, names_of_tokens, quoted

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.matcher import Matcher

CHUNK_CHARACTERS = 4096
"""Text is read in chunks; only a chunk that is refused is read again character by character."""

MAX_ERRORS = 3
"""Of those that `jsonschema` finds."""

JSON_WHITE_SPACE = " \t\r\n"
NUMBER_CHARACTERS = frozenset("0123456789+-.eE")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the text satisfies the specification; else where not, and why in words."""

    accepted: bool
    line: int = 0
    column: int = 0
    excerpt: str = ""
    reasons: tuple[str, ...] = ()


def check(specification: Specification, options: OptionsRequest, text: str) -> Verdict:
    """Judge a text; raises UserMistakeError for a fault in the specification."""
    matcher = _matcher(specification, options)
    begin, end = 0, len(text)
    if specification.kind is Kind.JSON_SCHEMA:
        text = text.removeprefix("\ufeff")
        begin = len(text) - len(text.lstrip(JSON_WHITE_SPACE))
        end = len(text.rstrip(JSON_WHITE_SPACE))
    position = _read(matcher, text[begin:end]) + begin
    if position == end and matcher.is_accepting():
        return Verdict(accepted=True)
    if specification.kind is not Kind.JSON_SCHEMA and text.endswith("\n"):
        shorter = text.removesuffix("\n").removesuffix("\r")
        retried = _matcher(specification, options)
        if position >= len(shorter) and _read(retried, shorter) == len(shorter):
            if retried.is_accepting():
                return Verdict(accepted=True)
            matcher, position, end = retried, len(shorter), len(shorter)
    if specification.kind is Kind.JSON_SCHEMA:
        # 200 may become 200e-1, but who wrote 200 should be shown where it is too large
        plain = _matcher(specification, replace(options, numbers=options.numbers or "canonical"))
        earlier = _read(plain, text[begin:end]) + begin
        if NUMBER_CHARACTERS.issuperset(text[earlier:position]):
            matcher, position = plain, earlier
    return _refusal(specification, text, position, end, matcher)


def _matcher(specification: Specification, options: OptionsRequest) -> Matcher:
    from maskwright import Compiler

    with compiling():
        grammar = specification.liberal_grammar(options)
        vocabulary = byte_vocabulary(grammar if specification.kind is Kind.GBNF else None)
        return specification.compiled(Compiler(vocabulary), grammar).matcher()


def _read(matcher: Matcher, text: str) -> int:
    """Read as much as is allowed; the number of characters read.

    Where the grammar names tokens it may also ask for "any token but this", so there bytes are read as tokens.
    """
    vocabulary = matcher.grammar.vocabulary
    names = vocabulary.special_token_names
    if vocabulary.size == N_BYTE_TOKENS:
        return _read_plain(matcher, text)
    position = 0
    for piece in re.split("(" + "|".join(map(re.escape, names)) + ")", text) if names else [text]:
        units = [piece] if piece in names else list(piece)
        for unit in units:
            tokens = [names[unit]] if unit in names else list(unit.encode())
            n_read = matcher.accept_tokens(tokens)
            if n_read < len(tokens):
                matcher.rollback(n_read)
                return position
            position += len(unit)
    return position


def _read_plain(matcher: Matcher, text: str) -> int:
    position = 0
    while position < len(text):
        chunk = text[position : position + CHUNK_CHARACTERS]
        try:
            matcher.accept_bytes(chunk.encode())
        except TokenRejected:
            for character in chunk:
                try:
                    matcher.accept_bytes(character.encode())
                except TokenRejected:
                    return position
                position += 1
        position += len(chunk)
    return position


def _refusal(specification: Specification, text: str, position: int, end: int, matcher: Matcher) -> Verdict:
    found = quoted(text[position].encode()) if position < end else "the end of the text"
    reasons = [f"found {found}, expected {_expected(matcher)}"]
    if specification.kind is Kind.JSON_SCHEMA:
        from maskwright.integrations.command_line.json_schema_judge import keywords_at_fault

        reasons += keywords_at_fault(specification.content, text)
    line_begin = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line_end = len(text) if line_end < 0 else line_end
    left = max(line_begin, position - 60)
    right = min(line_end, left + 120)
    excerpt = f"  {text[left:right]}\n  {' ' * (position - left)}^"
    return Verdict(False, text.count("\n", 0, position) + 1, position - line_begin + 1, excerpt, tuple(reasons))


def _expected(matcher: Matcher) -> str:
    """What could have come instead, special tokens included."""
    ways = continuation_of(matcher)
    vocabulary = matcher.grammar.vocabulary
    special = [token for token in sorted(vocabulary.special_token_ids) if matcher.allows(token)]
    parts = [*ways.parts, *(f"the token {name}" for name in names_of_tokens(vocabulary, special))]
    if not ways.parts and matcher.allows(ord("a")):
        parts.append("any other token")
    return str(Continuation(tuple(parts), ways.may_end))
