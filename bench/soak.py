"""Mixed traffic in many threads for a long time: does memory stay flat, are locks held briefly, is any answer wrong?

    python -m bench.soak --requests 180000 --threads 8       # an hour of fifty requests a second
    python -m bench.soak --minutes 60

`workloads/traffic.py` says what requests are. Each thread has some in progress and does a token of each in turn; some
are cancelled half-way. Caches are smaller than the traffic, and a grammar may learn so little that its memory starts
over.

Printed and written: resident memory and its slope for each ten minutes of such traffic (30,000 requests), without the
first fifth, in which caches fill, and in the second half; how long locks were held (`watched_locks`), by the clock and
in processor time; requests and errors by kind. The exit status is 1 if an answer was wrong or an error was not one of
ours. What the C library is told about its heaps (docs/serving.md) is written too:

    MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=4194304 python -m bench.soak
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.__main__ import WIDTH_OF_FILES, default_tokenizer
from bench.report import describe_machine
from bench.tokenizer import load_tokenizer, tokenizer_folder
from bench.watched_locks import Watch, watched
from bench.workloads.traffic import Request, Traffic
from maskwright import Compiler, Vocabulary
from maskwright.disk_cache import CACHE_DIR_VARIABLE
from maskwright.errors import MaskwrightError

REQUESTS_PER_10_MIN = 30_000
WARM_UP_SHARE = 0.2
CANCELLED_SHARE = 0.1
SAMPLE_S = 2.0
STALLED_S = 120.0
"""If no request ends for so long, threads wait for each other."""


@dataclass
class Run:
    """What has happened so far; threads add to counters of their own."""

    n_wanted: int
    until: float
    numbers: Any  # an iterator whose `next` is one step of Python's
    kinds: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    counting: threading.Lock = field(default_factory=threading.Lock)
    n_done: int = 0
    n_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at a moment."""

    seconds: float
    n_requests: int
    resident_bytes: int
    cache_bytes: int
    table_bytes: int
    pool_bytes: int


def serve(traffic: Traffic, compiler: Compiler, run: Run, n_in_progress: int, thread: int) -> None:
    """What one thread does until all is done."""
    chance = random.Random(thread)
    kinds: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    n_tokens = 0
    open_requests: list[tuple[str, Request]] = []
    is_ending = False
    while open_requests or not is_ending:
        while not is_ending and len(open_requests) < n_in_progress:
            number = next(run.numbers)
            is_ending = number >= run.n_wanted or time.monotonic() > run.until or len(run.faults) > 20
            if not is_ending:
                open_requests.append(traffic.request(compiler, number))
        still_open = []
        for kind, request in open_requests:
            try:
                if chance.random() < CANCELLED_SHARE / 20:
                    request.close()
                    kinds["cancelled"] += 1
                else:
                    next(request)
                    n_tokens += 1
                    still_open.append((kind, request))
                    continue
            except StopIteration:
                kinds[kind] += 1
            except MaskwrightError as error:
                errors[f"{kind}: {type(error).__name__}"] += 1
            except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
                run.faults.append(f"{kind}: {type(error).__name__}: {error}"[:300])
            with run.counting:
                run.n_done += 1
        open_requests = still_open
    with run.counting:
        run.kinds.update(kinds)
        run.errors.update(errors)
        run.n_tokens += n_tokens


def soak(
    traffic: Traffic, compiler: Compiler, *, n_requests: int, minutes: float, n_threads: int, n_in_progress: int = 8
) -> tuple[Run, list[Sample]]:
    """Serve so many requests, or for so many minutes; memory is looked at meanwhile."""
    begin = time.monotonic()
    run = Run(n_requests, begin + 60 * minutes, iter(range(1 << 60)))
    samples = []
    what = (traffic, compiler, run, n_in_progress)
    threads = [threading.Thread(target=serve, args=(*what, i), daemon=True) for i in range(n_threads)]
    for thread in threads:
        thread.start()
    moved = begin
    while any(thread.is_alive() for thread in threads):
        if not samples or samples[-1].n_requests < run.n_done:
            moved = time.monotonic()
        elif time.monotonic() > moved + STALLED_S:
            run.faults.append(f"no request has ended for {STALLED_S:g} s")
            break
        samples.append(
            Sample(
                time.monotonic() - begin,
                run.n_done,
                resident_bytes(),
                compiler.cache_figures.size_bytes,
                compiler.table_bytes,
                compiler.pool_bytes,
            )
        )
        for thread in threads:
            thread.join(SAMPLE_S / n_threads)
    return run, samples


