"""Python types as schemas. pydantic, which reads the same types its own way, judges which texts are values of them."""

from __future__ import annotations

import datetime as dt
import enum
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Required, TypeVar
from typing import TypedDict as PlainTypedDict

import annotated_types
import jsonschema
import pydantic
import pytest
from typing_extensions import TypedDict  # before Python 3.12, pydantic does not take that of typing

from maskwright.errors import InvalidSchema, UnsupportedType
from maskwright.grammar.json_schema import json_schema_grammar
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.python_types import schema_of_python
from tests.naive.recogniser import accepts


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


UserId = NewType("UserId", int)


@dataclass
class Address:
    """Where someone lives."""

    street: str
    zip: Annotated[str, annotated_types.Len(5, 5), "five digits"]


@pydantic.with_config(pydantic.ConfigDict(extra="forbid"))
@dataclass
class Person:
    name: str
    age: Annotated[int, annotated_types.Interval(ge=0, le=150)] = 0
    address: Address | None = None
    friends: list[Person] = field(default_factory=list)
    secret: int = field(default=0, init=False)


@pydantic.with_config(pydantic.ConfigDict(extra="forbid"))
class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Series(Movie, total=False):
    seasons: Required[Annotated[int, annotated_types.Gt(0)]]
    rating: float


class Point(NamedTuple):
    x: float
    y: float
    label: str = ""


class Tree(pydantic.BaseModel):
    value: int
    children: list[Tree] = []


@dataclass
class Forest:
    first: Tree
    others: list[Tree]


@dataclass
class Coordinates:
    where: tuple[float, float]
    scale: InitVar[int] = 1


TEXTS = """
null true false 0 1 2 -1 1.5 "" "red" "blue" "b" "2024-02-29" "2024-02-30" "12:00:00Z" "2024-02-29T12:00:00Z"
"00000000-0000-0000-0000-000000000000" [] [1] [1,2] [1,1] [1,"a"] ["a"] [1.5,2] [1.5,2,"a"] [1.5,2,"a",0] [null]
{} {"a":1} {"a":"b"} {"red":1} {"green":1} {"name":"A"} {"name":"A","age":200} {"name":"A","age":20}
{"name":"A","address":null} {"name":"A","address":{"street":"B","zip":"12345"}}
{"name":"A","address":{"street":"B","zip":"1234"}} {"name":"A","friends":[{"name":"B","friends":[]}]}
{"name":"A","friends":[{"age":1}]} {"title":"A"} {"title":"A","year":1999} {"title":"A","year":"1999"}
{"title":"A","seasons":2} {"title":"A","seasons":0} {"seasons":1} {"title":"A","seasons":2,"rating":0.5}
{"street":"B","zip":"12345"} {"first":{"value":1},"others":[]}
{"first":{"value":1,"children":[{"value":2}]},"others":[]}
{"first":{"value":"1"},"others":[]} {"value":1,"children":[{"value":2}]} {"where":[0,1]} {"where":[0],"scale":2}
{"where":[0,1],"scale":2}
""".split()

TYPES = [
    bool, int, float, str, None, Any, object, list, list[int], Sequence[int | str], tuple[()], tuple[int, ...],
    tuple[int, str], dict, dict[str, int], Mapping[Literal["red"], int], dict[Colour, int], int | None,
    Literal["a", 1, None, True], Colour, Level, UserId, Address, Person, Movie, Series, Point, Tree, Forest,
    Coordinates, dt.date, uuid.UUID, list[Person], dict[str, list[Movie]],
    Annotated[int, annotated_types.Ge(1)], Annotated[list[int], annotated_types.MaxLen(1)],
    Annotated[str, pydantic.Field(pattern="^b", max_length=3)], Annotated[dict[str, int], annotated_types.MinLen(1)],
]  # fmt: skip


def pydantic_accepts(kind: Any, text: str) -> bool:
    """pydantic's verdict, without conversions; members that a type does not have are forbidden."""
    try:
        adapter = pydantic.TypeAdapter(kind, config=pydantic.ConfigDict(extra="forbid"))
    except pydantic.PydanticUserError:  # what has its own configuration
        adapter = pydantic.TypeAdapter(kind)
    try:
        adapter.validate_json(text, strict=True)
    except pydantic.ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_a_schema_has_the_values_of_the_type(kind: Any) -> None:
    schema = schema_of_python(kind)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    jsonschema.Draft202012Validator.check_schema(schema)
    told = {text: validator.is_valid(json.loads(text)) for text in TEXTS}
    expected = {text: pydantic_accepts(kind, text) for text in TEXTS}
    assert {text for text in TEXTS if told[text] != expected[text]} == DIFFERENT.get(str(kind), set())


DIFFERENT: dict[str, set[str]] = {str(Level): {"true"}}
"""Texts where pydantic's opinion is another, by type."""


@pytest.mark.parametrize("kind", [Person, Movie, Series, Colour, Point, Forest, Tree, list[Address]], ids=str)
def test_a_type_is_an_input_like_a_schema(kind: Any) -> None:
    grammar = json_schema_grammar(kind)
    validator = jsonschema.Draft202012Validator(schema_of_python(kind))
    for text in TEXTS:
        assert accepts(grammar, text.encode()) == validator.is_valid(json.loads(text)), text


