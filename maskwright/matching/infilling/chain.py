"""The sets of stacks between the slots of a canvas: what a text may be in the middle of, given all that is decided.

    R_0 = {start},  R_{i+1} = post(R_i, slot i)         what the slots to the left lead to
    B_n = complete texts,  B_i = pre(slot i, B_{i+1})   from where the slots to the right lead to the end

A token may stand in slot i iff it leads from a stack of R_i to one of B_{i+1}.

When a slot is decided, only sets to the right of it become other R, and only sets to the left other B; either goes on
only as long as a set has changed, since equal sets are one number. But the highest stacks of an open canvas differ at
every slot, so all R to the right change, though hardly a mask does. Hence two more chains beside the exact one, which
is brought up to date only where they do not settle a mask:

    shallow   sets cut at some height above their lowest stack, each made from the one before: they soon repeat. They
              have no stack too many, so their mask of a slot is part of the one looked for.
    wide      the exact sets of some time ago, made anew only where shallow ones have changed. Decisions only take
              stacks away, so they have none too few.

Where both masks have as many tokens they are the mask; where a slot's shallow sets are what they were, so is its mask.

Where a slot of a gap may stay blank, the gap's later slots stay blank too: such stacks have the symbol SKIPPED on top,
until the gap ends. A text that has ended is the stack DONE; end tokens lead there from complete texts.

Where heights differ much, B knows nothing of R (`_leading`): both grow by some dozen nodes a slot, while what is in
both is another set at each depth for each slot: 66,000 nodes for 256 slots of JSON, quadratic. Elsewhere B_i is looked
for within R_i as it was when the canvas was made, as there may be thousands of symbols (counters, sets of members,
levels of precedence), of which few are reached at one slot. So it is too where stacks of any height may end
(`EndlessSets`).

Rejected: a table of (symbol, slot, slot), as for parsing: cubic.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maskwright.automata.infilling._layout import BOTTOM, EMPTY, NO_LETTER
from maskwright.matching.infilling.stacks import DEPTH, Stacks
from maskwright.matching.infilling.symbols import DONE, SKIPPED

MOST_SPREAD = 4 * DEPTH
MOST_SYMBOLS = 256
"""B is looked for within R unless the highest stack of a set has so many symbols more than its lowest, and unless there
are too many symbols to ask each of them."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a slot lets pass: a letter, an end token, a blank; `begins` says that a gap before it is over."""

    letter: int
    may_end: bool
    may_be_blank: bool
    begins: bool


def parted(stacks: Stacks, node: int, begins: bool) -> tuple[int, int]:
    """The stacks that a slot finds: those in which its gap goes on, and those in which the gap stays blank."""
    skipped = stacks.below(node, SKIPPED)
    if skipped == EMPTY:
        return node, EMPTY
    present = stacks.without(node, SKIPPED)
    return (stacks.union(present, skipped), EMPTY) if begins else (present, skipped)


def forwards(stacks: Stacks, node: int, link: Link) -> int:
    """The stacks behind a slot."""
    if node == EMPTY:
        return EMPTY
    present, skipped = parted(stacks, node, link.begins)
    found = stacks.post(present, link.letter) if link.letter != NO_LETTER else EMPTY
    if link.may_end and ended(stacks, present) != EMPTY:
        found = stacks.union(found, stacks.push(DONE, BOTTOM))
    if link.may_be_blank:
        found = stacks.union(found, stacks.push(SKIPPED, stacks.union(present, skipped)))
    return found


def backwards(stacks: Stacks, links: Sequence[Link], i: int, target: int, within: int | None) -> int:
    """The stacks before slot i that lead into the target behind it: those of a set, or all that are possible."""
    link = links[i]
    blank = stacks.below(target, SKIPPED) if link.may_be_blank else EMPTY
    may_end = link.may_end and stacks.below(target, DONE) != EMPTY
    if within is None:
        found = stacks.leading(link.letter, target) if link.letter != NO_LETTER else EMPTY
        if found is None:
            raise EndlessSets
        if may_end:
            found = stacks.union(found, _all_ended(stacks))
        found = stacks.union(found, blank)
    else:
        present, skipped = parted(stacks, within, link.begins)
        found = stacks.pre(present, link.letter, target) if link.letter != NO_LETTER else EMPTY
        if may_end:
            found = stacks.union(found, ended(stacks, present))
        found = stacks.union(found, stacks.intersection(present, blank))
        blank = stacks.intersection(skipped, blank)
    if link.begins and i > 0 and links[i - 1].may_be_blank:
        return stacks.union(found, stacks.push(SKIPPED, found))
    return stacks.union(found, stacks.push(SKIPPED, blank)) if not link.begins else found


def ended(stacks: Stacks, present: int) -> int:
    """The stacks of a set before which a text is complete, or has ended."""
    found = stacks.ending(present)
    done = stacks.below(present, DONE)
    return stacks.union(found, stacks.push(DONE, done)) if done != EMPTY else found


def at_the_end(stacks: Stacks, node: int) -> int:
    """The stacks behind the last slot in which the text is complete."""
    skipped = stacks.below(node, SKIPPED)
    found = ended(stacks, stacks.without(node, SKIPPED) if skipped != EMPTY else node)
    return stacks.union(found, stacks.push(SKIPPED, ended(stacks, skipped))) if skipped != EMPTY else found


