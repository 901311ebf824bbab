"""What quality is measured on, and what is asked of a method: a setting, and draws from it.

A method is a name and a way to start a sampler in a setting. A sampler gives n texts, again and again; what it has
learnt (a trie of prefixes) it may keep between. Texts are token ids without the end token.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.sampling.counting_model import CountingModel
from bench.sampling.reference import Reference, find_reference
from bench.sampling.tasks import Task
from maskwright.integrations.transformers_model import TransformersModel
from maskwright.sampling.row_cache import CachedModel
from maskwright.sampling.target import Target

KEPT_BYTES = 1 << 30
"""Of rows, and of keys and values: some methods see a hundred thousand prefixes."""

Text = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A task on a model: what all methods sample from.

    loaded: the `LoadedModel` of maskwright.  ms_per_row: of the model, processor time while the reference was found.
    """

    task: Task
    loaded: Any
    model: CountingModel
    target: Target
    reference: Reference
    ms_per_row: float

    @classmethod
    def of(cls, task: Task, loaded: Any, compiler: Any) -> Setting:
        """The setting of a task, its reference found."""
        model = CountingModel(CachedModel(TransformersModel(loaded.model, KEPT_BYTES), KEPT_BYTES))
        prompt_ids = loaded.tokenizer(task.prompt)["input_ids"]
        matcher = task.compile(compiler).matcher()
        target = Target.of(model, prompt_ids, matcher, task.max_tokens)
        reference = find_reference(target)
        ms_per_row = 1e3 * model.processor_s / reference.distribution.n_rows
        return cls(task, loaded, model, target, reference, ms_per_row)

    @property
    def alphabet(self) -> bytes:
        """The bytes that occur in texts."""
        decode = self.loaded.vocabulary.decode
        return bytes(sorted({byte for text in self.reference.distribution.texts for byte in decode(text)}))

    def log_probability(self, text: Text) -> float:
        """log p of a text and its end under the model; −inf for what is no text of the grammar."""
        draft, log_p = self.target.start(), 0.0
        for token in (*text, min(self.target.eos_token_ids)):
            row = self.target.rows([draft])[0]
            if token not in row.allowed():
                return -math.inf
            log_p += row.log_probability(token)
            draft.read(token, log_p)
        return log_p


@dataclass(slots=True)
class Draws:
    """What a sampler gave.

    texts: what its user would take, one a run.  weights: Σ of weights for each text, dead ones left out; empty where
    draws have none.  log_z: an estimate for each run.  n_failed: runs, or chains, that gave no text.
    """

    texts: list[Text] = field(default_factory=list)
    weights: defaultdict[Text, float] = field(default_factory=lambda: defaultdict(float))
    log_z: list[float] = field(default_factory=list)
    n_failed: int = 0

    def add(self, other: Draws) -> None:
        """Put the draws of another call to these."""
        self.texts += other.texts
        self.log_z += other.log_z
        self.n_failed += other.n_failed
        for text, weight in other.weights.items():
            self.weights[text] += weight


class Sampler(Protocol):
    """A method at work."""

    def draw(self, n: int, seed: int, /) -> Draws:
        """n texts, or fewer if that takes too long; no two calls have the same seed."""


@dataclass(frozen=True, slots=True)
class Method:
    """A name, whose it is, and how it starts."""

    name: str
    engine: str
    start: Callable[[Setting], Sampler]
