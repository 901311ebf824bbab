"""Two agents to measure: specification, worked examples, questions and tools.

    own_words     the form of the agent traces that the bundled model was trained on, and three of the functions that it
                  knows: what a model does that knows the form, but not all of the rules
    react         the example "react", whose delimiters it has never seen, with a calculator and a search over this
                  repository's pages: what a model does that is only told

The bundled model knows nothing else, so what it writes is not worth reading (docs/tiny_model.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bench.behaviour.examples import FOLDER, read_example
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.integrations.agents.calculator import calculate
from maskwright.integrations.agents.document_search import DocumentIndex
from maskwright.integrations.agents.responding import Respond, Responder
from maskwright.integrations.agents.tools import Tool, Tools

GENERATED_TOKENS = 240
CONTEXT_TOKENS = 1_000
"""The model reads 1,024 tokens."""

PAGES = Path(__file__).resolve().parents[2] / "docs"

OWN_WORDS = r"""
behaviour: 1
name: own_words
segments:
  thought:     {open: "Thought: ", text: {regex: "[^\\n]{1,120}"}}
  action:      {open: "\nAction: ", text: {choice: [get_weather, create_event, convert_currency]}}
  input:       {open: "\nInput: ", text: {regex: "\\{[^\\n]{1,160}\\}"}}
  observation: {open: "\nObservation: ", writer: env, text: {regex: "[^\\n]*\\n"}, max_tokens: 60}
  answer:      {open: "\nAnswer: ", text: {regex: "[^\\n]{1,120}"}}
flow: (thought action input observation){1,3} thought answer
"""

OWN_SHOTS = (
    """Question: He planned a new song.Thought: I need a tool for this.
Action: get_weather
Input: {"city": "Porto", "unit": "C"}
Observation: {"city": "Porto", "temperature": 21.5, "unit": "C", "conditions": "sunny"}
Thought: I know the answer now.
Answer: He planned a new song.""",
    """Question: She saved the day.Thought: Let me check.
Action: create_event
Input: {"title": "Science fair", "start": "2027-11-07T11:00:00Z"}
Observation: {"title": "Science fair", "start": "2027-11-07T11:00:00Z", "online": true}
Thought: I know the answer now.
Answer: She happily saved the day.""",
    """Question: The lost photo drew the word.Thought: I should look this up.
Action: convert_currency
Input: {"amount": 1309, "from": "USD", "to": "CHF"}
Observation: {"role": "user", "content": "1309 USD"}
Thought: I know the answer now.
Answer: The lost photo drew the word.""",
)

_WHO = ("He", "She", "The teacher", "My friend", "The farmer", "The cat", "A doctor")
_DID = ("planned", "saved", "enjoyed", "noticed", "ordered", "changed", "dropped", "found")
_WHAT = ("the song", "a new meeting", "the orange", "a useful paper", "the market", "the river")

_SUBJECTS = ("bitmask", "token trie", "JSON Schema", "temperature", "resampling", "regular expressions", "a monitor")
_ASKED = ("What is {} for?", "Which page explains {}?", "How does {} work?")


@dataclass(frozen=True, slots=True)
class Setting:
    """One agent: `prompts` are heads that stand before a trace, or questions that a user asks in it (`is_asked`).

    responder(prompt) answers in one run.
    """

    name: str
    spec: Spec
    shots: tuple[str, ...]
    prompts: Callable[[int], list[str]]
    is_asked: bool
    responder: Callable[[str], Respond]


def own_words() -> Setting:
    """The form that the bundled model knows."""
    spec = Spec.from_yaml(OWN_WORDS, "own_words")
    limits = Budget(generated_tokens=GENERATED_TOKENS, context_tokens=CONTEXT_TOKENS)
    return Setting(spec.name, replace(spec, budget=limits), OWN_SHOTS, _heads, False, _functions)


def react() -> Setting:
    """The example "react" for a model that reads little, so others must be brief."""
    spec = read_example("react")
    limits = {"question": 40, "observation": 60}
    spec = replace(
        spec,
        segments=tuple(replace(one, max_tokens=limits.get(one.name, one.max_tokens)) for one in spec.segments),
        budget=Budget(generated_tokens=GENERATED_TOKENS, context_tokens=CONTEXT_TOKENS),
    )
    texts = (FOLDER / "react.accepted.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n---\n")
    return Setting(spec.name, spec, tuple(sorted(texts, key=len)[1:4]), _sums_and_subjects, True, _tools)


def _heads(n: int) -> list[str]:
    """The first lines that such traces had: of a half of them "An agent at work:", of the others a sentence."""
    made = (f"Question: {who} {did} {what}." for what in _WHAT for did in _DID for who in _WHO)
    return [head for sentence in itertools.islice(made, n) for head in ("An agent at work:", sentence)][:n]


def _functions(_: str) -> Respond:
    answers = {
        "get_weather": '{"city": "Porto", "temperature": 21.5, "unit": "C", "conditions": "sunny"}\n',
        "create_event": '{"title": "Museum visit", "start": "2023-09-17T20:15:00Z", "online": true}\n',
        "convert_currency": '{"role": "user", "content": "42 CHF"}\n',
    }
    return lambda turn: next((answers[piece.text] for piece in turn.since if piece.segment == "action"), None)


def _sums_and_subjects(n: int) -> list[str]:
    sums = (f"What is {a} * {b} + {a + b}?" for a in itertools.count(3) for b in (7, 12, 40))
    subjects = (
        f"{asked.format(subject)} ({number})"
        for number in itertools.count(1)
        for asked in _ASKED
        for subject in _SUBJECTS
    )
    pairs = itertools.chain.from_iterable(zip(sums, subjects, strict=False))
    return list(itertools.islice(pairs, n))


@cache
def _index() -> DocumentIndex:
    return DocumentIndex.of_folder(PAGES)


def _tools(question: str) -> Respond:
    reader = _index().reader()
    tools = Tools([Tool("calculate", calculate), Tool.of(reader.search), Tool.of(reader.lookup)])
    return Responder(tools, {"question": [question]}, frozenset(["question"]))
