"""JSON documents as services exchange them: nested records, lists, texts with escapes, numbers of all kinds.

Half of them are indented, half compact; both are common, and their tokens differ.
"""

from __future__ import annotations

import json
import random
from typing import Any

from bench.workloads.generate import WORDS
from bench.workloads.grammars.sentences import sentence

DEEPEST = 5


def json_document(rng: random.Random) -> str:
    """A document of some thousand tokens."""
    names = rng.sample(WORDS, 8)
    items = [{name: _value(rng, 1) for name in rng.sample(names, rng.randint(3, 8))} for _ in range(8)]
    document = {rng.choice(WORDS): _value(rng, 0), "items": items, "next": None}
    return json.dumps(document, indent=rng.choice((None, 2)), ensure_ascii=rng.random() < 0.5)


def _value(rng: random.Random, depth: int) -> Any:
    kinds = (_sentence, _identifier, _integer, _fraction, _moment, _flag)
    if depth < DEEPEST and rng.random() < 0.35:
        size = rng.randint(1, 5)
        if rng.random() < 0.4:
            kind = rng.choice(kinds)
            return [kind(rng) for _ in range(size)]
        return {name: _value(rng, depth + 1) for name in rng.sample(WORDS, size)}
    return rng.choice(kinds)(rng)


def _sentence(rng: random.Random) -> str:
    tail = rng.choice(("", "", "", "\n", ' "quoted"', " naïve café", " C:\\temp", " 東京"))
    return sentence(rng, rng.randint(20, 120)) + tail


def _identifier(rng: random.Random) -> str:
    return f"{rng.choice(WORDS)}-{rng.getrandbits(64):016x}"


def _integer(rng: random.Random) -> int:
    return rng.choice((1, 10, 1_000, 10**6, 10**12)) * rng.randint(-9, 99)


def _fraction(rng: random.Random) -> float:
    return rng.choice((round(rng.random() * 1_000, 2), rng.random(), rng.random() * 1e-9))


def _moment(rng: random.Random) -> str:
    return f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z"


def _flag(rng: random.Random) -> bool | None:
    return rng.choice((True, False, None))
