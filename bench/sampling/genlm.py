"""genlm-control 0.4.1 (https://github.com/genlm/genlm-control), the peer: its samplers behind the runs of this bench.

Measured as its documentation has it ("default"), and as fast as we could make it ("tuned": without batching of cheap
calls, whose futures cost more than the calls, and with batches of the model that are evaluated when all particles have
asked, not after 20 ms). One event loop serves all runs. Its resampling uses NumPy's global random state, other draws
torch's, so both are seeded before a run.
"""

from __future__ import annotations

import asyncio
import importlib.util
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.sampling.method import Draws, Method, Sampler, Setting
from bench.sampling.runs import Engine, Knows, Run, RunOfSeed

if TYPE_CHECKING:
    from bench.sampling.random_gpt2 import RandomModel
    from bench.sampling.table_lm import Table

ENGINE = "genlm-control"
MAX_ACCEPTS = 5  # of AWRS where it is not the default of 2: the geometric estimator, whose variance is smaller


def is_installed() -> bool:
    """Can the peer be compared?"""
    return importlib.util.find_spec("genlm") is not None and importlib.util.find_spec("genlm.control") is not None


class Counted:
    """A sampler of tokens, and how many tokens it has drawn."""

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self.tokens = 0
        draw = sampler.sample

        async def sample(*arguments: Any, **options: Any) -> Any:
            self.tokens += 1
            return await draw(*arguments, **options)

        sampler.sample = sample


RUNNER = asyncio.Runner()
"""One event loop for all runs of a process: making one costs as much as some tokens."""


def seed_all(seed: int) -> None:
    """Both global states that the peer draws from."""
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (the peer draws from it)


