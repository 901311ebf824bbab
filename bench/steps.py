"""What each step of finding a mask brings, from the naive loop up: `python -m bench.steps`.

The same masks, found in five ways at a few places of one schema, all with warm caches and all configurations known, so
that only the way differs: the median of many runs on one pinned core. Every way must give the same mask, or it stops.

1. every token    read the bytes of every token
2. trie           walk the trie of all tokens
3. split          take what the vocabulary knows of strings, blanks and numbers, walk only the rest
4. kept           write out the mask that was kept
5. finished row   copy the row: what a matcher does at a place that it knows
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import maskwright as mw
from bench.__main__ import choose_core, default_tokenizer
from bench.report import time_text
from bench.tokenizer import load_tokenizer, tokenizer_folder
from maskwright._numba import kernel
from maskwright.automata._configurations import advance
from maskwright.automata._layout import IS_ACCEPTING, MASK
from maskwright.matching._masks import fill, find_plain_mask

SCHEMA = """{"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"},
"tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}}}, "required": ["name"],
"additionalProperties": false}"""
PLACES = {
    "before the first member": b"{",
    "in a name": b'{"na',
    "in a string": b'{"name": "abc',
    "in a number": b'{"name": "abc", "size": 12',
    "between members": b'{"name": "abc"',
}
WAYS = ("every token", "trie", "split", "kept", "finished row")
SECONDS_EACH = 0.2


@kernel
def naive_mask(arena: Any, scratch: Any, configuration: Any, token_start: Any, token_data: Any, row: Any) -> int:
    """Set the bit of every token that can be read; 0, or a NEED code."""
    for word in range(row.size):
        row[word] = 0
    for token in range(token_start.size - 1):
        code = advance(arena, scratch, configuration, token_start, token_data, token)
        if code < 0:
            return code
        if code > 0:
            row[token >> 5] |= np.int32(np.int64(1) << (token & 31))
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 if two ways differ."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.steps", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: as python -m bench)")
    options = parser.parse_args(arguments)
    console = Console() if sys.stdout.isatty() else Console(width=120)
    core = choose_core(None)
    if core is not None:
        os.sched_setaffinity(0, {core})
    with ExitStack() as stack:
        tokenizer = load_tokenizer(stack.enter_context(tokenizer_folder(options.tokenizer or default_tokenizer())))
    vocabulary = mw.Vocabulary.from_huggingface(tokenizer.huggingface)
    grammar = mw.Compiler(vocabulary).compile_json_schema(SCHEMA)
    table = Table(title=f"One mask, {tokenizer.name} ({vocabulary.size:,} tokens), median of warm runs")
    for heading in ("place", "tokens", *WAYS):
        table.add_column(heading, justify="left" if heading == "place" else "right")
    for name, text in PLACES.items():
        times, n_tokens = times_at(grammar, text)
        if times is None:
            console.print(f"{name}: two ways give different masks")
            return 1
        table.add_row(name, f"{n_tokens:,}", *(time_text(one) for one in times))
    console.print(table)
    return 0


def times_at(grammar: mw.CompiledGrammar, text: bytes) -> tuple[list[float] | None, int]:
    """Microseconds for each of the WAYS behind a text, and how many tokens are allowed; None if ways differ."""
    matcher = grammar.matcher()
    matcher.accept_bytes(text)
    row, expected = mw.allocate_bitmask(2, grammar.vocabulary.size)
    for _ in range(3):
        matcher.fill_bitmask(expected)
    network, tables, rows = grammar._network, grammar._tables, grammar._rows
    arena, scratch, here = network.arena, network.scratch, matcher.place.configuration
    token_start, token_data = grammar.vocabulary.token_start, grammar.vocabulary.token_data

    def naive() -> None:
        while (code := naive_mask(arena, scratch, here, token_start, token_data, row)) < 0:
            network.provide(code)
        if arena[here + IS_ACCEPTING]:
            for token in grammar.vocabulary.eos_token_ids:
                row[token >> 5] |= np.array(1 << (token & 31), dtype=np.uint32).view(np.int32)

    def trie() -> None:
        while (code := find_plain_mask(arena, scratch, tables.arena, rows, here)) < 0:
            network.provide(code)
        fill(arena, scratch, here, tables.arena, rows, row)

    def split() -> None:
        arena[here + MASK] = 0
        fill(arena, scratch, here, tables.arena, rows, row)

    def kept() -> None:
        fill(arena, scratch, here, tables.arena, rows, row)

    def finished() -> None:
        matcher.fill_bitmask(row)

    times = []
    for way in (naive, trie, split, kept, finished):
        way()
        if not np.array_equal(row, expected):
            return None, 0
        times.append(median_of(way))
    return times, len(mw.allowed_tokens(expected, grammar.vocabulary.size))


def median_of(way: Callable[[], None]) -> float:
    """The median time of a call in microseconds."""
    times = []
    until = time.perf_counter() + SECONDS_EACH
    while time.perf_counter() < until or len(times) < 5:
        begin = time.perf_counter_ns()
        way()
        times.append(time.perf_counter_ns() - begin)
    return float(np.median(times)) / 1e3


if __name__ == "__main__":
    sys.exit(main())
