from __future__ import annotations

import json

import pytest

from bench.measure import Question, is_set, judge_case, measure_case
from tests.bench.scripted_engine import ScriptedEngine

EOS = 127


def ask(run, script, *instances):
    engine = ScriptedEngine(128, EOS, lambda text: text.encode("ascii"))
    question = Question("case", json.dumps(script), tuple((tuple(text.encode()), valid) for text, valid in instances))
    return run(engine, question, EOS)


@pytest.mark.parametrize("run", [measure_case, judge_case])
def test_an_instance_is_refused_at_its_first_wrong_token_or_at_its_end(run):
    record = ask(run, "abc", ("abc", True), ("abd", False), ("ab", False), ("abcd", False))
    assert [instance.refused_at for instance in record.instances] == [None, 2, 2, 3]
    assert [instance.accepted for instance in record.instances] == [True, False, False, False]
    assert not record.refusal


def test_every_token_and_the_end_get_a_mask_and_only_tokens_a_commit():
    accepted, refused = ask(measure_case, "abc", ("abc", True), ("abd", False)).instances
    assert accepted.mask_ns.size == 4
    assert (accepted.mask_ns > 0).all()
    assert list(accepted.commit_ns > 0) == [True, True, True, False]
    assert refused.mask_ns.size == 3
    assert refused.commit_ns[-1] == 0


def test_the_first_mask_includes_the_compilation():
    record = ask(measure_case, "abc", ("abc", True))
    assert record.first_mask_ns > record.compile_ns > 0


@pytest.mark.parametrize("run", [measure_case, judge_case])
def test_an_engine_that_raises_has_refused_the_schema(run):
    assert ask(run, "raise no such keyword", ("a", True)).refusal == "ValueError: no such keyword"


def test_accepting_against_the_mask_is_noticed():
    (instance,) = ask(measure_case, "lie", ("abc", True)).instances
    assert instance.disagrees
    assert instance.refused_at == 0


def test_bits_are_found_in_every_position_of_a_word():
    engine = ScriptedEngine(128, EOS, None)
    for token in (0, 1, 30, 31, 32, 63, 127):
        engine.row[:] = 0
        assert not is_set(engine.row, token)
        engine.row[token // 32] = -(2**31) if token % 32 == 31 else 1 << token % 32
        assert is_set(engine.row, token)
