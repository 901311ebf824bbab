"""The few-shot examples that were released with eight agents, checked against the specifications of the same agents.

8 of 80 are wrong, which their own validation only logged: in three an agent's plan begins with the wrong word, in three
there are two actions under one plan, in one a label is missing, and one stops before its answer. Six more belong to an
agent without a specification. Then each of the 72 good ones is broken in six ways; whether what comes out is still in
the language is decided by Python's `re` over the names of the segments, and where it leaves it by the same: the first
segment after which the beginning is the beginning of no word (found by matching the pattern of all beginnings).
"""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pytest

from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.analysis.joint_words import EditKind
from maskwright.grammar.behaviour.analysis.report import Outcome
from maskwright.grammar.behaviour.specification.flow import Chain, Choice, Flow, Name, Repeat
from maskwright.grammar.behaviour.specification.spec import Spec
from tests.data_folder import data_archive
from tests.grammar.behaviour.analysis.lisp_specifications import spec_of_lisp

Example = tuple[str, str, int, str]
"""Data set, agent, number and text."""

BROKEN = {
    ("fever_v1.0", "pass", 0): ("action", 3),
    ("fever_v1.0", "pass", 1): ("action", 3),
    ("fever_v1.0", "pass", 2): ("action", 3),
    ("fever_v1.0", "rewoo", 0): ("action_label", 6),
    ("fever_v1.0", "rewoo", 1): ("action_label", 6),
    ("fever_v1.0", "rewoo", 2): ("action_label", 6),
    ("trivia_qa", "rewoo", 0): ("action", 10),
}
"""The segment that is wrong, and its line."""
STOPS_EARLY = ("gsm8k_main", "rewoo", 0)


@pytest.fixture(scope="module")
def checkers() -> dict[str, Checker]:
    folder = data_archive("agent-prompt-examples") / "agent-prompt-examples"
    documents = json.loads((folder / "specifications.json").read_text("utf-8"))
    return {agent: Checker.of(spec_of_lisp(document)) for agent, document in documents.items()}


@pytest.fixture(scope="module")
def examples(checkers: dict[str, Checker]) -> list[Example]:
    folder = data_archive("agent-prompt-examples") / "agent-prompt-examples"
    prompts = json.loads((folder / "prompts.json").read_text("utf-8"))
    return [
        (data_set, agent, number, text)
        for data_set, agents in prompts.items()
        for agent, prompt in agents.items()
        if agent in checkers
        for number, text in enumerate(prompt["examples"])
    ]


def test_exactly_the_broken_examples_are_found(checkers: dict[str, Checker], examples: list[Example]) -> None:
    reports = {example[:3]: checkers[example[1]].check(example[3]) for example in examples}
    counts = Counter(report.outcome for report in reports.values())
    assert counts == {Outcome.OK: 72, Outcome.VIOLATION: 7, Outcome.INCOMPLETE: 1}
    assert reports[STOPS_EARLY].outcome is Outcome.INCOMPLETE
    assert reports[STOPS_EARLY].ending == ("solver",)
    violations = {key: report.violation for key, report in reports.items() if report.violation is not None}
    assert {key: (one.segment, one.place.line) for key, one in violations.items()} == BROKEN
    notes = {key: one.note for key, one in violations.items() if one.note}
    wrong_word = "'[Plan]' in segment 'question' looks like an opener, but no segment has it"
    assert notes == {key: wrong_word for key in BROKEN if key[1] == "pass"}


def test_a_missing_label_is_reported_with_what_was_expected(
    checkers: dict[str, Checker], examples: list[Example]
) -> None:
    (text,) = (text for *key, text in examples if key == ["fever_v1.0", "rewoo", 0])
    assert str(checkers["rewoo"].check(text)) == (
        "violation at line 6, column 1: segment 'action_label' may not come here (flow)\n"
        '  expected: plan ("[Plan]"), solver ("[Answer]")\n'
        "  nearest legal trace:\n"
        "      question\n"
        "      plan\n"
        "      action_label\n"
        "      action\n"
        "      action_input\n"
        "    + plan\n"
        "      action_label\n"
        "      action\n"
        "      action_input\n"
        "      solver"
    )


