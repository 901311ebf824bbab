"""Games against the fixpoint computed by definition over the whole product, and costs against value iteration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from maskwright.grammar.behaviour.policy.costs import Costs
from maskwright.grammar.behaviour.policy.game import DEAD, LOST, UNKNOWN, WON, Game, Rules, Table

Vector = tuple[int, ...]


def random_rules(rng: np.random.Generator) -> Rules:
    n_segments = int(rng.integers(1, 4))
    n_moves = int(rng.integers(n_segments, 6))
    segment_of = (*range(n_segments), *rng.integers(0, n_segments, n_moves - n_segments).tolist())
    tables = []
    for _ in range(int(rng.integers(1, 4))):
        n = int(rng.integers(1, 4))
        rows = rng.integers(0, n, (n, n_moves))
        rows[rng.random((n, n_moves)) < 0.35] = DEAD
        accepting = rng.random(n) < 0.4
        tables.append(Table(tuple(map(tuple, rows.tolist())), tuple(accepting.tolist()), (0,) * n))
    return Rules(
        tuple(tables),
        segment_of,
        tuple((rng.random(n_segments) < 0.5).tolist()),
        None,
        is_cooperative=bool(rng.random() < 0.2),
    )


def options_by_definition(rules: Rules, vector: Vector) -> list[list[tuple[int, Vector]]]:
    """What may happen: lists of (move, successor), all of which may come to pass."""
    after = {
        move: tuple(table.rows[state][move] for table, state in zip(rules.tables, vector, strict=True))
        for move in range(len(rules.segment_of))
    }
    options: list[list[tuple[int, Vector]]] = []
    if all(table.accepting[state] for table, state in zip(rules.tables, vector, strict=True)):
        options.append([])
    own = [m for m in after if rules.is_model[rules.segment_of[m]] and DEAD not in after[m]]
    options += [[(move, after[move])] for move in own]
    others = [m for m in after if not rules.is_model[rules.segment_of[m]] and after[m][0] != DEAD]
    if rules.is_cooperative:
        return options + [[(move, after[move])] for move in others if DEAD not in after[move]]
    groups: dict[int, list[int]] = {}
    for move in others:
        groups.setdefault(rules.segment_of[move] if own else -1, []).append(move)
    for moves in groups.values():
        if all(DEAD not in after[move] for move in moves):
            options.append([(move, after[move]) for move in moves])
    return options


def won_by_definition(rules: Rules) -> set[Vector]:
    everything = list(itertools.product(*[range(len(table.rows)) for table in rules.tables]))
    won: set[Vector] = set()
    while True:
        more = {
            vector
            for vector in everything
            if vector not in won
            and any(all(s in won for _, s in option) for option in options_by_definition(rules, vector))
        }
        if not more:
            return won
        won |= more


def costs_by_definition(rules: Rules, won: set[Vector], prices: list[int]) -> dict[Vector, float]:
    cost = dict.fromkeys(won, float("inf"))
    for _ in range(len(won) * 8 + 2):
        for vector in won:
            for option in options_by_definition(rules, vector):
                if all(s in won for _, s in option):
                    total = max([prices[move] + cost[s] for move, s in option], default=1)
                    cost[vector] = min(cost[vector], total)
    return cost


@pytest.mark.parametrize("seed", range(300))
def test_what_is_won_and_its_costs_are_those_of_the_fixpoint(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules = random_rules(rng)
    won = won_by_definition(rules)
    prices = rng.integers(0, 5, len(rules.segment_of)).tolist()
    cost = costs_by_definition(rules, won, prices)
    for vector in itertools.product(*[range(len(table.rows)) for table in rules.tables]):
        game = Game(rules, vector)
        assert game.decide(0, 10_000) == (WON if vector in won else LOST), vector
        if vector in won:
            bound = Costs(game, prices.__getitem__, end_cost=1).of(0)
            assert bound >= cost[vector]  # what has been explored shows a way
            assert game.explore(10_000)
            assert Costs(game, prices.__getitem__, end_cost=1).of(0) == cost[vector]


@pytest.mark.parametrize("seed", range(50))
def test_a_node_that_is_decided_late_costs_no_more_than_its_proof(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    rules = random_rules(rng)
    game = Game(rules)
    if game.decide(0, 10_000) != WON:
        return
    costs = Costs(game, lambda _: 1, end_cost=1)
    game.explore(10_000)
    for node, status in enumerate(game.status):
        if status == WON:
            proof = game.proofs[node]
            assert proof is not None
            assert costs.of(node) <= costs.of_option(proof)


def independent_responses(n: int) -> Rules:
    """Moves a0, b0, a1, b1, ...: after ai, bi must come before the end."""
    tables = [Table(((0,) * (2 * n),), (True,), (0,))]
    for i in range(n):
        quiet = tuple(1 if move == 2 * i else 0 for move in range(2 * n))
        waiting = tuple(0 if move == 2 * i + 1 else 1 for move in range(2 * n))
        tables.append(Table((quiet, waiting), (True, False), (0, 1)))
    return Rules(tuple(tables), (0,) * (2 * n), (True,))


def test_independent_rules_are_settled_without_their_product() -> None:
    game = Game(independent_responses(40), (0, *[1] * 40))
    assert game.decide(0, 1_000) == WON
    assert game.n_expanded <= 100


def test_a_question_that_takes_too_long_stays_open_and_can_be_asked_again() -> None:
    game = Game(independent_responses(40), (0, *[1] * 40))
    assert game.decide(0, 5) == UNKNOWN
    assert game.decide(0, 1_000) == WON


def test_expectations_of_others_bind_both_sides() -> None:
    # Segment 0 is the model's, segment 1 another's with letters good (1) and bad (2); bad is dead for the rule.
    flow = Table(((1, DEAD, DEAD), (DEAD, 2, 2), (DEAD, DEAD, DEAD)), (False, False, True), (2, 1, 0))
    rule = Table(((0, 0, DEAD),), (True,), (0,))
    assumed = Table(((0, 0, DEAD),), (True,), (0,))
    segment_of, is_model = (0, 1, 1), (True, False)
    assert Game(Rules((flow, rule), segment_of, is_model)).decide(0, 100) == LOST
    assert Game(Rules((flow, rule, assumed), segment_of, is_model, assumption=2)).decide(0, 100) == WON
    assert Game(Rules((flow, rule), segment_of, is_model, is_cooperative=True)).decide(0, 100) == WON
