"""Bodies of JSON, calls of tools and grammars, against `json`, `jsonschema` and plain Python."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from maskwright.errors import SpecError, TextRefused, UnsupportedComposition, UnsupportedSchema
from maskwright.grammar.behaviour.atoms import (
    Atom,
    CallAtom,
    Comparison,
    FieldAtom,
    Hole,
    LengthAtom,
    Proposition,
    Scalar,
    TextAtom,
    TextTest,
    Variable,
)
from maskwright.grammar.behaviour.grounding.bodies import Allowed, Bodies
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    GrammarText,
    JSONText,
    Mention,
    Parts,
    Reference,
    Regex,
    Restriction,
    Segment,
    Spec,
    Text,
    ToolCall,
    Without,
    Writer,
)
from tests.grammar.behaviour.grounding.specifications import accepts, letters_agree, one_segment, spec_of

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""An example takes tenths of a second, and shrinking would take minutes."""

SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "<a>", None, True, 1]}}},
    {
        "type": "object",
        "properties": {"a": {"type": "number", "minimum": 0}, "b": {"type": "string", "maxLength": 4}},
        "required": ["a"],
        "additionalProperties": False,
    },
    {"type": "array", "items": {"type": "integer", "minimum": 0}, "uniqueItems": True, "maxItems": 3},
    {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"$ref": "#/$defs/n"}}},
        "$defs": {"n": {"type": "integer"}},
    },
    {"enum": [1, "x", {"a": 1}, {"a": 2, "b": "x"}, [0]]},
]

scalars: st.SearchStrategy[Scalar] = st.sampled_from([1, 0, 2.5, "x", "ab", "<a>", None, True, False, "</a"])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "c", "<b>"]), inner, max_size=3),
    ),
    max_leaves=5,
)
steps = st.sampled_from(["a", "b", 0, 1])
atoms = st.one_of(
    st.builds(
        FieldAtom, st.just("a"), st.lists(steps, min_size=1, max_size=2).map(tuple), st.just(Comparison.EQUAL), scalars
    ),
    st.builds(
        FieldAtom,
        st.just("a"),
        st.lists(steps, min_size=1, max_size=2).map(tuple),
        st.sampled_from([c for c in Comparison if c is not Comparison.EQUAL]),
        st.sampled_from([0, 1, 2.5]),
    ),
    st.builds(
        TextAtom, st.just("a"), st.sampled_from([TextTest.CONTAINS, TextTest.ENDS]), st.sampled_from(["x", "1", "}"])
    ),
    st.integers(2, 12).map(lambda n: LengthAtom("a", n, None)),
)


def at(value: Any, path: tuple[str | int, ...]) -> list[Any]:
    """What stands at a path: a list of one, or of none."""
    for step in path:
        is_there = (
            isinstance(value, list) and step < len(value)
            if isinstance(step, int)
            else isinstance(value, dict) and step in value
        )
        if not is_there:
            return []
        value = value[step]
    return [value]


def same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def holds(atom: Atom, text: str) -> bool:
    value = json.loads(text)
    match atom:
        case FieldAtom(_, path, Comparison.EQUAL, wanted):
            return any(same(found, wanted) for found in at(value, path))
        case FieldAtom(_, path, comparison, int() | float() as bound):
            found = [one for one in at(value, path) if isinstance(one, int | float) and not isinstance(one, bool)]
            return any(
                {"<": one < bound, "<=": one <= bound, ">": one > bound, ">=": one >= bound}[comparison.value]
                for one in found
            )
        case TextAtom(_, TextTest.CONTAINS, str(searched)):
            return searched in text
        case TextAtom(_, TextTest.ENDS, str(searched)):
            return text.endswith(searched)
        case LengthAtom(_, minimum):
            return len(text) >= minimum
    raise AssertionError(atom)


