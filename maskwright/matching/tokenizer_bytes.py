"""The exact bytes of each token, read off a tokenizer's own description: one function per kind of tokenizer.

*Why not `decode([id])`?* Because decoding is made for whole texts: it drops the leading blank of a text (half of
Llama 2's tokens come out wrong) and replaces partial characters by U+FFFD (1 % of a byte-level vocabulary).
Instead we take what the tokenizer file says and apply the one step of its decoder that maps a token to bytes:

    byte-level BPE      each character stands for a byte (GPT-2's map of 256 printable characters); a token with a
                        character outside that map stands for itself in UTF-8, as the decoder has it
    byte fallback       `<0xNN>` is one byte; in any other token the blank's stand-in, usually U+2581, is a blank
    tiktoken, tekken    the files hold the bytes themselves (`mistral_bytes` has these)

Added tokens are matched in the raw text before the model sees it, so they are their content in UTF-8, with two
exceptions among those that are not special: under byte fallback they are decoded like any other (Gemma's runs of
blanks), and so is a byte-level one that is a piece of the model as well, for its id stands for that piece too.

Tokenizers that cannot spell every text, or lose letters' case, blanks or word ends (WordPiece, WordLevel, Unigram or
character BPE without byte fallback), are refused with the reason: no exact bytes exist for their tokens.

Nothing is imported from transformers or tiktoken: each function says which attributes it needs of its argument.
Source: the decoders of the `tokenizers` library, checked against the GGUF and tiktoken files of seven vocabularies.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from maskwright.errors import UnsupportedTokenizer

#: More ids than any vocabulary has (the largest known has some 260,000): a stray token must not allocate gigabytes.
MAX_TOKENS: Final = 1 << 20

#: The most characters of a token that a decoder's replacements have made longer: usually they put a blank for one sign.
MAX_GROWN_CHARACTERS: Final = 1024

#: What an error shows of another one, which may quote the whole description.
SHOWN_CHARACTERS: Final = 200

#: The name of a decoder step in tokenizer.json that says how characters stand for bytes.
BYTE_LEVEL: Final = "ByteLevel"
BYTE_FALLBACK: Final = "ByteFallback"

_BYTE_TOKEN: Final = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True, slots=True)
class TokenList:
    """What a tokenizer says about its tokens.

    `token_bytes[id]` is empty for ids that do not exist; `names` are the spellings of special and added tokens.
    """

    token_bytes: tuple[bytes, ...]
    special_token_ids: frozenset[int]
    names: dict[str, int]
    eos_token_ids: tuple[int, ...]


def huggingface_tokens(tokenizer: object) -> TokenList:
    """The tokens of a fast transformers tokenizer, or of a bare `tokenizers.Tokenizer`.

    Needs `backend_tokenizer.to_str()` (or `to_str()` itself); `eos_token_id`, an id, several or None, may be missing.
    """
    backend: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not callable(getattr(backend, "to_str", None)):
        raise UnsupportedTokenizer(
            f"{type(tokenizer).__name__} has no backend_tokenizer.to_str(); load the fast form of this tokenizer"
        )
    try:
        description = json.loads(backend.to_str())
    except (TypeError, ValueError, RecursionError) as error:
        raise UnsupportedTokenizer(f"its description is not JSON ({error})") from error
    tokens = tokens_of_description(description)
    eos = getattr(tokenizer, "eos_token_id", None)
    return replace(tokens, eos_token_ids=() if eos is None else one_or_many(eos))


def one_or_many(token_ids: Any) -> tuple[int, ...]:
    """`7` -> `(7,)` and `[7, 8]` -> `(7, 8)`: tokenizers and generation configs give either."""
    try:
        return (operator.index(token_ids),)
    except TypeError:
        return tuple(token_ids)


def tokens_of_description(description: dict[str, Any]) -> TokenList:
    """The tokens of a parsed tokenizer.json; it names no end-of-text token."""
    piece_bytes = _decoder_step(description)
    try:
        vocabulary = description["model"]["vocab"]
        if isinstance(vocabulary, list):  # Unigram: [piece, score] by id
            vocabulary = {entry[0]: token for token, entry in enumerate(vocabulary)}
        added = [(entry["content"], entry["id"], entry["special"]) for entry in description["added_tokens"] or ()]
        ids = [*vocabulary.values(), *(token for _, token, _ in added)]
        if ids and not 0 <= min(ids) <= max(ids) < MAX_TOKENS:
            raise ValueError(f"token ids from {min(ids)} to {max(ids)}, and only 0 to {MAX_TOKENS - 1} are supported")
        token_bytes = [b""] * (max(ids, default=-1) + 1)
        for piece, token in vocabulary.items():
            token_bytes[token] = piece_bytes(piece)
        for content, token, is_special in added:
            is_piece = piece_bytes is not byte_level_bytes or content in vocabulary
            token_bytes[token] = piece_bytes(content) if is_piece and not is_special else content.encode()
        special = {token for _, token, is_special in added if is_special}
        special |= _unknown_token(description["model"], vocabulary)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise UnsupportedTokenizer(f"its description is not that of a tokenizer ({error!r:.200})") from error
    return TokenList(
        token_bytes=tuple(token_bytes),
        special_token_ids=frozenset(special),
        names={content: token for content, token, _ in added},
        eos_token_ids=(),
    )


def _unknown_token(model: dict[str, Any], vocabulary: dict[str, int]) -> set[int]:
    """The token that stands for what cannot be spelt: no text, even if it is not listed as a special token."""
    unknown = vocabulary.get(model.get("unk_token") or "", model.get("unk_id"))
    return set() if unknown is None else {unknown}


def _decoder_step(description: dict[str, Any]) -> Callable[[str], bytes]:
    """The function from a token's spelling to its bytes."""
    try:
        model_kind = description["model"].get("type") or "BPE"
        steps = list(_flat_steps(description.get("decoder")))
        kinds = [str(step["type"]) for step in steps]
        replacements = [pair for step in steps for pair in _replacement(step)]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnsupportedTokenizer(f"its description is not that of a tokenizer ({error!r})") from error
    if model_kind not in ("BPE", "Unigram"):
        raise UnsupportedTokenizer(f"a {model_kind} model keeps neither every character nor the blanks of a text")
    if BYTE_LEVEL in kinds:
        return byte_level_bytes
    if BYTE_FALLBACK in kinds:
        return lambda piece: byte_fallback_bytes(piece, replacements)
    raise UnsupportedTokenizer(
        f"its decoder ({', '.join(kinds) or 'none'}) of a {model_kind} model has neither {BYTE_LEVEL} nor "
        f"{BYTE_FALLBACK}, so there are texts that it cannot spell"
    )


