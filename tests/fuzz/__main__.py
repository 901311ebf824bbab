"""Many seeds, several processes, one report: `python -m tests.fuzz --count 20000 --workers 2`.

python -m tests.fuzz --count 2000                       # seeds 0 to 1999
python -m tests.fuzz --one 1234                         # one seed: its schema, and its failures at their smallest
python -m tests.fuzz --count 500 --tokenizer FOLDER     # and walks with a real vocabulary
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.fuzz.check import Outcome, check_seed
from tests.fuzz.pool import bench_with, outcomes_of
from tests.fuzz.random_schemas import random_schema
from tests.fuzz.shrink import shrunk

SECONDS_TO_SHRINK = 8.0


def main(arguments: list[str] | None = None) -> int:
    """0 if no claim failed."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=170)
    if options.one is not None:
        return _show_one(console, options)
    begin = time.perf_counter()
    seeds = range(options.seed, options.seed + options.count)
    outcomes: list[Outcome] = []
    for outcome in outcomes_of(seeds, options.workers, options.walks, options.tokenizer, options.default_options):
        outcomes.append(outcome)
        if outcome.failures and sum(bool(one.failures) for one in outcomes) <= options.show:
            _print_failures(console, outcome)
    outcomes.sort(key=lambda outcome: outcome.seed)
    _print_shrunk(console, outcomes, options)
    _report(console, outcomes, time.perf_counter() - begin)
    if options.output:
        _write(options.output, outcomes)
    return int(any(outcome.failures for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="the first (default: 0)")
    parser.add_argument("--count", type=int, default=1000, help="of seeds, one schema each (default: 1000)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--walks", type=int, default=4, help="of single bytes per schema (default: 4)")
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face tokenizer folder, for five more walks a schema")
    parser.add_argument("--default-options", action="store_true", help="not those of exact(); plain spellings only")
    parser.add_argument("--one", type=int, metavar="SEED", help="only this one, with its failures made small")
    parser.add_argument("--show", type=int, default=20, help="print the failures of so many schemas (default: 20)")
    parser.add_argument("--shrink", type=int, default=0, metavar="N", help="make a failure small for N schemas")
    parser.add_argument("--output", type=Path, help="a JSON file with all failures and refusals")
    return parser


def _show_one(console: Console, options: argparse.Namespace) -> int:
    bench = bench_with(options.walks, options.tokenizer, options.default_options)
    console.print(f"Schema of seed {options.one}:", style="bold")
    console.print(as_text(random_schema(random.Random(options.one))), markup=False, highlight=False, soft_wrap=True)
    outcome = check_seed(options.one, bench)
    console.print(outcome.refusal or "compiled", dict(outcome.counts), markup=False, highlight=False)
    kinds: set[str] = set()
    for failure in outcome.failures:
        if failure.kind not in kinds:
            kinds.add(failure.kind)
            small = shrunk(failure, bench)
            line = f"{small.kind}: {as_text(small.schema)}\n    text {small.text[:300]!r} {small.detail}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return int(bool(outcome.failures))


def _print_failures(console: Console, outcome: Outcome) -> None:
    first = outcome.failures[0]
    line = f"seed {outcome.seed}: {len(outcome.failures)} failures, first {first.kind}: {as_text(first.schema)[:600]}"
    console.print(
        f"{line}\n    text {first.text[:200]!r} {first.detail}", markup=False, highlight=False, soft_wrap=True
    )


def _print_shrunk(console: Console, outcomes: list[Outcome], options: argparse.Namespace) -> None:
    """A failure of each of the first seeds that have one, at its smallest; those that come out alike only once."""
    failed = [outcome for outcome in outcomes if outcome.failures][: options.shrink]
    bench = bench_with(0, None, options.default_options) if failed else None
    seen: set[str] = set()
    for outcome in failed:
        assert bench is not None
        small = shrunk(outcome.failures[0], bench, SECONDS_TO_SHRINK)
        line = f"{small.kind}: {as_text(small.schema)}"
        if line not in seen:
            seen.add(line)
            text = f"seed {outcome.seed}: {line[:1500]}\n    text {small.text[:200]!r} {small.detail}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)


def _report(console: Console, outcomes: list[Outcome], seconds: float) -> None:
    refusals = Counter(outcome.refusal or "compiled" for outcome in outcomes)
    console.print(f"{len(outcomes):,} schemas in {seconds:.0f} s", style="bold", highlight=False)
    for reason, count in refusals.most_common():
        console.print(f"  {count:6}  {reason}", markup=False, highlight=False, soft_wrap=True)
    counts: Counter[str] = sum((outcome.counts for outcome in outcomes), Counter())
    console.print("Texts and walks: " + ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))
    times = sorted(outcome.compile_seconds for outcome in outcomes)
    p50, p99, last = times[len(times) // 2], times[len(times) * 99 // 100], times[-1]
    console.print(f"Compile: p50 {1e3 * p50:.1f} ms, p99 {1e3 * p99:.1f} ms, max {1e3 * last:.1f} ms", highlight=False)
    kinds = Counter(failure.kind for outcome in outcomes for failure in outcome.failures)
    failed = [outcome.seed for outcome in outcomes if outcome.failures]
    console.print(f"Failures: {dict(kinds)} in {len(failed)} schemas, seeds {failed[:40]}", highlight=False)


def _write(path: Path, outcomes: list[Outcome]) -> None:
    listed: list[dict[str, Any]] = [
        {
            "seed": outcome.seed,
            "refusal": outcome.refusal,
            "compile_seconds": outcome.compile_seconds,
            "failures": [[one.kind, as_text(one.schema), one.text, one.detail] for one in outcome.failures],
        }
        for outcome in outcomes
    ]
    path.write_text(json.dumps(listed, indent=1), encoding="utf-8")


def as_text(schema: Any) -> str:
    """A schema as JSON, its decimals unrounded where that matters to a reader."""
    return json.dumps(schema, default=lambda number: float(number) if isinstance(number, Decimal) else str(number))


if __name__ == "__main__":
    sys.exit(main())
