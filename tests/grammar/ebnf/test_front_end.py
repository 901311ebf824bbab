"""EBNF against texts on disk, against an independent reading of both notations, and its errors word by word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.ebnf import ebnf_grammar
from maskwright.grammar.ebnf.style import Notation, style_of
from maskwright.grammar.ir import Sequence, TokenSet
from maskwright.grammar.report import Exactness
from tests.naive import ebnf_recogniser
from tests.naive.recogniser import accepts

FOLDER = Path(__file__).parents[3] / "schemas" / "ebnf"
GRAMMARS = sorted(FOLDER.glob("*.ebnf"))


def test_there_are_grammars_of_both_notations_on_disk() -> None:
    notations = [style_of(path.read_text(encoding="utf-8")).notation for path in GRAMMARS]
    assert notations.count(Notation.W3C) >= 4 and notations.count(Notation.XGRAMMAR) >= 6


@pytest.mark.parametrize("path", GRAMMARS, ids=lambda path: path.stem)
def test_a_grammar_on_disk_accepts_and_rejects_the_texts_beside_it(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    grammar = ebnf_grammar(source)
    is_w3c = beside["notation"] == "w3c"
    assert (style_of(source).notation is Notation.W3C) == is_w3c
    assert beside["accepted"] and beside["rejected"]
    for expected in (True, False):
        for text in beside["accepted" if expected else "rejected"]:
            assert accepts(grammar, text.encode()) == expected, text
            assert ebnf_recogniser.accepts(source, text, is_w3c, grammar.start) == expected, text


def repeated(item: str, sign: str) -> str:
    return f"({item}){sign}" if item[-1] in "*+?}" else item + sign


def exclusion(left: str, right: str, sign: str) -> str:
    return f"({left}{sign} - ({right} {left}?))"


def random_grammars(
    terminals: list[str], signs: list[str], layouts: list[str], has_exclusions: bool
) -> st.SearchStrategy[str]:
    """Grammars with the rules root, a and b-2; the last of the layouts comes first in them and has a sign."""
    layout = st.sampled_from(layouts)
    items = st.recursive(
        st.sampled_from([*terminals, "root", "a", "b-2"]),
        lambda inner: st.one_of(
            st.builds(repeated, inner, st.sampled_from(signs)),
            st.builds(
                lambda choices, blank: "(" + f"{blank}|{blank}".join(choices) + blank + ")",
                st.lists(st.lists(inner, max_size=3).map(" ".join), min_size=1, max_size=3),
                layout,
            ),
        ),
        max_leaves=6,
    )
    if has_exclusions:
        regular = st.sampled_from(terminals)
        items = st.one_of(items, items, st.builds(exclusion, regular, regular, st.sampled_from(["", "*", "+"])))
    right_parts = st.builds(
        lambda choices, blank: f"{blank}|{blank}".join(choices),
        st.lists(st.lists(items, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=3),
        layout,
    )
    return st.builds(
        lambda parts, blank: (
            layouts[-1]
            + "\n".join(f"{name} ::={blank}{part}" for name, part in zip(("root", "a", "b-2"), parts, strict=True))
        ),
        st.tuples(right_parts, right_parts, right_parts),
        layout,
    )


xgrammar_grammars = random_grammars(
    ['"a"', '"b"', '""', '"ab"', '"\\u00e9"', "[ab]", "[^a]", "[^]", "[^\\x00-\\xe8é]", "[-a]", "Token(3)"],
    ["*", "+", "?", "{2}", "{1,}", "{0,2}", " { 1 , 2 }", "{0}"],
    [" ", "\n  ", " # note |)\n "],
    has_exclusions=False,
)
w3c_grammars = random_grammars(
    ["'a'", '"b"', "''", '"ab"', "#xE9", "[ab]", "[^a]", "[#x61-#x62]", "[^#x0-#xE8é]", "[a-]", "'\\'"],
    ["*", "+", "?"],
    [" ", "\n  ", " /* note | ) */ "],
    has_exclusions=True,
)
candidates = st.lists(st.text("abé\\", max_size=5), min_size=1, max_size=6)


@settings(max_examples=150)
@given(xgrammar_grammars, candidates)
def test_random_grammars_of_xgrammar_mean_what_the_independent_reading_says(source: str, texts: list[str]) -> None:
    grammar = ebnf_grammar(source)
    for text in texts:
        assert accepts(grammar, text.encode()) == ebnf_recogniser.accepts(source, text, False, "root"), text


@settings(max_examples=150)
@given(w3c_grammars, candidates)
def test_random_grammars_of_the_w3c_mean_what_the_independent_reading_says(source: str, texts: list[str]) -> None:
    grammar = ebnf_grammar(source)
    for text in texts:
        assert accepts(grammar, text.encode()) == ebnf_recogniser.accepts(source, text, True, "root"), text


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        # a backslash is itself once a sign of the W3C's was met, and an escape without one
        ('/* */ a ::= "\\"', "\\", True),
        ('a ::= "\\""', '"', True),
        ("a ::= 'x' | [\\]", "\\", True),
        # the codes of a class make it the W3C's, a comment before them XGrammar's
        ("a ::= [#x20-#x21]", " ", True),
        ("# XGrammar\na ::= [#x2]", "x", True),
        ("a ::= b - 'x'\nb ::= [a-z]", "x", False),
        ("a ::= b - 'x'\nb ::= [a-z]", "y", True),
        # names may hold dashes and dots, so an exclusion needs a blank before its sign
        ('a ::= b-c.d\nb-c.d ::= "x"', "x", True),
    ],
)
def test_the_first_sign_decides_the_notation(source: str, text: str, expected: bool) -> None:
    assert accepts(ebnf_grammar(source), text.encode()) == expected


def test_the_start_is_root_or_else_the_first_rule_or_the_one_named() -> None:
    source = 'a ::= "x"\nb ::= "y"'
    assert ebnf_grammar(source).start == "a"
    assert ebnf_grammar(source + '\nroot ::= "z"').start == "root"
    assert ebnf_grammar(source, start="b").start == "b"


def test_special_tokens_are_named_by_id() -> None:
    grammar = ebnf_grammar("root ::= Token(7, 3) ExcludeToken( 9 ,)")
    assert grammar.rules["root"] == Sequence((TokenSet(ids=(3, 7)), TokenSet(ids=(9,), negated=True)))


def test_constraints_in_words_are_listed_in_the_report() -> None:
    (finding,) = ebnf_grammar("tag ::= '<' name '>' [ WFC: unique\n names ]\nname ::= [a-z]+").report
    assert finding.status is Exactness.ANNOTATION and finding.pointer == "/tag"
    assert finding.keyword == "[ WFC: unique names ]"


def fault_of(source: str) -> GrammarSyntaxError | LimitExceeded | None:
    try:
        ebnf_grammar(source)
    except (GrammarSyntaxError, LimitExceeded) as error:
        return error
    return None


@given(st.one_of(st.text(), st.text("ab\"'\\[]()|*+?{}0,.:=<>!#-/^ \nxuU1", max_size=30)))
def test_any_text_at_all_gives_a_grammar_or_a_typed_error(text: str) -> None:
    for source in (text, "root ::= " + text, "/* */ root ::= " + text):
        fault = fault_of(source)
        if isinstance(fault, GrammarSyntaxError):
            assert 0 <= fault.position <= len(source)
            assert str(fault).startswith("EBNF grammar, line ")


ALONE = "an exclusion has one item on either side and nothing beside it: put (A - B) into parentheses"
ESCAPES = "\\\" \\\\ \\/ \\' \\? \\n \\r \\t \\b \\f \\a \\v \\0 \\e"
NO_ITEM = "expected an item of rule 'root' or the next rule, not"
ERRORS = {
    'root ::= "a': (1, 10, "this text in quotes is never closed in its line"),
    "root ::= 'a\n'": (1, 10, "this text in quotes is never closed in its line"),
    "root ::= [a": (1, 10, "this character class is never closed in its line"),
    "/* */root ::= [a-": (1, 15, "this character class is never closed in its line"),
    "root ::= []": (1, 10, "this character class contains no character"),
    "/**/ root ::= [^]": (1, 15, "a character class must list at least one character"),
    "root ::= [b-a]": (1, 11, "the range b-a ends before it begins"),
    "root ::= [#x62-#x61]": (1, 11, "the range #x62-#x61 ends before it begins"),
    "root ::= [\\d]": (1, 11, "the class \\d is not part of the notation: write its ranges"),
    'root ::= "\\q"': (1, 11, f"unknown escape '\\q'; there are {ESCAPES} \\xH... \\uHHHH \\UHHHHHHHH"),
    'root ::= "\\u12"': (1, 11, "'\\u' needs 4 hexadecimal digits"),
    'root ::= "\\x"': (1, 11, "'\\x' needs hexadecimal digits"),
    'root ::= "\\x110000"': (1, 11, "there is no character above U+10FFFF"),
    'root ::= "\\uD83D"': (
        1,
        11,
        "the surrogate U+D83D is not a character: write the whole code point, as in \\U0001F600",
    ),
    "root ::= #x110000": (1, 10, "there is no character above U+10FFFF"),
    "root ::= #xD800": (1, 10, "the surrogate U+D800 is not a character"),
    "root ::= 'a\ud83d'": (1, 12, "the surrogate U+D83D is not a character"),
    "root ::= 'a' #q": (1, 14, "expected a character code such as #x20"),
    "root ::= (": (1, 10, "this parenthesis is never closed"),
    'root ::= ("a"\na ::= "b"': (1, 10, "this parenthesis is never closed"),
    'root ::= ("a" }': (
        1,
        15,
        "expected an item or ')', not '}'; this is read as XGrammar's EBNF; a comment at the head, /* or #, decides",
    ),
    'root ::= "a" )': (
        1,
        14,
        f"{NO_ITEM} ')'; this is read as XGrammar's EBNF; a comment at the head, /* or #, decides",
    ),
    "root ::= 'a'{2}": (
        1,
        13,
        f"{NO_ITEM} '{{'; this is read as the W3C's EBNF because of the single quote in line 1",
    ),
    "# note\nroot ::= 'a'": (
        2,
        10,
        f"{NO_ITEM} \"'\"; this is read as XGrammar's EBNF because of the comment # in line 1",
    ),
    "root ::= | *": (1, 12, "there is nothing before '*' to repeat"),
    "root ::= 'a' - *": (1, 16, "there is nothing before '*' to repeat"),
    'root ::= "a"{,2}': (1, 14, "expected a count such as {2} or {2,5}, not ','"),
    'root ::= "a"{2,1}': (1, 13, "the greatest count 1 is below the least count 2"),
    'root ::= "a"{2': (1, 15, "expected '}' to end the counts, not the end of the grammar"),
    "root ::= 'a' 'b' - 'c'": (1, 18, ALONE),
    "root ::= 'a' - 'b' 'c'": (1, 14, ALONE),
    "root ::= 'a' - 'b' - 'c'": (1, 20, ALONE),
    "root ::= - 'b'": (1, 10, ALONE),
    "root ::= ('a' - ) 'b'": (1, 15, ALONE),
    "root ::= 'a' - b\nb ::= '(' b ')' | 'c'": (
        1,
        14,
        "both sides of an exclusion must be regular: rule 'b' leads back to itself",
    ),
    "root ::= 'a' - ('b'* - 'bb')": (
        1,
        14,
        "both sides of an exclusion must be regular: it holds another exclusion, of more than single characters",
    ),
    "/* a": (1, 1, "this comment is never closed"),
    'root ::= "a" (= "b")': (1, 14, "a look-ahead assertion cannot be kept exactly: leave '(= ...)' out"),
    'root ::= TagDispatch(("a", b))': (
        1,
        10,
        "TagDispatch is not read: write its free text, its tags and what follows them as rules",
    ),
    "root ::= Token(a)": (1, 10, "Token needs the ids of tokens in parentheses, as in Token(7, 8)"),
    "root ::= Token(2147483648)": (1, 10, "token ids go up to 2147483647"),
    'root[temperature=0.7] ::= "a"': (1, 5, "options of a rule are not read: leave the brackets out"),
    'root ::= "a" b ::= "c"': (1, 14, "the name of a rule must be the first thing in its line, not so 'b'"),
    'root "a"': (1, 6, "expected '::=' after 'root', not '\"'"),
    "::= 'a'": (1, 1, "expected the name of a rule, not ':'"),
    'root ::= "a"\nroot ::= "b"': (2, 1, "rule 'root' is already defined in line 1"),
    'root ::= "a" |\n  itm\nitem ::= "b"': (2, 3, "rule 'itm' is used but not defined (did you mean 'item'?)"),
    "": (1, 1, "there is no rule 'root' to start from"),
}


@pytest.mark.parametrize("source", ERRORS)
def test_a_fault_is_named_with_its_place(source: str) -> None:
    line, column, message = ERRORS[source]
    with pytest.raises(GrammarSyntaxError) as caught:
        ebnf_grammar(source)
    excerpt = source.split("\n")[line - 1] if source else ""
    expected = f"EBNF grammar, line {line}, column {column}: {message}\n  {excerpt}\n  {' ' * (column - 1)}^"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("source", "stage"),
    [
        ("root ::= " + "(" * 5000, "the nesting of groups and repetitions"),
        ('root ::= "a"' + "*" * 5000, "the nesting of groups and repetitions"),
        ('root ::= "a"{0,2000000}', "a count of repetitions"),
        ("#" * 2_000_001, "the number of characters of an EBNF grammar"),
    ],
    ids=["groups", "repetitions", "count", "length"],
)
def test_hostile_texts_are_refused_within_their_limits(source: str, stage: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        ebnf_grammar(source)
    assert caught.value.stage == stage


def test_an_exclusion_whose_rules_double_is_refused_and_not_written_in() -> None:
    rules = "\n".join(f"r{i} ::= r{i + 1} r{i + 1}" for i in range(60))
    fault = fault_of(f"root ::= r0 - 'x'\n{rules}\nr60 ::= 'a'")
    assert fault is not None and "over 20000 parts" in str(fault)
