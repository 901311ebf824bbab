"""The bundled masked model fills canvases for the demo schemas, by scheduler: freely, in the grammar, and half of each.

free          the very loop without a grammar (`FreeCanvas`)
constrained   canvas and posterior: schedulers see p(x_i | canvas, language)
raw           the same canvas, but schedulers see the model's own softmax, cut to the masks and not made to sum to one

All start from the same prompts and draw nothing (temperature 0). A text counts up to its first end token and is judged
by `json` and `jsonschema`; one that does not end counts as invalid, unless it fills all slots. How good valid texts are
is told by the bundled autoregressive model, which was trained apart: nats per token behind the same prompt, ends
included.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import jsonschema
import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import maskwright as mw
from bench.infilling.material import SCHEMAS
from bench.infilling.timing import Spread, Taken, spread_of
from maskwright.errors import LimitExceeded, MaskwrightError
from maskwright.integrations.infilling.masked_lm import LoadedMaskedModel, MaskedLM, load_masked_model
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.posterior import Posterior
from maskwright.matching.infilling.slots import MASK
from maskwright.sampling.infilling.denoised import Denoised
from maskwright.sampling.infilling.denoising import denoise
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas
from maskwright.sampling.infilling.free_canvas import FreeCanvas
from maskwright.sampling.infilling.schedulers.names import SCHEDULERS

DEMO: Final = SCHEMAS / "demo"
JUDGE: Final = Path(mw.__file__).parent / "assets" / "tiny-lm"
WAYS: Final = ("free", "constrained", "raw")
PROMPTS: Final = ("{kind} as JSON:", "JSON for {kind}:", "Write {kind} as JSON:", "Return {kind} as a JSON object:")
SEPARATORS: Final = ("", "\n", " ")
"""Instructions and what follows them, as in the training text of both models (docs/tiny_model.md)."""


@dataclass(frozen=True, slots=True)
class DenoisingFigures:
    """One scheduler in one way, over all texts. Spreads are of steps, of wall time.

    n_refused: texts whose canvas met a limit. share_exact: of posteriors. nats_per_token: of valid texts.
    """

    scheduler: str
    way: str
    n_texts: int
    n_refused: int
    n_json: int
    n_valid: int
    steps_per_text: float
    tokens_per_text: float
    n_proposed: int
    n_rejected: int
    n_forced: int
    share_exact: float
    nats_per_token: float
    model: Spread
    constraint: Spread
    constraint_by_schema: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Text:
    """One filled canvas, and whose prompt and schema it had."""

    title: str
    prompt: tuple[int, ...]
    done: Denoised
    share_exact: tuple[bool, ...]


class Setting:
    """The models, and a canvas with nothing decided for each schema."""

    def __init__(self, n_slots: int, n_steps: int, texts_per_schema: int) -> None:
        self._n_slots, self._n_steps = n_slots, n_steps
        torch.set_num_threads(1)
        self._loaded: LoadedMaskedModel = load_masked_model()
        self._schemas = demo_schemas()
        compiler = mw.Compiler(self._loaded.vocabulary)
        self._grammars: dict[str, CompiledGrammar] = {
            title: compiler.compile_json_schema(json.dumps(schema)) for title, schema in self._schemas.items()
        }
        self._eos = tuple(sorted(self._loaded.vocabulary.eos_token_ids))
        bos = self._loaded.tokenizer.bos_token_id
        self._prompts = {
            title: [(bos, *self._encoded(text)) for text in prompts_for(title, texts_per_schema)]
            for title in self._schemas
        }
        self._judge = AutoModelForCausalLM.from_pretrained(str(JUDGE), local_files_only=True).eval()
        assert AutoTokenizer.from_pretrained(str(JUDGE), local_files_only=True).eos_token_id in self._eos
        self.refused: dict[str, str] = {}
        for title in list(self._schemas):
            try:  # so that nothing is found for the first time while it is measured
                self._written(title, self._prompts[title][0], "top_k", "constrained")
            except MaskwrightError as error:
                self.refused[title] = f"{type(error).__name__}: {error}"
                del self._schemas[title]

    def _encoded(self, text: str) -> list[int]:
        return list(self._loaded.tokenizer.encode(text, add_special_tokens=False))

    def figures(self, scheduler: str, way: str) -> DenoisingFigures:
        """All texts of a scheduler in one way."""
        texts: list[Text] = []
        n_refused = 0
        for title in self._schemas:
            for prompt in self._prompts[title]:
                try:
                    texts.append(self._written(title, prompt, scheduler, way))
                except LimitExceeded:
                    n_refused += 1
        verdicts = [self._verdict(text) for text in texts]
        steps = [(text.title, step) for text in texts for step in text.done.steps]
        valid = [text for text, (_, is_valid) in zip(texts, verdicts, strict=True) if is_valid]
        exact = [one for text in texts for one in text.share_exact]
        lost, n_tokens = np.sum([self._nats(text) for text in valid], axis=0) if valid else (0.0, 0)
        return DenoisingFigures(
            scheduler=scheduler,
            way=way,
            n_texts=len(texts),
            n_refused=n_refused,
            n_json=sum(is_json for is_json, _ in verdicts),
            n_valid=len(valid),
            steps_per_text=len(steps) / max(1, len(texts)),
            tokens_per_text=n_tokens / max(1, len(valid)),
            n_proposed=sum(len(step.committed) + len(step.rejected) for _, step in steps if not step.finished),
            n_rejected=sum(len(step.rejected) for _, step in steps),
            n_forced=sum(text.done.n_forced for text in texts),
            share_exact=float(np.mean(exact)) if exact else 0.0,
            nats_per_token=float(lost / n_tokens) if n_tokens else float("nan"),
            model=_milliseconds(step.seconds_model for _, step in steps),
            constraint=_milliseconds(step.seconds_constraint for _, step in steps),
            constraint_by_schema={
                title: _milliseconds(step.seconds_constraint for one, step in steps if one == title).median
                for title in self._schemas
            },
        )

    def _written(self, title: str, prompt: tuple[int, ...], scheduler: str, way: str) -> Text:
        loaded = self._loaded
        reader = MaskedLM(loaded.model, loaded.mask_token_id, vocabulary_size=loaded.vocabulary.size, prompt_ids=prompt)
        slots = [MASK] * self._n_slots
        seen: list[bool] = []
        canvas: DenoisingCanvas
        if way == "free":
            canvas = FreeCanvas(slots, loaded.vocabulary.size, [loaded.mask_token_id])
        else:
            inner = self._grammars[title].canvas(slots, self._eos, ignore_repetitions=True)
            canvas = WatchedCanvas(inner, seen, is_raw=way == "raw")
        done = denoise(canvas, reader, SCHEDULERS[scheduler](), self._n_steps)
        return Text(title, prompt, done, tuple(seen))

    def _own_tokens(self, text: Text) -> list[int]:
        """Up to the first end, and this."""
        tokens: list[int] = text.done.tokens.tolist()
        ends = [place for place, token in enumerate(tokens) if token in self._eos]
        return tokens[: ends[0] + 1] if ends else tokens

    def _verdict(self, text: Text) -> tuple[bool, bool]:
        """Is it JSON, and does it validate?"""
        known = self._loaded.vocabulary.token_bytes
        content = b"".join(known[token] or b"" for token in self._own_tokens(text) if token not in self._eos)
        try:
            value = json.loads(content)
        except ValueError:
            return False, False
        return True, jsonschema.Draft202012Validator(self._schemas[text.title]).is_valid(value)

    def _nats(self, text: Text) -> tuple[float, int]:
        """−log p of the text by the autoregressive model, and how many tokens that is for."""
        tokens = self._own_tokens(text)
        ids = torch.tensor([[*text.prompt, *tokens]])
        with torch.inference_mode():
            rows = torch.log_softmax(self._judge(input_ids=ids).logits[0, len(text.prompt) - 1 : -1].double(), dim=-1)
        return -float(rows[torch.arange(len(tokens)), ids[0, len(text.prompt) :]].sum()), len(tokens)


class WatchedCanvas:
    """A canvas with a grammar that tells whether its posteriors were exact; `is_raw`: schedulers see raw softmax."""

    def __init__(self, canvas: Canvas, seen: list[bool], *, is_raw: bool) -> None:
        self._canvas, self._seen, self._is_raw = canvas, seen, is_raw
        self.n_slots, self.vocabulary_size = canvas.n_slots, canvas.vocabulary_size

    @property
    def tokens(self) -> npt.NDArray[np.int64]:
        """As of the canvas."""
        return self._canvas.tokens

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """As of the canvas."""
        return self._canvas.is_open

    @property
    def is_complete(self) -> bool:
        """As of the canvas."""
        return self._canvas.is_complete

    def fork(self) -> Self:
        """A copy that goes its own way and tells the same list."""
        return type(self)(self._canvas.fork(), self._seen, is_raw=self._is_raw)

    def forced(self) -> dict[int, int]:
        """As of the canvas."""
        return self._canvas.forced()

    def commit(self, choices: Mapping[int, int], confidence: Mapping[int, float] | None = None) -> dict[int, int]:
        """As of the canvas."""
        return self._canvas.commit(choices, confidence)

    def unset(self, slots: Iterable[int]) -> None:
        """As of the canvas."""
        self._canvas.unset(slots)

    def posterior(self, scores: npt.NDArray[np.floating]) -> Posterior | RawPosterior:
        """As of the canvas, or with the model's own confidence."""
        found = self._canvas.posterior(scores)
        self._seen.append(found.is_exact)
        return RawPosterior(found) if self._is_raw else found


