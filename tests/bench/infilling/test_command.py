"""The command: on the bundled tokenizer and model, with tiny sizes, every part becomes a table and a record."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench.infilling import blow_up
from bench.infilling import report as tables
from bench.infilling.__main__ import main
from bench.infilling.blow_up import BlowUpFigures
from bench.infilling.denoising import DenoisingFigures
from bench.infilling.material import BUNDLED, JSON, Missing
from bench.infilling.speed import SpeedFigures
from bench.infilling.timing import Spread, Taken, spread_of

TINY = "--quick --parts speed proposals joint additive".split()


@pytest.fixture
def _same_cores() -> object:
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("_same_cores")
def test_the_command_writes_tables_and_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, "--output", str(tmp_path)]) == 0
    (written,) = tmp_path.glob("*-infilling.json")
    document = json.loads(written.read_text(encoding="utf-8"))
    assert document["options"]["vocabularies"] == [BUNDLED]
    assert len(document["sections"]) == 6
    speed = document["sections"]["Masks of a canvas that is all open"][0]
    assert (speed["grammar"], speed["problem"], set(speed["full"])) == (JSON, "", {"16", "64"})
    out = capsys.readouterr().out
    assert "quoted, not measured here" in out
    assert "load" in out


def test_spreads_are_of_processor_time() -> None:
    found = spread_of([Taken(10.0, 1.0), Taken(30.0, 3.0), Taken(20.0, 2.0)])
    assert (found.n, found.median, found.highest, found.wall_median) == (3, 2.0, 3.0, 20.0)
    assert spread_of([]).n == 0


def test_what_is_missing_or_failed_is_told() -> None:
    found = SpeedFigures("gpt2", 50_257, "c_like", 256, problem="not done after 5 s")
    full, updates = tables.speed_sections([found], [Missing("llama3", "not here")], "idle")
    assert full.remarks[1:4] == ("Left out: llama3 (not here).", "gpt2, c_like: not done after 5 s.", "idle")
    assert full.rows[0][:4] == ("gpt2, 50,257", "c_like", "256", "")
    assert updates.rows == ()


def test_denoising_becomes_a_table() -> None:
    spread = Spread(1, 2.0, 3.0, 3.0, 2.0, 3.0)
    one = DenoisingFigures(
        "top_k", "constrained", 4, 1, 4, 2, 16.0, 50.0, 100, 5, 7, 0.5, 1.25, spread, spread, {"person": 2.0}
    )
    section = tables.denoising_section([one], {"event": "LimitExceeded"}, 128, 16, "idle")
    assert section.rows[0] == (
        *("top_k", "constrained", "4 (−1)", "100.0%", "50.0%", "16.0", "50.0", "1.25", "5.0%", "7", "50%"),
        *("2.00 / 3.00", "2.00 / 3.00"),
    )
    assert "Left out: event (LimitExceeded)" in section.remarks


def test_blow_up_texts_become_a_table_even_unfinished() -> None:
    section = tables.blow_up_section([BlowUpFigures("gpt2", Taken(1.0, 1.0), problem="not done after 1 s")], [], "idle")
    assert section.rows[0][:4] == ("gpt2", "1.00 (1.00)", "", "0")
    assert json.loads(blow_up.TEXTS.read_text(encoding="utf-8"))["accepted"]
