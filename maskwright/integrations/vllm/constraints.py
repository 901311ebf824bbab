"""From what a request asks for to what its text is kept inside of.

    constraints = Constraints(Compiler(vocabulary))
    matcher = constraints.matcher(Asked(Kind.JSON, '{"type": "integer"}'))

Compiled grammars are kept by the compiler, behaviour specifications here, both by content. Thread-safe: vLLM compiles
in several threads.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.integrations.grammar_text import compile_grammar_text
from maskwright.integrations.vllm.asked import KEY, Asked, Kind
from maskwright.matching.behaviour.events import Handover

if TYPE_CHECKING:
    from maskwright.grammar.json_schema import JSONSchemaOptions
    from maskwright.matching.behaviour.program import Program
    from maskwright.matching.behaviour.session import Session
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.vocabulary import Vocabulary

#: Behaviour specifications that are kept compiled.
MAX_PROGRAMS: Final = 64

#: Lists of choices that are kept compiled, and the most characters of one: compiling it takes half a second.
MAX_CHOICES: Final = 16
MAX_CHOICE_CHARACTERS: Final = 1_000_000

ANY_OBJECT: Final = '{"type": "object"}'


class TextInProgress(Protocol):
    """What a matcher and a session of a behaviour specification have in common."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""

    @property
    def n_accepted(self) -> int:
        """How many accepts can be rolled back."""

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens."""

    def accept_token(self, token_id: int) -> None:
        """Read one token, or raise TokenRejected."""

    def rollback(self, n: int) -> None:
        """Take the last n accepts back."""

    def is_finished(self) -> bool:
        """Was an end token taken?"""


class Constraints:
    """Makes texts in progress of what requests ask for; one for each vocabulary."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler: Final = compiler
        self._choice: Final = functools.lru_cache(MAX_CHOICES)(self._compiled_choice)
        self._program: Final = functools.lru_cache(MAX_PROGRAMS)(self._compiled_program)

    def matcher(
        self, asked: Asked, n_prompt_tokens: int = 0, count_tokens: Callable[[str], int] | None = None
    ) -> TextInProgress:
        """A text at its start.

        The prompt's tokens, and how to count those of observed texts, matter to budgets of a behaviour specification
        only. Raises a MaskwrightError for what cannot be kept.
        """
        _check_options(asked)
        if asked.kind is Kind.BEHAVIOUR:
            return self._turn(asked, n_prompt_tokens, count_tokens)
        return self._grammar(asked).matcher(max_tokens=asked.options.max_tokens)

    def _grammar(self, asked: Asked) -> CompiledGrammar:
        match asked.kind:
            case Kind.JSON:
                return self._json(asked)
            case Kind.JSON_OBJECT:
                return self._json(replace(asked, text=ANY_OBJECT))
            case Kind.REGEX:
                return self.compiler.compile_regex(asked.text)
            case Kind.CHOICE:
                return self._choice(asked.text)
            case Kind.STRUCTURAL_TAG:
                return self.compiler.compile_structural_tag(asked.text)
        return compile_grammar_text(self.compiler, asked.text, asked.options.notation, asked.options.start)

    def _compiled_choice(self, text: str) -> CompiledGrammar:
        from maskwright.grammar.composition import union
        from maskwright.grammar.ir import Grammar

        choices = choices_of(text)
        if (size := sum(map(len, choices)) + len(choices)) > MAX_CHOICE_CHARACTERS:
            raise LimitExceeded("the texts to choose from", size, MAX_CHOICE_CHARACTERS, remedy="ask for fewer")
        return self.compiler.compile_grammar(union(map(Grammar.from_text, choices)))

    def _json(self, asked: Asked) -> CompiledGrammar:
        options = asked.options
        if options.json_options is None and not options.is_compact and not options.is_closed:
            return self.compiler.compile_json_schema(asked.text)
        from maskwright.grammar.json_schema.closed_objects import closed_schema
        from maskwright.grammar.json_schema.document import read_document

        schema = read_document(asked.text)
        chosen = _json_options(schema, options.json_options, is_compact=options.is_compact)
        return self.compiler.compile_json_schema(closed_schema(schema) if options.is_closed else schema, options=chosen)

    def _turn(self, asked: Asked, n_prompt_tokens: int, count_tokens: Callable[[str], int] | None) -> Session:
        options = asked.options
        program = self._program(asked.text, options.generated_tokens, options.context_tokens)
        session = program.start(n_prompt_tokens=n_prompt_tokens, count_tokens=count_tokens)
        for text in options.observed:
            session.observe(text)
        if isinstance(session.event, Handover):
            raise InvalidOption(
                f"{KEY}.observed",
                list(options.observed),
                "what others write before the model's turn",
            )
        return session

    def _compiled_program(self, text: str, generated_tokens: int | None, context_tokens: int | None) -> Program:
        from maskwright.grammar.behaviour.specification.spec import Budget, Spec

        spec = Spec.from_yaml(text, "behaviour")
        asks_budget = generated_tokens is not None or context_tokens is not None
        budget = Budget(generated_tokens, context_tokens) if asks_budget else None
        return self.compiler.compile_behaviour(spec, budget=budget)


def _check_options(asked: Asked) -> None:
    """Raise InvalidOption for an option that says nothing of this kind of constraint."""
    options = asked.options
    is_grammar, is_behaviour = asked.kind is Kind.GRAMMAR, asked.kind is Kind.BEHAVIOUR
    is_json = asked.kind in {Kind.JSON, Kind.JSON_OBJECT}
    for name, value, fits in (
        ("notation", options.notation, is_grammar),
        ("start", options.start, is_grammar),
        ("json_options", options.json_options, is_json),
        ("max_tokens", options.has_own_budget or options.max_tokens, not is_behaviour),
        ("budget.generated_tokens", options.generated_tokens, is_behaviour),
        ("budget.context_tokens", options.context_tokens, is_behaviour),
        ("observed", options.observed or None, is_behaviour),
    ):
        if value is not None and not fits:
            raise InvalidOption(f"{KEY}.{name}", value, f"missing for a constraint of the kind {asked.kind}")


def choices_of(text: str) -> Sequence[str]:
    """The texts of a JSON list of texts; raises InvalidOption for anything else."""
    from maskwright.grammar.json_schema.values import has_spelling

    try:
        choices = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidOption("choice", text[:80], "a JSON list of texts") from error
    if not isinstance(choices, list) or not choices or not all(isinstance(one, str) for one in choices):
        raise InvalidOption("choice", text[:80], "a list of one text or more")
    if not all(map(has_spelling, choices)):
        raise InvalidOption("choice", text[:80], "texts without halves of surrogate pairs, which are no characters")
    return choices


def _json_options(schema: Any, written: str | None, *, is_compact: bool) -> JSONSchemaOptions:
    """The options of the request, or else of the schema; compact in any case if the server says so."""
    from maskwright.grammar.json_schema.options import JSONSchemaOptions, Whitespace, options_in

    chosen = options_in(schema) if written is None else JSONSchemaOptions.from_json(json.loads(written))
    return replace(chosen, whitespace=Whitespace.COMPACT) if is_compact else chosen
