"""Letters and words of signs as people read them: `question / call & call(delete) (id=7) / answer`.

A set of letters is said segment by segment: the name alone where all letters of the segment are meant, else with a
formula that tells them from its others (`logic.guards`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from maskwright.grammar.behaviour.analysis.judge import NEW, OTHER, QUESTION_VALUES, Alphabet, Judge, Sign
from maskwright.grammar.behaviour.analysis.machines import Machine
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.formula import conjunction, holds
from maskwright.grammar.behaviour.logic.guards import guard
from maskwright.grammar.behaviour.logic.printer import print_formula


def spelled_letters(chosen: Collection[Letter], letters: Sequence[Letter]) -> tuple[str, ...]:
    """A guard for each segment of which some of `letters`, which are all there are, are chosen."""
    by_segment: dict[str, list[Letter]] = {}
    for letter in letters:
        if letter in chosen:
            by_segment.setdefault(letter.segment, []).append(letter)
    return tuple(_spelled(segment, some, letters) for segment, some in by_segment.items())


def _spelled(segment: str, some: Sequence[Letter], letters: Sequence[Letter]) -> str:
    of_segment = [letter for letter in letters if letter.segment == segment]
    told_apart = guard(of_segment, [number for number, letter in enumerate(of_segment) if letter in some])
    return print_formula(conjunction(holds(segment), told_apart))


def spelled_word(judge: Judge, alphabet: Alphabet, word: Iterable[int], machines: Sequence[Machine]) -> str:
    """All signs of a word."""
    return " / ".join(spelled_sign(judge, alphabet, sign, machines) for sign in word)


def spelled_sign(judge: Judge, alphabet: Alphabet, sign: int, machines: Sequence[Machine]) -> str:
    """A sign, with as much about its letter as these machines look at, and the values of the trace."""
    found = alphabet.signs[sign]
    segment = judge.letters[found.letter].segment
    alike = {
        judge.letters[other.letter]
        for number, other in enumerate(alphabet.signs)
        if judge.letters[other.letter].segment == segment
        and all(machine.columns[number] == machine.columns[sign] for machine in machines)
    }
    (letters,) = spelled_letters(alike, judge.letters)
    return letters + _values(found)


def _values(sign: Sign) -> str:
    known = [
        f"{hole.path[-1]}={value}" if hole.path else value
        for hole, value in sign.values
        if value not in (NEW, OTHER, *QUESTION_VALUES)
    ]
    return f" ({', '.join(known)})" if known else ""
