"""The sets of stacks between the slots of a canvas: what a text may be in the middle of, given all that is decided.

Let T_i be the stacks between slots i - 1 and i that lie on some way through the whole canvas. Then a token may stand in
slot i iff it leads from a stack of T_i to one of T_{i+1}, so the masks of a slot need these two sets and nothing else.

    R_0 = {start},  R_{i+1} = post(R_i, slot i)                  forwards
    T_n = complete texts of R_n,  T_i = pre(R_i, slot i, T_{i+1})  backwards, within what is reached

When a slot is decided its ways become fewer. Ways through the others stay as they are, so

    T'_{i+1} = T_{i+1} ∩ post(T'_i, slot i)   to the right,      T'_i = pre(T'_i, slot i, T'_{i+1})   to the left

and either goes on only as long as a set has changed: equal sets are one number (`tests` hold both against starting
anew). Cost: some 50 us a slot that changes.

Where a slot of a gap may stay blank, the gap's later slots stay blank too: such stacks have the symbol SKIPPED on top,
until the gap ends. A text that has ended is the stack DONE; end tokens lead there from complete texts.

Rejected: sets that know nothing of what is to the right, with both sides met at each slot (no early stop: the greatest
depth of an open canvas differs at every slot), and a table of (symbol, slot, slot) as for parsing (cubic).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maskwright.automata.infilling._layout import BOTTOM, EMPTY, NO_LETTER
from maskwright.matching.infilling.stacks import Stacks
from maskwright.matching.infilling.symbols import DONE, SKIPPED


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


def backwards(stacks: Stacks, node: int, link: Link, target: int) -> int:
    """The stacks of a set before a slot that lead into the target behind it."""
    if EMPTY in {node, target}:
        return EMPTY
    present, skipped = parted(stacks, node, link.begins)
    found = stacks.pre(present, link.letter, target) if link.letter != NO_LETTER else EMPTY
    if link.may_end and stacks.below(target, DONE) != EMPTY:
        found = stacks.union(found, ended(stacks, present))
    if link.may_be_blank and (blank := stacks.below(target, SKIPPED)) != EMPTY:
        found = stacks.union(found, stacks.intersection(present, blank))
        skipped = stacks.intersection(skipped, blank)
    else:
        skipped = EMPTY
    if link.begins:
        return stacks.intersection(node, stacks.union(found, stacks.push(SKIPPED, found)))
    return stacks.union(found, stacks.push(SKIPPED, skipped))


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


def sets_between(stacks: Stacks, links: Sequence[Link]) -> list[int] | None:
    """T_0 ... T_n from nothing; None where the canvas cannot be completed."""
    sets = [stacks.start]
    for link in links:
        sets.append(forwards(stacks, sets[-1], link))
    sets[-1] = at_the_end(stacks, sets[-1])
    for i in range(len(links) - 1, -1, -1):
        if sets[i + 1] == EMPTY:
            return None
        sets[i] = backwards(stacks, sets[i], links[i], sets[i + 1])
    return None if sets[0] == EMPTY else sets


def restricted(
    stacks: Stacks, links: Sequence[Link], sets: Sequence[int], decided: Mapping[int, Link]
) -> list[int] | None:
    """The sets when some slots let less pass than `links` say; None where the canvas cannot be completed any more."""
    after = list(sets)
    last = max(decided, default=-1)
    i = min(decided, default=len(links))
    while i < len(links):
        if i in decided or after[i] != sets[i]:
            link = decided.get(i, links[i])
            after[i + 1] = stacks.intersection(sets[i + 1], forwards(stacks, after[i], link))
            if after[i + 1] == EMPTY:
                return None
        elif i > last:
            break
        i += 1
    before = list(after)
    first = min(decided, default=0)
    for i in range(last, -1, -1):
        if i in decided or after[i + 1] != before[i + 1]:
            after[i] = backwards(stacks, after[i], decided.get(i, links[i]), after[i + 1])
            if after[i] == EMPTY:
                return None
        elif i < first:
            break
    return after
