"""What hosts do with sessions: limits of segments, assumptions that are broken, turns for other samplers, verdicts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import maskwright as mw
from maskwright.behaviour import Budget, Done, Handover, Session, Spec, Verdict
from maskwright.matching.bitmask import allowed_tokens

PIECES = [b"\n[", b"[A] ", b"</b>", b"<b>", b" the", b" cat", b"</b>\n[A]", b"xx", b"\n[B"]
END = 256 + len(PIECES)
VOCABULARY = mw.Vocabulary([*(bytes([byte]) for byte in range(256)), *PIECES, b""], eos_token_ids=[END])
COMPILER = mw.Compiler(VOCABULARY)


def play(session: Session, rng: np.random.Generator, answer: Callable[[Handover], str]) -> Session:
    """To the end, with random tokens."""
    row = np.zeros(session.row_shape, np.int32)
    while not isinstance(session.event, Done):
        if isinstance(session.event, Handover):
            session.observe(answer(session.event))
            continue
        session.fill_bitmask(row)
        allowed = allowed_tokens(row, VOCABULARY.size)
        assert len(allowed), session.text
        session.accept_token(int(rng.choice(allowed)))
    return session


LIMITED = r"""
segments:
  q: {open: "[Q] ", writer: user}
  a: {open: "\n[A] ", text: free, max_tokens: 5}
  b: {open: "<b>", close: "</b>", text: free, max_tokens: 6}
flow: q (a | b){1,6}
budget: {generated_tokens: 90}
"""


@pytest.mark.parametrize("seed", range(25))
def test_a_segment_has_no_more_tokens_than_its_limit(seed: int) -> None:
    program = COMPILER.compile_behaviour(Spec.from_yaml(LIMITED, "limited"))
    session = program.start()
    session.observe("why?")
    rng = np.random.default_rng(seed)
    row = np.zeros(session.row_shape, np.int32)
    inside, tokens = None, 0
    while not isinstance(session.event, Done):
        session.fill_bitmask(row)
        token = int(rng.choice(allowed_tokens(row, VOCABULARY.size)))
        session.accept_token(token)
        last = program.reader.split(session.text)[-1]
        here = (last.segment, last.begin)
        tokens = tokens + 1 if here == inside and not (last.segment == "b" and last.is_closed) else 0
        inside = here
        if last.segment in {"a", "b"}:
            opener_at_most = 4  # the tokens of the opener that ends it: "\n", "[", "A", "] "
            assert tokens <= {"a": 5 + opener_at_most, "b": 6}[last.segment]


ASSUMING = r"""
segments:
  q: {open: "[Q]", writer: user}
  a: {open: "<a>", close: "</a>", text: {regex: "x+"}}
  r: {open: "<r>", close: "</r>", writer: env, text: {choice: [ok, bad]}}
  sorry: {open: "<s>", close: "</s>", text: {regex: "y+"}}
flow: q a r a
rules: [{never: 'r == "bad"'}]
environment: {assume: 'G !(r == "bad")'FALLBACK}
budget: {generated_tokens: 40}
"""


def test_others_who_break_what_is_assumed_of_them_lead_to_the_fallback() -> None:
    spec = Spec.from_yaml(ASSUMING.replace("FALLBACK", ", fallback: sorry"), "assuming")
    session = COMPILER.compile_behaviour(spec).start()
    play(session, np.random.default_rng(0), lambda event: "bad" if event.segment == "r" else "?")
    assert session.event == Done(is_broken=True)
    assert session.text.endswith("<r>bad</r><s>" + session.pieces[-1].text + "</s>")
    assert session.verdicts().whole is Verdict.VIOLATED_FOR_GOOD


def test_without_a_fallback_the_trace_ends_there() -> None:
    spec = Spec.from_yaml(ASSUMING.replace("FALLBACK", ""), "assuming")
    session = COMPILER.compile_behaviour(spec).start()
    play(session, np.random.default_rng(0), lambda event: "bad" if event.segment == "r" else "?")
    assert session.event == Done(is_broken=True)
    assert session.is_finished()
    session.rollback(1)
    assert isinstance(session.event, Handover)
    session.observe("ok")
    play(session, np.random.default_rng(1), lambda _: "")
    assert session.verdicts().whole in {Verdict.SATISFIED_SO_FAR, Verdict.SATISFIED_FOR_GOOD}


def test_a_budget_that_is_too_small_names_the_least_one() -> None:
    spec = Spec.from_yaml(LIMITED, "limited")
    least = COMPILER.compile_behaviour(spec).least_budget
    COMPILER.compile_behaviour(spec, budget=Budget(generated_tokens=least))
    with pytest.raises(mw.MaskwrightError, match=f"can take {least} generated tokens"):
        COMPILER.compile_behaviour(spec, budget=Budget(generated_tokens=least - 1))


def test_texts_of_others_are_cut_to_their_tokens() -> None:
    text = r"""
segments: {q: {open: "[Q]", close: "[/Q]", writer: user, max_tokens: 3}, a: {open: "<a>", close: "</a>"}}
flow: q a
budget: {context_tokens: 100}
"""
    session = COMPILER.compile_behaviour(Spec.from_yaml(text, "cut")).start(count_tokens=len)
    assert session.observe("abcdefgh") == "[Q]abc[/Q]"
    assert session.remaining() == 100 - len("[Q]abc[/Q]")


def test_a_turn_ends_with_an_end_token_and_the_session_goes_on_from_there() -> None:
    text = r"""
segments: {q: {open: "[Q]", writer: user}, a: {open: "<a>", close: "</a>", text: {regex: "x{1,3}"}}}
flow: (q a){1,2}
"""
    session = COMPILER.compile_behaviour(Spec.from_yaml(text, "turns")).start()
    session.observe("?")
    turn = session.turn()
    matcher = turn.matcher()
    assert turn.vocabulary is VOCABULARY
    written = [*b"<a>xx</a>", END]
    assert matcher.accept_tokens(written) == len(written)
    assert matcher.is_finished()
    assert session.text == "[Q]?"  # the turn had a session of its own
    session.accept_tokens(written)
    assert isinstance(session.event, Handover)
    assert session.event.may_end
    session.observe("and?")
    assert session.text == "[Q]?<a>xx</a>[Q]and?"
