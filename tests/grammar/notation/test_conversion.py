"""Converted grammars have the same texts: judged by the naive recognisers and by lark itself."""

from __future__ import annotations

import json
from pathlib import Path

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright import Compiler, Vocabulary
from maskwright.errors import GrammarSyntaxError, LimitExceeded, UnsupportedConversion
from maskwright.grammar.ebnf import ebnf_grammar
from maskwright.grammar.gbnf import gbnf_grammar
from maskwright.grammar.ir import Grammar
from maskwright.grammar.notation.conversion import converted
from maskwright.grammar.notation.notations import Source, Target
from maskwright.grammar.notation.printing import print_gbnf
from maskwright.grammar.notation.written import WrittenGrammar
from tests.grammar.notation.written_grammars import small_grammars
from tests.naive import ebnf_recogniser, gbnf_recogniser
from tests.naive.recogniser import accepts

SCHEMAS = Path(__file__).parents[3] / "schemas"
ON_DISK = [(path, Source.GBNF) for path in sorted((SCHEMAS / "gbnf").glob("*.gbnf"))]
ON_DISK += [(path, Source.EBNF) for path in sorted((SCHEMAS / "ebnf").glob("*.ebnf"))]
COMPILER = Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256]))
READERS = {Target.GBNF: gbnf_grammar, Target.EBNF: ebnf_grammar, Target.W3C: ebnf_grammar}


def lark_accepts(parser: lark.Lark, text: str) -> bool:
    try:
        parser.parse(text)
    except lark.exceptions.UnexpectedInput:
        return False
    return True


def scannerless(grammar: str) -> lark.Lark:
    return lark.Lark(grammar, parser="earley", lexer="dynamic")


def can_say_tokens(target: Target, stem: str) -> bool:
    """Are the special tokens of a grammar on disk such as a notation has?"""
    unable = {
        "token_terminals": (Target.LARK, Target.EBNF, Target.W3C),
        "special_tokens": (Target.LARK, Target.GBNF, Target.W3C),
    }
    return target not in unable.get(stem, ())


@pytest.mark.parametrize("target", READERS)
@pytest.mark.parametrize(("path", "source"), ON_DISK, ids=lambda value: getattr(value, "stem", ""))
def test_a_grammar_on_disk_keeps_its_texts(path: Path, source: Source, target: Target) -> None:
    text = path.read_text(encoding="utf-8")
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if not can_say_tokens(target, path.stem):
        with pytest.raises(UnsupportedConversion, match="token"):
            converted(text, source, target)
        return
    result = converted(text, source, target)
    grammar: Grammar = READERS[target](result)
    for expected in (True, False):
        for member in beside["accepted" if expected else "rejected"]:
            assert accepts(grammar, member.encode()) == expected, member


@pytest.mark.parametrize(("path", "source"), ON_DISK, ids=lambda value: getattr(value, "stem", ""))
def test_a_grammar_on_disk_keeps_its_texts_in_lark(path: Path, source: Source) -> None:
    text = path.read_text(encoding="utf-8")
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if not can_say_tokens(Target.LARK, path.stem):
        with pytest.raises(UnsupportedConversion, match="a special token"):
            converted(text, source, Target.LARK)
        return
    parser = scannerless(converted(text, source, Target.LARK))
    for expected in (True, False):
        for member in beside["accepted" if expected else "rejected"]:
            assert lark_accepts(parser, member) == expected, member


small_texts = st.lists(st.text("abé", max_size=5), min_size=1, max_size=6)


@settings(max_examples=100)
@given(small_grammars, small_texts)
def test_random_grammars_keep_their_texts(grammar: WrittenGrammar, texts: list[str]) -> None:
    source = print_gbnf(grammar)
    as_xgrammar = converted(source, Source.GBNF, Target.EBNF)
    as_w3c = converted(source, Source.GBNF, Target.W3C)
    back = converted(as_w3c, Source.EBNF, Target.GBNF)
    for text in texts:
        expected = gbnf_recogniser.accepts(source, text)
        assert ebnf_recogniser.accepts(as_xgrammar, text, False, "root") == expected, text
        assert ebnf_recogniser.accepts(as_w3c, text, True, "root") == expected, text
        assert gbnf_recogniser.accepts(back, text) == expected, text


@settings(max_examples=60)
@given(small_grammars, small_texts)
def test_random_grammars_keep_their_texts_in_lark(grammar: WrittenGrammar, texts: list[str]) -> None:
    source = print_gbnf(grammar)
    parser = scannerless(converted(source, Source.GBNF, Target.LARK))
    for text in texts:
        assert lark_accepts(parser, text) == gbnf_recogniser.accepts(source, text), text


