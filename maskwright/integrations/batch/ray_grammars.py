"""Compiled grammars on a cluster: made once, by the driver, and fetched once by each worker.

The driver compiles, because it has the files and modules of the user, and an error is told where it can be read. The
bytes of a compiled grammar (`CompiledGrammar.to_bytes`) go into Ray's object store under the constraint's key, which
is a digest of its content. A batch brings references to those that it needs; a worker fetches the bytes of a key that
it does not have (on one node they lie in shared memory), builds the automaton without a front end, and keeps it. What
texts teach it stays in its process.

Cost for the driver: compiling and packing, some 20 to 50 ms for each *different* schema. Rejected: workers that
compile, each for itself. With one schema for all rows it is the same; with a schema for each row it spreads work that
is small beside generating, and needs what only the driver has.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, final

from maskwright.integrations.batch.constraint import Constraint
from maskwright.integrations.batch.local import GRAMMAR_BYTES, CompiledHere
from maskwright.matching.compiler import Compiler
from maskwright.matching.grammar_cache import GrammarCache

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar

#: How many grammars the driver keeps in the object store for later batches.
MAX_STORED: Final = 4096


@final
class GrammarStore:
    """Compiled grammars in Ray's object store, by the keys of their constraints."""

    def __init__(self, ray: Any, compiled: CompiledHere) -> None:
        self._ray = ray
        self._compiled = compiled
        self._references: OrderedDict[bytes, Any] = OrderedDict()  # the one used last is the last

    def reference(self, constraint: Constraint) -> Any:
        """A reference to the bytes of a grammar; raises a MaskwrightError."""
        found = self._references.get(constraint.key)
        if found is None:
            found = self._references[constraint.key] = self._ray.put(self._compiled(constraint).to_bytes())
        self._references.move_to_end(constraint.key)
        if len(self._references) > MAX_STORED:
            self._references.popitem(last=False)  # batches on their way hold references of their own
        return found


@final
class FetchedGrammars:
    """The grammars of a worker: fetched when they are asked for the first time, and kept by their keys."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._kept = GrammarCache(GRAMMAR_BYTES, attrgetter("size_bytes"))
        self.references: Mapping[bytes, Any] = {}
        self.n_fetched = 0

    def __call__(self, constraint: Constraint) -> CompiledGrammar:
        """The grammar; raises a MaskwrightError."""
        return self._kept.get(constraint.key, lambda: self._fetched(constraint.key))

    def _fetched(self, key: bytes) -> CompiledGrammar:
        import ray

        self.n_fetched += 1
        return self._compiler.grammar_from_bytes(ray.get(self.references[key]))
