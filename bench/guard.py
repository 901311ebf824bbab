"""A guard against slowdowns that no clock is needed for: `python -m bench.guard`.

Five fixed workloads (workloads/guarded.py) are run twice with a grammar fresh from the compiler: in the *first* pass it
learns, in the *second* it should only look up. What is counted in each: the operations that the kernels themselves
count (bytes read, nodes of the trie walked, configurations, frames and rows made: whatever `CompiledGrammar.memory`
has that is called `n_...`), and the bytes of what all grammars of a vocabulary share. The counts depend on nothing but
the code, so a change by more than 5 % in either direction has a reason, and a test in tests/bench asks for it.

With `--instructions`, machine instructions as well, counted by valgrind's callgrind (see instructions.py): a minute,
and some more after a change of a kernel. Run to run they differ by a thousandth; they belong to the versions of Python,
numpy and numba that are noted with them, and are compared with no others.

    python -m bench.guard                         # compare with guard_baseline.json
    python -m bench.guard --instructions
    python -m bench.guard --update [--instructions]   # after a change that is meant; say why in the commit

Rejected: `perf stat`, which few containers and virtual machines allow; times, which need a machine of their own.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import maskwright as mw
from bench.__main__ import BUNDLED_TOKENIZER, WIDTH_OF_FILES
from bench.workloads.guarded import GuardedWorkload, guarded_workloads
from maskwright.disk_cache import CACHE_DIR_VARIABLE

BASELINE = Path(__file__).parent / "guard_baseline.json"
TOLERANCE = 0.05

Counts = dict[str, dict[str, int]]
"""Pass of a workload ("sql, first") -> what is counted -> how many."""


def main(arguments: list[str] | None = None) -> int:
    """Count and compare, or update the baseline; 1 if something has changed, 2 if callgrind is missing."""
    options = _parser().parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    now: dict[str, Any] = {"operations": count_operations()}
    if options.instructions:
        from bench.instructions import count_instructions, versions

        try:
            now["instructions"] = {"versions": versions(), "counts": count_instructions()}
        except FileNotFoundError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    if options.update:
        # Instructions that were not counted anew are those of other code.
        BASELINE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        console.print(f"Written: {BASELINE}", highlight=False)
        return 0
    changes = differences(baseline.get("operations", {}), now["operations"])
    _print_counts(console, "Operations", baseline.get("operations", {}), now["operations"])
    if options.instructions:
        told = baseline.get("instructions", {"versions": None, "counts": {}})
        comparable = told["versions"] == now["instructions"]["versions"]
        _print_counts(console, "Instructions", told["counts"] if comparable else {}, now["instructions"]["counts"])
        if comparable:
            changes += differences(told["counts"], now["instructions"]["counts"])
        else:
            console.print(f"No baseline of instructions for {now['instructions']['versions']}", highlight=False)
    for change in changes:
        console.print(change, markup=False, highlight=False)
    console.print("Changed: python -m bench.guard --update, and say why" if changes else "Nothing has changed")
    return int(bool(changes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.guard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="write the baseline instead of comparing with it")
    parser.add_argument("--instructions", action="store_true", help="machine instructions too (needs valgrind)")
    return parser


def count_operations() -> Counts:
    """What the kernels count, per pass. The cache on disk is switched off meanwhile, as it would take work away."""
    before = os.environ.get(CACHE_DIR_VARIABLE)
    os.environ[CACHE_DIR_VARIABLE] = ""
    try:
        return {name: counts for workload in guarded_workloads() for name, counts in _count(workload)}
    finally:
        if before is None:
            del os.environ[CACHE_DIR_VARIABLE]
        else:
            os.environ[CACHE_DIR_VARIABLE] = before


def _count(workload: GuardedWorkload) -> Iterator[tuple[str, dict[str, int]]]:
    compiler, grammar, run = prepare(workload)
    earlier = dict.fromkeys(_counters(compiler, grammar), 0)
    for name in ("first", "second"):
        run()
        counters = _counters(compiler, grammar)
        yield f"{workload.name}, {name}", {key: count - earlier[key] for key, count in counters.items()}
        earlier = counters


def _counters(compiler: mw.Compiler, grammar: mw.CompiledGrammar) -> dict[str, int]:
    counts = {name: count for name, count in asdict(grammar.memory).items() if name.startswith("n_")}
    return {**counts, "shared_bytes": compiler.table_bytes}


def prepare(workload: GuardedWorkload) -> tuple[mw.Compiler, mw.CompiledGrammar, Callable[[], None]]:
    """A compiler of its own, the grammar, and one pass over the texts."""
    tokenizer = _tokenizer()
    vocabulary = mw.Vocabulary.from_huggingface(tokenizer, eos_token_ids=tokenizer.token_to_id("<|eos|>"))
    compiler = mw.Compiler(vocabulary)
    grammar = getattr(compiler, f"compile_{workload.notation}")(workload.specification)
    texts = [tokenizer.encode(text, add_special_tokens=False).ids for text in workload.texts]
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    return compiler, grammar, partial(_run, grammar, texts, row)


def _tokenizer() -> Any:
    import tokenizers

    return tokenizers.Tokenizer.from_file(str(BUNDLED_TOKENIZER / "tokenizer.json"))


def _run(grammar: mw.CompiledGrammar, texts: list[list[int]], row: Any) -> None:
    for tokens in texts:
        matcher = grammar.matcher()
        for token in tokens:
            matcher.fill_bitmask(row)
            matcher.accept_token(token)
        matcher.fill_bitmask(row)
        assert matcher.is_accepting(), "the texts are valid"


def differences(baseline: Mapping[str, Mapping[str, int]], now: Mapping[str, Mapping[str, int]]) -> list[str]:
    """One sentence for every count that differs by more than the tolerance, or is in one of the two only."""
    told = []
    for name in dict.fromkeys([*baseline, *now]):
        then_counts, now_counts = baseline.get(name, {}), now.get(name, {})
        if not then_counts:
            told.append(f"{name}: not in the baseline")
            continue
        for key in dict.fromkeys([*then_counts, *now_counts]):
            then, count = then_counts.get(key), now_counts.get(key)
            if then is None or count is None:
                told.append(f"{name}: {key} is {'not' if then is None else 'only'} in the baseline")
            elif abs(count - then) > math.ceil(TOLERANCE * then):
                told.append(f"{name}: {key} {then:,} -> {count:,} ({_change(then, count)})")
    return told


def _change(then: int, now: int) -> str:
    return f"{100 * (now - then) / then:+.1f} %" if then else "from nothing"


def _print_counts(
    console: Console, title: str, baseline: Mapping[str, Mapping[str, int]], now: Mapping[str, Mapping[str, int]]
) -> None:
    table = Table(title=f"{title}, and the change from the baseline")
    table.add_column("")
    keys = list(dict.fromkeys(key for counts in now.values() for key in counts))
    for key in keys:
        table.add_column(key.removeprefix("n_").replace("_", " "), justify="right")
    for name, counts in now.items():
        cells = []
        for key in keys:
            then, count = baseline.get(name, {}).get(key), counts[key]
            cells.append(f"{count:,}" if then in {None, count} else f"{count:,} ({_change(then or 0, count)})")
        table.add_row(name, *cells)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
