"""Logits processors of three engines for the same schemas.

maskwright   `GrammarLogitsProcessor`
xgrammar     `xgrammar.contrib.hf.LogitsProcessor`, its own
llguidance   has none, so it is the loop that its documentation shows, with `llguidance.torch`, inside a processor

Each is made anew for each call of `generate`, since XGrammar's and this loop serve one only. What they allow of blanks
differs in its defaults; here all write documents with at most one blank at a gap.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import llguidance
import llguidance.hf
import llguidance.torch
import torch
import xgrammar
import xgrammar.contrib.hf
from transformers import LogitsProcessor

import maskwright as mw
from bench.transformers.material import OPTIONS
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import GrammarLogitsProcessor

Make = Callable[[], Any]
"""A processor for one call of `generate`."""


class Ours:
    """maskwright."""

    name = "maskwright"

    def __init__(self, loaded: LoadedModel) -> None:
        self._compiler = mw.Compiler(loaded.vocabulary)

    def grammar(self, schema: Any) -> Any:
        """The compiled schema."""
        return self._compiler.compile_json_schema(schema, options=OPTIONS)

    def processor(self, schema: Any) -> Make:
        """For all rows."""
        grammar = self.grammar(schema)
        return lambda: GrammarLogitsProcessor(grammar)


class XGrammar:
    """XGrammar with the separators of `json.dumps`."""

    name = "xgrammar"

    def __init__(self, loaded: LoadedModel) -> None:
        information = xgrammar.TokenizerInfo.from_huggingface(
            loaded.tokenizer, vocab_size=loaded.vocabulary.size, stop_token_ids=list(loaded.vocabulary.eos_token_ids)
        )
        self._compiler = xgrammar.GrammarCompiler(information, max_threads=1)

    def grammar(self, schema: Any) -> Any:
        """The compiled schema."""
        return self._compiler.compile_json_schema(json.dumps(schema), any_whitespace=False, strict_mode=True)

    def processor(self, schema: Any) -> Make:
        """For all rows."""
        compiled = self.grammar(schema)
        return lambda: xgrammar.contrib.hf.LogitsProcessor(compiled)


class LLGuidance:
    """llguidance with the separators of `json.dumps`."""

    name = "llguidance"

    def __init__(self, loaded: LoadedModel) -> None:
        self._tokenizer = llguidance.hf.from_tokenizer(
            loaded.tokenizer, n_vocab=loaded.vocabulary.size, eos_token=loaded.vocabulary.eos_token_ids[0]
        )

    def processor(self, schema: Any) -> Make:
        """For all rows."""
        options = {"x-guidance": {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}}
        grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps({**schema, **options}))
        start = llguidance.LLMatcher(self._tokenizer, grammar, log_level=0)
        if start.is_error():
            raise ValueError(start.get_error().split("<state>", maxsplit=1)[0])
        return lambda: _Loop(start)


class _Loop(LogitsProcessor):  # type: ignore[misc,unused-ignore]
    """One matcher for each row, moved by the last token of each."""

    def __init__(self, start: Any) -> None:
        self._start = start
        self._matchers: list[Any] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if not self._matchers:
            self._matchers = [self._start.deep_copy() for _ in range(len(input_ids))]
            self._bitmask = llguidance.torch.allocate_token_bitmask(len(input_ids), scores.shape[1])
        else:
            for matcher, token in zip(self._matchers, input_ids[:, -1].tolist(), strict=True):
                matcher.consume_token(token)
        for row, matcher in enumerate(self._matchers):
            llguidance.torch.fill_next_token_bitmask(matcher, self._bitmask, row)
        llguidance.torch.apply_token_bitmask_inplace(scores, self._bitmask)
        return scores
