"""The verdicts of the matcher on thousands of texts near each grammar on disk, against the naive recognisers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maskwright import Compiler, TokenRejected, Vocabulary
from maskwright.matching.compiled_grammar import CompiledGrammar
from tests.naive import ebnf_recogniser, gbnf_recogniser
from tests.naive.gbnf_recogniser import Tree
from tests.naive.tree_texts import texts_near

SCHEMAS = Path(__file__).parents[3] / "schemas"
N_TEXTS = 2000
MAX_MEMBERS, MIN_MEMBERS = 1900, 15
COMPILER = Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256]))
GBNF = [path for path in sorted((SCHEMAS / "gbnf").glob("*.gbnf")) if path.stem != "token_terminals"]
"""All but the one whose special tokens this vocabulary has not."""
EBNF = sorted((SCHEMAS / "ebnf").glob("*.ebnf"))


def is_member(grammar: CompiledGrammar, text: str) -> bool:
    matcher = grammar.matcher()
    try:
        matcher.accept_bytes(text.encode())
    except TokenRejected:
        return False
    return matcher.is_accepting()


def check_verdicts(grammar: CompiledGrammar, rules: dict[str, Tree], start: str, known: list[str]) -> None:
    texts = texts_near(rules, start, known, N_TEXTS, seed=1)
    n_members = 0
    for text in texts:
        expected = gbnf_recogniser.matches(rules, text, start)
        n_members += expected
        assert is_member(grammar, text) == expected, text
    assert len(texts) == N_TEXTS
    assert MIN_MEMBERS <= n_members <= MAX_MEMBERS


@pytest.mark.parametrize("path", GBNF, ids=lambda path: path.stem)
def test_gbnf_has_the_verdicts_of_the_naive_recogniser(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    known = [*beside["accepted"], *beside["rejected"]]
    check_verdicts(COMPILER.compile_gbnf(source), gbnf_recogniser.read(source), "root", known)


@pytest.mark.parametrize("path", EBNF, ids=lambda path: path.stem)
def test_ebnf_has_the_verdicts_of_the_naive_recogniser(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    known = [*beside["accepted"], *beside["rejected"]]
    rules = ebnf_recogniser.read(source, beside["notation"] == "w3c")
    start = "root" if "root" in rules else next(iter(rules))
    check_verdicts(COMPILER.compile_ebnf(source), rules, start, known)
