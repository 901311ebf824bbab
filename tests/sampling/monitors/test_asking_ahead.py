"""Questions to an analysis that is slow on purpose: it waits for the test, never for the clock."""

from __future__ import annotations

import threading

import pytest

from maskwright import Compiler
from maskwright.errors import MatcherError
from maskwright.sampling.monitors import NamesAfterTriggers, Unanswered, Waiting
from maskwright.sampling.monitors.asking_ahead import AskedAhead
from tests.sampling.monitors.toys import EOS, tokens_of, vocabulary_of

VOCABULARY = vocabulary_of(b"a", b"b", b".", b" ")
PATIENCE_S = 60.0
"""Longer than any test should take: reached only if something hangs."""


class Gate:
    """An analysis that answers when it is let through."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.opened = threading.Event()
        self.texts: list[bytes] = []

    def __call__(self, text: bytes) -> list[str]:
        self.texts.append(text)
        self.begun.set()
        assert self.opened.wait(PATIENCE_S)
        return ["ab"]


def test_the_question_is_asked_when_the_trigger_is_written_and_not_when_the_mask_is_needed() -> None:
    gate = Gate()
    with NamesAfterTriggers(Compiler(VOCABULARY), gate) as names:
        here = names.monitor(b"a").after(5, b".")
        assert gate.begun.wait(PATIENCE_S)  # nobody has asked for a mask yet
        assert names.report.answered == 0
        gate.opened.set()
        assert {VOCABULARY.text_of(token) for token in tokens_of(here, VOCABULARY)} == {b"", b"a"}
        assert gate.texts == [b"a."]
        assert (names.report.asked, names.report.answered) == (1, 1)


@pytest.mark.parametrize("unanswered", list(Unanswered))
def test_an_answer_that_does_not_come_in_time_is_counted_and_stands_for_what_was_chosen(
    unanswered: Unanswered,
) -> None:
    gate = Gate()
    with NamesAfterTriggers(Compiler(VOCABULARY), gate, waiting=Waiting(0.0, unanswered)) as names:
        here = names.monitor(b"a").after(5, b".")
        given_up = tokens_of(here, VOCABULARY)
        assert (EOS in given_up) == (unanswered is Unanswered.ALLOW)
        assert bool(given_up) == (unanswered is Unanswered.ALLOW)
        assert (names.report.timed_out, names.report.answered) == (1, 0)
        gate.opened.set()
        later = names.monitor(b"a").after(5, b".")
        while not later.question._future.done():
            later.question._future.exception(PATIENCE_S)
        assert tokens_of(here, VOCABULARY) == given_up  # decided once
        assert names.report.timed_out == 1
        assert {VOCABULARY.text_of(token) for token in tokens_of(later, VOCABULARY)} == {b"", b"a"}
        assert (names.report.asked, names.report.reused, names.report.answered) == (1, 1, 1)


def test_the_default_waits_and_forbids() -> None:
    assert Waiting() == Waiting(timeout_s=None, unanswered=Unanswered.FORBID, max_workers=1)


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("inside")], ids=repr)
@pytest.mark.parametrize("unanswered", list(Unanswered))
def test_an_analysis_that_raises_is_counted_and_never_ends_a_text_with_an_error(
    error: Exception, unanswered: Unanswered
) -> None:
    def failing(_: bytes) -> list[str]:
        raise error

    with NamesAfterTriggers(Compiler(VOCABULARY), failing, waiting=Waiting(unanswered=unanswered)) as names:
        here = names.monitor(b"a.")
        assert bool(tokens_of(here, VOCABULARY)) == (unanswered is Unanswered.ALLOW)
        assert (names.report.failed, names.report.timed_out) == (1, 0)
        assert names.report.last_failure == repr(error)


def test_the_report_says_it_in_a_sentence() -> None:
    asked = AskedAhead(lambda text: None if text == b"?" else ["a"], Waiting())
    for text in (b"?", b"a", b"a"):
        asked.ask(text).answer()
    assert str(asked.report) == (
        "2 questions (1 more were asked before), 3 answered in time (1 without a restriction), 0 too late and "
        "0 failed, which forbids what follows"
    )
    asked.close()


def test_nothing_is_asked_after_the_end() -> None:
    names = NamesAfterTriggers(Compiler(VOCABULARY), lambda _: ["a"])
    here = names.monitor(b"a")
    names.close()
    assert EOS in tokens_of(here, VOCABULARY)
    with pytest.raises(MatcherError) as caught:
        here.after(5, b".")
    assert str(caught.value) == "The analysis of this monitor is closed, so nothing can be asked."
