"""Batches one after the other in this process; grammars are kept by their content."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final, final

from maskwright.integrations.batch.answers import Answer
from maskwright.integrations.batch.constraint import Constraint
from maskwright.integrations.batch.work import Batch, Model, answered
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from maskwright.matching.grammar_cache import GrammarCache

#: How much the grammars of a process may take that are kept for later rows.
GRAMMAR_BYTES: Final = 512 << 20


@final
class CompiledHere:
    """Grammars compiled in this process for one vocabulary, each once for as long as it is kept."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler: Final = compiler
        self._kept: Final = GrammarCache(GRAMMAR_BYTES, attrgetter("size_bytes"))

    def __call__(self, constraint: Constraint) -> CompiledGrammar:
        """The grammar; raises a MaskwrightError."""
        return self._kept.get(constraint.key, lambda: constraint.compiled(self.compiler))


def run_here(
    model: Model, constraint: Constraint | None, batches: Iterator[Batch]
) -> Iterator[tuple[Batch, list[Answer]]]:
    """The runner of one machine: loads the model, then answers batch after batch."""
    grammars = compiled_for(model)
    if grammars is not None and constraint is not None:
        grammars(constraint)
    engine = model.engine(grammars or compiled_elsewhere)
    try:
        for batch in batches:
            yield batch, answered(engine, batch.requests)
    finally:
        engine.close()


def compiled_for(model: Model) -> CompiledHere | None:
    """What compiles grammars for a model in this process; None where its host does."""
    vocabulary = model.vocabulary()
    return None if vocabulary is None else CompiledHere(Compiler(vocabulary, cache_bytes=0))


def compiled_elsewhere(constraint: Constraint) -> CompiledGrammar:
    """The grammars of an engine whose host compiles by itself: it asks for none."""
    raise AssertionError(f"nobody asks for the grammar of {constraint}")
