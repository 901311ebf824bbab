"""Toy languages and models, small enough for every distribution over them to be known exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np

from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.target import Draft, Target

Text = tuple[int, ...]


class ListedLanguage:
    """A matcher of listed texts (tokens before the end), by looking at all of them; several tokens may end one."""

    def __init__(self, texts: frozenset[Text], eos: frozenset[int], taken: Text = ()) -> None:
        self.texts, self.eos, self.taken = texts, eos, taken

    def allowed(self) -> set[int]:
        return _allowed(self.texts, self.eos, self.taken)

    def fill_bitmask(self, row: np.ndarray) -> None:
        row[:] = 0
        for token in self.allowed():
            row[token >> 5] |= np.int32(np.uint32(1 << (token & 31)).view(np.int32))

    def accept_token(self, token_id: int) -> None:
        assert token_id in self.allowed(), f"{token_id} after {self.taken}"
        self.taken += (token_id,)

    def is_finished(self) -> bool:
        return bool(self.taken) and self.taken[-1] in self.eos

    def fork(self) -> ListedLanguage:
        return ListedLanguage(self.texts, self.eos, self.taken)


@cache
def _allowed(texts: frozenset[Text], eos: frozenset[int], taken: Text) -> set[int]:
    if taken and taken[-1] in eos:
        return set()
    n = len(taken)
    following = {text[n] for text in texts if len(text) > n and text[:n] == taken}
    return following | (eos if taken in texts else set())


class MarkovModel:
    """First-order logits with an end logit that grows with the length; counts the rows that it is asked for.

    Token 4 ends a text. This is the toy T of the acceptance checks for seed 3 and 4 digits.
    """

    def __init__(self, seed: int = 3, n_digits: int = 4, longest: int = 5, dtype: type = np.float64) -> None:
        rng = np.random.default_rng(seed)
        self.logits = 1.5 * rng.normal(size=(n_digits + 1, n_digits + 1))
        self.eos, self.longest, self.dtype = n_digits, longest, dtype
        self.n_rows = 0
        self.prefixes: set[Text] = set()

    def __call__(self, prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        self.n_rows += len(prefixes)
        self.prefixes.update(map(tuple, prefixes))
        return np.array([self.row(prefix) for prefix in prefixes], dtype=self.dtype)

    def row(self, prefix: Sequence[int]) -> np.ndarray:
        row = self.logits[prefix[-1] if prefix else self.eos].copy()
        row[self.eos] += 0.4 * len(prefix) - 1
        if len(prefix) >= self.longest:
            row[: self.eos] = -np.inf
        return row


def is_valid(text: Text) -> bool:
    """Not empty, no equal neighbours, digit sum a multiple of 5."""
    return bool(text) and all(a != b for a, b in pairwise(text)) and sum(text) % 5 == 0


@cache
def all_texts(n_digits: int, longest: int) -> tuple[Text, ...]:
    levels: list[list[Text]] = [[()]]
    for _ in range(longest):
        levels.append([(*text, digit) for text in levels[-1] for digit in range(n_digits)])
    return tuple(text for level in levels for text in level)


@cache
def valid_texts(n_digits: int = 4, longest: int = 5, is_member: Callable[[Text], bool] = is_valid) -> frozenset[Text]:
    return frozenset(text for text in all_texts(n_digits, longest) if is_member(text))


def toy(seed: int = 3, max_tokens: int = 6, dtype: type = np.float64) -> Target:
    """The toy T of the acceptance checks; other seeds give other models of the same language."""
    eos = frozenset({4})
    return Target(MarkovModel(seed, dtype=dtype), (), ListedLanguage(valid_texts(), eos), max_tokens, eos)


@dataclass(frozen=True)
class RememberedRows(Target):
    """A target that keeps its rows, for tests that sample thousands of times."""

    known: dict[Text, MaskedRow] = field(default_factory=dict, compare=False)

    def rows(self, drafts: Sequence[Draft], batch: int | None = None) -> list[MaskedRow]:
        texts = [tuple(draft.token_ids) for draft in drafts]
        new = {text: draft for text, draft in zip(texts, drafts, strict=True) if text not in self.known}
        self.known.update(zip(new, Target.rows(self, list(new.values()), batch), strict=True))
        return [self.known[text] for text in texts]


def remembered(target: Target) -> RememberedRows:
    return RememberedRows(target.model, target.prompt_ids, target.matcher, target.max_tokens, target.eos_token_ids)
