from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.flow import Name, choice, repeat
from maskwright.grammar.behaviour.specification.rules import (
    at_least,
    at_most,
    exclusive,
    leak,
    ltlf,
    mention_all,
    mention_any,
    never,
    never_repeat,
    only_after,
    order,
    within,
)
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    Free,
    GrammarText,
    JSONText,
    OneOf,
    Optional,
    Parts,
    Reference,
    Regex,
    Spec,
    Text,
    ToolCall,
)
from maskwright.grammar.behaviour.specification.tools import as_json

EXAMPLES = Path(__file__).parent / "examples"
FUNCTIONS = as_json([{"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "number"}}}}])

strings = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
simple_texts = st.one_of(
    st.just(Free()),
    st.sampled_from(["[a-z]+", r"[^\n]{1,30}", "a|b", "yes", "1e5", r"\d{3}: '\""]).map(Regex),
    st.lists(strings, min_size=1, max_size=4, unique=True).map(lambda texts: OneOf(tuple(texts))),
    st.sampled_from([JSONText('{"type": "number", "minimum": 1.5}'), JSONText("true"), ToolCall(FUNCTIONS)]),
    strings.map(lambda source: GrammarText("lark", source)),
    st.just(GrammarText("gbnf", 'root ::= "a"\n', "root")),
    st.just(Reference("L")),
)
texts: st.SearchStrategy[Text] = st.recursive(
    simple_texts,
    lambda parts: st.one_of(
        parts.map(Optional),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: Parts(tuple(some))),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: AllOf(tuple(some))),
    ),
    max_leaves=5,
)
rules = st.one_of(
    st.sampled_from(
        [
            never("a"),
            only_after("b", need="a", each=True),
            at_most(3, "a | b"),
            at_least(1, "c"),
            within(2, "a", "b"),
            exclusive("a", "b"),
            never_repeat("a"),
            order("a", "b", "c"),
            order('a.contains("x")', 'a.contains("y")'),
            ltlf("G(a.matches(/x[\\/]y/) -> N !(b.length > 3))"),
            leak("x", patterns=["[0-9]+"]),
            leak("x", patterns=["[0-9]+"], level="warn"),
        ]
    ),
    st.lists(strings, min_size=1, max_size=3, unique=True).map(lambda terms: mention_all(terms, "a", fold=True)),
    st.lists(strings, min_size=1, max_size=3, unique=True).map(lambda terms: mention_any(terms, "b", level="warn")),
    strings.map(lambda text: ltlf("F a", why=text)),
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    builder = SpecBuilder(draw(strings)).segment("label", bind="L")
    for name in "abc":
        builder = builder.segment(
            name,
            open=draw(strings),
            close=draw(st.one_of(st.none(), strings)),
            writer=draw(st.sampled_from([None, "model", "env", "user"])),
            text=draw(texts),
            max_tokens=draw(st.one_of(st.none(), st.integers(1, 99))),
            min_chars=draw(st.one_of(st.none(), st.integers(0, 9))),
            max_chars=draw(st.one_of(st.none(), st.integers(9, 99))),
            escape=draw(st.sampled_from([None, "reject", "replace"])),
        )
    builder = builder.flow(repeat(choice([Name(name) for name in ("label", "a", "b", "c")]), 0, None))
    for number, rule in enumerate(draw(st.lists(rules, max_size=4))):
        builder = builder.rule({**rule, **({"id": f"rule {number}"} if draw(st.booleans()) else {})})
    environment = draw(st.sampled_from(["adversarial", "cooperative", "assumed"]))
    if environment == "assumed":
        builder = builder.assume('G(b -> b.contains("x") | X c)', fallback=draw(st.sampled_from([None, "a"])))
    else:
        builder = builder.environment(environment)
    if draw(st.booleans()):
        builder = builder.tools({"search": {"query": "string", "limit": {"type": "integer", "minimum": 1}}})
    if draw(st.booleans()):
        builder = builder.voting(draw(st.integers(1, 9)), "c")
    return builder.budget(generated_tokens=draw(st.one_of(st.none(), st.integers(1, 999)))).build()


@given(specs())
@settings(deadline=None, max_examples=60)
def test_a_specification_is_read_as_it_was_written(spec: Spec) -> None:
    text = spec.to_yaml()
    assert Spec.from_yaml(text) == spec
    assert Spec.from_yaml(text).to_yaml() == text


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_of_the_format_are_read_as_they_were_written(path: Path) -> None:
    spec = Spec.load(path)
    assert Spec.from_yaml(spec.to_yaml()) == spec


def test_a_specification_is_written_in_lines_that_people_read() -> None:
    assert Spec.load(EXAMPLES / "reflexion.yaml").to_yaml().splitlines()[6:] == [
        "segments:",
        "  question: {open: '[Question] ', writer: user}",
        '  thought: {open: "\\n[Thought] "}',
        '  action: {open: "\\n[Action] ", text: {choice: [search, lookup, calculator]}}',
        '  input: {open: "\\n[Input] "}',
        '  observation: {open: "\\n[Observation] ", writer: env}',
        '  final: {open: "\\n[Final] "}',
        '  proposed: {open: "\\n[Proposed] ", max_tokens: 40}',
        '  evaluation: {open: "\\n[Evaluation] ", writer: env, text: {choice: [correct, wrong]}}',
        '  reflection: {open: "\\n[Reflection] ", max_tokens: 120}',
        '  answer: {open: "\\n[Answer] "}',
        "flow: 'question ((thought action input observation){0,3} final proposed evaluation reflection?){0,2} answer'",
        "rules:",
        '  - {id: next_is, next_is: {when: evaluation == "wrong", then: reflection}}',
        '  - {id: next_is-2, next_is: {when: evaluation == "correct", then: answer}}',
        "  - {id: not_next, not_next: {when: reflection, then: answer}, level: warn}",
    ]
