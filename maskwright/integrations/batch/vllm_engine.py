"""Batches in vLLM's offline engine, whose plug-in of ours (docs/vllm.md) keeps each request inside its grammar.

    answers = VLLMEngine("path/or/hub-id", Sampling(), {"max_model_len": 4096})(requests)

All requests of a batch are handed over at once, and vLLM batches them as it likes; each has a seed of its own, so what
it draws does not depend on the others. Prompts are made as for transformers (`prompting`), and a prompt has to leave
room for `max_tokens` too, which vLLM itself would cut to what is left. The plug-in is switched on for requests that ask
for it, and all of these do. Grammars are compiled by it, from the constraint's text, and found again by content.

What a request cannot say is refused: a Lark grammar with another lexer, an indenter or a folder for its imports.

vLLM runs its engine in a process of its own, which is spawned, not forked: on processors it does not start where
numba's machine code is loaded already, as it is here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import maskwright
from maskwright.errors import MaskwrightError
from maskwright.integrations.batch.answers import Answer, Written
from maskwright.integrations.batch.constraint import Constraint, Kind
from maskwright.integrations.batch.errors import HostFailed
from maskwright.integrations.batch.imports import imported_digest
from maskwright.integrations.batch.prompting import check_room, prompt_ids
from maskwright.integrations.batch.rows import RowError
from maskwright.integrations.batch.work import Request

if TYPE_CHECKING:
    from maskwright.integrations.batch.models import Sampling

BUNDLED_MODEL: Final = Path(maskwright.__file__).parent / "assets" / "tiny-lm"

ENVIRONMENT: Final = {
    "MASKWRIGHT_VLLM": "on-request",
    "VLLM_WORKER_MULTIPROCESSING_METHOD": "spawn",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
"""Set where the user has not set it."""


@dataclass(unsafe_hash=True)
class RequestRefused(MaskwrightError):
    """vLLM, or the plug-in, does not take a request."""

    reason: str

    def __str__(self) -> str:
        return f"vLLM refuses the request: {self.reason}."


def asked_of(constraint: Constraint) -> Mapping[str, Any]:
    """What a request says under `extra_args["maskwright"]`; raises HostFailed for what it cannot say.

    `asked_of(Constraint(Kind.REGEX, "yes|no"))` -> `{"regex": "yes|no"}`
    """
    if constraint.kind is Kind.REGEX:
        return {"regex": constraint.text}
    if constraint.kind is Kind.JSON:
        options = {} if constraint.options is None else {"json_options": json.loads(constraint.options)}
        return {"json": constraint.text, **options}
    if constraint.lexer != "contextual" or constraint.has_python_blocks:
        raise HostFailed("vLLM's requests cannot name a lexer or an indenter of a Lark grammar; use transformers")
    if constraint.folder is not None and imported_digest(constraint.text, Path(constraint.folder)):
        raise HostFailed("vLLM's requests cannot name the folder that a Lark grammar imports from; use transformers")
    start = {} if constraint.start is None else {"start": constraint.start}
    return {"grammar": constraint.text, "notation": constraint.kind.value, **start}


@final
class VLLMEngine:
    """Answers batches of requests with a `vllm.LLM` that it starts; model None is the bundled one."""

    def __init__(self, model: str | None, sampling: Sampling, settings: Mapping[str, Any]) -> None:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            import vllm
        except ImportError as error:
            raise HostFailed("vLLM is not installed (pip install 'maskwright[vllm]')") from error
        self._vllm = vllm
        self._sampling = sampling
        self._llm = vllm.LLM(str(model or BUNDLED_MODEL), **settings)
        self._tokenizer = self._llm.get_tokenizer()
        self._max_length = int(self._llm.model_config.max_model_len)

    def __call__(self, requests: Sequence[Request]) -> list[Answer]:
        """A text, or the error of its row, for each request; raises RequestRefused where vLLM refuses some of them."""
        prepared = [self._prompt(request) for request in requests]
        asked = [
            (prompt, request)
            for prompt, request in zip(prepared, requests, strict=True)
            if not isinstance(prompt, RowError)
        ]
        prompts = [{"prompt_token_ids": prompt} for prompt, _ in asked]
        parameters = [self._parameters(request) for _, request in asked]
        outputs = self._generated(prompts, parameters) if asked else []
        texts = iter(
            [_text(output, request.constraint.kind) for output, (_, request) in zip(outputs, asked, strict=True)]
        )
        return [prompt if isinstance(prompt, RowError) else next(texts) for prompt in prepared]

    def close(self) -> None:
        """End the engine's process, which vLLM would otherwise wait for in vain when this one ends."""
        self._llm.llm_engine.engine_core.shutdown()

    def _generated(self, prompts: list[Any], parameters: list[Any]) -> list[Any]:
        from vllm.exceptions import VLLMClientError

        try:
            return list(self._llm.generate(prompts, parameters, use_tqdm=False))
        except (VLLMClientError, ValueError) as error:
            raise RequestRefused(str(error).strip().rstrip(".")) from error

    def _prompt(self, request: Request) -> list[int] | RowError:
        try:
            ids = prompt_ids(self._tokenizer, request.prompt)
            check_room(len(ids), self._sampling.max_tokens, self._max_length)
        except MaskwrightError as error:
            return RowError.of(error)
        return ids

    def _parameters(self, request: Request) -> Any:
        return self._vllm.SamplingParams(
            max_tokens=self._sampling.max_tokens,
            temperature=self._sampling.temperature,
            seed=request.seed,
            extra_args={"maskwright": asked_of(request.constraint)},
        )


def _text(output: Any, kind: Kind) -> Answer:
    [written] = output.outputs
    if written.finish_reason not in {"stop", "length"}:
        return RowError("RequestFailed", f"vLLM ended it with {written.finish_reason!r}")
    n_prompt_tokens, n_tokens = len(output.prompt_token_ids), len(written.token_ids)
    return Written(written.text, written.finish_reason == "stop", kind is Kind.JSON, n_prompt_tokens, n_tokens)
