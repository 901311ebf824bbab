"""Who answers when it is not the model's turn: tools, and what was settled beforehand.

    responder = Responder(tools, {"question": ["What is 6 * 7?"], "evaluation": ["wrong", "correct"]})
    responder(handover)         -> "42", or None if nobody has anything to say

The calls are read from what the model has written since the turn before, in either of two forms: a text
`{"name": ..., "arguments": {...}}`, or a segment whose text is the name of a tool, followed by one with its argument
(ReAct's action and input). Where there are several, all are made in order, and the answer is a line for each. In a
plan of ReWOO a label such as `#E1` stands before a call, and for its result in the arguments of later ones; there the
last result is the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, final

from maskwright.grammar.behaviour.specification.spec import OneOf, Spec
from maskwright.grammar.behaviour.specification.tools import tool_names
from maskwright.integrations.agents.tools import Tools

_LABEL: Final = re.compile(r"#\w+")


class Finished(Protocol):
    """A segment that has ended."""

    @property
    def segment(self) -> str:
        """Its name."""

    @property
    def text(self) -> str:
        """Its text, without delimiters."""


class Turn(Protocol):
    """What is known of a turn that is not the model's: a `Handover` of a program's session, or of a monitor."""

    @property
    def segment(self) -> str:
        """The segment that somebody else has to write."""

    @property
    def since(self) -> Sequence[Finished]:
        """What the model wrote since the turn before."""


class Respond(Protocol):
    """Somebody who answers."""

    def __call__(self, turn: Turn, /) -> str | None:
        """The text of the segment, None if there is none."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool as the model wrote it, and the label under which later calls speak of its result."""

    tool: str
    arguments: str | Mapping[str, Any]
    label: str = ""


@final
class Responder:
    """Answers with what was settled for a segment, one text after the other, the last one again and again; else with
    tools. `users` are the segments whose texts are not said twice: when a user has said everything, that is None.
    `actions` are the segments that name a tool (`actions_of`), so that no thought is taken for one; None: any may.

    Remembers what it has said: each run of an agent has its own.
    """

    def __init__(
        self,
        tools: Tools,
        replies: Mapping[str, Sequence[str]] | None = None,
        users: frozenset[str] = frozenset(),
        actions: frozenset[str] | None = None,
    ) -> None:
        self._tools: Final = tools
        self._replies: Final = {segment: [*texts] for segment, texts in (replies or {}).items()}
        self._users: Final = users
        self._actions: Final = actions

    def __call__(self, turn: Turn) -> str | None:
        """The answer; None if a user has said everything, or no tool was called."""
        waiting = self._replies.get(turn.segment, [])
        if waiting:
            return waiting[0] if len(waiting) == 1 and turn.segment not in self._users else waiting.pop(0)
        if turn.segment in self._users:
            return None
        answers, results = list[str](), dict[str, str]()
        for call in calls_of(turn.since, self._tools, self._actions):
            answers.append(self._tools.call(call.tool, _with_results(call.arguments, results)))
            if call.label:
                results[call.label] = answers[-1]
        return None if not answers else answers[-1] if results else "\n".join(answers)


def actions_of(spec: Spec) -> frozenset[str]:
    """The segments of a specification whose text is a choice of names of tools."""
    names = frozenset(tool_names(spec.tools))
    return frozenset(
        one.name for one in spec.segments if isinstance(one.text, OneOf) and names and names.issuperset(one.text.texts)
    )


def calls_of(written: Sequence[Finished], tools: Tools, actions: frozenset[str] | None = None) -> list[Call]:
    """The calls in what a model wrote: an action `search` and an input `x` -> `[Call("search", "x")]`."""
    calls, label = list[Call](), ""
    texts = [segment.text for segment in written]
    for place, (segment, text) in enumerate(zip(written, texts, strict=True)):
        call = _json_call(text)
        if _LABEL.fullmatch(text.strip()):
            label = text.strip()
        elif call is not None:
            calls.append(Call(*call, label))
        elif (actions is None or segment.segment in actions) and text.strip() in tools and place + 1 < len(texts):
            calls.append(Call(text.strip(), texts[place + 1], label))
    return calls


def _json_call(text: str) -> tuple[str, Mapping[str, Any]] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_call = isinstance(value, dict) and isinstance(value.get("name"), str)
    return (value["name"], value["arguments"]) if is_call and isinstance(value.get("arguments"), dict) else None


def _with_results(arguments: str | Mapping[str, Any], results: Mapping[str, str]) -> str | Mapping[str, Any]:
    if isinstance(arguments, str):
        return _LABEL.sub(lambda found: results.get(found[0], found[0]), arguments)
    return {
        name: _with_results(value, results) if isinstance(value, str) else value for name, value in arguments.items()
    }
