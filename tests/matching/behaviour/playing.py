"""Sessions played to their end: who chooses the tokens, who writes for the others, and what must hold of every run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import maskwright as mw
from maskwright.errors import BudgetTooSmall, SpecError
from maskwright.grammar.behaviour.specification.spec import Budget, OneOf, Spec
from maskwright.matching.behaviour.events import Done, Handover
from maskwright.matching.behaviour.program import Program
from maskwright.matching.behaviour.session import Session
from tests.naive.behaviour import delimiters, faults, split
from tests.naive.random_behaviours import random_document, random_vocabulary, spec_of

Chooser = Callable[[Session, NDArray[np.int64], np.random.Generator], int]
"""Takes one of the allowed tokens."""

Others = Callable[[Session, str, np.random.Generator], str | bytes]
"""Writes a text for a segment."""

MOST_TRIED = 24
"""Tokens that a chooser looks behind."""


# Who chooses the tokens.


def any_token(_: Session, allowed: NDArray[np.int64], rng: np.random.Generator) -> int:
    """Each allowed token with the same probability."""
    return int(rng.choice(allowed))


def longest_token(session: Session, allowed: NDArray[np.int64], rng: np.random.Generator) -> int:
    """One of those with the most bytes; an end token only if there is nothing else."""
    lengths = np.array([len(session.vocabulary.text_of(token)) for token in allowed.tolist()])
    return int(rng.choice(allowed[lengths == lengths.max()]))


def costliest_token(session: Session, allowed: NDArray[np.int64], rng: np.random.Generator) -> int:
    """One behind which the most has still to be written; an end token only if there is nothing else."""
    tried = rng.permutation(allowed)[:MOST_TRIED].tolist()
    going_on = [token for token in tried if token not in session.vocabulary.eos_token_ids]
    return int(max(going_on or tried, key=lambda token: _cost_behind(session, token)))


def _cost_behind(session: Session, token: int) -> int:
    if token in session.vocabulary.eos_token_ids:
        return -1
    ahead = session.fork()
    ahead.accept_token(token)
    return 0 if ahead.event is not None else ahead._outlook.cost(ahead._now.matcher.trail)


def next_opener(session: Session, allowed: NDArray[np.int64], rng: np.random.Generator) -> int:
    """One that goes on with a delimiter, so that there are as many segments as can be."""
    vocabulary = session.vocabulary
    written = bytes(session._text[-20:])
    wanted = [text.encode() for text in delimiters(session.program.spec)]
    endings = {written[-n:] for text in wanted for n in range(1, len(text)) if text.startswith(written[-n:])}
    going_on = [
        token
        for token in allowed.tolist()
        if (text := vocabulary.text_of(token))
        and any(one.startswith(begin + text) for one in wanted for begin in (*endings, b""))
    ]
    return int(rng.choice(going_on or allowed))


CHOOSERS: dict[str, Chooser] = {
    "any": any_token,
    "longest": longest_token,
    "costliest": costliest_token,
    "openers": next_opener,
}


# Who writes for the others.


def text_of_a_letter(session: Session, segment: str, rng: np.random.Generator) -> str:
    """A text of the segment, of any letter that it can come to."""
    kind = session.program.spec.segment(segment).text
    if isinstance(kind, OneOf) and rng.random() < 0.5:
        return str(rng.choice(list(kind.texts)))
    bodies = session.program.policy.bodies
    return bodies.sample(int(rng.choice(bodies.letters_of(segment))), rng)


# Runs.


@dataclass(frozen=True)
class Run:
    """A finished run: the session, and what others have put into the trace."""

    session: Session
    observed: tuple[tuple[str, str], ...]


def play(
    program: Program,
    rng: np.random.Generator,
    choose: Chooser = any_token,
    others: Others = text_of_a_letter,
    *,
    most_steps: int = 3_000,
) -> Run:
    """Play a run to its end; fails where a mask is empty, and where a token of a mask is refused.

    Where the trace may end although others could go on, it does so in half of the cases, and where they cannot go on
    within the budget.
    """
    session = program.start()
    row = np.zeros(session.row_shape, np.int32)
    observed: list[tuple[str, str]] = []
    for _ in range(most_steps):
        event = session.event
        if isinstance(event, Done):
            return Run(session, tuple(observed))
        if isinstance(event, Handover):
            if event.may_end and rng.random() < 0.5:
                session.accept_token(program.vocabulary.eos_token_ids[0])
                return Run(session, tuple(observed))
            name = str(rng.choice(list(event.segments)))
            before = len(session.pieces)
            try:
                session.observe(others(session, name, rng), name)
            except BudgetTooSmall:
                assert event.may_end
                session.accept_token(program.vocabulary.eos_token_ids[0])
                return Run(session, tuple(observed))
            piece = session.pieces[before]
            assert piece.segment == name
            observed.append((name, piece.text))
            continue
        session.fill_bitmask(row)
        allowed = mw.allowed_tokens(row, program.vocabulary.size)
        assert len(allowed), f"an empty mask behind {session.text!r}"
        session.accept_token(choose(session, allowed, rng))
    raise AssertionError(f"no end: {session.text!r}")


def check_run(program: Program, run: Run) -> None:
    """The trace satisfies the specification by the judge, reads back as its pieces, and keeps to its budget."""
    spec, session = program.spec, run.session
    pieces = [(piece.segment, piece.text) for piece in session.pieces]
    assert split(spec, session.text) == pieces, session.text
    assert faults(spec, pieces) == [], session.text
    assert [piece for piece in pieces if spec.segment(piece[0]).writer.value != "model"] == list(run.observed)
    left = session.remaining()
    assert left is None or left >= 0, session.text


# Programs.


def with_budget(compiler: mw.Compiler, spec: Spec, spare: int) -> Program:
    """The program with a budget of so many tokens more than the least."""
    least = compiler.compile_behaviour(spec, budget=Budget()).least_budget
    return compiler.compile_behaviour(spec, budget=Budget(generated_tokens=least + spare))


def random_program(seed: int, *, kinds: str = "regular", spare: int | None = None, has_values: bool = True) -> Program:
    """The program of the first random specification from a seed on that can be followed."""
    rng = random.Random(seed)
    while True:
        document = random_document(rng, kinds=kinds, has_values=has_values)
        try:
            spec = spec_of(document)
            compiler = mw.Compiler(random_vocabulary(rng, spec))
            return with_budget(compiler, spec, rng.randint(0, 60) if spare is None else spare)
        except SpecError:
            continue
