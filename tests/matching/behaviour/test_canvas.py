"""What a behaviour specification allows, filled in any order: judged by its sessions."""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from maskwright.behaviour import Spec
from maskwright.errors import CanvasNotCompletable, MatcherError, UnsupportedInCanvas
from maskwright.matching.infilling.slots import MASK, Gap
from tests.grammar.single_bytes import SINGLE_BYTES

STEPS = """
behaviour: 1
segments:
  plan: {open: "P:", text: {regex: "[a-c]{1,3}"}, close: ";"}
  do: {open: "D:", text: {choice: [ab, ba]}, close: ";"}
flow: (plan | do)+
rules:
  - order: [plan, do]
  - at_least: {n: 2, of: do}
"""
QUESTION = """
behaviour: 1
segments:
  q: {open: "Q:", writer: user, close: ";"}
  a: {open: "A:", text: {regex: "[a-c]{1,3}"}, close: ";"}
flow: q a
"""


def session_of(text: str) -> object:
    return mw.Compiler(SINGLE_BYTES).compile_behaviour(Spec.from_yaml(text, "spec")).start()


def test_a_trace_filled_in_any_order_is_one_that_the_session_takes() -> None:
    rng = np.random.default_rng(3)
    for n in (16, 20, 27):
        session = session_of(STEPS)
        canvas = session.canvas([MASK] * n)
        for slot in rng.permutation(n).tolist():
            row = canvas.allow()[slot]
            allowed = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))
            token = int(rng.choice(allowed))
            assert canvas.commit({slot: token}) == {slot: token}
        assert session.accept_tokens(canvas.tokens.tolist()) == n
        assert session.is_accepting()


def test_a_canvas_shorter_than_any_trace_is_refused_at_once() -> None:
    with pytest.raises(CanvasNotCompletable) as caught:
        session_of(STEPS).canvas([MASK] * 13)
    assert caught.value.n_missing == 1  # P:a;D:ab;D:ab; has 14 bytes


def test_what_others_write_is_not_in_a_canvas() -> None:
    session = session_of(QUESTION)
    with pytest.raises(MatcherError, match="a canvas begins where a turn of the model begins"):
        session.canvas([MASK])
    session.observe("why?")
    canvas = session.canvas([*b"A:", Gap.at_most(5), *b";"])
    assert bytes(canvas.complete()[:3].tolist()) == b"A:a"


def test_limits_of_segments_are_refused() -> None:
    session = session_of(QUESTION.replace('{1,3}"}', '{1,3}"}, max_tokens: 9'))
    with pytest.raises(UnsupportedInCanvas):
        session.canvas([MASK])
