"""Does a trace follow a specification, and if not, where does it go wrong and what should have come?

    check(spec, "[Question] why?\\n[Answer] so")  ->  Report: violation at line 2, column 1, expected: thought

The trace is read by the longest match, segment by segment; a segment is wrong if after it no ending at all makes
the trace legal (not only when some rule is broken for good: with "never b" and "every a is followed by b", a is wrong).
Environment and user are taken at their word: what they *could* have written is no matter here, but where a policy
would not have gone for that reason, the report says so. Rules of level warn are reported and change nothing.

The nearest legal trace is that with the fewest segments inserted, deleted or replaced (`joint_words`).
Source: Dong, Leucker, Schallhart, "Impartial anticipation in runtime-verification" (ATVA 2008), for the wrong segment.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from maskwright.errors import LimitExceeded, SpecError
from maskwright.grammar.behaviour.analysis.joint_words import Edit, EditKind, Endings, nearest_word, shortest_word
from maskwright.grammar.behaviour.analysis.judge import Alphabet, Judge
from maskwright.grammar.behaviour.analysis.lookalikes import lookalike
from maskwright.grammar.behaviour.analysis.machines import Machine, Vector, first_states, is_accepted, stepped
from maskwright.grammar.behaviour.analysis.report import Change, Expected, Outcome, Report, Violation, Warned
from maskwright.grammar.behaviour.analysis.spelling import spelled_letters, spelled_sign
from maskwright.grammar.behaviour.analysis.traces import Pairs, Place, WrittenSegment, WrittenTrace, read_trace
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.spec import Spec, Writer


def check(specification: Spec | Policy, trace: str | Pairs) -> Report:
    """Check one trace, a text or a sequence of (segment, text).

    For many traces of one specification make a `Checker`. Raises what compiling the specification raises, except that
    a specification which nobody can follow against its environment can still be checked.
    """
    return Checker.of(specification).check(trace)


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks traces of one specification. `policy` is None where there is none to compare with."""

    judge: Judge
    policy: Policy | None

    @classmethod
    def of(cls, specification: Spec | Policy) -> Checker:
        """The checker of a specification."""
        if isinstance(specification, Policy):
            return cls(Judge.of(specification.spec), specification)
        judge = Judge.of(specification)
        try:
            return cls(judge, Policy.of(specification))
        except (SpecError, LimitExceeded):
            return cls(judge, None)

    def check(self, trace: str | Pairs) -> Report:
        """Check one trace. Raises LimitExceeded where rules are so entangled that nothing can be said in time."""
        written = read_trace(self.judge, trace)
        walk = _Walk(self.judge, self.judge.alphabet(written.values, written.signs), written)
        warnings = walk.warnings()
        place = walk.first_wrong()
        if place is not None:
            repaired = nearest_word(walk.machines, first_states(walk.machines), walk.word)
            changes = () if repaired is None else walk.diff(repaired.edits)
            proved = repaired is not None and repaired.is_nearest
            return Report(Outcome.VIOLATION, written, walk.violation(place), warnings, changes, proved)
        avoided = self._avoided(written)
        if walk.is_complete():
            return Report(Outcome.OK, written, warnings=warnings, avoided=avoided)
        return Report(Outcome.INCOMPLETE, written, warnings=warnings, ending=walk.ending(), avoided=avoided)

    def _avoided(self, written: WrittenTrace) -> Place | None:
        """Where a policy would first not have gone."""
        if self.policy is None:
            return None
        position = self.policy.begin()
        for number, segment in enumerate(written.segments):
            if segment.sign is None:
                return None
            after = self.policy.after(position, segment.sign.letter, segment.piece.text)
            is_model = self.judge.spec.segment(segment.name).writer is Writer.MODEL
            if after is None or not (is_model or segment.name in self.policy.segments_of_others(position)):
                return written.place(number)
            position = after
        return None


