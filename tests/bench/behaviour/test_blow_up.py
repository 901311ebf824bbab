"""Specifications that could blow up: figures or a report, and never a process that does not end."""

from __future__ import annotations

import pytest

from bench.behaviour.blow_up import in_process, mentions, responses, specifications
from maskwright.grammar.behaviour.policy import Policy


def test_responses_are_independent() -> None:
    policy = Policy.of(responses(3))
    assert len(policy.components) == 4
    assert policy.is_complete


def test_a_mention_is_part_of_the_text() -> None:
    (segment,) = mentions(2).segments
    assert len(segment.restrictions) == 1


@pytest.mark.parametrize("name", ["at most 5,000", "8 mentions, at most 2,000 characters"])
def test_there_is_a_result_or_a_report(name: str) -> None:
    assert name in specifications()
    found = in_process(name, None, 120)
    assert found.name == name
    assert found.report or (found.compile_ms > 0 and found.first_mask_ms > 0 and found.memory_mb >= 0)


def test_a_process_that_takes_too_long_is_ended() -> None:
    assert in_process("at most 5,000", None, 0.01).report == "no answer after 0.01 s"