@settings(max_examples=30, phases=NO_SHRINKING)
@given(st.sampled_from(SCHEMAS), st.lists(atoms, max_size=3), st.lists(values, max_size=6), st.booleans())
def test_letters_of_json_are_those_of_python(
    schema: dict[str, Any], asked: list[Atom], candidates: list[Any], is_compact: bool
) -> None:
    try:
        bodies = Bodies.of(one_segment(JSONText(json.dumps(schema))), asked)
    except SpecError as error:
        assume(not isinstance(error.__cause__, UnsupportedComposition | UnsupportedSchema))  # refused, and says so
        raise
    separators = (",", ":") if is_compact else None
    texts = [json.dumps(value, separators=separators) for value in candidates]
    for number in bodies.letters_of("a"):
        shortest = bodies.shortest(number)
        sample = bodies.sample(number, np.random.default_rng(2))
        assert bodies.letter_of("a", shortest) == bodies.letter_of("a", sample) == number
        texts += [shortest, sample]
    for text in texts:
        is_valid = jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))
        is_member = is_valid and not any(delimiter in text for delimiter in ("<a>", "</a>", "<b>"))
        found = bodies.letter_of("a", text)
        assert (found is not None) == is_member, text
        if found is not None:
            assert bodies.letters[found].atoms == {atom for atom in asked if holds(atom, text)}
        else:
            assert bodies.why_not("a", text)
    letters_agree(bodies, "a", texts)


@settings(max_examples=30, phases=NO_SHRINKING)
@given(
    st.lists(st.text('<"a{},: 1\\n\n', min_size=1, max_size=3), min_size=1, max_size=3),
    st.lists(values, max_size=8),
)
def test_json_has_no_delimiter_wherever_it_might_stand(delimiters: list[str], candidates: list[Any]) -> None:
    segments = [Segment("a", "§", text=JSONText("{}"))]
    segments += [Segment(f"s{place}", text) for place, text in enumerate(dict.fromkeys(delimiters))]
    try:
        bodies = Bodies.of(spec_of(*segments), [])
    except SpecError as error:
        assume("part of" not in str(error) and "no text at all" not in str(error))
        raise
    numbers = bodies.letters_of("a")
    grammar = bodies.grammar("a", numbers)
    assert grammar is not None
    openers = [segment.open for segment in segments]
    for value in candidates:
        text = json.dumps(value, separators=(",", ":"))
        is_free = not any(one in text for one in openers) and not any(
            text.endswith(one[:cut]) and any(other.startswith(one[cut:]) for other in openers)
            for one in openers
            for cut in range(1, len(one))
        )
        assert accepts(grammar, text) == is_free == (bodies.letter_of("a", text) is not None), text


def tool(name: str, *required: str, **optional: Any) -> dict[str, Any]:
    properties = {**{one: {"type": "string"} for one in required}, **optional}
    return {"name": name, "parameters": {"type": "object", "properties": properties, "required": [*required]}}


TOOLS = json.dumps([tool("delete", "id"), tool("confirm", "id"), tool("search", "query", n={"type": "integer"})])
ID = Variable("id")
CALLS: list[Atom] = [
    CallAtom("delete", (("id", ID),), "a"),
    CallAtom("confirm", (("id", ID),), "a"),
    CallAtom("search", (("n", 1),), "a"),
    CallAtom("search", (), "a"),
    CallAtom("search", (("n", 1), ("query", "x")), "a"),
    FieldAtom("a", ("arguments", "n"), Comparison.GREATER, 0),
]


def test_letters_of_calls_begin_with_the_tool() -> None:
    bodies = Bodies.of(one_segment(ToolCall(TOOLS)), CALLS)
    n = "a.arguments.n > 0"
    assert {str(bodies.letters[number]) for number in bodies.letters_of("a")} == {
        "a & a.call(delete)",
        f"a & {n} & a.call(delete)",
        "a & a.call(confirm)",
        f"a & {n} & a.call(confirm)",
        f'a & {n} & a.call(search) & a.call(search, n=1) & a.call(search, n=1, query="x")',
        f"a & {n} & a.call(search) & a.call(search, n=1)",
        f"a & {n} & a.call(search)",
        "a & a.call(search)",
    }
    texts = [
        '{"name": "delete", "arguments": {"id": "7"}}',
        '{"arguments": {"id": "7"}, "name": "confirm"}',
        '{"name": "search", "arguments": {"query": "x", "n": 1}}',
        '{"name": "search", "arguments": {"n": 2, "query": "x", "more": [1]}}',
        '{"name": "search", "arguments": {"n": 0}}',
        '{"name": "other", "arguments": {}}',
        '{"name": "delete", "arguments": {"id": "<a>"}}',
        '{"name": "delete"}',
        "{",
        "",
    ]
    found = [bodies.letter_of("a", text) for text in texts]
    assert [None if number is None else len(bodies.letters[number].atoms) for number in found] == [
        1,
        1,
        4,
        2,
        None,
        None,
        None,
        None,
        None,
        None,
    ]
    letters_agree(bodies, "a", texts)


