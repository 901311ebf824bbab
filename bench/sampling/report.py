"""Figures -> tables in the terminal, a Markdown file and a JSON file: one description of columns for all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.report import describe_machine
from bench.sampling.quality import Quality
from bench.sampling.runs import Knows, RunFigures, how_many_times_faster


@dataclass(frozen=True, slots=True)
class Section:
    """A table: a heading, what stands below it, columns, and a row of texts for each engine."""

    heading: str
    remarks: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_names: int = 1


@dataclass(slots=True)
class Report:
    """All sections, and the records that they were made of, by heading."""

    sections: list[Section] = field(default_factory=list)
    records: dict[str, Any] = field(default_factory=dict)

    def add(self, section: Section, records: Any) -> None:
        """Put one more section at the end."""
        self.sections.append(section)
        self.records[section.heading] = records


def number(value: float | None, digits: int = 3) -> str:
    """A figure with so many significant digits; nothing for None."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "−∞" if value < 0 else "∞"
    size = math.floor(math.log10(abs(value))) if value else 0
    if size < -4:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - size)}f}"


RUN_COLUMNS: tuple[tuple[str, Callable[[RunFigures], str]], ...] = (
    ("engine", lambda one: f"{one.owner}: {one.name}"),
    ("knows", lambda one: one.knows.value),
    ("ms/token", lambda one: number(one.processor_ms_per_token)),
    ("wall ms/token", lambda one: number(one.wall_ms_per_token)),
    ("ms/run", lambda one: number(1e3 * one.processor_s)),
    ("wall ms/run", lambda one: number(1e3 * one.wall_s)),
    ("tokens/run", lambda one: number(one.tokens_per_run)),
    ("checks/token", lambda one: number(one.checks_per_token)),
    ("mean log Ẑ", lambda one: number(one.mean_log_z, 4)),
    ("sd", lambda one: number(one.sd_log_z)),
    ("log mean Ẑ", lambda one: number(one.log_mean_z, 4)),
    ("ESS", lambda one: number(one.effective_sample_size)),
    ("dead", lambda one: str(one.dead)),
)

QUALITY_COLUMNS: tuple[tuple[str, Callable[[Quality], str]], ...] = (
    ("engine", lambda one: one.engine),
    ("method", lambda one: one.method),
    ("texts", lambda one: f"{one.texts:,}" + (f" (−{one.failed:,})" if one.failed else "")),
    ("TV", lambda one: number(one.tv)),
    ("exact draws", lambda one: number(one.tv_floor)),
    ("KL", lambda one: number(one.kl)),
    ("exact draws", lambda one: number(one.kl_floor)),
    ("TV by weight", lambda one: number(one.pooled_tv)),
    ("mean log Ẑ", lambda one: number(one.mean_log_z, 4)),
    ("log mean Ẑ", lambda one: number(one.log_mean_z, 4)),
    ("sd(Ẑ)/Z", lambda one: number(one.relative_deviation_of_z)),
    ("rows/text", lambda one: number(one.rows_per_text)),
    ("different", lambda one: number(one.different_rows_per_text)),
    ("ms/text", lambda one: number(one.processor_ms_per_text)),
    ("wall ms", lambda one: number(one.wall_ms_per_text)),
)


def run_section(heading: str, remark: str, figures: Sequence[RunFigures]) -> Section:
    """Runs side by side, and how many times as fast maskwright is as the best other engine."""
    remarks = [remark]
    for knows in Knows:
        factor = how_many_times_faster(figures, "maskwright", knows)
        if factor is not None:
            remarks.append(
                f"Per token with a {knows.value}, maskwright takes 1/{factor:.1f} of the time of the best other."
            )
    rows = tuple(tuple(show(one) for _, show in RUN_COLUMNS) for one in figures)
    return Section(heading, tuple(remarks), tuple(name for name, _ in RUN_COLUMNS), rows, 2)


def quality_section(heading: str, remark: str, figures: Sequence[Quality]) -> Section:
    """Methods side by side."""
    rows = tuple(tuple(show(one) for _, show in QUALITY_COLUMNS) for one in figures)
    return Section(heading, (remark,), tuple(name for name, _ in QUALITY_COLUMNS), rows, 2)


def print_section(console: Console, section: Section) -> None:
    """The section in the terminal."""
    table = Table(title=section.heading, title_justify="left")
    for place, column in enumerate(section.columns):
        table.add_column(column, justify="left" if place < section.n_names else "right")
    for row in section.rows:
        table.add_row(*row)
    console.print(table)
    for remark in section.remarks:
        console.print(remark, highlight=False, soft_wrap=True)


def as_markdown(report: Report, title: str) -> str:
    """All sections as Markdown."""
    machine = ", ".join(f"{name} {value}" for name, value in describe_machine().items())
    lines = [f"# {title}", "", f"Machine: {machine}.", ""]
    for section in report.sections:
        lines += [f"## {section.heading}", ""]
        lines += [line for remark in section.remarks for line in (remark, "")]
        lines.append("| " + " | ".join(section.columns) + " |")
        rules = ["---" if place < section.n_names else "--:" for place in range(len(section.columns))]
        lines.append("| " + " | ".join(rules) + " |")
        lines += ["| " + " | ".join(row) + " |" for row in section.rows]
        lines.append("")
    return "\n".join(lines)


def write(
    report: Report, folder: Path, stamp: str, options: dict[str, Any], subject: str = "sampling"
) -> tuple[Path, Path]:
    """The Markdown and the JSON file, named after their subject."""
    folder.mkdir(parents=True, exist_ok=True)
    markdown, records = folder / f"{stamp}-{subject}.md", folder / f"{stamp}-{subject}.json"
    markdown.write_text(as_markdown(report, f"{subject.capitalize()}, {stamp}"), encoding="utf-8")
    document = {"machine": describe_machine(), "options": options, "sections": _plain(report.records)}
    records.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return markdown, records


def _plain(value: Any) -> Any:
    """What JSON has words for; −inf is written as a text."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
