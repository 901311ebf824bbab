"""Random legal traces: for examples, for tests, and to see what a specification allows.

    legal_traces(policy, 3, rng)  ->  [[("question", "why"), ("thought", "..."), ("answer", "so")], ...]

A trace goes from position to position of the policy, to a segment and a letter of it, each as likely as the others;
after a random number of segments (geometric) it goes the shortest way to the end. Texts are those that the bodies give
for the letter, and where values or earlier texts matter, such as can be put there. Others write at random too.
Not from any stated distribution. Cost: a search for the policy's distances once, then some lookups a segment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.grammar.behaviour.atoms import Hole
from maskwright.grammar.behaviour.grounding.bodies import Allowed
from maskwright.grammar.behaviour.policy import Policy, Position
from maskwright.grammar.behaviour.policy.costs import Costs

Trace = list[tuple[str, str]]
"""Segments and their texts, without delimiters."""

MAX_TRIES = 20
"""Texts that are tried for one segment; then another letter is taken."""
MAX_RESTARTS = 40
"""Traces that are given up since no text was found; a specification that needs more is refused."""


def legal_traces(policy: Policy, n: int, rng: np.random.Generator, *, mean_length: float = 8.0) -> list[Trace]:
    """Some legal traces. mean_length: the segments after which a trace turns to its end, on average.

    Raises LimitExceeded where no texts are found for the values that the rules ask for.
    """
    if mean_length < 1:
        raise InvalidOption("mean_length", mean_length, "at least 1")
    costs = Costs(policy.game, lambda _: 1, 0)
    return [_trace(policy, costs, int(rng.geometric(1 / mean_length)), rng) for _ in range(n)]


def _trace(policy: Policy, costs: Costs, turns_at: int, rng: np.random.Generator) -> Trace:
    for _ in range(MAX_RESTARTS):
        trace: Trace = []
        position: Position | None = policy.begin()
        while position is not None:
            if policy.is_accepting(position) and trace and (len(trace) >= turns_at or _ends(policy, position, rng)):
                return trace
            position = _extended(policy, costs, position, trace, len(trace) >= turns_at, rng)
    raise LimitExceeded("Finding texts for a random trace", MAX_RESTARTS + 1, MAX_RESTARTS)


def _ends(policy: Policy, position: Position, rng: np.random.Generator) -> bool:
    """Is this the end? It is as likely as each of the segments."""
    segments = {policy.letters[letter].segment for letter in policy.letters_at(position)}
    return int(rng.integers(len(segments) + 1)) == 0


def _extended(
    policy: Policy, costs: Costs, position: Position, trace: Trace, hurries: bool, rng: np.random.Generator
) -> Position | None:
    """The position after one more segment, which is added to the trace; None if no text was found."""
    for letter in _letters(policy, position, rng):
        if not policy.is_about_values(letter):
            settled = policy.after_values(position, letter, {})
            if settled is None or (hurries and not _is_nearer(costs, settled, position)):
                continue
        for text in _texts(policy, position, letter, rng):
            after = policy.after(position, letter, text)
            if after is not None and (not hurries or _is_nearer(costs, after, position)):
                trace.append((policy.letters[letter].segment, text))
                return after
    return None


def _is_nearer(costs: Costs, after: Position, before: Position) -> bool:
    """Are there fewer segments to the end?"""
    return costs.of(after.node) < costs.of(before.node)


def _letters(policy: Policy, position: Position, rng: np.random.Generator) -> Iterator[int]:
    """The letters that may come, in random order: segments first, so that many letters do not make one more likely."""
    by_segment: dict[str, list[int]] = {}
    for letter in policy.letters_at(position):
        by_segment.setdefault(policy.letters[letter].segment, []).append(letter)
    for segment in rng.permutation(sorted(by_segment)):
        yield from rng.permutation(by_segment[str(segment)]).tolist()


def _texts(policy: Policy, position: Position, letter: int, rng: np.random.Generator) -> Iterator[str]:
    """Texts of a letter by chance, with such values and references to earlier texts as may be put there."""
    segment = policy.letters[letter].segment
    bound = dict(position.bound)
    allowed = (policy.allowed_values(position, letter) or {}) if policy.is_about_values(letter) else {}
    known = sorted({value for slices in position.slices for value, _ in slices.seen})
    for _ in range(MAX_TRIES):
        text = policy.bodies.sample(letter, rng)
        for hole, some in allowed.items():
            text = _with_value(text, hole, _choices(some, known), rng)
        if policy.bodies.letter_of(segment, text, bound) == letter:
            yield text


def _choices(allowed: Allowed, known: Sequence[str]) -> list[str | None]:
    """The values to choose from, as JSON; None: the one that is there, or any that was seen and is not excluded."""
    values = allowed.values
    return [None, *(value for value in known if value not in values)] if allowed.is_excluded else [*sorted(values)]


def _with_value(text: str, hole: Hole, choices: Sequence[str | None], rng: np.random.Generator) -> str:
    """The text with one of these values at the hole; as it is if that is chosen, or if nothing stands there."""
    chosen = choices[int(rng.integers(len(choices)))]
    if chosen is None:
        return text
    value = json.loads(chosen)
    if not hole.path:
        return str(value)
    document = json.loads(text)
    *way, last = hole.path if hole.tool is None else ("arguments", *hole.path)
    inner = document
    try:
        for step in way:
            inner = inner[step]
        inner[last] = value
    except (KeyError, IndexError, TypeError):
        return text
    return json.dumps(document, ensure_ascii=False)
