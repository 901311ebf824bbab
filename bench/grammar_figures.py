"""Figures of the bench for grammars -> two tables and a JSON document.

A text that one engine refuses is left out for all of them, so that all are measured on the same tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.measure import CaseRecord, InstanceRecord
from bench.summary import PERCENTILES, Spread, concatenate, spread

BASE = "maskwright"
"""The engine that the others are divided by."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one engine made of one grammar.

    `measured` has every text twice: all of them with the grammar fresh from the compiler, then all of them again.
    `compiled` are the compilations before that one in the same process, which was fresh; they have no texts.
    `base_rss_bytes` is its memory before the first.
    """

    measured: CaseRecord
    compiled: tuple[CaseRecord, ...]
    base_rss_bytes: int

    @property
    def cold(self) -> tuple[InstanceRecord, ...]:
        """The texts, met for the first time."""
        return self.measured.instances[: len(self.measured.instances) // 2]

    @property
    def warm(self) -> tuple[InstanceRecord, ...]:
        """The texts once more."""
        return self.measured.instances[len(self.measured.instances) // 2 :]


@dataclass(frozen=True, slots=True)
class Figures:
    """One engine on one grammar: mask and commit per token in microseconds, compile time in milliseconds.

    `refused`: text -> where and why, of texts that this engine refuses. `n_tokens` are of one pass.
    Memory grows until the most that it was.
    """

    engine: str
    refusal: str
    refused: dict[str, str]
    n_texts: int
    n_tokens: int
    cold: Spread
    warm: Spread
    first_compile_ms: float
    median_compile_ms: float
    first_mask_ms: float
    memory_growth_mib: float
    preemptions: int


def figures_of(answers: Mapping[str, Answer], names: Sequence[str]) -> list[Figures]:
    """The figures of all engines for one grammar, over the texts that all of them accept; `names` of the texts."""
    refused = {engine: refused_texts(answer, names) for engine, answer in answers.items()}
    left_out = {name for texts in refused.values() for name in texts}
    kept = [index for index, name in enumerate(names) if name not in left_out]
    return [_figures(engine, answer, refused[engine], kept) for engine, answer in answers.items()]


def refused_texts(answer: Answer, names: Sequence[str]) -> dict[str, str]:
    """Text -> where and why an engine refuses it, the first time or the second."""
    return {
        name: f"token {instance.refused_at} {instance.failure}".strip()
        for passes in (answer.warm, answer.cold)
        for name, instance in zip(names, passes, strict=False)  # no instances where the grammar was refused
        if not instance.accepted
    }


def _figures(engine: str, answer: Answer, refused: dict[str, str], kept: Sequence[int]) -> Figures:
    record = answer.measured
    compile_ns = [*(before.compile_ns for before in answer.compiled), record.compile_ns]
    return Figures(
        engine=engine,
        refusal=record.refusal,
        refused=refused,
        n_texts=len(kept) if answer.cold else 0,
        n_tokens=sum(answer.cold[index].mask_ns.size - 1 for index in kept) if answer.cold else 0,
        cold=_spread(answer.cold, kept),
        warm=_spread(answer.warm, kept),
        first_compile_ms=compile_ns[0] / 1e6,
        median_compile_ms=float(np.median(compile_ns)) / 1e6,
        first_mask_ms=record.first_mask_ns / 1e6,
        memory_growth_mib=max(record.rss_bytes, record.peak_rss_bytes) / 2**20 - answer.base_rss_bytes / 2**20,
        preemptions=record.preemptions,
    )


def _spread(instances: Sequence[InstanceRecord], kept: Sequence[int]) -> Spread:
    chosen = [instances[index] for index in kept] if instances else []
    return spread(concatenate(one.mask_ns + one.commit_ns for one in chosen))


def print_times(console: Console, figures_by_grammar: Mapping[str, Sequence[Figures]]) -> None:
    """Mask and commit per token, cold and warm, and how many times as long the other engines take."""
    table = Table(title="Mask + commit per token, us")
    for heading in ("grammar", "texts", "engine", "mean", *(f"p{level:g}" for level in PERCENTILES), "max"):
        table.add_column(heading, justify="left" if heading in {"grammar", "texts", "engine"} else "right")
    for grammar, listed in figures_by_grammar.items():
        for run in ("cold", "warm"):
            rows = {one.engine: _row(getattr(one, run)) for one in listed if one.n_texts}
            for engine, row in rows.items():
                table.add_row(grammar, run, engine, *(f"{us:,.1f}" for us in row))
            for other, factors in ratios(rows).items():
                table.add_row(grammar, run, f"{other} / {BASE}", *(f"{factor:.3g}" for factor in factors), style="bold")
        table.add_section()
    console.print(table)


def ratios(rows: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """How many times as long as the base engine the others take; nothing where there is no base engine.

    `ratios({"maskwright": [2.0], "x": [3.0]})` -> `{"x": [1.5]}`
    """
    base = rows.get(BASE)
    if base is None:
        return {}
    return {
        engine: [other / ours for other, ours in zip(row, base, strict=True)]
        for engine, row in rows.items()
        if engine != BASE
    }


def print_compilation(console: Console, figures_by_grammar: Mapping[str, Sequence[Figures]]) -> None:
    """Compile times, memory, and the number of tokens; below, what was refused."""
    table = Table(title="Compilation and memory")
    headings = ("grammar", "engine", "texts", "tokens", "first compile", "median", "first mask", "memory", "preempted")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"grammar", "engine"} else "right")
    for grammar, listed in figures_by_grammar.items():
        for one in listed:
            times = (one.first_compile_ms, one.median_compile_ms, one.first_mask_ms)
            table.add_row(
                grammar,
                one.engine,
                f"{one.n_texts:,}",
                f"{one.n_tokens:,}",
                *(f"{ms:,.1f} ms" for ms in times),
                f"{one.memory_growth_mib:,.0f} MiB",
                f"{one.preemptions:,}",
            )
        table.add_section()
    console.print(table)
    for grammar, listed in figures_by_grammar.items():
        for one in listed:
            if one.refusal:
                _print_plain(console, f"{one.engine} refused the grammar {grammar}: {one.refusal}")
            for name, reason in one.refused.items():
                _print_plain(console, f"{one.engine} refused {name} ({grammar}), so it counts for nobody: {reason}")


def as_json(figures_by_grammar: Mapping[str, Sequence[Figures]]) -> dict[str, Any]:
    """grammar -> engine -> figures; the columns of ratios are mean, percentiles, maximum."""
    return {
        "percentiles": PERCENTILES,
        "grammars": {
            grammar: {one.engine: asdict(one) for one in listed} for grammar, listed in figures_by_grammar.items()
        },
        "ratios": {
            grammar: {
                run: ratios({one.engine: _row(getattr(one, run)) for one in listed if one.n_texts})
                for run in ("cold", "warm")
            }
            for grammar, listed in figures_by_grammar.items()
        },
    }


def _row(times: Spread) -> tuple[float, ...]:
    return (times.mean, *times.percentiles, times.maximum)


def _print_plain(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