def smc(sampler: Any, seed: int, n_particles: int, threshold: float, max_tokens: int) -> Any:
    """One run; the particles as genlm-control gives them."""
    seed_all(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = sampler.smc(n_particles=n_particles, ess_threshold=threshold, max_tokens=max_tokens)
        return RUNNER.run(run)


def runs_of(sampler: Any, checks: Callable[[], int], n_particles: int, threshold: float, max_tokens: int) -> RunOfSeed:
    """Runs with everything counted; `checks` says how often the constraint has been asked so far."""
    counted = Counted(sampler)

    def run(seed: int) -> Run:
        tokens, asked = counted.tokens, checks()
        particles = smc(sampler, seed, n_particles, threshold, max_tokens)
        return Run(counted.tokens - tokens, checks() - asked, float(particles.log_ml), float(particles.ess))

    return run


def table_engines(table: Table, n_particles: int) -> list[Engine]:
    """AWRS with a checker and the direct sampler with a mask, each as it is by default and tuned."""
    from genlm.control import Potential

    from bench.sampling.table_lm import MAX_TOKENS, THRESHOLD

    vocabulary = [token.to_bytes(3, "big") for token in range(table.end)]
    mask = np.where(table.allowed, 0.0, -np.inf).astype(np.float32)

    class TableModel(Potential):  # type: ignore[misc]
        async def prefix(self, context: Sequence[bytes]) -> float:  # noqa: ARG002
            return 0.0

        async def complete(self, context: Sequence[bytes]) -> float:  # noqa: ARG002
            return 0.0

        async def logw_next(self, context: Sequence[bytes]) -> Any:  # noqa: ARG002
            return self.make_lazy_weights(table.row)

    class Constraint(Potential):  # type: ignore[misc]
        asked = 0

        async def prefix(self, context: Sequence[bytes]) -> float:
            Constraint.asked += 1
            return 0.0 if not context or table.allowed[self.lookup[context[-1]]] else -math.inf

        async def complete(self, context: Sequence[bytes]) -> float:  # noqa: ARG002
            return 0.0 if table.allowed[table.end] else -math.inf

        async def logw_next(self, context: Sequence[bytes]) -> Any:  # noqa: ARG002
            return self.make_lazy_weights(mask)

    def run_of(kind: SamplerKind) -> RunOfSeed:
        sampler = kind.make(TableModel(vocabulary), Constraint(vocabulary))
        return runs_of(sampler, lambda: Constraint.asked, n_particles, THRESHOLD, MAX_TOKENS)

    return [Engine(ENGINE, kind.name, kind.knows, run_of(kind)) for kind in SAMPLERS]


def model_engines(made: RandomModel, n_particles: int) -> list[Engine]:
    """The samplers of the peer on a transformers model, with its own constraint for a regular expression."""
    from genlm.backend.llm import AsyncTransformer

    from bench.sampling.random_gpt2 import MAX_TOKENS, PATTERN, THRESHOLD

    def run_of(kind: SamplerKind) -> RunOfSeed:
        options = {"batch_size": n_particles, "timeout": 0.0} if kind.is_tuned else {}
        llm = prompted(AsyncTransformer(made.model, made.tokenizer, **options), made.prompt_ids)
        constraint = AskedConstraint(PATTERN, llm)
        sampler = kind.make(llm, constraint.potential)
        return runs_of(sampler, lambda: constraint.asked, n_particles, THRESHOLD, MAX_TOKENS)

    return [Engine(ENGINE, kind.name, kind.knows, run_of(kind)) for kind in SAMPLERS]


def prompted(model: Any, prompt_ids: Sequence[int]) -> Any:
    """A model of the peer after a prompt."""
    from genlm.control import PromptedLLM

    # Not set afterwards: that holds in the context of the caller only, and tasks of the loop have another.
    return PromptedLLM(model, prompt_ids=list(prompt_ids))


class AskedConstraint:
    """The peer's own automaton of a regular expression over the tokens of a model, and how often it was asked."""

    def __init__(self, pattern: str, llm: Any) -> None:
        from genlm.control import BoolFSA

        self.asked = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.potential = BoolFSA.from_regex(pattern).coerce(llm, f=b"".join)
        self._count("prefix", lambda _: 1)
        self._count("complete", lambda _: 1)
        self._count("batch_prefix", len)
        self._count("batch_complete", len)

    def _count(self, method: str, size: Callable[[Any], int]) -> None:
        ask = getattr(self.potential, method)

        async def counted(argument: Any = None, **named: Any) -> Any:
            argument = named["contexts"] if "contexts" in named else named.get("context", argument)
            self.asked += size(argument)
            return await ask(argument)

        setattr(self.potential, method, counted)


def _awrs(**options: Any) -> Callable[[Any, Any], Any]:
    def make(llm: Any, constraint: Any) -> Any:
        from genlm.control import AWRS

        with warnings.catch_warnings():  # that few tokens of the vocabulary are in the alphabet of the constraint
            warnings.simplefilter("ignore")
            return AWRS(llm, constraint, **options)

    return make


def _direct(**options: Any) -> Callable[[Any, Any], Any]:
    def make(llm: Any, constraint: Any) -> Any:
        from genlm.control.sampler import DirectTokenSampler

        with warnings.catch_warnings():  # that few tokens of the vocabulary are in the alphabet of the constraint
            warnings.simplefilter("ignore")
            return DirectTokenSampler(llm * constraint, **options)

    return make


@dataclass(frozen=True, slots=True)
class SamplerKind:
    """A sampler of tokens of the peer, with some options."""

    name: str
    knows: Knows
    is_tuned: bool
    make: Callable[[Any, Any], Any]


SAMPLERS = (
    SamplerKind("AWRS, default", Knows.CHECKER, False, _awrs()),
    SamplerKind("AWRS, tuned", Knows.CHECKER, True, _awrs(autobatch=False)),
    SamplerKind(
        f"AWRS, {MAX_ACCEPTS} accepts, tuned", Knows.CHECKER, True, _awrs(max_accepts=MAX_ACCEPTS, autobatch=False)
    ),
    SamplerKind("direct, default", Knows.MASK, False, _direct()),
    SamplerKind("direct, tuned", Knows.MASK, True, _direct(autobatch=False)),
)


def quality_methods(n_particles: int, thresholds: Sequence[float]) -> list[Method]:
    """SMC with each sampler of tokens, resampling at each threshold; a text of a run is drawn by weight.

    Tuned ones only: batching changes times, not texts.
    """

    def method(kind: SamplerKind, threshold: float) -> Method:
        def start(setting: Setting) -> Sampler:
            return ParticleSampler(setting, kind, n_particles, threshold)

        return Method(f"SMC, {kind.name}, N={n_particles}, τ={threshold}", ENGINE, start)

    return [method(kind, threshold) for kind in SAMPLERS if kind.is_tuned for threshold in thresholds]


class ParticleSampler:
    """SMC of the peer in a setting."""

    def __init__(self, setting: Setting, kind: SamplerKind, n_particles: int, threshold: float) -> None:
        llm = prompted(_kept(setting), setting.target.prompt_ids)
        self._sampler = kind.make(llm, AskedConstraint(setting.task.pattern, llm).potential)
        self._n_particles = n_particles
        self._threshold = threshold
        self._max_tokens = setting.task.max_tokens

    def draw(self, n: int, seed: int, /) -> Draws:
        """n runs."""
        draws = Draws()
        rng = np.random.default_rng(seed)
        for run in range(n):
            particles = smc(self._sampler, 1_000_000 * seed + run, self._n_particles, self._threshold, self._max_tokens)
            draws.log_z.append(float(particles.log_ml))
            texts = [tuple(token.token_id for token in context[:-1]) for context in particles.contexts]
            for text, log_weight in zip(texts, particles.log_weights, strict=True):
                if log_weight > -math.inf:
                    draws.weights[text] += math.exp(log_weight)
            if particles.log_total == -math.inf:
                draws.n_failed += 1
            else:
                draws.texts.append(texts[rng.choice(len(texts), p=particles.normalized_weights)])
        return draws


def _kept(setting: Setting) -> Any:
    """The model of a setting as a model of the peer."""
    import torch
    from genlm.backend.llm import AsyncLM

    class Kept(AsyncLM):  # type: ignore[misc]
        def next_token_logprobs_sync(self, token_ids: Sequence[int], lora_name: None = None) -> Any:  # noqa: ARG002
            return torch.log_softmax(torch.from_numpy(setting.model([token_ids])), dim=-1)[0]

        async def next_token_logprobs(self, token_ids: Sequence[int], lora_name: None = None) -> Any:
            return self.next_token_logprobs_sync(token_ids, lora_name)

        async def batch_next_token_logprobs(
            self,
            token_ids_list: Sequence[Sequence[int]],
            lora_name: None = None,  # noqa: ARG002
        ) -> Any:
            return torch.log_softmax(torch.from_numpy(setting.model(token_ids_list)), dim=-1)

    return Kept(setting.loaded.tokenizer)
