"""Millions of inputs over all targets, one report: `python -m tests.fuzz.inputs --count 2000`.

python -m tests.fuzz.inputs --count 100000 --engine structure --folder OUT      # of each target
python -m tests.fuzz.inputs --engine coverage lark regex --minutes 10           # needs atheris
python -m tests.fuzz.inputs --again FILE ...                                    # inputs kept in failures/ or seeds/
python -m tests.fuzz.inputs --report OUT                                        # what was done there so far
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import maskwright as mw
from maskwright.disk_cache import CACHE_DIR_VARIABLE
from tests.fuzz.inputs.shrinking import shrunk
from tests.fuzz.inputs.target import Target, bench_compiler, tried
from tests.fuzz.inputs.targets import TARGETS
from tests.fuzz.inputs.watching import run_target


def main(arguments: list[str] | None = None) -> int:
    """0 if nothing failed."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    if options.again:
        return _try_again(console, options.again, shrink=options.shrink)
    if options.report is None:
        options.report = options.folder or Path(tempfile.mkdtemp(prefix="maskwright-fuzz-"))
        _run(console, options, options.report)
    return _report(console, options.report)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.inputs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--engine", choices=["structure", "coverage", "both"], default="both")
    parser.add_argument("--count", type=int, default=2000, help="of inputs for each target and engine (default: 2000)")
    parser.add_argument("--minutes", type=float, default=60.0, help="for each target and engine, at most (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: 0)")
    parser.add_argument("--folder", type=Path, help="where failures, inputs and counts go (default: a temporary one)")
    parser.add_argument("--again", type=Path, nargs="+", metavar="FILE", help="try these inputs, named TARGET-...")
    parser.add_argument("--shrink", action="store_true", help="with --again: make failing inputs small, in place")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="only show what was done there")
    return parser


def _run(console: Console, options: argparse.Namespace, folder: Path) -> None:
    engines = ["structure", "coverage"] if options.engine == "both" else [options.engine]
    if "coverage" in engines and importlib.util.find_spec("atheris") is None:
        console.print("Without atheris inputs are made by structure only (tests/fuzz/inputs/README.md).")
        engines.remove("coverage")
    folder.mkdir(parents=True, exist_ok=True)
    bench_compiler().warm_up()  # so that machine code is on disk, and no input waits for it to be compiled
    for name in options.targets or TARGETS:
        for engine in engines:
            counts = run_target(name, engine, folder, options.count, options.seed, 60 * options.minutes)
            told = {"target": name, "engine": engine, "at": time.strftime("%H:%M:%S"), **asdict(counts)}
            with (folder / "counts.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")
            console.print(told, soft_wrap=True)


def _report(console: Console, folder: Path) -> int:
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in (folder / "counts.jsonl").read_text("utf-8").splitlines():
        told: dict[str, Any] = json.loads(line)
        for key in ("begun", "read", "refused", "failed", "seconds"):
            sums[told["target"], told["engine"]][key] += told[key]
    table = Table("target", "engine", "inputs", "read", "refused", "failed", "seconds", "ms each")
    for (name, engine), one in sorted(sums.items()):
        begun, seconds = one["begun"], one["seconds"]
        numbers = [f"{one[key]:,.0f}" for key in ("begun", "read", "refused", "failed", "seconds")]
        table.add_row(name, engine, *numbers, f"{1e3 * seconds / max(begun, 1):.2f}")
    console.print(table)
    console.print(f"{sum(one['begun'] for one in sums.values()):,.0f} inputs; failures in {folder / 'failures'}:")
    found = sorted((folder / "failures").glob("*.json")) if (folder / "failures").exists() else []
    for path in found:
        told = json.loads(path.read_text("utf-8"))
        console.print(f"  {path.stem}: {told['signature']}: {told['message'][:150]}", markup=False, soft_wrap=True)
    return int(bool(found))


def _try_again(console: Console, paths: list[Path], *, shrink: bool) -> int:
    compiler = bench_compiler()
    compiler.warm_up()
    os.environ[CACHE_DIR_VARIABLE] = ""
    n_failed = 0
    for path in paths:
        target = TARGETS[path.name.split("-", 1)[0]]
        content = path.read_bytes()
        begin = time.process_time()
        verdict, failure = tried(target, content, compiler)
        seconds = time.process_time() - begin
        if failure is not None:
            n_failed += 1
            if shrink:
                content = shrunk(content, partial(_fails_alike, target, compiler, failure.signature))
                path.write_bytes(content)
        why = "" if failure is None else f"{failure.signature}: {failure.message}"
        line = f"{path.name}: {verdict.value} in {seconds:.2f} s {why}\n    {content[:600]!r}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return int(bool(n_failed))


def _fails_alike(target: Target, compiler: mw.Compiler, signature: str, content: bytes) -> bool:
    _, failure = tried(target, content, compiler)
    return failure is not None and failure.signature == signature


if __name__ == "__main__":
    sys.exit(main())
