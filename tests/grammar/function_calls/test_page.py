"""The page about function calling: its table is that of the records, its calls are read, its programs run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from maskwright.grammar.function_calls.formats import FORMATS
from maskwright.grammar.function_calls.reader import parse_tool_calls
from maskwright.grammar.function_calls.tools import tools_of
from tests.grammar.single_bytes import SINGLE_BYTES

PAGE = (Path(__file__).parents[3] / "docs" / "tools.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| `(.*)` \| (.*?) ?\|$", re.MULTILINE)
TOOLS = tools_of({"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}})


def test_the_table_has_all_formats_with_a_call_that_is_read() -> None:
    rows = ROW.findall(PAGE)
    assert [name for name, *_ in rows] == [*FORMATS]
    for name, parsers, cell, reasoning in rows:
        form = FORMATS[name]
        assert tuple(re.findall(r"`(\w+)`", parsers)) == form.parsers, name
        text = cell.replace("\\|", "|").replace("↵", "\n")
        (call,) = parse_tool_calls(text, name, TOOLS).calls
        assert (call.name, call.arguments) == ("f", {"city": "Rome"}), name
        marks = reasoning.strip("`").replace("\\|", "|").replace("↵", "\n")
        assert marks == (form.reasoning.begin if form.reasoning else "a channel" if name == "harmony" else ""), name


def test_the_programs_of_the_page_run() -> None:
    text = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
    given: dict[str, Any] = {"vocabulary": SINGLE_BYTES, "text": text, "stream": [text[:20], text[20:]]}
    programs = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    for program in programs:
        exec(program, given)
    assert [call.arguments for call in given["reply"].calls] == [{"city": "Rome"}]
    assert given["reader"].reply.calls == given["reply"].calls
