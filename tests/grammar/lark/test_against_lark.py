"""Lark grammars against lark, in both directions, token by token.

Soundness: texts drawn from our masks are parsed by lark. Completeness: members are accepted under every tokenisation
tried. Exactness: changed members get lark's verdict. The deep form has the full numbers, and prints what it counted.
"""

from __future__ import annotations

import random
import sysconfig
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import lark
import numpy as np
import pytest
from lark import Lark
from lark.indenter import PythonIndenter

import maskwright as mw
from maskwright.grammar.lark import PYTHON_INDENTER, Indenter, lark_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.matcher import Matcher
from tests.data_folder import TOKENIZER_NAMES, tokenizer_folder
from tests.grammar.lark.test_python_by_its_library import standard_library
from tests.naive.lark_endings import Endings
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars
from tests.naive.lark_members import members, mutated
from tests.naive.lexed_machine import LexedMachine

GRAMMARS = {grammar.name: grammar for grammar in shipped_grammars()}

SMALL_VOCABULARY = "pieces"

BACK = 12
"""Tokens that are taken back at most to find a place where a random text can end."""

LONGEST_WALK = 40


@cache
def vocabulary(name: str, vocabulary_name: str) -> mw.Vocabulary:
    """All bytes and pieces of members of a grammar, or the vocabulary of a model."""
    if vocabulary_name != SMALL_VOCABULARY:
        return model_vocabulary(vocabulary_name)
    rng = random.Random(name)
    tokens = dict.fromkeys(bytes([byte]) for byte in range(256))
    texts = corpus(name, 15)
    for _ in range(500):
        data = rng.choice(texts).encode()
        begin = rng.randint(0, len(data))
        tokens[data[begin : begin + rng.randint(2, 8)]] = None
    listed = [token for token in tokens if token]
    return mw.Vocabulary([*listed, b""], eos_token_ids=[len(listed)], special_token_ids=[len(listed)])


@cache
def model_vocabulary(name: str) -> mw.Vocabulary:
    folder = tokenizer_folder(name)
    tokenizers = pytest.importorskip("tokenizers")
    read = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ends = {"gpt2": "<|endoftext|>", "llama3": "<|end_of_text|>", "qwen2": "<|endoftext|>"}

    return mw.Vocabulary.from_huggingface(read, eos_token_ids=read.token_to_id(ends.get(name, "</s>")))


@cache
def corpus(name: str, n: int) -> list[str]:
    """The texts beside a grammar and random members."""
    grammar = GRAMMARS[name]
    rng = random.Random(f"{name} {n}")
    found = members(grammar.text, n, rng, start=grammar.start, indenter=grammar.indenter)
    return [*grammar.accepted, *found]


def grammar_of(grammar: ShippedGrammar) -> mw.Grammar:
    indenter = Indenter(**grammar.indenter) if grammar.indenter else None
    return lark_grammar(grammar.text, grammar.start, indenter=indenter)


