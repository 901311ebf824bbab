"""Equal Boolean functions are equal numbers."""

from __future__ import annotations

import random
from itertools import product

from maskwright.grammar.behaviour.logic.decision_diagram import FALSE, TRUE, DecisionDiagrams


def test_functions_are_equal_numbers_exactly_if_their_truth_tables_are() -> None:
    rng = random.Random(1)
    diagrams = DecisionDiagrams()
    assignments = list(product((False, True), repeat=4))
    known = {FALSE: tuple(False for _ in assignments), TRUE: tuple(True for _ in assignments)}
    for variable in range(4):
        known[diagrams.node(variable, FALSE, TRUE)] = tuple(one[variable] for one in assignments)
    for _ in range(2_000):
        condition, consequence, alternative = (rng.choice(list(known)) for _ in range(3))
        rows = zip(known[condition], known[consequence], known[alternative], strict=True)
        table = tuple(yes if asked else no for asked, yes, no in rows)
        made = diagrams.if_then_else(condition, consequence, alternative)
        assert known.setdefault(made, table) == table
        assert known[diagrams.negated(diagrams.negated(made))] == table
    assert len(set(known.values())) == len(known)
    assert len(known) > 200
