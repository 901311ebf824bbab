"""A target in a process of its own: every input counted, every failure kept."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import maskwright as mw
from maskwright.disk_cache import CACHE_DIR_VARIABLE
from tests.fuzz.inputs.record import Record
from tests.fuzz.inputs.target import Failure, Target, Verdict, bench_compiler, tried
from tests.fuzz.inputs.targets import TARGETS

RENEW_EVERY: Final = 20_000
"""A compiler is replaced after so many inputs: what it shares between grammars grows with all kinds of strings."""


@dataclass(slots=True)
class Trial:
    """A target, its record and what was found (mutable)."""

    target: Target
    compiler: mw.Compiler
    record: Record
    folder: Path
    known: dict[str, int] = field(default_factory=dict)
    """Signatures of failures, and the length of the shortest input of each."""

    @classmethod
    def ready(cls, name: str, folder: Path) -> Self:
        """With what the target needs loaded, for which its first inputs are tried, neither judged nor counted.

        Nothing is kept on disk between inputs, so each does all of its own work.
        """
        os.environ[CACHE_DIR_VARIABLE] = ""
        target, compiler = TARGETS[name], bench_compiler()
        for content in target.starters():
            tried(target, content, compiler)
        return cls(target, compiler, Record.at(folder / "record"), folder)

    def run(self, content: bytes) -> None:
        """Try one input; what is found goes to the folder."""
        record = self.record
        if record.begun % RENEW_EVERY == RENEW_EVERY - 1:
            self.compiler = bench_compiler()
        record.begin(content)
        verdict, failure = tried(self.target, content, self.compiler)
        record.read += verdict is Verdict.READ
        record.refused += verdict is Verdict.REFUSED
        if failure is not None:
            record.failed += 1
            if len(content) < self.known.get(failure.signature, 1 << 40):
                self.known[failure.signature] = len(content)
                keep_failure(self.folder, self.target.name, content, failure)
        record.end()


def keep_failure(folder: Path, name: str, content: bytes, failure: Failure) -> None:
    """Write an input and what it did into `failures`, unless a shorter one with the same signature is there."""
    digest = hashlib.blake2b(failure.signature.encode(), digest_size=6).hexdigest()
    path = folder / "failures" / f"{name}-{digest}"
    if path.exists() and path.stat().st_size <= len(content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    told = {"target": name, "signature": failure.signature, "message": failure.message, "input": repr(content[:2000])}
    path.with_suffix(".json").write_text(json.dumps(told, indent=1), encoding="utf-8")
