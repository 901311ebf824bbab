"""Behaviour specifications: what an agent may do over a whole trace (docs/behaviour.md). All public names in one place.

    from maskwright.behaviour import Spec
    program = compiler.compile_behaviour(Spec.load("react.yaml"))
    session = program.start()

It belongs to no layer: it only names what lies in `grammar.behaviour` and `matching.behaviour`.
"""

from maskwright.grammar.behaviour.analysis.checking import Checker, check
from maskwright.grammar.behaviour.analysis.difference import diff
from maskwright.grammar.behaviour.analysis.drawing import to_dot
from maskwright.grammar.behaviour.analysis.linting import lint
from maskwright.grammar.behaviour.analysis.sampling import legal_traces
from maskwright.grammar.behaviour.analysis.verdicts import Verdict, verdicts
from maskwright.grammar.behaviour.logic import DFA, ltlf_to_dfa, parse_formula, print_formula
from maskwright.grammar.behaviour.monitor import Monitor
from maskwright.grammar.behaviour.policy import Policy
from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.grammar.behaviour.specification.rules import (
    at_least,
    at_most,
    call,
    exactly,
    exclusive,
    followed_by,
    leak,
    ltlf,
    mention_all,
    mention_any,
    must,
    must_between,
    never,
    never_between,
    never_repeat,
    next_is,
    not_next,
    only_after,
    order,
    within,
)
from maskwright.grammar.behaviour.specification.spec import Budget, Spec
from maskwright.matching.behaviour.events import Done, Handover
from maskwright.matching.behaviour.program import Program
from maskwright.matching.behaviour.session import Session

__all__ = [
    "DFA",
    "Budget",
    "Checker",
    "Done",
    "Handover",
    "Monitor",
    "Policy",
    "Program",
    "Session",
    "Spec",
    "SpecBuilder",
    "Verdict",
    "at_least",
    "at_most",
    "call",
    "check",
    "diff",
    "exactly",
    "exclusive",
    "followed_by",
    "leak",
    "legal_traces",
    "lint",
    "ltlf",
    "ltlf_to_dfa",
    "mention_all",
    "mention_any",
    "must",
    "must_between",
    "never",
    "never_between",
    "never_repeat",
    "next_is",
    "not_next",
    "only_after",
    "order",
    "parse_formula",
    "print_formula",
    "to_dot",
    "verdicts",
    "within",
]
