"""Every hostile case ends as its file says: with that error, in those words, and in little memory.

Time is measured by `python -m bench.hostile`; here a case is only ended when it hangs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.attempts import ATTEMPTS
from tests.hostile.isolated import HANG_SECONDS, Outcome
from tests.hostile.records import NO_ERROR, HostileCase, hostile_cases, text_of

CASES = hostile_cases()
MAX_MEGABYTES = 300
CALLERS = {"UserMistakeError"}
"""The error of the command line, which is told to its user as it is."""

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each case is tried in a fork of one process"),
    pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="texts take minutes without machine code"),
]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """What came of each case, all tried in one run."""
    finished = subprocess.run(
        [sys.executable, "-m", "tests.hostile.isolated"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30 * HANG_SECONDS,  # machine code may have to be made first
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    told = [Outcome(**json.loads(line)) for line in finished.stdout.splitlines()]
    return {outcome.name: outcome for outcome in told}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ends_as_its_file_says(case: HostileCase, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[case.name]
    assert case.is_as_said(outcome.error, outcome.message), f"{outcome.error}: {outcome.message[:1000]}"
    assert outcome.is_ours or outcome.error in {NO_ERROR, *CALLERS}
    assert not outcome.megabytes > MAX_MEGABYTES


def test_there_are_cases_of_every_kind_and_their_errors_can_be_read() -> None:
    assert len(CASES) >= 40
    assert {case.kind for case in CASES} == ATTEMPTS.keys()
    assert any(case.reads is not None for case in CASES)
    for case in CASES:
        assert (case.error == NO_ERROR) == (case.message == "")
        assert len(case.message) < 1000, f"{case.name}: nobody reads that"


def test_a_limit_says_where_it_was_met_and_what_to_do() -> None:
    for case in CASES:
        if case.error in {"LimitExceeded", "SchemaTooComplex"}:
            assert " needs " in case.message and " allowed: " in case.message, case.name


def test_parts_of_texts() -> None:
    assert text_of("ab") == "ab"
    assert text_of(["a", {"repeat": ["b", "c"], "times": 2}]) == "abcbc"
    assert text_of({"each": "%d->%n", "from": 1, "to": 3, "joined": ","}) == "1->2,2->3"
    for wrong in (3, None, {"repeat": "a"}, {"repeat": "a", "times": "b"}, {"each": "a", "from": 0, "to": 1, "x": 1}):
        with pytest.raises(ValueError, match="no part of a text"):
            text_of(wrong)
