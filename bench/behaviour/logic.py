"""How long formulas take to become automata: `python -m bench.behaviour.logic`.

The 30 published patterns together, a loop of reasoning and acting with a policy for its tools written wholly in
temporal logic, and what is known to blow up. Times are medians; texts are parsed before the clock starts, apart from
the line that says so; states are those of the minimal automata, of all of a workload together.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic import DFA, ltlf_to_dfa, parse_formula
from maskwright.grammar.behaviour.logic import dwyer as dw
from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic import patterns as pt
from maskwright.grammar.behaviour.logic.counting import counting_dfa
from maskwright.grammar.behaviour.logic.formula import Formula, holds

LOOP_SEGMENTS = "question thought search lookup calculate observation final answer".split()
LOOP = """
question & X G !question
& G(question | observation -> X thought)
& G(thought -> X(search | lookup | calculate | final))
& G(search | lookup | calculate -> X observation)
& G(final -> X answer) & F answer & G(answer -> last)
& G(final -> O search)
& !F(search & X F(search & X F(search & X F search)))
& !F(calculate & X F calculate)
"""
"""The loop; no answer without a search, at most three searches and one calculation."""

N = 12


def published_patterns() -> list[Formula]:
    """The 30 patterns: five in five scopes, and five chains."""
    p, q, r, s, t, z = map(holds, "pqrstz")
    scopes = [dw.Scope(extent, q, r) for extent in dw.Extent]
    return [
        *(pattern(p, scope) for pattern in (dw.absence, dw.existence, dw.universality) for scope in scopes),
        *(pattern(p, s, scope) for pattern in (dw.precedence, dw.response) for scope in scopes),
        dw.at_most_two_stretches(p),
        dw.two_precede(p, s, t),
        dw.responds_to_two(p, s, t),
        dw.two_respond(p, s, t),
        dw.two_respond_without(p, s, t, z),
    ]


def workloads() -> dict[str, Callable[[], list[DFA]]]:
    """What is measured, by name."""
    published, loop = published_patterns(), parse_formula(LOOP)
    loop_letters = [Letter(name) for name in LOOP_SEGMENTS]
    names = [f"s{number}" for number in range(2 * N + 1)]
    letters, parts = [Letter(name) for name in names], [holds(name) for name in names]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    responses = fm.conjunction(*(pt.followed_by(one, other) for one, other in pairs))
    precedences = fm.conjunction(*(pt.only_after(one, other) for one, other in pairs))
    mentions = fm.conjunction(*(pt.must(part) for part in parts[:N]))
    capped = fm.conjunction(*(_at_most_three(part) for part in parts[:5]))
    far = parse_formula("F(p & " + "X " * N + "q)")
    wait = pt.within(parts[0], parts[1], 30)
    counts = [True, *(False for _ in letters[1:])]
    return {
        "30 published patterns": lambda: [ltlf_to_dfa(formula) for formula in published],
        "loop and tool policy": lambda: [ltlf_to_dfa(loop, loop_letters)],
        "loop and tool policy, parsed too": lambda: [ltlf_to_dfa(LOOP, loop_letters)],
        f"{N} responses": lambda: [ltlf_to_dfa(responses, letters)],
        f"{N} precedences": lambda: [ltlf_to_dfa(precedences, letters)],
        f"{N} times must": lambda: [ltlf_to_dfa(mentions, letters[: N + 1])],
        "at most 3 of each of 5": lambda: [ltlf_to_dfa(capped, letters[:6])],
        "F(p & X^12 q)": lambda: [ltlf_to_dfa(far)],
        "within 30": lambda: [ltlf_to_dfa(wait, letters[:3])],
        "at most 50, counted": lambda: [counting_dfa(counts, letters, 0, 50)],
    }


def _at_most_three(part: Formula) -> Formula:
    more = fm.eventually(part)
    for _ in range(3):
        more = fm.eventually(fm.conjunction(part, fm.next_(more)))
    return fm.negation(more)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.behaviour.logic", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=11, metavar="R", help="of each (default: %(default)s)")
    options = parser.parse_args(arguments)
    table = Table("workload", "automata", "letters", "states", "ms", title="Formulas to automata")
    for name, work in workloads().items():
        times = []
        for _ in range(options.repetitions):
            begin = time.perf_counter()
            made = work()
            times.append(time.perf_counter() - begin)
        states, letters = sum(dfa.n_states for dfa in made), max(len(dfa.letters) for dfa in made)
        median_ms = f"{1_000 * statistics.median(times):.2f}"
        table.add_row(name, f"{len(made):,}", f"{letters:,}", f"{states:,}", median_ms)
    Console().print(table)


if __name__ == "__main__":
    main()
