"""A trace as values, and as the lines of its file: JSON, one object a line (docs/explaining.md).

    {"format": "maskwright trace", "version": 1, "grammar": "json-schema", "name": "person.json", ...}
    {"text": 0, "token": 4711, "bytes": "\\"name", "kept": 0.93, "allowed": 45, "forced": false, "pointer": "", ...}
    {"text": 0, "complete": true}

The first line says what was run, each other one a token, or that a text has ended. Several texts may be written at the
same time, so each line names its text. Bytes that are no UTF-8 are written as Python's `surrogateescape` has them
(`U+DC80` for `80`), so that nothing is lost and a line stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

FORMAT: Final = "maskwright trace"
VERSION: Final = 1
"""Grows whenever a reader of an earlier version would misunderstand a line; members that are new do not count."""


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """What was run.

    grammar: its kind ("json-schema", "gbnf", ...), "" if the host does not say; name: of the specification; vocabulary:
    the key of the vocabulary; options: whatever the host was asked for, as JSON.
    """

    vocabulary: str
    grammar: str = ""
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The first line."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "grammar": self.grammar,
            "name": self.name,
            "vocabulary": self.vocabulary,
            "options": dict(self.options),
        }


@dataclass(frozen=True, slots=True)
class TracedToken:
    """One token that was taken, and the mask that it was taken from.

    bytes: what it adds to the text, nothing for special tokens; name: the spelling of one of these.  kept: the
    probability that the model gave to all allowed tokens together, None where the host does not know.  allowed: how
    many these were.  pointer: in a JSON document, the place of the value in progress.  rules: the open rules, outermost
    first.
    """

    token_id: int
    bytes: bytes
    name: str
    kept: float | None
    allowed: int
    pointer: str | None
    rules: tuple[str, ...]

    @property
    def is_forced(self) -> bool:
        """Was it the only token that was allowed?"""
        return self.allowed == 1

    def to_json(self, text: int) -> dict[str, Any]:
        """Its line in the file; `text` is the number of its text."""
        return {
            "text": text,
            "token": self.token_id,
            "bytes": self.bytes.decode("utf-8", "surrogateescape"),
            **({"name": self.name} if self.name else {}),
            "kept": self.kept,
            "allowed": self.allowed,
            "forced": self.is_forced,
            "pointer": self.pointer,
            "rules": list(self.rules),
        }


@dataclass(frozen=True, slots=True)
class TracedText:
    """The tokens of one text. is_complete: None where its end was not written, as in a run that was stopped."""

    tokens: tuple[TracedToken, ...]
    is_complete: bool | None = None

    @property
    def bytes(self) -> bytes:
        """The text."""
        return b"".join(token.bytes for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole file."""

    header: TraceHeader
    texts: tuple[TracedText, ...]
