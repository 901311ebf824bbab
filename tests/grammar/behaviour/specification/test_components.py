import operator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.behaviour.atoms import CallAtom, Proposition, TextAtom, TextTest, Variable
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.construction import ltlf_to_dfa
from maskwright.grammar.behaviour.logic.dfa import minimised, product
from maskwright.grammar.behaviour.specification.components import Component, components, spec_atoms
from maskwright.grammar.behaviour.specification.flow_automaton import flow_dfa
from maskwright.grammar.behaviour.specification.spec import Level, Spec

EXAMPLES = Path(__file__).parent / "examples"
OK = TextAtom("b", TextTest.CONTAINS, "ok")
BAD = TextAtom("b", TextTest.CONTAINS, "bad")
LETTERS = (
    *(Letter("a"), Letter("b"), Letter("b", frozenset({OK})), Letter("b", frozenset({BAD}))),
    *(Letter("b", frozenset({OK, BAD})), Letter("c")),
)
SPEC = Spec.from_yaml(
    "segments: {a: , b: , c: }\nflow: (a | b)* c\nrules:\n"
    "  - followed_by: {when: a, then: 'b.contains(\"ok\")'}\n"
    "  - at_most: {n: 2, of: 'b.contains(\"bad\") | a'}\n"
    "  - {ltlf: 'G(b -> N !a)', level: warn}\n"
)


def accepts(component: Component, word: list[int]) -> bool:
    return component.dfa.accepts(component.columns[word].tolist())


def test_there_is_one_automaton_for_the_flow_and_one_for_each_rule() -> None:
    found = components(SPEC, LETTERS)
    assert [component.rule for component in found] == [None, *SPEC.rules]
    assert all(component.columns.dtype == np.int32 and len(component.columns) == len(LETTERS) for component in found)


def test_a_rule_tells_only_those_letters_apart_that_it_asks_about() -> None:
    flow, followed, count, warn = components(SPEC, LETTERS)
    assert flow.columns.tolist() == [0, 1, 1, 1, 1, 2]
    assert followed.columns.tolist() == [0, 1, 2, 1, 2, 1]
    assert len(count.dfa.letters) == 3
    assert count.dfa.n_states == 4
    assert len(warn.dfa.letters) == 3
    assert [str(letter) for letter in followed.dfa.letters] == ["a", "-", 'b.contains("ok")']


@given(st.lists(st.integers(0, len(LETTERS) - 1), min_size=1, max_size=8))
@settings(deadline=None)
def test_automata_over_classes_accept_what_automata_over_all_letters_do(word: list[int]) -> None:
    flow, followed, count, warn = components(SPEC, LETTERS)
    assert accepts(flow, word) == flow_dfa(SPEC.flow, LETTERS).accepts(word)
    for component in (followed, warn):
        assert component.rule is not None
        assert component.rule.formula is not None
        assert accepts(component, word) == ltlf_to_dfa(component.rule.formula, LETTERS).accepts(word)
    assert accepts(count, word) == (sum(letter in (0, 3, 4) for letter in word) <= 2)


def test_atoms_are_those_that_ask_about_texts_with_their_variables() -> None:
    spec = Spec.load(EXAMPLES / "function_calling.yaml")
    assert spec_atoms(spec) == (
        CallAtom("delete", (("id", Variable("id")),), "call"),
        CallAtom("confirm", (("id", Variable("id")),), "call"),
        CallAtom("search", (), "call"),
        TextAtom("result", TextTest.CONTAINS, "ERROR"),
        CallAtom("delete", (), "call"),
        CallAtom("read_order", (), "call"),
        CallAtom("login", (), "call"),
        TextAtom("result", TextTest.CONTAINS, "ok"),
    )


def test_what_is_assumed_of_the_environment_asks_too() -> None:
    text = "segments: {a: , e: {writer: env}}\nflow: a e\nenvironment: {assume: 'G(e -> e.contains(\"x\"))'}"
    assert spec_atoms(Spec.from_yaml(text)) == (TextAtom("e", TextTest.CONTAINS, "x"),)


def test_names_of_segments_are_no_atoms_about_texts() -> None:
    assert Proposition("a") not in spec_atoms(SPEC)


def test_a_variable_atom_holds_of_a_letter_that_has_it() -> None:
    spec = Spec.from_yaml("segments: {s: }\nflow: s*\nrules: [{never_repeat: s}]")
    star = Letter("s", frozenset({TextAtom("s", TextTest.EQUALS, Variable("text"))}))
    _, component = components(spec, (Letter("s"), star))
    assert accepts(component, [0, 1, 0, 0])
    assert not accepts(component, [1, 0, 1])


def letters_of(spec: Spec) -> list[Letter]:
    """A letter for each segment, or for each atom that rules ask of it, if those exclude each other."""
    letters = []
    for segment in spec.segments:
        atoms = [atom for atom in spec_atoms(spec) if getattr(atom, "segment", "") == segment.name]
        sets = [{atom} for atom in atoms] if len(atoms) > 1 else [set()]
        letters += [Letter(segment.name, frozenset(one)) for one in sets]
    return letters


@pytest.mark.parametrize(
    ("name", "n_states"), [("react", [(25, 25), (50, 25)]), ("reflexion", [(36, 36), (57, 38), (84, 36)])]
)
def test_flow_and_rules_have_the_states_that_were_published(name: str, n_states: list[tuple[int, int]]) -> None:
    """States of the product so far and of its minimal automaton: behaviour_specs.md, examples 1 and 3."""
    spec = Spec.load(EXAMPLES / f"{name}.yaml")
    letters = letters_of(spec)
    found = []
    joint = None
    for component in components(spec, letters):
        if component.rule is None or component.rule.level is Level.HARD:
            dfa = component.dfa.with_letters(letters, component.columns)
            joint = dfa if joint is None else product(joint, dfa, operator.and_)
            found.append((joint.n_states, minimised(joint).n_states))
    assert found == n_states
