"""The workloads of the bench for grammars are what it says they are: members of grammars that lark reads, too."""

from __future__ import annotations

import random
import tokenize
from io import StringIO

import pytest
from lark import Lark

from bench.grammars import main
from bench.workloads.grammars.c_like_texts import c_like_file
from bench.workloads.grammars.cases import ALONE, SHARED
from bench.workloads.grammars.json_texts import json_document
from bench.workloads.grammars.python_texts import DEDENT, INDENT, library_files, marked
from bench.workloads.grammars.sql_texts import sql_script
from maskwright.grammar.lark import lark_grammar
from tests.naive.lark_itself import accepts

QUICK = 2
"""Texts of each grammar that are looked at always; the deep test looks at all."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\n", "a = 1\n"),
        ("if a:\n    b\nc\n", "if a:\n    >b\n<c\n"),
        ("if a:\n  if b:\n    c\n", "if a:\n  >if b:\n    >c\n<<"),
        ("if a:\n\n  # why\n  b\n\n# then\nc\n", "if a:\n\n  # why\n  >b\n\n# then\n<c\n"),
        ("f(a,  # first\n\n  b)  # both\n", "f(a,  \\\n\\\n  b)  # both\n"),
        ('x = """(\n  #"""\n', 'x = """(\n  #"""\n'),
        ("if a: \\\n  b\n", "if a: \\\n  b\n"),
    ],
)
def test_marks_stand_before_the_first_word_of_a_block_and_behind_its_last_line(text: str, expected: str) -> None:
    assert marked(text).replace(INDENT, ">").replace(DEDENT, "<") == expected


def test_without_its_marks_a_text_is_the_same_program() -> None:
    for text in library_files(QUICK).values():
        unmarked = marked(text).replace(INDENT, "").replace(DEDENT, "")
        assert words(unmarked) == words(text)


def words(text: str) -> list[str]:
    layout = {tokenize.COMMENT, tokenize.NL}
    return [token.string for token in tokenize.generate_tokens(StringIO(text).readline) if token.type not in layout]


@pytest.mark.parametrize("write", [sql_script, json_document, c_like_file])
def test_a_seed_always_gives_the_same_text_and_others_give_others(write) -> None:
    assert write(random.Random(1)) == write(random.Random(1)) != write(random.Random(2))


@pytest.mark.parametrize("name", SHARED)
def test_lark_accepts_texts_of_every_grammar(name: str) -> None:
    assert refused_by_lark(name, QUICK) == []


@pytest.mark.deep
@pytest.mark.parametrize("name", SHARED)
def test_lark_accepts_all_texts_of_every_grammar(name: str) -> None:
    assert refused_by_lark(name, None) == []


def refused_by_lark(name: str, n_texts: int | None) -> list[str]:
    case = SHARED[name](n_texts)
    parser = Lark(case.grammar, parser="lalr", lexer="contextual")
    assert case.texts
    return [name for name, text in case.texts.items() if not accepts(parser, text)]


@pytest.mark.parametrize("name", SHARED)
def test_llguidance_accepts_texts_of_every_grammar_byte_by_byte(name: str) -> None:
    llguidance = pytest.importorskip("llguidance", reason="the engine that the bench compares with")
    case = SHARED[name](QUICK)
    grammar = llguidance.LLMatcher.grammar_from_lark(case.grammar)
    start = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), grammar, log_level=0)
    for text in case.texts.values():
        matcher = start.deep_copy()
        assert matcher.try_consume_tokens(list(text.encode())) == len(text.encode())
        assert matcher.is_accepting()


@pytest.mark.parametrize("name", SHARED)
def test_maskwright_reads_the_text_of_every_shared_grammar(name: str) -> None:
    assert lark_grammar(SHARED[name](1).grammar)


def test_what_only_maskwright_has_a_notation_for_is_asked_of_it_alone() -> None:
    assert {SHARED[name](1).specification.partition("\n")[0] for name in SHARED} == {"lark"}
    assert {ALONE[name](1).specification.partition("\n")[0] for name in ALONE} == {"lark-python"}


def test_without_a_tokenizer_there_is_a_reason(tmp_path, capsys) -> None:
    assert main(["--tokenizer", str(tmp_path), "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"bench: no tokenizer.json in {tmp_path}\n"
