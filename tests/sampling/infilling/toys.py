"""Small languages, and masked models that know nothing, for the tests of the denoising loop and of its hosts."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np

import maskwright as mw
from maskwright.matching.infilling.slots import OPEN

#: Single characters, pairs that cross brackets and commas, and last the end token.
TOKENS = (b"[", b"]", b"1", b",", b'"', b"a", b"b", b"],", b",[", b'"a', b"1,", b"", b"")
END = len(TOKENS) - 1
NEVER = len(TOKENS) - 2  # an empty token is in no text
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[END])

#: Lists of ones, strings and lists: context-free, and no text is a prefix of another.
LISTS = r"""root ::= v
v ::= "[" (v ("," v)*)? "]" | "1" | "\"" [ab]* "\"" """


@functools.cache
def lists() -> mw.CompiledGrammar:
    return mw.Compiler(VOCABULARY).compile_grammar(mw.Grammar.from_gbnf(LISTS))


@functools.cache
def regular() -> mw.CompiledGrammar:
    return mw.Compiler(VOCABULARY).compile_regex(r'\[("a?b*"|1)(,1)*\]')


@functools.cache
def everything() -> mw.CompiledGrammar:
    """All texts over the characters of the vocabulary."""
    return mw.Compiler(VOCABULARY).compile_regex(r'[\[\]1,"ab]*')


def text_of(tokens: np.ndarray) -> str:
    return VOCABULARY.decode([token for token in tokens.tolist() if token >= 0]).decode()


def is_list(text: str) -> bool:
    """A recogniser that shares nothing with the library: strings become ones, then brackets are taken away."""
    text = re.sub(r'"[ab]*"', "1", text)
    while True:
        shorter = re.sub(r"\[(1(,1)*)?\]", "1", text)
        if shorter == text:
            return text == "1"
        text = shorter


@dataclass
class RandomModel:
    """Logits that are drawn anew for every call, whatever the canvas holds; `n_calls` counts."""

    seed: int
    spread: float = 4.0
    n_calls: int = 0

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng((self.seed, self.n_calls))
        self.n_calls += 1
        return (self.spread * rng.normal(size=(len(tokens), len(TOKENS)))).astype(np.float32)


@dataclass(frozen=True)
class FixedModel:
    """The same logits in every step, and a claim about what it is asked: float[n, V]."""

    rows: np.ndarray

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        assert tokens.shape == (len(self.rows),)
        assert ((tokens == OPEN) | (tokens >= -2)).all()
        return self.rows