def test_values_at_holes_restrict_what_may_stand_there() -> None:
    bodies = Bodies.of(one_segment(ToolCall(TOOLS)), CALLS)
    hole = Hole("a", "delete", ("id",))
    text = '{"name": "delete", "arguments": {"id": "7"}}'
    assert bodies.values("a", text) == {Hole("a", None, ()): text, hole: "7"}
    assert bodies.values("a", '{"name": "search", "arguments": {"query": "x"}}').keys() == {Hole("a", None, ())}
    only = bodies.grammar("a", bodies.letters_of("a"), values={hole: Allowed.of({"7", "8", 1})})
    others = bodies.grammar("a", bodies.letters_of("a"), values={hole: Allowed.of({"7"}, is_excluded=True)})
    assert only is not None
    assert others is not None
    for value in ("7", "8", "9"):
        asked = text.replace("7", value)
        assert accepts(only, asked) == (value in "78")
        assert accepts(others, asked) == (value != "7")
        assert accepts(only, asked.replace("delete", "confirm"))
    deletes = [number for number in bodies.letters_of("a") if "delete" in str(bodies.letters[number])]
    assert bodies.grammar("a", deletes, values={hole: Allowed.of([])}) is None


def test_the_value_of_an_optional_argument_may_be_missing() -> None:
    atom = CallAtom("search", (("n", ID),), "a")
    bodies = Bodies.of(one_segment(ToolCall(TOOLS)), [atom])
    grammar = bodies.grammar("a", bodies.letters_of("a"), values={Hole("a", "search", ("n",)): Allowed.of({1.0})})
    assert grammar is not None
    text = '{"name": "search", "arguments": {"query": "x"%s}}'
    assert [accepts(grammar, text % more) for more in ("", ', "n": 1', ', "n": 2')] == [True, True, False]
    assert bodies.values("a", text % ', "n": 3')[Hole("a", "search", ("n",))] == 3


def test_many_optional_arguments_in_any_order() -> None:
    many = {f"option_{n}": {"type": "string", "maxLength": 8} for n in range(30)}
    bodies = Bodies.of(one_segment(ToolCall(json.dumps([tool("set", **many)]))), [])
    grammar = bodies.grammar("a", bodies.letters_of("a"))
    assert grammar is not None
    text = json.dumps({"name": "set", "arguments": {f"option_{n}": "<" for n in reversed(range(30))}})
    assert accepts(grammar, text)
    assert not accepts(grammar, text.replace("<", "<a>"))
    assert bodies.letter_of("a", json.dumps({"name": "set", "arguments": {"option_3": "x"}})) is not None


def test_lexical_rules_restrict_json_as_it_is_written() -> None:
    rules = (Restriction("leak", Without(("sk-",))), Restriction("all", Mention(("x",))))
    spec = one_segment(JSONText('{"type": "string"}'), restrictions=rules, max_chars=9)
    bodies = Bodies.of(spec, [])
    letters_agree(bodies, "a", ['"x"', '"sk-x"', '""', '"xxxxxxxx"', '"xxxxxxx"', '"sk\\u002dx"'])
    assert bodies.why_not("a", '"sk-x"') == "rule 'leak': at character 3, '-x\"', it is not a text without 'sk-'"


def test_what_others_write_is_spelled_as_json_allows() -> None:
    text = ' {"a": 1.0e0, "b": "\\u0041\\/"}\n'
    schema = JSONText('{"properties": {"a": {"const": 1}}, "required": ["a"]}')
    atom = FieldAtom("a", ("b",), Comparison.EQUAL, "A/")
    env = Bodies.of(one_segment(schema, writer=Writer.ENVIRONMENT), [atom])
    assert env.admitted("a", text) == text
    found = env.letter_of("a", text)
    assert found is not None
    assert env.letters[found].atoms == {atom}
    assert Bodies.of(one_segment(schema), []).letter_of("a", text) is None
    with pytest.raises(TextRefused, match=re.escape("at $.a: 1 was expected")):
        env.admitted("a", '{"a": 2}')


LIST = 'start: item ("," item)*\nitem: /[a-c]+/ | "[" start "]"'


