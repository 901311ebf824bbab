"""A measurement in a process of its own: what it told is kept, however it ends."""

from __future__ import annotations

import os
import time

import pytest

from bench.infilling.limited import Tell, within
from maskwright.errors import InvalidCanvas

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")


def test_what_is_told_arrives() -> None:
    def work(tell: Tell[int]) -> None:
        tell(1)
        tell(2)

    found = within(30, work)
    assert (found.told, found.problem) == ((1, 2), "")


def test_work_without_end_is_ended() -> None:
    def work(tell: Tell[int]) -> None:
        tell(1)
        time.sleep(60)

    found = within(0.5, work)
    assert (found.told, found.problem) == ((1,), "not done after 0.5 s")


def test_an_error_of_ours_is_told_in_words() -> None:
    def work(_tell: Tell[int]) -> None:
        raise InvalidCanvas("it has no slot 3")

    assert within(30, work).problem.startswith("InvalidCanvas: ")


def test_a_process_that_dies_is_noticed() -> None:
    def work(_tell: Tell[int]) -> None:
        os._exit(3)

    assert within(30, work).problem == "the process ended with code 3"