def resident_bytes() -> int:
    """Memory of this process that is in the machine's."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def slope_percent(samples: list[Sample], left_out: float = WARM_UP_SHARE) -> float:
    """By how many percent of its mean memory grows in 30,000 requests, without the first ones; least squares."""
    first = left_out * samples[-1].n_requests
    kept = [one for one in samples if one.n_requests >= first]
    if len(kept) < 3 or kept[-1].n_requests == kept[0].n_requests:
        return float("nan")
    slope = np.polyfit([one.n_requests for one in kept], [one.resident_bytes for one in kept], 1)[0]
    return float(100 * slope * REQUESTS_PER_10_MIN / np.mean([one.resident_bytes for one in kept]))


def main(arguments: list[str] | None = None) -> int:
    """Serve, print, write; 1 if anything was wrong."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    options.output.mkdir(parents=True, exist_ok=True)
    with (
        tokenizer_folder(options.tokenizer or default_tokenizer()) as folder,
        tempfile.TemporaryDirectory(prefix="maskwright-soak-") as cache_folder,
        watched() as watch,
    ):
        os.environ[CACHE_DIR_VARIABLE] = cache_folder
        tokenizer = load_tokenizer(folder)
        vocabulary = Vocabulary.from_huggingface(tokenizer.huggingface)
        traffic = Traffic(vocabulary, tokenizer.encode, options.cases, options.seed)
        compiler = Compiler(
            vocabulary, max_bytes=int(options.max_mib * 2**20), cache_bytes=int(options.cache_mib * 2**20)
        )
        compiler.warm_up()
        traffic.prepare(compiler)
        traffic.record(Compiler(vocabulary))
        gc.collect()
        gc.freeze()  # as servers should (docs/serving.md)
        watch.forget()
        sys.setswitchinterval(options.switch_ms / 1e3)
        minutes = options.minutes if options.minutes is not None else float("inf")
        n_requests = options.requests if options.minutes is None else 1 << 60
        run, samples = soak(traffic, compiler, n_requests=n_requests, minutes=minutes, n_threads=options.threads)
        disk_bytes = sum(path.stat().st_size for path in Path(cache_folder).rglob("*") if path.is_file())
    _print(console, run, samples, watch, disk_bytes)
    target = options.output / f"{time.strftime('%Y%m%d-%H%M%S')}-soak.json"
    target.write_text(json.dumps(_as_json(options, run, samples, watch), indent=1))
    console.print(f"Written: {target}", highlight=False)
    return int(bool(run.faults))


def _print(console: Console, run: Run, samples: list[Sample], watch: Watch, disk_bytes: int) -> None:
    table = Table(title="Memory, MiB")
    for heading in ("requests", "s", "resident", "grammars kept", "tables", "pools"):
        table.add_column(heading, justify="right")
    for one in samples[:: max(1, len(samples) // 20)]:
        figures = (one.resident_bytes, one.cache_bytes, one.table_bytes, one.pool_bytes)
        table.add_row(f"{one.n_requests:,}", f"{one.seconds:,.0f}", *[f"{n / 2**20:,.1f}" for n in figures])
    console.print(table)
    locks = Table(title="Locks, ms held")
    for heading in ("", "times", "p99.9 by the clock", "longest", "p99.9 processor", "longest"):
        locks.add_column(heading, justify="left" if not heading else "right")
    for rank, (wall, cpu) in sorted(watch.by_rank().items()):
        figures_ms = [wall.quantile_ms(0.999), wall.longest_ns / 1e6, cpu.quantile_ms(0.999), cpu.longest_ns / 1e6]
        locks.add_row(rank, f"{wall.counts.total():,}", *[f"{ms:,.2f}" for ms in figures_ms])
    console.print(locks)
    longest_ms = watch.collections.longest_ns / 1e6
    console.print(
        f"{watch.collections.counts.total():,} garbage collections, the longest {longest_ms:.0f} ms", markup=False
    )
    for cpu_ns, wall_ns, where in sorted(watch.stacks, reverse=True)[:12]:
        console.print(f"{cpu_ns / 1e6:8.1f} ms ({wall_ns / 1e6:.1f}) {where}", markup=False, highlight=False)
    seconds = samples[-1].seconds
    console.print(f"{dict(run.kinds)}", markup=False)
    console.print(f"Errors: {dict(run.errors) or 'none'}", markup=False)
    console.print(f"Wrong: {run.faults or 'nothing'}", markup=False)
    console.print(
        f"{run.n_done:,} requests, {run.n_tokens:,} steps in {seconds:,.0f} s: {run.n_done / seconds:,.0f} requests/s; "
        f"memory grows by {slope_percent(samples):+.2f} % in 30,000 requests, in the second half by "
        f"{slope_percent(samples, 0.5):+.2f} %; {disk_bytes / 2**20:.1f} MiB on disk"
    )


def _as_json(options: argparse.Namespace, run: Run, samples: list[Sample], watch: Watch) -> dict[str, Any]:
    return {
        "machine": describe_machine(),
        "options": {name: str(value) for name, value in vars(options).items()},
        "requests": run.n_done,
        "kinds": run.kinds,
        "errors": run.errors,
        "wrong": run.faults,
        "seconds": samples[-1].seconds,
        "slope_percent_in_30000_requests": slope_percent(samples),
        "slope_percent_in_the_second_half": slope_percent(samples, 0.5),
        "malloc": {name: value for name, value in os.environ.items() if name.startswith("MALLOC_")},
        "locks": {
            rank: {
                "times": wall.counts.total(),
                "clock_p999_ms": wall.quantile_ms(0.999),
                "clock_longest_ms": wall.longest_ns / 1e6,
                "processor_p999_ms": cpu.quantile_ms(0.999),
                "processor_longest_ms": cpu.longest_ns / 1e6,
            }
            for rank, (wall, cpu) in watch.by_rank().items()
        },
        "longest": [
            {"processor_ms": cpu_ns / 1e6, "clock_ms": wall_ns / 1e6, "where": where}
            for cpu_ns, wall_ns, where in sorted(watch.stacks, reverse=True)
        ],
        "samples": [[one.seconds, one.n_requests, one.resident_bytes] for one in samples],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=180_000, help="(default: %(default)s)")
    parser.add_argument("--minutes", type=float, help="go on for so long instead")
    parser.add_argument("--threads", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument("--cases", type=int, default=4_500, help="development cases, if they are there")
    parser.add_argument("--max-mib", type=float, default=8, help="what a grammar may learn (default: %(default)s)")
    parser.add_argument("--cache-mib", type=float, default=64, help="grammars that are kept (default: %(default)s)")
    parser.add_argument(
        "--switch-ms", type=float, default=5, help="when Python gives another thread a turn (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: as python -m bench)")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
