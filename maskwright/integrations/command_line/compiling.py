"""`maskwright compile`: what a specification becomes, how exact and how large it is, and how long that takes."""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.errors import UnsupportedSchema
from maskwright.integrations.command_line import precomputing
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.precomputing import precompute_visibly
from maskwright.integrations.command_line.specification import FRONT_ENDS, NAMES, Specification
from maskwright.integrations.command_line.vocabularies import NamedVocabulary

if TYPE_CHECKING:
    from maskwright.grammar.report import Report
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.compiled_grammar import MemoryUse
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.precomputing import Precomputed


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds, without the loading of modules and kernels."""

    read: float
    build: float
    first_mask: float
    again: float


@dataclass(frozen=True, slots=True)
class Description:
    """What there is to say about a compiled specification."""

    name: str
    kind: str
    vocabulary: str
    n_tokens: int
    times: Times
    memory: MemoryUse
    has_empty_text: bool
    report: Report
    precomputed: Precomputed | None

    def rows(self) -> list[tuple[str, str]]:
        """Rows of (what, value) for people."""
        times, memory = self.times, self.memory
        whole = f"{times.read + times.build:.2f} ms ({times.read:.2f} ms to read, {times.build:.2f} ms to build)"
        sizes = f"{memory.arena_bytes / 2**20:.1f} MiB of automaton, {memory.row_bytes / 2**20:.1f} MiB of masks"
        return [
            ("specification", f"{self.name} ({self.kind})"),
            ("vocabulary", f"{self.vocabulary}, {self.n_tokens:,} tokens"),
            ("time to compile", whole),
            ("time to compile again", f"{times.again:.2f} ms, now that its patterns are known in this process"),
            ("time to the first mask", f"{times.first_mask:.2f} ms"),
            ("rules", f"{memory.n_rules_found:,} found, {memory.n_rules_built:,} built"),
            ("states", f"{memory.n_states:,} (others are built when a text reaches them)"),
            ("memory", sizes),
            *([] if self.precomputed is None else [precomputing.row(self.precomputed)]),
            ("the empty text", "is a member" if self.has_empty_text else "is not a member"),
            ("report", self.report.summary()),
        ]

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        times, memory = self.times, self.memory
        return {
            "specification": self.name,
            "kind": self.kind,
            "vocabulary": {"name": self.vocabulary, "tokens": self.n_tokens},
            "milliseconds": {
                "read": times.read, "build": times.build, "first_mask": times.first_mask, "again": times.again,
            },
            "rules": {"found": memory.n_rules_found, "built": memory.n_rules_built},
            "states": memory.n_states,
            "bytes": {"automaton": memory.arena_bytes, "masks": memory.row_bytes},
            "precomputed": None if self.precomputed is None else precomputing.to_json(self.precomputed),
            "has_empty_text": self.has_empty_text,
            "report": self.report.to_json(),
        }  # fmt: skip


def describe(
    specification: Specification, named: NamedVocabulary, options: OptionsRequest, precompute_seconds: float | None
) -> Description:
    """Compile the specification and measure it, then make masks ahead if asked to; raises UserMistakeError."""
    from maskwright import Compiler, allocate_bitmask

    with compiling():
        compiler = Compiler(named.vocabulary)
        _warm_up(compiler)
        importlib.import_module(FRONT_ENDS[specification.kind])
    began = time.perf_counter()
    grammar = specification.grammar(options)
    read = time.perf_counter()
    compiled = specification.compiled(compiler, grammar)
    finished = time.perf_counter()
    row = allocate_bitmask(1, named.vocabulary.size)[0]
    matcher = compiled.matcher()
    matcher.fill_bitmask(row)
    masked = time.perf_counter()
    specification.compiled(compiler, specification.grammar(options))
    repeated = time.perf_counter()
    return Description(
        name=specification.name,
        kind=NAMES[specification.kind],
        vocabulary=named.name,
        n_tokens=len(named.vocabulary.token_bytes),
        times=Times(
            *(1e3 * seconds for seconds in (read - began, finished - read, masked - finished, repeated - masked))
        ),
        memory=compiled.memory,
        precomputed=None if precompute_seconds is None else precompute_visibly(compiled, precompute_seconds),
        has_empty_text=matcher.is_accepting(),
        report=compiled.report,
    )


def print_refusals(specification: Specification, mistake: UserMistakeError, as_json: bool) -> None:
    """Where the mistake is a refused JSON Schema: every refusal with its pointer, on stdout."""
    error = mistake.__cause__
    if not isinstance(error, UnsupportedSchema):
        return
    from maskwright.grammar.json_schema.exactness import report_of_refusals

    report = report_of_refusals(error)
    if as_json:
        told = {"specification": specification.name, "report": report.to_json()}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for finding in report:
            print(f"  {finding}")
    sys.stdout.flush()


def _warm_up(compiler: Compiler) -> None:
    """Load the kernels, and the tables that all grammars of a vocabulary share, so that they are not timed."""
    from maskwright import allocate_bitmask
    from maskwright.grammar.ir import Grammar, byte_class, repeat

    matcher = compiler.compile_grammar(Grammar("letters", {"letters": repeat(byte_class(b"ab"), 1)})).matcher()
    matcher.fill_bitmask(allocate_bitmask(1, compiler.vocabulary.size)[0])
