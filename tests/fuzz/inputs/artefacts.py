"""Targets of files that were written by this library or for it, changed: grammars, tries, the cache, tokenizers.

A changed file of arrays is refused by its checksum before anything else is looked at, so of the inputs with an odd
first byte the checksum is made to fit again: what lies behind it is then reached. A forged grammar means
what its author wants, dead ends and worse included (`matching/grammar_file.py`), so of its masks only errors, time and
memory are judged; a forged entry of the cache is only read, not used, for who can write into a user's folders need not
forge.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

import maskwright as mw
from maskwright.array_file import packed, unpacked
from maskwright.disk_cache import CACHE_DIR_VARIABLE, load_arrays
from maskwright.sampling.prefix_trie import Child, Lesson, PrefixTrie
from maskwright.sampling.trie_file import TrieOrigin, load_trie, save_trie
from tests.fuzz.inputs.content import chosen, drawn, json_bytes, spoiled_values, text_of
from tests.fuzz.inputs.laws import BrokenLawError
from tests.fuzz.inputs.notations import Grammars
from tests.fuzz.inputs.spoiling import parts_of, spoiled_bytes, spoiled_value
from tests.fuzz.inputs.target import Target, bench_compiler

DIGEST: Final = slice(8, 40)
"""Where the checksum of a file of arrays lies."""

# Files of arrays


def sealed(content: bytes) -> bytes:
    """The file with a checksum that fits."""
    body = content[DIGEST.stop :]
    return content[: DIGEST.start] + hashlib.blake2b(body, digest_size=32).digest() + body


def spoiled_file(content: bytes, rng: random.Random) -> bytes:
    """A file of arrays with other numbers in its arrays, or another header, or any other bytes."""
    roll = rng.random()
    header, arrays = unpacked(content)
    if roll < 0.25 or not arrays:
        return spoiled_bytes(content, rng)
    arrays = {name: array.copy() for name, array in arrays.items()}
    if roll < 0.45:
        header = spoiled_value(header, *parts_of([header]), rng)
        header = header if isinstance(header, dict) else {"kind": header}
    for _ in range(rng.choice((0, 1, 1, 2)) if roll < 0.45 else rng.choice((1, 1, 2, 4))):
        name = rng.choice(list(arrays))
        changed = spoiled_bytes(arrays[name].tobytes(), rng) if arrays[name].size else b""
        width = arrays[name].itemsize
        whole = np.frombuffer(changed[: len(changed) // width * width], arrays[name].dtype)
        columns = arrays[name].shape[1:]
        n_columns = int(np.prod(columns, dtype=np.int64)) or 1
        arrays[name] = whole[: whole.size // n_columns * n_columns].reshape(-1, *columns)
    if rng.random() < 0.05:
        del arrays[rng.choice(list(arrays))]
    try:
        return packed(header, arrays)
    except (TypeError, ValueError):  # a header that is no JSON
        return spoiled_bytes(content, rng)


def _file_of(content: bytes) -> bytes:
    """The file that an input stands for; see the module."""
    is_sealed, content = chosen((False, True), content)
    return sealed(content) if is_sealed and len(content) >= DIGEST.stop else content


def _spoiled_files(make: Callable[[], Sequence[bytes]]) -> st.SearchStrategy[bytes]:
    contents = make()

    def spoil(rng: random.Random) -> bytes:
        content = rng.choice(contents)
        if rng.random() < 0.35:
            return b"\0" + spoiled_bytes(content, rng)
        return b"\1" + spoiled_file(content, rng)

    return drawn(spoil)


@functools.cache
def _grammar_files() -> list[bytes]:
    compiler = bench_compiler()
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "^[ab]+$", "maxLength": 5}, "b": {"$ref": "#"}, "n": {}},
        "patternProperties": {"^x": {"enum": [1, "y"]}},
        "required": ["a"],
    }
    items = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 3}
    made = [
        compiler.compile_regex("(ab|[0-9]{2,4})*é?"),
        compiler.compile_gbnf('root ::= "a" list{2,3} <[3]>? | list\nlist ::= "b" | list "," "a"'),
        compiler.compile_lark('start: (N "=" v ";")*\nv: N | "(" v ")"\nN: /[a-z]+/\n%ignore " "'),
        compiler.compile_lark("start: a+\na: /x/ b?\nb: /y+(?!z)/ | /[a-z]+?;/"),
        compiler.compile_json_schema(items),
        compiler.compile_json_schema({"type": "integer", "minimum": -5, "maximum": 250}),
        compiler.compile_json_schema(schema, options=mw.JSONSchemaOptions(property_order=mw.PropertyOrder.DECLARED)),
        compiler.compile_json_schema({"properties": {"a": {}, "b": {"minLength": 3}}, "additionalProperties": False}),
    ]
    return [grammar.to_bytes() for grammar in made]


def _grammar_file(compiler: mw.Compiler, content: bytes) -> Grammars:
    return [compiler.grammar_from_bytes(_file_of(content))]


TRIE_ORIGIN: Final = TrieOrigin("toy", "digits", "", 8)


@functools.cache
def _scratch() -> Path:
    """A folder for the files of this process, in memory where there is such a place."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="maskwright-fuzz-", dir=memory if os.access(memory, os.W_OK) else None)
    return Path(folder)


