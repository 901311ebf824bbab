"""What differs between two versions of a specification: the parts, and the shortest traces that only one accepts.

    diff(old, new)  ->  segments: 'label' is new; only old: question / plan / answer

First the segments are compared as written: names, writers, delimiters, and texts as languages where these are regular
(by their difference, with a text that only one has). Then the traces, over the letters of both: every letter that some
text has in one of them, split by the atoms that either asks about. A trace that only the old one accepts breaks some
component of the new one, so for each component a shortest trace is searched that keeps all old ones and breaks it; a
component that both have need not be asked. If there is none in either direction, both accept the same traces.

That is proved for rules without variables and for regular texts; `is_proved` says whether it was. Rejected: to compare
minimal products: as many states as there are situations, for a question that mostly ends after a few letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.analysis.joint_words import shortest_word
from maskwright.grammar.behaviour.analysis.judge import QUESTION_VALUES, Alphabet, Judge
from maskwright.grammar.behaviour.analysis.machines import Machine, first_states
from maskwright.grammar.behaviour.analysis.spelling import spelled_word
from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.dfa import DFA, difference_witness
from maskwright.grammar.behaviour.policy.value_rules import variables_of
from maskwright.grammar.behaviour.specification.components import spec_atoms
from maskwright.grammar.behaviour.specification.spec import Rule, Segment, Spec
from maskwright.grammar.characters import CharacterAutomaton
from maskwright.grammar.text_search import text_without


@dataclass(frozen=True, slots=True)
class Difference:
    """What `diff` found.

    parts: sentences about segments and their texts. only_old, only_new: a shortest trace of one that the other does not
    accept, as names of segments with conditions; None if there is none. is_proved: is None a proof?
    """

    parts: tuple[str, ...]
    only_old: str | None
    only_new: str | None
    is_proved: bool

    @property
    def is_same(self) -> bool:
        """Do both accept the same traces, as far as was found?"""
        return not self.parts and self.only_old is None and self.only_new is None

    def __str__(self) -> str:
        if self.is_same:
            return (
                "the same traces" if self.is_proved else "no difference found; texts or values are not compared wholly"
            )
        traces = [f"only {which}: {trace}" for which, trace in self._traces() if trace is not None]
        return "\n".join([*self.parts, *traces])

    def _traces(self) -> tuple[tuple[str, str | None], ...]:
        return ("old", self.only_old), ("new", self.only_new)


def diff(old: Spec, new: Spec) -> Difference:
    """Compare two specifications; warnings, budgets and environments are no part of what they accept.

    Raises what compiling either raises, and LimitExceeded.
    """
    atoms = tuple(dict.fromkeys((*spec_atoms(old), *spec_atoms(new))))
    bodies = Bodies.of(old, atoms), Bodies.of(new, atoms)
    letters = tuple(dict.fromkeys((*bodies[0].letters, *bodies[1].letters)))
    rules = (*old.rules, *new.rules)
    sides = [_Side.of(spec, body, letters, rules) for spec, body in zip((old, new), bodies, strict=True)]
    parts = tuple(_parts(old, new, *bodies))
    only_old, only_new = _only(*sides), _only(*reversed(sides))
    has_variables = any(variables_of(rule) for rule in rules)
    is_proved = not has_variables and all(
        _is_compared(name, *bodies) for name in {one.name for one in old.segments} & {one.name for one in new.segments}
    )
    return Difference(parts, only_old, only_new, is_proved)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two, over the letters of both: its machines, the last for its own letters."""

    judge: Judge
    alphabet: Alphabet
    machines: tuple[Machine, ...]

    @classmethod
    def of(cls, spec: Spec, bodies: Bodies, letters: tuple[Letter, ...], rules: tuple[Rule, ...]) -> _Side:
        judge = Judge.over(spec, bodies, letters, rules)
        alphabet = judge.alphabet(QUESTION_VALUES)
        own = set(bodies.letters)
        is_foreign = np.array([letters[sign.letter] not in own for sign in alphabet.signs], np.int32)
        only_own = DFA((False, True), np.array([[0, 1], [1, 1]], np.int32), np.array([True, False]))
        return cls(judge, alphabet, (*alphabet.machines_of(judge.hard), Machine(only_own, is_foreign)))


