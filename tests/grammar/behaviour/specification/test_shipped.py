"""The specifications of `schemas/behaviour/`: each is read, written back, and judged on its own traces.

Beside NAME.yaml lie the traces that it accepts (`examples:` names their file, traces between lines `---`) and
NAME.rejected.json, whose traces each say what they break: "text", "flow" or the id of a rule.
"""

import json
from pathlib import Path

import pytest

from maskwright.grammar.behaviour.specification.spec import Level, Spec
from tests.naive.behaviour_judge import judged

FOLDER = Path(__file__).parents[4] / "schemas" / "behaviour"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def accepted(spec: Spec) -> list[str]:
    return [trace for name in spec.examples for trace in (FOLDER / name).read_text("utf-8")[:-1].split("\n---\n")]


def test_all_agents_of_the_issue_are_shipped() -> None:
    assert [
        *("chat", "cot", "direct", "function_calling", "lexical", "pass", "pass_list", "react", "reflexion", "rewoo"),
        "self_consistency",
    ] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_as_it_was_written(name: str) -> None:
    spec = Spec.load(FOLDER / f"{name}.yaml")
    assert spec.name == name
    assert Spec.from_yaml(spec.to_yaml()) == spec


@pytest.mark.parametrize("name", NAMES)
def test_it_accepts_its_examples(name: str) -> None:
    spec = Spec.load(FOLDER / f"{name}.yaml")
    traces = accepted(spec)
    assert len(traces) >= 2
    assert {trace: judged(spec, trace) for trace in traces} == dict.fromkeys(traces, "")


@pytest.mark.parametrize("name", NAMES)
def test_it_rejects_what_breaks_it(name: str) -> None:
    spec = Spec.load(FOLDER / f"{name}.yaml")
    cases = json.loads((FOLDER / f"{name}.rejected.json").read_text("utf-8"))
    assert len(cases) >= 5
    assert [judged(spec, case["trace"]) for case in cases] == [case["because"] for case in cases]


@pytest.mark.parametrize("name", NAMES)
def test_every_hard_rule_has_a_trace_that_breaks_it(name: str) -> None:
    """But for the rules that the flow implies."""
    spec = Spec.load(FOLDER / f"{name}.yaml")
    cases = json.loads((FOLDER / f"{name}.rejected.json").read_text("utf-8"))
    rules = {rule.id for rule in (*spec.rules, *spec.lexical) if rule.level is Level.HARD}
    assert rules - {case["because"] for case in cases} == ({"reply"} if name == "function_calling" else set())