class _Walk:
    """One trace run through the automata of its specification."""

    def __init__(self, judge: Judge, alphabet: Alphabet, written: WrittenTrace) -> None:
        self.judge = judge
        self.alphabet = alphabet
        self.written = written
        self.owners = [*(alphabet.owners[place] for place in alphabet.places_of(judge.hard)), None]
        self.machines = [*alphabet.machines_of(judge.hard), alphabet.not_empty]
        self.word = [None if sign is None else alphabet.place[sign] for sign in written.word]
        self.vectors = [first_states(self.machines)]
        self.unfinished: list[int] = []  # signs that the last segment can become
        self._endings = Endings(self.machines)

    def can_end(self, vector: Vector) -> bool:
        """Is there an ending from here?"""
        return self._endings.has(vector)

    def first_wrong(self) -> int | None:
        """The first segment that is wrong, None if there is none; `vectors` are the states up to there.

        A trace that is accepted was right all along, and where no ending is left, none comes back: bisection finds
        that place with a few searches.
        """
        for sign in self.word:
            if sign is None:
                break
            self.vectors.append(stepped(self.machines, self.vectors[-1], sign))
        n_read = len(self.vectors) - 1
        if n_read == len(self.word) and is_accepted(self.machines, self.vectors[-1]):
            return None
        n_right = bisect_left(self.vectors, True, key=lambda vector: not self.can_end(vector))
        if n_right <= n_read:
            del self.vectors[max(1, n_right) :]
            return max(0, n_right - 1)
        if n_read == len(self.word):
            return None
        letters = self.written.segments[n_read].can_become
        self.unfinished = [one for one in self._signs_ahead() if self.alphabet.signs[one].letter in letters]
        return None if self.unfinished else n_read

    def _signs_ahead(self) -> list[int]:
        """For each letter that may come after the last vector a sign of it, with values that may stand there."""
        found: dict[int, int] = {}
        for number, sign in enumerate(self.alphabet.signs):
            if sign.letter not in found and self.can_end(stepped(self.machines, self.vectors[-1], number)):
                found[sign.letter] = number
        return list(found.values())

    def is_complete(self) -> bool:
        """Is the trace legal as it is, nothing being wrong?"""
        return not self.unfinished and is_accepted(self.machines, self.vectors[-1])

    def ending(self) -> tuple[str, ...]:
        """A short legal ending of a trace that is not complete, nothing being wrong."""
        begins: list[tuple[int, ...]] = [(sign,) for sign in self.unfinished] or [()]
        endings = [
            (*begin, *rest)
            for begin in begins
            if (rest := shortest_word(self.machines, self._after(self.vectors[-1], begin))) is not None
        ]
        ending = [self.spelled(sign) for sign in min(endings, key=len)]
        return (f"the rest of {ending[0]}", *ending[1:]) if self.unfinished else tuple(ending)

    def _after(self, vector: Vector, word: Sequence[int]) -> Vector:
        for sign in word:
            vector = stepped(self.machines, vector, sign)
        return vector

    def violation(self, number: int) -> Violation:
        """What is wrong with a segment."""
        vector = self.vectors[-1]
        if not self.can_end(vector):
            rules = self._conflict(vector)
            message = "no trace at all satisfies this specification"
            return Violation(Place(0, 0, 1, 1), "", message, (), False, rules, self._reasons(rules))
        segment, sign = self.written.segments[number], self.word[number]
        expected = self._expected()
        if sign is None:
            message, rules, is_about_text = segment.fault, self._lexical(segment), segment.piece.segment is not None
        else:
            rules = self._conflict(stepped(self.machines, vector, sign))
            is_about_text = any(one.segment == segment.name for one in expected)
            message = self._message(segment.name, is_about_text, rules)
        place = self.written.place_of_text(number) if is_about_text else self.written.place(number)
        may_end = number > 0 and is_accepted(self.machines, vector)
        note = self._note(number)
        return Violation(place, segment.name, message, expected, may_end, rules, self._reasons(rules), note)

    def _lexical(self, segment: WrittenSegment) -> tuple[str, ...]:
        """The rules about texts that a fault names; bodies name a rule as their refusals do."""
        restrictions = [
            one for spec in self.judge.spec.segments if spec.name == segment.name for one in spec.restrictions
        ]
        named = dict.fromkeys(one.rule for one in restrictions)
        return tuple(rule for rule in named if segment.fault.startswith(f"rule '{rule}': "))

    def _note(self, number: int) -> str:
        """Whether the segment before, or this one, has a line that was probably meant to be a segment."""
        for segment in self.written.segments[max(0, number - 1) : number + 1]:
            found = lookalike(self.judge.spec, segment.piece.text)
            if found is not None:
                return f"{found!r} in segment '{segment.name}' looks like an opener, but no segment has it"
        return ""

    def _message(self, name: str, may_come: bool, rules: tuple[str, ...]) -> str:
        if may_come:
            return f"segment '{name}' may come here, but not with this text"
        if len(rules) > 1:
            return f"after segment '{name}' no ending satisfies all of these"
        return f"segment '{name}' may not come here"

    def _conflict(self, vector: Vector) -> tuple[str, ...]:
        """The rules that are broken for good; if none is by itself, some that cannot be kept together, no fewer."""
        broken = [
            owner
            for machine, state, owner in zip(self.machines, vector, self.owners, strict=True)
            if owner is not None and not machine.dfa.live[state]
        ]
        if broken:
            return tuple(self.judge.name(owner) for owner in dict.fromkeys(broken))
        kept = list(dict.fromkeys(owner for owner in self.owners if owner is not None))
        for owner in list(kept):
            fewer = [one for one in kept if one != owner]
            if not self._can_keep(vector, fewer):
                kept = fewer
        return tuple(self.judge.name(owner) for owner in kept)

    def _can_keep(self, vector: Vector, owners: Sequence[int]) -> bool:
        chosen = [place for place, owner in enumerate(self.owners) if owner is None or owner in owners]
        return Endings([self.machines[place] for place in chosen]).has(tuple(vector[place] for place in chosen))

    def _reasons(self, rules: Sequence[str]) -> tuple[str, ...]:
        spec = self.judge.spec
        return tuple(rule.why for rule in (*spec.rules, *spec.lexical) if rule.id in rules and rule.why)

    def _expected(self) -> tuple[Expected, ...]:
        """What could have come instead, segment by segment."""
        ahead = {self.judge.letters[self.alphabet.signs[sign].letter] for sign in self._signs_ahead()}
        names = dict.fromkeys(letter.segment for letter in self.judge.letters if letter in ahead)
        spelled = spelled_letters(ahead, self.judge.letters)
        return tuple(
            Expected(name, self.judge.spec.segment(name).open, guard)
            for name, guard in zip(names, spelled, strict=True)
        )

    def diff(self, edits: Sequence[Edit]) -> tuple[Change, ...]:
        """The edits as lines of a diff."""
        changes = []
        for edit in edits:
            written = "" if edit.kind is EditKind.INSERT else self.written.segments[edit.place].name
            if edit.kind is EditKind.KEEP:
                legal = written
            else:
                legal = "" if edit.letter is None else self.spelled(edit.letter)
            changes.append(Change(edit.kind, written, legal))
        return tuple(changes)

    def spelled(self, sign: int) -> str:
        """A sign of a word that a search found, as one of those that nothing tells from it."""
        return spelled_sign(self.judge, self.alphabet, sign, self.machines)

    def warnings(self) -> tuple[Warned, ...]:
        """The rules of level warn that do not hold, up to the first segment that is none of its own."""
        return tuple(found for component in self.judge.warn if (found := self._warned(component)) is not None)

    def _warned(self, component: int) -> Warned | None:
        machines: Sequence[Machine] = self.alphabet.machines_of([component])
        rule = self.judge.components[component].rule
        assert rule is not None
        vector = first_states(machines)
        for number, sign in enumerate(self.word):
            if sign is None:
                return None
            vector = stepped(machines, vector, sign)
            if not all(machine.dfa.live[state] for machine, state in zip(machines, vector, strict=True)):
                return Warned(rule.id, rule.why, self.written.place(number))
        return None if not self.word or is_accepted(machines, vector) else Warned(rule.id, rule.why, None)
