"""Draft trees judged in one call: `python -m bench.draft_trees`, beside XGrammar's `traverse_draft_tree`.

Trees of 8 to 64 nodes hang on places of valid texts of the development cases that both engines compile. Of a node's
drafts most go on as the text does and some are random tokens, as a draft model would have it. Timed is one call for the
whole tree, in processor time of one thread; both engines see the same trees, and take turns.

    python -m bench.draft_trees --tokenizer llama3.tar.xz --cases 40
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.cases import Case, data_home, read_cases
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder

SIZES = (8, 16, 32, 64)
REPEATS = 7
LEGAL_SHARE = 0.8
"""How many drafts are the tokens of the text; the others are drawn from the whole vocabulary."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by parent (-1: the text itself) and token, and the text that they hang on."""

    prefix: list[int]
    parents: list[int]
    drafts: list[int]


def random_tree(chance: random.Random, tokens: list[int], size: int, vocabulary: int) -> Tree:
    """A tree of so many nodes behind a random prefix of a text."""
    cut = chance.randrange(len(tokens))
    parents: list[int] = []
    depths: list[int] = []
    drafts: list[int] = []
    for node in range(size):
        parent = chance.randrange(-1, node)
        depth = 0 if parent < 0 else depths[parent] + 1
        follows = cut + depth < len(tokens) and chance.random() < LEGAL_SHARE
        parents.append(parent)
        depths.append(depth)
        drafts.append(tokens[cut + depth] if follows else chance.randrange(vocabulary))
    return Tree(tokens[:cut], parents, drafts)


def links(tree: Tree) -> tuple[Any, Any, Any]:
    """The tree as XGrammar takes it: first children, next siblings and tokens, node 0 the text itself."""
    import torch

    n = len(tree.parents) + 1
    first_child, next_sibling = [-1] * n, [-1] * n
    for node in range(n - 1, 0, -1):
        parent = tree.parents[node - 1] + 1
        next_sibling[node], first_child[parent] = first_child[parent], node
    return torch.tensor(first_child), torch.tensor(next_sibling), torch.tensor([0, *tree.drafts])


def best_of(call: Callable[[], object]) -> float:
    """Microseconds of a call, the median of some after one that is not counted."""
    call()
    times = []
    for _ in range(REPEATS):
        began = time.thread_time()
        call()
        times.append(time.thread_time() - began)
    return 1e6 * float(np.median(times))


def measure(tokenizer: Tokenizer, cases: list[Case], wanted: int, seed: int) -> dict[int, dict[str, list[float]]]:
    """Microseconds of a tree by its size and engine."""
    import xgrammar

    import maskwright as mw
    from maskwright.errors import MaskwrightError
    from maskwright.matching.draft_tree import judge_draft_tree

    compiler = mw.Compiler(mw.Vocabulary.from_huggingface(tokenizer.huggingface, size=tokenizer.size))
    info = xgrammar.TokenizerInfo.from_huggingface(tokenizer.huggingface, vocab_size=tokenizer.size)
    foreign = xgrammar.GrammarCompiler(info)
    chance = random.Random(seed)
    times: dict[int, dict[str, list[float]]] = {size: {"maskwright": [], "xgrammar": []} for size in SIZES}
    mask = mw.allocate_bitmask(max(SIZES) + 1, tokenizer.size)
    foreign_mask = xgrammar.allocate_token_bitmask(max(SIZES) + 1, tokenizer.size)
    n_used = 0
    for case in chance.sample(cases, len(cases)):
        texts = [tokenizer.encode(one.text) for one in case.instances if one.valid]
        try:
            matcher = compiler.compile_json_schema(case.schema).matcher()
            theirs = xgrammar.GrammarMatcher(foreign.compile_json_schema(case.schema))
        except (MaskwrightError, RuntimeError):
            continue
        texts = [tokens for tokens in texts if tokens and matcher.validate_tokens(tokens) == len(tokens)]
        if not texts or not all(theirs.accept_token(token) for token in texts[0]):
            continue
        n_used += 1
        for size in SIZES:
            tree = random_tree(chance, texts[0], size, tokenizer.size)
            matcher.reset()
            matcher.accept_tokens(tree.prefix)
            theirs.reset()
            for token in tree.prefix:
                theirs.accept_token(token)
            calls: dict[str, Callable[[], object]] = {
                "maskwright": partial(judge_draft_tree, matcher, tree.parents, tree.drafts, mask),
                "xgrammar": partial(theirs.traverse_draft_tree, *links(tree), foreign_mask[: size + 1]),
            }
            for engine in chance.sample(list(calls), 2):
                times[size][engine].append(best_of(calls[engine]))
        if n_used == wanted:
            break
    print(f"{n_used} schemas")
    return times


def main() -> None:
    """Run, print and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, default=data_home() / "tokenizer-llama3.tar.xz")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args()
    with tokenizer_folder(chosen.tokenizer) as folder:
        tokenizer = load_tokenizer(folder)
    times = measure(tokenizer, read_cases(data_home() / "maskbench-dev.tar.xz"), chosen.cases, chosen.seed)
    table = Table(title="µs for each node of a draft tree, masks of all nodes included")
    for column in ("nodes", "engine", "mean", "p50", "p90", "max"):
        table.add_column(column, justify="right")
    values = []
    for size, engines in times.items():
        for engine, trees in engines.items():
            figures = np.array(trees) / size
            row = [figures.mean(), np.median(figures), np.percentile(figures, 90), figures.max()]
            values.append({"nodes": size, "engine": engine, "us": [float(figure) for figure in row]})
            table.add_row(str(size), engine, *(f"{figure:.2f}" for figure in row))
    Console(width=100).print(table)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
