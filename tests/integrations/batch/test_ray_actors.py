"""Runs on a local Ray with two workers: every row exactly once, also when workers and drivers are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maskwright import Compiler
from maskwright.integrations.batch import (
    Asking,
    Constraint,
    Fields,
    HostFailed,
    Kind,
    OnRay,
    OnTransformers,
    Sampling,
    Tally,
    run,
    run_here,
)
from maskwright.integrations.batch.local import CompiledHere
from maskwright.integrations.batch.ray_grammars import FetchedGrammars, GrammarStore
from tests.integrations.batch.scribe import WORDS, Scribe, read_answers
from tests.integrations.batch.test_running import N_ROWS, job_of, rows, scribe_process

ray = pytest.importorskip("ray", reason="Ray is not installed; `make test-ray` runs these tests")

TWO = OnRay(workers=2)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def worker_processes(notes: Path) -> list[int]:
    return [int(note.name) for note in notes.iterdir() if note.name.isdigit()]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_cluster_writes_the_same_file_as_one_machine(tmp_path: Path) -> None:
    job, here = job_of(tmp_path, rows(500)), job_of(tmp_path, rows(500), "here.jsonl")
    assert run(job, Scribe(), TWO).tally == Tally(500)
    run(here, Scribe(), run_here)
    assert job.output.read_bytes() == here.output.read_bytes()


def test_ten_thousand_rows_survive_a_worker_that_is_killed(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    whole = job_of(tmp_path, rows(N_ROWS), "whole.jsonl")
    run(whole, Scribe(), run_here)
    job = job_of(tmp_path, rows(N_ROWS))
    killed: list[int] = []

    def kill_one(progress: Any) -> None:
        if progress.tally.n_rows > N_ROWS // 2 and not killed:
            [first, _] = sorted(worker_processes(notes))
            os.kill(first, signal.SIGKILL)
            killed.append(first)

    done = run(job, Scribe(notes=str(notes)), TWO, kill_one)
    assert killed
    assert len(worker_processes(notes)) == 3  # the third took the place of the first
    assert done.tally == Tally(N_ROWS)
    assert job.output.read_bytes() == whole.output.read_bytes()


def test_a_driver_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    whole, job = job_of(tmp_path, rows(2_000), "whole.jsonl"), job_of(tmp_path, rows(2_000))
    run(whole, Scribe(), run_here)
    process = scribe_process(job, "--workers", "2", "--seconds", "0.01", "--notes", str(notes))
    while process.poll() is None and (not job.output.exists() or job.output.stat().st_size < 20_000):
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert whole.output.read_bytes().startswith(job.output.read_bytes())
    assert 0 < len(read_answers(job.output)) < 2_000
    run(job, Scribe(), TWO)
    assert job.output.read_bytes() == whole.output.read_bytes()
    give_up = time.monotonic() + 60
    while any(map(is_running, worker_processes(notes))) and time.monotonic() < give_up:
        time.sleep(0.2)
    assert not any(map(is_running, worker_processes(notes))), "the workers of a dead driver end"


def test_a_worker_that_dies_once_costs_nothing(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    given = rows(40)
    given[20]["prompt"] = "die once"
    assert run(job_of(tmp_path, given), Scribe(notes=str(notes)), TWO).tally == Tally(40)
    assert (notes / "closed").exists()


def test_a_row_that_kills_its_worker_gets_an_error_and_the_others_are_answered(tmp_path: Path) -> None:
    given = rows(40)
    given[20]["prompt"] = "die"
    job = job_of(tmp_path, given, batch_size=4)
    assert run(job, Scribe(), TWO).tally == Tally(40, 1)
    answers = read_answers(job.output)
    assert answers[20]["error"]["kind"] == "WorkerDied"
    assert answers[20]["error"]["message"].startswith("its worker died 4 times: ")
    whole = job_of(tmp_path, rows(40), "whole.jsonl")
    run(whole, Scribe(), run_here)
    assert [answer for answer in answers if answer["line"] != 21] == [
        answer | {"n_prompt_tokens": answers[index]["n_prompt_tokens"]}
        for index, answer in enumerate(read_answers(whole.output))
        if index != 20
    ]


def test_a_host_that_fails_ends_the_run(tmp_path: Path) -> None:
    given = rows(40)
    given[20]["prompt"] = "break"
    job = job_of(tmp_path, given)
    with pytest.raises(HostFailed, match="RuntimeError: the quill is broken"):
        run(job, Scribe(), TWO)
    assert len(read_answers(job.output)) == 16


class Unloadable(Scribe):
    """A model that is not there."""

    def engine(self, grammars: Any) -> Any:
        raise OSError("no such model")


def test_a_model_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostFailed, match=r"a worker cannot load the model \(.*OSError: no such model\)"):
        run(job_of(tmp_path, rows(3)), Unloadable(), TWO)


def test_what_is_wrong_with_the_constraint_is_told_by_the_driver(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="pattern"):
        run(job_of(tmp_path, rows(3), asking=Asking(Constraint(Kind.REGEX, "("))), Scribe(), TWO)


def test_rows_with_schemas_of_their_own_fetch_each_of_them_once(tmp_path: Path) -> None:
    given = [
        {"id": number, "prompt": "x", "schema": {"enum": [number % 5, "n"]} if number % 7 else {"not": {}}}
        for number in range(200)
    ]
    job = job_of(tmp_path, given, fields=Fields(schema="schema"))
    here = job_of(tmp_path, given, "here.jsonl", fields=Fields(schema="schema"))
    assert run(job, Scribe(), TWO).tally == Tally(200, 29)
    run(here, Scribe(), run_here)
    assert job.output.read_bytes() == here.output.read_bytes()
    assert {answer["error"]["kind"] for answer in read_answers(job.output) if "error" in answer} == {"EmptyLanguage"}


def test_workers_that_find_no_place_are_not_waited_for(tmp_path: Path) -> None:
    assert run(job_of(tmp_path, rows(50)), Scribe(), OnRay(workers=5)).tally == Tally(50)


def test_a_cluster_without_room_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostFailed, match="no room for a worker: it has 2 CPU, 0 GPU in all"):
        run(job_of(tmp_path, rows(3)), Scribe(), OnRay(gpus_per_worker=1))


def test_a_grammar_is_stored_and_fetched_once() -> None:
    vocabulary = Scribe().vocabulary()
    store = GrammarStore(ray, CompiledHere(Compiler(vocabulary)))
    same = Constraint(Kind.REGEX, WORDS.text)
    reference = store.reference(WORDS)
    assert store.reference(same) is reference
    fetched = FetchedGrammars(Compiler(vocabulary))
    fetched.references = {WORDS.key: reference}
    grammar = fetched(WORDS)
    fetched.references = {}
    assert fetched(same) is grammar
    assert fetched.n_fetched == 1


def test_the_bundled_model_writes_the_same_on_a_cluster(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="generating needs torch and transformers")
    pytest.importorskip("transformers", reason="generating needs torch and transformers")
    torch.set_num_threads(1)  # as Ray's workers have it
    job, here = job_of(tmp_path, rows(40), batch_size=8), job_of(tmp_path, rows(40), "here.jsonl", batch_size=8)
    model = OnTransformers(sampling=Sampling(20))
    assert run(job, model, TWO).tally == Tally(40)
    run(here, model, run_here)
    assert job.output.read_bytes() == here.output.read_bytes()


def test_a_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    ray.shutdown()
    try:
        job = job_of(tmp_path, rows(3))
        with pytest.raises(HostFailed, match="Ray cannot be reached or started"):
            run(job, Scribe(), OnRay("nowhere", workers=1))
    finally:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
