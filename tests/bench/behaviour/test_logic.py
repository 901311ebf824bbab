"""The workloads of `bench.behaviour.logic` are what their names say."""

from __future__ import annotations

import pytest

from bench.behaviour.logic import main, published_patterns, workloads


def test_workloads_have_the_sizes_that_are_known() -> None:
    assert len(published_patterns()) == 30
    made = {name: work() for name, work in workloads().items()}
    assert sum(dfa.n_states for dfa in made["30 published patterns"]) == 101
    sizes = {name: dfas[0].n_states for name, dfas in made.items() if len(dfas) == 1}
    assert sizes == {
        "loop and tool policy": 28,
        "loop and tool policy, parsed too": 28,
        "12 responses": 4_096,
        "12 precedences": 4_097,
        "12 times must": 4_096,
        "at most 3 of each of 5": 1_025,
        "F(p & X^12 q)": 4_097,
        "within 30": 32,
        "at most 50, counted": 52,
    }


def test_a_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--repetitions", "1"])
    assert "loop and tool policy" in capsys.readouterr().out
