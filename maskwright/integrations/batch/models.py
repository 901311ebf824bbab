"""Which model a run asks, and how: plain data, from which an engine is made in the process that is to do the work.

Nothing heavy is imported before that. `description` is what the texts depend on, and so what a run is known by. The
number of rows that a model reads at once is the runner's, but belongs there too (`work`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from maskwright.integrations.batch.work import Engine, Grammars

if TYPE_CHECKING:
    from maskwright.matching.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. Temperature 0 takes the most probable one."""

    max_tokens: int = 400
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class OnTransformers:
    """A model of transformers, by folder or hub id (None: the bundled one), on a GPU if there is one."""

    name: str | None = None
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def description(self) -> Mapping[str, Any]:
        """What the texts depend on."""
        return {"engine": "transformers", "model": self.name or "bundled", **asdict(self.sampling)}

    def vocabulary(self) -> Vocabulary:
        """The model's vocabulary, by its tokenizer and configuration alone."""
        from maskwright.integrations.batch.transformers_engine import vocabulary

        return vocabulary(self.name)

    def engine(self, grammars: Grammars) -> Engine:
        """Load the model."""
        from maskwright.integrations.batch.transformers_engine import TransformersEngine
        from maskwright.integrations.generation import load_model

        return TransformersEngine(load_model(self.name), self.sampling, grammars)


@dataclass(frozen=True, slots=True)
class OnVLLM:
    """A model in vLLM's offline engine, with the plug-in; `settings`: arguments of `vllm.LLM` as a JSON object."""

    name: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    settings: str = "{}"

    @property
    def description(self) -> Mapping[str, Any]:
        """What the texts depend on."""
        settings = json.loads(self.settings)
        return {"engine": "vllm", "model": self.name or "bundled", **asdict(self.sampling), "settings": settings}

    def vocabulary(self) -> None:
        """The plug-in compiles grammars where vLLM runs."""
        return

    def engine(self, grammars: Grammars) -> Engine:
        """Start vLLM."""
        del grammars
        from maskwright.integrations.batch.vllm_engine import VLLMEngine

        return VLLMEngine(self.name, self.sampling, json.loads(self.settings))
