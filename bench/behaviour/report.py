"""Figures of behaviour specifications as tables: one function for each part."""

from __future__ import annotations

from collections.abc import Sequence

from bench.behaviour.blow_up import BlowUpFigures
from bench.behaviour.compiling import CompileFigures
from bench.behaviour.interference import Interference
from bench.behaviour.masks import MaskFigures, RuleCost, Spread
from bench.behaviour.react_loop import LoopFigures
from bench.behaviour.stepping import Agreement, Foresight, Refusals, Timing
from bench.behaviour.validity import ValidityFigures
from bench.sampling.report import Section, number


def stepping_section(
    timings: Sequence[Timing],
    agreement: Agreement | None,
    foresight: Foresight,
    refusals: Refusals | None,
    peer_version: str,
) -> Section:
    """A row for each way of stepping, a column for each length of the trace."""
    lengths = list(dict.fromkeys(one.n_steps for one in timings))
    seconds = {(one.who, one.n_steps): one.seconds for one in timings}
    rows = tuple(
        (who, *(number(1e3 * seconds[who, length]) if (who, length) in seconds else "" for length in lengths))
        for who in dict.fromkeys(one.who for one in timings)
    )
    remarks = ["Milliseconds for the whole trace, asked after every step; a legal trace, 12 tools."]
    if agreement is not None:
        remarks.append(
            f"The same verdict on {agreement.n_equal:,} of {agreement.n_verdicts:,} pairs of a rule and a prefix of a "
            f"random trace. AgentLTL {peer_version} says 'violated for good' of {agreement.n_final:,}; we do of "
            f"{agreement.n_final_equal:,} of these, and of {agreement.n_earlier:,} others before it does."
        )
    theirs = {None: "is not installed", True: "allows it", False: "refuses it"}[foresight.agentltl_allows]
    ours = "allowed" if foresight.we_allow else "refused"
    remarks.append(
        f"'{foresight.rules[0]}' and '{foresight.rules[1]}': a call of {foresight.call} leaves no legal ending. "
        f"AgentLTL {theirs}; here it is {ours}."
    )
    if refusals is not None:
        remarks.append(
            f"On the legal trace of {refusals.n_steps} steps AgentLTL's enforcer refuses {refusals.n_refused} calls: "
            "obligations that are not met yet ('at least 2 review') count against every call until they are."
        )
    heading = "25 rules after every step"
    return Section(heading, tuple(remarks), ("", *(f"{length} steps" for length in lengths)), rows)


def mask_section(figures: Sequence[MaskFigures], n_tokens: int) -> Section:
    """A row for each specification, with and without its budget."""
    columns = ("specification", "budget", "tokens", "mask cold", "mask warm", "accept cold", "accept warm", "observe")
    rows = tuple(
        (
            one.name,
            "yes" if one.has_budget else "no",
            f"{one.warm_mask.n:,}" if one.warm_mask else "",
            *map(_spread, (one.cold_mask, one.warm_mask, one.cold_accept, one.warm_accept, one.observe)),
        )
        if not one.problem
        else (one.name, "yes" if one.has_budget else "no", one.problem, *[""] * 5)
        for one in figures
    )
    refused = sum(one.n_refused for one in figures)
    remarks = (
        f"Microseconds of processor time: median / 99th percentile / highest; {n_tokens:,} tokens in the vocabulary.",
        "Cold: a new program on its first traces. Warm: the same traces again; where values matter, nothing is.",
        *([f"{refused} scripts left the masks before their end."] if refused else []),
    )
    return Section("Masks along random legal traces", remarks, columns, rows, 2)


def _spread(spread: Spread | None) -> str:
    if spread is None or not spread.n:
        return ""
    return f"{number(spread.median)} / {number(spread.p99)} / {number(spread.highest)}"


def rules_section(cost: RuleCost) -> Section:
    """Without and with 25 more rules."""
    rows = tuple(
        (name, str(letters), number(mean), number(median))
        for name, letters, mean, median in zip(
            ("react", "and 25 more rules"), cost.n_letters, cost.mean, cost.median, strict=True
        )
    )
    remark = f"{cost.n_tokens:,} tokens, warm, mask and acceptance; the rules make it {cost.ratio:.3f} times."
    return Section("25 more rules", (remark,), ("specification", "letters", "mean µs/token", "median µs/token"), rows)


