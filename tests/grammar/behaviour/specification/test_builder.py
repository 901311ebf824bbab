import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import InvalidOption, LimitExceeded, SpecError
from maskwright.grammar.behaviour.atoms import Variable
from maskwright.grammar.behaviour.logic.parser import parse_formula
from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.document import MAX_DEPTH
from maskwright.grammar.behaviour.specification.rules import (
    at_least,
    at_most,
    call,
    exactly,
    exclusive,
    followed_by,
    leak,
    ltlf,
    mention_all,
    mention_any,
    must,
    must_between,
    never,
    never_between,
    never_repeat,
    next_is,
    not_next,
    only_after,
    order,
    within,
)
from maskwright.grammar.behaviour.specification.spec import (
    Environment,
    Free,
    OneOf,
    Optional,
    Parts,
    Reference,
    Regex,
    Spec,
    Writer,
)

EXAMPLES = Path(__file__).parent / "examples"


def react() -> SpecBuilder:
    return (
        SpecBuilder("react")
        .tools({"search": {"query": "string"}, "lookup": {"term": "string"}})
        .segment("question", open="[Question] ", writer=Writer.USER)
        .segment("thought", open="\n[Thought] ", text=Regex(r"[^\n]{1,300}"))
        .segment("action", open="\n[Action] ", text={"choice": "tools"})
        .segment("input", open="\n[Action Input] ", text={"regex": r"[^\n]{1,80}"})
        .segment("observation", open="\n[Observation] ", writer="env", max_tokens=200, escape=True)
        .segment("final", open="\n[Final Thought] ", text=Regex(r"[^\n]{1,300}"))
        .segment("answer", open="\n[Answer] ", text=Regex(r"[^\n]{1,60}"))
        .flow("question (thought action input observation){0,5} final answer")
        .rule(only_after('action == "lookup"', need='action == "search"', why="lookup reads the last page"))
        .budget(generated_tokens=600)
        .examples("react_examples.txt")
    )


def rewoo() -> SpecBuilder:
    tools = {name: {what: "string"} for name, what in (("search", "query"), ("lookup", "term"))}
    cited = Parts((Regex(r"[^#\n]{0,60}"), Optional(Reference("L")), Regex(r"[^#\n]{0,40}")))
    return (
        SpecBuilder("rewoo")
        .tools({**tools, "calculator": {"expression": "string"}})
        .segment("question", open="[Question] ", writer="user")
        .segment("plan", open="\n[Plan] ", text=Free(), max_tokens=60)
        .segment("label", open="\n[Action Label] ", text=Regex("#E[0-9]"), bind="L")
        .segment("action", open="\n[Action] ", text=OneOf(("search", "lookup", "calculator")))
        .segment("input", open="\n[Action Input] ", text=cited)
        .segment("answer", open="\n[Answer] ", writer="env")
        .flow("question (plan label action input){1,5} answer")
        .rule(never_repeat("label"), ltlf("G(label -> X X input)"))
    )


def reflexion() -> SpecBuilder:
    tools = {name: {what: "string"} for name, what in (("search", "query"), ("lookup", "term"))}
    return (
        SpecBuilder("reflexion")
        .tools({**tools, "calculator": {"expression": "string"}})
        .delimiters(open="\n[{Name}] ")
        .segment("question", writer="user")
        .segment("thought")
        .segment("action", text={"choice": "tools"})
        .segment("input")
        .segment("observation", writer="env")
        .segment("final")
        .segment("proposed", max_tokens=40)
        .segment("evaluation", writer="env", text={"choice": ["correct", "wrong"]})
        .segment("reflection", max_tokens=120)
        .segment("answer")
        .flow("question ((thought action input observation){0,3} final proposed evaluation reflection?){0,2} answer")
        .rule(next_is('evaluation == "wrong"', "reflection"), next_is('evaluation == "correct"', "answer"))
        .rule(not_next("reflection", "answer", level="warn"))
        .environment(Environment.ADVERSARIAL)
    )


def search(query: str) -> None: ...


def login(user: str) -> None: ...


def function_calling(functions: list[object]) -> SpecBuilder:
    x = Variable("id")
    return (
        SpecBuilder("function_calling")
        .segment("say", text="free", max_tokens=80)
        .segment("call", open="<tool_call>", close="</tool_call>", text={"tools": functions})
        .segment("result", open="<tool_response>", close="</tool_response>", writer="env", max_tokens=400)
        .segment("answer", open="<answer>", close="</answer>", max_tokens=200)
        .flow("(say? call result){0,12} answer")
        .rule(
            only_after(call("delete", id=x), need=call("confirm", id=x), each=True, id="confirm"),
            at_most(3, call("search"), id="cap"),
            followed_by(call("search"), "answer", id="reply"),
            ltlf('G(result.contains("ERROR") -> N N !call(delete))', id="calm"),
            only_after(call("read_order"), need='call(login) & X result.contains("ok")', id="auth"),
        )
        .budget(context_tokens=4096)
    )


