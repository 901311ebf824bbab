"""The tokenizers at hand and a larger one, the grammars, and kernels made ready."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

import maskwright as mw
from bench.__main__ import BUNDLED_TOKENIZER
from bench.cases import data_home, read_cases
from bench.tokenizer import Tokenizer, load_tokenizer, tokenizer_folder
from bench.workloads.larger_tokenizer import frequent_pairs, write_larger_tokenizer
from maskwright.integrations.huggingface import vocabulary_of
from maskwright.matching.compiled_grammar import CompiledGrammar

SCHEMAS: Final = Path(__file__).resolve().parents[2] / "schemas"
JSON: Final = "json"
GRAMMARS: Final = {
    JSON: SCHEMAS / "gbnf" / "json.gbnf",
    "smiles": SCHEMAS / "infilling" / "smiles.gbnf",
    "person schema": SCHEMAS / "demo" / "person.json",
    "order schema": SCHEMAS / "demo" / "order.json",
    "c_like": SCHEMAS / "infilling" / "c_like.gbnf",
}
BUNDLED: Final = "bundled"
LARGER: Final = "262k"
VOCABULARIES: Final = (BUNDLED, "gpt2", "llama3", LARGER)
LARGER_SIZE: Final = 262_144


@dataclass(frozen=True, slots=True)
class Words:
    """A tokenizer by its name, and its vocabulary."""

    name: str
    tokenizer: Tokenizer
    vocabulary: mw.Vocabulary

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """What may end a text."""
        return tuple(sorted(self.vocabulary.eos_token_ids))

    def text(self, tokens: Sequence[int]) -> bytes:
        """The bytes of tokens up to the first end; tokens that are none (OPEN, BLANK) are left out."""
        found = []
        for token in tokens:
            if token in self.vocabulary.eos_token_ids:
                break
            if token >= 0:
                found.append(self.vocabulary.token_bytes[token] or b"")
        return b"".join(found)


@dataclass(frozen=True, slots=True)
class Missing:
    """A tokenizer that is not at hand."""

    name: str
    reason: str


def words_of(names: Sequence[str]) -> Iterator[Words | Missing]:
    """The tokenizers of some names, one at a time."""
    for name in names:
        try:
            yield _loaded(name)
        except (FileNotFoundError, ValueError) as error:
            yield Missing(name, str(error))


@functools.cache
def _loaded(name: str) -> Words:
    """A tokenizer, loaded once in a run; raises FileNotFoundError, which is not remembered."""
    with _folder(name) as folder:
        tokenizer = load_tokenizer(folder)
        vocabulary = vocabulary_of(tokenizer.huggingface)
    _ = vocabulary.trie
    return Words(name, tokenizer, vocabulary)


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """The folder of a tokenizer; raises FileNotFoundError."""
    if name == BUNDLED:
        yield BUNDLED_TOKENIZER
        return
    archive = data_home() / f"tokenizer-{'llama3' if name == LARGER else name}.tar.xz"
    if not archive.exists():
        raise FileNotFoundError(f"{archive.name} is not in MASKWRIGHT_DATA")
    with tokenizer_folder(archive) as folder:
        if name != LARGER:
            yield folder
            return
        cases = data_home() / "maskbench-dev.tar.xz"
        if not cases.exists():
            raise FileNotFoundError(f"{cases.name}, whose texts its pairs are from, is not in MASKWRIGHT_DATA")
        texts = [text for one in read_cases(cases) for text in (one.schema, *(test.text for test in one.instances))]
        with TemporaryDirectory(prefix="maskwright-bench-") as scratch:
            larger = Path(scratch) / f"{folder.name} and pairs"
            write_larger_tokenizer(folder, larger, LARGER_SIZE, frequent_pairs(folder, texts))
            yield larger


def compiled(compiler: mw.Compiler, grammar: str) -> CompiledGrammar:
    """A grammar compiled anew, nothing of it known from before."""
    path = GRAMMARS[grammar]
    text = path.read_text(encoding="utf-8")
    compiler.clear_cache()
    return compiler.compile_json_schema(text) if path.suffix == ".json" else compiler.compile_gbnf(text)


def make_kernels_ready() -> None:
    """Load or compile machine code, so that nothing of it is measured."""
    mw.Compiler(vocabulary_of(load_tokenizer(BUNDLED_TOKENIZER).huggingface)).warm_up()


def tokens_in(row: NDArray[np.int32]) -> NDArray[np.int64]:
    """The tokens of a mask."""
    return np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))
