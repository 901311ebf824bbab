from __future__ import annotations

import io
import json
import math

import pytest
from rich.console import Console

from bench.sampling.quality import Quality
from bench.sampling.report import Report, number, print_section, quality_section, run_section, write
from bench.sampling.runs import Engine, Knows, Run, take_turns

QUALITY = Quality("CARS", "maskwright", 8, 2, 0.1, 0.09, 0.2, 0.19, None, 0, None, None, None, 4.05, 0.415, 0.1647, 0.8)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.0, "0.00"),
        (0.43412, "0.434"),
        (-14.1631, "-14.2"),
        (1234.5, "1,234"),
        (2.1e-10, "2.10e-10"),
        (-math.inf, "−∞"),
        (math.inf, "∞"),
    ],
)
def test_figures_have_three_digits(value, text):
    assert number(value) == text


def _report() -> Report:
    engines = [
        Engine("maskwright", "SMC", Knows.MASK, lambda _: Run(10, 0, -2.0, 5.0)),
        Engine("other", "SMC", Knows.MASK, lambda _: Run(10, 0, -math.inf, 5.0)),
    ]
    figures = take_turns(engines, 2)
    report = Report()
    report.add(run_section("Runs", "A remark.", figures), {"figures": figures})
    report.add(quality_section("Quality: toy", "Another.", [QUALITY]), {"figures": [QUALITY]})
    return report


def test_the_terminal_and_the_file_show_the_same(tmp_path):
    report, out = _report(), io.StringIO()
    for section in report.sections:
        print_section(Console(file=out, width=300), section)
    markdown, _ = write(report, tmp_path, "now", {})
    written = markdown.read_text(encoding="utf-8")
    for words in ("maskwright: SMC", "A remark.", "8 (−2)", "0.415", "with a mask, maskwright takes 1/", "−∞"):
        assert words in out.getvalue()
        assert words in written


def test_the_records_are_json_with_the_machine_and_the_options(tmp_path):
    _, records = write(_report(), tmp_path, "now", {"texts": 8})
    read = json.loads(records.read_text(encoding="utf-8"))
    assert read["options"] == {"texts": 8}
    assert read["machine"]["cores"] >= 1
    assert read["sections"]["Quality: toy"]["figures"][0]["rows_per_text"] == 4.05
    assert read["sections"]["Runs"]["figures"][1]["mean_log_z"] == "-inf"
    assert read["sections"]["Runs"]["figures"][0]["knows"] == "mask"
