"""Getting ready before the first request: machine code, and what a vocabulary's grammars share.

A kernel is compiled when it is first called with arguments of some types, which takes minutes for all of them the first
time on a machine, and is loaded from disk later, milliseconds each. So here all `exercises` are done, which call every
kernel in every way; `tests/matching/test_warming_up.py` finds what they miss, with the specifications of `schemas/`.
They have a vocabulary of their own, since what they leave behind is of no use to others. Last, the tables that grammars
of the real one share are made and kept on disk.

Rejected: kernels with declared types, compiled when they are imported (every import would take seconds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from maskwright._numba import heard_compiling, is_ready
from maskwright.errors import MaskwrightError, TokenRejected
from maskwright.matching._masks import fill
from maskwright.matching.batch import fill_bitmasks
from maskwright.matching.behaviour.exercise import play
from maskwright.matching.bitmask import allocate_bitmask
from maskwright.matching.compiled_grammar import DEFAULT_MAX_BYTES, CompiledGrammar
from maskwright.matching.completion.exercise import write_in_time
from maskwright.matching.exercises import ANY_JSON, EXERCISES, LONG_TEXT, exercise_vocabulary
from maskwright.matching.infilling.exercise import fill_in
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.matcher import Matcher

BEHAVIOUR = "a trace of a behaviour specification"
CANVASES = "canvases to be filled in any order"
BUDGETS = "texts that end in time"
SHARED_TABLES = "tables of the vocabulary"
"""The last step."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is, for whoever shows progress; `what` is being done, "" at the end.

    `n_compiled` kernels had to be compiled so far, others were loaded.
    """

    n_done: int
    n_steps: int
    what: str
    n_compiled: int


def kernels_are_ready() -> bool:
    """Has this machine compiled the kernels of this version before?"""
    return is_ready(fill)


def warm_up(tables: MaskTables, on_progress: Callable[[Step], object] = lambda _: None) -> Step:
    """Do all exercises, then make what the vocabulary's grammars share; the last step."""
    step = Step(0, len(EXERCISES) + 4, "", 0)

    def go_on(**changes: Any) -> None:
        nonlocal step
        step = replace(step, **changes)
        on_progress(step)

    with heard_compiling(lambda: go_on(n_compiled=step.n_compiled + 1)):
        own = MaskTables(exercise_vocabulary())
        for number, exercise in enumerate(EXERCISES):
            go_on(n_done=number, what=exercise.name)
            grammar = CompiledGrammar(exercise.grammar(), own, max_bytes=exercise.max_bytes or DEFAULT_MAX_BYTES)
            for text in exercise.texts:
                read_text(grammar, text)
            grammar.precompute(budget_s=0)
            start = grammar.start().places[0]
            grammar.explore(start.configuration, start.epoch, None)
        go_on(n_done=len(EXERCISES), what=BEHAVIOUR)
        play(own)
        go_on(n_done=len(EXERCISES) + 1, what=CANVASES)
        fill_in(own)
        go_on(n_done=len(EXERCISES) + 2, what=BUDGETS)
        write_in_time(own)
        go_on(n_done=len(EXERCISES) + 3, what=SHARED_TABLES)
        _make_shared(tables)
    go_on(n_done=step.n_steps, what="")
    return step


def _make_shared(tables: MaskTables) -> None:
    """Make the tables for JSON with default options: what nearly every grammar of a vocabulary asks for."""
    try:
        grammar = CompiledGrammar(ANY_JSON.grammar(), tables)
    except MaskwrightError:  # a vocabulary without the bytes for it will not need them
        return
    for text in ANY_JSON.texts:
        read_text(grammar, text)
    assert tables.asking_tokens is not None


def read_text(grammar: CompiledGrammar, text: str) -> None:
    """Ask all that matchers are asked at every place of a text, as far as it is allowed."""
    _read(grammar, text.encode(), {token: number for number, token in enumerate(grammar.vocabulary.token_bytes)})


def _read(grammar: CompiledGrammar, text: bytes, token_of: Mapping[bytes, int]) -> None:
    mask = allocate_bitmask(1, grammar.vocabulary.size)
    matcher, by_bytes = grammar.matcher(), grammar.matcher()
    position = 0
    is_long = len(text) >= LONG_TEXT
    while position < len(text):
        if not is_long:
            fill_bitmasks([matcher], mask)
            matcher.forced_tokens()
        token = _next_token(matcher, text[position : position + 8], token_of)
        if token is None:
            break
        matcher.accept_token(token)
        position += len(grammar.vocabulary.token_bytes[token])
    try:
        by_bytes.accept_bytes(text[:position])
    except TokenRejected:
        return
    by_bytes.fill_bitmask(mask[0])
    by_bytes.is_accepting()


def _next_token(matcher: Matcher, ahead: bytes, token_of: Mapping[bytes, int]) -> int | None:
    """The longest token that begins what lies ahead and is allowed."""
    for length in range(len(ahead), 0, -1):
        token = token_of.get(ahead[:length])
        if token is not None and matcher.allows(token):
            return token
    return None