def _only(one: _Side, other: _Side) -> str | None:
    """A shortest trace that one accepts and the other does not."""
    found: list[tuple[int, ...]] = []
    for machine in other.machines:
        if not any(_is_same(machine, own) for own in one.machines):
            machines = [*one.machines, one.alphabet.not_empty, machine.complement()]
            word = shortest_word(machines, first_states(machines))
            if word is not None:
                found.append(word)
    if not found:
        return None
    word = min(found, key=lambda word: (len(word), word))
    return spelled_word(one.judge, one.alphabet, word, [*one.machines, *other.machines])


def _is_same(machine: Machine, other: Machine) -> bool:
    """Do two machines accept the same words of the letters of all?"""
    letters = tuple(range(len(machine.columns)))
    wide = (one.dfa.with_letters(letters, one.columns) for one in (machine, other))
    return difference_witness(*wide) is None


def _parts(old: Spec, new: Spec, old_bodies: Bodies, new_bodies: Bodies) -> Iterator[str]:
    """What is different about the segments."""
    olds = {segment.name: segment for segment in old.segments}
    news = {segment.name: segment for segment in new.segments}
    for name in olds.keys() - news.keys():
        yield f"segment '{name}' is only in the old one"
    for name in news.keys() - olds.keys():
        yield f"segment '{name}' is only in the new one"
    for name in (name for name in olds if name in news):
        yield from _written_differently(olds[name], news[name])
        yield from _texts(name, old_bodies, new_bodies)


def _written_differently(old: Segment, new: Segment) -> Iterator[str]:
    """What of a segment is said in other words, but for its texts."""
    for what, was, now in (
        ("opener", repr(old.open), repr(new.open)),
        ("closer", repr(old.close), repr(new.close)),
        ("writer", old.writer.value, new.writer.value),
        ("most tokens", old.max_tokens, new.max_tokens),
        ("name that texts are bound to", old.bind, new.bind),
    ):
        if was != now:
            yield f"segment '{old.name}': the {what} was {was}, now {now}"


def _texts(name: str, old: Bodies, new: Bodies) -> Iterator[str]:
    """How the texts of a segment differ, if they are not described in the same words."""
    if _is_said_alike(name, old, new):
        return
    languages = _languages(name, old, new)
    if languages is None:
        yield f"segment '{name}': its texts are described differently, and cannot be compared"
        return
    before, after = languages
    segments = [*old.spec.segments, *new.spec.segments]
    delimiters = dict.fromkeys(text for one in segments for text in (one.open, one.close) if text)
    free = text_without(list(delimiters))  # delimiters are compared by themselves
    for which, surplus in (("old", before - after), ("new", after - before)):
        text = (surplus & free).shortest()
        if text is not None:
            yield f"segment '{name}': only the {which} one has the text {text!r}"


def _languages(name: str, old: Bodies, new: Bodies) -> tuple[CharacterAutomaton, CharacterAutomaton] | None:
    """The texts of a segment in both; None if they are not regular, or too large to be written out."""
    try:
        before, after = old.language(name), new.language(name)
    except LimitExceeded:
        return None
    return None if before is None or after is None else (before, after)


def _is_said_alike(name: str, old: Bodies, new: Bodies) -> bool:
    """Are the texts of a segment described in the same words?"""
    was, now = old.spec.segment(name), new.spec.segment(name)
    return replace(was, open=now.open, close=now.close, writer=now.writer, max_tokens=now.max_tokens) == now


def _is_compared(name: str, old: Bodies, new: Bodies) -> bool:
    """Is it known of the texts of a segment whether they are the same?"""
    return _is_said_alike(name, old, new) or _languages(name, old, new) is not None
