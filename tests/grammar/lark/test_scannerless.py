"""Lark grammars read character by character against lark's Earley parser, which tries every match of a terminal."""

from __future__ import annotations

import itertools
import random

import pytest

import maskwright as mw
from maskwright.errors import GrammarSyntaxError, LimitExceeded, UnsupportedPattern
from maskwright.grammar.characters import match_language
from maskwright.grammar.lark import PYTHON_INDENTER, Lexer, lark_grammar
from maskwright.grammar.lark.ignored_texts import Ignored, ignorable
from tests.grammar.lark.reading import judge
from tests.naive.lark_earley import earley_judge
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars
from tests.naive.lark_members import members, mutated

WRITTEN = {
    "keywords run into names": ('start: "if" NAME | NAME "=" NAME\nNAME: /[a-z]+/\n%ignore / +/', "ifyx= "),
    "ambiguous and nullable": ('start: start "+" start | start start | "a" | \n%ignore / /', "a+ "),
    "hidden left recursion": ('start: x start "b" | "a"\nx: | "c"\n', "abc"),
    "cycles": ('start: start | b\nb: start | "a" b? \n', "ab"),
    "comments to the end of the line": ('start: "a" ("," "a")* ")"?\n%ignore /#[^\\n]*/\n%ignore /[ \\n]/', "a,)# \n"),
    "ignored text that begins a terminal": ('start: "ab" | "b" start\n%ignore /a+/', "ab"),
    "lazy matches": ('start: S ("," S)*\nS: /".*?"/ | /a+?b/ \n%ignore " "', '"ab, '),
    "the first alternative": ('start: X+ "c"\nX: /a|ab/', "abc"),
    "line breaks as terminals": ('start: ("a" _NL)*\n_NL: /\\n+/\n%ignore / +/\n%ignore /#[^\\n]*/', "a\n #"),
    "ignored text that may go on later": ('start: "a" ("," "a")*\n%ignore /(\\r?\\n)+/\n%ignore " "', "a,\r\n "),
    "rules that match nothing": ('start: a b a\na: "x"*\nb: ["y"] a?\n%ignore " "', "xy "),
    "comments and division": (
        'start: e\ne: e "/" e | "a"\n%ignore /\\/\\/[^\\n]*/\n%ignore /\\/\\*(.|\\n)*?\\*\\//\n%ignore /\\s+/', "a/*\n "
    ),
    "priorities": ('start: a | b\na.2: A b?\nb: "x" A | A\nA.3: /x+/\n', "xy"),
    "ignored text alone": ('start: "a"?\n%ignore /b+/\n%ignore "c"', "abc"),
    "matches inside matches": ('start: (A | B)* "."\nA: /a(bc)*/\nB: /b?c|ab/\n', "abc."),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_short_texts_are_read_as_lark_reads_them(name: str) -> None:
    text, letters = WRITTEN[name]
    ours, theirs = judge(text, lexer="dynamic_complete"), earley_judge(text)
    rng = random.Random(17)
    n_accepted = 0
    for length in range(6):
        texts = ["".join(chosen) for chosen in itertools.product(letters, repeat=length)]
        for candidate in texts if len(texts) < 300 else rng.sample(texts, 300):
            expected = theirs(candidate)
            n_accepted += expected
            assert ours(candidate) == expected, candidate
    assert n_accepted > 3


def _judged(grammar: ShippedGrammar, n: int, seed: int) -> None:
    ours = judge(grammar.text, start=grammar.start, lexer="dynamic_complete")
    theirs = earley_judge(grammar.text, grammar.start)
    rng = random.Random(seed)
    drawn = members(grammar.text, 20, rng, start=grammar.start, budget=8)
    known = [text for text in (*grammar.accepted, *grammar.rejected, *drawn) if len(text) < 40]
    near = [mutated(rng.choice(known), rng, rng.choice(known)) for _ in range(n)]
    for text in [*rng.sample(known, min(len(known), n)), *near]:
        if len(text) < 40:
            assert ours(text) == theirs(text), text


LOOKING_AROUND = {"look_ahead", "outline", "python"}
READABLE = [grammar for grammar in shipped_grammars() if grammar.name not in LOOKING_AROUND]


@pytest.mark.parametrize("grammar", READABLE, ids=lambda grammar: grammar.name)
def test_members_and_near_misses_of_shipped_grammars_are_read_as_lark_reads_them(grammar: ShippedGrammar) -> None:
    assert len(READABLE) >= 18
    _judged(grammar, 40, seed=1)


@pytest.mark.deep
@pytest.mark.parametrize("grammar", READABLE, ids=lambda grammar: grammar.name)
def test_many_members_and_near_misses_of_shipped_grammars(grammar: ShippedGrammar) -> None:
    for seed in range(2, 7):
        _judged(grammar, 1_000, seed)


def test_a_text_whose_only_reading_splits_names_is_read() -> None:
    text = 'start: "let" NAME "be" NAME\nNAME: /[a-z]+/\n%ignore " "'
    assert judge(text, lexer="dynamic_complete")("letxbey")
    assert not judge(text)("letxbey")
    assert judge(text)("let x be y")


def test_the_engine_walks_into_every_reading_at_once() -> None:
    accepts = judge('start: WORD "b" WORD | WORD "c"\nWORD: /[abc]+/', lexer="dynamic_complete")
    assert [accepts(text) for text in ("abc", "aba", "aca", "b", "bbb")] == [True, True, False, False, True]


def test_a_terminal_may_match_nothing_where_no_lexer_looks() -> None:
    accepts = judge('start: "<" TEXT ">"\nTEXT: /[a-z]*/\n%ignore " "', lexer="dynamic_complete")
    assert [accepts(text) for text in ("<>", "< >", "< ab>", "<a b>")] == [True, True, True, False]


def test_repetition_of_one_character_is_counted() -> None:
    accepts = judge("start: TEXT\nTEXT: /(.|\\n){2,3000}/", lexer="dynamic_complete")
    assert [accepts("x" * n) for n in (1, 2, 3000, 3001)] == [False, True, True, False]


def test_what_follows_an_ignored_text_must_not_go_on_with_it() -> None:
    ignored = Ignored((ignorable("#[^\n]*"), ignorable("[ \n]+")))
    pairs = ignored.after(match_language("[a-z]+"), "NAME")
    assert pairs == [(match_language(r"(?:#[^\n]*\n|[ \n])(?:[ \n]|#[^\n]*\n)*"), match_language("[a-z]+"))]
    assert ignored.all_sequences() == match_language(r"(?:#[^\n]*(?:\n|$)|[ \n])(?:[ \n]|#[^\n]*(?:\n|$))*")


def test_an_ignored_text_that_could_go_on_behind_a_terminal_is_refused() -> None:
    with pytest.raises(UnsupportedPattern) as refused:
        lark_grammar('start: ("a"|"b"|"ba")*\n%ignore /b(ab)?/', lexer="dynamic_complete")
    assert str(refused.value) == (
        "Ignored text that may go on behind a terminal at position 0 of the pattern 'b(ab)?' cannot be enforced "
        "exactly: the terminal A may stand within it; leave that to one of the two."
    )


def test_a_terminal_that_looks_at_what_follows_is_refused_with_a_way_out() -> None:
    text = "start: NAME\nNAME: /(?!if\\b)[a-z]+/"
    with pytest.raises(UnsupportedPattern, match=r"in terminal NAME .* leave words out with '&' and '~'"):
        lark_grammar(text, lexer=Lexer.DYNAMIC_COMPLETE)
    lark_grammar(text)


def test_an_indenter_needs_a_lexer() -> None:
    with pytest.raises(GrammarSyntaxError, match="an indenter needs a lexer: with lexer='dynamic_complete'"):
        lark_grammar('start: "a"', lexer="dynamic_complete", indenter=PYTHON_INDENTER)


def test_the_lexer_called_dynamic_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'dynamic' takes only the longest match .* 'dynamic_complete' takes any"):
        lark_grammar('start: "a"', lexer="dynamic")
    with pytest.raises(ValueError, match=r"is none of 'contextual', 'basic', 'dynamic_complete'$"):
        lark_grammar('start: "a"', lexer="earley")


def test_declared_terminals_and_unknown_starts_are_errors() -> None:
    with pytest.raises(GrammarSyntaxError, match="no text has the terminal '_X' that '%declare' declares"):
        lark_grammar("%declare _X\nstart: _X", lexer="dynamic_complete")
    with pytest.raises(GrammarSyntaxError, match=r"no rule 'starts' to start from \(did you mean 'start'\?\)"):
        lark_grammar('start: "a"', "starts", lexer="dynamic_complete")


def test_a_grammar_that_is_too_long_is_an_error_before_it_is_read() -> None:
    with pytest.raises(LimitExceeded):
        lark_grammar("//" + "x" * 2_000_001)


def test_masks_do_not_depend_on_how_tokens_cut_a_text() -> None:
    vocabulary = mw.Vocabulary([b"a", b"aa", b"a a", b" ", b"if", b"i", b"f", b"ifa", b"</s>"], eos_token_ids=[8])
    grammar = mw.Compiler(vocabulary).compile_lark(
        'start: "if" NAME\nNAME: /[af]+/\n%ignore " "', lexer="dynamic_complete"
    )
    whole, cut = grammar.matcher(), grammar.matcher()
    whole.accept_tokens([7])
    cut.accept_tokens([5, 6, 0])
    rows = mw.allocate_bitmask(2, vocabulary.size)
    whole.fill_bitmask(rows[0])
    cut.fill_bitmask(rows[1])
    assert list(mw.allowed_tokens(rows[0])) == list(mw.allowed_tokens(rows[1])) == [0, 1, 3, 6, 8]
