"""GBNF against texts on disk, against an independent reading of the notation, and its errors word by word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.gbnf import gbnf_grammar
from maskwright.grammar.ir import Call, Choice, Node, Repeat, Sequence, TokenSet
from tests.naive import gbnf_recogniser
from tests.naive.recogniser import accepts

FOLDER = Path(__file__).parents[3] / "schemas" / "gbnf"
GRAMMARS = sorted(FOLDER.glob("*.gbnf"))


def test_there_are_grammars_on_disk() -> None:
    assert len(GRAMMARS) >= 10


@pytest.mark.parametrize("path", GRAMMARS, ids=lambda path: path.stem)
def test_a_grammar_on_disk_accepts_and_rejects_the_texts_beside_it(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    texts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    grammar = gbnf_grammar(source)
    assert texts["accepted"] and texts["rejected"]
    for expected, text in [(True, text) for text in texts["accepted"]] + [(False, text) for text in texts["rejected"]]:
        assert accepts(grammar, text.encode()) == expected, text
        assert gbnf_recogniser.accepts(source, text) == expected, text


names = st.sampled_from(["root", "a", "b-2"])
terminals = st.sampled_from(
    [
        '"a"',
        '"b"',
        '""',
        '"ab"',
        '"\\u00e9"',
        "[ab]",
        "[^a]",
        "[a-b]",
        "[^\\x00-\\u00e8é]",
        ".",
        "[-a]",
        "<tok>",
        "!<[3]>",
    ]
)
counts = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", " { 1 , 2 }", "{0}"])
layouts = st.sampled_from([" ", "\t", "  "])
inner_layouts = st.one_of(layouts, st.sampled_from(["\n", " # note |)\n "]))
items = st.recursive(
    st.one_of(terminals, names),
    lambda inner: st.one_of(
        st.builds(str.__add__, inner, counts),
        st.builds(
            lambda choices, layout: "(" + f"{layout}|{layout}".join(choices) + layout + ")",
            st.lists(st.lists(inner, max_size=3).map(" ".join), min_size=1, max_size=3),
            inner_layouts,
        ),
    ),
    max_leaves=6,
)
right_parts = st.builds(
    lambda choices, layout: f" |{layout}".join(choices),
    st.lists(st.lists(items, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=3),
    inner_layouts,
)
grammars = st.builds(
    lambda parts, layout: "\n".join(
        f"{name} ::={layout}{part}" for name, part in zip(("root", "a", "b-2"), parts, strict=True)
    ),
    st.tuples(right_parts, right_parts, right_parts),
    inner_layouts,
)


@settings(max_examples=150)
@given(grammars, st.lists(st.text("abé", max_size=5), min_size=1, max_size=6))
def test_random_grammars_mean_what_the_independent_reading_says(source: str, texts: list[str]) -> None:
    grammar = gbnf_grammar(source)
    for text in texts:
        assert accepts(grammar, text.encode()) == gbnf_recogniser.accepts(source, text), text


@given(st.binary(max_size=4))
def test_a_negated_class_matches_one_character_in_utf8_and_no_other_bytes(text: bytes) -> None:
    try:
        is_character = len(text.decode()) == 1 and text != b"x"
    except UnicodeDecodeError:
        is_character = False
    assert accepts(gbnf_grammar("root ::= [^x]"), text) == is_character


def fault_of(source: str) -> GrammarSyntaxError | LimitExceeded | None:
    try:
        gbnf_grammar(source)
    except (GrammarSyntaxError, LimitExceeded) as error:
        return error
    return None


@given(st.text())
def test_any_text_at_all_gives_a_grammar_or_a_typed_error(text: str) -> None:
    for source in (text, "root ::= " + text):
        fault = fault_of(source)
        if isinstance(fault, GrammarSyntaxError):
            assert 0 <= fault.position <= len(source)
            assert str(fault).startswith("GBNF grammar, line ")


@given(st.text('ab"\\[]()|*+?{}0,.:=<>!#-^ \nxuU1', max_size=30))
def test_any_text_of_the_characters_of_the_notation_gives_a_grammar_or_a_typed_error(text: str) -> None:
    assert fault_of("root ::= " + text) is None or str(fault_of("root ::= " + text))


ERRORS = {
    'root ::= "a': (1, 10, "this text in quotes is never closed"),
    "root ::= [a": (1, 10, "this character class is never closed"),
    "root ::= [a-": (1, 10, "this character class is never closed"),
    "root ::= []": (1, 10, "a character class must list at least one character"),
    "root ::= [^]": (1, 10, "a character class must list at least one character"),
    "root ::= [\\ud800]": (1, 10, "this character class contains no character"),
    "root ::= [b-a]": (1, 11, "the range b-a ends before it begins"),
    'root ::= "\\q"': (
        1,
        11,
        "unknown escape '\\q'; there are \\n \\t \\r \\\\ \\\" \\[ \\] \\- \\xHH \\uHHHH \\UHHHHHHHH",
    ),
    'root ::= "\\u12"': (1, 11, "'\\u' needs 4 hexadecimal digits"),
    'root ::= "\\U00110000"': (1, 11, "there is no character above U+10FFFF"),
    'root ::= "\\uD83D\\uDE00"': (
        1,
        11,
        "the surrogate U+D83D is not a character: write the whole code point, as in \\U0001F600",
    ),
    "root ::= <>": (1, 10, "a token needs a name or an id: <name> or <[7]>"),
    "root ::= <a\n": (1, 10, "this token is never closed by '>'"),
    "root ::= <[x]>": (1, 10, "a token id is written <[7]>, in decimal digits"),
    "root ::= <[2147483648]>": (1, 10, "token ids go up to 2147483647"),
    "root ::= !a": (1, 10, "'!' must be followed by a token such as <name> or <[7]>"),
    "root ::= (": (1, 10, "this parenthesis is never closed"),
    'root ::= ("a"\na ::= "b"': (1, 10, "this parenthesis is never closed"),
    'root ::= ("a" }': (1, 15, "expected an item or ')', not '}'"),
    'root ::= "a" )': (1, 14, "expected an item of rule 'root' or the end of the line, not ')'"),
    "root ::= | *": (1, 12, "there is nothing before '*' to repeat"),
    'root ::= "a"{,2}': (1, 14, "expected a count such as {2} or {2,5}, not ','"),
    'root ::= "a"{2,1}': (1, 13, "the greatest count 1 is below the least count 2"),
    'root ::= "a"{2\n}': (1, 15, "expected '}' to end the counts, not the end of the line"),
    'root ::= "a"{2': (1, 15, "expected '}' to end the counts, not the end of the grammar"),
    'root ::= "a"\n  "b"': (2, 3, "expected the name of a rule, not '\"'"),
    'root ::= "a"\n  b': (
        2,
        4,
        "expected '::=' after 'b' (a rule goes on in a new line only in parentheses or after '|')",
    ),
    'root ::= "a"\nroot ::= "b"': (2, 1, "rule 'root' is already defined in line 1"),
    'root ::= "a" |\n  itm\nitem ::= "b"': (2, 3, "rule 'itm' is used but not defined (did you mean 'item'?)"),
    "root ::= x": (1, 10, "rule 'x' is used but not defined"),
    'rot ::= "a"': (1, 1, "there is no rule 'root' to start from (did you mean 'rot'?)"),
    "": (1, 1, "there is no rule 'root' to start from"),
}


@pytest.mark.parametrize("source", ERRORS)
def test_a_fault_is_named_with_its_place(source: str) -> None:
    line, column, message = ERRORS[source]
    with pytest.raises(GrammarSyntaxError) as caught:
        gbnf_grammar(source)
    excerpt = source.split("\n")[line - 1] if source else ""
    expected = f"GBNF grammar, line {line}, column {column}: {message}\n  {excerpt}\n  {' ' * (column - 1)}^"
    assert str(caught.value) == expected


def test_tokens_are_named_with_their_brackets_or_by_id() -> None:
    grammar = gbnf_grammar("root ::= <think> !</think>* <[7]> !<[8]>")
    assert grammar.rules["root"] == Sequence(
        (
            TokenSet(names=("<think>",)),
            Repeat(TokenSet(names=("</think>",), negated=True), 0, None),
            TokenSet(ids=(7,)),
            TokenSet(ids=(8,), negated=True),
        )
    )


def test_another_rule_may_be_the_start() -> None:
    assert accepts(gbnf_grammar('root ::= "a" b\nb ::= "c"', start="b"), b"c")


def node_depth(node: Node) -> int:
    match node:
        case Sequence(parts) | Choice(parts):
            return 1 + max((node_depth(part) for part in parts), default=0)
        case Repeat(body, _, _):
            return 1 + node_depth(body)
    return 0


def test_deep_nesting_is_cut_into_rules_with_the_same_language() -> None:
    grammar = gbnf_grammar("root ::= " + '("a" ' * 150 + '"b"' + ")+" * 150)
    assert max(map(node_depth, grammar.rules.values())) <= 60
    assert accepts(grammar, b"a" * 150 + b"b") and not accepts(grammar, b"a" * 149 + b"b")
    assert any(isinstance(node, (Call, Sequence)) for node in grammar.rules.values())


TOO_DEEP = (
    "the nesting of groups and repetitions at 'rule root' needs 501, more than the 500 allowed: use rules of their own."
)
TOO_OFTEN = "a count of repetitions needs 2000000, more than the 1000000 allowed: write '*' or a smaller count."
TOO_LONG = (
    "the number of characters of a GBNF grammar needs 2000001, more than the 2000000 allowed: "
    "simplify that part or raise the limit."
)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("root ::= " + "(" * 5000, TOO_DEEP),
        ('root ::= "a"' + "*" * 5000, TOO_DEEP),
        ('root ::= "a"{0,2000000}', TOO_OFTEN),
        ("#" * 2_000_001, TOO_LONG),
    ],
    ids=["groups", "repetitions", "count", "length"],
)
def test_hostile_texts_are_refused_within_their_limits(source: str, message: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        gbnf_grammar(source)
    assert str(caught.value) == message


def test_a_count_of_a_million_digits_is_refused_quickly() -> None:
    with pytest.raises(LimitExceeded, match="a count of repetitions"):
        gbnf_grammar('root ::= "a"{' + "9" * 1_000_000 + "}")
