from __future__ import annotations

import inspect
from xml.etree import ElementTree as ET

import numba
import pytest

from bench.flame import MAX_DEPTH, REPEATS, draw, fold, kernel_called
from maskwright.matching import lexeme_tables, mask_tables

BENCH = "/x/bench/flame.py"
PLACE = "/x/somewhere/place.py"


def test_stacks_are_folded_below_their_phase():
    within = f"<module> ({BENCH}:1);first_pass ({BENCH}:9);_mask ({BENCH}:8)"
    root = fold(
        [
            f"<module> ({BENCH}:1);_work ({BENCH}:9);read ({PLACE}:3) 50",
            f"{within};Matcher.fill ({PLACE}:3);step ({PLACE}:7) 6",
            f"{within};Matcher.fill ({PLACE}:4) 2",
            f"<module> ({BENCH}:1);second_pass ({BENCH}:9) {3 * REPEATS}",
        ]
    )
    assert {name: phase.weight for name, phase in root.inner.items()} == {
        "compile": 0,
        "first pass": 8,
        "second pass": 3,
    }
    fill = root.inner["first pass"].inner["Matcher.fill"]
    assert (fill.weight, fill.inner["place.step"].weight) == (8, 6)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="without numba a kernel is an ordinary function")
def test_a_line_that_calls_a_kernel_is_named_after_it():
    lines, first = inspect.getsourcelines(mask_tables)
    numbers = [number for number, line in enumerate(lines, first or 1) if "build_trie(" in line]
    assert numbers and {kernel_called(mask_tables.__file__, number) for number in numbers} == {"build_trie"}
    assert kernel_called(lexeme_tables.__file__, 1) == ""
    assert kernel_called("/somewhere/else.py", 1) == ""


def test_the_figure_is_a_picture_in_which_every_wide_function_has_its_name():
    deep = ";".join(f"f{level} ({PLACE}:1)" for level in range(2 * MAX_DEPTH))
    phases = [f"{name} ({BENCH}:1);{deep} 90" for name in ("compile_all", "first_pass", "second_pass")]
    narrow = f"first_pass ({BENCH}:1);a<b> ({PLACE}:2) 10"
    figure = ET.fromstring(draw(fold([*phases, narrow]), "a & b", rate=10))
    words = [element.text for element in figure.iter() if element.tag.endswith("text")]
    assert words[0] == "a & b"
    assert "compile: 9.00 s, 0% of it in kernels" in words
    assert words.count("place.f0") == 3 and "place.a<b>" in words
    assert f"place.f{MAX_DEPTH - 1}" in words and f"place.f{MAX_DEPTH}" not in words
