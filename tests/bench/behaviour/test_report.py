"""Figures become tables: every part has one, what could not be measured says why, and all of it is written."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from bench.behaviour import report as tables
from bench.behaviour.__main__ import main
from bench.behaviour.blow_up import BlowUpFigures
from bench.behaviour.compiling import CompileFigures
from bench.behaviour.interference import Interference
from bench.behaviour.masks import MaskFigures, RuleCost, Spread
from bench.behaviour.react_loop import LoopFigures
from bench.behaviour.stepping import Agreement, Foresight, Refusals, Timing
from bench.behaviour.validity import ValidityFigures
from bench.sampling.report import Section, print_section
from maskwright.integrations.generation import BUNDLED_MODEL

FORESIGHT = Foresight("rollback", ("never delete", "rollback followed by delete"), True, False)


def is_even(section: Section) -> bool:
    """Has each row a text for each column, and can it be shown?"""
    print_section(Console(file=None, quiet=True), section)
    return all(len(row) == len(section.columns) for row in section.rows) and bool(section.rows)


def test_steps_stand_side_by_side() -> None:
    timings = [Timing("maskwright: rules", 50, 1e-4), Timing("AgentLTL: verify", 50, 0.1)]
    section = tables.stepping_section(timings, Agreement(10, 10, 3, 3, 0), FORESIGHT, Refusals(50, 7), "0.2.1")
    assert is_even(section)
    assert section.rows[0] == ("maskwright: rules", "0.100")
    assert "AgentLTL allows it; here it is refused." in section.remarks[2]
    assert "refuses 7 calls" in section.remarks[3]


def test_without_the_other_tool_nothing_is_said_of_it() -> None:
    absent = Foresight("rollback", FORESIGHT.rules, None, False)
    section = tables.stepping_section([Timing("maskwright: rules", 50, 1e-4)], None, absent, None, "")
    assert is_even(section)
    assert "AgentLTL is not installed" in section.remarks[1]


def test_masks_and_what_could_not_be_measured() -> None:
    spread = Spread(3, 1.0, 2.0, 3.0, 1.5)
    figures = [
        MaskFigures("react", False, "", 2, 0, spread, spread, spread, spread, spread),
        MaskFigures("lexical", True, "LimitExceeded: too much"),
    ]
    section = tables.mask_section(figures, 257)
    assert is_even(section)
    assert section.rows[0][3] == "1.00 / 2.00 / 3.00"
    assert section.rows[1][2] == "LimitExceeded: too much"


def test_rules_and_sizes_and_limits_and_runs_have_tables() -> None:
    assert is_even(tables.rules_section(RuleCost(9, (2, 4), (10.0, 11.0), (9.0, 9.5))))
    assert is_even(tables.compile_section([CompileFigures("react"), CompileFigures("lexical", "LimitExceeded: no")]))
    assert is_even(tables.blow_up_section([BlowUpFigures("10 responses"), BlowUpFigures("must", "no answer")]))
    assert is_even(tables.interference_section(Interference(20, 20_000, 0)))
    assert is_even(tables.loop_section([LoopFigures("react", 2, 2, 2, 2, 240, 9.0, 10, 20, 3, 1, 8, 0.1, 0.1)]))


def test_one_pass_is_compared_by_valid_traces() -> None:
    figures = [
        ValidityFigures("masks", 0, 10, 10, 100, 10),
        ValidityFigures("free", 0, 10, 0, 50, 10),
        ValidityFigures("monitor, 3 attempts", 0, 10, 5, 100, 20),
    ]
    section = tables.validity_section("react", 10, figures)
    assert is_even(section)
    assert [row[-1] for row in section.rows] == ["100 %", "", "50 %"]


def test_the_command_writes_what_it_prints(tmp_path: Path) -> None:
    arguments = ["--quick", "--parts", "compiling", "--tokenizer", str(BUNDLED_MODEL), "--output", str(tmp_path)]
    assert main(arguments) == 0
    (markdown,) = tmp_path.glob("*-behaviour.md")
    (records,) = tmp_path.glob("*-behaviour.json")
    assert "| react |" in markdown.read_text(encoding="utf-8")
    found = json.loads(records.read_text(encoding="utf-8"))["sections"]["Compiling"]
    assert any(one["name"] == "react" and one["policy_ms"] > 0 for one in found)
