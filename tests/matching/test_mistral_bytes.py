from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import UnsupportedTokenizer
from maskwright.matching.mistral_bytes import is_mistral_backend, mistral_tokens


def tekken_file(folder: Path, special_tokens: list[dict[str, Any]] | None, n_listed: int = 258) -> Path:
    texts = [*(bytes([byte]) for byte in range(256)), b"ab", b"beyond"]
    content: dict[str, Any] = {
        "config": {"default_vocab_size": 267, "default_num_special_tokens": 10, "pattern": ".+", "version": "v3"},
        "vocab": [
            {"rank": rank, "token_bytes": base64.b64encode(text).decode(), "token_str": None}
            for rank, text in enumerate(texts[:n_listed])
        ],
    }
    if special_tokens is not None:
        content["special_tokens"] = special_tokens
    path = folder / "tekken.json"
    path.write_text(json.dumps(content))
    return path


def test_a_tekken_file_puts_special_tokens_before_its_ranks(tmp_path: Path) -> None:
    listed = [{"rank": 4, "token_str": "</s>"}, {"rank": 0, "token_str": "<unk>"}]
    tokens = mistral_tokens(tekken_file(tmp_path, listed))
    assert len(tokens.token_bytes) == 267, "entries beyond the vocabulary do not exist"
    assert tokens.token_bytes[10:266] == tuple(bytes([byte]) for byte in range(256))
    assert tokens.token_bytes[266] == b"ab"
    assert tokens.token_bytes[:5] == (b"<unk>", b"<SPECIAL_1>", b"<SPECIAL_2>", b"<SPECIAL_3>", b"</s>")
    assert tokens.special_token_ids == set(range(10))
    assert tokens.eos_token_ids == (4,)


def test_a_tekken_file_without_special_tokens_has_the_usual_ones(tmp_path: Path) -> None:
    tokens = mistral_tokens(str(tekken_file(tmp_path, None)))
    assert tokens.names["</s>"] == 2
    assert tokens.names["[TOOL_CALLS]"] == 9
    assert tokens.eos_token_ids == (2,)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"config": {"default_vocab_size": 1, "default_num_special_tokens": 2}, "vocab": []}'],
)
def test_a_file_that_is_no_tekken_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(UnsupportedTokenizer, match=r"tokenizer\.json is not a tekken file"):
        mistral_tokens(path)


def test_what_is_no_mistral_tokenizer_is_refused() -> None:
    assert not is_mistral_backend(object())
    with pytest.raises(UnsupportedTokenizer, match="object is not a mistral-common tokenizer"):
        mistral_tokens(object())


class SentencePiece:
    """What is used of mistral-common's SentencePiece tokenizer, which itself needs another package."""

    n_words = 6
    eos_id = 1
    unk_id = 5

    def id_to_piece(self, token: int) -> str:
        return ["<s>", "</s>", "▁a", "<0xE9>", "é", "<unk>"][token]

    def is_special(self, token: int) -> bool:
        return token in (0, 1)


def test_sentencepiece_has_byte_pieces_and_a_stand_in_for_the_blank() -> None:
    tokens = mistral_tokens(SentencePiece())
    assert tokens.token_bytes == (b"<s>", b"</s>", b" a", b"\xe9", "é".encode(), b"<unk>")
    assert tokens.special_token_ids == {0, 1, 5}
    assert tokens.names == {"<s>": 0, "</s>": 1, "<unk>": 5}
    assert tokens.eos_token_ids == (1,)


def bundled_tekken_file() -> Path:
    """A real tekken file, which the mistral-common package brings along."""
    mistral_common = pytest.importorskip("mistral_common")
    return Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"


def test_a_real_tekkenizer_its_file_and_what_wraps_it_agree() -> None:
    path = bundled_tekken_file()
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

    wrapped = MistralTokenizer.from_file(str(path))
    assert is_mistral_backend(wrapped)
    tekkenizer = wrapped.instruct_tokenizer.tokenizer
    assert not is_mistral_backend(tekkenizer)
    tokens = mistral_tokens(path)
    assert mistral_tokens(wrapped) == tokens
    assert mistral_tokens(tekkenizer) == tokens
    assert len(tokens.token_bytes) == tekkenizer.n_words
    for text in ("naïve 日本語 \U0001f600", "\x00\x1f\x7f\x85", " \t\r\n  x"):
        assert b"".join(tokens.token_bytes[token] for token in tekkenizer.encode(text, bos=False, eos=False)) == (
            text.encode()
        )
