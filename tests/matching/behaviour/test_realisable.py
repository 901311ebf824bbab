"""Specifications that cannot be followed by construction are refused, with the rules at fault or a trace that shows it.

Each pattern comes as a pair: one that nobody can follow, and nearly the same that somebody can. Names, fillings and
harmless rules beside are drawn at random.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import SpecError
from tests.matching.behaviour.playing import check_run, play, with_budget
from tests.naive.random_behaviours import Document, random_vocabulary, spec_of

Pair = tuple[Document, Document]
N_EACH = 5


def _document(flow: str, rules: list[Document], env: list[str] | None = None) -> Document:
    segments: Document = {
        "ask": {"open": "\n[ask] ", "writer": "user"},
        "act": {"open": "\n[act] ", "text": {"choice": ["look", "find", "stop"]}},
        "see": {"open": "\n[see] ", "writer": "env", "text": {"choice": env or ["good", "bad"]}},
        "say": {"open": "\n[say] ", "text": {"regex": "[a-c]{1,3}"}},
    }
    return {"segments": segments, "flow": flow, "rules": rules}


def _opposites(n: int) -> Pair:
    flow = f"ask (act see){{0,{n}}} say"
    rules: list[Document] = [{"must": "act"}, {"never": 'act == "look"'}, {"never": 'act == "find"'}]
    return _document(flow, [*rules, {"never": 'act == "stop"'}]), _document(flow, rules)


def _too_many(n: int) -> Pair:
    flow = f"ask (act see){{0,{n}}} say"
    return (
        _document(flow, [{"at_least": {"n": n + 1, "of": "act"}}]),
        _document(flow, [{"at_least": {"n": n, "of": "act"}}]),
    )


def _jointly_too_many(n: int) -> Pair:
    flow = f"ask (act see){{{n}}} say"
    half: list[Document] = [{"at_least": {"n": n // 2 + 1, "of": f'act == "{text}"'}} for text in ("look", "find")]
    return _document(flow, half), _document(flow, half[:1])


def _bad_news(n: int) -> Pair:
    flow = f"ask (act see){{1,{n}}} say"
    rule: Document = {"never": 'see.starts("b")'}
    return _document(flow, [rule]), _document(flow, [rule], env=["good", "fine"])


def _no_way_on(n: int) -> Pair:
    rule: Document = {"next_is": {"when": 'see == "bad"', "then": "act"}}
    return _document(f"ask (act see){{{n}}} say", [rule]), _document(f"ask (act see){{{n}}} act say", [rule])


def _last_word(n: int) -> Pair:
    rule: Document = {"ltlf": 'G(see == "bad" -> F say.contains("a"))'}
    return _document(f"ask (act see){{{n}}}", [rule]), _document(f"ask (act see){{{n}}} say", [rule])


def _never_before(n: int) -> Pair:
    rules: list[Document] = [{"only_after": {"do": "say", "need": f'act == "{text}"'}} for text in ("look", "find")]
    return _document("ask act say", rules), _document(f"ask act{{2,{n + 1}}} say", rules)


def _same_again(n: int) -> Pair:
    rule: Document = {"never_repeat": "act"}
    return _document("ask act{4} say", [rule]), _document("ask act{3} say", [rule])


def _exclusive(n: int) -> Pair:
    rule: Document = {"exclusive": ["act", 'say.contains("b")']}
    more: list[Document] = [{"must": 'say.contains("b")'}]
    return _document(f"ask act{{1,{n}}} say", [rule, *more]), _document(f"ask act{{1,{n}}} say", [rule])


def _others_count(n: int) -> Pair:
    rule: Document = {"exactly": {"n": n, "of": 'see == "good"'}}
    return _document(f"ask (act see){{{n}}} say", [rule]), _document(f"ask (act see){{{n}}} say", [rule], env=["good"])


PAIRS: tuple[Callable[[int], Pair], ...] = (
    *(_opposites, _too_many, _jointly_too_many, _bad_news, _no_way_on),
    *(_last_word, _never_before, _same_again, _exclusive, _others_count),
)
HARMLESS: tuple[Document, ...] = (
    {"at_most": {"n": 20, "of": "say"}},
    {"never": "say & act"},
    {"only_after": {"do": "act", "need": "ask"}},
    {"never": 'say.contains("c")', "level": "warn"},
)


def drawn(pair: Callable[[int], Pair], number: int) -> Pair:
    """The pair with harmless rules beside."""
    rng = random.Random(number)
    bad, good = pair(number + 2)
    for document in (bad, good):
        document["rules"] = [*document["rules"], *rng.sample(HARMLESS, 2)]
        rng.shuffle(document["rules"])
    return bad, good


@pytest.mark.parametrize("number", range(N_EACH))
@pytest.mark.parametrize("pair", PAIRS)
def test_what_nobody_can_follow_is_refused_with_what_is_at_fault(pair: Callable[[int], Pair], number: int) -> None:
    bad, _ = drawn(pair, number)
    spec = spec_of(bad)
    with pytest.raises(SpecError) as caught:
        mw.Compiler(random_vocabulary(random.Random(0), spec)).compile_behaviour(spec)
    assert caught.value.rules or caught.value.witness
    guilty = [rule for rule in spec.rules if rule.id in caught.value.rules]
    assert not any(rule.words.startswith(("at_most: {n: 20", "only_after: {do: act, need: ask")) for rule in guilty)


@pytest.mark.parametrize("number", range(N_EACH))
@pytest.mark.parametrize("pair", PAIRS)
def test_what_somebody_can_follow_is_accepted(pair: Callable[[int], Pair], number: int) -> None:
    _, good = drawn(pair, number)
    spec = spec_of(good)
    program = with_budget(mw.Compiler(random_vocabulary(random.Random(0), spec)), spec, 20)
    for run in range(3):
        check_run(program, play(program, np.random.default_rng(run)))
