"""Reading Lark grammars: every fault with its place, what lark reads is read, and nothing else is looked at."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from lark import Lark
from lark.exceptions import LarkError

from maskwright.errors import GrammarSyntaxError, LimitExceeded, MaskwrightError, UnsupportedPattern
from maskwright.grammar.ir import Lexed
from maskwright.grammar.lark import PYTHON_INDENTER, Indenter, lark_grammar
from maskwright.grammar.lexed_language import LexedLanguage
from tests.naive.lark_itself import ShippedGrammar, lark_parser, shipped_grammars
from tests.naive.lark_members import mutated

GRAMMARS = shipped_grammars()


def language(text: str, **options: str) -> LexedLanguage:
    leaf = lark_grammar(text, **options).rules["start"]  # type: ignore[arg-type]
    assert isinstance(leaf, Lexed)
    return leaf.language


FAULTS = [
    ('start "a"', "expecting rule or terminal definition (missing colon)", 'start ^"a"'),
    ("start: a", "Rule 'a' used but not defined (in rule start)", "start: ^a"),
    ('start: "a\nb: "c"', "this text in quotes does not end in its line", 'start: ^"a'),
    ("start: /a\n", "this regular expression does not end in its line", "start: ^/a"),
    ('start: ("a"\n', "expected ')', found the end of the line", 'start: ("a"^'),
    ('start: [ "a" ) ]', "expected ']', found ')'", 'start: [ "a" ^) ]'),
    ('start: "a")', "expected the end of the line, found ')'", 'start: "a"^)'),
    ('start: "a" $', "expected a rule or terminal definition", 'start: "a" ^$'),
    ('a: "x"\nstart: a\na: "y"', "Rule 'a' defined more than once", '^a: "y"'),
    ('A: "x"\nA: "y"\nstart: A', "Terminal 'A' defined more than once", '^A: "y"'),
    ("start: A\nA: A", "Recursion in terminal 'A' (recursion is only allowed in rules, not terminals)", "start: ^A"),
    ('start: R\nR: r\nr: "a"', "Rules aren't allowed inside terminals (NonTerminal('r') in R)", "R: ^r"),
    ('start: "a"\n%ignore B', "Terminals {'B'} were marked to ignore but were not defined!", "%ignore ^B"),
    ('start: "ab".."c"', "the ends of a range are one character each", 'start: "ab"^.."c"'),
    (
        'start: "\\x1"',
        "this escape lacks digits: it is \\x and two, \\u and four, or \\U and eight hexadecimal digits",
        'start: "^\\x1"',
    ),
    (
        'start: "y"\n%import nothing.X',
        "there is no grammar 'nothing' in lark's own grammars (name its folder with import_paths)",
        "^%import nothing.X",
    ),
    ("%import common (A B)\nstart: A", "expected ')', ',', found the name of a terminal", "%import common (A ^B)"),
    ("%import common.NOPE\nstart: NOPE", "Rule 'NOPE' used but not defined (in rule start)", "start: ^NOPE"),
    ('start: "z"\n%override foo: "a"', "Cannot override a nonexisting rule foo", '^%override foo: "a"'),
    ('start: "z"\n%extend foo: "a"', "Can't extend rule foo as it wasn't defined before", '^%extend foo: "a"'),
    ('start: a{"b","c"}\na{x}: x', "Wrong number of template arguments used for a (expected 1, got 2) (in rule start)",
     'start: ^a{"b","c"}'),
    ('start: A\nA.x: "a"', "expected a number, found the name of a rule", 'A.^x: "a"'),
    ('start: "a" -> 3', "alias expects lowercase name", 'start: "a" -> ^3'),
    ('begin: "a"', "there is no rule 'start' to start from", '^begin: "a"'),
    ('strat: "a"', "there is no rule 'start' to start from (did you mean 'strat'?)", '^strat: "a"'),
    (
        '%declare X\nstart: X "a"',
        "no text has the terminal 'X' that '%declare' declares: name an indenter that inserts it",
        "%declare ^X",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "place"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_has_its_place_and_what_was_expected(text: str, message: str, place: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        lark_grammar(text, source_name="my grammar")
    error = caught.value
    before = place.index("^")
    line = place.replace("^", "", 1)
    assert (error.message, error.source.split("\n")[error.line - 1], error.column) == (message, line, before + 1)
    assert str(error) == (f"my grammar, line {error.line}, column {before + 1}: {message}\n  {line}\n  {' ' * before}^")


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        (r"\bfoo", "A look-behind, '^' or '\\b' that may look before the match"),
        ("(?<=x)a", "A look-behind, '^' or '\\b' that may look before the match"),
        ("a*+b", "A possessive repetition or atomic group"),
        ("(?P<x>a)(?P=x)", "A back-reference or recursion"),
        ("a*", "A match without characters"),
    ],
)
def test_a_pattern_that_cannot_be_kept_exactly_is_refused_by_its_terminal(pattern: str, construct: str) -> None:
    with pytest.raises(UnsupportedPattern) as caught:
        lark_grammar(f"start: WORD\nWORD: /{pattern}/")
    assert caught.value.construct == f"{construct} in terminal WORD"
    assert caught.value.source == pattern and caught.value.advice


@pytest.mark.parametrize("pattern", ["(", "[", "a{3,1}", "*", r"\p{L}", "[0--32768_ ]", "a(?i)b"])
def test_a_pattern_that_is_none_is_refused_by_its_terminal(pattern: str) -> None:
    with pytest.raises((GrammarSyntaxError, UnsupportedPattern), match="terminal WORD"):
        lark_grammar(f"start: WORD\nWORD: /{pattern}/")


def test_nesting_is_limited_before_lark_reads() -> None:
    with pytest.raises(
        LimitExceeded, match="The nesting of groups in a Lark grammar needs 70, more than the 60 allowed"
    ):
        lark_grammar("start: " + "(" * 70 + '"a"' + ")" * 70)


def test_imports_do_not_reach_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.lark").write_text('WORD: "a"', encoding="utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "deep.lark").write_text('%import ..secret.WORD\nDEEP: WORD "b"', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for imported in ("secret.WORD", ".secret.WORD", "inner.deep.DEEP", ".inner.deep.DEEP"):
        name = imported.rpartition(".")[2]
        with pytest.raises(GrammarSyntaxError, match="there is no grammar"):
            lark_grammar(f"%import {imported}\nstart: {name}")
    lark_grammar("%import secret.WORD\nstart: WORD", import_paths=[tmp_path])
    with pytest.raises(GrammarSyntaxError):  # names only, no paths
        lark_grammar("%import ../secret.WORD\nstart: WORD", import_paths=[tmp_path / "inner"])


def test_an_indenter_whose_terminals_are_not_there_is_refused() -> None:
    text = 'start: "a" _NL\n_NL: /\\n */\n%declare _INDENT'
    with pytest.raises(GrammarSyntaxError, match="the indenter's terminal '_DEDENT' is not used in the grammar"):
        lark_grammar(text, indenter=Indenter("_NL", "_INDENT", "_DEDENT"))
    with pytest.raises(GrammarSyntaxError, match="'_INDENT' that '%declare' declares: the indenter does not insert it"):
        lark_grammar(text, indenter=Indenter("_NL", "_IN", "_DEDENT"))


def test_an_unknown_lexer_is_refused() -> None:
    with pytest.raises(ValueError, match="'dynamic' takes only the longest match"):
        lark_grammar('start: "a"', lexer="dynamic")


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_a_shipped_grammar_is_read_with_either_lexer(grammar: ShippedGrammar) -> None:
    indenter = Indenter(**grammar.indenter) if grammar.indenter else None
    for lexer in ("contextual", "basic"):
        leaf = lark_grammar(grammar.text, grammar.start, lexer=lexer, indenter=indenter).rules["start"]
        assert isinstance(leaf, Lexed)
        contexts = leaf.language.context_terminals
        assert len(contexts) == 1 or lexer == "contextual"


def check_mutations(grammar: ShippedGrammar, n: int, rng: random.Random) -> int:
    """Grammars with small changes: refused with an error of ours, or read by lark too; how many are read."""
    n_read = 0
    for _ in range(n):
        text = mutated(grammar.text, rng)
        try:
            leaf = lark_grammar(text, grammar.start).rules["start"]
        except MaskwrightError:
            continue
        if isinstance(leaf, Lexed):
            n_read += 1
            try:
                lark_parser(text, start=grammar.start)
            except LarkError as error:
                pytest.fail(f"lark refuses what we read: {error}\n{text}")
    return n_read


SMALL = [grammar for grammar in GRAMMARS if len(grammar.text) < 1_200 and grammar.indenter is None]


def test_changed_grammars_are_refused_or_read_as_lark_does() -> None:
    rng = random.Random(1)
    assert sum(check_mutations(grammar, 8, rng) for grammar in SMALL) > 10


@pytest.mark.deep
@pytest.mark.parametrize("grammar", SMALL, ids=lambda grammar: grammar.name)
def test_many_changed_grammars_are_refused_or_read_as_lark_does(grammar: ShippedGrammar) -> None:
    assert check_mutations(grammar, 2_000, random.Random(2)) > 50


def test_equal_grammars_have_equal_languages_and_keys() -> None:
    text = 'start: A "b"\nA: /a+/'
    assert language(text) == language(text) and hash(language(text)) == hash(language(text))
    assert language(text) != language(text.replace("a+", "a"))
    assert language(text).key == language(text.replace("A", "NAME")).key  # names are for messages


def test_pythons_indenter_is_that_of_lark() -> None:
    from lark.indenter import PythonIndenter

    theirs = PythonIndenter()
    assert (PYTHON_INDENTER.line_break, PYTHON_INDENTER.indent, PYTHON_INDENTER.dedent) == (
        theirs.NL_type,
        theirs.INDENT_type,
        theirs.DEDENT_type,
    )
    assert list(PYTHON_INDENTER.opening) == theirs.OPEN_PAREN_types
    assert list(PYTHON_INDENTER.closing) == theirs.CLOSE_PAREN_types
    assert PYTHON_INDENTER.tab_length == theirs.tab_len


def test_lark_reads_what_the_faults_are_about() -> None:
    """The grammars of FAULTS are at fault for lark as well."""
    for text, _, _ in FAULTS:
        with pytest.raises((LarkError, AssertionError, OSError)):
            Lark(text, parser="lalr").parse("")
