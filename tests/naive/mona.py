"""MONA, a translator of monadic second-order logic to automata, as a judge of ours (Klarlund and Møller).

A formula becomes first-order logic over positions, operator by operator as the definition says, and MONA a minimal
automaton. `ltlf2dfa`, where it is installed, gives programs that others wrote, for the future alone. Its own way of
running MONA is not used: it writes one file inside its package, and goes on with a made-up automaton when MONA fails.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from maskwright.grammar.behaviour.atoms import Proposition
from maskwright.grammar.behaviour.letters import Valuation
from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic.dfa import DFA, reachable
from maskwright.grammar.behaviour.logic.formula import Formula


def mona_is_there() -> bool:
    """Is the program installed?"""
    return shutil.which("mona") is not None


def ltlf2dfa_is_there() -> bool:
    """Is the package installed?"""
    return importlib.util.find_spec("ltlf2dfa") is not None


def our_program(formula: Formula, names: Sequence[str]) -> str:
    """The program of a formula about words that are not empty; propositions are sets of positions."""
    sets = ", ".join(name.upper() for name in names)
    return f"m2l-str;\nvar2 {sets};\nall1 p0: p0 = 0 => {_first_order(formula, 0)};\n"


def their_program(formula: Formula, names: Sequence[str]) -> str:
    """The program that ltlf2dfa writes for a formula without past."""
    from ltlf2dfa.base import MonaProgram  # type: ignore[import-not-found, unused-ignore]
    from ltlf2dfa.parser.ltlf import LTLfParser  # type: ignore[import-not-found, unused-ignore]

    # A tautology about each proposition, so that all of them are variables of the program.
    text = "&".join([f"({_their_text(formula)})", *(f"({name} | !({name}))" for name in names)])
    return str(MonaProgram(LTLfParser()(text)).mona_program())


def mona_dfa(program: str, names: Sequence[str], *, seconds: float = 60.0) -> tuple[DFA, int]:
    """The automaton over all valuations of the names, and how many states MONA has for it.

    Raises RuntimeError if MONA did not run or did not print one. Its state 0 only reads what is no letter and is not
    counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "formula.mona")
        path.write_text(program)
        done = subprocess.run(
            ["mona", "-q", "-w", str(path)], capture_output=True, text=True, timeout=seconds, check=False
        )
    counted = re.search(r"Automaton has (\d+) states?", done.stdout)
    if done.returncode or counted is None:
        raise RuntimeError(f"MONA gave no automaton: {done.stdout[-500:]} {done.stderr[-500:]}")
    variables = (re.search(r"free variables: (.*)", done.stdout) or [""])[1].split()
    letters = tuple(
        Valuation(frozenset(name for name, holds in zip(names, truth, strict=True) if holds))
        for truth in product((False, True), repeat=len(names))
    )
    n_states = int(counted[1])
    transitions = np.full((n_states, len(letters)), -1, np.int32)
    for state, guard, target in re.findall(r"^State (\d+): ([01X]*) -> state (\d+)", done.stdout, re.MULTILINE):
        for column, letter in enumerate(letters):
            truth = ["1" if variable.lower() in letter.propositions else "0" for variable in variables]
            if all(asked in {"X", is_so} for asked, is_so in zip(guard, truth, strict=True)):
                assert transitions[int(state), column] < 0, "a guard is there twice"
                transitions[int(state), column] = int(target)
    assert (transitions >= 0).all(), "a guard is missing"
    accepting = np.zeros(n_states, np.bool_)
    accepting[[int(state) for state in (re.search(r"Accepting states: ([\d ]*)", done.stdout) or [""])[1].split()]] = 1
    return reachable(letters, transitions, accepting, int(transitions[0, 0])), n_states - 1


def _first_order(formula: Formula, level: int) -> str:
    """The formula about position `p<level>`."""
    here, there, between = f"p{level}", f"p{level + 1}", f"p{level + 2}"

    def later(part: Formula) -> str:
        return _first_order(part, level + 1)

    def quantified(kind: str, place: str, condition: str, then: str) -> str:
        return f"({kind}1 {place}: ({condition}) {'&' if kind == 'ex' else '=>'} ({then}))"

    match formula:
        case fm.Constant(value):
            return "true" if value else "false"
        case fm.Holds(Proposition(name)):
            return f"{here} in {name.upper()}"
        case fm.Not(part):
            return f"~({_first_order(part, level)})"
        case fm.And(parts):
            return "(" + " & ".join(_first_order(part, level) for part in parts) + ")"
        case fm.Or(parts):
            return "(" + " | ".join(_first_order(part, level) for part in parts) + ")"
        case fm.Next(part):
            return quantified("ex", there, f"{here} < {there} & {there} = {here} + 1", later(part))
        case fm.WeakNext(part):
            return quantified("all", there, f"{here} < {there} & {there} = {here} + 1", later(part))
        case fm.Previous(part):
            return quantified("ex", there, f"{there} < {here} & {here} = {there} + 1", later(part))
        case fm.WeakPrevious(part):
            return quantified("all", there, f"{there} < {here} & {here} = {there} + 1", later(part))
        case fm.Until(left, right) | fm.Since(left, right):
            is_future = isinstance(formula, fm.Until)
            span, inner = _spans(is_future, here, there, between)
            whole = quantified("all", between, inner, _first_order(left, level + 2))
            return quantified("ex", there, span, f"{later(right)} & {whole}")
        case fm.Release(left, right) | fm.Triggered(left, right):
            is_future = isinstance(formula, fm.Release)
            span, inner = _spans(is_future, here, there, between)
            freed = quantified("ex", between, inner, _first_order(left, level + 2))
            return quantified("all", there, span, f"{later(right)} | {freed}")
    raise AssertionError(formula)


def _spans(is_future: bool, here: str, there: str, between: str) -> tuple[str, str]:
    if is_future:
        return f"{here} <= {there}", f"{here} <= {between} & {between} < {there}"
    return f"{there} <= {here}", f"{there} < {between} & {between} <= {here}"


_THEIR_SIGNS: dict[type[Formula], str] = {fm.Next: "X", fm.WeakNext: "WX", fm.Until: "U", fm.Release: "R", fm.Not: "!"}


def _their_text(formula: Formula) -> str:
    match formula:
        case fm.Constant(value):
            return "true" if value else "false"
        case fm.Holds(Proposition(name)):
            return name
        case fm.And(parts) | fm.Or(parts):
            sign = " & " if isinstance(formula, fm.And) else " | "
            return sign.join(f"({_their_text(part)})" for part in parts)
        case fm.Until(fm.TRUE, part):
            return f"F({_their_text(part)})"
        case fm.Release(fm.FALSE, part):
            return f"G({_their_text(part)})"
        case fm.Until(left, right) | fm.Release(left, right):
            return f"({_their_text(left)}) {_THEIR_SIGNS[type(formula)]} ({_their_text(right)})"
        case fm.Not(part) | fm.Next(part) | fm.WeakNext(part):
            return f"{_THEIR_SIGNS[type(formula)]}({_their_text(part)})"
    raise AssertionError(formula)
