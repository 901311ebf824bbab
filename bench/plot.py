"""Figures -> a PNG: mask + commit time against percentile, one curve per engine.

The x axis is stretched towards the end (a percentile p lies at -log10(1 - p)), because a server waits for the slowest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.measure import CaseRecord
from bench.summary import concatenate

LABELLED = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999)


def write_plot(path: Path, title: str, records_of: dict[str, list[CaseRecord]]) -> None:
    """Draw all engines into one file; needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")  # no screen
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5))
    longest = 1
    for name, records in records_of.items():
        instances = [instance for record in records for instance in record.instances]
        times = np.sort(concatenate(instance.mask_ns + instance.commit_ns for instance in instances)) / 1e3
        if times.size:
            # The i-th smallest of n is drawn at the percentile (i + 1/2) / n, so the last one lies on the paper.
            axes.plot(-np.log10(1 - (np.arange(times.size) + 0.5) / times.size), times, label=name)
            longest = max(longest, times.size)
    ticks = [level for level in LABELLED if level == 0 or 1 - level / 100 >= 0.5 / longest]
    axes.set_xticks([-np.log10(1 - level / 100) for level in ticks], [f"p{level:g}" for level in ticks])
    axes.set_yscale("log")
    axes.set_xlabel("percentile of masks")
    axes.set_ylabel("mask + commit (us)")
    axes.set_title(title)
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)
