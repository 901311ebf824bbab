"""The official JSON Schema test suite in one table: `python -m bench.suite`.

What is judged, and how, is said in `tests/grammar/json_schema/suite.py`. For each draft the required tests, by file of
the suite; every wrong verdict, and every refused schema with its reason; all of it once more as JSON.

    python -m bench.suite                                  # five drafts
    python -m bench.suite --drafts draft2020-12 --wrong 50
    python -m bench.suite --formats                        # the optional tests of formats, asserted
    python -m bench.suite --optional                       # the other optional tests
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from bench.cases import data_home
from bench.report import describe_machine
from bench.summary import group_reason
from tests.grammar.json_schema.suite import (
    DRAFTS,
    EXACT,
    EXACT_WITH_FORMATS,
    Judgement,
    Verdict,
    byte_compiler,
    judge_draft,
)

WIDTH_OF_FILES = 170


def main(arguments: list[str] | None = None) -> int:
    """Judge, print and save; 1 if anything was accepted wrongly or crashed, 2 if there is no suite."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    files, chosen = "*.json", EXACT
    if options.formats:
        files, chosen = "optional/format/*.json", EXACT_WITH_FORMATS
    elif options.optional:
        files = "optional/*.json"
    compiler = byte_compiler()
    begin = time.perf_counter()
    try:
        with _suite_folder(options.suite or data_home() / "json-schema-test-suite.tar.xz") as folder:
            judgements = [
                one for draft in options.drafts for one in judge_draft(folder, draft, compiler, files, chosen)
            ]
    except FileNotFoundError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    seconds = time.perf_counter() - begin
    _print_table(console, "Verdicts by draft", judgements, lambda one: one.draft)
    _print_table(console, "Verdicts by file, all drafts", judgements, lambda one: one.file)
    _print_wrong(console, judgements, options.wrong)
    _print_refusals(console, judgements, options.refusals)
    console.print(f"{len(judgements):,} tests in {seconds:.1f} s", highlight=False)
    target = options.output / f"{time.strftime('%Y%m%d-%H%M%S')}-suite.json"
    _write(target, judgements, seconds)
    console.print(f"Written: {target}", highlight=False)
    return int(any(one.verdict in {Verdict.UNDER, Verdict.CRASH} for one in judgements))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.suite", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--suite",
        type=Path,
        help="the suite, a folder with `tests` and `remotes` or an archive of one (default: "
        "json-schema-test-suite.tar.xz in MASKWRIGHT_DATA or ../shared/data)",
    )
    parser.add_argument("--drafts", nargs="+", choices=DRAFTS, default=list(DRAFTS), metavar="DRAFT")
    parser.add_argument("--formats", action="store_true", help="the optional tests of formats instead, asserted")
    parser.add_argument("--optional", action="store_true", help="the optional tests directly in `optional` instead")
    parser.add_argument("--wrong", type=int, default=20, metavar="N", help="print N wrong verdicts (default: 20)")
    parser.add_argument("--refusals", type=int, default=40, metavar="N", help="print N refused schemas (default: 40)")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


@contextmanager
def _suite_folder(path: Path) -> Iterator[Path]:
    """The folder with `tests` and `remotes`: `path`, or what the archive there contains."""
    with TemporaryDirectory(prefix="maskwright-suite-") as scratch:
        root = path
        if path.is_file():
            root = Path(scratch)
            with tarfile.open(path) as archive:
                archive.extractall(root, filter="data")
        if not (root / "tests").is_dir():
            raise FileNotFoundError(f"no JSON Schema test suite in {path}")
        yield root


def _print_table(console: Console, title: str, judgements: list[Judgement], key: Callable[[Judgement], str]) -> None:
    counts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for judgement in judgements:
        counts[key(judgement)][judgement.verdict] += 1
        counts["all"][judgement.verdict] += 1
    counts["all"] = counts.pop("all", Counter())
    table = Table(title=title)
    table.add_column("")
    for heading in ("tests", *(verdict.value for verdict in Verdict), "right, %"):
        table.add_column(heading, justify="right")
    for name, row in counts.items():
        figures = [str(row[verdict] or "") for verdict in Verdict]
        table.add_row(name, str(row.total()), *figures, f"{100 * row[Verdict.RIGHT] / max(row.total(), 1):.1f}")
    console.print(table)


def _print_wrong(console: Console, judgements: list[Judgement], limit: int) -> None:
    for verdict in (Verdict.CRASH, Verdict.UNDER, Verdict.NARROW):
        wrong = [one for one in judgements if one.verdict is verdict]
        for one in wrong[:limit]:
            line = f"  {verdict.value}: {one.draft}/{one.file}: {one.group} | {one.test} | {one.reason}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if len(wrong) > limit:
            console.print(f"  {verdict.value}: and {len(wrong) - limit} others (all are in the JSON file)")


def _print_refusals(console: Console, judgements: list[Judgement], limit: int) -> None:
    refused = [one for one in judgements if one.verdict is Verdict.REFUSED]
    if not refused:
        return
    console.print("Refused, by reason:", style="bold")
    for reason, count in Counter(group_reason(one.reason) for one in refused).most_common():
        console.print(f"  {count:5}  {reason}", markup=False, highlight=False, soft_wrap=True)
    groups = [(place, len(list(members))) for place, members in groupby(refused, _place_and_reason)]
    console.print(f"Refused schemas: {len(groups)}", style="bold")
    for (place, reason), count in groups[:limit]:
        console.print(f"  {count:3}  {place}: {reason}", markup=False, highlight=False, soft_wrap=True)
    if len(groups) > limit:
        console.print(f"       and {len(groups) - limit} others (all are in the JSON file)")


def _place_and_reason(one: Judgement) -> tuple[str, str]:
    return f"{one.draft}/{one.file}: {one.group}", one.reason


def _write(target: Path, judgements: Iterable[Judgement], seconds: float) -> None:
    listed = [{**asdict(one), "verdict": one.verdict.value} for one in judgements]
    target.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": describe_machine(), "seconds": seconds, "judgements": listed}
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
