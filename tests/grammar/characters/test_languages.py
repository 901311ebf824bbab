"""Languages of patterns against Python's `re`, and against tables of ECMA-262 cases."""

from __future__ import annotations

import contextlib
import re
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError, LimitExceeded, MaskwrightError, UnsupportedPattern
from maskwright.grammar.characters import match_language, search_language
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.languages import searching, without_atomic
from maskwright.grammar.characters.lookaround import language_with_conditions
from maskwright.grammar.characters.parser import parse
from tests.grammar.characters.pattern_strategies import PATTERNS, TEXTS


def compiled(pattern: str) -> re.Pattern[str] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(pattern)
        except re.error:
            return None


def check_against_re(pattern: str, texts: list[str]) -> None:
    """Both ways of matching give what `re` gives."""
    theirs = compiled(pattern)
    if theirs is None:
        return
    whole = match_language(pattern)
    anywhere = language_of(searching(without_atomic(parse(pattern, PYTHON), pattern)))
    for text in [*texts, "", "a", "ab", "\n"]:
        assert whole.accepts(text) == (theirs.fullmatch(text) is not None), (pattern, text)
        assert anywhere.accepts(text) == (theirs.search(text) is not None), (pattern, text)


@settings(max_examples=600)
@given(PATTERNS, st.lists(TEXTS, min_size=8, max_size=8))
def test_languages_agree_with_re(pattern: str, texts: list[str]) -> None:
    check_against_re(pattern, texts)


@pytest.mark.deep
@settings(max_examples=20_000)
@given(PATTERNS, st.lists(TEXTS, min_size=8, max_size=8))
def test_many_languages_agree_with_re(pattern: str, texts: list[str]) -> None:
    check_against_re(pattern, texts)


@pytest.mark.parametrize(
    "pattern",
    [
        r"a*+b", r"a*+a", r"a{1,3}+a", r"a?+a", r"[ab]++c", r"(?>ab|c)d", r"(?:a{2}+b)*", r"(?i)straße|ǆ",
        r"(?x) a b # comment" + "\n c", r"(?i:a)b", r"(?-i:a)", r"(?a:\w)+", r"(?ai)k", r"(?i)k", r"[]a]", r"[^]a]",
        r"a{,2}", r"a{", r"a{1", r"{a}", r"\101", r"\0", r"[\b]", r"\N{LATIN SMALL LETTER A}", r"a(?#comment)b",
        r"(?s).", r"(?m)^a$", r"a$\n", r"a\Z\n", r"(?=a)b|a", r"((?!aa)[ab])*", r"(?<=a)b|ab", r"(?:(?<=b)a|b)+",
        r"(?=.*a)(?=.*b)[abc]{2,3}", r"(?!.*(?:aa|bb))[ab]+", r"(?!(?!a)).", r"\ba\b.\bb\b", r"[a-c&&b]", r"a||b",
        r"(?i)[^k]", r"(?i)[a-c]", r"(?m)(?:^a$\n?)+", r"()a", r"(a|)+b", r"(?:a*)*", r"(?:a+){2,3}",
        r"(?s:.{2,})", r"(?s:.+)", r"(?s:a.+|b.*)", r"(?s:(?:.{2})*)", r"(?s:.*)a(?s:.+)",
    ],
)  # fmt: skip
def test_particular_patterns_agree_with_re(pattern: str) -> None:
    theirs = compiled(pattern)
    assert theirs is not None
    ours = match_language(pattern)
    alphabet = ["a", "b", "c", "k", "A", "K", "\n", " ", "\u212a", "ß", "ẞ", "é", "]", "{", "0", "\b", "ǅ", "&", "1"]
    texts = {x + y + z for x in ["", *alphabet] for y in ["", *alphabet] for z in ["", "a", "b", "\n"]}
    for text in texts | {"straße", "STRAẞE", "aaaa", "a{1", "{a}", "abab", "aab", "ababc"}:
        assert ours.accepts(text) == (theirs.fullmatch(text) is not None), (pattern, text)


