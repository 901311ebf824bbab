from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from maskwright.errors import UnsupportedTokenizer
from maskwright.matching.tokenizer_bytes import (
    byte_fallback_bytes,
    byte_level_bytes,
    huggingface_tokens,
    tiktoken_tokens,
    tokens_of_description,
)

BYTE_LEVEL = {"type": "ByteLevel"}
LLAMA_DECODER = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}
BLANK = [("▁", " ")]


def description(
    vocab: object, decoder: object, added: Sequence[tuple[int, object, bool]] = (), model: str = "BPE"
) -> dict[str, Any]:
    return {
        "model": {"type": model, "vocab": vocab},
        "decoder": decoder,
        "added_tokens": [{"id": token, "content": content, "special": special} for token, content, special in added],
    }


def test_the_256_characters_of_byte_level_stand_for_256_bytes() -> None:
    characters = [chr(c) for c in [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144)]]
    assert sorted(byte_level_bytes(character) for character in characters) == [bytes([b]) for b in range(256)]


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        ("Ġa", b" a"),
        ("Ċ", b"\n"),
        ("Ã©", "é".encode()),
        ("Ã", b"\xc3"),
        ("é", b"\xe9"),
        ("→", "→".encode()),  # outside the map: the whole token stands for itself
        ("é→", "é→".encode()),
        ("a b", b"a b"),
        ("é b", "é b".encode()),  # a real blank is outside the map, too
        ("\xad", "\xad".encode()),
        ("", b""),
    ],
)
def test_byte_level_pieces(piece: str, expected: bytes) -> None:
    assert byte_level_bytes(piece) == expected


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        ("<0x0A>", b"\n"),
        ("<0xe9>", b"\xe9"),
        ("▁the", b" the"),
        ("▁▁", b"  "),
        ("é", "é".encode()),
        ("<0x0A>x", b"<0x0A>x"),
        ("<0x0G>", b"<0x0G>"),
        ("Ġ", "Ġ".encode()),
    ],
)
def test_byte_fallback_pieces(piece: str, expected: bytes) -> None:
    assert byte_fallback_bytes(piece, BLANK) == expected


def test_a_decoder_may_stand_in_sequences_and_name_its_own_blank() -> None:
    decoder = {
        "type": "Sequence",
        "decoders": [
            {"type": "Sequence", "decoders": [{"type": "ByteFallback"}]},
            {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": False},
        ],
    }
    assert tokens_of_description(description({"_a": 0, "<0x0A>": 1, "▁": 2}, decoder)).token_bytes == (
        b" a",
        b"\n",
        "▁".encode(),
    )


def test_ids_without_a_token_are_empty() -> None:
    tokens = tokens_of_description(description({"a": 1, "b": 4}, BYTE_LEVEL, [(6, "<end>", True)]))
    assert tokens.token_bytes == (b"", b"a", b"", b"", b"b", b"", b"<end>")


def test_unigram_models_list_pieces_in_the_order_of_ids() -> None:
    vocab = [["<unk>", 0.0], ["<0x41>", 0.0], ["▁A", -1.5]]
    tokens = tokens_of_description(description(vocab, LLAMA_DECODER, [(0, "<unk>", True)], model="Unigram"))
    assert tokens.token_bytes == (b"<unk>", b"A", b" A")
    assert tokens.special_token_ids == {0}


@pytest.mark.parametrize(("model", "unknown"), [("BPE", {"unk_token": "?"}), ("Unigram", {"unk_id": 1})])
def test_the_unknown_token_is_special_even_if_it_is_not_listed(model: str, unknown: dict[str, Any]) -> None:
    vocab = {"a": 0, "?": 1} if model == "BPE" else [["a", 0.0], ["?", 0.0]]
    content = description(vocab, LLAMA_DECODER, model=model)
    content["model"] |= unknown
    assert tokens_of_description(content).special_token_ids == {1}


def test_added_tokens_are_named_and_only_the_special_ones_are_special() -> None:
    added = [(1, "<｜end｜>", True), (2, "<tool call>", False)]
    tokens = tokens_of_description(description({"a": 0}, BYTE_LEVEL, added))
    assert tokens.token_bytes == (b"a", "<｜end｜>".encode(), b"<tool call>")
    assert tokens.special_token_ids == {1}
    assert tokens.names == {"<｜end｜>": 1, "<tool call>": 2}
    assert tokens.eos_token_ids == ()


def test_added_tokens_under_byte_level_are_their_content() -> None:
    assert tokens_of_description(description({"a": 0}, BYTE_LEVEL, [(1, "é", False)])).token_bytes[1] == "é".encode()


def test_an_added_token_that_is_also_a_piece_keeps_the_bytes_of_the_piece() -> None:
    assert tokens_of_description(description({"é": 0}, BYTE_LEVEL, [(0, "é", False)])).token_bytes == (b"\xe9",)


def test_runs_of_blanks_added_under_byte_fallback_are_blanks() -> None:
    added = [(1, "▁▁▁", False), (2, "▁end", True)]
    assert tokens_of_description(description({"a": 0}, LLAMA_DECODER, added)).token_bytes == (
        b"a",
        b"   ",
        "▁end".encode(),
    )


@pytest.mark.parametrize("model", ["WordPiece", "WordLevel"])
def test_models_that_lose_characters_or_blanks_are_refused_with_the_reason(model: str) -> None:
    with pytest.raises(UnsupportedTokenizer) as caught:
        tokens_of_description(description({"##a": 0}, {"type": "WordPiece", "prefix": "##"}, model=model))
    assert caught.value.reason == f"a {model} model keeps neither every character nor the blanks of a text"


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        (description([["▁a", 0.0]], {"type": "Metaspace"}, model="Unigram"), "decoder (Metaspace) of a Unigram model"),
        (description({"a</w>": 0}, {"type": "BPEDecoder", "suffix": "</w>"}), "decoder (BPEDecoder) of a BPE model"),
        (description({"a": 0}, None), "decoder (none) of a BPE model"),
    ],
)
def test_tokenizers_that_cannot_spell_every_byte_are_refused_with_the_reason(
    refused: dict[str, Any], named: str
) -> None:
    with pytest.raises(UnsupportedTokenizer) as caught:
        tokens_of_description(refused)
    assert caught.value.reason == (
        f"its {named} has neither ByteLevel nor ByteFallback, so there are texts that it cannot spell"
    )


