"""Figures -> a PNG: times against percentile, one curve per engine; and times of a step, for batches.

The x axis of percentiles is stretched towards the end (a percentile p lies at -log10(1 - p)), because a server waits
for the slowest. Engines have the same colours in all plots.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measure import CaseRecord
from bench.summary import concatenate

LABELLED = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999)
COLOURS = {"maskwright": "#c0392b", "llguidance": "#2c6fbb", "xgrammar": "#3a9a5b", "outlines_core": "#8e6bbf"}


def write_plot(path: Path, title: str, records_of: dict[str, list[CaseRecord]]) -> None:
    """Draw mask + commit and the time to the first mask of all engines into one file; needs matplotlib."""
    plt = _pyplot()
    figure, (masks, firsts) = plt.subplots(1, 2, figsize=(13, 5.2))
    for name, records in records_of.items():
        instances = [instance for record in records for instance in record.instances]
        _draw_percentiles(masks, name, concatenate(one.mask_ns + one.commit_ns for one in instances) / 1e3)
        _draw_percentiles(firsts, name, np.array([one.first_mask_ns for one in records if one.first_mask_ns]) / 1e6)
    for axes, unit, what in ((masks, "us", "mask + commit, per token"), (firsts, "ms", "first mask, per schema")):
        axes.set_yscale("log")
        axes.set_ylabel(unit)
        axes.set_title(what, fontsize=10)
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.grid(visible=True, which="major", alpha=0.35)
        axes.grid(visible=True, which="minor", axis="y", alpha=0.12)
        axes.legend(loc="upper left")
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_percentiles(axes: Any, name: str, times: NDArray[np.float64]) -> None:
    if not times.size:
        return
    # The i-th smallest of n is drawn at the percentile (i + 1/2) / n, so the last one lies on the paper.
    levels = -np.log10(1 - (np.arange(times.size) + 0.5) / times.size)
    drawn = _corners(levels)
    axes.plot(levels[drawn], np.sort(times)[drawn], label=name, color=COLOURS.get(name))
    ticks = [level for level in LABELLED if -np.log10(1 - level / 100) <= max(levels[-1], axes.get_xlim()[1])]
    axes.set_xticks([-np.log10(1 - level / 100) for level in ticks], [f"p{level:g}" for level in ticks])


def _corners(levels: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of a million points those that can be told apart on paper: about a thousand."""
    return np.unique(np.searchsorted(levels, np.linspace(0, levels[-1], 1000)).clip(max=levels.size - 1))


def write_batch_plot(path: Path, figures: Sequence[dict[str, Any]], times: str) -> None:
    """Draw the steady state: a panel per number of threads, a group per workload, a bar per engine up to p50.

    `figures` are those of the JSON file of `bench.batch`, `times` says which of them: "steady" or "steady_cpu".
    A dash marks p99.
    """
    plt = _pyplot()
    threads = sorted({one["n_threads"] for one in figures})
    workloads = list(dict.fromkeys(one["workload"] for one in figures))
    engines = list(dict.fromkeys(one["engine"] for one in figures))
    size = (11, 3.8 * len(threads))
    figure, panels = plt.subplots(len(threads), 1, figsize=size, sharex=True, sharey=True, squeeze=False)
    width = 0.8 / len(engines)
    for axes, n_threads in zip(panels[:, 0], threads, strict=True):
        for place, engine in enumerate(engines):
            shown = [one for one in figures if (one["n_threads"], one["engine"]) == (n_threads, engine)]
            at = np.array([workloads.index(one["workload"]) for one in shown]) + (place + 0.5) * width - 0.4
            median = np.array([one[times]["percentiles"][0] for one in shown])
            p99 = np.array([one[times]["percentiles"][3] for one in shown])
            axes.bar(at, median, width, label=engine, color=COLOURS[engine])
            axes.plot(at, p99, "_", color=COLOURS[engine], markersize=10, markeredgewidth=2)
            axes.vlines(at, median, p99, color=COLOURS[engine], linewidth=1)
            for x, y in zip(at, median, strict=True):
                axes.annotate(
                    _short(y), (x, y), (0, -9), textcoords="offset points", ha="center", color="white", fontsize=7
                )
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.set_ylabel("us for a step" + (", all threads together" if times == "steady_cpu" else ""))
        axes.set_title(f"{n_threads} thread{'s' * (n_threads > 1)}: bars to p50, dashes at p99", fontsize=10)
        axes.grid(visible=True, axis="y", alpha=0.3)
        axes.set_axisbelow(True)
        axes.set_xticks(range(len(workloads)), [name.replace(" x ", "\n") for name in workloads])
    panels[0, 0].legend(loc="upper left")
    panels[0, 0].set_ylim(bottom=1)
    panels[-1, 0].set_xlabel("sequences in the batch, and how many grammars they follow")
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _short(us: float) -> str:
    """`_short(1387.4)` -> "1.4k"."""
    if us >= 9999.5:
        return f"{us / 1000:.0f}k"
    if us >= 999.5:
        return f"{us / 1000:.1f}k"
    return f"{us:.0f}" if us >= 9.95 else f"{us:.1f}"


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("Agg")  # no screen
    from matplotlib import pyplot as plt

    return plt
