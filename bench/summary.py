"""Records -> figures.

A case *passes* if its schema compiles, every valid instance is accepted and every other one refused. Time percentiles
are over all masks of all cases that compiled, of one engine; because an engine that refuses the hard schemas looks
faster, `common_cases` lets them be taken over the cases that all engines compiled, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measure import CaseRecord

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of times in microseconds; `percentiles` belongs to PERCENTILES. All 0 where there is nothing."""

    count: int
    mean: float
    percentiles: tuple[float, ...]
    maximum: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One engine over one set of cases. Counts of wrong verdicts are of instances, the others of cases.

    `grammar_bytes` belongs to PERCENTILES, of what a schema holds after its instances; `shared_bytes` is the most that
    all share.
    """

    n_cases: int
    n_compiled: int
    n_passed: int
    n_time_outs: int
    n_crashes: int
    n_wrong_accepts: int
    n_wrong_rejects: int
    n_failures: int
    n_disagreements: int
    compile: Spread
    first_mask: Spread
    mask: Spread
    mask_and_commit: Spread
    rss_growth_bytes: int
    grammar_bytes: tuple[float, ...]
    shared_bytes: int
    n_preemptions: int
    refusals: tuple[tuple[str, int], ...]


def summarise(records: Sequence[CaseRecord], rss_after_set_up: int) -> Summary:
    """All figures of one engine."""
    compiled = [record for record in records if not record.refusal]
    instances = [instance for record in compiled for instance in record.instances]
    masks = concatenate(instance.mask_ns for instance in instances)
    commits = concatenate(instance.commit_ns for instance in instances)
    return Summary(
        n_cases=len(records),
        n_compiled=len(compiled),
        n_passed=sum(map(passes, compiled)),
        n_time_outs=sum(record.refusal.startswith("time-out:") for record in records),
        n_crashes=sum(record.refusal.startswith("crash:") for record in records),
        n_wrong_accepts=sum(instance.accepted and not instance.valid for instance in instances),
        n_wrong_rejects=sum(instance.valid and not instance.accepted for instance in instances),
        n_failures=sum(bool(instance.failure) for instance in instances),
        n_disagreements=sum(instance.disagrees for instance in instances),
        compile=spread(np.array([record.compile_ns for record in compiled])),
        first_mask=spread(np.array([record.first_mask_ns for record in compiled if record.first_mask_ns])),
        mask=spread(masks),
        mask_and_commit=spread(masks + commits),
        rss_growth_bytes=max(
            (record.rss_bytes - rss_after_set_up for record in records if record.rss_bytes), default=0
        ),
        grammar_bytes=_percentiles(np.array([record.grammar_bytes for record in compiled])),
        shared_bytes=max((record.shared_bytes for record in compiled), default=0),
        n_preemptions=sum(record.preemptions for record in records),
        refusals=tuple(Counter(group_reason(r.refusal) for r in records if r.refusal).most_common()),
    )


def passes(record: CaseRecord) -> bool:
    """Whether every verdict of a case is right."""
    return not record.refusal and all(instance.accepted == instance.valid for instance in record.instances)


def common_cases(records_of: dict[str, list[CaseRecord]]) -> set[str]:
    """The names of the cases whose schema every engine compiled."""
    compiled = [{record.name for record in records if not record.refusal} for records in records_of.values()]
    return set.intersection(*compiled) if compiled else set()


def spread(times_ns: NDArray[np.int64]) -> Spread:
    """`spread([1000, 3000])` -> mean 2 us, median 2 us, maximum 3 us."""
    if not times_ns.size:
        return Spread(0, 0.0, _percentiles(times_ns), 0.0)
    times = times_ns / 1e3
    return Spread(times.size, float(times.mean()), _percentiles(times), float(times.max()))


def _percentiles(figures: NDArray[Any]) -> tuple[float, ...]:
    if not figures.size:
        return (0.0,) * len(PERCENTILES)
    return tuple(map(float, np.percentile(figures, PERCENTILES)))


def concatenate(arrays: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """All arrays behind one another; an empty one for none."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *arrays])


def group_reason(reason: str) -> str:
    """A reason of refusal without what differs from case to case: pointers, quoted names, numbers.

    `UnsupportedSchema: JSON Schema keyword 'not' at '/a/b' is ...` keeps the keyword and loses the pointer.
    """
    line = reason.strip().splitlines()[0]
    line = re.sub(r"\b(at|anchor) '[^']*'", r"\1 '...'", line)
    line = re.sub(r"\([^)]*\)", "(...)", line)
    line = re.sub(r"(['\"])[#/][^'\"]*\1", r"\1/...\1", line)
    line = re.sub(r"\d+", "N", line)
    return line if len(line) <= 140 else line[:137] + "..."