@dataclass(slots=True)
class Sampler:
    """Random texts from masks that end."""

    compiled: CompiledGrammar
    endings: Endings
    favourites: np.ndarray[tuple[int], np.dtype[np.int64]]
    rng: random.Random
    n_given_up: int = 0

    def text(self) -> bytes:
        """A complete text: a walk, perhaps some steps back, and an ending that the masks allow."""
        while True:
            matcher = self.compiled.matcher()
            if (ending := self._walk(matcher)) is not None:
                return ending
            self.n_given_up += 1

    def _walk(self, matcher: Matcher) -> bytes | None:
        vocabulary = self.compiled.vocabulary
        row = mw.allocate_bitmask(1, vocabulary.size)[0]
        text = [b""]
        for _ in range(self.rng.randint(1, LONGEST_WALK)):
            matcher.fill_bitmask(row)
            token = self._choice(row)
            assert token is not None or matcher.is_accepting(), ("a dead end", b"".join(text))
            if token is None or token in vocabulary.eos_token_ids:
                break
            matcher.accept_token(token)
            text.append(vocabulary.text_of(token))
        for _ in range(min(BACK, len(text))):
            if matcher.is_accepting():
                return b"".join(text)
            for ending in self._proposals(b"".join(text)):
                end = matcher.fork()
                tokens = spelled(ending.encode(), vocabulary)
                if end.accept_tokens(tokens) == len(tokens) and end.is_accepting():
                    return b"".join(text) + ending.encode()
            text.pop()
            if text:
                matcher.rollback(1)
        return None

    def _choice(self, row: np.ndarray[tuple[int], np.dtype[np.int32]]) -> int | None:
        """An allowed token; mostly one that members have."""
        allowed = mw.allowed_tokens(row, self.compiled.vocabulary.size)
        liked = self.favourites[(row[self.favourites >> 5] >> (self.favourites & 31) & 1).astype(bool)]
        pool = liked if len(liked) and self.rng.random() < 0.8 else allowed
        return int(pool[self.rng.randrange(len(pool))]) if len(pool) else None

    def _proposals(self, text: bytes) -> list[str]:
        try:
            return self.endings.proposals(text.decode())
        except UnicodeDecodeError:
            return []


@cache
def token_of(vocabulary: mw.Vocabulary) -> dict[bytes, int]:
    return {
        vocabulary.text_of(token): token
        for token in range(vocabulary.size - 1, -1, -1)
        if token not in vocabulary.special_token_ids and vocabulary.text_of(token)
    }


def spelled(text: bytes, vocabulary: mw.Vocabulary, rng: random.Random | None = None) -> list[int]:
    """Tokens that spell the text: the longest at each place, or with `rng` any."""
    known = token_of(vocabulary)
    tokens = []
    at = 0
    while at < len(text):
        sizes = [size for size in range(min(16, len(text) - at), 0, -1) if text[at : at + size] in known]
        size = rng.choice(sizes) if rng else sizes[0]
        tokens.append(known[text[at : at + size]])
        at += size
    return tokens


@dataclass(slots=True)
class Counts:
    """What was compared, and where we differ from lark."""

    numbers: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[str, object]] = field(default_factory=list)


def compare(name: str, vocabulary_name: str, n_sampled: int, n_members: int, n_mutated: int) -> Counts:
    """Compare one grammar with lark for one vocabulary."""
    grammar = GRAMMARS[name]
    rng = random.Random(f"{name} {vocabulary_name}")
    judge = LexedMachine(grammar.parser(), "")
    words = vocabulary(name, vocabulary_name)
    compiled = mw.Compiler(words).compile_grammar(grammar_of(grammar))
    counts = Counts()

    def is_accepted(text: str, rng: random.Random | None) -> bool:
        matcher = compiled.matcher()
        tokens = spelled(text.encode(), words, rng)
        return matcher.accept_tokens(tokens) == len(tokens) and matcher.is_accepting()

    texts = corpus(name, n_members)
    for text in texts:
        counts.numbers["members"] += 1
        for way in (None, rng):
            if not is_accepted(text, way):
                counts.differences.append(("a member is refused", text))
    for _ in range(n_mutated):
        text = mutated(rng.choice(texts), rng, rng.choice(texts))
        verdict = judge.accepts(text)
        counts.numbers["changed, accepted" if verdict else "changed, refused"] += 1
        if is_accepted(text, rng) != verdict:
            counts.differences.append((f"lark's verdict is {verdict}", text))
    liked = np.array(sorted({token for text in texts[:60] for token in spelled(text.encode(), words)}))
    endings = Endings(grammar.text, grammar.start, grammar.indenter, rng)
    sampler = Sampler(compiled, endings, liked, rng)
    for _ in range(n_sampled):
        sample = sampler.text()
        counts.numbers["sampled"] += 1
        counts.numbers["bytes sampled"] += len(sample)
        if not judge.accepts(sample.decode()):
            counts.differences.append(("lark does not parse a sample", sample))
    counts.numbers["walks given up"] = sampler.n_given_up
    return counts


