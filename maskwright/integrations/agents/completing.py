"""A model without masks, asked as an API asks one: text up to a stop string. For `reprompting`, and to compare with.

    complete = LocalCompletion(model, vocabulary, max_tokens=200, options=AgentOptions(seed=7))
    complete("[Question] Why?", ("\n[Observation] ",), "")      -> Completion("\n[Thought] ...", "\n[Observation] ")

The instruction of a refusal is left out: it would have to stand in the prompt, where a small model reads it as an
example. Request k of one object draws with the child k of its key, so a run on it can be repeated.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np

from maskwright.integrations.agents.loop import AgentModel, AgentOptions, at_temperature, choice_at
from maskwright.integrations.agents.reprompting import Completion
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.language_model import logits_of
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow


@final
class LocalCompletion:
    """Requests to a local model; counts them, to draw afresh in each. max_tokens: of one request."""

    def __init__(self, model: AgentModel, vocabulary: Vocabulary, max_tokens: int, options: AgentOptions) -> None:
        self._model: Final = at_temperature(model.model, options.temperature)
        self._agent: Final = model
        self._vocabulary: Final = vocabulary
        self._max_tokens: Final = max_tokens
        self._chooses: Final = choice_at(options.temperature)
        self._key: Final = RandomKey.from_seed(options.seed)
        self._everything: Final = np.full(n_mask_words(vocabulary.size), -1, np.int32)
        self._n_requests = 0

    def __call__(self, prompt: str, stops: tuple[str, ...], instruction: str) -> Completion:  # noqa: ARG002  (see above)
        """What the model writes after the tokens that stand before every trace and the prompt."""
        key = self._key.child(self._n_requests)
        self._n_requests += 1
        before = [*self._agent.start, *self._agent.encode(prompt)]
        tokens, text = list[int](), ""
        while len(tokens) < self._max_tokens:
            (logits,) = logits_of(self._model, [[*before, *tokens]])
            token = self._chooses(key.child(len(tokens)), MaskedRow(logits, self._everything, len(tokens)))
            tokens.append(token)
            text = self._vocabulary.decode(tokens).decode("utf-8", "replace")
            if token in self._vocabulary.eos_token_ids:
                return Completion(text, "", len(tokens))
            found = min(((text.find(stop), stop) for stop in stops if stop in text), default=None)
            if found is not None:
                return Completion(text[: found[0]], found[1], len(tokens))
        return Completion(text, "", len(tokens), is_cut=True)
