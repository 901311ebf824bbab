"""Files of traces: prompt examples as they stand in prompts, several in a file.

A text holds traces between lines `---`, each as it would stand in a prompt, delimiters and all; the line break before
such a line, and at the end of the file, is no part of a trace. A `.json` file holds a list of traces, each a list of
[segment, text] pairs without delimiters. `maskwright behaviour sample` writes both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.integrations.command_line.specification import read_text

if TYPE_CHECKING:
    from maskwright.grammar.behaviour.specification.spec import Spec

SEPARATOR = "---"

_SEPARATING_LINE = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FileTrace:
    """A trace of a file. number: its place among the traces from 1; line: of the file, on which it begins, from 1."""

    file: str
    number: int
    line: int
    trace: str | Pairs


def read_traces(file: str) -> list[FileTrace]:
    """The traces of a file, "-" for standard input; raises UserMistakeError."""
    text = read_text(file, "traces")
    if file.lower().endswith(".json"):
        return [FileTrace(file, number, 1, trace) for number, trace in enumerate(_of_json(text, file), 1)]
    traces, begin = list[FileTrace](), 0
    for place in [*_SEPARATING_LINE.finditer(text), None]:
        end = len(text) if place is None else place.start()
        written = text[begin:end].removesuffix("\n")
        if written.strip():
            traces.append(FileTrace(file, len(traces) + 1, text.count("\n", 0, begin) + 1, written))
        begin = end if place is None else place.end()
    if not traces:
        raise UserMistakeError(f"{file}: there is no trace in it.")
    return traces


def read_all(files: Iterable[str]) -> list[FileTrace]:
    """The traces of several files; raises UserMistakeError."""
    return [trace for file in files for trace in read_traces(file)]


def example_files(spec: Spec, path: str) -> list[str]:
    """The files of examples that a specification names, which lie beside its own."""
    return [str(Path(path).parent / name) for name in spec.examples]


def spelled(spec: Spec, trace: str | Pairs) -> str:
    """A trace as it stands in a prompt: `spelled(spec, [("q", "why?")])` -> `"[Q] why?"`."""
    if isinstance(trace, str):
        return trace
    segments = {segment.name: segment for segment in spec.segments}
    return "".join(segments[name].open + text + segments[name].close for name, text in trace)


def written(traces: Iterable[str]) -> str:
    """Traces as one text, which `read_traces` takes apart again."""
    return f"\n{SEPARATOR}\n".join(traces)


def _of_json(text: str, file: str) -> list[Pairs]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserMistakeError(f"{file}: this is no JSON: {error}.") from error
    traces = value if isinstance(value, list) else []
    if not traces or not all(map(_is_trace, traces)):
        raise UserMistakeError(f"{file}: a list of traces is expected, each a list of [segment, text] pairs.")
    return [[(name, content) for name, content in trace] for trace in traces]


def _is_trace(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in value
    )
