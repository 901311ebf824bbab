"""Specifications made in Python: the same object as from YAML, as both are read from the same document.

    spec = (
        SpecBuilder("react")
        .segment("question", writer="user")
        .segment("answer", text={"regex": "[a-z]+"})
        .flow("question answer")
        .rule(at_most(1, "answer"), never("answer.length > 80", level="warn"))
        .build()
    )

A builder is a value: each method returns a new one. What is wrong is said by `build`, with a path such as
`rules[1].never`. Rules are made by the functions of `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from maskwright.grammar.behaviour.specification.document import node_of
from maskwright.grammar.behaviour.specification.files import Folder
from maskwright.grammar.behaviour.specification.flow import Flow
from maskwright.grammar.behaviour.specification.reading import spec_of
from maskwright.grammar.behaviour.specification.rules import Written, written_operand
from maskwright.grammar.behaviour.specification.spec import Environment, Spec, Text, Writer
from maskwright.grammar.behaviour.specification.texts import data_of
from maskwright.grammar.behaviour.specification.tools import described


@dataclass(frozen=True, slots=True)
class SpecBuilder:
    """A specification in the making; `name` is its name."""

    name: str
    _document: Mapping[str, Any] = field(default_factory=dict)

    def segment(
        self, name: str, *, text: Text | object = None, writer: Writer | str | None = None, **others: object
    ) -> SpecBuilder:
        """Add a kind of segment; what may be said of it is what YAML has: `open`, `close`, `max_tokens`, ..."""
        said = {
            "writer": writer.value if isinstance(writer, Writer) else writer,
            "text": data_of(text) if isinstance(text, Text) else text,
            **others,
        }
        members = {key: value for key, value in said.items() if value is not None}
        return self._with("segments", {**self._document.get("segments", {}), name: members})

    def delimiters(self, *, open: str = "", close: str = "") -> SpecBuilder:  # noqa: A002 # the word of the format
        """How openers and closers are made of the names of segments: `open="\\\\n[{Name}] "`."""
        return self._with("delimiters", {"open": open, "close": close})

    def tools(self, tools: Mapping[str, object] | Iterable[object]) -> SpecBuilder:
        """Declare tools: a mapping as in YAML, or descriptions and Python functions, whose parameters are arguments."""
        listed = dict(tools) if isinstance(tools, Mapping) else [described(tool) for tool in tools]
        return self._with("tools", listed)

    def flow(self, flow: Flow | str) -> SpecBuilder:
        """Say in which order segments come."""
        return self._with("flow", str(flow))

    def rule(self, *rules: Written) -> SpecBuilder:
        """Add rules."""
        return self._with("rules", [*self._document.get("rules", []), *rules])

    def environment(self, environment: Environment | str) -> SpecBuilder:
        """Say what may be expected of those who write the other segments: "adversarial" or "cooperative"."""
        return self._with("environment", environment.value if isinstance(environment, Environment) else environment)

    def assume(self, assumption: object, *, fallback: str | None = None) -> SpecBuilder:
        """Say what may be expected of the others, a formula or a rule, and where to go if they break it."""
        assumed = assumption if isinstance(assumption, dict) else written_operand(assumption)
        return self._with("environment", {"assume": assumed} | ({} if fallback is None else {"fallback": fallback}))

    def budget(self, *, generated_tokens: int | None = None, context_tokens: int | None = None) -> SpecBuilder:
        """Say how many tokens a trace may take."""
        asked = {"generated_tokens": generated_tokens, "context_tokens": context_tokens}
        return self._with("budget", {key: value for key, value in asked.items() if value is not None})

    def voting(self, samples: int, segment: str) -> SpecBuilder:
        """Declare that the text of this segment is taken that most of so many traces have."""
        return self._with("voting", {"samples": samples, "segment": segment})

    def examples(self, *names: str) -> SpecBuilder:
        """Name files with examples."""
        return self._with("examples", list(names))

    def build(self) -> Spec:
        """The specification. Raises SpecError with the path of what is wrong, LimitExceeded."""
        return spec_of(node_of({"name": self.name, **self._document}), self.name, Folder())

    def _with(self, key: str, value: object) -> SpecBuilder:
        return replace(self, _document={**self._document, key: value})
