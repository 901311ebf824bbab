"""The tokenizer's own tokens, exact bytes or none, for tokenizers of every kind."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

from maskwright import Vocabulary
from maskwright.errors import UnsupportedTokenizer
from maskwright.integrations.generation import BUNDLED_MODEL
from maskwright.integrations.huggingface.retokenizing import Retokenizer
from tests.data_folder import TOKENIZER_NAMES, tokenizer_folder

TEXTS = ('{"name": "Zoë 🙂", "n": [1, 23456]}', "  two  blanks ", "a\n\n\nb\t", "né", "\n", " ", "</s><x>", "日本")


@cache
def tokenizer_of(name: str) -> object:
    folder = BUNDLED_MODEL if name == "bundled" else tokenizer_folder(name)
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


@cache
def retokenizer_of(name: str) -> tuple[Retokenizer, Vocabulary]:
    tokenizer = tokenizer_of(name)
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=[0])
    return Retokenizer(tokenizer, vocabulary), vocabulary


@pytest.mark.parametrize("name", ["bundled", *TOKENIZER_NAMES])
def test_texts_come_out_as_they_went_in(name: str) -> None:
    retokenizer, vocabulary = retokenizer_of(name)
    for text in TEXTS:
        tokens = retokenizer.encode(text.encode())
        if tokens is None:
            assert text == "</s><x>", "only the spelling of a special token has no tokens"
        else:
            assert vocabulary.decode(tokens) == text.encode()
            assert vocabulary.special_token_ids.isdisjoint(tokens)


@given(st.text())
def test_every_text_has_exact_tokens_or_none(text: str) -> None:
    retokenizer, vocabulary = retokenizer_of("bundled")
    tokens = retokenizer.encode(text.encode("utf-8", "ignore"))
    assert tokens is not None
    assert vocabulary.decode(tokens) == text.encode("utf-8", "ignore")


def test_byte_level_tokens_are_those_of_the_tokenizer() -> None:
    retokenizer, _ = retokenizer_of("bundled")
    tokenizer = tokenizer_of("bundled")
    for text in TEXTS:
        assert retokenizer.encode(text.encode()) == tokenizer(text, add_special_tokens=False)["input_ids"]  # type: ignore[operator]


def test_no_blank_is_put_in_front() -> None:
    """Llama 2 encodes a text with a blank before it; behind a prompt there is none."""
    retokenizer, vocabulary = retokenizer_of("llama2")
    tokens = retokenizer.encode(b'{"a": 1}')
    assert tokens is not None
    assert vocabulary.decode(tokens) == b'{"a": 1}'


def test_what_is_no_text_has_no_tokens() -> None:
    retokenizer, _ = retokenizer_of("bundled")
    assert retokenizer.encode(b"\xff") is None
    assert retokenizer.encode("é".encode()[:1]) is None
    assert retokenizer.encode(b"<|eos|>") is None


def test_a_text_that_is_rewritten_has_no_tokens() -> None:
    """Qwen 2 composes characters before it cuts them."""
    retokenizer, _ = retokenizer_of("qwen2")
    assert retokenizer.encode("é".encode()) is not None
    assert retokenizer.encode("e\u0301".encode()) is None


def test_a_tokenizer_that_never_spells_its_input_is_refused() -> None:
    class Lower:
        def encode(self, text: str, **_: object) -> list[int]:
            return [ord(character) for character in text.lower()[1:]]

    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)], eos_token_ids=[0])
    with pytest.raises(UnsupportedTokenizer, match="do not spell the texts that it is given"):
        Retokenizer(Lower(), vocabulary)
