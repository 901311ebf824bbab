"""Why a token is refused in a trace: what `matching.explaining` says of a text, and whose turn, budget or rule it is.

The first byte that is refused is found in the grammar of traces; which rules of the specification forbid what it would
write is asked of `forbidding`, from the last border between segments on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from maskwright.matching.behaviour.events import Event, Handover
from maskwright.matching.behaviour.forbidding import FLOW, Standing, forbidding, named, with_verb
from maskwright.matching.behaviour.limits import Limits
from maskwright.matching.behaviour.moment import Moment
from maskwright.matching.behaviour.trace_rules import TraceRules
from maskwright.matching.explaining import NOTHING_EXPECTED, Reason, TokenExplanation, explain_token
from maskwright.matching.where import Where

if TYPE_CHECKING:
    from maskwright.matching.behaviour.program import Program


def explain_in_trace(
    program: Program, rules: TraceRules, limits: Limits, now: Moment, text: bytes, token_id: int, *, is_allowed: bool
) -> TokenExplanation:
    """What a session that is at a moment, after a text, says of a token."""
    mark = bytes([rules.mark])
    told = explain_token(now.matcher, token_id, mark)
    turn = _opener(program, now) + text[now.begin :]
    here = _standing(program, limits, now, turn)
    told = replace(told, where=_cleared(told.where, here))
    if is_allowed or told.reason is Reason.NO_TOKEN:
        return told if told.is_allowed else replace(told, reason=Reason.ALLOWED, expected=NOTHING_EXPECTED)
    if now.is_finished:
        return replace(told, reason=Reason.FINISHED, expected=NOTHING_EXPECTED, position=None, found=None, accepted=b"")
    if now.event is not None:
        return replace(
            told,
            reason=Reason.NOT_ITS_TURN,
            because=f"{Reason.NOT_ITS_TURN}, {_awaited(now.event)}",
            expected=NOTHING_EXPECTED,
            accepted=b"",
            position=None,
            found=None,
        )
    if token_id in rules.mark_tokens:
        return replace(told, reason=Reason.NO_TEXT, accepted=b"")
    if told.is_allowed or told.reason is Reason.OVER_BUDGET:
        return _over_budget(limits, now, told)
    if told.reason is Reason.UNFINISHED:
        return _unfinished(program, here, told)
    if told.found is not None:
        behind = _standing(program, limits, now, turn + told.accepted)
        added = bytes([told.found])
    else:
        behind, added = here, limits.bytes_of(token_id)
    with program.lock:
        found = forbidding(program.policy, behind, added) if added and not now.is_broken else None
    if found is None:
        return told
    forbidden_by, because = found
    return replace(told, reason=Reason.RULE, forbidden_by=forbidden_by, because=because)


def where_in_trace(program: Program, limits: Limits, now: Moment, text: bytes) -> Where:
    """Where a session is: the segment in progress, and the place in its text."""
    return _cleared(now.matcher.where(), _standing(program, limits, now, _opener(program, now) + text[now.begin :]))


def _opener(program: Program, now: Moment) -> bytes:
    return b"" if now.inside is None else program.spec.segment(now.inside).open.encode()


def _standing(program: Program, limits: Limits, now: Moment, turn: bytes) -> Standing:
    """Where the segment in progress began, if a turn's text goes so far."""
    position = now.position
    if now.is_broken:
        return Standing(position, turn, "")
    written = turn.decode("utf-8", "ignore")
    for piece in program.reader.split(written):
        begin = len(written[: piece.begin].encode())
        if piece.end == len(written) and not limits.has_ended(piece):
            return Standing(position, turn[begin:], piece.segment or "")
        letter = None if piece.segment is None else program.policy.letter_of(piece.segment, piece.text)
        following = None if letter is None else program.policy.after(position, letter, piece.text)
        if following is None:
            return Standing(position, turn[begin:], piece.segment or "")
        position = following
    return Standing(position, turn[len(written.encode()) :], "")


def _cleared(where: Where, here: Standing) -> Where:
    """A place without the rules that only the grammar of traces has, and without the numbers of its parts."""
    stacks = dict.fromkeys(
        tuple(rule.rpartition(" [")[0] for rule in stack if rule.endswith("]")) for stack in where.stacks
    )
    kept = tuple(stack for stack in stacks if stack)
    return replace(where, stacks=kept, rules=kept[0] if kept else (), segment=here.segment)


def _over_budget(limits: Limits, now: Moment, told: TokenExplanation) -> TokenExplanation:
    left, in_segment = limits.left_at(now), limits.left_in_segment(now)
    lefts = [f"the {left} tokens that are left"] if left is not None else []
    lefts += [f"the {in_segment} that segment '{now.segment}' may still have"] if in_segment is not None else []
    because = f"what must still follow would not fit into {' or '.join(lefts)}" if lefts else Reason.OVER_BUDGET.value
    return replace(
        told, reason=Reason.OVER_BUDGET, accepted=b"", because=because, n_left=left, expected=NOTHING_EXPECTED
    )


def _unfinished(program: Program, here: Standing, told: TokenExplanation) -> TokenExplanation:
    """The end of the text where rules, or the flow, still wait for something."""
    policy = program.policy
    if here.written:
        return told
    waiting = [
        rule or FLOW
        for number, rule in enumerate(policy.table_rules())
        if number != policy.game.rules.assumption
        and not policy.game.rules.tables[number].accepting[policy.game.vectors[here.position.node][number]]
    ]
    if not waiting:
        return told
    because = f"{Reason.UNFINISHED}, as {named(waiting)} still {with_verb(waiting, 'wait')} for something"
    return replace(told, reason=Reason.RULE, forbidden_by=tuple(waiting), because=because)


def _awaited(event: Event) -> str:
    if isinstance(event, Handover):
        return f"segment {' or '.join(repr(name) for name in event.segments)} must come"
    return "the trace is done"
