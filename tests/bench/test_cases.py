from __future__ import annotations

import json
import tarfile

import jsonschema
import pytest

from bench.cases import WORKLOADS, filter_cases, read_cases, sample_cases
from bench.workloads.generate import workload_text, workloads
from bench.workloads.large import large_cases

CASE = {"schema": {"type": "string"}, "tests": [{"description": "ä", "valid": True, "data": {"b": "ä", "a": 1.0}}]}


@pytest.fixture
def folder(tmp_path):
    for name in ("b_two", "a_one"):
        (tmp_path / f"{name}.json").write_text(json.dumps(CASE), encoding="utf-8")
    return tmp_path


def test_a_folder_and_an_archive_of_it_hold_the_same_cases(folder, tmp_path_factory):
    archive = tmp_path_factory.mktemp("archive") / "cases.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(folder, arcname="inner")
    assert read_cases(folder) == read_cases(archive)
    assert [case.name for case in read_cases(folder)] == ["a_one", "b_two"]


def test_the_text_of_an_instance_is_what_json_dumps_prints(folder):
    (instance,) = read_cases(folder / "a_one.json")[0].instances
    assert instance.text == '{"b": "ä", "a": 1.0}'
    assert instance.valid


def test_a_folder_without_cases_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no case files"):
        read_cases(tmp_path)


def test_a_sample_is_the_same_for_the_same_seed_and_keeps_the_order():
    cases = read_cases(WORKLOADS)
    assert sample_cases(cases, 3, 5) == sample_cases(cases, 3, 5)
    assert len(sample_cases(cases, 3, 5)) == 3
    assert sample_cases(cases, None, 5) == cases
    names = [case.name for case in sample_cases(cases, 4, 1)]
    assert names == sorted(names)


def test_a_pattern_selects_cases_by_name():
    assert [case.name for case in filter_cases(read_cases(WORKLOADS), "tools*")] == ["tools_128"]


@pytest.mark.parametrize("name", sorted(workloads()))
def test_a_workload_is_what_its_generator_writes_and_its_verdicts_are_right(name):
    description, schema, tests = workloads()[name]
    assert (WORKLOADS / f"{name}.json").read_text(encoding="utf-8") == workload_text(description, schema, tests)
    validator = jsonschema.Draft202012Validator(schema)
    for what, valid, data in tests:
        assert validator.is_valid(data) == valid, what


def test_large_workloads_are_as_large_as_they_say():
    cases = {case.name: case for case in large_cases()}
    assert len(cases["document_3mb"].schema) > 3_000_000
    assert all(any(one.valid for one in case.instances) for case in cases.values())
    assert all(any(not one.valid for one in case.instances) for case in cases.values())
    for case in (cases["items_10000"], cases["strings_10000"]):
        validator = jsonschema.Draft202012Validator(json.loads(case.schema))
        assert [validator.is_valid(json.loads(one.text)) for one in case.instances] == [True, True, False]
