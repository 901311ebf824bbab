"""The tasks that quality is measured on: small languages from `schemas/sampling/`, each with a prompt.

A task file says `about`, `grammar` (a file beside it, its notation told by its ending), `prompt`, `max_tokens` (more
than the longest text has bytes, so the budget cuts nothing) and `pattern`: a regular expression of the same language,
for engines that read no such notation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TASKS = Path(__file__).resolve().parents[2] / "schemas" / "sampling"
TASK_NAMES = ("function_call", "binary_skew", "sql_subset")


@dataclass(frozen=True, slots=True)
class Task:
    """A prompt, and the language of what follows it."""

    name: str
    about: str
    grammar: Path
    prompt: str
    max_tokens: int
    pattern: str

    def compile(self, compiler: Any) -> Any:
        """The grammar, compiled by a `maskwright.Compiler`."""
        text = self.grammar.read_text(encoding="utf-8")
        match self.grammar.suffix:
            case ".json":
                return compiler.compile_json_schema(text)
            case ".gbnf":
                return compiler.compile_gbnf(text)
            case ".lark":
                return compiler.compile_lark(text)
            case other:
                raise ValueError(f"{self.grammar} is in no notation that is known by its ending {other!r}")


def read_task(name: str) -> Task:
    """The task of `schemas/sampling/NAME.json`."""
    fields = json.loads((TASKS / f"{name}.json").read_text(encoding="utf-8"))
    return Task(
        name, fields["about"], TASKS / fields["grammar"], fields["prompt"], fields["max_tokens"], fields["pattern"]
    )
