"""The table of schedulers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from maskwright.sampling.infilling import schedulers
from maskwright.sampling.infilling.schedulers import SCHEDULERS, ConfidenceThreshold


def test_every_scheduler_of_the_package_has_a_name() -> None:
    classes = {
        value
        for name in schedulers.__all__
        if isinstance(value := getattr(schedulers, name), type) and hasattr(value, "init") and hasattr(value, "step")
    } - {schedulers.Scheduler, schedulers.StepView}
    assert set(SCHEDULERS.values()) == classes


def test_options_are_passed_on() -> None:
    assert SCHEDULERS["confidence_threshold"](threshold=0.8) == ConfidenceThreshold(0.8)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_is_a_value_that_can_be_compared_and_hashed(name: str) -> None:
    assert SCHEDULERS[name]() == SCHEDULERS[name]()
    assert hash(SCHEDULERS[name]()) == hash(SCHEDULERS[name]())


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SCHEDULERS["other"] = ConfidenceThreshold  # type: ignore[index]


PAGE = Path(__file__).parents[4] / "docs" / "infilling_schedulers.md"


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_page_names_every_option_with_its_default(name: str) -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
    for option in dataclasses.fields(SCHEDULERS[name]()):
        is_plain = option.default is not dataclasses.MISSING
        assert f"`{option.name}={option.default!r}`" in rows[0] if is_plain else f"`{option.name}`" in rows[0]
