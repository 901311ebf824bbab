"""Hostile cases as data: one YAML file each in `cases/`, read into records.

    what     a sentence: what the stranger tries
    kind     who reads the text: a name of `attempts.ATTEMPTS`
    text     a text, or its parts (below)
    options  what else the reader is given (may be left out)
    reads    a text for the matcher of the grammar, or its parts (may be left out)
    error    the class of the error that must come, or `none`
    message  its whole text, with `[...]` for what Python words differently in each version; left out without an error

A part is a text, a list of parts one behind the other, or one of

    {repeat: PART, times: N}                   N copies
    {each: TEXT, from: A, to: B, joined: T}    TEXT for the numbers from A to before B: `%d` is the number, `%n` the one
                                               behind it; `joined` stands between them, if it is given

so that a megabyte of brackets is a line to read, and nothing in a case is executed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "cases"
NO_ERROR: Final = "none"

_NEEDED: Final = {"what", "kind", "text", "error"}
_OTHERS: Final = {"options", "reads", "message"}


@dataclass(frozen=True, slots=True)
class HostileCase:
    """One case; `name` is that of its file."""

    name: str
    what: str
    kind: str
    text: str
    error: str
    message: str = ""
    reads: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def is_as_said(self, error: str, message: str) -> bool:
        """Is it this error, in these words?"""
        pattern = ".*".join(map(re.escape, self.message.split("[...]")))
        return error == self.error and re.fullmatch(pattern, message, re.DOTALL) is not None


def hostile_cases(folder: Path = FOLDER) -> list[HostileCase]:
    """All cases of a folder, by name."""
    return [_case(path) for path in sorted(folder.glob("*.yaml"))]


def text_of(part: object) -> str:
    """`text_of([{"repeat": "ab", "times": 2}, "c"])` -> `"ababc"`; raises ValueError for what is no part."""
    match part:
        case str():
            return part
        case list():
            return "".join(map(text_of, part))
        case {"repeat": repeated, "times": int(times), **others} if not others:
            return text_of(repeated) * times
        case {"each": str(each), "from": int(begin), "to": int(end), **others} if not set(others) - {"joined"}:
            joined = str(others.get("joined", ""))
            return joined.join(_numbered(each, number) for number in range(begin, end))
    raise ValueError(f"this is no part of a text: {part!r}"[:200])


def _numbered(text: str, number: int) -> str:
    return text.replace("%d", str(number)).replace("%n", str(number + 1))


def _case(path: Path) -> HostileCase:
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = set(record)
    if names - _NEEDED - _OTHERS or _NEEDED - names:
        raise ValueError(f"{path.name} has {sorted(names)}")
    return HostileCase(
        path.stem,
        record["what"],
        record["kind"],
        text_of(record["text"]),
        record["error"],
        record.get("message", ""),
        text_of(record["reads"]) if "reads" in record else None,
        record.get("options", {}),
    )
