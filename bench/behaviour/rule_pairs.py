"""25 rules about the tools of an agent, each in two languages: ours, and that of AgentLTL.

An agent calls twelve tools, one a step. In our specification a step is a segment whose text names the tool; AgentLTL
has an atom for "the tool of this step" (`now`), and so the formulas are the same. `named` is the rule in AgentLTL's own
words (`before`, `called`) where they mean the same on a trace that goes on, and are faster.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.grammar.behaviour.specification import rules
from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.rules import Written
from maskwright.grammar.behaviour.specification.spec import Spec

TOOLS = (
    "login",
    "search",
    "read",
    "write",
    "test",
    "review",
    "merge",
    "deploy",
    "notify",
    "rollback",
    "delete",
    "wipe",
)

SEGMENT = "action"


@dataclass(frozen=True, slots=True)
class RulePair:
    """One rule: as we write it, as a formula of AgentLTL, and in AgentLTL's own words if it has any."""

    name: str
    ours: Written
    formula: str
    named: str


def _now(tool: str) -> str:
    return f'{SEGMENT} == "{tool}"'


def precedence(needed: str, done: str) -> RulePair:
    """`done` only after `needed`."""
    return RulePair(
        f"{done} only after {needed}",
        rules.only_after(_now(done), need=_now(needed)),
        f'G(now("{done}") -> O(now("{needed}")))',
        f'before("{needed}", "{done}")',
    )


def response(cause: str, effect: str) -> RulePair:
    """Every `cause` is followed by `effect`."""
    formula = f'G(now("{cause}") -> F(now("{effect}")))'
    return RulePair(
        f"{cause} followed by {effect}",
        rules.followed_by(_now(cause), _now(effect)),
        formula,
        formula,
    )


def absence(tool: str) -> RulePair:
    """`tool` is never called."""
    formula = f'G(!now("{tool}"))'
    return RulePair(f"never {tool}", rules.never(_now(tool)), formula, formula)


def existence(tool: str) -> RulePair:
    """`tool` is called at least once."""
    return RulePair(f"must {tool}", rules.must(_now(tool)), f'F(now("{tool}"))', f'called("{tool}")')


def at_most(n: int, tool: str) -> RulePair:
    """No more than `n` calls of `tool`; AgentLTL counts natively, too."""
    formula = f'called_n("{tool}", <= {n})'
    return RulePair(f"at most {n} {tool}", rules.at_most(n, _now(tool)), formula, formula)


def at_least(n: int, tool: str) -> RulePair:
    """No fewer than `n` calls of `tool`."""
    formula = f'called_n("{tool}", >= {n})'
    return RulePair(f"at least {n} {tool}", rules.at_least(n, _now(tool)), formula, formula)


def not_next(first: str, second: str) -> RulePair:
    """`second` never follows `first` at once."""
    formula = f'G(now("{first}") -> !X(now("{second}")))'
    return RulePair(
        f"{second} not right after {first}",
        rules.not_next(_now(first), _now(second)),
        formula,
        formula,
    )


RULES: tuple[RulePair, ...] = (
    precedence("login", "read"),
    precedence("login", "write"),
    precedence("read", "write"),
    precedence("test", "merge"),
    precedence("review", "merge"),
    precedence("merge", "deploy"),
    precedence("deploy", "rollback"),
    response("write", "test"),
    response("deploy", "notify"),
    response("rollback", "notify"),
    response("merge", "test"),
    response("search", "read"),
    response("review", "test"),
    absence("wipe"),
    absence("delete"),
    existence("login"),
    existence("test"),
    at_most(50, "deploy"),
    at_most(20, "rollback"),
    at_most(3, "login"),
    at_most(80, "merge"),
    at_least(2, "review"),
    not_next("write", "deploy"),
    not_next("login", "rollback"),
    not_next("rollback", "deploy"),
)


def specification(pairs: tuple[RulePair, ...] = RULES) -> Spec:
    """An agent that names a tool in each step, as often as it likes, under these rules."""
    return (
        SpecBuilder("tools")
        .segment(SEGMENT, open="\n[Action] ", text={"choice": list(TOOLS)})
        .flow(f"{SEGMENT}+")
        .rule(*[pair.ours for pair in pairs])
        .build()
    )
