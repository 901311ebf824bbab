"""Figures of infilling as tables: one function for each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.infilling.additive import LONGEST, AdditiveFigures
from bench.infilling.blow_up import BlowUpFigures
from bench.infilling.denoising import DenoisingFigures
from bench.infilling.joint import JointFigures
from bench.infilling.material import Missing
from bench.infilling.proposals import ProposalFigures
from bench.infilling.published import QUOTED
from bench.infilling.speed import SpeedFigures
from bench.infilling.timing import Spread, Taken
from bench.sampling.report import Section, number

TIMES = "Milliseconds of processor time; wall time in parentheses."


def speed_sections(figures: Sequence[SpeedFigures], missing: Sequence[Missing], load: str) -> list[Section]:
    """First and full masks, then updates: a row for each vocabulary and grammar."""
    lengths = sorted({length for one in figures for length in one.full})
    remarks = (TIMES, *_left_out(missing), *_problems(figures), load)
    full = Section(
        "Masks of a canvas that is all open",
        (
            *remarks,
            (
                "Compile: the grammar alone. Cold: compile, canvas and its masks, with the kernels loaded. Full: a new "
                "canvas of a known grammar and all masks, median. Nodes and megabytes: sets of stacks after the first "
                "masks."
            ),
        ),
        (
            *("vocabulary", "grammar", "slots", "compile", "cold"),
            *(f"full, {length}" for length in lengths),
            *("t(256)/t(64)", "nodes/slot", "MB"),
        ),
        tuple(
            (
                f"{one.vocabulary}, {one.vocabulary_size:,}",
                one.grammar,
                str(one.length),
                _taken(one.compile),
                _taken(one.cold),
                *(_median(one.full.get(length)) for length in lengths),
                _ratio(one),
                number(one.nodes_per_slot) if one.cold else "",
                number(one.cold_mb) if one.cold else "",
            )
            for one in figures
        ),
        2,
    )
    updates = Section(
        "Masks after one more choice",
        (TIMES, load, "Exact: updates for which the exact sets had to be made anew. MB: after all runs."),
        (
            *("vocabulary", "grammar", "slots", "updates", "median", "p99", "highest"),
            *("first ten: median", "p99", "exact", "MB"),
        ),
        tuple(
            (
                f"{one.vocabulary}, {one.vocabulary_size:,}",
                one.grammar,
                str(one.length),
                f"{one.updates.all.n:,}",
                _median(one.updates.all),
                f"{number(one.updates.all.p99)} ({number(one.updates.all.wall_p99)})",
                number(one.updates.all.highest),
                _median(one.updates.first),
                f"{number(one.updates.first.p99)} ({number(one.updates.first.wall_p99)})",
                f"{one.updates.share_exact:.1%}",
                number(one.end_mb),
            )
            for one in figures
            if one.updates is not None
        ),
        2,
    )
    return [full, updates]


def proposal_sections(figures: Sequence[ProposalFigures], missing: Sequence[Missing], load: str) -> list[Section]:
    """Ours, measured; others, quoted."""
    ours = Section(
        "Proposals answered one by one, by our own canvas",
        (
            TIMES,
            *_left_out(missing),
            load,
            "A canvas of JSON that is all open; random pairs of a slot and a token. No other engine is measured.",
        ),
        ("vocabulary", "slots", "asked", "possible", "differ from mask", "one answer", "p99", "all masks"),
        tuple(
            (
                one.vocabulary,
                str(one.n_slots),
                str(one.n_asked),
                str(one.n_possible),
                str(one.n_differing),
                _median(one.one),
                number(one.one.p99),
                _median(one.masks),
            )
            for one in figures
        ),
    )
    quoted = Section(
        "One proposal in the engine of Mündler et al.: quoted, not measured here",
        (
            (
                "Milliseconds for one token in one slot, without lexing and Python, gaps of any length: its grammars "
                "and outputs, not ours, so rows are not to be compared with the table above line by line "
                "(`bench/infilling/published.py` says where they are from)."
            ),
        ),
        ("partial output", "lexemes", "states", "build and minimise", "emptiness", "witness"),
        tuple(
            (
                one.output,
                str(one.n_lexemes),
                str(one.n_states),
                number(one.build_ms),
                number(one.emptiness_ms),
                number(one.witness_ms),
            )
            for one in QUOTED
        ),
    )
    return [ours, quoted]


def joint_section(figures: Sequence[JointFigures], missing: Sequence[Missing], load: str) -> Section:
    """A row for each number of choices."""
    return Section(
        "Choices for many slots at once, each from its exact mask",
        (
            TIMES,
            *_left_out(missing),
            load,
            (
                "JSON, end tokens allowed. Naive: steps in which all choices agree. Kept: of all choices, by `commit`. "
                "Ours: texts completed from what was kept that `json` reads."
            ),
        ),
        ("vocabulary", "slots", "decided", "k", "steps", "naive", "kept", "ours", "commit", "p99"),
        tuple(
            (
                one.vocabulary,
                str(one.n_slots),
                str(one.n_decided),
                str(one.n_choices or "all"),
                f"{one.n_steps:,}",
                f"{one.n_naive / one.n_steps:.1%}",
                f"{one.n_kept / one.n_chosen:.1%}",
                f"{one.n_json} of {one.n_judged}",
                _median(one.commit),
                number(one.commit.p99),
            )
            for one in figures
        ),
    )


def additive_section(figures: Sequence[AdditiveFigures], missing: Sequence[Missing], load: str) -> Section:
    """A row for each vocabulary."""
    return Section(
        "Pairs of a slot and a token that a test of any length allows",
        (
            *_left_out(missing),
            load,
            (
                f"Short JSON texts, 60 % of the tokens open; any length: up to {LONGEST} tokens in each gap. Dead: no "
                "text of exactly so many tokens has it. Missed must be 0."
            ),
        ),
        (
            "vocabulary",
            "canvases",
            "open slots",
            "allowed at any length",
            "dead",
            "share",
            "median",
            "highest",
            "missed",
        ),
        tuple(
            (
                one.vocabulary,
                str(one.n_canvases),
                str(one.n_slots),
                f"{one.n_any_length:,}",
                f"{one.n_dead:,}",
                f"{one.n_dead / one.n_any_length:.1%}",
                f"{one.median_share:.1%}",
                f"{one.highest_share:.1%}",
                str(one.n_missed),
            )
            for one in figures
        ),
    )


def denoising_section(
    figures: Sequence[DenoisingFigures], refused: Mapping[str, str], n_slots: int, n_steps: int, load: str
) -> Section:
    """A row for each scheduler and way."""
    inside = [one for one in figures if one.way != "free"]
    by_schema = [
        f"{title}: {number(float(np.median([one.constraint_by_schema[title] for one in inside])))}"
        for title in (inside[0].constraint_by_schema if inside else ())
    ]
    return Section(
        f"The bundled masked model, {n_slots} slots, {n_steps} steps",
        (
            (
                "Wall milliseconds a step: median / 99th percentile. Temperature 0. Free: no grammar. Constrained: "
                "schedulers see marginals inside the grammar. Raw: schedulers see the model's own softmax on the masks."
            ),
            (
                "Nats/token: of valid texts, by the bundled autoregressive model; lower is better. Exact: posteriors "
                "that were exact sums."
            ),
            *([f"Constraint a step by schema, median: {', '.join(by_schema)} ms."] if by_schema else []),
            *(f"Left out: {title} ({reason})" for title, reason in refused.items()),
            load,
        ),
        (
            *("scheduler", "way", "texts", "JSON", "valid", "steps", "tokens", "nats/token", "rejected", "forced"),
            *("exact", "model", "constraint"),
        ),
        tuple(
            (
                one.scheduler,
                one.way,
                str(one.n_texts) + (f" (−{one.n_refused})" if one.n_refused else ""),
                _percent(one.n_json, one.n_texts),
                _percent(one.n_valid, one.n_texts),
                number(one.steps_per_text),
                number(one.tokens_per_text),
                number(one.nats_per_token) if one.n_valid else "",
                _percent(one.n_rejected, one.n_proposed),
                str(one.n_forced),
                f"{one.share_exact:.0%}" if one.way != "free" else "",
                f"{number(one.model.median)} / {number(one.model.p99)}",
                f"{number(one.constraint.median)} / {number(one.constraint.p99)}",
            )
            for one in figures
        ),
        2,
    )


def blow_up_section(figures: Sequence[BlowUpFigures], missing: Sequence[Missing], load: str) -> Section:
    """A row for each vocabulary."""
    return Section(
        "Long runs of comment signs with holes",
        (
            TIMES,
            *_left_out(missing),
            *(f"{one.vocabulary}: {one.problem}." for one in figures if one.problem),
            load,
            (
                "A token in ten open. First: the first canvas of the grammar. Canvas, masks: median and highest. "
                "Lost: texts of the language whose canvas was refused, which must be none."
            ),
        ),
        (
            *("vocabulary", "compile", "first", "canvases", "longest", "canvas", "highest", "masks", "highest"),
            *("lost", "empty of rejected"),
        ),
        tuple(
            (
                one.vocabulary,
                _taken(one.compile),
                _taken(one.warming),
                str(len(one.canvases)),
                str(one.longest),
                *_median_and_highest(one.canvases),
                *_median_and_highest(one.masks),
                f"{one.n_lost} of {one.n_accepted}",
                f"{one.n_empty} of {one.n_rejected}",
            )
            for one in figures
        ),
    )


def _taken(one: Taken | None) -> str:
    return f"{number(one.cpu_ms)} ({number(one.wall_ms)})" if one is not None else ""


def _median(one: Spread | None) -> str:
    return f"{number(one.median)} ({number(one.wall_median)})" if one is not None else ""


def _median_and_highest(calls: Sequence[Taken]) -> tuple[str, str]:
    if not calls:
        return "", ""
    highest = max(calls, key=lambda one: one.cpu_ms)
    return (
        (
            f"{number(float(np.median([one.cpu_ms for one in calls])))} "
            f"({number(float(np.median([one.wall_ms for one in calls])))})"
        ),
        _taken(highest),
    )


def _ratio(one: SpeedFigures) -> str:
    if not {64, 256} <= set(one.full):
        return ""
    return number(one.full[256].median / one.full[64].median)


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _left_out(missing: Sequence[Missing]) -> list[str]:
    return [f"Left out: {one.name} ({one.reason})." for one in missing]


def _problems(figures: Sequence[SpeedFigures]) -> list[str]:
    return [f"{one.vocabulary}, {one.grammar}: {one.problem}." for one in figures if one.problem]
