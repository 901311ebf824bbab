"""Seeds shared out to processes; a module of its own because spawned processes import what they run by name."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.fuzz.check import Bench, Outcome, byte_bench, check_seed
from tests.fuzz.walks import Walker

CHUNK = 20
_bench: list[Bench] = []


def outcomes_of(
    seeds: Iterable[int], n_workers: int, n_walks: int, tokenizer: Path | None, default_options: bool
) -> Iterator[Outcome]:
    """The outcome of every seed, as they come."""
    if n_workers <= 1:
        yield from map(partial(check_one, bench=bench_with(n_walks, tokenizer, default_options)), seeds)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(n_workers, _set_up, (n_walks, tokenizer, default_options)) as pool:
        yield from pool.imap_unordered(_check, seeds, CHUNK)


def bench_with(n_walks: int, tokenizer: Path | None, default_options: bool) -> Bench:
    """What a process needs, with a real vocabulary if there is a tokenizer."""
    bench = byte_bench(n_walks, default_options=default_options)
    if tokenizer is None:
        return bench
    from transformers import AutoTokenizer

    huggingface = AutoTokenizer.from_pretrained(str(tokenizer), local_files_only=True)
    real = Compiler(Vocabulary.from_huggingface(huggingface))
    return replace(bench, real=real, real_walker=Walker(real.vocabulary))


def check_one(seed: int, bench: Bench) -> Outcome:
    """The outcome of a seed; an error in the checking itself names the seed."""
    try:
        return check_seed(seed, bench)
    except Exception as error:
        raise RuntimeError(f"checking failed at seed {seed}: {error!r}") from error


def _set_up(n_walks: int, tokenizer: Path | None, default_options: bool) -> None:
    _bench[:] = [bench_with(n_walks, tokenizer, default_options)]


def _check(seed: int) -> Outcome:
    return check_one(seed, _bench[0])
