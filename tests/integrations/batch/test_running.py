"""Runs with a model that throws dice: every row exactly once, whatever was killed when."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from maskwright.integrations.batch import (
    Asking,
    Constraint,
    DuplicateId,
    Fields,
    HostFailed,
    Job,
    Kind,
    OutputOfAnotherRun,
    Progress,
    Tally,
    UnusableFile,
    run,
    run_here,
)
from tests.integrations.batch.scribe import WORDS, Scribe, read_answers, write_rows

N_ROWS = 10_000
N_KILLS = 6


def rows(n: int) -> list[dict[str, Any]]:
    return [{"id": f"row {number}", "prompt": f"Word {number}:"} for number in range(n)]


def job_of(tmp_path: Path, given: list[dict[str, Any]], name: str = "out.jsonl", **options: Any) -> Job:
    options = {"asking": Asking(WORDS), **options}
    return Job(write_rows(tmp_path / "in.jsonl", given), tmp_path / name, **options)


def scribe_process(job: Job, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integrations.batch.scribe", str(job.input), str(job.output), *options]
    return subprocess.Popen(command, cwd=Path(__file__).parents[3])


def test_every_row_has_its_answer_in_the_order_of_the_input(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(100))
    seen: list[Progress] = []
    done = run(job, Scribe(), run_here, seen.append)
    assert done == seen[-1] == Progress(Tally(100), 100, 0)
    assert [progress.tally.n_rows for progress in seen] == [0, 16, 32, 48, 64, 80, 96, 100]
    answers = read_answers(job.output)
    assert [answer["id"] for answer in answers] == [f"row {number}" for number in range(100)]
    assert all(re.fullmatch(WORDS.text, answer["text"]) and answer["finish_reason"] == "stop" for answer in answers)
    assert len({answer["text"] for answer in answers}) > 90


def test_the_text_of_a_row_depends_neither_on_its_place_nor_on_the_batch(tmp_path: Path) -> None:
    first = job_of(tmp_path, rows(50))
    run(first, Scribe(), run_here)
    second = job_of(tmp_path, rows(50)[::-1], "backwards.jsonl", batch_size=7)
    run(second, Scribe(), run_here)
    texts, backwards = (
        {answer["id"]: answer["text"] for answer in read_answers(job.output)} for job in (first, second)
    )
    assert texts == backwards
    other = job_of(tmp_path, rows(50), "other.jsonl", asking=Asking(WORDS, 1))
    run(other, Scribe(), run_here)
    assert [answer["text"] for answer in read_answers(other.output)] != list(texts.values())


def test_an_engine_is_closed_however_a_run_ends(tmp_path: Path) -> None:
    for number, prompt in enumerate(("x", "break")):
        notes = tmp_path / str(number)
        notes.mkdir()
        job = job_of(tmp_path, [{"prompt": prompt}], f"out{number}.jsonl")
        try:
            run(job, Scribe(notes=str(notes)), run_here)
        except HostFailed:
            assert prompt == "break"
        assert (notes / "closed").exists()


def test_an_empty_input_has_an_empty_output(tmp_path: Path) -> None:
    job = job_of(tmp_path, [])
    assert run(job, Scribe(), run_here) == Progress(Tally(), 0, 0)
    assert job.output.read_bytes() == b""


def test_bad_rows_are_answered_with_errors_and_end_nothing(tmp_path: Path) -> None:
    given: list[dict[str, Any]] = [
        {"id": 0, "prompt": "x"},
        {"id": "no prompt"},
        {"id": "own", "prompt": "x", "schema": {"enum": [[1, "two"]]}},
        {"id": "cannot be kept", "prompt": "x", "schema": {"properties": {"x": {"pattern": r"(a)\1"}}}},
        {"id": "empty", "prompt": "x", "schema": {"allOf": [{"type": "null"}, {"type": "string"}]}},
        {"id": "not a schema", "prompt": "x", "schema": 3},
        {"id": "wrong options", "prompt": "x", "schema": {"x-maskwright": {"colour": 1}}},
        {"id": "refused", "prompt": "refuse"},
        {"prompt": "numbered"},
    ]
    job = job_of(tmp_path, given, fields=Fields(schema="schema"))
    with job.input.open("a") as file:
        file.write('{"id": "cut')
    assert run(job, Scribe(), run_here).tally == Tally(10, 7, 0)
    answers = read_answers(job.output)
    assert [answer["id"] for answer in answers] == [*(row.get("id", 9) for row in given), None]
    assert json.dumps(answers[2]["value"]) == '[1, "two"]'
    errors = {answer["id"]: answer["error"]["kind"] for answer in answers if answer["finish_reason"] == "error"}
    assert errors == {
        "no prompt": "InvalidRow",
        "cannot be kept": "UnsupportedSchema",
        "empty": "EmptyLanguage",
        "not a schema": "InvalidRow",
        "wrong options": "InvalidSchema",
        "refused": "ValueError",
        None: "InvalidRow",
    }
    again = run(job, Scribe(), run_here)
    assert again == Progress(Tally(10, 7, 0), 10, 10)


def test_what_is_wrong_with_the_constraint_is_told_before_the_first_row(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(3), asking=Asking(Constraint(Kind.REGEX, "(")))
    with pytest.raises(Exception, match="pattern"):
        run(job, Scribe(), run_here)
    assert job.output.read_bytes() == b""


def test_a_host_that_fails_ends_the_run_which_goes_on_later(tmp_path: Path) -> None:
    given = rows(40)
    given[20]["prompt"] = "break"
    job = job_of(tmp_path, given)
    with pytest.raises(HostFailed, match="the quill is broken"):
        run(job, Scribe(), run_here)
    assert len(read_answers(job.output)) == 16


def test_ids_that_occur_twice_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    job = job_of(tmp_path, [*rows(3), {"id": "row 1", "prompt": "x"}])
    with pytest.raises(DuplicateId, match="line 4: the id 'row 1' is that of line 2 already"):
        run(job, Scribe(), run_here)
    assert not job.output.exists()


def test_an_input_that_is_its_own_output_is_refused(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(3), "in.jsonl")
    with pytest.raises(UnusableFile, match="over the input"):
        run(job, Scribe(), run_here)


def test_an_input_that_changed_is_another_run(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(3))
    run(job, Scribe(), run_here)
    write_rows(job.input, rows(4))
    with pytest.raises(OutputOfAnotherRun, match="begun with"):
        run(job, Scribe(), run_here)


def test_other_options_for_the_schemas_of_rows_are_another_run(tmp_path: Path) -> None:
    given = [{"prompt": "x", "schema": {"const": [1, 2]}}]
    options = {"fields": Fields(schema="schema"), "asking": Asking(None)}
    run(job_of(tmp_path, given, **options), Scribe(), run_here)
    options["asking"] = Asking(None, schema_options=lambda _: '{"whitespace": "compact"}')
    with pytest.raises(OutputOfAnotherRun, match="it was begun with schema_options None"):
        run(job_of(tmp_path, given, **options), Scribe(), run_here)


def test_an_input_that_changes_during_the_run_is_told(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(40))
    with pytest.raises(UnusableFile, match="changed during the run"):
        run(job, Scribe(), run_here, lambda _: write_rows(job.input, rows(41)))


def test_a_run_that_is_cut_anywhere_comes_out_the_same(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(60))
    run(job, Scribe(), run_here)
    content = job.output.read_bytes()
    chance = random.Random(5)
    for size in sorted(chance.sample(range(1, len(content)), 25)):
        job.output.write_bytes(content[:size])
        run(job, Scribe(), run_here)
        assert job.output.read_bytes() == content


def test_a_process_that_is_killed_again_and_again_loses_no_row_and_writes_none_twice(tmp_path: Path) -> None:
    job = job_of(tmp_path, rows(N_ROWS))
    whole = job_of(tmp_path, rows(N_ROWS), "whole.jsonl")
    run(whole, Scribe(), run_here)
    chance = random.Random(7)
    sizes = sorted(chance.sample(range(whole.output.stat().st_size), N_KILLS))
    for size in sizes:
        process = scribe_process(job)
        while process.poll() is None and (not job.output.exists() or job.output.stat().st_size < size):
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert whole.output.read_bytes().startswith(job.output.read_bytes())
    assert scribe_process(job).wait() == 0
    assert job.output.read_bytes() == whole.output.read_bytes()
    assert len(read_answers(job.output)) == N_ROWS
