"""A behaviour specification as a value: segments, flow, rules, budget, environment.

A trace is accepted iff its word of segments matches `flow` and every hard rule holds. The YAML reader (`yaml_file`) and
the builder (`builder`) make the same object; this module only says what it is made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from maskwright.grammar.behaviour.logic.formula import Formula
from maskwright.grammar.behaviour.specification.flow import Flow


class Writer(Enum):
    """Who writes the text of a segment."""

    MODEL = "model"
    ENVIRONMENT = "env"
    USER = "user"


class Escape(Enum):
    """What is done with delimiters in a text that is not the model's."""

    REPLACE = "replace"
    """A delimiter is broken up by a character put into it, so that it is none."""
    REJECT = "reject"
    """Such a text is refused."""


class Environment(Enum):
    """What may be expected of those who write the other segments."""

    ADVERSARIAL = "adversarial"
    ASSUME = "assume"
    COOPERATIVE = "cooperative"


class Level(Enum):
    """What a rule does: hard rules mask, warn rules only report."""

    HARD = "hard"
    WARN = "warn"


class Text:
    """The base of all kinds of text; never built itself."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Free(Text):
    """Any text."""


@dataclass(frozen=True, slots=True)
class Regex(Text):
    """The texts that a pattern in Python's syntax matches as a whole."""

    pattern: str


@dataclass(frozen=True, slots=True)
class OneOf(Text):
    """One of these texts."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JSONText(Text):
    """A JSON text of a schema, which is kept as JSON."""

    schema: str


@dataclass(frozen=True, slots=True)
class GrammarText(Text):
    """A text of a grammar in a notation: "lark", "gbnf" or "ebnf"."""

    notation: str
    source: str
    start: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall(Text):
    """`{"name": ..., "arguments": {...}}` for one of the tools; `functions` is a JSON list as `function_signatures`
    takes it."""

    functions: str


@dataclass(frozen=True, slots=True)
class Reference(Text):
    """One of the texts that segments bound to this name had earlier in the trace."""

    name: str


@dataclass(frozen=True, slots=True)
class Optional(Text):
    """The part, or nothing."""

    part: Text


@dataclass(frozen=True, slots=True)
class Parts(Text):
    """The parts one after the other."""

    parts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class AllOf(Text):
    """The texts that belong to every one of these."""

    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Mention(Text):
    """The texts in which all of the terms (or, if `any_of`, one of them) occur."""

    terms: tuple[str, ...]
    any_of: bool = False
    fold: bool = False
    """Are upper and lower case alike?"""
    word: bool = False
    """Only as whole words?"""


@dataclass(frozen=True, slots=True)
class Ordered(Text):
    """The texts in which each term occurs for the first time only after the one before it has occurred."""

    terms: tuple[str, ...]
    fold: bool = False
    word: bool = False


@dataclass(frozen=True, slots=True)
class Without(Text):
    """The texts in which none of the texts, and no match of one of the patterns, occurs."""

    texts: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a lexical rule (mention, leak, order within one segment) asks of a segment's text."""

    rule: str
    """The id of the rule."""
    text: Text


@dataclass(frozen=True, slots=True)
class Segment:
    """One kind of segment: `open`, its text, `close` (or "": the next opener ends it, or the end of the trace)."""

    name: str
    open: str
    close: str = ""
    writer: Writer = Writer.MODEL
    text: Text = field(default_factory=Free)
    max_tokens: int | None = None
    min_chars: int = 0
    max_chars: int | None = None
    escape: Escape = Escape.REPLACE
    bind: str | None = None
    """Its texts can be referred to by this name (`Reference`)."""
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of every trace, beside the flow.

    `formula` says it in LTLf with past, or is None for a count: then `of` is a formula about one letter and the number
    of letters of which it holds is between `minimum` and `maximum` (None: no end). With variables in its atoms, a rule
    holds for every value. `words` is the rule as it was written, for messages.
    """

    id: str
    words: str
    formula: Formula | None = None
    of: Formula | None = None
    minimum: int = 0
    maximum: int | None = None
    why: str = ""
    level: Level = Level.HARD


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tokens a trace may take: those that the model writes, and all that are in its context."""

    generated_tokens: int | None = None
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Voting:
    """Self-consistency: so many traces are made, and the text of a segment that most of them have is the result.

    Each trace follows the specification by itself; who makes them counts.
    """

    samples: int
    segment: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A behaviour specification. Make one with `Spec.load`, `Spec.from_yaml` or `SpecBuilder`.

    Lexical rules (mention, leak, order within a segment) are `restrictions` of the segments; `lexical` keeps them as
    they were written.
    """

    name: str
    segments: tuple[Segment, ...]
    flow: Flow
    rules: tuple[Rule, ...] = ()
    lexical: tuple[Rule, ...] = ()
    budget: Budget = Budget()
    environment: Environment = Environment.ADVERSARIAL
    assumption: Formula | None = None
    fallback: str | None = None
    """The segment to go to when an assumption about the environment is broken; None: stop."""
    examples: tuple[str, ...] = ()
    """Names of files with examples, as written."""
    tools: str = "[]"
    """The tools that are declared, a JSON list of functions as for `ToolCall`; texts need not be calls of them."""
    voting: Voting | None = None

    def segment(self, name: str) -> Segment:
        """The segment of that name; raises KeyError."""
        for one in self.segments:
            if one.name == name:
                return one
        raise KeyError(name)

    @staticmethod
    def load(path: str | Path) -> Spec:
        """Read a specification from a YAML file.

        Files that it names (tools, grammars, examples) are read in its folder. Raises GrammarSyntaxError with line and
        column, SpecError if the file cannot be read, LimitExceeded. `Spec.load("schemas/behaviour/react.yaml")`.
        """
        from maskwright.grammar.behaviour.specification.yaml_file import load_spec

        return load_spec(Path(path))

    @staticmethod
    def from_yaml(text: str, name: str = "spec.yaml") -> Spec:
        """Read a specification from a YAML text, which can name no files; errors as for `load`.

        `Spec.from_yaml("segments: {a: {}}\\nflow: a").flow` -> `Name("a")`.
        """
        from maskwright.grammar.behaviour.specification.yaml_file import spec_from_yaml

        return spec_from_yaml(text, name)

    def to_yaml(self) -> str:
        """A YAML text from which `from_yaml` reads the same specification."""
        from maskwright.grammar.behaviour.specification.yaml_file import spec_to_yaml

        return spec_to_yaml(self)
