"""What is fuzzed: a target reads inputs of one kind, and this module says whether one was dealt with as promised.

    tried(target, content, bench) -> Outcome(verdict, failure)

A reader does with the bytes what a server or the command line does with a stranger's text, and returns the grammar that
came of it, if one does. It may refuse, with the errors that its target names (those of this package, nearly always);
any other exception is a failure, as is a law that does not hold (`laws`), more than MAX_SECONDS of processor time, and
memory that grows by more than MAX_BYTES. What ends the process is found out by whoever watches it (`watching`).

Failures with one `signature` (the kind, and the innermost line of the package) count as one, by their shortest input.
"""

from __future__ import annotations

import resource
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

import maskwright as mw
from maskwright.errors import MaskwrightError
from maskwright.matching.behaviour.session import Session
from maskwright.matching.compiled_grammar import CompiledGrammar
from tests.fuzz.inputs.laws import BrokenLawError, check_laws

MAX_SECONDS: Final = 5.0
MAX_BYTES: Final = 300 << 20

_PACKAGE: Final = str(Path(mw.__file__).parent)


@dataclass(frozen=True, slots=True)
class Target:
    """Inputs of one kind.

    read      tries one; returns the grammars whose laws are checked then
    contents  inputs by structure: a function, since some strategies take a while to make
    starters  inputs to begin with, for coverage-guided fuzzing
    pieces    texts that mean something in this notation
    refusals  what an input may be refused with
    is_lawful whether the laws must hold of its grammars; a forged one need only be safe
    """

    name: str
    read: Callable[[mw.Compiler, bytes], Sequence[CompiledGrammar | Session]]
    contents: Callable[[], st.SearchStrategy[bytes]]
    starters: Callable[[], Sequence[bytes]]
    pieces: tuple[str, ...] = ()
    refusals: tuple[type[Exception], ...] = (MaskwrightError,)
    is_lawful: bool = True


PIECES: Final = ['":', '",', '{"', "[[", "]]", "{{", "}}", "((", "))", "aa", "ab", "ba", "12", "00", "1" * 16, "a" * 16,
                 "  ", " " * 4, " " * 16, "\n\n", "</", "é"]  # fmt: skip
END: Final = 256
MARKS: Final = ("<think>", "</think>", "<call>")


def bench_compiler() -> mw.Compiler:
    """A compiler whose tokens are the single bytes, END, pieces that run across all borders, and marks."""
    single = [bytes([byte]) for byte in range(256)]
    tokens = [*single, b"", *(piece.encode() for piece in (*PIECES, *MARKS))]
    marks = {name: len(tokens) - len(MARKS) + number for number, name in enumerate(MARKS)}
    vocabulary = mw.Vocabulary(tokens, eos_token_ids=[END], special_token_ids=marks.values(), special_token_names=marks)
    return mw.Compiler(vocabulary, cache_bytes=0)


class Verdict(Enum):
    """What became of an input."""

    READ = "read"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A promise that was broken. `kind` is the name of the exception, "slow" or "memory"; `place` is `file.py:line`."""

    kind: str
    place: str
    message: str

    @property
    def signature(self) -> str:
        """The same for failures that have most probably one cause."""
        return f"{self.kind} at {self.place}"


def tried(target: Target, content: bytes, compiler: mw.Compiler) -> tuple[Verdict, Failure | None]:
    """Try one input in this process."""
    begin, before = time.process_time(), peak_bytes()
    try:
        for grammar in target.read(compiler, content):
            check_laws(grammar, content)
        verdict = Verdict.READ
    except target.refusals:
        verdict = Verdict.REFUSED
    except BrokenLawError as error:
        if not target.is_lawful:
            return Verdict.READ, None
        return Verdict.FAILED, Failure("law", str(error).split(":", 1)[0], str(error))
    except Exception as error:  # noqa: BLE001  the very thing that is looked for
        return Verdict.FAILED, Failure(type(error).__name__, _innermost(error), str(error)[:500])
    seconds, grown = time.process_time() - begin, peak_bytes() - before
    if seconds > MAX_SECONDS:
        return Verdict.FAILED, Failure("slow", target.name, f"{seconds:.1f} s of processor time")
    if grown > MAX_BYTES:
        return Verdict.FAILED, Failure("memory", target.name, f"{grown / 2**20:.0f} MB")
    return verdict, None


def peak_bytes() -> int:
    """The most memory that this process has had so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _innermost(error: BaseException) -> str:
    """The innermost place of the package in the trace of an error, else the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PACKAGE)]
    frame = (ours or frames)[-1]
    return f"{frame.filename.removeprefix(_PACKAGE + '/')}:{frame.lineno}"
