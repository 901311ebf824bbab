"""Arrays that count and arrays whose items differ: the graphs against the shapes, and both through the engine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal

import pytest

from maskwright.errors import EmptyLanguage, SchemaTooComplex, UnsupportedSchema
from maskwright.grammar.json_schema import Indented, JSONSchemaOptions, Whitespace
from maskwright.grammar.json_schema.array_states import ArrayGraph, array_graph, can_be_accepted, live_edges
from maskwright.grammar.json_schema.distinct import distinct_graph, is_placed, values_of
from maskwright.grammar.json_schema.shapes import ArrayShape, Shape
from maskwright.grammar.numbers import NumberSpelling
from maskwright.matching.compiler import Compiler
from tests.fuzz.walks import End, Walker
from tests.grammar.json_schema.suite import accepts, byte_compiler
from tests.grammar.json_schema.universe import SCALARS, UNIVERSE, Json, Meaning
from tests.naive.json_schema_validator import is_valid

N_SEEDS = 60
ARRAYS = [value for value in UNIVERSE if isinstance(value, list)]
COMPACT = JSONSchemaOptions(whitespace=Whitespace.COMPACT)
LAYOUTS = {
    "flexible": JSONSchemaOptions(),
    "compact": COMPACT,
    "indented": JSONSchemaOptions(whitespace=Indented(2)),
    "exact": JSONSchemaOptions.exact(),
}
CANONICAL = NumberSpelling.CANONICAL


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return byte_compiler()


def counting_schema(seed: int, *, is_unique: bool = False) -> Json:
    """An array with places, counts and bounds; the values of one with unique items are few."""
    rng = random.Random(seed)
    few = [*SCALARS[:8], "a", "ab", [], [1], {"a": 1}]

    def part() -> Json:
        if is_unique or rng.random() < 0.4:
            return {"enum": rng.sample(few, rng.choice((1, 2, 3)))}
        return rng.choice(({"type": "integer"}, {"type": ["string", "null"]}, {"minimum": 1}, {"pattern": "a"}, True))

    schema: dict[str, Json] = {"type": "array"}
    if is_unique or rng.random() < 0.6:
        schema["items"] = part()
    if rng.random() < 0.4:
        schema["prefixItems"] = [part() for _ in range(rng.choice((1, 2)))]
    if rng.random() < 0.3:
        schema["minItems"] = rng.choice((1, 2))
    if rng.random() < 0.3:
        schema["maxItems"] = rng.choice((2, 3))
    counts = []
    for _ in range(rng.choice((0, 1) if is_unique else (1, 1, 2))):
        least, most = rng.choice((0, 1, 1, 2)), rng.choice((None, None, 1, 2, 3))
        count = {"contains": part(), "minContains": least}
        counts.append(count if most is None else {**count, "maxContains": most})
    if counts:
        schema["allOf"] = counts
    return {**schema, "uniqueItems": True} if is_unique else schema


def shapes(*, is_unique: bool) -> Iterator[tuple[Meaning, ArrayShape]]:
    for seed in range(N_SEEDS):
        meaning = Meaning(counting_schema(seed, is_unique=is_unique))
        for shape in meaning.form.union_of(meaning.root):
            if isinstance(shape, ArrayShape):
                yield meaning, shape


def states_after(meaning: Meaning, graph: ArrayGraph, items: list[Json]) -> set[int]:
    states = {0}
    for item in items:
        states = {
            target
            for source, condition, target in graph.edges
            if source in states and meaning.satisfies(item, condition)
        }
    return states


def test_a_graph_reads_the_arrays_of_its_shape_and_is_always_in_one_state() -> None:
    n_counted = 0
    for meaning, shape in shapes(is_unique=False):
        graph = array_graph(meaning.form, shape)
        n_counted += bool(shape.counted)
        for items in ARRAYS:
            states = states_after(meaning, graph, items)
            assert len(states) <= 1, (shape, items)
            assert (not states.isdisjoint(graph.accepting)) == meaning.has_shape(items, shape), (shape, items)
    assert n_counted > 30


def test_live_edges_lead_to_an_end() -> None:
    for meaning, shape in shapes(is_unique=False):
        graph = array_graph(meaning.form, shape)
        edges = live_edges(graph, meaning.productivity.is_productive)
        sources = {source for source, _, _ in edges}
        assert all(target in sources or target in graph.accepting for _, _, target in edges)
        assert can_be_accepted(graph, meaning.productivity.is_productive) == bool(0 in graph.accepting or edges)


def test_values_that_differ_are_counted_off_once() -> None:
    """No value is both counted off and free, none is counted off twice, and none is lost."""
    for meaning, shape in shapes(is_unique=True):
        for condition in (*shape.prefix, shape.items):
            found = values_of(meaning.form, condition, meaning.productivity.live, CANONICAL)
            for value in UNIVERSE:
                n_singles = sum(meaning.has_shape(value, one) for one in found.finite.values())
                n_others = sum(meaning.has_shape(value, one) for one in (*found.free, *found.stuck))
                assert n_singles <= 1 and not (n_singles and n_others)
                assert bool(n_singles or n_others) == meaning.satisfies(value, condition)


def test_a_graph_of_values_that_differ_reads_the_arrays_of_its_shape() -> None:
    n_placed = 0
    for meaning, shape in shapes(is_unique=True):
        if not shape.is_unique or not is_placed(shape):
            continue
        n_placed += 1
        graph = distinct_graph(meaning.form, shape, meaning.productivity.live, CANONICAL)

        def takes(item: Json, one: Shape | None, meaning: Meaning = meaning) -> bool:
            return one is not None and meaning.has_shape(item, one)

        for items in ARRAYS:
            states = {0}
            for item in items:
                states = {target for source, _, one, target in graph.edges if source in states and takes(item, one)}
            assert (not states.isdisjoint(graph.accepting)) == meaning.has_shape(items, shape), (shape, items)
    assert n_placed > 15


@pytest.mark.parametrize("is_unique", [False, True], ids=["counted", "unique"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_through_the_engine(layout: str, is_unique: bool, compiler: Compiler) -> None:
    """Valid arrays are accepted and no others, and walks end in valid ones."""
    walker = Walker(compiler.vocabulary)
    options = LAYOUTS[layout]
    ends = []
    for seed in range(0, N_SEEDS, 2):
        schema = counting_schema(seed, is_unique=is_unique)
        try:
            grammar = compiler.compile_json_schema(schema, options=options)
        except EmptyLanguage:
            grammar = None
        for items in ARRAYS:
            text = written(items, options)
            assert accepts(grammar, text) == is_valid(schema, exact(text)), (schema, text)
        rng = random.Random(seed)
        for _ in range(3 if grammar else 0):
            walk = walker.walk(grammar, rng, walker.interesting('[],1"ab'), 120)  # type: ignore[arg-type]
            ends.append(walk.end)
            assert walk.end is not End.DEAD, (schema, walk.text)
            if walk.end is End.COMPLETE:
                assert is_valid(schema, exact(walk.text)), (schema, walk.text)
    assert ends.count(End.COMPLETE) > len(ends) / 2


def written(value: Json, options: JSONSchemaOptions) -> str:
    """The value's text; whole numbers without a point."""
    plain = json.loads(
        json.dumps(value), parse_float=lambda text: int(float(text)) if float(text) % 1 == 0 else float(text)
    )
    if isinstance(options.whitespace, Indented):
        return json.dumps(plain, indent=options.whitespace.n_blanks)
    return json.dumps(plain, separators=(",", ":") if options.whitespace is Whitespace.COMPACT else None)


