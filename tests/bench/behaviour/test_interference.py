"""A specification that permits everything: the same tokens as without it."""

from __future__ import annotations

from bench.behaviour.interference import measure


def test_nothing_is_changed_where_everything_is_allowed() -> None:
    found = measure(2, 60)
    assert (found.n_seeds, found.n_tokens, found.n_different) == (2, 120, 0)