ECMA_CASES = [
    (r"^a|b$", ["a", "ax", "xb", "b"], ["xa", "bx", ""]),
    (r"", ["", "anything"], []),
    (r"^$", [""], ["a", "\n"]),
    (r"^a$", ["a"], ["a\n"]),
    (r"\/\-\_", ["/-_"], ["x"]),
    (r"[^]", ["a", "\n"], [""]),
    (r"^[]$", [], ["", "a"]),
    (r"^.$", ["a", "\x85", "😀"], ["\n", "\r", "\u2028", "\u2029"]),
    (r"^\d$", ["7"], ["٧"]),
    (r"^\w$", ["a", "_"], ["é"]),
    (r"^\W$", ["é"], ["a"]),
    (r"^\s$", ["\ufeff", "\u00a0", "\u2028", " "], ["\x85", "\x1c"]),
    (r"^\cJ$", ["\n"], ["J"]),
    (r"^\u0041\u{1F600}\x42$", ["A😀B"], ["A"]),
    (r"^\ud83d\ude00$", ["😀"], [""]),
    (r"^[\ud83d\ude00-\ud83d\ude02]$", ["😁"], ["😃"]),
    (r"^\p{Letter}+$", ["aé漢"], ["1", ""]),
    (r"^\p{Lu}\P{Lu}$", ["Éa"], ["éa"]),
    (r"^\p{gc=Nd}$", ["٧"], ["a"]),
    (r"^[\p{L}\d]+$", ["é1"], ["-"]),
    (r"^(?<year>\d{4})$", ["2024"], ["24"]),
    (r"^a{,2}$", ["a{,2}"], ["aa"]),
    (r"^a{2$", ["a{2"], ["aa"]),
    (r"^[\d-x]$", ["1", "-", "x"], ["a"]),
    (r"\bfoo\b", ["foo", "a foo!"], ["food", "éfoods"]),
    (r"^\B$", [""], ["a"]),
    (r"^(?!foo)", ["", "bar"], ["foobar"]),
    (r"^(?=.*\d)(?=.*[a-z]).{4,8}$", ["abc1", "1234567a"], ["abcd", "1a", "123456789a"]),
    (r"(?<!a)b", ["b", "cb"], ["ab", ""]),
    (r"(?<=\$)\d+(?:\.\d*)?$", ["$10.53", "a$1"], ["10", "$x"]),
    (r"^[\w.+-]+@[\w-]+\.[\w.]+$", ["a.b@c.de"], ["a@b"]),
    (r"^\0$", ["\0"], ["0"]),
    (r"(?:^|,)x(?:,|$)", ["x", "a,x,b", "x,", ",x"], ["ax", "xa", ""]),
    (r"^(?:a|^b)c$", ["ac", "bc"], ["abc"]),
    (r"a^", [], ["a", ""]),
    (r"$^", [""], ["a"]),
    (r"x*$", ["", "anything", "xx"], []),
    (r"(?<=(?=ab)a)", ["ab", "cabc"], ["a", "ba", "b"]),
    (r"(?<=a(?!b))c|(?<!a$)$", ["ac", "b", ""], ["a"]),
    (r"^(?:a|b)*(?<!(?=.*b)a.|(?=ba+$)b.)$", ["", "a", "b", "bb", "aa", "bbaa"], ["ab", "ba", "aab", "bba", "c"]),
]


@pytest.mark.parametrize(("pattern", "accepted", "rejected"), ECMA_CASES)
def test_ecma_patterns_search_as_the_standard_says(pattern: str, accepted: list[str], rejected: list[str]) -> None:
    language = search_language(pattern)
    assert [text for text in accepted if not language.accepts(text)] == []
    assert [text for text in rejected if language.accepts(text)] == []


REFUSED = [
    (r"(a)\1", UnsupportedPattern), (r"(?<n>a)\k<n>", UnsupportedPattern), (r"(?(1)a|b)", UnsupportedPattern),
    (r"\p{Script=Greek}", UnsupportedPattern), (r"\p{Nonsense}", UnsupportedPattern), (r"\ud800", UnsupportedPattern),
    ("(?<!" + "|".join(f"(?=..{x})(?=...{x})a" for x in "bcdefghijklm") + ").{4}", LimitExceeded),
    (r"\Z", GrammarSyntaxError), (r"\a", GrammarSyntaxError),
    (r"a**", GrammarSyntaxError), (r"*a", GrammarSyntaxError), (r"a|*", GrammarSyntaxError), (r"(", GrammarSyntaxError),
    (r")", GrammarSyntaxError), (r"[a", GrammarSyntaxError), (r"[b-a]", GrammarSyntaxError),
    (r"a{2,1}", GrammarSyntaxError),
    ("\\", GrammarSyntaxError), (r"(?z)", GrammarSyntaxError), (r"\u12", GrammarSyntaxError),
    (r"a++", GrammarSyntaxError),
    (r"(?>a)", GrammarSyntaxError), (r"^*", GrammarSyntaxError), (r"\b+", GrammarSyntaxError),
    ("(" * 60_000, LimitExceeded), ("(?:" * 60_000 + ")" * 60_000, LimitExceeded), (r"a{1,1000000}", LimitExceeded),
    (r"(((a{100}){100}){100})", LimitExceeded), (r"a{99999999999}", LimitExceeded),
    (r"(a|b)*a(a|b){40}$", LimitExceeded),
    (r"^(?=(?:a|b)*a(?:a|b){30}$)[abc]+", LimitExceeded), ("x" * 2_000_000, LimitExceeded),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "error"), REFUSED, ids=[repr(pattern[:20]) for pattern, _ in REFUSED])