def exact(text: str | bytes) -> Json:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def test_states_are_bounded() -> None:
    meaning = Meaning({"type": "array", "contains": {"const": 1}, "minContains": 50})
    (shape,) = meaning.form.union_of(meaning.root)
    assert isinstance(shape, ArrayShape)
    meaning.form.array_graphs.clear()
    meaning.form.max_states = 20
    with pytest.raises(SchemaTooComplex) as caught:
        array_graph(meaning.form, shape)
    assert (caught.value.asked, caught.value.allowed) == (21, 20)


def test_a_thousand_values_that_differ(compiler: Compiler) -> None:
    schema = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 999}, "uniqueItems": True}
    grammar = compiler.compile_json_schema(schema, options=COMPACT)
    numbers = list(range(1000))
    random.Random(0).shuffle(numbers)
    assert accepts(grammar, str(numbers).replace(" ", ""))
    assert not accepts(grammar, str([*numbers[:500], numbers[250]]).replace(" ", ""))


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ({"type": "string"}, '["a","a"]'),
        ({"type": "string"}, '["a","b","a"]'),
        ({"type": "integer"}, "[1,1]"),
        ({"type": ["integer", "null"]}, "[1,null,1]"),
        ({"type": "array", "items": {"type": "string"}}, '[["a"],["a"]]'),
        ({"type": "object"}, '[{"a":1,"b":2},{"b":2,"a":1}]'),
        (True, "[{},[],{}]"),
        (True, '["a",["a"],"a"]'),
    ],
)
def test_items_of_infinitely_many_values_differ(items: Json, text: str, compiler: Compiler) -> None:
    grammar = compiler.compile_json_schema({"type": "array", "items": items, "uniqueItems": True})
    assert not accepts(grammar, text)


