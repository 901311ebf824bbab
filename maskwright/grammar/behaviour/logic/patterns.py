"""What rules say often, as formulas: the words of a specification.

Where something is asked about what was before, the formula looks back, as a past formula costs one bit for each of its
operators while the same said forwards may be exponentially larger. "Before" and "since" take in the letter itself, as
different things can hold of one segment; `next` does not. What starts a rule may be a sequence written with X
(`rewriting.completed`): it starts where the sequence has ended. Counts are no formulas, see `counting`.
"""

from __future__ import annotations

from itertools import pairwise, permutations

from maskwright.errors import InvalidOption
from maskwright.grammar.behaviour.atoms import TextAtom, TextTest, Variable
from maskwright.grammar.behaviour.logic.formula import (
    Formula,
    conjunction,
    disjunction,
    eventually,
    globally,
    historically,
    holds,
    implies,
    negation,
    next_,
    once,
    previous,
    since,
    weak_next,
    weak_previous,
)
from maskwright.grammar.behaviour.logic.rewriting import completed


def never(what: Formula) -> Formula:
    """G !a."""
    return globally(negation(what))


def must(what: Formula) -> Formula:
    """F a."""
    return eventually(what)


def only_after(do: Formula, need: Formula) -> Formula:
    """`do` needs an earlier `need`: G(b -> O a)."""
    return globally(implies(do, once(completed(need))))


def each_only_after(do: Formula, need: Formula) -> Formula:
    """Every `do` needs its own `need` since the last `do`: G(b -> a | Y(!b S (a & !b)))."""
    need = completed(need)
    own = since(negation(do), conjunction(need, negation(do)))
    return globally(implies(do, disjunction(need, previous(own))))


def followed_by(when: Formula, then: Formula) -> Formula:
    """Every `when` has a `then` at it or later: G(a -> F b)."""
    return globally(implies(completed(when), eventually(then)))


def next_is(when: Formula, then: Formula) -> Formula:
    """After every `when` comes `then` at once: G(a -> X b)."""
    return globally(implies(completed(when), next_(then)))


def not_next(when: Formula, then: Formula) -> Formula:
    """After no `when` comes `then` at once: G(a -> N !b)."""
    return globally(implies(completed(when), weak_next(negation(then))))


def within(when: Formula, then: Formula, steps: int) -> Formula:
    """Every `when` has a `then` at it or at most `steps` letters later.

    Only the wait that began first is measured, as it ends first: said forwards, with nested X, every wait would be a
    thing of its own, and there would be 2**steps states. Here there are `steps` + 2 before merging as after.
    """
    if steps < 0:
        raise InvalidOption("steps", steps, "at least 0")
    when = completed(when)
    unanswered = conjunction(when, negation(then))
    waiting = since(negation(then), unanswered)
    late = conjunction(unanswered, weak_previous(negation(waiting)))
    for _ in range(steps):
        late = conjunction(negation(then), previous(late))
    # A wait of `steps` letters must end with the next one at the latest, and none may be left at the end.
    return conjunction(followed_by(when, then), globally(negation(late)))


def never_between(begin: Formula, end: Formula, what: Formula) -> Formula:
    """From a `begin` to the next `end`, if there is one, `what` does not hold; the letter of `end` is outside.

    G(r -> Z !(!r S (p & !r & (!r S (q & !r))))).
    """
    outside = negation(end)
    is_open = since(outside, conjunction(completed(begin), outside))
    broken = since(outside, conjunction(what, outside, is_open))
    return globally(implies(end, weak_previous(negation(broken))))


def must_between(begin: Formula, end: Formula, what: Formula) -> Formula:
    """From every `begin` to the next `end`, if there is one, `what` holds once; the letter of `end` is outside.

    G(r -> Z !((!p & !r) S (q & !p & !r))).
    """
    neither = conjunction(negation(what), negation(end))
    missing = since(neither, conjunction(completed(begin), neither))
    return globally(implies(end, weak_previous(negation(missing))))


def order(*parts: Formula) -> Formula:
    """Each part comes for the first time only when the one before it has come."""
    return conjunction(*(only_after(later, earlier) for earlier, later in pairwise(parts)))


def exclusive(*parts: Formula) -> Formula:
    """No two of the parts come in one trace: G(a -> H !b) for each two."""
    return conjunction(
        *(globally(implies(one, historically(negation(other)))) for one, other in permutations(parts, 2))
    )


def never_repeat(segment: str) -> Formula:
    """The texts of a segment all differ: G(s == $text -> Z H !(s == $text)), for every value of $text."""
    same = holds(TextAtom(segment, TextTest.EQUALS, Variable("text")))
    return globally(implies(same, weak_previous(historically(negation(same)))))
