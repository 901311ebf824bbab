"""Rows of a JSONL file: one JSON object a line, each with a prompt or messages, perhaps an id and a schema.

    {"id": "a", "prompt": "A person as JSON:"}
    {"id": "b", "messages": [{"role": "user", "content": "Who are you?"}]}

A line that is no such object is a row too, one with an `error`: whoever counts lines gets as many answers. Lines of
white space are no rows. Lines end with a line feed alone, for JSON texts may hold all other separators; a byte order
mark at the start is forgiven. A row without an id is known by the number of its line; one that cannot be read has none.

The file is read twice: `survey` goes through all of it before anything is generated, for what would otherwise come out
after hours (an id that occurs twice, how many rows there are); `read_rows` streams. Cost: the survey keeps every id,
some 100 bytes each. Rejected: digests of ids, which are no shorter than most ids in Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from maskwright.integrations.batch.errors import DuplicateId, UnusableFile

#: Longer lines are refused row by row: no model reads so much, and one line must not fill the memory.
MAX_ROW_BYTES: Final = 16 << 20

Message: TypeAlias = dict[str, Any]
Schema: TypeAlias = dict[str, Any] | bool


@dataclass(frozen=True, slots=True)
class Fields:
    """What the members of a row are called; `schema` None: rows bring no schemas of their own."""

    id: str = "id"
    prompt: str = "prompt"
    messages: str = "messages"
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """Why there is no text for a row: the name of an error and its sentence."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> RowError:
        """`RowError.of(ValueError("too long"))` -> `RowError("ValueError", "too long")`."""
        return cls(type(error).__name__, str(error) or type(error).__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read. prompt: a text, or messages for the chat template. schema: the row's own, or None."""

    line: int
    id: str | int | None
    prompt: str | list[Message] = ""
    schema: Schema | None = None
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a file before it is worked on; digest: of its bytes, hexadecimal."""

    n_rows: int
    digest: str


def survey(path: Path, fields: Fields) -> Survey:
    """Go through a file once; raises DuplicateId and UnusableFile."""
    lines: dict[str | int, int] = {}
    n_rows = 0
    for row in read_rows(path, fields):
        n_rows += 1
        if row.id is not None and lines.setdefault(row.id, row.line) != row.line:
            raise DuplicateId(path, row.line, row.id, lines[row.id])
    with path.open("rb") as file:
        return Survey(n_rows, hashlib.file_digest(file, "blake2b").hexdigest()[:32])


def read_rows(path: Path, fields: Fields) -> Iterator[Row]:
    """The rows of a file in their order, good and bad; raises UnusableFile."""
    if not path.is_file():
        raise UnusableFile(path, "there is no such file of rows" if not path.exists() else "this is no file")
    try:
        with path.open("rb") as file:
            for line, content in enumerate(_lines(file), 1):
                if content.strip():
                    yield _row(line, content, fields)
    except OSError as error:
        raise UnusableFile(path, f"its rows cannot be read ({error.strerror or error})") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long as much as shows that it is."""
    while line := file.readline(MAX_ROW_BYTES + 2):
        yield line
        rest = line
        while len(rest) == MAX_ROW_BYTES + 2 and not rest.endswith(b"\n"):
            rest = file.readline(MAX_ROW_BYTES + 2)


def _row(line: int, content: bytes, fields: Fields) -> Row:
    if line == 1:
        content = content.removeprefix(b"\xef\xbb\xbf")
    content = content.removesuffix(b"\n")
    if len(content) > MAX_ROW_BYTES:
        return _bad(line, None, f"the line is longer than {MAX_ROW_BYTES >> 20} MiB")
    try:
        value = json.loads(content.decode())
    except UnicodeDecodeError as error:
        return _bad(line, None, f"the line is not UTF-8 (byte {error.start + 1})")
    except json.JSONDecodeError as error:
        return _bad(line, None, f"the line is not JSON: {error.msg.removesuffix(' at')} at column {error.colno}")
    except RecursionError:
        return _bad(line, None, "the JSON is nested too deeply to be read")
    except ValueError as error:  # an integer of more digits than Python reads
        return _bad(line, None, f"the JSON cannot be read: {error}")
    if not isinstance(value, dict):
        return _bad(line, None, "the line is not a JSON object")
    name = value.get(fields.id, line)
    if not isinstance(name, str | int) or isinstance(name, bool):
        return _bad(line, None, f"{fields.id!r} is neither a text nor a whole number")
    return _with_prompt(line, name, value, fields)


def _with_prompt(line: int, name: str | int, value: dict[str, Any], fields: Fields) -> Row:
    prompt: str | list[Message]
    text, messages = value.get(fields.prompt), value.get(fields.messages)
    if text is None and messages is None:
        return _bad(line, name, f"it has neither {fields.prompt!r} nor {fields.messages!r}")
    if text is not None and messages is not None:
        return _bad(line, name, f"it has both {fields.prompt!r} and {fields.messages!r}")
    if isinstance(text, str):
        prompt = text
    elif text is not None:
        return _bad(line, name, f"{fields.prompt!r} is not a text")
    elif isinstance(messages, list) and messages and all(isinstance(message, dict) for message in messages):
        prompt = messages
    else:
        return _bad(line, name, f"{fields.messages!r} is not a list of objects, or an empty one")
    schema = None if fields.schema is None else value.get(fields.schema)
    if schema is not None and not isinstance(schema, dict | bool):
        return _bad(line, name, f"{fields.schema!r} is not a JSON Schema: an object, true or false")
    return Row(line, name, prompt, schema)


def _bad(line: int, name: str | int | None, reason: str) -> Row:
    return Row(line, name, error=RowError("InvalidRow", f"line {line}: {reason}"))
