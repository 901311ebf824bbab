"""A vocabulary: what each token id means as bytes, which ids are text at all, and which end it.

Everything below the tokenizer works on bytes, so a vocabulary is a list of byte strings by id. Real ones are untidy,
and all of it is settled here, once:

 *  Several ids may have the same bytes (Llama 2 has 96 such pairs): each is allowed where the others are.
 *  A token may be empty, or a part of a UTF-8 character. Empty tokens are never allowed, for accepting one changes
    nothing and a model could do so for ever. Partial characters are bytes like any others.
 *  *Special tokens* (`<|im_start|>`, padding, ...) and *end-of-text tokens* have a spelling but are not text: they
    never match the bytes of their spelling; a grammar names them explicitly. Added tokens that the tokenizer does not
    call special (`<tool_call>` in some) are ordinary text and may be named too.
 *  Logits are often wider than the tokenizer (Qwen 2: 151,936 against 151,646): `size` is the width of the logits, and
    ids without a token are never allowed.
 *  Not every byte has a token of its own; `missing_bytes` lists those that have none.

**Text boundaries are decided here.** Token bytes are exact: `▁` is a blank, wherever the token stands. Legacy
SentencePiece tokenizers (Llama 2) put a blank before the text they encode and drop the first blank of what they
decode; neither is ever done here. So if a grammar does not allow a blank at its start, a model has to begin with
`{` and not with `▁{`, which Llama 2's vocabulary holds as two tokens.

A vocabulary never changes after it is built and may be shared between threads; equal content gives an equal `key`.
"""

from __future__ import annotations

import hashlib
import operator
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, final

import numpy as np
from numpy.typing import NDArray

from maskwright.disk_cache import load_arrays, store_arrays
from maskwright.errors import InvalidVocabulary, MatcherError
from maskwright.locks import Rank, shared_lock
from maskwright.matching.mistral_bytes import is_mistral_backend, mistral_tokens
from maskwright.matching.token_trie import TRIE_LAYOUT, TokenTrie, build_token_trie, flatten, is_token_trie
from maskwright.matching.tokenizer_bytes import MAX_TOKENS, TokenList, huggingface_tokens, one_or_many, tiktoken_tokens

#: Token data is indexed by int32 in kernels; real vocabularies hold about a megabyte.
MAX_TOTAL_BYTES: Final = 2**31 - 1

#: The trie of a smaller vocabulary is built within milliseconds; files for each would only fill the cache folder.
MIN_CACHED_BYTES: Final = 100_000


