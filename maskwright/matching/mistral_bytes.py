"""The exact bytes of mistral-common tokenizers: tekken (from the object or its JSON file) and SentencePiece.

The first ids of a tekken vocabulary, usually 1,000, are special tokens; token `rank` of the file has the id
`n_special + rank` and its bytes in base64. The file may hold more entries than the model uses; those beyond
`default_vocab_size` do not exist. `MistralCommonBackend` of transformers wraps one of these tokenizers two levels
down, and its own `get_vocab()` loses ids (those whose bytes are not UTF-8 collapse), so we go to the source.

Nothing is imported from mistral-common: the functions say which attributes they need.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any, Final

from maskwright.errors import UnsupportedTokenizer
from maskwright.matching.tokenizer_bytes import MAX_TOKENS, SHOWN_CHARACTERS, TokenList, byte_fallback_bytes

#: The special tokens of tekken files that list none (versions up to 7), by id.
_UNLISTED_SPECIAL_TOKENS: Final = (
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]"),
    *("[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"),
)


def is_mistral_backend(tokenizer: object) -> bool:
    """Whether it wraps a mistral-common tokenizer, as `MistralCommonBackend` and `MistralTokenizer` do."""
    return _innermost(tokenizer) is not tokenizer


def mistral_tokens(tokenizer: object) -> TokenList:
    """The tokens of a tekken.json file given by path, of a `Tekkenizer`, or of what wraps one.

    A tekkenizer needs `n_words`, `num_special_tokens`, `eos_id`, `id_to_piece(id)`, `id_to_byte_piece(id)`; a
    SentencePiece tokenizer needs `n_words`, `eos_id`, `unk_id`, `is_special(id)`, `id_to_piece(id)`.
    """
    if isinstance(tokenizer, str | os.PathLike):
        return tokens_of_tekken_file(Path(tokenizer))
    inner: Any = _innermost(tokenizer)
    try:
        is_tekken = hasattr(inner, "id_to_byte_piece")  # SentencePiece pieces are text
        return _tekkenizer_tokens(inner) if is_tekken else _sentencepiece_tokens(inner)
    except (AttributeError, TypeError) as error:
        raise UnsupportedTokenizer(f"{type(inner).__name__} is not a mistral-common tokenizer: {error}") from error


def _innermost(tokenizer: object) -> object:
    """`MistralCommonBackend` -> `MistralTokenizer` -> instruct tokenizer -> the tokenizer proper."""
    for outer in (tokenizer, getattr(tokenizer, "tokenizer", None)):
        inner = getattr(getattr(outer, "instruct_tokenizer", None), "tokenizer", None)
        if inner is not None:
            return inner
    return tokenizer


def _tekkenizer_tokens(tekkenizer: Any) -> TokenList:
    special = range(tekkenizer.num_special_tokens)
    names = [tekkenizer.id_to_piece(token) for token in special]
    ordinary = [tekkenizer.id_to_byte_piece(token) for token in range(len(special), tekkenizer.n_words)]
    return _tekken_list(names, ordinary, tekkenizer.eos_id)


def tokens_of_tekken_file(path: Path) -> TokenList:
    """The tokens of a tekken.json file; raises `UnsupportedTokenizer` if it is none, OSError if it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        n_tokens = int(content["config"]["default_vocab_size"])
        n_special = int(content["config"]["default_num_special_tokens"])
        if not 0 <= n_special <= n_tokens <= MAX_TOKENS:
            raise ValueError(f"{n_special} special tokens out of {n_tokens}")
        listed = content.get("special_tokens")
        spellings = (
            dict(enumerate(_UNLISTED_SPECIAL_TOKENS))
            if listed is None
            else {int(token["rank"]): str(token["token_str"]) for token in listed}
        )
        ordinary = [b""] * (n_tokens - n_special)
        for token in content["vocab"]:
            if 0 <= token["rank"] < len(ordinary):
                ordinary[token["rank"]] = base64.b64decode(token["token_bytes"], validate=True)
        names = [spellings.get(token, f"<SPECIAL_{token}>") for token in range(n_special)]
        return _tekken_list(names, ordinary, names.index("</s>") if "</s>" in names else None)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise UnsupportedTokenizer(f"{path.name} is not a tekken file ({str(error)[:SHOWN_CHARACTERS]})") from error


def _tekken_list(names: list[str], ordinary: list[bytes], eos: int | None) -> TokenList:
    return TokenList(
        token_bytes=(*(name.encode() for name in names), *ordinary),
        special_token_ids=frozenset(range(len(names))),
        names={name: token for token, name in enumerate(names)},
        eos_token_ids=() if eos is None else (eos,),
    )


def _sentencepiece_tokens(tokenizer: Any) -> TokenList:
    pieces = [tokenizer.id_to_piece(token) for token in range(tokenizer.n_words)]
    # The unknown token is no control token of SentencePiece, and still no text.
    special = frozenset(
        token for token in range(len(pieces)) if tokenizer.is_special(token) or token == tokenizer.unk_id
    )
    blank = [("\u2581", " ")]
    return TokenList(
        token_bytes=tuple(
            piece.encode() if token in special else byte_fallback_bytes(piece, blank)
            for token, piece in enumerate(pieces)
        ),
        special_token_ids=special,
        names={pieces[token]: token for token in sorted(special)},
        eos_token_ids=(tokenizer.eos_id,),
    )