class PlainMovie(PlainTypedDict, total=False):
    title: Required[str]
    cast: list[Annotated[str, {"minLength": 1}]]


def test_the_typed_dictionaries_of_typing_are_known_too() -> None:
    schema = schema_of_python(PlainMovie)
    assert isinstance(schema, dict) and schema["required"] == ["title"]
    assert schema["properties"]["cast"] == {"type": "array", "items": {"type": "string", "minLength": 1}}


def test_sets_have_no_item_twice() -> None:
    assert schema_of_python(set[int]) == {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}


def test_keywords_may_stand_in_annotated() -> None:
    assert schema_of_python(Annotated[str, {"pattern": "^a"}, "a name"]) == {
        "type": "string", "pattern": "^a", "description": "a name",
    }  # fmt: skip
    twice = Annotated[Annotated[int, {"minimum": 1}], {"minimum": 2}]
    assert schema_of_python(twice) == {"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 2}]}


def get_weather(city: str, unit: Literal["C", "F"] = "C", *, days: int = 1) -> str:
    """Look up the weather."""
    return f"{city} {unit} {days}"


def test_a_function_is_the_object_of_its_arguments() -> None:
    assert schema_of_python(get_weather) == {
        "title": "get_weather",
        "description": "Look up the weather.",
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    assert accepts(json_schema_grammar(get_weather), b'{"city": "Oslo", "days": 3}')
    assert not accepts(json_schema_grammar(get_weather), b'{"unit": "C"}')


class Desk:
    def book(self, place: int, note: str = "") -> None: ...


def test_a_bound_method_has_no_self() -> None:
    schema = schema_of_python(Desk().book)
    assert isinstance(schema, dict) and list(schema["properties"]) == ["place", "note"]


def test_named_types_are_definitions_and_may_share_a_name() -> None:
    @dataclass
    class Inner:
        n: int

    first = Inner

    @dataclass
    class Inner:  # type: ignore[no-redef]
        n: str

    schema = schema_of_python(tuple[first, Inner])  # type: ignore[valid-type]
    assert isinstance(schema, dict) and sorted(schema["$defs"]) == ["Inner", "Inner_2"]
    assert jsonschema.Draft202012Validator(schema).is_valid([{"n": 1}, {"n": "1"}])
    assert not jsonschema.Draft202012Validator(schema).is_valid([{"n": "1"}, {"n": "1"}])


def test_a_type_adapter_and_its_dataclass_speak_for_themselves() -> None:
    @pydantic.dataclasses.dataclass
    class Bounded:
        n: int = pydantic.Field(ge=3)

    for given in (Bounded, pydantic.TypeAdapter(Bounded)):
        assert not accepts(json_schema_grammar(given), b'{"n": 2}')
        assert accepts(json_schema_grammar(given), b'{"n": 3}')


def with_rest(city: str, *rest: int, **options: int) -> None: ...
def by_position(city: str, /) -> None: ...
def with_bytes(data: bytes) -> None: ...


@dataclass
class Odd:
    inner: dict[str, list[complex]]


class Wrong(enum.Enum):
    PAIR = (1, 2)


T = TypeVar("T")

REFUSED: list[tuple[Any, str, str, str]] = [
    (with_rest, "*rest", "with_rest()", "any number of arguments has no schema: name each one"),
    (by_position, "city", "by_position()", "it can only be given by position, but a tool call names it"),
    (with_bytes, "bytes", "with_bytes().data", "bytes are no text: use str"),
    (Odd, "complex", "Odd.inner[][]", "use a dataclass, TypedDict, enumeration, pydantic model or a built-in type"),
    (Wrong, "tuple", "Wrong.PAIR", "the value (1, 2) is not a JSON scalar"),
    (dict[int, str], "int", "dict (the names)", "the names of a JSON object are strings"),
    (T, "~T", "T", "it stands for any type: write a concrete one"),
    (list["Nobody"], "'Nobody'", "list[]", "it is not a type that JSON has a form for"),  # type: ignore[name-defined]  # noqa: F821
    ({1}, "{1}", "{1}", "it is not a type that JSON has a form for"),
]


@pytest.mark.parametrize(("given", "name", "path", "reason"), REFUSED, ids=[path for _, _, path, _ in REFUSED])
def test_what_has_no_json_form_is_refused_with_its_path(given: Any, name: str, path: str, reason: str) -> None:
    with pytest.raises(UnsupportedType) as caught:
        read_document(given)
    assert caught.value == UnsupportedType(name, path, reason)


def test_the_refusal_is_one_sentence() -> None:
    with pytest.raises(UnsupportedType) as caught:
        json_schema_grammar(with_bytes)
    assert str(caught.value) == (
        "The Python type bytes at with_bytes().data has no JSON Schema: bytes are no text: use str."
    )


@pytest.mark.parametrize("given", [None, 3, 1.5, b"{}", [], ()])
def test_what_is_neither_a_schema_nor_a_type_is_invalid(given: Any) -> None:
    with pytest.raises(InvalidSchema):
        read_document(given)


def test_nothing_is_imported_for_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    assert isinstance(schema_of_python(Person), dict)