@final
@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Vocabulary:
    """The tokens of one model.

    `Vocabulary([b"a", b"ab", b""], eos_token_ids=[2])` has the texts "a" and "ab" and ends with token 2.

    size               width of the logits; ids from `len(token_bytes)` up to it mean nothing and are never allowed
    token_bytes        by id; special tokens have their spelling
    eos_token_ids      sorted, without repeats; may be empty, then nothing can end a text
    special_token_ids  never matched as text; end-of-text ids need not be listed
    special_token_names  spelling -> id of special and other added tokens, for grammars that name them
    key                hex digest of all of the above
    missing_bytes      byte values that no ordinary token spells alone, ascending
    token_data         uint8[n]: the bytes of all ordinary tokens, one behind the other
    token_start        int32[size + 1]: token t is `token_data[token_start[t]:token_start[t + 1]]`, nothing for
                       special, end-of-text, empty and meaningless ids
    longest            the most bytes of an ordinary token, at least 1

    The arrays are writable only because numba takes read-only ones as another type: do not write to them.
    Raises `InvalidVocabulary` if the parts do not fit together.
    """

    size: int
    token_bytes: tuple[bytes, ...]
    eos_token_ids: tuple[int, ...]
    special_token_ids: frozenset[int]
    special_token_names: Mapping[str, int]
    key: str
    missing_bytes: bytes
    token_data: NDArray[np.uint8]
    token_start: NDArray[np.int32]
    longest: int
    _lock: threading.RLock
    _trie: list[TokenTrie]  # empty until it is first asked for

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        *,
        eos_token_ids: Iterable[int],
        special_token_ids: Iterable[int] = (),
        size: int | None = None,
        special_token_names: Mapping[str, int] | None = None,
    ) -> None:
        tokens = _checked_tokens(token_bytes)
        width = len(tokens) if size is None else _checked_size(size, len(tokens))
        eos = tuple(sorted(set(_checked_ids(eos_token_ids, width, "eos_token_ids"))))
        special = frozenset(_checked_ids(special_token_ids, width, "special_token_ids"))
        names = _checked_names(special_token_names or {}, width)

        not_text = special.union(eos)
        texts = [b"" if token in not_text else text for token, text in enumerate(tokens)]
        data, start = flatten(texts + [b""] * (width - len(texts)))
        spelt = {text for text in texts if len(text) == 1}

        put = object.__setattr__  # the class is frozen
        put(self, "size", width)
        put(self, "token_bytes", tokens)
        put(self, "eos_token_ids", eos)
        put(self, "special_token_ids", special)
        put(self, "special_token_names", names)
        put(self, "key", _digest(tokens, width, eos, special, names))
        put(self, "missing_bytes", bytes(byte for byte in range(256) if bytes([byte]) not in spelt))
        put(self, "token_data", data)
        put(self, "token_start", start)
        put(self, "longest", int(np.diff(start).max(initial=1)))
        put(self, "_lock", shared_lock(Rank.VOCABULARY))
        put(self, "_trie", [])

    @classmethod
    def from_huggingface(
        cls, tokenizer: object, *, size: int | None = None, eos_token_ids: int | Iterable[int] | None = None
    ) -> Self:
        """The vocabulary of a fast transformers tokenizer, a `tokenizers.Tokenizer` or a `MistralCommonBackend`.

        `size` is the width of the model's logits (`model.config.vocab_size`), by default the tokenizer's own, which
        many models exceed. `eos_token_ids` defaults to the tokenizer's; models with several name them in their
        generation config. Raises `UnsupportedTokenizer` where exact bytes do not exist.
        """
        tokens = mistral_tokens(tokenizer) if is_mistral_backend(tokenizer) else huggingface_tokens(tokenizer)
        return cls._from_list(tokens, size, eos_token_ids)

    @classmethod
    def from_tiktoken(
        cls, encoding: object, *, size: int | None = None, eos_token_ids: int | Iterable[int] | None = None
    ) -> Self:
        """The vocabulary of a `tiktoken.Encoding`; `eos_token_ids` defaults to `<|endoftext|>`."""
        return cls._from_list(tiktoken_tokens(encoding), size, eos_token_ids)

    @classmethod
    def from_mistral_tekken(
        cls,
        tokenizer: str | os.PathLike[str] | object,
        *,
        size: int | None = None,
        eos_token_ids: int | Iterable[int] | None = None,
    ) -> Self:
        """The vocabulary of a mistral-common tokenizer or of a tekken.json file given by path."""
        return cls._from_list(mistral_tokens(tokenizer), size, eos_token_ids)

    @classmethod
    def _from_list(cls, tokens: TokenList, size: int | None, eos_token_ids: int | Iterable[int] | None) -> Self:
        if eos_token_ids is None and not tokens.eos_token_ids:
            raise InvalidVocabulary("the tokenizer names no end-of-text token: pass eos_token_ids")
        return cls(
            tokens.token_bytes,
            eos_token_ids=tokens.eos_token_ids if eos_token_ids is None else one_or_many(eos_token_ids),
            special_token_ids=tokens.special_token_ids,
            size=size,
            special_token_names=tokens.names,
        )

    @property
    def trie(self) -> TokenTrie:
        """The ordinary tokens as a trie; built, or taken from the disk cache, when first asked for."""
        if not self._trie:
            with self._lock:
                if not self._trie:
                    self._trie.append(_cached_trie(self))
        return self._trie[0]

    def text_of(self, token_id: int) -> bytes:
        """The bytes that a token adds to the text: none for special, end-of-text and meaningless ids."""
        try:
            token = operator.index(token_id)
        except TypeError as error:
            raise MatcherError(f"Token ids must be integers, not {token_id!r}") from error
        if not 0 <= token < self.size:
            raise MatcherError(f"Token id {token} lies outside this vocabulary of {self.size} ids")
        is_text = token < len(self.token_bytes) and token not in self.special_token_ids
        return self.token_bytes[token] if is_text and token not in self.eos_token_ids else b""

    def decode(self, token_ids: Iterable[int]) -> bytes:
        """The text of the tokens as a matcher reads it: exact bytes, nothing for special and end-of-text tokens."""
        try:
            ids = list(token_ids)
        except TypeError as error:
            raise MatcherError(f"Token ids must be given in a list ({error})") from error
        return b"".join(map(self.text_of, ids))

    def __len__(self) -> int:
        return self.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self.token_bytes)} tokens, size={self.size}, eos_token_ids={self.eos_token_ids})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled by its parts: a lock cannot be, and the rest is quickly computed again."""
        parts = (self.token_bytes, self.eos_token_ids, self.special_token_ids, self.size, self.special_token_names)
        return _rebuilt, parts


def _rebuilt(
    token_bytes: tuple[bytes, ...],
    eos_token_ids: tuple[int, ...],
    special_token_ids: frozenset[int],
    size: int,
    special_token_names: Mapping[str, int],
) -> Vocabulary:
    return Vocabulary(
        token_bytes,
        eos_token_ids=eos_token_ids,
        special_token_ids=special_token_ids,
        size=size,
        special_token_names=special_token_names,
    )


def _cached_trie(vocabulary: Vocabulary) -> TokenTrie:
    is_cached = vocabulary.token_data.size >= MIN_CACHED_BYTES
    kind = f"token-trie-{TRIE_LAYOUT}"
    arrays = load_arrays(kind, vocabulary.key) if is_cached else None
    if arrays is not None and is_token_trie(arrays):
        return TokenTrie(nodes=arrays["nodes"], tokens=arrays["tokens"])
    trie = build_token_trie([vocabulary.text_of(token) for token in range(vocabulary.size)])
    if is_cached:
        store_arrays(kind, vocabulary.key, {"nodes": trie.nodes, "tokens": trie.tokens})
    return trie


def _checked_tokens(token_bytes: Sequence[bytes]) -> tuple[bytes, ...]:
    if isinstance(token_bytes, bytes | bytearray | str | Mapping):
        raise InvalidVocabulary(f"token_bytes must be a list of bytes by id, not a {type(token_bytes).__name__}")
    tokens = []
    try:
        for text in token_bytes:
            if not isinstance(text, bytes | bytearray):
                raise InvalidVocabulary(
                    f"token {len(tokens)} is of type {type(text).__name__}, not bytes (ids without a token are b'')"
                )
            tokens.append(bytes(text))
    except TypeError as error:
        raise InvalidVocabulary(f"token_bytes must be a list of bytes by id ({error})") from error
    if len(tokens) > MAX_TOKENS:
        raise InvalidVocabulary(f"it has {len(tokens)} tokens, more than the {MAX_TOKENS} supported")
    n_bytes = sum(map(len, tokens))
    if n_bytes > MAX_TOTAL_BYTES:
        raise InvalidVocabulary(f"its tokens have {n_bytes} bytes together, more than the {MAX_TOTAL_BYTES} supported")
    return tuple(tokens)


def _checked_size(size: int, n_tokens: int) -> int:
    try:
        width = operator.index(size)
    except TypeError as error:
        raise InvalidVocabulary(f"size must be an integer, not {size!r}") from error
    if width < n_tokens:
        raise InvalidVocabulary(f"size is {width}, but there are {n_tokens} tokens: it is the width of the logits")
    if width > MAX_TOKENS:
        raise InvalidVocabulary(f"size is {width}, more than the {MAX_TOKENS} supported")
    return width


def _checked_ids(ids: Iterable[int], size: int, name: str) -> list[int]:
    try:
        checked = [operator.index(token) for token in ids]
    except TypeError as error:
        raise InvalidVocabulary(f"{name} must be integers in a list ({error})") from error
    for token in checked:
        if not 0 <= token < size:
            raise InvalidVocabulary(f"{name} has {token}, which is not between 0 and {size - 1}")
    return checked


def _checked_names(names: object, size: int) -> dict[str, int]:
    if not isinstance(names, Mapping) or not all(isinstance(name, str) for name in names):
        raise InvalidVocabulary("special_token_names must map spellings to ids")
    return dict(zip(names, _checked_ids(names.values(), size, "special_token_names"), strict=True))


def _digest(
    tokens: tuple[bytes, ...], size: int, eos: tuple[int, ...], special: frozenset[int], names: Mapping[str, int]
) -> str:
    """Lengths go before bytes, so that no two vocabularies feed the hash with the same input."""
    digest = hashlib.blake2b(digest_size=20)
    lengths = np.fromiter(map(len, tokens), dtype="<i8", count=len(tokens))
    digest.update(np.array([size, len(tokens), len(eos), len(special), len(names)], dtype="<i8").tobytes())
    digest.update(lengths.tobytes())
    digest.update(b"".join(tokens))
    digest.update(np.array([*eos, *sorted(special)], dtype="<i8").tobytes())
    digest.update(repr(sorted(names.items())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
