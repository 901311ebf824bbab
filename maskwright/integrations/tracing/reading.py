"""Reads a trace; files of a version that is not known, and lines that are none, are refused with their place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwright.errors import InvalidTraceFile
from maskwright.integrations.tracing.records import FORMAT, VERSION, Trace, TracedText, TracedToken, TraceHeader


def read_trace(path: Path) -> Trace:
    """The trace of a file; raises InvalidTraceFile, and OSError.

    A last line that is cut off, as of a run that was killed, is left out.
    """
    name = str(path)
    lines = path.read_bytes().split(b"\n")
    whole, rest = lines[:-1], lines[-1]
    del rest  # every line ends with a line break, so this one was cut
    records = list(_records(whole, name))
    if not records or records[0].get("format") != FORMAT:
        raise InvalidTraceFile(f"its first line does not say that it is a {FORMAT}", name)
    if records[0].get("version") != VERSION:
        raise InvalidTraceFile(f"it has version {records[0].get('version')}, this one reads {VERSION}", name)
    tokens: dict[int, list[TracedToken]] = {}
    complete: dict[int, bool] = {}
    for number, record in enumerate(records[1:], 2):
        try:
            text = _of(record, "text", int)
            tokens.setdefault(text, [])
            if "complete" in record:
                complete[text] = _of(record, "complete", bool)
            else:
                tokens[text].append(_token(record))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidTraceFile(f"line {number} is no line of a trace ({error})", name) from error
    texts = tuple(TracedText(tuple(tokens[text]), complete.get(text)) for text in sorted(tokens))
    return Trace(_header(records[0], name), texts)


def _records(lines: list[bytes], name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidTraceFile(f"line {number} is no JSON", name) from error
        if not isinstance(record, dict):
            raise InvalidTraceFile(f"line {number} is no JSON object", name)
        yield record


def _header(record: dict[str, Any], name: str) -> TraceHeader:
    try:
        return TraceHeader(
            vocabulary=_of(record, "vocabulary", str),
            grammar=_of(record, "grammar", str),
            name=_of(record, "name", str),
            options=_of(record, "options", dict),
        )
    except (KeyError, TypeError) as error:
        raise InvalidTraceFile(f"its first line is none of a trace ({error})", name) from error


def _token(record: dict[str, Any]) -> TracedToken:
    pointer, kept, rules = record["pointer"], record["kept"], _of(record, "rules", list)
    if not (pointer is None or isinstance(pointer, str)) or not all(isinstance(rule, str) for rule in rules):
        raise TypeError("pointer and rules must be texts")
    if not (kept is None or (isinstance(kept, int | float) and 0 <= kept <= 1)):
        raise ValueError("kept must be a probability")
    return TracedToken(
        token_id=_of(record, "token", int),
        bytes=_of(record, "bytes", str).encode("utf-8", "surrogateescape"),
        name=_of({"name": "", **record}, "name", str),
        kept=None if kept is None else float(kept),
        allowed=_of(record, "allowed", int),
        pointer=pointer,
        rules=tuple(rules),
    )


def _of(record: dict[str, Any], key: str, kind: type) -> Any:
    """A member of the right type."""
    value = record[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{key} must be of type {kind.__name__}")
    return value