def _flat_steps(decoder: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The steps of a decoder, sequences within sequences opened."""
    pending = [decoder] if decoder else []
    while pending:
        step = pending.pop()
        if step["type"] == "Sequence":
            pending.extend(reversed(step["decoders"]))
        else:
            yield step


def _replacement(step: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a decoder step puts in the place of what, inside every token."""
    if step["type"] == "Metaspace":
        yield step.get("replacement", "\u2581"), " "
    elif step["type"] == "Replace":
        pattern = step["pattern"]
        if "String" not in pattern:
            raise UnsupportedTokenizer(f"its decoder replaces by the pattern {pattern!r}")
        yield pattern["String"], step["content"]


def byte_fallback_bytes(piece: str, replacements: list[tuple[str, str]]) -> bytes:
    """`"<0x0A>"` -> `b"\\n"`; with the usual replacement `"▁a"` -> `b" a"`."""
    matched = _BYTE_TOKEN.fullmatch(piece)
    if matched:
        return bytes([int(matched[1], 16)])
    for old, new in replacements:
        n_characters = len(piece) + piece.count(old) * (len(new) - len(old))
        if n_characters > max(len(piece), MAX_GROWN_CHARACTERS):
            raise ValueError(f"replacements make a token of {n_characters} characters")
        piece = piece.replace(old, new)
    return piece.encode()


def _byte_level_table() -> dict[int, int]:
    """Character -> byte, as `str.translate` wants it; GPT-2's map.

    Printable Latin-1 characters stand for themselves, the other 68 bytes for U+0100, U+0101, ... in order. Latin-1
    characters that stand for nothing are sent to U+FFFF, so that encoding the result as Latin-1 fails on them.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    table = dict.fromkeys(others, 0xFFFF)
    table |= {0x100 + place: byte for place, byte in enumerate(others)}
    return table


_BYTE_OF_CHARACTER: Final = _byte_level_table()


def byte_level_bytes(piece: str) -> bytes:
    """`"Ġa"` -> `b" a"`, half a character `"Ã"` -> `b"\\xc3"`, outside the map `"→"` -> its UTF-8."""
    try:
        return piece.translate(_BYTE_OF_CHARACTER).encode("latin-1")
    except UnicodeEncodeError:
        return piece.encode()


def tiktoken_tokens(encoding: object) -> TokenList:
    """The tokens of a `tiktoken.Encoding`.

    Needs `n_vocab`, `special_tokens_set`, `encode_single_token(name)` and `decode_single_token_bytes(id)`, which
    raises KeyError for an id that does not exist (there are such: o200k has gaps before its special tokens).
    """
    try:
        n_vocab: int = encoding.n_vocab  # type: ignore[attr-defined]
        decode_single: Callable[[int], bytes] = encoding.decode_single_token_bytes  # type: ignore[attr-defined]
        names = {
            name: int(encoding.encode_single_token(name))  # type: ignore[attr-defined]
            for name in encoding.special_tokens_set  # type: ignore[attr-defined]
        }
    except AttributeError as error:
        raise UnsupportedTokenizer(f"{type(encoding).__name__} is not a tiktoken encoding: {error}") from error

    def token_bytes(token: int) -> bytes:
        try:
            return decode_single(token)
        except KeyError:
            return b""

    end = names.get("<|endoftext|>")
    return TokenList(
        token_bytes=tuple(map(token_bytes, range(n_vocab))),
        special_token_ids=frozenset(names.values()),
        names=names,
        eos_token_ids=() if end is None else (end,),
    )