def compile_section(figures: Sequence[CompileFigures]) -> Section:
    """A row for each specification."""
    columns = (
        "specification",
        "texts ms",
        "policy ms",
        "program ms",
        "first time",
        "first mask ms",
        "letters",
        "flow",
        "minimal",
        "explored",
        "shortest",
    )
    rows = tuple(
        (
            one.name,
            number(one.bodies_ms),
            number(one.policy_ms),
            number(one.program_ms),
            number(one.first_program_ms),
            number(one.first_mask_ms),
            str(one.n_letters),
            str(one.n_flow),
            "" if one.n_minimal is None else f"{one.n_minimal:,}",
            f"{one.n_explored:,}",
            str(one.shortest),
        )
        if not one.problem
        else (one.name, one.problem, *[""] * 9)
        for one in figures
    )
    remarks = (
        "Texts: the automata of all segments. Policy: these, flow and rules. Program: the policy for a vocabulary.",
        "States of the flow, of the minimal automaton of all; positions explored; segments of the shortest run.",
    )
    return Section("Compiling", remarks, columns, rows)


def blow_up_section(figures: Sequence[BlowUpFigures]) -> Section:
    """A row for each specification."""
    rows = tuple(
        (
            one.name,
            number(one.compile_ms),
            number(one.first_mask_ms),
            number(one.memory_mb),
            f"{one.n_explored:,}" + ("" if one.is_complete else " of more"),
        )
        if not one.report
        else (one.name, one.report, "", "", "")
        for one in figures
    )
    columns = ("specification", "compile ms", "first mask ms", "memory MB", "positions")
    return Section("What could blow up", ("Each in a process of its own.",), columns, rows)


def validity_section(name: str, n_runs: int, figures: Sequence[ValidityFigures]) -> Section:
    """A row for each way of writing and number of worked examples."""
    masked = {one.n_shots: one.calls_per_valid for one in figures if one.way == "masks"}
    rows = tuple(
        (
            str(one.n_shots),
            one.way,
            f"{one.n_valid} ({100 * one.share:.1f} %)",
            f"{one.calls:,}",
            f"{one.requests:,}",
            f"{one.forced:,}" if one.forced else "",
            number(one.calls_per_valid),
            _share(masked.get(one.n_shots), one.calls_per_valid),
        )
        for one in figures
    )
    columns = ("examples", "way", "valid", "model calls", "requests", "forced", "calls/valid", "masks take")
    remarks = (
        f"{n_runs} prompts each, the bundled model at temperature 1.",
        "Calls for each valid trace, and what part of them one pass under masks takes.",
    )
    return Section(f"Valid traces: {name}", remarks, columns, rows, 2)


def _share(part: float | None, whole: float | None) -> str:
    return "" if part is None or whole is None else f"{100 * part / whole:.0f} %"


def loop_section(figures: Sequence[LoopFigures]) -> Section:
    """A row for each agent."""
    columns = (
        "agent",
        "runs",
        "finished",
        "valid",
        "in budget",
        "budget",
        "median",
        "most",
        "context",
        "tool calls",
        "forced",
        "model ms/token",
        "mask ms/token",
    )
    rows = tuple(
        (
            one.name,
            str(one.n_runs),
            str(one.n_finished),
            str(one.n_valid),
            str(one.n_in_budget),
            str(one.budget),
            number(one.median_tokens),
            str(one.most_tokens),
            str(one.most_context),
            f"{one.n_calls:,}",
            f"{one.n_forced:,}",
            number(1e3 * one.model_s / one.n_asked),
            number(1e3 * one.mask_s / (one.n_asked + one.n_forced)),
        )
        for one in figures
    )
    remark = "Tokens that the model wrote in a run: median, most, and the most that it had to read."
    return Section("Runs of an agent with tools", (remark,), columns, rows)


def interference_section(found: Interference) -> Section:
    """One row."""
    row = (str(found.n_seeds), f"{found.n_tokens:,}", str(found.n_different))
    remark = "The bundled model free and inside a specification that permits every text, with the same noise."
    return Section("Nothing is changed where everything is allowed", (remark,), ("seeds", "tokens", "others"), (row,))
