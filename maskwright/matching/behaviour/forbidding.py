"""Which rules of a behaviour specification forbid what would be written next.

The grammar of traces has what is allowed, and does not say what else there would be. So what would be written is
compared with what the policy refuses at the last border between segments: of each letter that may not come there the
tables of the game say which rules it breaks, or which it would leave without an end (`policy.conflict`); and if the
text so far and the refused bytes begin a text of that letter, these rules are the reason.
Cost: a grammar for each group of letters that the same rules refuse; milliseconds to a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maskwright.automata._configurations import step
from maskwright.automata._layout import DEAD as REFUSED
from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import MaskwrightError
from maskwright.grammar.behaviour.policy import Policy, Position
from maskwright.grammar.behaviour.policy.conflict import core
from maskwright.grammar.behaviour.policy.game import DEAD
from maskwright.grammar.behaviour.specification.spec import Writer
from maskwright.grammar.composition import concatenation
from maskwright.grammar.ir import Grammar

FLOW = "flow"
"""As the id of a rule: the flow of the specification."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The last border between segments before a place: the position there, and what has been written since.

    segment: that which is in progress; "" right behind the border.
    """

    position: Position
    written: bytes
    segment: str


def forbidding(policy: Policy, here: Standing, added: bytes) -> tuple[tuple[str, ...], str] | None:
    """The rules that forbid what would be written, and a clause; None if no rule does."""
    probe = here.written + added
    for rules, segment, letters in _refused(policy, here.position):
        if _begins(policy, segment, letters, probe):
            return rules, _clause(policy, rules, segment, here.position)
    one = policy.spec.segment(here.segment) if here.segment else None
    if one is None or one.close:
        return None
    for behind, opened in _next_openers(policy, here, probe):
        for rules, segment, _ in _refused(policy, behind):
            if segment == opened:
                return rules, _clause(policy, rules, segment, behind)
    return None


def _next_openers(policy: Policy, here: Standing, probe: bytes) -> Iterator[tuple[Position, str]]:
    """The segments whose opener would begin with the end of what was written, and the positions before them."""
    own = len(policy.spec.segment(here.segment).open.encode())
    for segment in policy.spec.segments:
        opener = segment.open.encode()
        for size in range(len(opener), 0, -1):
            if len(probe) - size < own or not probe.endswith(opener[:size]):
                continue
            text = probe[own : len(probe) - size].decode("utf-8", "replace")
            letter = policy.letter_of(here.segment, text)
            behind = None if letter is None else policy.after(here.position, letter, text)
            if behind is not None:
                yield behind, segment.name


def _refused(policy: Policy, position: Position) -> list[tuple[tuple[str, ...], str, frozenset[int]]]:
    """The letters that may not come at a position, together where the same rules refuse them in one segment.

    Rules of the specification before the flow, which refuses most of what it refuses by not having it.
    """
    ids = [rule or FLOW for rule in policy.table_rules()]
    successors = policy.game.successors(position.node)
    allowed = set(policy.letters_at(position))
    others = set(policy.segments_of_others(position))
    groups: dict[tuple[tuple[str, ...], str], set[int]] = {}
    for move, one in enumerate(policy.moves):
        letter, name = one.letter, policy.letters[one.letter].segment
        is_own = policy.spec.segment(name).writer is Writer.MODEL
        if letter in allowed and (is_own or name in others):
            if policy.is_about_values(letter):
                groups.setdefault((policy.value_rule_ids(), name), set()).add(letter)
            continue
        dead = tuple(dict.fromkeys(ids[table] for table, state in enumerate(successors[move]) if state == DEAD))
        rules = tuple(rule for rule in dead if rule != FLOW) if FLOW not in dead else (FLOW,)
        groups.setdefault((rules or core(policy, successors[move]) or (FLOW,), name), set()).add(letter)
    return sorted(
        ((rules, name, frozenset(letters)) for (rules, name), letters in groups.items() if rules),
        key=lambda group: group[0] == (FLOW,),
    )


def _begins(policy: Policy, segment: str, letters: frozenset[int], probe: bytes) -> bool:
    """Is it the beginning of a segment with one of the letters, delimiters and all?"""
    one = policy.spec.segment(segment)
    body = policy.bodies.grammar(segment, letters)
    if body is None:
        return False
    parts = [Grammar.from_text(one.open)] * bool(one.open) + [body]
    parts += [Grammar.from_text(one.close)] * bool(one.close)
    try:
        network = TransitionNetwork(prepare(concatenation(parts)))
        configuration = network.start()
        for byte in probe:
            configuration = network.run(step, configuration, byte)
            if configuration == REFUSED:
                return False
    except MaskwrightError:  # too large to be looked into for a message
        return False
    return True


def _clause(policy: Policy, rules: tuple[str, ...], segment: str, position: Position) -> str:
    """`rule 'once' forbids segment 'call' here`."""
    names = {policy.letters[letter].segment for letter in policy.letters_at(position)}
    what = f"such a text of segment '{segment}'" if segment in names else f"segment '{segment}'"
    if rules == (FLOW,):
        return f"the flow does not have {what} here"
    return f"{named(rules)} {with_verb(rules, 'forbid')} {what} here"


def named(rules: Sequence[str]) -> str:
    """`["a", "flow"]` -> "rule 'a' and the flow"."""
    own = [f"'{rule}'" for rule in rules if rule != FLOW]
    told = [f"rule{'s' * (len(own) > 1)} {' and '.join(own)}"] if own else []
    return " and ".join([*told, *(["the flow"] if FLOW in rules else [])])


def with_verb(rules: Sequence[str], verb: str) -> str:
    """`with_verb(["a"], "forbid")` -> "forbids"."""
    return verb if len(rules) > 1 else f"{verb}s"
