"""MLX-LM: a grammar as a logits processor.

    model, tokenizer = mlx_lm.load(folder)
    grammar = Compiler(vocabulary_of(model, tokenizer)).compile_json_schema(schema)
    mlx_lm.generate(model, tokenizer, prompt, logits_processors=[GrammarLogitsProcessor(grammar)])

A processor is called with the tokens of one sequence, prompt included, and the scores of the next one. Where the text
is in its grammar is found by these tokens (`prefix_states`), so one processor serves any number of texts, drafts that
are dropped, and sequences of a batch that take turns. Beside a draft model MLX-LM passes the last token of the prompt
alone; that is as good as the prompt.

Only tokens come to the host and only a mask goes back, so scores of any type stay where they are, bfloat16 included,
which numpy does not have. Reading the tokens waits for them: MLX-LM's way of computing one step ahead is lost, as with
any processor that looks at them.
"""

from __future__ import annotations

import importlib
from typing import Any, final

import numpy as np

from maskwright import CompiledGrammar, Vocabulary
from maskwright.errors import MatcherError
from maskwright.integrations.prefix_states import PrefixStates
from maskwright.integrations.readiness import make_kernels_ready
from maskwright.matching.bitmask import n_mask_words, unpack_bitmask


def vocabulary_of(model: Any, tokenizer: Any) -> Vocabulary:
    """The vocabulary of what `mlx_lm.load` gives: exact bytes, all end tokens, and the width of the logits.

    The width is read off the shape of an answer that is never computed. The first time on a machine the kernels are
    compiled here.
    """
    import mlx.core as mx

    make_kernels_ready()
    width = model(mx.zeros((1, 1), dtype=mx.int32)).shape[-1]
    return Vocabulary.from_huggingface(tokenizer, size=width, eos_token_ids=tokenizer.eos_token_ids)


@final
class GrammarLogitsProcessor:
    """Keeps texts inside a grammar: `processor(tokens: int[T], logits: float[1, V]) -> float[1, V]`.

    Arrays may be MLX's or numpy's, the answer is of the same kind and type.
    Raises `TokenRejected` and `MatcherError` as `PrefixStates.matcher_of` does.
    """

    def __init__(self, grammar: CompiledGrammar) -> None:
        self._states = PrefixStates(grammar)
        self._row = np.empty(n_mask_words(grammar.vocabulary.size), np.int32)

    def __call__(self, tokens: Any, logits: Any) -> Any:
        """The logits with −inf for tokens that are not allowed; `logits` is left as it is."""
        self._states.matcher_of(np.asarray(tokens)).fill_bitmask(self._row)
        allowed = unpack_bitmask(self._row, logits.shape[-1])
        if not allowed.any():
            raise MatcherError(
                f"No allowed token lies among the {len(allowed)} logits: does the model fit the vocabulary"
            )
        arrays = importlib.import_module(type(logits).__module__)  # mlx.core or numpy
        return arrays.where(arrays.array(allowed), logits, -float("inf"))

    def reset(self) -> None:
        """The next text begins anew, even if its prompt continues an earlier one."""
        self._states.forget()
