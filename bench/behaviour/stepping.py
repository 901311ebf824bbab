"""25 rules over some hundred steps: automata stepped once a step, beside formulas evaluated on the whole history.

Ours in three ways, from the least to the most that is done in a step:

    rules      a state of each rule, stepped: verdicts of every rule, as a monitor or a report needs them
    policy     `Policy.after`: the same, and it is known that flow and all rules together can still be kept
    masks      a session that writes the trace byte by byte, with a mask before every token

The trace is a legal one, as a run is that nothing refuses. That verdicts agree is asked of random traces.
Nothing grows with the history here, and everything does there; so the times are given for several lengths.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

import maskwright as mw
from bench.behaviour import peer
from bench.behaviour.rule_pairs import RULES, SEGMENT, TOOLS, RulePair, absence, response, specification
from maskwright.grammar.behaviour.policy import Policy
from maskwright.matching.behaviour.program import Program


@dataclass(frozen=True, slots=True)
class Timing:
    """Who stepped a trace of so many steps, and in how many seconds (the median of several times)."""

    who: str
    n_steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Verdicts of both on all prefixes of random traces.

    n_verdicts: of a rule on a prefix, as if nothing followed; n_equal of them are the same. n_final: prefixes on which
    AgentLTL says that a rule is violated whatever follows; n_final_equal: and so do we. n_earlier: where we say so and
    AgentLTL does not yet.
    """

    n_verdicts: int
    n_equal: int
    n_final: int
    n_final_equal: int
    n_earlier: int


@dataclass(frozen=True, eq=False)
class Vector:
    """All rules as one table: state s of rule r on letter l goes to rows[r][s][l]."""

    rows: tuple[tuple[tuple[int, ...], ...], ...]
    accepting: tuple[tuple[bool, ...], ...]
    live: tuple[tuple[bool, ...], ...]

    @staticmethod
    def of(policy: Policy) -> Vector:
        """The rules of a policy over its letters, without the flow."""
        rules = policy.components[1:]
        return Vector(
            tuple(tuple(map(tuple, one.dfa.transitions[:, one.columns].tolist())) for one in rules),
            tuple(tuple(one.dfa.accepting.tolist()) for one in rules),
            tuple(tuple(one.dfa.live.tolist()) for one in rules),
        )

    def begin(self) -> list[int]:
        """Before the first step."""
        return [0] * len(self.rows)

    def after(self, states: list[int], letter: int) -> list[int]:
        """After one more."""
        return [rows[state][letter] for rows, state in zip(self.rows, states, strict=True)]


def letters_of(policy: Policy, tools: Sequence[str]) -> list[int]:
    """The letters of a trace."""
    letter_of = {tool: policy.letter_of(SEGMENT, tool) for tool in dict.fromkeys(tools)}
    found = [letter_of[tool] for tool in tools]
    return [letter for letter in found if letter is not None]


def legal_trace(policy: Policy, n_steps: int, rng: np.random.Generator) -> list[str]:
    """Steps by chance that keep the promise."""
    tool_of = {policy.letter_of(SEGMENT, tool): tool for tool in TOOLS}
    position, trace = policy.begin(), []
    for _ in range(n_steps):
        letters = policy.letters_at(position)
        letter = letters[int(rng.integers(len(letters)))]
        following = policy.after(position, letter)
        assert following is not None, "letters that may come lead somewhere"
        position = following
        trace.append(tool_of[letter])
    return trace


def step_rules(vector: Vector, letters: Sequence[int]) -> list[int]:
    """The states of all rules at the end."""
    states = vector.begin()
    for letter in letters:
        states = vector.after(states, letter)
    return states


def step_policy(policy: Policy, letters: Sequence[int]) -> None:
    """The positions of a trace, one after the other."""
    position = policy.begin()
    for letter in letters:
        following = policy.after(position, letter)
        assert following is not None, "the trace is legal"
        position = following


def write_masked(program: Program, tools: Sequence[str], row: NDArray[np.int32]) -> int:
    """Write the trace byte by byte, with a mask before each; how many masks."""
    session = program.start()
    text = "".join(f"\n[Action] {tool}" for tool in tools).encode()
    for byte in text:
        session.fill_bitmask(row)
        session.accept_token(byte)
    return len(text)


