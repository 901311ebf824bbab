"""The judge of traces on the shipped specifications, and the tree of all completions on one that fits on a page."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import maskwright as mw
from maskwright.grammar.behaviour.specification.spec import Spec
from tests.naive.behaviour import faults, joined, split
from tests.naive.behaviour_completions import Completions
from tests.naive.random_behaviours import random_document, spec_of

FOLDER = Path(__file__).parents[2] / "schemas" / "behaviour"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def is_accepted(spec: Spec, trace: str) -> bool:
    pieces = split(spec, trace)
    return pieces is not None and faults(spec, pieces) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_judge_tells_the_shipped_traces_apart(name: str) -> None:
    spec = Spec.load(FOLDER / f"{name}.yaml")
    accepted = [trace for file in spec.examples for trace in (FOLDER / file).read_text("utf-8")[:-1].split("\n---\n")]
    rejected = [case["trace"] for case in json.loads((FOLDER / f"{name}.rejected.json").read_text("utf-8"))]
    assert accepted
    assert rejected
    assert [trace for trace in accepted if not is_accepted(spec, trace)] == []
    assert [trace for trace in rejected if is_accepted(spec, trace)] == []


def test_traces_are_split_as_they_were_joined() -> None:
    spec = Spec.load(FOLDER / "react.yaml")
    pieces = [("question", "why [so]?"), ("final_thought", "x\ny"), ("answer", "")]
    assert split(spec, joined(spec, pieces)) == pieces
    assert split(spec, "no opener" + joined(spec, pieces)) is None


def test_completions_of_a_turn_are_all_that_may_be_written() -> None:
    spec = spec_of(
        {
            "segments": {
                "p": {"open": "<", "text": {"choice": ["a", "b"]}},
                "q": {"open": "#", "close": ";", "writer": "env", "text": {"choice": ["", "a"]}},
            },
            "flow": "p q p?",
            "rules": [{"next_is": {"when": "q.length >= 1", "then": "p"}}, {"exactly": {"n": 1, "of": 'p == "a"'}}],
        }
    )
    everything = Completions(spec, "ab", 2)
    assert everything.is_won(())
    assert {one.text for one in everything.turn_texts(())} == {b"<a#", b"<b#"}
    after = (("p", "a"), ("q", "a"))
    assert {(one.text, one.is_end) for one in everything.turn_texts(after)} == {(b"<b", True)}
    vocabulary = mw.Vocabulary([b"<", b"#", b"a", b"b", b";", b"<b", b"a#", b""], eos_token_ids=[7])
    assert everything.allowed(after, b"", vocabulary) == {0, 5}
    assert everything.least(after, b"", vocabulary) == 2
    assert everything.allowed(after, b"", vocabulary, budget=2) == {5}
    assert everything.least((), b"", vocabulary) == 2 + 2


def test_random_specifications_are_read_for_the_most_part() -> None:
    n_read = 0
    for seed in range(60):
        try:
            spec_of(random_document(random.Random(seed), kinds="all"))
        except mw.MaskwrightError:
            continue
        n_read += 1
    assert n_read > 50