@pytest.mark.parametrize("text", ['["a","\\u0061"]', "[1,1.0]", "[10,1e1]", "[[1],[1.0]]", "[0.50,5e-1]"])
def test_equal_values_differ_in_no_spelling(text: str, compiler: Compiler) -> None:
    grammar = compiler.compile_json_schema({"uniqueItems": True}, options=JSONSchemaOptions.exact())
    assert not accepts(grammar, text)


FREE_ITEMS: list[Json] = [
    {"type": "string", "pattern": "^(ab)*$"},
    {"type": "integer", "minimum": 5},
    {"type": "number", "maximum": 0},
    {"type": "integer", "not": {"multipleOf": 2}},
    {"type": ["string", "null", "boolean"], "minLength": 1},
    {"type": "string", "not": {"const": "a"}},
    {"type": "array", "items": {"enum": [1, 2]}},
    {"type": "array", "minItems": 1, "items": {"type": "null"}},
    {"type": "object", "properties": {"a": {"type": "boolean"}}},
    {"type": "object", "propertyNames": {"pattern": "^x"}, "additionalProperties": {"type": "null"}},
]


@pytest.mark.parametrize("items", FREE_ITEMS, ids=str)
def test_walks_through_items_that_differ_come_to_no_dead_end(items: Json, compiler: Compiler) -> None:
    schema = {"type": "array", "items": items, "uniqueItems": True}
    walker = Walker(compiler.vocabulary)
    for layout in ("flexible", "compact", "indented"):
        grammar = compiler.compile_json_schema(schema, options=LAYOUTS[layout])
        for seed in range(3):
            walk = walker.walk(grammar, random.Random(seed), walker.interesting('[],1"abx{:'), 120)
            assert walk.end is not End.DEAD, walk.text
            if walk.end is End.COMPLETE and b"e" not in walk.text.lower().replace(b"true", b"").replace(b"false", b""):
                assert is_valid(schema, exact(walk.text)), walk.text


def test_whole_numbers_in_exact_spellings_can_get_stuck(compiler: Compiler) -> None:
    """Behind `5e-` stands only a zero, and 5 may have occurred."""
    schema = {"type": "array", "items": {"type": "integer", "minimum": 5}, "uniqueItems": True}
    with pytest.raises(UnsupportedSchema, match="uniqueItems"):
        compiler.compile_json_schema(schema, options=JSONSchemaOptions.exact())


def test_zero_has_a_sign_but_is_one_value(compiler: Compiler) -> None:
    grammar = compiler.compile_json_schema({"items": {"type": "number"}, "uniqueItems": True}, options=LAYOUTS["exact"])
    assert not accepts(grammar, "[-0,0]") and not accepts(grammar, "[0.0,1,0e5]") and accepts(grammar, "[-0,1]")


@pytest.mark.parametrize(
    "schema",
    [
        {"prefixItems": [{"const": 1}], "items": {"type": "integer"}},
        {"prefixItems": [{"type": "integer"}, {"const": 1}]},
        {"prefixItems": [{"type": "integer"}], "items": {"enum": [1, 2]}},
    ],
)
def test_a_value_that_is_counted_off_in_one_place_and_free_in_another_is_refused(
    schema: Json, compiler: Compiler
) -> None:
    with pytest.raises(UnsupportedSchema, match="uniqueItems"):
        compiler.compile_json_schema({"type": "array", "uniqueItems": True, **schema})


def test_a_value_that_must_occur_is_counted_off_in_all_places(compiler: Compiler) -> None:
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "integer"}, "contains": {"const": 1}}
    grammar = compiler.compile_json_schema(schema)
    assert all(accepts(grammar, text) for text in ("[1]", "[1,2]", "[2,1]", "[2,1,3]"))
    assert not any(accepts(grammar, text) for text in ("[]", "[2]", "[1,1]", "[1,2,2]", "[2,1,2]", "[2,1,1]"))


@pytest.mark.parametrize(
    "text", ["[]", '["a","b"]', "[1,true]", "[0,false,null]", '["1",1]', "[[1],[[1]]]", '[{"a":1},{"a":2}]']
)
def test_different_values_are_accepted(text: str, compiler: Compiler) -> None:
    assert accepts(compiler.compile_json_schema({"uniqueItems": True}), text)