def lexical() -> SpecBuilder:
    return (
        SpecBuilder("lexical")
        .segment("text", text="free", min_chars=80, max_chars=600)
        .flow("text")
        .rule(
            mention_all(["warranty", "30 days", "receipt"], "text", fold=True, word=True),
            mention_any(["refund", "exchange"], "text"),
            leak("sk-live-", patterns=["[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{4}"]),
            order('text.mentions("warranty")', 'text.mentions("refund")'),
        )
        .budget(generated_tokens=160)
    )


@pytest.mark.parametrize("builder", [react(), rewoo(), reflexion(), lexical()], ids=lambda builder: builder.name)
def test_the_builder_makes_the_same_object_as_yaml(builder: SpecBuilder) -> None:
    assert builder.build() == Spec.load(EXAMPLES / f"{builder.name}.yaml")


def test_calls_are_made_in_python_as_in_yaml() -> None:
    functions = json.loads((EXAMPLES / "tools.json").read_text("utf-8"))
    assert function_calling(functions).build() == Spec.load(EXAMPLES / "function_calling.yaml")


def test_python_functions_are_tools() -> None:
    shorthand = SpecBuilder("x").segment("a", text={"tools": "tools"}).flow("a").tools({"search": {"query": "string"}})
    described = shorthand.tools([search])
    assert described.rule(never(call("search", query="x"))).build().rules[0].formula == parse_formula(
        'G !a.call(search, query="x")'
    )
    with pytest.raises(SpecError, match="there is no argument of 'search' 'text'"):
        described.rule(never(call("search", text="x"))).build()


def test_every_rule_has_the_words_of_yaml() -> None:
    spec = (
        SpecBuilder("words")
        .segment("a")
        .segment("b")
        .segment("c")
        .flow("(a | b | c)*")
        .rule(never("a"), must(parse_formula("b")), at_least(2, "a"), exactly(1, "c", id="one"))
        .rule(within(3, "a", "b"), never_between("a", "b", "c"), must_between("a", "b", "c"), exclusive("a", "b"))
        .build()
    )
    assert [rule.words for rule in spec.rules] == [
        "never: a",
        "must: b",
        "at_least: {n: 2, of: a}",
        "exactly: {n: 1, of: c}",
        "within: {when: a, then: b, steps: 3}",
        "between: {from: a, to: b, never: c}",
        "between: {from: a, to: b, must: c}",
        "exclusive: [a, b]",
    ]
    assert Spec.from_yaml(spec.to_yaml()) == spec


def test_an_assumption_has_a_fallback() -> None:
    begin = SpecBuilder("x").segment("a").segment("e", writer="env").flow("e a")
    spec = begin.assume(never('e.contains("stop")'), fallback="a").build()
    assert spec == begin.assume('G !e.contains("stop")', fallback="a").build()
    assert (spec.environment, spec.fallback) == (Environment.ASSUME, "a")


def test_a_builder_is_not_changed_by_its_methods() -> None:
    begin = SpecBuilder("x").segment("a").flow("a")
    begin.rule(never("a"))
    assert begin.build().rules == ()


def nested(depth: int) -> Any:
    return {"all": [nested(depth - 1)]} if depth else "free"


@pytest.mark.parametrize(
    ("builder", "error"),
    [
        (SpecBuilder("x").segment("a").flow("b"), SpecError("there is no segment 'b'; there are: a", "flow")),
        (
            SpecBuilder("x").segment("a").flow("a (a"),
            SpecError("a parenthesis is not closed; ) was expected, at ''", "flow"),
        ),
        (
            SpecBuilder("x").segment("a").flow("a").rule(never("a"), never("G(a")),
            SpecError("the end stands where ')' was expected, at ''", "rules[1].never"),
        ),
        (
            SpecBuilder("x").segment("a", max_token=3).flow("a"),
            SpecError("there is no key 'max_token'; did you mean 'max_tokens'?", "segments.a"),
        ),
        (
            SpecBuilder("x").segment("a", text={"choice": {"b"}}).flow("a"),
            SpecError("set {'b'} cannot be part of a specification", "segments.a.text.choice"),
        ),
        (
            SpecBuilder("x").flow("a"),
            SpecError(
                "`segments` is missing; a specification has at least `segments` and a `flow`", "the specification"
            ),
        ),
        (
            SpecBuilder("x").segment("a").flow("a").rule(only_after("a", need="F a")),
            SpecError(
                "`F a` has no certain end, so nothing can be said to come after it; write a sequence with & and X only",
                "rules[0].only_after",
            ),
        ),
    ],
)
def test_errors_name_the_path(builder: SpecBuilder, error: SpecError) -> None:
    with pytest.raises(SpecError) as caught:
        builder.build()
    assert caught.value == error


def test_values_nested_beyond_measure_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        SpecBuilder("x").segment("a", text=nested(MAX_DEPTH)).flow("a").build()


def test_what_is_no_formula_is_no_operand() -> None:
    with pytest.raises(InvalidOption):
        never(3)  # type: ignore[arg-type]
