"""Answers to rows, and the lines that they are written as.

    {"id": "a", "line": 1, "finish_reason": "stop", "n_prompt_tokens": 7, "n_tokens": 12, "text": "...", "value": ...}
    {"id": "b", "line": 2, "finish_reason": "error", "error": {"kind": "InvalidRow", "message": "..."}}

`value` stands where a text of a JSON Schema is complete. It is the text itself with blanks in place of line breaks,
which JSON has between its tokens only: numbers stay what they were written as, and nothing is too long or too deep.
(Rejected: to parse and print it, which turns 1e400 into no JSON at all.) It comes last, so that the head of a line can
be read again without it: `, "text": ` occurs in no JSON string, where a quote has a backslash before it.

`text` is decoded from the bytes of the tokens; half a character, where a text was cut, reads as U+FFFD.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from maskwright.integrations.batch.rows import Row, RowError

_HEAD_END: Final = b', "text": '

STOP: Final = "stop"
LENGTH: Final = "length"
ERROR: Final = "error"


@dataclass(frozen=True, slots=True)
class Written:
    """A text that a model wrote; `is_complete`: it ended by itself, else the most tokens cut it."""

    text: str
    is_complete: bool
    is_json: bool
    n_prompt_tokens: int
    n_tokens: int


Answer: TypeAlias = Written | RowError


@dataclass(frozen=True, slots=True)
class Head:
    """What a line says of its row."""

    line: int
    id: str | int | None
    finish_reason: str


def line_of(row: Row, answer: Answer) -> bytes:
    """The line of an answer, its end included; UTF-8, or ASCII where a text has half of a surrogate pair."""
    head: dict[str, Any] = {"id": row.id, "line": row.line}
    if isinstance(answer, RowError):
        return _encoded(head | {"finish_reason": ERROR, "error": {"kind": answer.kind, "message": answer.message}}, "")
    head["finish_reason"] = STOP if answer.is_complete else LENGTH
    head |= {"n_prompt_tokens": answer.n_prompt_tokens, "n_tokens": answer.n_tokens, "text": answer.text}
    has_value = answer.is_complete and answer.is_json
    return _encoded(head, answer.text.replace("\n", " ").replace("\r", " ") if has_value else "")


def _encoded(record: dict[str, Any], value: str) -> bytes:
    more = f', "value": {value}' if value else ""
    try:
        return f"{json.dumps(record, ensure_ascii=False)[:-1]}{more}}}\n".encode()
    except UnicodeEncodeError:
        return f"{json.dumps(record)[:-1]}{more}}}\n".encode()


def head_of(line: bytes) -> Head | None:
    """What a line says of its row; None for a line that is no whole answer."""
    if not line.endswith(b"}\n") or b"\0" in line:
        return None
    head, text, _ = line.partition(_HEAD_END)
    try:
        record = json.loads(head + b"}" if text else line)
        return Head(record["line"], record["id"], record["finish_reason"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