FROM_LARK = {
    "templates": ('start: list{A, ","}\nlist{item, comma}: item (comma item)*\nA: "a" | "b"+', "ab,"),
    "ignored": ('start: A+ B?\nA: "a"\nB: /b+/\n%ignore " "\n%ignore /#[^\\n]/', "ab #"),
    "patterns": ("start: /a[bc]*/ X\nX: /(?:ab?)+/i | /\\d{1,2}/", "abcAB1"),
    "optional": ('start: ["a"] (b | "c"~2..3)? | -> none\n?b: "b" start', "abc"),
    "ranges": ('start: X+ "a"i\nX: "b".."c" "a"~0..1', "abcA"),
    "look-around": ("start: (A B?)+\nA: /a(?!c)[bc]/\nB: /(?<!a)c/", "abc"),
    "nothing": ("start: A | B\nA: /a/\nB: /a(?=b)c/", "abc"),
    "recursion": ('start: "a" start "b" | start "c" | -> end', "abc"),
}


@pytest.mark.parametrize("name", [name for name in FROM_LARK if name != "look-around"])
def test_a_lark_grammar_keeps_its_texts_however_they_are_cut(name: str) -> None:
    source, alphabet = FROM_LARK[name]
    parser = lark.Lark(source, parser="earley", lexer="dynamic_complete")
    as_gbnf = converted(source, Source.LARK, Target.GBNF)
    as_w3c = converted(source, Source.LARK, Target.W3C)
    start = next(iter(ebnf_recogniser.read(as_w3c, True)))
    assert "takes the longest terminal" in as_gbnf.splitlines()[0]
    texts = [""]
    for text in texts:
        if len(text) < 4:
            texts += [text + character for character in alphabet]
        expected = lark_accepts(parser, text)
        assert gbnf_recogniser.accepts(as_gbnf, text) == expected, text
        assert ebnf_recogniser.accepts(as_w3c, text, True, start) == expected, text


def test_a_look_around_within_its_terminal_becomes_rules() -> None:
    result = converted("start: /(?!bb)[ab]{2}/", Source.LARK, Target.GBNF)
    assert [text for text in ("aa", "ab", "ba", "bb", "a") if gbnf_recogniser.accepts(result, text)] == [
        "aa",
        "ab",
        "ba",
    ]


@pytest.mark.parametrize("pattern", ["a(?=b)", "a(?!b)", "(?<=a)b", "\\bab", "ab(?!c)|a", "a$", "^a", "a*+"])
def test_a_look_around_beyond_its_terminal_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedConversion, match="look-around"):
        converted(f"start: /{pattern}/", Source.LARK, Target.GBNF)


def test_a_terminal_that_is_only_declared_is_refused() -> None:
    with pytest.raises(UnsupportedConversion, match="a declared terminal in rule 'INDENT'"):
        converted("start: INDENT\n%declare INDENT", Source.LARK, Target.GBNF)


def test_an_automaton_with_many_states_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="An automaton as rules at 'rule start'"):
        converted("start: /(?!a{90})[ab]*b/", Source.LARK, Target.GBNF)


def test_lark_to_lark_is_refused() -> None:
    with pytest.raises(UnsupportedConversion, match="it is written in Lark already"):
        converted('start: "a"', Source.LARK, Target.LARK)


def test_a_template_that_never_ends_is_refused() -> None:
    with pytest.raises((LimitExceeded, GrammarSyntaxError)):
        converted('start: t{"a"}\nt{x}: t{u{x}}\nu{x}: x x', Source.LARK, Target.GBNF)


@pytest.mark.parametrize(
    ("source", "start", "target", "expected"),
    [
        ('root ::= a_b a-b\na_b ::= "x"\na-b ::= "y"', "root", Target.GBNF, ["root", "a-b-2", "a-b"]),
        ('a ::= root\nroot ::= "x"', "a", Target.GBNF, ["root", "root-2"]),
        ('A-B ::= "x"\nroot ::= A-B start\nstart ::= "y"', "root", Target.LARK, ["start", "a_b", "start_2"]),
        ('root ::= Token 9\nToken ::= "x"\n9 ::= "y"', "root", Target.EBNF, ["root", "Token_2", "rule-9"]),
        ('a ::= root\nroot ::= "x"', "a", Target.W3C, ["a", "root_2"]),
    ],
)
def test_names_change_only_where_they_must(source: str, start: str, target: Target, expected: list[str]) -> None:
    lines = [line for line in converted(source, Source.GBNF, target, start=start).splitlines() if line[:1] not in "#/"]
    assert [line.split(":")[0].strip() for line in lines] == expected


REFUSED = {"look_ahead": "look-around", "outline": "declared", "python": "declared"}


@pytest.mark.parametrize("path", sorted((SCHEMAS / "lark").glob("*.lark")), ids=lambda path: path.stem)
def test_a_lark_grammar_on_disk_loses_no_text(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    start = beside.get("start")
    if path.stem in REFUSED:
        with pytest.raises(UnsupportedConversion, match=REFUSED[path.stem]):
            converted(source, Source.LARK, Target.GBNF, start=start, import_paths=[path.parent])
        return
    grammar = COMPILER.compile_gbnf(
        converted(source, Source.LARK, Target.GBNF, start=start, import_paths=[path.parent])
    )
    for text in beside["accepted"]:
        matcher = grammar.matcher()
        matcher.accept_bytes(text.encode())
        assert matcher.is_accepting(), text
