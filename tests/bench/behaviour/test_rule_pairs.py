"""The 25 rules in two languages: they are 25, they can be followed, and the automata say what they are to say."""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from bench.behaviour import peer, stepping
from bench.behaviour.rule_pairs import RULES, RulePair, absence, at_most, precedence, response, specification
from maskwright.grammar.behaviour.policy import Policy


def test_there_are_25_different_rules() -> None:
    assert len({rule.name for rule in RULES}) == len({rule.formula for rule in RULES}) == len(RULES) == 25


@pytest.mark.parametrize(
    ("rule", "tools", "holds"),
    [
        (precedence("login", "read"), ["login", "read"], True),
        (precedence("login", "read"), ["read", "login"], False),
        (response("write", "test"), ["write", "write"], False),
        (response("write", "test"), ["write", "write", "test"], True),
        (absence("wipe"), ["wipe"], False),
        (at_most(1, "login"), ["login", "read"], True),
        (at_most(1, "login"), ["login", "login"], False),
    ],
)
def test_a_rule_says_what_its_name_says(rule: RulePair, tools: list[str], holds: bool) -> None:
    policy = Policy.of(specification((rule,)))
    vector = stepping.Vector.of(policy)
    (state,) = stepping.step_rules(vector, _letters(policy, tools))
    assert vector.accepting[0][state] is holds


def _letters(policy: Policy, tools: list[str]) -> list[int]:
    letters = stepping.letters_of(policy, tools)
    assert len(letters) == len(tools)
    return letters


@pytest.mark.skipif(not peer.is_installed(), reason="AgentLTL is not installed")
def test_both_languages_agree_on_every_prefix() -> None:
    found = stepping.agreement(1, 20)
    assert found.n_equal == found.n_verdicts == 20 * 25
    assert found.n_final_equal == found.n_final > 0


def test_a_call_without_a_legal_ending_is_refused() -> None:
    found = stepping.foresight()
    assert not found.we_allow
    assert found.agentltl_allows in (None, True)


def test_a_legal_trace_keeps_its_promise_at_every_step() -> None:
    policy = Policy.of(specification((precedence("login", "read"), absence("wipe"))))
    trace = stepping.legal_trace(policy, 40, np.random.default_rng(3))
    assert len(trace) == 40
    assert "wipe" not in trace
    assert "read" not in trace[: trace.index("login")]
    stepping.step_policy(policy, _letters(policy, trace))


def test_masks_are_asked_once_a_byte() -> None:
    program = mw.Compiler(stepping.byte_vocabulary()).compile_behaviour(specification((absence("wipe"),)))
    row = np.zeros(program.start().row_shape, np.int32)
    assert stepping.write_masked(program, ["login", "read"], row) == len("\n[Action] login\n[Action] read")
