"""`maskwright compile`: what a specification becomes, how large it is, and how long that takes."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING

from maskwright.integrations.command_line.messages import COMPILING, patience
from maskwright.integrations.command_line.specification import FRONT_ENDS, NAMES, Specification
from maskwright.integrations.command_line.vocabularies import NamedVocabulary

if TYPE_CHECKING:
    from maskwright.matching.compiler import Compiler


def describe(specification: Specification, named: NamedVocabulary, whitespace: str) -> list[tuple[str, str]]:
    """Rows of (what, value) about the compiled specification; imports and kernels do not count in the times."""
    from maskwright import Compiler, allocate_bitmask

    with patience(COMPILING):
        compiler = Compiler(named.vocabulary)
        _warm_up(compiler)
        importlib.import_module(FRONT_ENDS[specification.kind])
    began = time.perf_counter()
    grammar = specification.grammar(whitespace)
    read = time.perf_counter()
    compiled = specification.compiled(compiler, grammar)
    finished = time.perf_counter()
    row = allocate_bitmask(1, named.vocabulary.size)[0]
    matcher = compiled.matcher()
    matcher.fill_bitmask(row)
    masked = time.perf_counter()
    specification.compiled(compiler, specification.grammar(whitespace))
    repeated = time.perf_counter()
    memory = compiled.memory
    return [
        ("specification", f"{specification.name} ({NAMES[specification.kind]})"),
        ("vocabulary", f"{named.name}, {len(named.vocabulary.token_bytes):,} tokens"),
        ("time to compile", f"{_ms(finished - began)} ({_ms(read - began)} to read, {_ms(finished - read)} to build)"),
        ("time to compile again", f"{_ms(repeated - masked)}, now that its patterns are known in this process"),
        ("time to the first mask", _ms(masked - finished)),
        ("rules", f"{memory.n_rules_found:,} found, {memory.n_rules_built:,} built"),
        ("states", f"{memory.n_states:,} (others are built when a text reaches them)"),
        ("memory", f"{memory.arena_bytes / 2**20:.1f} MiB of automaton, {memory.row_bytes / 2**20:.1f} MiB of masks"),
        ("the empty text", "is a member" if matcher.is_accepting() else "is not a member"),
        *(("note", line) for line in compiled.report),
    ]


def _warm_up(compiler: Compiler) -> None:
    """Load the kernels, and the tables that all grammars of a vocabulary share, so that they are not timed."""
    from maskwright import allocate_bitmask
    from maskwright.grammar.ir import Grammar, byte_class, repeat

    matcher = compiler.compile_grammar(Grammar("letters", {"letters": repeat(byte_class(b"ab"), 1)})).matcher()
    matcher.fill_bitmask(allocate_bitmask(1, compiler.vocabulary.size)[0])


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"
