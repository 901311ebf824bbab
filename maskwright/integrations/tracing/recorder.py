"""Writes a trace while a host generates: a mask is noted, then the token that was taken from it.

    with TraceRecorder(path, TraceHeader(vocabulary.key, "json-schema", "person.json"), vocabulary) as trace:
        matcher.fill_bitmask(row)
        trace.masked(matcher, row, log_mass)      # log_mass: log of the probability of all allowed tokens, or None
        token = ...
        trace.took(token)
        matcher.accept_token(token)
        ...
        trace.ended(is_complete=True)

Each line is written as soon as it is known, so that a run which is stopped leaves what it had. What a token costs: the
place of the text (`where`, which goes on from the last token), a count of bits, and a line.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self, final

import numpy as np
from numpy.typing import NDArray

from maskwright import Matcher, Vocabulary, allowed_tokens
from maskwright.errors import MatcherError
from maskwright.integrations.tracing.records import TracedToken, TraceHeader
from maskwright.matching.behaviour.session import Session
from maskwright.matching.continuation import names_of_tokens
from maskwright.matching.where import DocumentFollower, Where, where_is


@dataclass(frozen=True, slots=True)
class _Noted:
    """A mask from which no token has been taken yet."""

    where: Where
    kept: float | None
    allowed: int


@final
class TraceRecorder:
    """One file in progress; texts are numbered, and may be written in turns. Not for several threads.

    Raises OSError where the file cannot be written.
    """

    def __init__(self, path: Path, header: TraceHeader, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n")
        self._noted: dict[int, _Noted] = {}
        self._followers: dict[int, DocumentFollower] = {}
        self._write(header.to_json())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a mask without a token is left out."""
        self._file.close()

    def masked(
        self, matcher: Matcher | Session, row: NDArray[np.int32], log_mass: float | None = None, text: int = 0
    ) -> None:
        """A mask was made: where the text was, and the log of the mass of all that it allows, if that is known."""
        if isinstance(matcher, Matcher):
            follower = self._followers.setdefault(text, DocumentFollower())
            where = where_is(matcher.grammar, matcher.trail, follower)
        else:
            where = matcher.where()
        kept = None if log_mass is None else min(1.0, math.exp(log_mass))
        self._noted[text] = _Noted(where, kept, len(allowed_tokens(row, self._vocabulary.size)))

    def took(self, token_id: int, text: int = 0) -> None:
        """A token was taken from the last mask of the text; raises MatcherError if there was none."""
        noted = self._noted.pop(text, None)
        if noted is None:
            raise MatcherError(f"Text {text} of the trace has no mask to take token {token_id} from")
        vocabulary = self._vocabulary
        added = vocabulary.text_of(token_id)
        special = vocabulary.special_token_ids.union(vocabulary.eos_token_ids)
        name = names_of_tokens(vocabulary, [token_id])[0] if token_id in special else ""
        where = noted.where
        token = TracedToken(token_id, added, name, noted.kept, noted.allowed, where.pointer, where.rules)
        self._write(token.to_json(text))

    def ended(self, *, is_complete: bool, text: int = 0) -> None:
        """The text has ended, by itself or because it was cut."""
        self._noted.pop(text, None)
        self._followers.pop(text, None)
        self._write({"text": text, "complete": is_complete})

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
