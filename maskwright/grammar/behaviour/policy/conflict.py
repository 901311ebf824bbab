"""Why nobody can follow a specification to the end: a smallest set of rules that cannot be kept together.

Rules are left out one after the other, and stay out if the rest still cannot be followed (a deletion-based core, as of
unsatisfiable constraints). If others are to blame, a trace shows what they could write. Cost: a game for each rule.
"""

from __future__ import annotations

from dataclasses import replace

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.policy.game import DEAD, LOST, WON, Game, Rules
from maskwright.grammar.behaviour.policy.policy import MAX_EXPANDED, Policy


def refusal(policy: Policy) -> SpecError:
    """The error for a policy whose start is lost."""
    rules = policy.game.rules
    friendly = Game(replace(rules, is_cooperative=True))
    is_the_others = not rules.is_cooperative and friendly.decide(0, MAX_EXPANDED) == WON
    guilty = core(policy)
    if is_the_others:
        return SpecError(
            "what the environment may write can make it impossible to finish; allow for it in the flow, or declare "
            "what is assumed of the environment (environment: {assume: ...}, or cooperative)",
            policy.spec.name,
            guilty,
            _shown(policy),
        )
    message = (
        "the flow and these rules cannot be kept together: no trace satisfies them all"
        if guilty
        else "no trace satisfies the flow: every way through it needs a segment that has no text"
    )
    return SpecError(message, policy.spec.name, guilty)


def core(policy: Policy, start: tuple[int, ...] | None = None) -> tuple[str, ...]:
    """The ids of a minimal set of rules with which the flow cannot be followed; none if it never can be.

    `start`: from these states of the tables on, instead of the first ones.
    """
    ids = policy.table_rules()
    kept = [number for number, rule in enumerate(ids) if rule is not None]
    for number in list(kept):
        fewer = [one for one in kept if one != number]
        if not _is_won(policy.game.rules, [n for n, rule in enumerate(ids) if rule is None or n in fewer], start):
            kept = fewer
    return tuple(str(ids[number]) for number in kept)


def _is_won(rules: Rules, tables: list[int], start: tuple[int, ...] | None) -> bool:
    assumption = None if rules.assumption is None else tables.index(rules.assumption)
    fewer = replace(rules, tables=tuple([rules.tables[number] for number in tables]), assumption=assumption)
    return (
        Game(fewer, None if start is None else tuple([start[number] for number in tables])).decide(0, MAX_EXPANDED)
        == WON
    )


def _shown(policy: Policy) -> str:
    """A shortest trace after which something that others may write leaves no way to finish."""
    game = policy.game

    def name(move: int) -> str:
        return str(policy.letters[policy.moves[move].letter])

    came: dict[int, tuple[int, int] | None] = {0: None}
    todo = [0]
    for node in todo:
        successors = game.successors(node)
        for move in game.can_others_write(node):
            bad = DEAD in successors[move] or game.status[game.node(successors[move])] == LOST
            if bad and not any(game.status[s] == WON for option in game.expand(node) for s in option.successors):
                path = [name(move)]
                here: int | None = node
                while here is not None and (step := came[here]) is not None:
                    path.append(name(step[1]))
                    here = step[0]
                if DEAD in successors[move]:
                    return "for instance: " + " / ".join(reversed(path))
        for move, vector in enumerate(successors):
            if DEAD not in vector and (following := game.node(vector)) not in came:
                came[following] = (node, move)
                todo.append(following)
        if len(todo) > MAX_EXPANDED:
            break
    return ""
