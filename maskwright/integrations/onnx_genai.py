"""ONNX Runtime GenAI: a generator kept inside a grammar, which jumps over what has to come.

    model = og.Model(folder)
    grammar = Compiler(vocabulary_of(folder)).compile_json_schema(schema)     # once for a model, once for a schema
    generator = og.Generator(model, parameters)
    generator.append_tokens(tokenizer.encode(prompt))
    text = ConstrainedGenerator(generator, grammar)
    token_ids = text.write(max_new_tokens=200)

The library has no callback; a program writes the loop, and here it is. A step takes the scores of the next token, puts
them back with −inf for what is not allowed, and has the generator choose, by its own options. Where the grammar leaves
one way only, the tokens of that are appended together: one pass of the model for all of them. They spell it in the
longest tokens, which the model might not have chosen, so what follows may differ; with `jumps=False` it chooses each.

What is chosen is still put to the matcher: should an option of the search outlaw the last allowed token, so that the
generator takes a forbidden one, `TokenRejected` is raised.

Two things in version 0.18.0 give wrong scores without a word. Tokens that are appended right behind a generated one
are read as if it were not there; and to go back over an end token alone leaves the scores of that. So jumps and rewinds
both have the last token that stays read again, together with what follows it.

Rejected: `GeneratorParams.set_guidance`, the library's own constraint, which some builds have and which knows nothing
of this one: use one of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, final

import numpy as np

from maskwright import CompiledGrammar, Vocabulary
from maskwright.errors import InvalidOption, UnsupportedModel
from maskwright.integrations.readiness import make_kernels_ready
from maskwright.integrations.score_rows import constrained_scores


def vocabulary_of(folder: str | os.PathLike[str]) -> Vocabulary:
    """The vocabulary of a model's folder: `tokenizer.json`, and width and end tokens as `genai_config.json` has them.

    The first time on a machine the kernels are compiled here.
    """
    make_kernels_ready()
    config = json.loads((Path(folder) / "genai_config.json").read_text(encoding="utf-8"))["model"]
    description = (Path(folder) / "tokenizer.json").read_text(encoding="utf-8")
    return Vocabulary.from_huggingface(
        SimpleNamespace(to_str=lambda: description), size=config["vocab_size"], eos_token_ids=config["eos_token_id"]
    )


@final
class ConstrainedGenerator:
    """A generator that has read its prompt, and the place of its text in a grammar.

    generator: an `onnxruntime_genai.Generator` for one sequence; nobody else may move it.
    `matcher` says where the text stands and is only to be asked; `n_jumped` counts tokens that needed no choice.
    """

    def __init__(self, generator: Any, grammar: CompiledGrammar, *, jumps: bool = True) -> None:
        self._generator: Final = generator
        self._n_prompt: Final[int] = generator.token_count()
        self._jumps = jumps
        self.matcher: Final = grammar.matcher()
        self.n_jumped = 0

    def step(self, max_tokens: int = 1) -> list[int]:
        """The next token, chosen by the generator, or up to `max_tokens` that must come; none after the end."""
        if self.matcher.is_finished():
            return []
        forced = self.matcher.forced_tokens()[:max_tokens] if self._jumps else []
        if forced:
            self._go_on_from(self._generator.token_count(), forced)
            self.n_jumped += len(forced)
        chosen = forced or [self._chosen()]
        for token in chosen:
            self.matcher.accept_token(token)
        return chosen

    def _chosen(self) -> int:
        scores = self._generator.get_logits()  # float32[1, 1, V]
        if scores.shape[0] != 1:
            raise UnsupportedModel(f"its generator has {scores.shape[0]} sequences; make one for each text")
        masked = np.empty_like(scores)
        masked[0] = constrained_scores(scores[0, -1], self.matcher)
        self._generator.set_logits(masked)
        self._generator.generate_next_token()
        return int(self._generator.get_next_tokens()[0])

    def write(self, max_new_tokens: int) -> list[int]:
        """Steps until the text ends or has so many tokens more, an end token among them.

        Beyond the generator's own `max_length` the library raises RuntimeError; the text up to there stays.
        """
        if max_new_tokens < 0:
            raise InvalidOption("max_new_tokens", max_new_tokens, "0 or more")
        token_ids: list[int] = []
        while len(token_ids) < max_new_tokens and (more := self.step(max_new_tokens - len(token_ids))):
            token_ids += more
        return token_ids

    def rewind(self, n: int) -> None:
        """Take back the last n tokens; raises `MatcherError`, and changes nothing, if the text has fewer."""
        self.matcher.rollback(n)
        self._go_on_from(self._n_prompt + self.matcher.n_accepted)

    def _go_on_from(self, length: int, token_ids: Sequence[int] = ()) -> None:
        """Keep `length` tokens, have the model read the last of them again and `token_ids` behind it; see above."""
        last = self._generator.get_sequence(0)[length - 1]
        self._generator.rewind_to(length - 1)
        try:
            self._generator.append_tokens(np.array([last, *token_ids], np.int32))
        except RuntimeError:  # more than `max_length`
            self._generator.append_tokens(np.array([last], np.int32))
            raise
