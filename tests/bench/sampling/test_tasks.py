from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from bench.sampling.tasks import TASK_NAMES, TASKS, read_task
from maskwright.sampling.enumeration import exact
from maskwright.sampling.target import Target

END = 256
N_TEXTS = {"function_call": 48, "binary_skew": 17, "sql_subset": 216}


@pytest.fixture(scope="module")
def compiler() -> mw.Compiler:
    """A vocabulary of single bytes, in which a text has one spelling."""
    return mw.Compiler(mw.Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[END]))


def _texts(grammar: mw.CompiledGrammar) -> set[bytes]:
    target = Target.of(lambda prefixes: np.zeros((len(prefixes), END + 1)), (), grammar.matcher(), 200)
    return {bytes(text) for text in exact(target).texts}


@pytest.mark.parametrize("name", TASK_NAMES)
def test_the_grammar_and_the_pattern_are_the_same_language(name, compiler):
    task = read_task(name)
    texts = _texts(task.compile(compiler))
    assert texts == _texts(compiler.compile_regex(task.pattern))
    assert len(texts) == N_TEXTS[name]


@pytest.mark.parametrize("name", TASK_NAMES)
def test_the_budget_cuts_no_text(name, compiler):
    task = read_task(name)
    assert max(map(len, _texts(task.compile(compiler)))) < task.max_tokens


def test_every_task_file_is_measured_and_described():
    names = {path.stem for path in TASKS.glob("*.json") if not path.name.endswith(".schema.json")}
    assert names == set(TASK_NAMES)
    described = (TASKS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in described for name in names)
