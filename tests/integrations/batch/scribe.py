"""A model for tests: it throws dice for every token that the grammar allows, by the row's seed, within microseconds.

    python -m tests.integrations.batch.scribe IN OUT [--seconds S] [--workers N] [--notes FOLDER]

runs a job with it, on Ray where workers are asked for, so that tests can kill it. Some prompts are orders (`ORDERS`).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maskwright as mw
from maskwright.integrations.batch import Asking, Constraint, Fields, Job, Kind, OnRay, Written, run, run_here
from maskwright.integrations.batch.answers import Answer
from maskwright.integrations.batch.work import Grammars, Request
from maskwright.matching.bitmask import unpack_bitmask
from maskwright.sampling.random_key import RandomKey

N_TOKENS = 257
END = 256
MOST_TOKENS = 60

WORDS = Constraint(Kind.REGEX, "[a-z]{1,6}(-[0-9]{2})?")

ORDERS = ("refuse", "break", "die", "die once")
"""A row that is refused, a host that fails, a process that dies, and one that dies the first time only."""


@dataclass(frozen=True)
class Scribe:
    """The model. seconds: for each batch.  notes: a folder where each process leaves a file named by its number."""

    seconds: float = 0.0
    notes: str | None = None

    @property
    def description(self) -> Mapping[str, Any]:
        return {"engine": "scribe"}

    def vocabulary(self) -> mw.Vocabulary:
        return mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[END])

    def engine(self, grammars: Grammars) -> ScribeEngine:
        if self.notes is not None:
            (Path(self.notes) / str(os.getpid())).touch()
        return ScribeEngine(self, grammars)


class ScribeEngine:
    """Answers batches of requests."""

    def __init__(self, scribe: Scribe, grammars: Grammars) -> None:
        self._scribe = scribe
        self._grammars = grammars

    def __call__(self, requests: Sequence[Request]) -> list[Answer]:
        for request in requests:
            self._obey(str(request.prompt))
        time.sleep(self._scribe.seconds)
        return [self._written(request) for request in requests]

    def close(self) -> None:
        if self._scribe.notes is not None:
            (Path(self._scribe.notes) / "closed").touch()

    def _obey(self, prompt: str) -> None:
        if prompt == "refuse":
            raise ValueError("the scribe refuses")
        if prompt == "break":
            raise RuntimeError("the quill is broken")
        if prompt == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if prompt == "die once":
            assert self._scribe.notes is not None
            done = Path(self._scribe.notes) / "died"
            if not done.exists():
                done.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    def _written(self, request: Request) -> Written:
        matcher = self._grammars(request.constraint).matcher()
        mask = mw.allocate_bitmask(1, N_TOKENS)
        tokens: list[int] = []
        for number in RandomKey.from_seed(request.seed).uniforms(MOST_TOKENS):
            matcher.fill_bitmask(mask[0])
            allowed = unpack_bitmask(mask, N_TOKENS)[0].nonzero()[0]
            token = int(allowed[int(number * len(allowed))])
            matcher.accept_token(token)
            tokens.append(token)
            if token == END:
                break
        text = bytes(token for token in tokens if token != END).decode()
        return Written(text, tokens[-1] == END, request.constraint.kind is Kind.JSON, len(request.prompt), len(tokens))


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_answers(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--notes")
    parser.add_argument("--schema-field")
    arguments = parser.parse_args()
    asking, fields = Asking(WORDS), Fields(schema=arguments.schema_field)
    job = Job(arguments.input, arguments.output, asking, fields)
    runner = run_here if arguments.workers is None else OnRay("local", workers=arguments.workers)
    run(job, Scribe(arguments.seconds, arguments.notes), runner)


if __name__ == "__main__":
    main()
