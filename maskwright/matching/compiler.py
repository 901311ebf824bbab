"""Specifications in, compiled grammars out: what all grammars of one vocabulary share lives here.

The front ends turn a text into a `Grammar` of byte strings that knows nothing of tokens; compiling it for a vocabulary
gives a `CompiledGrammar`. Those made from plain data are kept for the next request that asks for the same
(`grammar_cache`); what hangs on more than its text is compiled anew each time: references into a registry, Lark with
folders to import from or with grammars of the caller, and `Grammar` objects, which the caller can keep instead.

A pool of threads compiles for those who cannot wait (`submit`). Python runs one thread at a time, so a pool makes
nothing faster; it keeps an event loop or a batch going while a large specification is compiled.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Self

from maskwright.errors import MatcherError
from maskwright.locks import Rank, shared_lock
from maskwright.matching.compiled_grammar import DEFAULT_MAX_BYTES, CompiledGrammar
from maskwright.matching.grammar_cache import CacheFigures, GrammarCache, content_key
from maskwright.matching.grammar_file import from_bytes, read_file
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.vocabulary import Vocabulary

if TYPE_CHECKING:
    from referencing import Registry

    from maskwright.grammar.behaviour.specification.spec import Budget, Spec
    from maskwright.grammar.function_calls.choice import ToolChoice
    from maskwright.grammar.ir import Grammar
    from maskwright.grammar.json_schema import JSONSchemaOptions
    from maskwright.grammar.lark import Indenter, Lexer
    from maskwright.matching.behaviour.program import Program
    from maskwright.matching.warming_up import Step


Arguments = ParamSpec("Arguments")

DEFAULT_CACHE_BYTES = 256 << 20
"""Some 400 grammars of usual size. What one holds in Python's own memory, 50 to 300 KB, is not counted; instead its
working memory is, half a megabyte that is hardly ever touched."""


class Compiler:
    """Compiles specifications for one vocabulary. Thread-safe.

    `max_bytes` bounds what one compiled grammar may learn (automaton and mask rows together). `cache_bytes` is how much
    all grammars may take that are kept for the next request; 0 keeps none. `max_workers` bounds the threads of
    `submit`; by default there are at most four. As a context manager it closes these threads at the end.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        max_workers: int | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self._max_bytes = max_bytes
        self._tables = MaskTables(vocabulary)
        self._cache = GrammarCache(cache_bytes, attrgetter("size_bytes"), attrgetter("was_interrupted"))
        self._max_workers = min(4, os.cpu_count() or 1) if max_workers is None else max_workers
        self._pools: dict[int, ThreadPoolExecutor] = {}  # by process: threads do not live on in a fork
        self._is_closed = False
        self._lock = shared_lock(Rank.COMPILER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        raise MatcherError("A compiler cannot be pickled or copied: send its vocabulary, and make another one of it")

    @property
    def cache_figures(self) -> CacheFigures:
        """Hits, misses, and what is kept, by number and in bytes."""
        return self._cache.figures

    def clear_cache(self) -> None:
        """Keep none of the grammars made so far; those in use live on."""
        self._cache.clear()

    def warm_up(self, on_progress: Callable[[Step], object] = lambda _: None) -> Step:
        """Compile or load all machine code, and make what grammars of this vocabulary share, before the first request.

        Minutes the first time on a machine, a second or two later. `on_progress` is told of every step; the last one is
        returned.
        """
        from maskwright.matching.warming_up import warm_up

        return warm_up(self._tables, on_progress)

    def submit(
        self,
        compile_method: Callable[Arguments, CompiledGrammar],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Future[CompiledGrammar]:
        """Compile in a thread of the pool: `compiler.submit(compiler.compile_json_schema, schema)`.

        The future has the grammar, or the error that the method raises; while it waits for a thread it can be
        cancelled. Raises MatcherError after `close`.
        """
        with self._lock:
            if self._is_closed:
                raise MatcherError("The compiler is closed, so nothing can be submitted to it")
            pool = self._pools.get(os.getpid())
            if pool is None:
                pool = ThreadPoolExecutor(self._max_workers, thread_name_prefix="maskwright-compiler")
                self._pools[os.getpid()] = pool
            return pool.submit(compile_method, *arguments, **options)

    def close(self) -> None:
        """Cancel what was submitted and has not begun, wait for the rest, and end the threads of `submit`.

        Everything else can be used as before.
        """
        with self._lock:
            pool, self._is_closed = self._pools.pop(os.getpid(), None), True
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    @property
    def table_bytes(self) -> int:
        """Bytes held by what all grammars of this vocabulary share."""
        return self._tables.size_bytes

    @property
    def pool_bytes(self) -> int:
        """Bytes of memory that grammars which are gone have left for those to come, some 20 MB at most."""
        return self._tables.arena_pool.size_bytes + self._tables.row_pool.size_bytes

    def load_grammar(self, path: str | os.PathLike[str]) -> CompiledGrammar:
        """The grammar that `CompiledGrammar.save` wrote; raises InvalidGrammarFile (see `grammar_file`), or OSError."""
        return self.compile_grammar(read_file(Path(path), self.vocabulary))

    def grammar_from_bytes(self, content: bytes) -> CompiledGrammar:
        """The grammar that `CompiledGrammar.to_bytes` gave; raises InvalidGrammarFile."""
        return self.compile_grammar(from_bytes(content, self.vocabulary))

    def compile_grammar(self, grammar: Grammar) -> CompiledGrammar:
        """Compile a grammar in the intermediate form."""
        return CompiledGrammar(grammar, self._tables, max_bytes=self._max_bytes)

    def compile_behaviour(self, spec: Spec, *, budget: Budget | None = None) -> Program:
        """Compile a behaviour specification (docs/behaviour.md); a budget replaces the specification's own.

        Raises SpecError for one that cannot be followed to the end, BudgetTooSmall, which names the least budget, and
        what the parts of its segments raise.
        """
        from maskwright.grammar.behaviour.policy import Policy
        from maskwright.matching.behaviour.program import Program

        return Program(Policy.of(spec), self._tables, max_bytes=self._max_bytes, budget=budget)

    def compile_json_schema(
        self,
        schema: object,
        *,
        options: JSONSchemaOptions | None = None,
        registry: Registry[Any] | None = None,
    ) -> CompiledGrammar:
        """Compile a JSON Schema: a dict, a bool, its JSON text, or a pydantic model class.

        References to other documents are looked up in `registry`; nothing is fetched, unless that does so by itself.

        Raises UnsupportedSchema (keyword and JSON pointer) for what cannot be enforced exactly, InvalidSchema,
        EmptyLanguage or LimitExceeded.
        """
        from maskwright.grammar.json_schema import json_schema_grammar
        from maskwright.grammar.json_schema.python_types import is_python_input, schema_of_python

        if is_python_input(schema):
            schema = schema_of_python(schema)
        chosen = None if options is None else options.to_json()
        return self._cache.get(
            content_key("json schema", schema, chosen) if registry is None else None,
            lambda: self.compile_grammar(json_schema_grammar(schema, options, registry)),
        )

    def compile_regex(self, pattern: str) -> CompiledGrammar:
        """Compile a regular expression in Python's syntax; the whole text must match it."""
        from maskwright.grammar.regex import regex_grammar

        return self._cache.get(content_key("regex", pattern), lambda: self.compile_grammar(regex_grammar(pattern)))

    def compile_gbnf(self, text: str, *, start: str = "root") -> CompiledGrammar:
        """Compile a grammar in llama.cpp's GBNF notation."""
        from maskwright.grammar.gbnf import gbnf_grammar

        return self._cache.get(
            content_key("gbnf", text, start), lambda: self.compile_grammar(gbnf_grammar(text, start))
        )

    def compile_ebnf(self, text: str, *, start: str | None = None) -> CompiledGrammar:
        """Compile a grammar in EBNF as XGrammar or the W3C write it; without a start, `root` or the first rule."""
        from maskwright.grammar.ebnf import ebnf_grammar

        return self._cache.get(
            content_key("ebnf", text, start), lambda: self.compile_grammar(ebnf_grammar(text, start))
        )

    def compile_lark(
        self,
        text: str,
        *,
        start: str = "start",
        lexer: Lexer | str = "contextual",
        indenter: Indenter | None = None,
        import_paths: Sequence[str | Path] = (),
        grammars: Mapping[str, Grammar] | None = None,
    ) -> CompiledGrammar:
        """Compile a grammar in lark's notation, or in the dialect of it that docs/lark.md describes.

        `lexer` is "contextual" or "basic", as with lark's LALR parser, or "dynamic_complete", as with its Earley
        parser. `import_paths` are folders for `%import` and `%json "file"`, `grammars` are those that `@name` names.
        """
        from maskwright.grammar.lark import lark_grammar

        def compiled() -> CompiledGrammar:
            read = lark_grammar(
                text, start, lexer=lexer, indenter=indenter, import_paths=import_paths, grammars=grammars
            )
            return self.compile_grammar(read)

        blocks = None if indenter is None else dataclasses.astuple(indenter)
        is_plain = not import_paths and not grammars
        return self._cache.get(content_key("lark", text, start, str(lexer), blocks) if is_plain else None, compiled)

    def compile_structural_tag(
        self,
        spec: str | Mapping[str, Any],
        *,
        options: JSONSchemaOptions | None = None,
        markers_are_tokens: bool = True,
    ) -> CompiledGrammar:
        """Compile a structural tag, as XGrammar defines it and servers build it for tool calls: a dict or JSON text.

        Where the name of a special token occurs in a fixed text of the tag, that token may spell it, as models have
        learnt to; with `markers_are_tokens=False` such texts are matched by ordinary tokens alone.

        Raises InvalidStructuralTag and UnsupportedStructuralTag with a JSON pointer into the tag, EmptyLanguage or
        LimitExceeded.
        """
        from maskwright.grammar.structural_tags import structural_tag_grammar
        from maskwright.grammar.structural_tags.tokens import Tokens

        def compiled() -> CompiledGrammar:
            names = self._marker_names() if markers_are_tokens else []
            known = self.vocabulary
            ending = frozenset(known.eos_token_ids)
            tokens = Tokens(known.size, len(known.token_bytes), known.special_token_names, ending)
            read = structural_tag_grammar(spec, special_tokens=names, options=options, tokens=tokens)
            return self.compile_grammar(read)

        chosen = None if options is None else options.to_json()
        return self._cache.get(content_key("structural tag", spec, chosen, markers_are_tokens), compiled)

    def compile_tool_calls(
        self,
        tools: object,
        format: str = "hermes",  # noqa: A002  it is what everyone calls it
        *,
        at_least: int = 0,
        at_most: int | None = None,
        choice: ToolChoice = "auto",
        reasoning: str | None = None,
        options: JSONSchemaOptions | None = None,
        markers_are_tokens: bool = True,
    ) -> CompiledGrammar:
        """Compile the replies that call tools in a model's format (docs/tools.md): see `tools.tool_call_grammar`.

        Special tokens may spell their names in the fixed texts of the format, as in `compile_structural_tag`.
        """
        from maskwright.grammar.function_calls.reply_grammar import tool_call_grammar
        from maskwright.grammar.function_calls.tools import tools_of

        known = tools_of(tools)

        def compiled() -> CompiledGrammar:
            grammar = tool_call_grammar(
                known,
                format,
                at_least=at_least,
                at_most=at_most,
                choice=choice,
                reasoning=reasoning,
                options=options,
                special_tokens=self._marker_names() if markers_are_tokens else [],
            )
            return self.compile_grammar(grammar)

        described = [[tool.name, dict(tool.parameters)] for tool in known.tools]
        asked = [
            format,
            at_least,
            at_most,
            repr(choice),
            None if reasoning is None else str(reasoning),
            markers_are_tokens,
        ]
        chosen = None if options is None else options.to_json()
        return self._cache.get(content_key("tool calls", described, asked, chosen), compiled)

    def _marker_names(self) -> list[str]:
        """The special tokens that may stand within a text: those that do not end it."""
        vocabulary = self.vocabulary
        kept = vocabulary.special_token_ids.difference(vocabulary.eos_token_ids)
        return [name for name, token in vocabulary.special_token_names.items() if token in kept]
