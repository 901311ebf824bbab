import json
from pathlib import Path

import pytest

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.specification.document import node_of
from maskwright.grammar.behaviour.specification.files import Folder
from maskwright.grammar.behaviour.specification.tools import argument_names, described, functions_of, tool_names


def made(tools: object) -> str:
    return functions_of(node_of(tools, "tools"), Folder())


def test_the_shorthand_takes_all_arguments_and_no_others() -> None:
    assert json.loads(made({"search": {"query": "string", "n": {"type": "integer", "minimum": 1}}, "stop": None})) == [
        {
            "name": "search",
            "parameters": {
                "type": "object",
                "properties": {"query": {"type": "string"}, "n": {"type": "integer", "minimum": 1}},
                "required": ["query", "n"],
                "additionalProperties": False,
            },
        },
        {
            "name": "stop",
            "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        },
    ]


def test_a_list_is_kept_as_it_is_written() -> None:
    tools = [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]
    assert json.loads(made(tools)) == tools
    assert tool_names(made(tools)) == ("f",)


def test_a_file_is_a_list_or_the_shorthand(tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text('{"f": {"x": "number"}}')
    assert functions_of(node_of("tools.json"), Folder(tmp_path)) == made({"f": {"x": "number"}})


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"properties": {"x": {}}, "additionalProperties": False}, ("x",)),
        ({"properties": {"x": {}}}, None),
        ({"properties": {"x": {}}, "additionalProperties": False, "patternProperties": {"^y": {}}}, None),
        ({"$ref": "#/$defs/a", "additionalProperties": False}, None),
        (True, None),
    ],
)
def test_names_of_arguments_are_known_where_a_schema_lists_them(parameters: object, names: object) -> None:
    assert argument_names(made([{"name": "f", "parameters": parameters}]), "f") == names


def test_python_functions_are_described() -> None:
    def search(query: str, n: int = 1) -> None: ...

    description = described(search)
    assert isinstance(description, dict)
    assert description["name"] == "search"
    assert sorted(description["parameters"]["properties"]) == ["n", "query"]


@pytest.mark.parametrize(
    ("tools", "error"),
    [
        ({"f": {"x": "strng"}}, SpecError("there is no type 'strng'; did you mean 'string'?", "tools.f.x")),
        ({"f": {"x": 1}}, SpecError("a mapping was expected here, not 1", "tools.f.x")),
        ({"f g": {}}, SpecError("'f g' is no name for a tool: letters, digits and _.-:/ make one", "tools")),
        (3, SpecError("a list was expected here, not 3", "tools")),
    ],
)
def test_what_is_no_tool_is_refused(tools: object, error: SpecError) -> None:
    with pytest.raises(SpecError) as caught:
        made(tools)
    assert caught.value == error


@pytest.mark.parametrize("tools", [[], {}, [{"nam": "f"}], [{"name": "f"}, {"name": "f"}], ["f"]])
def test_what_is_no_list_of_functions_is_refused(tools: object) -> None:
    with pytest.raises(SpecError, match="no list of tools"):
        made(tools)
