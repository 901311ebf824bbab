"""Specifications whose automata could grow without end: each is compiled, and asked for a first mask, in a process.

What must not happen is a hang: there is a result within the limits of check 10 (200 ms, 100 MB), or a record that says
what was asked for and how much is allowed. Times and memory are of a fresh process for each, which has compiled
something small before, so that kernels and the vocabulary are there. Memory is how far the highest resident set then
rises over that (Linux: its mark is reset in between).
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

import maskwright as mw
from bench.behaviour import rule_pairs
from bench.behaviour.stepping import byte_vocabulary
from bench.tokenizer import load_tokenizer
from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.rules import at_most, followed_by, mention_all, must
from maskwright.grammar.behaviour.specification.spec import Spec

_RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")

LIMIT_S = 120
"""A process that takes longer is ended, and counts as hanging."""

TERMS = (
    "warranty receipt refund exchange delivery invoice customer product return shipping address payment account "
    "deadline contract discount voucher service contact support"
).split()


@dataclass(frozen=True, slots=True)
class BlowUpFigures:
    """One specification. compile_ms, first_mask_ms, memory_mb, positions; `report` is what was raised instead."""

    name: str
    report: str = ""
    compile_ms: float = 0.0
    first_mask_ms: float = 0.0
    memory_mb: float = 0.0
    n_explored: int = 0
    is_complete: bool = False


def specifications() -> dict[str, Callable[[], Spec]]:
    """What could blow up, by name."""
    return {
        "20 mentions in one text": lambda: mentions(20),
        "20 mentions, at most 2,000 characters": lambda: mentions(20, max_chars=2_000),
        "8 mentions, at most 2,000 characters": lambda: mentions(8, max_chars=2_000),
        "10 responses": lambda: responses(10),
        "20 responses": lambda: responses(20),
        "25 rules, 12 tools": rule_pairs.specification,
        "8 tools, at most 5 each": lambda: capped(8, 5),
        "at most 5,000": lambda: capped(1, 5_000),
        "a hundred times must": lambda: musts(100),
    }


def mentions(n: int, max_chars: int | None = None) -> Spec:
    """A text that mentions n terms, in any order."""
    builder = SpecBuilder("mentions").segment("text", text="free", max_chars=max_chars).flow("text")
    return builder.rule(mention_all(TERMS[:n], "text")).build()


def responses(n: int) -> Spec:
    """n kinds of requests, each of which is to be followed by its answer, in any order."""
    names = [f"{kind}{number}" for number in range(n) for kind in ("ask", "reply")]
    builder = SpecBuilder("responses")
    for name in names:
        builder = builder.segment(name, open=f"<{name}>", close=f"</{name}>", text={"regex": "[a-z]{1,20}"})
    rules = [followed_by(f"ask{number}", f"reply{number}") for number in range(n)]
    return builder.flow(f"({' | '.join(names)})+").rule(*rules).build()


def capped(n_tools: int, most: int) -> Spec:
    """An agent that calls each of its tools so many times at most."""
    tools = [f"tool{number}" for number in range(n_tools)]
    builder = SpecBuilder("capped").segment("action", open="\n[Action] ", text={"choice": tools}).flow("action+")
    return builder.rule(*[at_most(most, f'action == "{tool}"') for tool in tools]).build()


def musts(n: int) -> Spec:
    """n segments, each of which has to come once at least, in any order."""
    names = [f"part{number}" for number in range(n)]
    builder = SpecBuilder("musts")
    for name in names:
        builder = builder.segment(name, open=f"<{name}>", close=f"</{name}>", text={"regex": "[a-z]{1,20}"})
    return builder.flow(f"({' | '.join(names)})+").rule(*[must(name) for name in names]).build()


def measure(tokenizer_folder: Path | None) -> Iterator[BlowUpFigures]:
    """Each in a process of its own, with the tokenizer in a folder, or with bytes as tokens for None."""
    for name in specifications():
        yield in_process(name, tokenizer_folder, LIMIT_S)


def in_process(name: str, tokenizer_folder: Path | None, limit_s: float) -> BlowUpFigures:
    """The figures of one of them; a process that takes too long is ended."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(name, tokenizer_folder, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit_s):
            return BlowUpFigures(name, f"no answer after {limit_s:g} s")
        found: BlowUpFigures = receiver.recv()
        return found
    except EOFError:
        process.join()
        return BlowUpFigures(name, f"the process ended with code {process.exitcode}")
    finally:
        process.kill()
        process.join()


def _work(name: str, tokenizer_folder: Path | None, sender: Connection) -> None:
    compiler = mw.Compiler(_vocabulary(tokenizer_folder))
    spec = specifications()[name]()
    _first_mask(compiler.compile_behaviour(responses(1)))
    before = _highest_kib(is_reset=True)
    try:
        begin = time.perf_counter()
        program = compiler.compile_behaviour(spec)
        compiled = time.perf_counter()
        _first_mask(program)
        ended = time.perf_counter()
    except mw.MaskwrightError as error:
        seconds = time.perf_counter() - begin
        sender.send(BlowUpFigures(name, f"{type(error).__name__} after {seconds:.1f} s: {error}"))
        return
    after = _highest_kib()
    game = program.policy.game
    sender.send(
        BlowUpFigures(
            name,
            "",
            1e3 * (compiled - begin),
            1e3 * (ended - compiled),
            (after - before) / 1024,
            len(game.vectors),
            program.policy.is_complete,
        )
    )


def _highest_kib(*, is_reset: bool = False) -> int:
    """The highest resident set, since the last reset where there is one."""
    if is_reset and _RESET.exists():
        _RESET.write_text("5")
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(next(line.split()[1] for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")))


def _first_mask(program: Any) -> None:
    session = program.start()
    session.fill_bitmask(np.zeros(session.row_shape, np.int32))


def _vocabulary(tokenizer_folder: Path | None) -> Any:
    if tokenizer_folder is None:
        return byte_vocabulary()
    from maskwright.integrations.huggingface import vocabulary_of

    return vocabulary_of(load_tokenizer(tokenizer_folder).huggingface)