def test_a_decoder_that_replaces_by_a_regular_expression_is_refused() -> None:
    decoder = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"Regex": "_+"}, "content": " "}]}
    with pytest.raises(UnsupportedTokenizer, match="replaces by the pattern"):
        tokens_of_description(description({"a": 0}, decoder))


@pytest.mark.parametrize(
    "malformed",
    [
        {},
        {"model": None},
        {"model": {"type": "BPE"}, "decoder": BYTE_LEVEL, "added_tokens": []},
        {"model": {"type": "BPE", "vocab": {"a": 0}}, "decoder": "ByteLevel", "added_tokens": []},
        {"model": {"type": "BPE", "vocab": {"a": 0}}, "decoder": BYTE_LEVEL},
        description({"a": -1}, BYTE_LEVEL),
        description({"a": 10**12}, BYTE_LEVEL),
        description({"a": "0"}, BYTE_LEVEL),
        description({"a": 0.5}, BYTE_LEVEL),
        description(7, BYTE_LEVEL),
        description([7], BYTE_LEVEL),
        description({"a": 0}, BYTE_LEVEL, [(1, "\ud800", False)]),
        description({"a": 0}, BYTE_LEVEL, [(1, None, True)]),
    ],
)
def test_malformed_descriptions_are_refused(malformed: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedTokenizer, match="not that of a tokenizer"):
        tokens_of_description(malformed)


class Backend:
    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def to_str(self) -> str:
        return json.dumps(self.content)


class FastTokenizer:
    def __init__(self, content: dict[str, Any], eos_token_id: object) -> None:
        self.backend_tokenizer = Backend(content)
        self.eos_token_id = eos_token_id


@pytest.mark.parametrize(("eos", "expected"), [(None, ()), (1, (1,)), ([1, 0], (1, 0)), (0, (0,))])
def test_the_end_of_text_token_of_a_fast_tokenizer_may_be_none_one_or_many(
    eos: object, expected: tuple[int, ...]
) -> None:
    assert huggingface_tokens(FastTokenizer(description({"a": 0, "b": 1}, BYTE_LEVEL), eos)).eos_token_ids == expected


def test_a_bare_backend_is_a_tokenizer_without_end_of_text() -> None:
    tokens = huggingface_tokens(Backend(description({"Ġ": 0}, BYTE_LEVEL)))
    assert tokens.token_bytes == (b" ",)
    assert tokens.eos_token_ids == ()


def test_a_slow_tokenizer_is_refused_with_advice() -> None:
    with pytest.raises(UnsupportedTokenizer) as caught:
        huggingface_tokens(object())
    assert str(caught.value) == (
        "The exact bytes of this tokenizer's tokens are unknown: object has no backend_tokenizer.to_str(); "
        "load the fast form of this tokenizer."
    )


def test_tiktoken_encodings_give_their_own_bytes_and_gaps_are_empty() -> None:
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)} | {b" a": 256, b"\xc3": 0xC3}
    special = {"<|endoftext|>": 260, "<|fim|>": 258}
    encoding = tiktoken.Encoding("small", pat_str=r".+|\n", mergeable_ranks=ranks, special_tokens=special)
    tokens = tiktoken_tokens(encoding)
    assert tokens.token_bytes[:256] == tuple(bytes([byte]) for byte in range(256))
    assert tokens.token_bytes[256:] == (b" a", b"", b"<|fim|>", b"", b"<|endoftext|>")
    assert tokens.special_token_ids == {258, 260}
    assert tokens.names == special
    assert tokens.eos_token_ids == (260,)


def test_what_is_no_tiktoken_encoding_is_refused() -> None:
    with pytest.raises(UnsupportedTokenizer, match="Backend is not a tiktoken encoding"):
        tiktoken_tokens(Backend({}))