@pytest.mark.parametrize("name", GRAMMARS)
def test_texts_are_those_of_lark(name: str) -> None:
    counts = compare(name, SMALL_VOCABULARY, 8, 15, 60)
    assert counts.differences == []
    assert counts.numbers["changed, refused"] > 10 and counts.numbers["changed, accepted"] > 1


@pytest.mark.deep
@pytest.mark.parametrize("vocabulary_name", [SMALL_VOCABULARY, *TOKENIZER_NAMES])
@pytest.mark.parametrize("name", GRAMMARS)
def test_many_texts_are_those_of_lark(name: str, vocabulary_name: str) -> None:
    counts = compare(name, vocabulary_name, 2_000 if vocabulary_name == SMALL_VOCABULARY else 400, 2_000, 2_000)
    print(f"\n{name}, {vocabulary_name}: {dict(counts.numbers)}")  # noqa: T201 - for the reader of a deep run
    assert counts.differences == []


@cache
def larks_python() -> tuple[str, Lark]:
    path = Path(lark.__file__).parent / "grammars" / "python.lark"
    text = path.read_text(encoding="utf-8")
    parser = Lark(text, parser="lalr", start="file_input", maybe_placeholders=False, postlex=PythonIndenter())
    return text, parser


SOME_MODULES = ("bisect", "colorsys", "copyreg", "fnmatch", "keyword", "sched")


def some_python_files() -> list[str]:
    """Texts of some modules of the standard library."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    return [(folder / f"{module}.py").read_text(encoding="utf-8") for module in SOME_MODULES]


def parsed_by_lark(texts: list[str]) -> list[str]:
    """Those that lark's own Python grammar parses."""
    judge = LexedMachine(larks_python()[1], "")
    return [text for text in texts if judge.accepts(text)]


def check_python(files: list[str], words: mw.Vocabulary, *, masks_every: int) -> int:
    """All files are accepted token by token, and now and then the mask has the token; how many bytes."""
    compiled = mw.Compiler(words).compile_grammar(
        lark_grammar(larks_python()[0], "file_input", indenter=PYTHON_INDENTER)
    )
    row = mw.allocate_bitmask(1, words.size)[0]
    n_bytes = 0
    for number, text in enumerate(files):
        data = text.encode()
        matcher = compiled.matcher()
        for at, token in enumerate(spelled(data, words)):
            if at % masks_every == 0:
                matcher.fill_bitmask(row)
                assert row[token >> 5] >> (token & 31) & 1, (number, at)
            matcher.accept_token(token)
        assert matcher.is_accepting(), number
        n_bytes += len(data)
    return n_bytes


def python_pieces(files: list[str]) -> mw.Vocabulary:
    rng = random.Random(1)
    tokens = dict.fromkeys(bytes([byte]) for byte in range(256))
    for _ in range(3_000):
        data = rng.choice(files).encode()
        begin = rng.randint(0, len(data))
        tokens[data[begin : begin + rng.randint(2, 10)]] = None
    listed = [token for token in tokens if token]
    return mw.Vocabulary([*listed, b""], eos_token_ids=[len(listed)], special_token_ids=[len(listed)])


def test_files_of_the_standard_library_are_accepted_by_larks_python_grammar() -> None:
    files = parsed_by_lark(some_python_files())
    assert len(files) >= 5
    assert check_python(files, python_pieces(files), masks_every=25) > 15_000


@pytest.mark.deep
def test_all_files_of_the_standard_library_that_lark_parses_are_accepted() -> None:
    files = parsed_by_lark(standard_library())
    n_bytes = check_python(files, python_pieces(files), masks_every=50)
    print(f"\n{len(files)} files of the standard library, {n_bytes:,} bytes")  # noqa: T201 - as above
    assert len(files) >= 300 and n_bytes >= 3_000_000
