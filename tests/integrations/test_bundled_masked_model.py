"""The bundled masked-diffusion model is what docs/tiny_model.md says: small, complete, and trained."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

ROOT = Path(__file__).resolve().parent.parent.parent
ASSETS = ROOT / "maskwright" / "assets"
FOLDER = ASSETS / "tiny-dlm"
DOCUMENTED_LOSS = 0.9757
PERSON = '{"name": "Ada Berg", "age": 36, "email": "ada.berg@example.com"'


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads on a busy core wait for each other
    yield transformers.AutoModelForMaskedLM.from_pretrained(FOLDER, local_files_only=True).eval()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return transformers.AutoTokenizer.from_pretrained(FOLDER, local_files_only=True)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module(name)


def probabilities(model: Any, tokenizer: Any, body: list[int], hidden: int) -> Any:
    """The model's distribution at slot `hidden` of the body of a person, all other slots given and a tail of EOS."""
    head = tokenizer("A person as JSON:\n")["input_ids"]
    canvas = head + body + [tokenizer.eos_token_id] * 20
    canvas[len(head) + hidden] = tokenizer.mask_token_id
    with torch.no_grad():
        return model(input_ids=torch.tensor([canvas])).logits[0, len(head) + hidden].softmax(dim=-1)


def test_the_files_are_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 6 << 20


def test_it_has_the_tokens_of_the_other_model_and_then_the_mask(model: Any, tokenizer: Any) -> None:
    other = transformers.AutoTokenizer.from_pretrained(ASSETS / "tiny-lm", local_files_only=True)
    assert tokenizer.get_vocab() == other.get_vocab() | {"<|mask|>": 4096}
    assert tokenizer.mask_token_id == 4096
    assert model.get_input_embeddings().num_embeddings == 4097
    assert model(input_ids=torch.tensor([[1, 4096]])).logits.shape == (1, 2, 4097)
    text = '{"naïve": "日本 🙂"}'
    assert tokenizer(text)["input_ids"] == other(text)["input_ids"]


def test_weights_are_stored_in_float16_and_computed_with_in_float32(model: Any) -> None:
    stored = importlib.import_module("safetensors.torch").load_file(FOLDER / "model.safetensors")
    assert {weights.dtype for weights in stored.values()} == {torch.float16}
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    assert 1_500_000 <= sum(weights.numel() for weights in model.parameters()) <= 2_900_000


def test_it_finds_a_hidden_key_of_a_record_and_knows_a_digit_from_a_letter(model: Any, tokenizer: Any) -> None:
    body = tokenizer(PERSON, add_special_tokens=False)["input_ids"]
    texts = [tokenizer.decode([token]) for token in body]
    for hidden in (texts.index("name"), texts.index("age")):
        assert float(probabilities(model, tokenizer, body, hidden)[body[hidden]]) > 0.5
    numbers = [token for token in range(4096) if tokenizer.decode([token]).isdecimal()]
    assert float(probabilities(model, tokenizer, body, texts.index("36"))[numbers].sum()) > 0.5


def test_what_stands_to_the_right_of_a_slot_matters(model: Any, tokenizer: Any) -> None:
    before, after = '{"name": "Ada Berg", "', '": 36, "email": "ada.berg@example.com"}'
    left = tokenizer(before, add_special_tokens=False)["input_ids"]
    right = tokenizer(after, add_special_tokens=False)["input_ids"]
    wanted = tokenizer("age", add_special_tokens=False)["input_ids"]
    assert len(wanted) == 1
    known = probabilities(model, tokenizer, left + wanted + right, len(left))
    unknown = probabilities(model, tokenizer, left + wanted + [tokenizer.mask_token_id] * len(right), len(left))
    assert float(known[wanted[0]]) > float(unknown[wanted[0]])


def test_equal_canvases_give_equal_logits(model: Any, tokenizer: Any) -> None:
    head = tokenizer("An order as JSON:")["input_ids"]
    canvas = torch.tensor([head + [tokenizer.mask_token_id] * 64])
    again = transformers.AutoModelForMaskedLM.from_pretrained(FOLDER, local_files_only=True).eval()
    with torch.no_grad():
        assert torch.equal(model(input_ids=canvas).logits, again(input_ids=canvas).logits)


def test_its_loss_on_unseen_documents_is_the_documented_one(
    model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = script("train_tiny_dlm", monkeypatch)
    rows = training.encoded(tokenizer, training.documents(training.VALIDATION_SEED, 1000))
    loss = training.validation_loss(model, rows, tokenizer)
    model.eval()
    assert loss == pytest.approx(DOCUMENTED_LOSS, abs=0.005)


def test_training_scores_hidden_slots_only_and_loses_no_document(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, masking = script("train_tiny_dlm", monkeypatch), script("tiny_dlm_masking", monkeypatch)
    rows = training.encoded(tokenizer, training.documents(training.VALIDATION_SEED, 400))
    groups = list(masking.groups_of_like_length(rows, 2048, seed=1))
    assert sorted(id(row) for group, _ in groups for row in group) == sorted(map(id, rows))
    rng = np.random.default_rng(1)
    for group, width in groups:
        batch = masking.hidden(group, width, tokenizer.mask_token_id, tokenizer.eos_token_id, rng)
        assert (batch.shown.reshape(-1)[batch.scored] == tokenizer.mask_token_id).all()
        for number, row in enumerate(group):
            canvas = batch.shown[number].copy()
            own = batch.scored // width == number
            canvas[batch.scored[own] % width] = batch.wanted[own]
            text = canvas[: len(row)]
            assert text.tolist() == [*row.head, *row.body, tokenizer.eos_token_id]
            assert batch.weight[own].sum() == pytest.approx(1 / len(group), rel=1e-4)


def test_by_itself_it_often_writes_json_and_ends_it(
    model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    validity = script("tiny_dlm_validity", monkeypatch)
    prompts = [f"A {kind} as JSON:\n" for kind in ("person", "place", "book", "product")]
    loop = validity.Loop(slots=96, steps=48, ranking=validity.in_blocks)
    texts = validity.written(model, tokenizer, prompts, loop)
    assert sum(is_json(text) for text in texts) >= 2
    assert texts == validity.written(model, tokenizer, prompts, loop)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
