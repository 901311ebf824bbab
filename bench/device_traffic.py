"""What `ResidentRows` sends for texts in step: bytes a sequence, beside the packed bitmask that it replaces.

A batch as in `bench.batch`, a grammar for every four sequences: every step has a mask for each sequence, then each
reads a token; a text that ends gives way to the next of its schema. A pass lasts until every sequence has read all its
texts, so in the first one grammars meet them for the first time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import maskwright as mw
from bench.batch import candidates, n_grammars_of, workload_of
from bench.batch_measure import Positions
from bench.cases import WORKLOADS, data_home, read_cases
from bench.tokenizer import Tokenizer
from maskwright.integrations.torch_masks import ResidentRows, StepMasks, Traffic, rows_of
from maskwright.matching.bitmask import is_allowed, n_mask_words

N_PASSES = 4
SPARE = 8
"""Candidates beyond those that are wanted, as a schema may be refused."""


@dataclass(frozen=True, slots=True)
class TrafficFigures:
    """One pass of one batch; counts are those of `Traffic`."""

    n_sequences: int
    n_grammars: int
    number: int
    n_steps: int
    n_finished: int
    n_unfinished: int
    bytes_per_sequence: float
    bitmask_bytes: int
    """Of one sequence's row, which would be sent each step."""


def measure_traffic(tokenizer: Tokenizer, cases: Path | None, n_sequences: int) -> list[TrafficFigures]:
    """Some passes of a batch; raises ValueError where a mask lacks the token that comes next."""
    vocabulary = mw.Vocabulary.from_huggingface(tokenizer.huggingface)
    compiler = mw.Compiler(vocabulary)
    n_grammars = n_grammars_of("mixed", n_sequences)
    archive = data_home() / "maskbench-dev.tar.xz"
    found = read_cases(cases or (archive if archive.exists() else WORKLOADS))
    questions, grammars = [], []
    for question in candidates(found, tokenizer, n_grammars + SPARE):
        try:
            grammars.append(compiler.compile_json_schema(question.schema))
        except mw.MaskwrightError:
            continue
        questions.append(question)
        if len(questions) == n_grammars:
            break
    workload = workload_of("mixed", n_sequences, questions)
    matchers = [grammars[schema].matcher() for schema in workload.schema_of]
    positions = Positions(workload)
    resident = ResidentRows(vocabulary.size, "cpu")
    n_steps = max(sum(map(len, texts)) for texts in workload.texts)
    figures = []
    for number in range(1, N_PASSES + 1):
        before = replace(resident.traffic)
        for _ in range(n_steps):
            with resident.step(rows_of(matchers)) as masks:
                _check(masks, positions.next_tokens())
            for matcher, token in zip(matchers, positions.next_tokens(), strict=True):
                matcher.accept_token(token)
            for ended in positions.advance():
                matchers[ended].reset()
        figures.append(_figures(n_sequences, len(grammars), number, before, resident.traffic, vocabulary.size))
    return figures


def _check(masks: StepMasks, tokens: list[int]) -> None:
    words: NDArray[np.int32] = masks.words.numpy()
    for sequence, (number, token) in enumerate(zip(masks.host_numbers, tokens, strict=True)):
        if not is_allowed(words[number], token):
            raise ValueError(f"the mask of sequence {sequence} lacks its next token")


def _figures(
    n_sequences: int, n_grammars: int, number: int, before: Traffic, after: Traffic, size: int
) -> TrafficFigures:
    part = Traffic(
        after.n_steps - before.n_steps,
        after.n_sequences - before.n_sequences,
        after.n_finished - before.n_finished,
        after.n_unfinished - before.n_unfinished,
        after.n_bytes - before.n_bytes,
    )
    return TrafficFigures(
        n_sequences,
        n_grammars,
        number,
        part.n_steps,
        part.n_finished,
        part.n_unfinished,
        part.bytes_per_sequence,
        4 * n_mask_words(size),
    )