def test_examples_broken_in_six_ways_are_caught_at_the_right_segment(
    checkers: dict[str, Checker], examples: list[Example]
) -> None:
    rng = np.random.default_rng(20)
    n_mutants: Counter[str] = Counter()
    n_changing = n_caught = n_false_alarms = 0
    for _, agent, _, text in examples:
        checker = checkers[agent]
        if not checker.check(text).is_ok:
            continue
        language = Language(checker.judge.spec)
        for kind in MUTATIONS:
            broken = mutant(kind, text, language, rng)
            n_mutants[kind] += 1
            report = checker.check(broken)
            word = language.word(broken)
            if language.has(word):
                n_false_alarms += not report.is_ok
                continue
            n_changing += 1
            place = language.first_wrong(word)
            found = None if report.violation is None else report.violation.place.segment
            n_caught += not report.is_ok and found == place
            repaired = "".join(
                language.letter[change.legal] for change in report.changes if change.kind is not EditKind.DELETE
            )
            assert place is None or language.has(repaired)
            assert sum(change.kind is not EditKind.KEEP for change in report.changes) <= 2
    assert n_mutants == dict.fromkeys(MUTATIONS, 72)
    assert n_false_alarms == 0
    assert n_changing > 300
    assert n_caught >= 0.99 * n_changing


class Language:
    """The words of a flow as Python's `re` has them: a character for each segment."""

    def __init__(self, spec: Spec) -> None:
        self.openers = {segment.open: segment.name for segment in spec.segments}
        self.letter = {segment.name: chr(ord("a") + number) for number, segment in enumerate(spec.segments)}
        self.opener = re.compile("|".join(map(re.escape, self.openers)))
        self._words = re.compile(self._pattern(spec.flow))
        self._beginnings = re.compile(self._pattern_of_beginnings(spec.flow))

    def word(self, text: str) -> str:
        """The word of a text; "?" for what stands before the first opener."""
        found = [self.letter[self.openers[match[0]]] for match in self.opener.finditer(text)]
        return ("?" if text and not self.opener.match(text) else "") + "".join(found)

    def has(self, word: str) -> bool:
        return self._words.fullmatch(word) is not None

    def first_wrong(self, word: str) -> int | None:
        """The number of the first segment that no word has there; None if the word is the beginning of one."""
        lengths = range(1, len(word) + 1)
        return next((n - 1 for n in lengths if self._beginnings.fullmatch(word[:n]) is None), None)

    def _pattern(self, flow: Flow) -> str:
        match flow:
            case Name(name):
                return self.letter[name]
            case Chain(parts):
                return "".join(map(self._pattern, parts))
            case Choice(parts):
                return f"(?:{'|'.join(map(self._pattern, parts))})"
            case Repeat(part, 0, None):
                return f"(?:{self._pattern(part)})*"
        raise AssertionError(flow)

    def _pattern_of_beginnings(self, flow: Flow) -> str:
        match flow:
            case Name(name):
                return f"(?:{self.letter[name]})?"
            case Chain(parts):
                before = ["".join(map(self._pattern, parts[:number])) for number in range(len(parts))]
                ways = [start + self._pattern_of_beginnings(part) for start, part in zip(before, parts, strict=True)]
                return f"(?:{'|'.join(ways)})"
            case Choice(parts):
                return f"(?:{'|'.join(map(self._pattern_of_beginnings, parts))})"
            case Repeat(part, 0, None):
                return f"(?:{self._pattern(part)})*{self._pattern_of_beginnings(part)}"
        raise AssertionError(flow)


MUTATIONS = ("drop", "swap", "duplicate", "rename", "truncate", "extra")


def mutant(kind: str, text: str, language: Language, rng: np.random.Generator) -> str:
    """The text with one segment dropped, changed, ... at a random place."""
    begins = [match.start() for match in language.opener.finditer(text)]
    pieces = [text[begin:end] for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)]
    place = int(rng.integers(len(pieces)))
    opener = list(language.openers)[int(rng.integers(len(language.openers)))]
    match kind:
        case "drop":
            del pieces[place]
        case "swap":
            place = int(rng.integers(len(pieces) - 1))
            pieces[place : place + 2] = reversed(pieces[place : place + 2])
        case "duplicate":
            pieces.insert(place, pieces[place])
        case "rename":
            pieces[place] = language.opener.sub(lambda _: opener, pieces[place], count=1)
        case "truncate":
            pieces = pieces[:place]
        case "extra":
            pieces.insert(place, opener + " something else\n")
    return "".join(pieces)