def test_what_is_not_regular_or_too_large_is_a_typed_error_soon(pattern: str, error: type[Exception]) -> None:
    begin = time.process_time()
    with pytest.raises(error) as caught:
        search_language(pattern)
    assert time.process_time() - begin < 10
    if isinstance(caught.value, LimitExceeded):
        assert caught.value.asked > caught.value.allowed


def test_the_error_of_a_back_reference_says_where_and_what_to_do() -> None:
    with pytest.raises(UnsupportedPattern) as caught:
        search_language(r"(a)\1")
    assert str(caught.value) == (
        r"A back-reference at position 3 of the pattern '(a)\\1' cannot be enforced exactly: "
        "it is not regular; write out what may be repeated."
    )


def test_a_syntax_error_points_into_the_pattern() -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        search_language("ab[c")
    assert str(caught.value) == "pattern, line 1, column 3: this '[' is never closed\n  ab[c\n    ^"


@settings(max_examples=300)
@given(st.text(alphabet=r"ab\()[]{}|*+?^$.,-1<=!:xupPbB", max_size=12))
def test_any_text_is_a_pattern_or_a_typed_error(pattern: str) -> None:
    for language in (search_language, match_language):
        with contextlib.suppress(MaskwrightError):
            language(pattern)


@pytest.mark.parametrize("pattern", [r"a*+b", r"(?>a|ab)c", r"(?:ab*)++c"])
def test_possessive_repetition_is_exact_or_refused(pattern: str) -> None:
    theirs = compiled(pattern)
    assert theirs is not None
    try:
        ours = match_language(pattern)
    except UnsupportedPattern:
        return
    for text in ["b", "aab", "abc", "ac", "ababc"]:
        assert ours.accepts(text) == (theirs.fullmatch(text) is not None)


@settings(max_examples=200)
@given(PATTERNS)
def test_conditions_on_neighbours_mean_the_same_to_both_constructions(pattern: str) -> None:
    if compiled(pattern) is not None:
        node = without_atomic(parse(pattern, PYTHON), pattern)
        assert language_of(node) == language_with_conditions(node)


def test_patterns_that_say_the_same_have_equal_languages() -> None:
    assert match_language("(?:a|b)*") == match_language("[ab]*") == match_language("(?:a*b*)*")
    assert search_language("a") == search_language(".*a[^]*|[^]*a") == match_language("(?s:.*a.*)")
    assert search_language("").is_universal
    assert search_language("a^").is_empty


HOSTILE = [
    "^" + "a?" * 5_000 + "$", "(?:a*)" * 3_000, "(?=a|(?=b|" * 49 + "c" + "))" * 49, "(?:a|b" * 99 + ")+" * 99,
    "|".join(f"w{index}" for index in range(3_000)), "[" + "a" * 100_000 + "]", r"(?:\w|\W)*" * 200,
    "(?!a)" * 500 + ".*", r"(?:(?!ab)(?=.{0,9}c)[abc])*", "(?:" * 99 + "a" + ")?" * 99, "(.*a){12}",
    "(a{0,200}b?){0,90}", r"(?<!a.{9})b", r"^(?!(.*foo){20}).*$", r"^(([a-z])+.)+[A-Z]([a-z])+$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE, ids=[repr(pattern[:20]) for pattern in HOSTILE])
def test_a_hostile_pattern_is_a_language_or_a_typed_error_soon(pattern: str) -> None:
    begin = time.process_time()
    with contextlib.suppress(LimitExceeded):
        assert not search_language(pattern).is_empty
    assert time.process_time() - begin < 10