def measure(lengths: Sequence[int], repetitions: int, seed: int = 0) -> list[Timing]:
    """Ours and AgentLTL, if it is installed, on legal traces of these lengths; ours are warm, as is AgentLTL."""
    spec = specification()
    policy = Policy.of(spec)
    vector = Vector.of(policy)
    program = mw.Compiler(byte_vocabulary()).compile_behaviour(spec)
    row = np.zeros(program.start().row_shape, np.int32)
    trace = legal_trace(policy, max(lengths), np.random.default_rng(seed))
    timings = []
    for length in lengths:
        tools = trace[:length]
        letters = letters_of(policy, tools)
        ways: dict[str, Callable[[], object]] = {
            "maskwright: rules": lambda letters=letters: step_rules(vector, letters),  # type: ignore[misc]
            "maskwright: policy": lambda letters=letters: step_policy(policy, letters),  # type: ignore[misc]
            "maskwright: masks, byte by byte": lambda tools=tools: write_masked(program, tools, row),  # type: ignore[misc]
        }
        for name, way in ways.items():
            timings.append(Timing(name, length, _seconds(way, repetitions)))
        if peer.is_installed():
            for name, texts in _texts(RULES).items():
                rules = peer.constraints(texts)
                for asked, ask in (("verify", peer.verify_after_each_step), ("enforcer", peer.enforce_each_step)):
                    seconds = _seconds(lambda: ask(rules, tools), 1)  # noqa: B023 # called at once
                    timings.append(Timing(f"AgentLTL: {asked}, {name}", length, seconds))
    return timings


def byte_vocabulary() -> mw.Vocabulary:
    """All bytes, and an end token."""
    return mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])


def _texts(rules: Sequence[RulePair]) -> dict[str, list[str]]:
    return {"formulas": [rule.formula for rule in rules], "its own words": [rule.named for rule in rules]}


def _seconds(way: Callable[[], object], repetitions: int) -> float:
    if repetitions > 1:
        way()
    found = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        way()
        found.append(time.perf_counter() - begin)
    return median(found)


def agreement(n_traces: int, n_steps: int, seed: int = 0) -> Agreement:
    """Compare all verdicts on random traces, legal or not; AgentLTL must be installed."""
    policy = Policy.of(specification())
    vector = Vector.of(policy)
    rules = peer.constraints([rule.formula for rule in RULES])
    rng = np.random.default_rng(seed)
    counts = np.zeros(5, np.int64)
    for _ in range(n_traces):
        tools = [TOOLS[i] for i in rng.integers(len(TOOLS), size=n_steps)]
        states = vector.begin()
        for n, letter in enumerate(letters_of(policy, tools), 1):
            states = vector.after(states, letter)
            ours = [accepting[state] for accepting, state in zip(vector.accepting, states, strict=True)]
            lost = [not live[state] for live, state in zip(vector.live, states, strict=True)]
            theirs = peer.final_verdicts(rules, tools[:n])
            final = [value == peer.VIOLATED for value in peer.open_verdicts(rules, tools[:n])]
            counts += [
                len(ours),
                sum(a == b for a, b in zip(ours, theirs, strict=True)),
                sum(final),
                sum(a and b for a, b in zip(final, lost, strict=True)),
                sum(b and not a for a, b in zip(final, lost, strict=True)),
            ]
    return Agreement(*counts.tolist())


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many calls of a legal trace AgentLTL's enforcer refuses."""

    n_steps: int
    n_refused: int


def refusals(n_steps: int, seed: int = 0) -> Refusals:
    """Ask AgentLTL, which must be installed."""
    trace = legal_trace(Policy.of(specification()), n_steps, np.random.default_rng(seed))
    rules = peer.constraints([rule.formula for rule in RULES])
    return Refusals(n_steps, peer.enforce_each_step(rules, trace))


@dataclass(frozen=True, slots=True)
class Foresight:
    """Of two rules that leave a call without a legal ending: what is said of the call, by whom."""

    call: str
    rules: tuple[str, ...]
    agentltl_allows: bool | None
    we_allow: bool


def foresight() -> Foresight:
    """ "Never delete" and "every rollback is followed by delete": may rollback be called?  AgentLTL: None if absent."""
    pairs = (absence("delete"), response("rollback", "delete"))
    policy = Policy.of(specification(pairs))
    letter = policy.letter_of(SEGMENT, "rollback")
    assert letter is not None, "rollback is a tool"
    theirs = None
    if peer.is_installed():
        rules = peer.constraints([pair.formula for pair in pairs])
        theirs = peer.enforce_each_step(rules, ["rollback"]) == 0
    return Foresight("rollback", tuple(p.name for p in pairs), theirs, policy.after(policy.begin(), letter) is not None)
