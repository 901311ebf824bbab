"""The faults that `make mutation` puts in: which there are, and that they are put where they say."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from scripts.mutation.mutants import code_of, mutants_of

SOURCE = '''"""A module."""
LIMIT = 3


class Box:
    """Not entered: texts, annotations, defaults, assertions, messages."""

    def __repr__(self) -> str:
        return f"{1 + 1}"

    @staticmethod
    def first_above(values: list[int], least: int = 2) -> int:
        """The first one."""
        assert least > 0
        for i in range(len(values)):
            if values[i] >= least and not values[i] == 5:
                return values[i] + 1
            if values[i] < 0:
                raise ValueError(f"{values[i] + 1}")
        return -1
'''


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "box.py"
    file.write_text(SOURCE)
    return str(file)


def test_each_place_is_changed_in_its_ways(path: str) -> None:
    both = "values[i] >= least and (not values[i] == 5)"
    changes = [(one.line, one.operator, one.before, one.after) for one in mutants_of(path)]
    assert changes == [
        (16, "and/or", both, "values[i] >= least or not values[i] == 5"),
        (16, "condition", both, f"not ({both})"),
        (16, "comparison", "values[i] >= least", "values[i] > least"),
        (16, "not", "not values[i] == 5", "values[i] == 5"),
        (16, "comparison", "values[i] == 5", "values[i] != 5"),
        (16, "number", "5", "6"),
        (16, "number", "5", "4"),
        (17, "return", "return values[i] + 1", "return None"),
        (17, "operator", "values[i] + 1", "values[i] - 1"),
        (17, "number", "1", "2"),
        (17, "number", "1", "0"),
        (18, "comparison", "values[i] < 0", "values[i] <= 0"),
        (18, "number", "0", "1"),
        (19, "statement", "raise ValueError(f'{values[i] + 1}')", "pass"),
        (20, "return", "return -1", "return None"),
        (20, "number", "1", "2"),
        (20, "number", "1", "0"),
    ]


def test_the_code_of_a_mutant_is_that_of_its_function(path: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(SOURCE, path, "exec"), names)
    function = names["Box"].first_above
    assert isinstance(function, FunctionType) and function([1, 2, 3]) == 3
    answers = {}
    for mutant in mutants_of(path):
        function.__code__ = code_of(mutant)
        answers[mutant.line, mutant.before, mutant.after] = function([1, 2, 3])
    assert answers[16, "values[i] >= least", "values[i] > least"] == 4
    assert answers[17, "1", "2"] == 4
    assert answers[17, "return values[i] + 1", "return None"] is None
    assert len(mutants_of(path)) == len({mutant.name for mutant in mutants_of(path)})