class EndlessSets(Exception):
    """Stacks of any height may end, so they are not all in one set."""


def _all_ended(stacks: Stacks) -> int:
    """All stacks before which a text is complete, or has ended."""
    found = stacks.endings()
    if found is None:
        raise EndlessSets
    return stacks.union(found, stacks.push(DONE, BOTTOM))


@dataclass(frozen=True, slots=True)
class Between:
    """The sets between slots: `reached` are R_0 ... R_n, `leading` B_0 ... B_n; `within` are the sets that B lies in.

    `is_shallow`: all sets are cut at some height, so they have fewer stacks than they could.
    """

    reached: list[int]
    leading: list[int]
    within: list[int] | None
    is_shallow: bool = False

    def is_low(self, stacks: Stacks) -> bool:
        """Is nothing high enough to be cut?"""
        return max(map(stacks.spread, self.reached + self.leading)) <= DEPTH

    def forwards(self, stacks: Stacks, node: int, link: Link) -> int:
        """The set behind a slot."""
        found = forwards(stacks, node, link)
        return stacks.not_deep(found) if self.is_shallow else found

    def backwards(self, stacks: Stacks, links: Sequence[Link], i: int, target: int) -> int:
        """The set before slot i."""
        found = backwards(stacks, links, i, target, None if self.within is None else self.within[i])
        return stacks.not_deep(found) if self.is_shallow else found


def sets_between(stacks: Stacks, start: int, links: Sequence[Link]) -> Between | None:
    """All sets from nothing; None where the canvas cannot be completed."""
    reached = [start]
    for link in links:
        reached.append(forwards(stacks, reached[-1], link))
        if reached[-1] == EMPTY:
            return None
    sets: Between | None = None
    if max(map(stacks.spread, reached)) > MOST_SPREAD and stacks.n_symbols <= MOST_SYMBOLS:
        stacks.take_notice()
        with contextlib.suppress(EndlessSets):
            sets = Between(reached, _leading(stacks, links, reached, None), None)
    if sets is None:
        sets = Between(reached, _leading(stacks, links, reached, reached), reached)
    return sets if stacks.meets(start, sets.leading[0]) else None


def shallow_sets(stacks: Stacks, links: Sequence[Link], sets: Between) -> Between:
    """The same sets cut at some height, each made from the one before it: some of their stacks, and soon repeating."""
    shallow = Between([stacks.not_deep(sets.reached[0])], [], sets.within, True)
    for link in links:
        shallow.reached.append(shallow.forwards(stacks, shallow.reached[-1], link))
    leading = [EMPTY] * len(links) + [stacks.not_deep(sets.leading[-1])]
    for i in range(len(links) - 1, -1, -1):
        leading[i] = shallow.backwards(stacks, links, i, leading[i + 1])
    return Between(shallow.reached, leading, sets.within, True)


def _leading(stacks: Stacks, links: Sequence[Link], reached: Sequence[int], within: Sequence[int] | None) -> list[int]:
    """B_0 ... B_n."""
    if within is None:
        last = _all_ended(stacks)
        last = stacks.union(last, stacks.push(SKIPPED, last))
    else:
        last = at_the_end(stacks, reached[-1])
    leading = [EMPTY] * len(links) + [last]
    for i in range(len(links) - 1, -1, -1):
        leading[i] = backwards(stacks, links, i, leading[i + 1], None if within is None else within[i])
    return leading


def stand_together(stacks: Stacks, links: Sequence[Link], sets: Between, decided: Mapping[int, Link]) -> bool:
    """Is a stack left when some slots let less pass than `links` say?  Read from the first of them to the last."""
    first, last = min(decided), max(decided)
    node = sets.reached[first]
    for i in range(first, last + 1):
        node = sets.forwards(stacks, node, decided.get(i, links[i]))
    return stacks.meets(node, sets.leading[last + 1])


def restricted(stacks: Stacks, links: Sequence[Link], sets: Between, decided: Mapping[int, Link]) -> Between:
    """The sets when some slots let less pass than `links` say, a stack being left."""
    if not decided:
        return sets
    first, last = min(decided), max(decided)
    links = [decided.get(i, link) for i, link in enumerate(links)]
    reached, leading = list(sets.reached), list(sets.leading)
    for i in range(first, len(links)):
        if i > last and reached[i] == sets.reached[i]:
            break
        reached[i + 1] = sets.forwards(stacks, reached[i], links[i])
    for i in range(last, -1, -1):
        if i < first and leading[i + 1] == sets.leading[i + 1]:
            break
        leading[i] = sets.backwards(stacks, links, i, leading[i + 1])
    return Between(reached, leading, sets.within, sets.is_shallow)


def narrowed(stacks: Stacks, links: Sequence[Link], wide: Between, before: Between, shallow: Between) -> Between:
    """Wide sets made anew where shallow sets are not what they were before."""
    reached, leading = list(wide.reached), list(wide.leading)
    for i, link in enumerate(links):
        if shallow.reached[i + 1] != before.reached[i + 1]:
            reached[i + 1] = wide.forwards(stacks, reached[i], link)
    for i in range(len(links) - 1, -1, -1):
        if shallow.leading[i] != before.leading[i]:
            leading[i] = wide.backwards(stacks, links, i, leading[i + 1])
    return Between(reached, leading, wide.within)
