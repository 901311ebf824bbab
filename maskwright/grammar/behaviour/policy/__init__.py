"""Flow and rules as one automaton over letters: `borders`, `game` (what can be finished), `value_rules`, `tables`,
`policy`, `costs`, `conflict`, in reading order."""

from maskwright.grammar.behaviour.policy.policy import Policy, Position

__all__ = ["Policy", "Position"]