@functools.cache
def _trie_files() -> list[bytes]:
    path = _scratch() / "made.cars"
    found = []
    for size in (0, 1, 4, 40):
        trie = PrefixTrie()
        trie.knows_masks = size % 2 == 0
        rng = random.Random(size)
        prefixes: list[tuple[int, ...]] = [()]
        for _ in range(size):
            prefix = rng.choice(prefixes)
            tokens = rng.sample(range(20), 3)
            trie.learn([Lesson(prefix, {token: Child(-2.0 - token / 10) for token in tokens}, -3.0, 0)])
            prefixes += [(*prefix, token) for token in tokens]
        save_trie(trie, path, TRIE_ORIGIN)
        found.append(path.read_bytes())
    return found


def _trie_file(_: mw.Compiler, content: bytes) -> Grammars:
    path = _scratch() / "tried.cars"
    path.write_bytes(_file_of(content))
    trie = load_trie(path, TRIE_ORIGIN)
    save_trie(trie, path, TRIE_ORIGIN)
    if load_trie(path, TRIE_ORIGIN).nodes != trie.nodes:
        raise BrokenLawError("round trip: a trie that is saved is loaded as another")
    return []


# Entries of the cache

ENTRY: Final[Mapping[str, Any]] = {
    "edge_start": np.arange(9, dtype=np.int32),
    "table": np.arange(32, dtype=np.int32).reshape(8, 4),
    "accepting": np.array([True, False] * 4),
    "weights": np.linspace(0, 1, 5),
}
KIND, KEY = "patterns", "0a"


def _cache_entry(_: mw.Compiler, content: bytes) -> Grammars:
    """A changed file is no entry, and never another one, unless its checksum was made to fit."""
    is_sealed = bool(content) and content[0] % 2 == 1
    path = _scratch() / KIND / f"{KEY}.arrays"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(_file_of(content))
    before = os.environ.get(CACHE_DIR_VARIABLE)
    os.environ[CACHE_DIR_VARIABLE] = str(_scratch())
    try:
        arrays = load_arrays(KIND, KEY)
    finally:
        os.environ[CACHE_DIR_VARIABLE] = before or ""
    if arrays is not None and not is_sealed:
        is_same = arrays.keys() == ENTRY.keys() and all(np.array_equal(arrays[name], ENTRY[name]) for name in ENTRY)
        if not is_same:
            raise BrokenLawError("checksum: a damaged entry was read as another")
    return []


def _entry_files() -> list[bytes]:
    return [packed({"kind": KIND, "key": KEY}, ENTRY)]


# Tokenizers

TOKENIZERS: Final[list[Any]] = [
    {
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġa": 3, "é": 4}, "merges": [["a", "b"]]},
        "decoder": {"type": "ByteLevel"},
        "pre_tokenizer": {"type": "ByteLevel"},
        "added_tokens": [{"id": 5, "content": "</s>", "special": True}, {"id": 6, "content": "<t>", "special": False}],
    },
    {
        "model": {
            "type": "BPE",
            "byte_fallback": True,
            "unk_token": "<unk>",
            "vocab": {"<unk>": 0, "</s>": 1, "▁a": 2, "<0x61>": 3, "<0xFF>": 4, "b": 5, "▁": 6},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "added_tokens": [{"id": 0, "content": "<unk>", "special": True}, {"id": 1, "content": "</s>", "special": True}],
    },
    {
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.0], ["b", -2.5]]},
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
        "added_tokens": [],
    },
]
TEKKENS: Final[list[Any]] = [
    {
        "config": {"pattern": "x", "num_vocab_tokens": 6, "default_vocab_size": 8, "default_num_special_tokens": 3,
                   "version": "v11"},
        "vocab": [{"rank": rank, "token_bytes": base64.b64encode(text).decode(), "token_str": None}
                  for rank, text in enumerate([b"a", b"b", b"ab", b"\xff", b" ", b"zz"])],
        "special_tokens": [{"rank": 0, "token_str": "<unk>", "is_control": True},
                           {"rank": 1, "token_str": "<s>", "is_control": True},
                           {"rank": 2, "token_str": "</s>", "is_control": True}],
    },
]  # fmt: skip
PATTERN: Final = "[ab]*"


