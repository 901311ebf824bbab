"""`make mutation`: how many small faults in `matching/` and `automata/` do the tests notice?

    python -m scripts.mutation --folder /tmp/mutation --sample 800        # judge; again to go on where it was ended
    python -m scripts.mutation --folder /tmp/mutation --report            # what was found so far
    python -m scripts.mutation --folder /tmp/mutation --again --budget 120  # survivors, with more tests

The sample is drawn by files, each with its share of all mutants and three at least, in an order that depends on the
seed alone, so that what was judged when it is ended early is a sample too. `mutants` says what is changed, `judging`
how it is judged. Results are lines of JSON in the folder; the last one of a mutant counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from scripts.mutation.judging import FEW, SLOWEST_S, TARGETS, Judge, is_kernel_file
from scripts.mutation.mutants import Mutant, mutants_of

TESTS = ("tests/automata", "tests/matching")


def all_mutants() -> dict[str, list[Mutant]]:
    """Those of every file."""
    paths = sorted(str(path) for target in TARGETS for path in Path(target).rglob("*.py"))
    return {path: found for path in paths if (found := mutants_of(path))}


def sample(n: int, seed: int) -> list[Mutant]:
    """About n mutants, by files."""
    by_file = all_mutants()
    total = sum(map(len, by_file.values()))
    rng = random.Random(seed)
    chosen: list[Mutant] = []
    for mutants in by_file.values():
        share = min(len(mutants), max(3, round(n * len(mutants) / total)))
        chosen += rng.sample(mutants, share)
    rng.shuffle(chosen)
    return chosen


def results_in(folder: Path) -> dict[str, dict[str, object]]:
    """The last result of every mutant, by its name."""
    path = folder / "results.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {row["name"]: row for row in rows}


def report(folder: Path) -> None:
    """Print the share that was killed, by file, and the survivors."""
    results = results_in(folder)
    sizes = {path: len(mutants) for path, mutants in all_mutants().items()}
    by_file: dict[str, Counter[bool]] = defaultdict(Counter)
    for row in results.values():
        by_file[str(row["path"])][str(row["outcome"]).startswith("killed")] += 1
    for row in sorted(results.values(), key=lambda row: (row["path"], row["line"])):
        if not str(row["outcome"]).startswith("killed"):
            where = f"{row['path']}:{row['line']} {row['function']}"
            print(f"{row['outcome']:10} {where} [{row['n_tests']}]\n    {row['before']}\n    {row['after']}")
    print()
    for path, counts in sorted(by_file.items()):
        print(f"{counts[True]:5} of {counts.total():4}  {path}")
    judged = sum(counts.total() for counts in by_file.values())
    killed = sum(counts[True] for counts in by_file.values())
    weight = sum(sizes[path] for path in by_file)
    share = sum(sizes[path] * counts[True] / counts.total() for path, counts in by_file.items()) / weight
    error = (
        sum(
            (sizes[path] / weight) ** 2 * (p := (counts[True] + 1) / (counts.total() + 2)) * (1 - p) / counts.total()
            for path, counts in by_file.items()
        )
        ** 0.5
    )
    print(f"\n{killed} of {judged} mutants were killed: {killed / judged:.1%}")
    print(f"Weighted by files, for all {weight} mutants: {share:.1%} ± {1.96 * error:.1%} (95 %)")


def main() -> None:
    """Judge, or report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=12.0, help="seconds of tests for a mutant")
    parser.add_argument("--slowest", type=float, default=SLOWEST_S, help="leave out tests that take so many seconds")
    parser.add_argument("--cases", type=int, default=FEW, help="so many cases of each test")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="only the tests in these files and folders")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no other mutant after that")
    parser.add_argument("--again", action="store_true", help="judge those again that survived")
    parser.add_argument("--only", default="", help="only files whose path contains this")
    parser.add_argument("--compiled", action="store_true", help="kernels too are compiled: slow, but all tests count")
    parser.add_argument("--part", choices=("kernels", "others", "both"), default="both")
    parser.add_argument("--report", action="store_true")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if chosen.report:
        report(chosen.folder)
        return
    known = results_in(chosen.folder)
    drawn = [mutant for mutant in sample(chosen.sample, chosen.seed) if chosen.only in mutant.path]
    if chosen.again:
        drawn = [one for one in drawn if not str(known.get(one.name, {}).get("outcome", "killed")).startswith("killed")]
    else:
        drawn = [one for one in drawn if one.name not in known]
    until = float(os.environ.get("MUTATION_UNTIL", time.time() + 60 * chosen.minutes))
    if chosen.compiled or os.environ.get("NUMBA_DISABLE_JIT") == "1":
        drawn = [mutant for mutant in drawn if is_kernel_file(mutant.path)]
    else:
        if chosen.part != "others":
            environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "MUTATION_UNTIL": str(until)}
            subprocess.run([sys.executable, "-m", "scripts.mutation", *sys.argv[1:]], env=environment, check=True)
        drawn = [mutant for mutant in drawn if not is_kernel_file(mutant.path) and chosen.part != "kernels"]
    if drawn:
        os.environ["HYPOTHESIS_PROFILE"] = "mutation"
        judge = Judge(
            chosen.folder,
            drawn,
            budget_s=chosen.budget,
            slowest_s=chosen.slowest,
            n_cases=chosen.cases,
            until=until,
        )
        pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *chosen.tests], plugins=[judge])


if __name__ == "__main__":
    main()
