"""The five worked examples of the documentation, and 25 rules for one of them that its usual traces keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.rules import (
    Written,
    at_most,
    exactly,
    followed_by,
    must,
    never,
    next_is,
    not_next,
    only_after,
    order,
)
from maskwright.grammar.behaviour.specification.spec import Segment, Spec

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "behaviour"

EXAMPLES = ("react", "rewoo", "reflexion", "function_calling", "lexical")


def read_example(name: str) -> Spec:
    """The specification of that name in `schemas/behaviour`."""
    return Spec.load(FOLDER / f"{name}.yaml")


def more_rules() -> list[Written]:
    """25 rules about a loop of reasoning and acting that its usual traces keep: what one would write to be safe.

    A third of them ask about texts, so the texts are told apart by more than before.
    """
    return [
        at_most(9, "thought"),
        at_most(9, "action"),
        at_most(9, "action_input"),
        exactly(1, "answer"),
        exactly(1, "final_thought"),
        must("answer"),
        followed_by("thought", "answer"),
        followed_by("action", "final_thought"),
        followed_by("observation", "final_thought"),
        next_is("action", "action_input"),
        next_is("final_thought", "answer"),
        not_next("thought", "answer"),
        not_next("observation", "answer"),
        only_after("answer", need="final_thought"),
        only_after("observation", need="action_input", each=True),
        only_after("final_thought", need="question"),
        order("question", "final_thought", "answer"),
        at_most(4, 'action == "search"'),
        followed_by('action == "search"', "answer"),
        not_next('action == "calculate"', "final_thought"),
        never('thought.contains("password")'),
        never('action_input.contains("DROP TABLE")'),
        never('answer.contains("I cannot")'),
        at_most(2, 'action_input.contains("http")'),
        only_after('answer.contains("ERROR")', need='observation.contains("ERROR")'),
    ]


def with_more_rules(spec: Spec) -> Spec:
    """The example "react" with these rules, too."""
    builder = SpecBuilder(spec.name)
    for segment in spec.segments:
        builder = builder.segment(segment.name, text=segment.text, writer=segment.writer)
    rules = builder.flow(spec.flow).rule(*more_rules()).build()
    return replace(spec, rules=(*spec.rules, *rules.rules), segments=_restricted(spec, rules))


def _restricted(spec: Spec, rules: Spec) -> tuple[Segment, ...]:
    return tuple(
        replace(one, restrictions=(*one.restrictions, *rules.segment(one.name).restrictions)) for one in spec.segments
    )