TOKENIZER_PIECES: Final = tuple(
    '"model" "type" "BPE" "Unigram" "vocab" "merges" "unk_token" "unk_id" "decoder" "decoders" "Sequence" "ByteLevel" '
    '"ByteFallback" "Replace" "pattern" "String" "content" "Fuse" "Metaspace" "added_tokens" "id" "special" "config" '
    '"token_bytes" "special_tokens" "rank" "<0x61>" "YQ==" null true -1 99999999999 [] {}'.split()
)


class _Described:
    """A tokenizer that is nothing but its description."""

    eos_token_id = 1

    def __init__(self, text: str) -> None:
        self._text = text

    def to_str(self) -> str:
        """The content of tokenizer.json."""
        return self._text


def _tokenizer(_: mw.Compiler, content: bytes) -> Grammars:
    return _with(mw.Vocabulary.from_huggingface(_Described(text_of(content))))


def _tekken(_: mw.Compiler, content: bytes) -> Grammars:
    path = _scratch() / "tekken.json"
    path.write_bytes(content)
    return _with(mw.Vocabulary.from_mistral_tekken(path))


def _token_list(_: mw.Compiler, content: bytes) -> Grammars:
    """The lines of the input are the tokens; what stands before the first zero says which ids are what."""
    before, _, tokens = content.partition(b"\0")
    numbers = [byte - 128 if byte > 127 else byte for byte in before]
    third = len(numbers) // 3
    size = numbers[-1] if len(numbers) % 3 else None
    return _with(
        mw.Vocabulary(
            tokens.split(b"\n"),
            eos_token_ids=numbers[:third],
            special_token_ids=numbers[third : 2 * third],
            size=size,
            special_token_names={f"<{number}>": number for number in numbers[2 * third : 3 * third]},
        )
    )


def _with(vocabulary: mw.Vocabulary) -> Grammars:
    """A grammar of that vocabulary; its tables cost milliseconds, so only a fraction of all gets them."""
    if int(vocabulary.key[:4], 16) % 16:
        _ = vocabulary.trie
        return []
    return [mw.Compiler(vocabulary, cache_bytes=0).compile_regex(PATTERN)]


def _token_lists() -> st.SearchStrategy[bytes]:
    numbers = st.lists(st.integers(0, 255), max_size=6).map(bytes)
    small = st.lists(st.integers(1, 9), max_size=5).map(bytes)
    tokens = st.lists(st.binary(max_size=4) | st.sampled_from([b"a", b"b", b"ab", b"", b"\xff"]), max_size=12)
    return st.tuples(numbers | small | small, tokens).map(lambda pair: pair[0] + b"\0" + b"\n".join(pair[1]))


ARTEFACTS: Final = (
    Target(
        "grammar_file",
        _grammar_file,
        lambda: _spoiled_files(_grammar_files),
        lambda: [b"\1" + content for content in _grammar_files()],
        is_lawful=False,
    ),
    Target(
        "trie_file",
        _trie_file,
        lambda: _spoiled_files(_trie_files),
        lambda: [b"\1" + content for content in _trie_files()],
    ),
    Target(
        "cache_entry",
        _cache_entry,
        lambda: _spoiled_files(_entry_files),
        lambda: [b"\1" + content for content in _entry_files()],
    ),
    Target(
        "tokenizer",
        _tokenizer,
        lambda: spoiled_values(TOKENIZERS),
        lambda: [json_bytes(one) for one in TOKENIZERS],
        TOKENIZER_PIECES,
    ),
    Target(
        "tekken",
        _tekken,
        lambda: spoiled_values(TEKKENS),
        lambda: [json_bytes(one) for one in TEKKENS],
        TOKENIZER_PIECES,
    ),
    Target("token_list", _token_list, _token_lists, lambda: [b"\2\3\1\0a\nb\nab\n</s>"]),
)
