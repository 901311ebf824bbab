"""Check: texts that can be derived in two ways, found by a bounded search; see `derivations` for the idea.

First all texts are compared, as far as a half of the fuel goes: an example found there is a shortest one of its rule.
Then the rest goes into longer texts, with few characters of each set or with those of one keyword (`samples`). If
nothing is found, the finding says how far that is known.

Masks do not depend on it: the machine recognises and builds no trees. What reads the texts afterwards may.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from maskwright.grammar.lint.components import components
from maskwright.grammar.lint.contexts import shortest_texts, surroundings
from maskwright.grammar.lint.derivations import Ambiguity, Reading, search, with_short_bodies
from maskwright.grammar.lint.facts import Facts, facts_of, reachable_from
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.recursion import cycles, nullable_loops, unit_steps
from maskwright.grammar.lint.samples import Samples
from maskwright.grammar.lint.showing import shown
from maskwright.grammar.lint.subject import MAX_COUNT, Body, Notation, Subject, Word

DEFAULT_FUEL = 2_000_000
"""Texts put together in all; about a second."""

WIDTHS = (1, 2, 4)
"""Characters of each set in the searches for longer texts."""

UNITS = {Notation.NONE: "bytes", Notation.LARK: "terminals"}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The first ambiguity of each rule, and what is known if there is none.

    complete_to: all texts of that length were compared. is_cyclic: steps of rules that derive themselves were left out.
    is_partial: some parts were tried by a few of their texts.
    """

    found: dict[str, Ambiguity]
    complete_to: int
    is_cyclic: bool
    is_partial: bool


def ambiguities(facts: Facts, fuel: int = DEFAULT_FUEL) -> Iterator[Finding]:
    """A finding for each rule with an ambiguous text; if there is none, one that says how far this is known."""
    subject = facts.subject
    if subject.start not in facts.productive:
        return
    productions = _in_use(facts)
    short, parts = with_short_bodies(productions)
    owners = {name: subject.owner(parts.get(name, name)) for name in short}
    symbols = (symbol for bodies in short.values() for body in bodies for symbol in body)
    samples = Samples(symbol for symbol in symbols if not isinstance(symbol, str))
    loops = {name: repeated for name, repeated in subject.loops.items() if name in short}
    outcome = _outcome(facts_of(replace(subject, productions=short, loops=loops)), owners, samples, fuel)
    if not outcome.found:
        has_duplicates = any(
            len(set(subject.productions[name])) < len(subject.productions[name]) for name in productions
        )
        message = _nothing_found(subject, outcome, has_duplicates)
        yield subject.finding(Kind.AMBIGUITY, Severity.INFORMATION, None, message)
        return
    texts = shortest_texts(short, samples.texts(samples.greatest_width))
    around = surroundings(short, subject.start, texts)
    for rule, ambiguity in outcome.found.items():
        text = shown(ambiguity.text, samples, subject)
        reader = f"rule '{rule}'" if ambiguity.nonterminal == rule else f"a part of rule '{rule}'"
        message = f"{reader} reads {text} in two ways: {_both(ambiguity, owners, samples, subject)}"
        example = ambiguity.text
        if ambiguity.nonterminal in around:
            before, after = around[ambiguity.nonterminal]
            example = before + example + after
            if before or after:
                message += f"; a whole text with it is {shown(example, samples, subject)}"
        plain = shown(example, samples, subject, is_quoted=False)
        yield subject.finding(Kind.AMBIGUITY, Severity.WARNING, rule, message, plain)


def _in_use(facts: Facts) -> dict[str, tuple[Body, ...]]:
    """The alternatives that some text uses, each once; nothing of what was cut."""
    subject = facts.subject

    def can_be_used(body: Body) -> bool:
        return all(not isinstance(symbol, str) or symbol in facts.productive for symbol in body)

    useful = {name: tuple(filter(can_be_used, dict.fromkeys(bodies))) for name, bodies in subject.productions.items()}
    reached = reachable_from([subject.start], replace(subject, productions=useful, mentions={}))
    return {name: () if name in subject.cut else useful[name] for name in reached}


def _outcome(facts: Facts, owners: dict[str, str], samples: Samples, fuel: int) -> _Outcome:
    """Search what is in use: `facts` are those of its productions."""
    productions = facts.subject.productions
    order = [name for group in components(unit_steps(facts)) for name in group]
    every = search(productions, order, samples.texts(samples.greatest_width), MAX_COUNT, fuel // 2)
    results, left = [every], fuel - every.spent
    if every.complete_to < MAX_COUNT:
        tried = [samples.texts(width) for width in WIDTHS if width < samples.greatest_width]
        tried += [samples.texts_with(word) for word in samples.words]
        for place, texts_of in enumerate(tried):
            share = left // (len(tried) - place)
            results.append(search(productions, order, texts_of, MAX_COUNT, share))
            left -= results[-1].spent
    found: dict[str, Ambiguity] = {}
    for result in results:
        for ambiguity in result.found:
            found.setdefault(owners[ambiguity.nonterminal], ambiguity)
    is_cyclic = any(True for check in (cycles, nullable_loops) for _ in check(facts))
    is_partial = samples.is_partial or bool(facts.subject.cut & productions.keys())
    return _Outcome(found, every.complete_to, is_cyclic, is_partial)


def _both(ambiguity: Ambiguity, owners: dict[str, str], samples: Samples, subject: Subject) -> str:
    """The two readings, with pieces that are empty only if they make the difference."""
    first, second = ambiguity.readings
    for has_empty in (False, True):
        one, other = (_told(reading, owners, samples, subject, has_empty) for reading in (first, second))
        if one != other:
            return f"as {one}, or as {other}"
    return f"two of its alternatives read it as {one}"


def _told(reading: Reading, owners: dict[str, str], samples: Samples, subject: Subject, has_empty: bool) -> str:
    """The symbols of a reading with what they derive."""
    told = []
    for symbol, piece in zip(reading.body, reading.pieces, strict=True):
        text = shown(piece, samples, subject)
        if isinstance(symbol, str) and owners[symbol] == symbol:
            told.append(f"{symbol}({text if piece else ''})")
        elif piece or has_empty:
            told.append(text if isinstance(symbol, Word) else f"({text})" if " " in text else text)
    return " ".join(told) or "nothing"


def _nothing_found(subject: Subject, outcome: _Outcome, has_duplicates: bool) -> str:
    """How far it is known that there is no ambiguity but what other findings tell."""
    others = ["rules that derive themselves"] * outcome.is_cyclic + ["repeated alternatives"] * has_duplicates
    nothing = f"apart from {' and '.join(others)}, no ambiguity was found" if others else "no ambiguity was found"
    if outcome.is_cyclic:
        return f"{nothing}, but their steps were left out of the search, so this is no proof"
    if outcome.is_partial:
        return f"{nothing}, but exclusions, patterns and the like were tried by a few texts only, so this is no proof"
    if outcome.complete_to < 0:
        return f"{nothing}, but the limit was reached before all of the shortest texts were compared"
    longer = ", and some longer ones" if outcome.complete_to < MAX_COUNT else ""
    units = UNITS.get(subject.notation, "characters")
    return f"{nothing}: all texts of every rule with up to {outcome.complete_to} {units} were compared{longer}"
