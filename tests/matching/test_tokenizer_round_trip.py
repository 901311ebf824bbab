"""Encode a text with a real tokenizer; the bytes of the tokens, one after the other, must be the text.

This is the whole promise of `Vocabulary`: it fails if any token has a wrong byte, as long as some text uses that token.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from maskwright.disk_cache import CACHE_DIR_VARIABLE
from maskwright.matching.vocabulary import Vocabulary
from tests.data_folder import TOKENIZER_NAMES, tokenizer_folder

#: Of each tokenizer: width, end of text, and how many special tokens its file lists.
SIZES = {
    "gpt2": (50_257, 50_256, 1),
    "llama2": (32_000, 2, 3),
    "llama3": (128_256, 128_001, 256),
    "qwen2": (151_646, 151_643, 3),
    "tekken": (131_072, 2, 1_000),
}

#: Ranges of characters that random texts are drawn from; every plane, and the places where tokenizers differ.
RANGES = [
    (0x00, 0x1F),  # control characters
    (0x20, 0x7E),
    (0x20, 0x7E),
    (0x7F, 0xA0),  # more control characters, and the blank that must not break
    (0xA1, 0xFF),  # characters of the byte-level map, as text
    (0x100, 0x24F),  # the map's other characters, as text
    (0x300, 0x36F),  # combining marks
    (0x590, 0x6FF),
    (0x900, 0xDFF),
    (0x1E00, 0x206F),  # includes blanks of all widths and marks without width
    (0x2580, 0x2590),  # includes U+2581, which stands for a blank in SentencePiece files
    (0x3000, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xE000, 0xF8FF),  # private use
    (0xFE00, 0xFFFF),  # variation selectors, byte order mark, non-characters
    (0x1F300, 0x1FAFF),
    *((plane << 16, (plane << 16) + 0xFFFF) for plane in range(1, 17)),
]


def random_text(rng: random.Random) -> str:
    """Runs of characters of a few ranges; some characters repeat, because runs of blanks have tokens of their own."""
    text = ""
    for _ in range(rng.randint(0, 6)):
        low, high = rng.choice(RANGES)
        for _ in range(rng.randint(1, 8)):
            text += chr(rng.randint(low, high)) * rng.choice((1, 1, 1, 2, 5))
        text += rng.choice(("", "", " ", "  ", "\n", "\t", "\r\n", "the "))
    return text


@cache
def loaded(name: str) -> tuple[Any, Vocabulary]:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_folder(name) / "tokenizer.json"))
    return tokenizer, Vocabulary.from_huggingface(tokenizer, eos_token_ids=SIZES[name][1])


def text_seen(name: str, tokenizer: Any) -> Callable[[str], str]:
    """What a tokenizer makes of a text before it looks for tokens: part of encoding, not of the tokens' bytes."""
    if name == "llama2":  # legacy SentencePiece: a blank before the text, and U+2581 is a blank
        return lambda text: " " + text.replace("\u2581", " ") if text else ""
    if name == "qwen2":  # canonical composition, as its own edition of Unicode has it
        return lambda text: str(tokenizer.normalizer.normalize_str(text))
    return lambda text: text


def assert_tokens_spell_the_texts(name: str, n_texts: int, seed: int) -> None:
    tokenizer, vocabulary = loaded(name)
    rng = random.Random(seed)
    texts = [random_text(rng) for _ in range(n_texts)]
    seen = text_seen(name, tokenizer)
    for text, encoding in zip(texts, tokenizer.encode_batch(texts, add_special_tokens=False), strict=True):
        assert vocabulary.decode(encoding.ids) == seen(text).encode(), text


@pytest.mark.parametrize("name", TOKENIZER_NAMES)
def test_the_tokens_of_random_texts_spell_these_texts(name: str) -> None:
    assert_tokens_spell_the_texts(name, n_texts=500, seed=1)


@pytest.mark.deep
@pytest.mark.parametrize("name", TOKENIZER_NAMES)
def test_the_tokens_of_ten_thousand_random_texts_spell_these_texts(name: str) -> None:
    assert_tokens_spell_the_texts(name, n_texts=10_000, seed=2)


@pytest.mark.parametrize("name", TOKENIZER_NAMES)
def test_every_token_that_is_whole_characters_is_what_the_tokenizer_decodes_it_to(name: str) -> None:
    tokenizer, vocabulary = loaded(name)
    [anchor] = tokenizer.encode("a", add_special_tokens=False).ids[-1:]  # the first blank of a text is not decoded
    whole = {}
    for token in range(vocabulary.size):
        text = vocabulary.text_of(token).decode("utf-8", "replace")
        if text and "\ufffd" not in text:
            whole[token] = text
    assert len(whole) > 0.98 * vocabulary.trie.n_tokens, "too few tokens to say anything"
    [alone] = tokenizer.decode_batch([[anchor]])
    decoded = tokenizer.decode_batch([[anchor, token] for token in whole])
    assert [text.removeprefix(alone) for text in decoded] == list(whole.values())


@pytest.mark.parametrize("name", TOKENIZER_NAMES)
def test_real_vocabularies_have_the_known_sizes_and_every_byte(name: str) -> None:
    _, vocabulary = loaded(name)
    size, eos, n_special = SIZES[name]
    assert vocabulary.size == len(vocabulary.token_bytes) == size
    assert vocabulary.eos_token_ids == (eos,)
    assert len(vocabulary.special_token_ids) == n_special
    assert vocabulary.missing_bytes == b""


@pytest.mark.parametrize("name", TOKENIZER_NAMES)
def test_the_trie_of_a_real_vocabulary_comes_back_from_the_cache(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, vocabulary = loaded(name)
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))

    def again() -> Vocabulary:
        return Vocabulary(
            vocabulary.token_bytes,
            eos_token_ids=vocabulary.eos_token_ids,
            special_token_ids=vocabulary.special_token_ids,
            special_token_names=vocabulary.special_token_names,
        )

    built = again().trie
    assert len(list(tmp_path.rglob("*.arrays"))) == 1
    monkeypatch.setattr("maskwright.matching.vocabulary.build_token_trie", None)  # from here on nothing can be built
    cached = again().trie
    assert (cached.nodes == built.nodes).all()
    assert (cached.tokens == built.tokens).all()
    assert cached.nodes.flags.writeable
    ordinary = [token for token in range(vocabulary.size) if vocabulary.text_of(token)]
    assert sorted(cached.tokens.tolist()) == ordinary


def test_duplicate_bytes_of_llama2_share_a_node() -> None:
    _, vocabulary = loaded("llama2")
    row = vocabulary.trie.nodes[vocabulary.trie.find(b"A")]
    own = vocabulary.trie.tokens[row[3] : row[4]].tolist()
    assert len(own) == 2
    assert [vocabulary.text_of(token) for token in own] == [b"A", b"A"]


def test_a_unigram_model_with_byte_fallback_spells_texts_too() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *"abcdefgh▁", "▁▁", "▁a", "é"]
    model = tokenizers.models.Unigram([(piece, -1.0 - i) for i, piece in enumerate(pieces)], 0, byte_fallback=True)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="never")
    decoders = tokenizers.decoders
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="never")])
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=0)
    for text in ("a  bad é日\n\x00", "😀 cab", "  "):
        assert vocabulary.decode(tokenizer.encode(text).ids) == text.encode()


def test_an_auto_tokenizer_gives_the_vocabulary_of_its_file() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizer_folder("gpt2"))
    assert Vocabulary.from_huggingface(tokenizer) == loaded("gpt2")[1]
