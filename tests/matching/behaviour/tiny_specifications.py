"""Specifications with finitely many traces, which can all be tried."""

from __future__ import annotations

import random
from typing import Any

import maskwright as mw
from maskwright.errors import SpecError
from maskwright.grammar.behaviour.specification.spec import Spec
from tests.naive.behaviour import delimiters
from tests.naive.behaviour_completions import Completions, TooMany
from tests.naive.random_behaviours import Document, random_rule, spec_of

ALPHABET = "ab"
LONGEST = 2
_TEXTS: tuple[Any, ...] = (
    *({"choice": texts} for texts in (["a", "b"], ["", "ab"], ["ab", "ba", "a"], ["b"], ["aa", "a"], ["", "a", "b"])),
    *({"regex": pattern} for pattern in ("[ab]?", "a{0,2}", "b|ab", "(ab)?", "a[ab]?", "b")),
)
_OPENERS = ("<", "[", "a#", "xa", "-b", "\n{", "#a", "")
_CLOSERS = ("", "", ">", "a/", "b-", "]")
_ATOMS = (
    '{}.contains("a")',
    '{}.contains("b")',
    "{}.length <= 1",
    "{}.length >= 1",
    '{}.ends("a")',
    '{}.starts("b")',
    "{}",
    "{}",
)


def tiny_document(rng: random.Random, *, has_values: bool) -> Document:
    """Two or three segments of a few texts, a flow without loops that has no end, and rules."""
    names = ["p", "q", "r"][: rng.randint(2, 3)]
    openers = rng.sample(_OPENERS, len(names))
    segments = {
        name: {
            "open": opener,
            "close": rng.choice(_CLOSERS),
            "writer": rng.choice(["model", "model", "env"]),
            "text": rng.choice(_TEXTS),
        }
        for name, opener in zip(names, openers, strict=True)
    }

    def part(depth: int) -> str:
        kind = rng.random()
        if depth == 0 or kind < 0.4:
            return rng.choice(names)
        if kind < 0.6:
            return f"{part(depth - 1)} {part(depth - 1)}"
        if kind < 0.75:
            return f"({part(depth - 1)} | {part(depth - 1)})"
        return f"({part(depth - 1)}){rng.choice(['?', '{0,2}', '{1,2}', '{2}'])}"

    flow = f"{rng.choice(names)} {part(2)} {part(1)}"

    def atom() -> str:
        return rng.choice(_ATOMS).format(rng.choice(names))

    rules = [random_rule(rng, atom, []) for _ in range(rng.randint(0, 3))]
    if has_values:
        model = [name for name in names if segments[name]["writer"] == "model"]
        if model:
            rules.append({"never_repeat": rng.choice(model)})
    return {"segments": segments, "flow": flow, "rules": rules}


def tiny_specification(rng: random.Random, *, has_values: bool = False) -> tuple[Spec, Completions, Document]:
    """One that is read without complaint and has few traces."""
    while True:
        document = tiny_document(rng, has_values=has_values)
        try:
            spec = spec_of(document)
            everything = Completions(spec, ALPHABET, LONGEST)
            everything.is_won(())
        except (SpecError, TooMany):
            continue
        if all(everything.texts.values()):
            return spec, everything, document


def tiny_vocabulary(rng: random.Random, spec: Spec) -> mw.Vocabulary:
    """The characters that occur, pieces of what may stand next to each other, and an end token."""
    characters = sorted({*ALPHABET, *"".join(delimiters(spec))})
    tokens = [one.encode() for one in characters]
    pieces = set()
    for _ in range(60):
        parts = []
        for _ in range(2):
            segment = rng.choice(spec.segments)
            parts += [segment.open, "".join(rng.choices(ALPHABET, k=rng.randint(0, 2))), segment.close]
        whole = "".join(parts)
        begin = rng.randrange(len(whole) + 1)
        piece = whole[begin : begin + rng.randint(2, 6)]
        if len(piece) > 1:
            pieces.add(piece.encode())
    tokens += sorted(pieces)
    return mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])
