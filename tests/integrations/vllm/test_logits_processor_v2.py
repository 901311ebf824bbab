"""The logits processor of vLLM's second model runner: its own interface classes, tensors of the CPU, a plain reference.

The runner needs Triton and a GPU; what it promises its processors is played here: rows in any order, several rows for a
request with drafts, histories that are on the device only, slots that are used again.
"""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("vllm", reason="vLLM is not installed; `make test-vllm` runs these tests")

import torch
from vllm.v1.worker.gpu.sample.logits_processor import LogitsContext, LogitsProcessor, LogitsProcRequestState

from maskwright.errors import MaskwrightError
from maskwright.integrations.vllm import logits_processor_v2
from maskwright.integrations.vllm.asked import Asked, Kind
from maskwright.integrations.vllm.logits_processor_v2 import MaskwrightLogitsProcessor
from maskwright.integrations.vllm.vocabularies import vocabularies_of
from tests.integrations.vllm.engine import BUNDLED_MODEL

SLOTS, LENGTH, WIDTH = 6, 64, 4128
PATTERNS = ["[0-9]{2,9}", "(ab|cd){1,5}", None, '"[a-z ]{0,12}"']


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(BUNDLED_MODEL))


@pytest.fixture
def states() -> LogitsProcRequestState:
    return LogitsProcRequestState(
        device=torch.device("cpu"),
        max_num_reqs=SLOTS,
        vocab_size=WIDTH,
        all_token_ids=SimpleNamespace(gpu=torch.zeros((SLOTS, LENGTH), dtype=torch.int32)),
        prompt_len=SimpleNamespace(np=np.zeros(SLOTS, np.int32)),
        prefill_len=SimpleNamespace(np=np.zeros(SLOTS, np.int32)),
        total_len=SimpleNamespace(gpu=torch.zeros(SLOTS, dtype=torch.int32)),
    )


def processor_of(states: LogitsProcRequestState, tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> LogitsProcessor:
    import vllm.tokenizers

    monkeypatch.setattr(vllm.tokenizers, "cached_tokenizer_from_config", lambda **_: tokenizer)
    return MaskwrightLogitsProcessor(SimpleNamespace(model_config=None), states)


def parameters(pattern: str | None) -> Any:
    extra = None if pattern is None else {"maskwright": {"regex": pattern}}
    return SimpleNamespace(extra_args=extra, all_stop_token_ids={2}, max_tokens=None)


def reference(tokenizer: Any, pattern: str, tokens: list[int]) -> np.ndarray:
    """Which columns may stay, by reading all tokens anew; end tokens only where a token does not fit."""
    vocabularies = vocabularies_of(tokenizer, WIDTH)
    text = vocabularies.constraints({2}).matcher(Asked(Kind.REGEX, pattern))
    row = np.zeros(vocabularies.row_words, np.int32)
    try:
        for token in tokens:
            if text.is_finished():
                raise MaskwrightError
            text.accept_token(token)
    except MaskwrightError:
        row[:] = vocabularies.end_row
    else:
        text.fill_bitmask(row)
    return np.unpackbits(row.view(np.uint8), bitorder="little")[:WIDTH].astype(bool)


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_any_order_and_drafts_are_masked_as_texts_read_anew(
    seed: int, tokenizer: Any, states: LogitsProcRequestState, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    processor = processor_of(states, tokenizer, monkeypatch)
    texts: dict[int, tuple[str | None, int, list[int]]] = {}
    n_checked = 0
    for step in range(60):
        slot = step if step < SLOTS else chance.randrange(SLOTS)
        if step < SLOTS or (chance.random() < 0.1 and slot in texts):
            pattern, prompt = (
                chance.choice(PATTERNS),
                [chance.randrange(3, 4000) for _ in range(chance.randrange(1, 9))],
            )
            states.prompt_len.np[slot] = len(prompt)
            states.all_token_ids.gpu[slot, : len(prompt)] = torch.tensor(prompt)
            assert processor.add_request(slot, parameters(pattern)) == (pattern is not None)
            texts[slot] = (pattern, len(prompt), list(prompt))
        processor.apply_staged_writes()
        rows: list[tuple[int, int, int, int, list[int]]] = []
        for index in chance.sample(sorted(texts), chance.randrange(1, len(texts) + 1)):
            _, n_prompt, tokens = texts[index]
            drafts = [chance.randrange(3, 4096) for _ in range(chance.randrange(3))]
            for place, token in enumerate([tokens[-1], *drafts]):
                written = [*tokens[n_prompt:], *drafts[:place]]
                rows.append((index, place, token, len(tokens) - 1 + place, written))
        columns = [torch.tensor([row[i] for row in rows]) for i in range(4)]
        order = list(dict.fromkeys(row[0] for row in rows))
        context = LogitsContext(
            expanded_idx_mapping=columns[0],
            idx_mapping=torch.tensor(order),
            idx_mapping_np=np.array(order),
            expanded_local_pos=columns[1],
            input_ids=columns[2],
            pos=columns[3],
            seq_lens_upper_bound_np=np.zeros(len(order), np.int32),
        )
        logits = torch.randn((len(rows), WIDTH))
        masked = processor.apply(logits.clone(), context)
        for number, (index, _, _, _, written) in enumerate(rows):
            pattern = texts[index][0]
            if pattern is None:
                assert torch.equal(masked[number], logits[number])
                continue
            stays = reference(tokenizer, pattern, written)
            assert (torch.isinf(masked[number]).numpy() == ~stays).all()
            assert torch.equal(masked[number][stays], logits[number][stays])
            n_checked += 1
        for index in order:  # the sampler writes one to three tokens, which fit mostly
            pattern, n_prompt, tokens = texts[index]
            for _ in range(chance.randrange(1, 4)):
                if len(tokens) >= LENGTH or 2 in tokens[n_prompt:]:
                    break
                stays = reference(tokenizer, pattern or ".*", tokens[n_prompt:])
                tokens.append(int(chance.choice(np.flatnonzero(stays).tolist())))
                states.all_token_ids.gpu[index, len(tokens) - 1] = tokens[-1]
    assert n_checked > 50


def test_bad_arguments_are_refused_at_admission() -> None:
    MaskwrightLogitsProcessor.validate_params(parameters("a+"))
    with pytest.raises(ValueError, match="is never closed"):
        MaskwrightLogitsProcessor.validate_params(parameters("a("))


def test_the_runner_takes_the_class_by_its_name() -> None:
    from vllm.v1.worker.gpu.sample.logits_processor import build_custom_logits_processors_params_validator

    name = f"{logits_processor_v2.__name__}:MaskwrightLogitsProcessor"
    check = build_custom_logits_processors_params_validator([name])
    from vllm.exceptions import VLLMValidationError

    with pytest.raises(VLLMValidationError):
        check(parameters("a("))
