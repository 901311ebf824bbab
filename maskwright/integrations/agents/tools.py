"""Tools: named functions that an agent may call with a text or with named arguments, and that answer with a text.

    tools = Tools([Tool("calculate", calculate), Tool.of(reader.search), Tool.of(reader.lookup)])
    tools.call("calculate", "6 * 7")                    -> "42"
    tools.call("search", {"query": "water"})            -> "Water: ..."
    tools.call("delete", "x")                           -> "Error: there is no tool 'delete'; there are ..."

Any Python function is a tool. A text is its one argument, or a JSON object with its arguments by name. What it returns
is shown as it is if it is a text, else as JSON. Whatever goes wrong, in the call or in the tool, is answered with an
error text: the model reads it and may do better, while an exception would end a run for what the model did.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final


@dataclass(frozen=True, slots=True)
class Tool:
    """A function under the name that a model calls it by."""

    name: str
    function: Callable[..., object]

    @staticmethod
    def of(function: Callable[..., object]) -> Tool:
        """The function under its own name: `Tool.of(reader.search).name` -> `"search"`."""
        return Tool(function.__name__, function)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(inspect.signature(self.function).parameters)

    def __call__(self, arguments: str | Mapping[str, Any]) -> str:
        """What it answers, or `"Error: ..."`."""
        signature = inspect.signature(self.function)
        named = _named(arguments, self.parameters) if isinstance(arguments, str) else arguments
        try:
            bound = signature.bind(arguments) if named is None else signature.bind(**named)
        except TypeError as error:
            wanted = ", ".join(self.parameters) or "no arguments"
            return f"Error: {self.name} takes {wanted}: {error}."
        try:
            answer = self.function(*bound.args, **bound.kwargs)
            return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, default=str)
        except Exception as error:  # noqa: BLE001  (see the head of this module)
            return f"Error: {self.name} failed: {type(error).__name__}: {error}"


@final
class Tools:
    """Tools by their names; later ones of a name replace earlier ones. Nothing changes it.

    declared: names that a model may call tools by, though there may be none; it is answered that there is none.
    """

    def __init__(self, tools: Iterable[Tool], declared: Iterable[str] = ()) -> None:
        self._tools: Final = {tool.name: tool for tool in tools}
        self._declared: Final = frozenset(declared)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those there are, in order."""
        return tuple(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools or name in self._declared

    def call(self, name: str, arguments: str | Mapping[str, Any]) -> str:
        """What the tool of that name answers, or `"Error: ..."`."""
        if name not in self._tools:
            listed = ", ".join(self._tools) or "none"
            return f"Error: there is no tool {name!r}; there are: {listed}."
        return self._tools[name](arguments)


def _named(text: str, parameters: tuple[str, ...]) -> Mapping[str, Any] | None:
    """A JSON object as arguments by name; None if the text is one argument itself."""
    if not parameters:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_named = isinstance(value, dict) and (len(parameters) > 1 or value.keys() == {*parameters})
    return value if is_named else None