@dataclass(frozen=True)
class RawPosterior:
    """Marginals are the model's softmax where the mask allows a token; all else is as in the posterior."""

    inner: Posterior

    @cached_property
    def log_marginals(self) -> npt.NDArray[np.float32]:
        """float32[n, V + 1], −inf outside the masks; rows sum to less than one."""
        inside = self.inner.log_marginals
        rows = np.where(inside > -np.inf, self.inner.log_p, np.float32(-np.inf))
        # where the model gives all that is allowed nothing, it has no opinion
        lost = ~(rows.max(axis=1) > -np.inf)
        rows[lost] = inside[lost]
        return rows

    @property
    def log_z(self) -> float:
        """As in the posterior."""
        return self.inner.log_z

    @property
    def best(self) -> npt.NDArray[np.int64]:
        """As in the posterior."""
        return self.inner.best

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.int64]:
        """As in the posterior."""
        return self.inner.sample(rng, size)


def demo_schemas() -> dict[str, dict[str, Any]]:
    """The demo schemas by title."""
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(DEMO.glob("*.json"))]
    return {schema["title"]: schema for schema in schemas}


def prompts_for(title: str, n: int) -> list[str]:
    """So many ways to ask for it."""
    kind = f"{'an' if title[0] in 'aeiou' else 'a'} {title}"
    asked = [template.format(kind=kind) for template in PROMPTS]
    texts = [one[0].upper() + one[1:] + separator for separator in SEPARATORS for one in asked]
    return texts[:n]


def _milliseconds(seconds: Iterable[float]) -> Spread:
    """Wall times: the loop's clock has no other."""
    return spread_of([Taken(1e3 * one, 1e3 * one) for one in seconds])
