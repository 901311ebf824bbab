"""Laws of sessions, on random specifications: mask and acceptance, rollback, forks, spellings, threads, memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

import maskwright as mw
from maskwright.errors import BudgetTooSmall, MatcherError, TokenRejected
from maskwright.grammar.behaviour.specification.spec import Budget
from maskwright.matching.behaviour.events import Done, Handover
from maskwright.matching.behaviour.program import Program
from maskwright.matching.behaviour.session import Session
from tests.matching.behaviour.playing import any_token, longest_token, play, random_program, text_of_a_letter
from tests.naive.random_behaviours import spec_of

SEEDS = range(500, 512)


def mask(session: Session) -> NDArray[np.int32]:
    row = np.zeros(session.row_shape, np.int32)
    session.fill_bitmask(row)
    return row


@dataclass(frozen=True)
class View:
    """All that a session shows."""

    text: str
    event: object
    pieces: object
    remaining: int | None
    is_accepting: bool
    is_finished: bool
    row: bytes

    @classmethod
    def of(cls, session: Session) -> View:
        return cls(
            session.text,
            session.event,
            session.pieces,
            session.remaining(),
            session.is_accepting(),
            session.is_finished(),
            mask(session).tobytes(),
        )


Step = int | tuple[str, str]
"""A token, or (segment, text) of others."""


def next_step(session: Session, rng: np.random.Generator) -> Step | None:
    """Something that may happen next; None at the end."""
    event = session.event
    if session.is_finished():
        return None
    if isinstance(event, Handover):
        if event.may_end and rng.random() < 0.3:
            return session.vocabulary.eos_token_ids[0]
        name = str(rng.choice(list(event.segments)))
        return name, text_of_a_letter(session, name, rng)
    return any_token(session, mw.allowed_tokens(mask(session), session.vocabulary.size), rng)


def take(session: Session, step: Step) -> bool:
    """Take it; False if the budget does not let others go on where the trace may end."""
    if isinstance(step, int):
        session.accept_token(step)
        return True
    try:
        session.observe(step[1], step[0])
    except BudgetTooSmall:
        assert isinstance(session.event, Handover)
        assert session.event.may_end
        return False
    return True


def steps_of_a_run(program: Program, seed: int) -> list[Step]:
    session, rng = program.start(), np.random.default_rng(seed)
    steps: list[Step] = []
    while (step := next_step(session, rng)) is not None and take(session, step):
        steps.append(step)
        assert len(steps) < 2_000
    return steps


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bit_is_set_exactly_if_the_token_is_accepted(seed: int) -> None:
    program = random_program(seed, kinds="all" if seed % 2 else "regular")
    rng = np.random.default_rng(seed)
    session = program.start()
    for step in steps_of_a_run(program, seed):
        allowed = set(mw.allowed_tokens(mask(session), program.vocabulary.size).tolist())
        tried = [*rng.permutation(sorted(allowed))[:6], *rng.integers(0, program.vocabulary.size, 12)]
        for token in map(int, tried):
            trial = session.fork()
            before = View.of(trial)
            assert trial.allows(token) == (token in allowed)
            if token in allowed:
                trial.accept_token(token)
                assert trial.n_accepted == session.n_accepted + 1
            else:
                with pytest.raises(TokenRejected):
                    trial.accept_token(token)
                assert View.of(trial) == before
        take(session, step)


def test_tokens_outside_the_vocabulary_are_refused() -> None:
    session = random_program(1).start()
    for token in (-1, session.vocabulary.size, 1 << 40):
        assert not session.allows(token)
        with pytest.raises(TokenRejected):
            session.accept_token(token)


@pytest.mark.parametrize("seed", SEEDS)
def test_rollback_restores_all_that_a_session_shows(seed: int) -> None:
    program = random_program(seed, kinds="all" if seed % 2 else "regular")
    steps = steps_of_a_run(program, seed)
    session = program.start()
    views = [View.of(session)]
    for step in steps:
        take(session, step)
        views.append(View.of(session))
    rng = np.random.default_rng(seed)
    here = len(steps)
    for _ in range(30):
        if rng.random() < 0.5:
            n = int(rng.integers(0, here + 1))
            session.rollback(n)
            here -= n
        else:
            for step in steps[here : here + int(rng.integers(0, len(steps) - here + 1))]:
                take(session, step)
                here += 1
        assert session.n_accepted == here
        assert View.of(session) == views[here]
    with pytest.raises(MatcherError):
        session.rollback(here + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_forks_go_their_own_way(seed: int) -> None:
    program = random_program(seed, kinds="all" if seed % 2 else "regular")
    steps = steps_of_a_run(program, seed)
    half = len(steps) // 2
    session = program.start()
    views = [View.of(session)]
    for step in steps[:half]:
        take(session, step)
        views.append(View.of(session))
    fork = session.fork()
    rng = np.random.default_rng(seed)
    for _ in range(10):
        other = next_step(fork, rng)
        if other is None or not take(fork, other):
            break
    assert View.of(session) == views[-1]
    after_fork = View.of(fork)
    for step in steps[half:]:
        take(session, step)
    session.rollback(len(steps))
    assert View.of(session) == views[0]
    assert View.of(fork) == after_fork
    fork.rollback(fork.n_accepted)
    assert View.of(fork) == views[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_masks_do_not_depend_on_how_a_text_was_cut_into_tokens(seed: int) -> None:
    bounded = random_program(seed, kinds="all" if seed % 2 else "regular")
    program = mw.Compiler(bounded.vocabulary).compile_behaviour(bounded.spec, budget=Budget())
    whole, single = program.start(), program.start()
    for step in steps_of_a_run(bounded, seed):
        take(whole, step)
        if isinstance(step, int) and step not in program.vocabulary.eos_token_ids:
            for byte in program.vocabulary.text_of(step):
                single.accept_token(byte)
        else:
            take(single, step)
        assert View.of(whole) == View.of(single)


def test_sessions_of_one_program_in_two_threads_are_those_of_one() -> None:
    for seed in (501, 502, 505):
        expected = [play(random_program(seed), np.random.default_rng(run)).session.text for run in range(12)]
        program = random_program(seed)
        found: dict[int, str] = {}

        def work(runs: range, program: Program = program, found: dict[int, str] = found) -> None:
            for run in runs:
                found[run] = play(program, np.random.default_rng(run)).session.text

        threads = [threading.Thread(target=work, args=(range(begin, 12, 2),)) for begin in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [found[run] for run in range(12)] == expected


def test_masks_are_the_same_when_memory_starts_over() -> None:
    spec = spec_of(
        {
            "segments": {
                "ask": {"open": "[ask] ", "writer": "user"},
                "say": {"open": "\n[say] ", "text": {"regex": "[a-c]{1,49000}"}},
                "end": {"open": "\n[end] ", "text": {"regex": "[a-z]{0,20000}"}},
            },
            "flow": "ask say say end",
        }
    )
    tokens = [*(bytes([byte]) for byte in range(256)), b"abcabcabcabc", b"bcabcabcabca", b"b\n[", b"a\n[end] ", b""]
    vocabulary = mw.Vocabulary(tokens, eos_token_ids=[len(tokens) - 1])
    budget = Budget(generated_tokens=10_000)
    tight, roomy = (
        mw.Compiler(vocabulary, max_bytes=size << 20).compile_behaviour(spec, budget=budget) for size in (8, 256)
    )
    rng = np.random.default_rng(0)
    few, many = tight.start(), roomy.start()
    few.observe("go")
    many.observe("go")
    while not isinstance(many.event, Done):
        row = mask(many)
        assert np.array_equal(mask(few), row)
        choose = longest_token if len(many.text) < 90_000 else any_token
        token = choose(many, mw.allowed_tokens(row, vocabulary.size), rng)
        few.accept_token(token)
        many.accept_token(token)
    assert few._grammar.memory.n_restarts > many._grammar.memory.n_restarts, (
        "memory has not started over: nothing was tested"
    )
    for n in (1, 3, 500, 4_000):
        few.rollback(n)
        many.rollback(n)
        assert View.of(few) == View.of(many)
