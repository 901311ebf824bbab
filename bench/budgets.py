"""Does every text end whole and in time?  `python -m bench.budgets`: from the least budget on, by any tokens.

For each specification texts are written under `matcher(max_tokens=n)`, n from the least budget to 40 more: tokens drawn
evenly from the mask, and *adverse* ones, always one behind which the most must still follow. Each must end with an end
token after at most n tokens, be read by a matcher without a budget, and, for a schema, be JSON that `jsonschema` finds
valid (formats are not asked of it). Printed is also what the guarantee costs: the search for the least budget, and
masks near the end beside those of the plain matcher in the same run.

    python -m bench.budgets --sample 300 --runs 200
    python -m bench.budgets --sample 20 --runs 5 --tokenizer tokenizer-qwen2.tar.xz
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from jsonschema.validators import validator_for
from numpy.typing import NDArray

import maskwright as mw
from bench.__main__ import default_tokenizer
from bench.cases import data_home, read_cases, sample_cases
from bench.report import describe_machine
from bench.tokenizer import load_tokenizer, tokenizer_folder
from maskwright.errors import MaskwrightError
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.matcher import Matcher

MORE = 40
"""Budgets go from the least one to so many tokens more."""
CONTEXT_FREE = ("gbnf/json", "gbnf/arithmetic", "gbnf/csv", "gbnf/c_like", "ebnf/expression")
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"


@dataclass
class Figures:
    """What was found of one specification; times in seconds."""

    name: str
    least: int = 0
    is_exact: bool = True
    search_s: float = 0.0
    n_texts: int = 0
    n_tokens: int = 0
    faults: list[str] = field(default_factory=list)
    judged_invalid: int = 0
    mask_us: list[float] = field(default_factory=list)
    plain_mask_us: list[float] = field(default_factory=list)


class Writer:
    """Writes texts of one grammar."""

    def __init__(self, grammar: CompiledGrammar, rng: np.random.Generator) -> None:
        self.grammar = grammar
        self.rng = rng
        vocabulary = grammar.vocabulary
        self._ends = np.array(sorted(vocabulary.eos_token_ids))
        self._row = np.zeros((vocabulary.size + 31) // 32, np.int32)

    def write(self, max_tokens: int, figures: Figures, *, is_adverse: bool) -> bytes | None:
        """A text, or None for a dead end."""
        matcher = self.grammar.matcher(max_tokens=max_tokens)
        plain = self.grammar.matcher()
        while not matcher.is_finished():
            figures.plain_mask_us.append(self._timed(plain))
            figures.mask_us.append(self._timed(matcher))
            tokens = np.flatnonzero(np.unpackbits(self._row.view(np.uint8), bitorder="little"))
            if not len(tokens):
                return None
            if is_adverse:
                costs = self.grammar.outlook.ahead(matcher.trail).costs[tokens]
                costs = np.where(np.isin(tokens, self._ends), -1, costs)
                tokens = tokens[costs == costs.max()]
            token = int(self.rng.choice(tokens))
            matcher.accept_token(token)
            plain.accept_token(token)
            figures.n_tokens += 1
        if matcher.n_accepted > max_tokens:
            figures.faults.append(f"{matcher.n_accepted} tokens, {max_tokens} allowed")
        return b"".join(
            self.grammar.vocabulary.text_of(token) for token in matcher.trail.reads[:-1] if isinstance(token, int)
        )

    def _timed(self, matcher: Matcher) -> float:
        begin = time.perf_counter()
        matcher.fill_bitmask(self._row)
        return (time.perf_counter() - begin) * 1e6


def measured(name: str, grammar: CompiledGrammar, schema: object, runs: int, seed: int) -> Figures:
    """All texts of one specification; `schema` is None where it is none."""
    figures = Figures(name)
    begin = time.perf_counter()
    figures.least = grammar.least_tokens()
    figures.search_s = time.perf_counter() - begin
    rng = np.random.default_rng(seed)
    writer = Writer(grammar, rng)
    validator = None if schema is None else validator_for(schema)(schema)
    for run in range(runs):
        for is_adverse in (False, True):
            budget = figures.least + (int(rng.integers(0, MORE + 1)) if run else 0)
            text = writer.write(budget, figures, is_adverse=is_adverse)
            figures.n_texts += 1
            if text is None:
                figures.faults.append(f"a dead end with {budget} tokens")
                continue
            plain = grammar.matcher()
            try:
                plain.accept_bytes(text)
                if not plain.is_accepting():
                    figures.faults.append(f"not whole: {text!r}"[:200])
                if validator is not None and not validator.is_valid(json.loads(text)):
                    figures.judged_invalid += 1
            except (MaskwrightError, ValueError) as error:
                figures.faults.append(f"{error}"[:200])
    figures.is_exact = grammar.outlook.is_exact
    return figures


def main(arguments: list[str] | None = None) -> int:
    """Run, print and save; 1 if a text was cut or is not whole."""
    options = _parser().parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    found: list[Figures] = []
    n_refused = 0
    with ExitStack() as stack:
        folder = stack.enter_context(tokenizer_folder(options.tokenizer or default_tokenizer()))
        compiler = mw.Compiler(mw.Vocabulary.from_huggingface(load_tokenizer(folder).huggingface))
        for name in CONTEXT_FREE:
            path = SCHEMAS / f"{name}.{name.split('/')[0]}"
            compile_ = compiler.compile_gbnf if path.suffix == ".gbnf" else compiler.compile_ebnf
            found.append(_told(measured(name, compile_(path.read_text()), None, options.runs, options.seed)))
        cases = options.cases or data_home() / "maskbench-dev.tar.xz"
        for number, case in enumerate(sample_cases(read_cases(cases), options.sample, options.seed)):
            try:
                grammar = compiler.compile_json_schema(case.schema)
                figures = measured(case.name, grammar, json.loads(case.schema), options.runs, number)
            except MaskwrightError as error:
                n_refused += 1
                print(f"{case.name}: refused, {error}"[:160], flush=True)
                continue
            found.append(_told(figures))
    _summary(found, n_refused)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    lines = [
        {**asdict(one), "mask_us": _spread(one.mask_us), "plain_mask_us": _spread(one.plain_mask_us)} for one in found
    ]
    target = options.output / f"{stamp}-budgets.json"
    target.write_text(json.dumps({"machine": describe_machine(), "refused": n_refused, "cases": lines}, indent=1))
    print(f"Written: {target}")
    return int(any(one.faults for one in found))


def _told(figures: Figures) -> Figures:
    faults = f"; {len(figures.faults)} FAULTS: {figures.faults[0]}" if figures.faults else ""
    judged = f"; {figures.judged_invalid} found invalid by jsonschema" if figures.judged_invalid else ""
    print(
        f"{figures.name}: least {figures.least}, found in {figures.search_s * 1e3:.0f} ms, {figures.n_texts} texts, "
        f"{figures.n_tokens} tokens{judged}{faults}",
        flush=True,
    )
    return figures


def _spread(values: list[float]) -> list[float]:
    """p50, p90, p99 and the greatest."""
    return [float(one) for one in np.quantile(values, [0.5, 0.9, 0.99, 1])] if values else []


def _summary(found: list[Figures], n_refused: int) -> None:
    search = np.array([one.search_s for one in found]) * 1e3
    masks: NDArray[np.float64] = np.concatenate([one.mask_us for one in found])
    plain: NDArray[np.float64] = np.concatenate([one.plain_mask_us for one in found])
    n_faults = sum(len(one.faults) for one in found)
    n_texts = sum(one.n_texts for one in found)
    n_tokens, n_invalid = sum(one.n_tokens for one in found), sum(one.judged_invalid for one in found)
    print(
        f"{len(found)} specifications ({n_refused} refused), {n_texts} texts, {n_tokens} tokens: "
        f"{n_faults} faults, {n_invalid} found invalid by jsonschema"
    )
    print(f"least budget: ms p50, p90, p99, max = {_spread(search.tolist())}")
    print(f"mask with a budget: us p50, p90, p99, max = {_spread(masks.tolist())}")
    print(f"mask without:       us p50, p90, p99, max = {_spread(plain.tolist())}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.budgets", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, help="a folder or archive of cases (default: the development cases)")
    parser.add_argument("--sample", type=int, default=300, help="so many of them (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=200, help="texts of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokenizer", type=Path, help="a Hugging Face folder or archive (default: as python -m bench)")
    parser.add_argument("--output", type=Path, default=Path("bench/results"), help="(default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
