"""The answer that most runs give."""

from __future__ import annotations

from maskwright.integrations.agents.voting import Vote, vote


def test_the_most_frequent_answer_comes_first() -> None:
    assert vote(["41", "42", " 42.", "42"]) == [Vote("42", 3), Vote("41", 1)]


def test_answers_differ_by_more_than_case_and_white_space() -> None:
    assert vote(["New  York", "new york.", "York"]) == [Vote("New  York", 2), Vote("York", 1)]


def test_the_first_of_equally_frequent_answers_wins() -> None:
    assert vote(["b", "a", "a", "b"])[0] == Vote("b", 2)
    assert vote([]) == []
