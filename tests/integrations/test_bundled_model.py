"""The bundled model is what docs/tiny_model.md says: small, complete, and trained."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytest.importorskip("transformers", reason="the extra `hf` is not installed")

from maskwright.integrations.generation import BUNDLED_MODEL, GenerationOptions, LoadedModel, generate_text, load_model

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
DOCUMENTED_LOSS = 1.027


@pytest.fixture(scope="module")
def loaded() -> Iterator[LoadedModel]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads on a busy core wait for each other
    yield load_model()
    torch.set_num_threads(threads)


def test_the_files_are_small() -> None:
    assert (BUNDLED_MODEL / "model.safetensors").stat().st_size <= 6 << 20
    assert sum(file.stat().st_size for file in BUNDLED_MODEL.iterdir()) <= 7 << 20


def test_the_tokenizer_spells_every_text_and_gives_it_back(loaded: LoadedModel) -> None:
    vocabulary = loaded.vocabulary
    assert vocabulary.size == 4096
    assert vocabulary.missing_bytes == b""
    for text in ('{"naïve": "日本 🙂"}', "\x00\x7f\u2028\r\n\t", "  two  blanks ", "<|eos|x", "1234567890"):
        ids = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert vocabulary.decode(ids) == text.encode()


def test_weights_are_computed_with_in_float32(loaded: LoadedModel) -> None:
    assert {weights.dtype for weights in loaded.model.parameters()} == {torch.float32}


def test_its_loss_on_unseen_documents_is_the_documented_one(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    training = importlib.import_module("train_tiny_lm")
    rows = training.encoded(loaded.tokenizer, training.documents(training.VALIDATION_SEED, 1000))
    loss = training.validation_loss(loaded.model, rows, loaded.tokenizer.pad_token_id)
    assert loss == pytest.approx(DOCUMENTED_LOSS, abs=0.002)


def test_by_itself_it_mostly_writes_json(loaded: LoadedModel) -> None:
    texts = [generate_text(loaded, None, f"A {kind} as JSON:", GenerationOptions(400)) for kind in ("person", "order")]
    assert all(text.is_complete and isinstance(json.loads(text.text), dict) for text in texts)
