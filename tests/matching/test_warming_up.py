"""The warm-up: its exercises are read as they are meant, and no specification needs a kernel that they did not call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import maskwright as mw
from maskwright.matching.exercises import EXERCISES, LEAST_BYTES, Exercise, exercise_vocabulary
from maskwright.matching.warming_up import BEHAVIOUR, BUDGETS, CANVASES, SHARED_TABLES, Step, kernels_are_ready
from tests.grammar.single_bytes import SINGLE_BYTES

VOCABULARY = exercise_vocabulary()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_a_text_of_an_exercise_is_allowed_but_perhaps_for_its_last_byte(exercise: Exercise) -> None:
    compiler = mw.Compiler(VOCABULARY, max_bytes=exercise.max_bytes or 64 << 20)
    grammar = compiler.compile_grammar(exercise.grammar())
    for text in exercise.texts:
        written = text.encode()
        assert grammar.matcher().accept_tokens(written) >= len(written) - 1, text
    assert (grammar.memory.n_restarts > 0) == (exercise.max_bytes == LEAST_BYTES)


def test_progress_is_told_step_by_step() -> None:
    steps: list[Step] = []
    last = mw.Compiler(SINGLE_BYTES).warm_up(steps.append)
    assert steps[-1] == last
    assert (last.n_done, last.n_steps, last.what) == (len(EXERCISES) + 4, len(EXERCISES) + 4, "")
    names = dict.fromkeys(step.what for step in steps)
    assert list(names) == [*(exercise.name for exercise in EXERCISES), BEHAVIOUR, CANVASES, BUDGETS, SHARED_TABLES, ""]
    assert kernels_are_ready()


def test_a_vocabulary_that_lacks_bytes_is_warmed_up_as_far_as_it_goes() -> None:
    assert mw.Compiler(mw.Vocabulary([b"a", b"b", b""], eos_token_ids=[2])).warm_up().what == ""


PROGRAM = r"""
import json, sys
from pathlib import Path
from numba.core.dispatcher import Dispatcher
import maskwright as mw
from maskwright.matching.warming_up import read_text
from maskwright.matching.exercises import exercise_vocabulary
from maskwright.matching.completion.exercise import write_text_in_time

def signatures():
    return {
        (name, value.py_func.__name__, str(signature))
        for name, module in list(sys.modules.items()) if name.startswith("maskwright")
        for value in list(vars(module).values()) if isinstance(value, Dispatcher)
        for signature in value.overloads
    }

compiler = mw.Compiler(exercise_vocabulary())
compiler.warm_up()
before = signatures()
for name in sys.argv[1:]:
    path = Path(name)
    case = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    try:
        if path.suffix == ".json":
            grammar = compiler.compile_json_schema(case["schema"])
        else:
            compile_text = getattr(compiler, f"compile_{path.suffix[1:]}")
            options = {"indenter": mw.PYTHON_INDENTER} if case.get("indenter") and path.stem == "python" else {}
            grammar = compile_text(path.read_text(encoding="utf-8"), start=case.get("start", "start"), **options)
    except mw.MaskwrightError:
        continue
    for text in case["accepted"][:3] + case["rejected"][:3]:
        read_text(grammar, text[:300])
    write_text_in_time(grammar)
    for new in signatures() - before:
        print(path.name, *new)
    before = signatures()

from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.matching.behaviour.events import Handover
from maskwright.matching.bitmask import allowed_tokens
import numpy as np
for path in sorted(Path("schemas/behaviour").glob("*.yaml")):
    program = compiler.compile_behaviour(Spec.load(path))
    budget = Budget(generated_tokens=program.least_budget + 4)
    session = compiler.compile_behaviour(Spec.load(path), budget=budget).start()
    row = np.zeros(session.row_shape, np.int32)
    while not session.is_finished():
        if isinstance(session.event, Handover):
            if session.event.may_end:
                break
            session.observe("correct")
            continue
        session.fill_bitmask(row)
        session.accept_token(int(allowed_tokens(row, program.vocabulary.size)[-1]))
    for new in signatures() - before:
        print(path.name, *new)
    before = signatures()

from maskwright.matching.infilling.slots import MASK, Gap
for path in sorted(Path("schemas/infilling").glob("*.gbnf")):
    grammar = compiler.compile_gbnf(path.read_text(encoding="utf-8"))
    canvas = grammar.canvas([MASK, MASK, Gap.at_most(12)], compiler.vocabulary.eos_token_ids)
    canvas.posterior(np.zeros((canvas.n_slots, compiler.vocabulary.size))).best
    canvas.commit({0: int(canvas.complete()[0])})
    canvas.allow()
    for new in signatures() - before:
        print(path.name, *new)
    before = signatures()
"""


def test_no_shipped_specification_needs_a_kernel_that_the_warm_up_has_not_called() -> None:
    """In a process of its own, since kernels stay loaded; a sample of the files, as all of them take a minute."""
    folder = Path("schemas")
    files = [*sorted(folder.glob("json_schema/*.json"))[::3], *sorted(folder.glob("lark/*.lark"))]
    command = [sys.executable, "-c", PROGRAM, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