@pytest.mark.parametrize(
    "text",
    [
        GrammarText("lark", LIST),
        GrammarText("gbnf", 'root ::= item ("," item)*\nitem ::= [a-c]+ | "[" root "]"'),
        GrammarText("ebnf", 'root ::= item ("," item)*\nitem ::= [a-c]+ | "[" root "]"'),
        AllOf((GrammarText("lark", LIST), Regex(".*"))),
    ],
)
def test_grammars_are_split_by_what_is_asked_of_their_texts(text: Text) -> None:
    spec = spec_of(Segment("a", "(", text=text), Segment("b", "ab"))
    bodies = Bodies.of(spec, [TextAtom("a", TextTest.CONTAINS, "]"), LengthAtom("a", 4, None)])
    assert len(bodies.letters_of("a")) == 4
    for number in bodies.letters_of("a"):
        assert bodies.letter_of("a", bodies.shortest(number)) == number
        assert bodies.letter_of("a", bodies.sample(number, np.random.default_rng(0))) == number
    letters_agree(bodies, "a", ["", "a", "ab", "ba", "ca", "[c]", "[c", "c,[ba,c]", "[[b]]", "c,c,c"])


def test_parts_may_hold_grammars() -> None:
    spec = one_segment(Parts((Regex("[^<]{0,5}: "), JSONText('{"enum": [1, "<a>"]}'))))
    bodies = Bodies.of(spec, [TextAtom("a", TextTest.STARTS, "x")])
    letters_agree(bodies, "a", ["x: 1", ": 1", 'y: "<a>"', "x", "xxxxxx: 1"])


@pytest.mark.parametrize(
    ("text", "asked", "message"),
    [
        (GrammarText("lark", LIST), CallAtom("t", (), "a"), "the text of this segment is no JSON"),
        (
            JSONText("{}"),
            FieldAtom("a", ("x",), Comparison.LESS, "y"),
            "compares with something that is no number; write ==",
        ),
        (JSONText("false"), Proposition("a"), "it has no text at all"),
        (
            AllOf((JSONText("{}"), JSONText("{}"))),
            Proposition("a"),
            "two grammars or schemas cannot be asked of one text",
        ),
        (Parts((JSONText("{}"), Reference("x"))), Proposition("a"), "references to earlier texts can only stand among"),
        (JSONText('{"pattern": "("}'), Proposition("a"), "its text, or what is asked of it, is not supported: "),
        (Regex(r"(a)\1"), Proposition("a"), "its text, or what is asked of it, is not supported: "),
        (GrammarText("bnf", ""), Proposition("a"), "there is no notation 'bnf'; choose lark, gbnf or ebnf"),
    ],
)
def test_what_means_nothing_is_refused(text: Text, asked: Atom, message: str) -> None:
    spec: Spec = one_segment(text)
    with pytest.raises(SpecError, match=re.escape(message)):
        Bodies.of(spec, [asked])


def test_a_delimiter_within_json_of_others_is_broken_up_and_it_is_still_json() -> None:
    bodies = Bodies.of(one_segment(JSONText("{}"), writer=Writer.ENVIRONMENT), [])
    assert bodies.admitted("a", '{"x": "see </a> and <b>"}') == '{"x": "see < /a> and < b>"}'


@pytest.mark.parametrize("more", [{}, {"pattern": "^(ab)*x?"}, {"pattern": "^[a<>/]*$"}])
def test_strings_with_a_greatest_length_are_counted(more: dict[str, str]) -> None:
    schema = {"type": "string", "minLength": 3, "maxLength": 9, **more}
    bodies = Bodies.of(one_segment(JSONText(json.dumps(schema))), [])
    texts = ["aa", "aaa", "ab<a>", "abababx", "abababab", "a" * 9, "a" * 10, "<" * 9, "<a<a<a<a<", "é\n<"]
    letters_agree(bodies, "a", [json.dumps(text) for text in texts])


def test_a_great_length_is_not_written_out() -> None:
    begin = time.perf_counter()
    bodies = Bodies.of(one_segment(JSONText('{"type": "string", "maxLength": 5000}')), [])
    grammar = bodies.grammar("a", bodies.letters_of("a"))
    assert grammar is not None
    assert time.perf_counter() - begin < 5.0  # 0.1 on an idle machine, minutes if it were written out
    assert [accepts(grammar, json.dumps("<" * n)) for n in (5000, 5001)] == [True, False]
