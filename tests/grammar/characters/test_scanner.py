"""The preferred match of a pattern, against `re.match`: where it ends, for any text that follows."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from maskwright.errors import LimitExceeded, UnsupportedPattern
from maskwright.grammar.characters.dialect import PYTHON_IN_ORDER
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.scanner import NO_GUARD, SATISFIED, VIOLATED, Go, Scanner, scanner_of
from tests.naive.random_patterns import random_pattern, random_text


def scanner(pattern: str) -> Scanner:
    return scanner_of(parse(pattern, PYTHON_IN_ORDER), pattern)


def end_of_match(scanner: Scanner, text: str, state: int = 0, position: int = 0) -> int | None:
    """Where the preferred match ends, read off the chains as their definition says."""
    if position == len(text):
        return None
    number = scanner.transitions[state][scanner.alphabet.class_of(ord(text[position]))]
    for part in scanner.chains[number]:
        if isinstance(part, Go):
            end = end_of_match(scanner, text, part.state, position + 1)
            if end is not None:
                return end
        elif part.guard == NO_GUARD or _holds(scanner, part.guard, text[position + 1 :]):
            return position + 1
    return None


def _holds(scanner: Scanner, guard: int, following: str) -> bool:
    for char in following:
        if guard in (SATISFIED, VIOLATED):
            break
        guard = scanner.guards[guard][scanner.alphabet.class_of(ord(char))]
    return guard == SATISFIED or (guard != VIOLATED and scanner.guards_at_end[guard])


def check(pattern: str, texts: list[str]) -> None:
    expected = re.compile(pattern)
    made = scanner(pattern)
    for text in texts:
        match = expected.match(text)
        if match is None or match.end() > 0:
            found = end_of_match(made, text)
            assert found == (match.end() if match else None), (pattern, text)


def compare(seed: int, n_patterns: int) -> Counter[str]:
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    for _ in range(n_patterns):
        pattern = random_pattern(rng)
        texts = [random_text(rng) for _ in range(12)]
        try:
            check(pattern, texts)
            outcomes["compared"] += 1
        except UnsupportedPattern as error:
            outcomes[error.construct] += 1
    return outcomes


REFUSED = {"A look-behind, '^' or '\\b' that may look before the match", "A match without characters"}


def test_the_preferred_match_is_that_of_re_for_random_patterns() -> None:
    outcomes = compare(1, 1_000)
    assert outcomes["compared"] > 0.8 * outcomes.total()
    assert set(outcomes) <= {"compared", *REFUSED}


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 120))
def test_the_preferred_match_is_that_of_re_for_many_random_patterns(seed: int) -> None:
    assert compare(seed, 10_000)["compared"] > 8_000


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("a|ab", ["ab", "a", "b"]),
        ("ab|a", ["ab", "ac", "b"]),
        ('"[^"]*?"', ['"a"b"', '""']),
        ('".*"', ['"a"b"', '""x"']),
        (r"/\*.*?\*/", ["/* a */ b */", "/**/", "/*/"]),
        (r"[ubf]?'(?!'').*?(?<!\\)(\\\\)*?'", ["'a'", "''", "'''a'", r"'a\'b'", r"'a\\'b'", r"u'\\\\'"]),
        (r"\d+(?!\.)", ["12", "12.", "12.5", "1."]),
        (r"if\b", ["if", "ifx", "if(", "if1", "ifé", "if\n"]),
        (r"a+$", ["aa", "aa\n", "aa\nb", "aab"]),
        (r"a+\Z", ["aa", "aa\n", "aab"]),
        (r"(?m:a+$)", ["aa", "aa\nb", "aab"]),
        (r"(?i:sſ)", ["sſ", "ſs", "SS"]),
        (r"a(?!bc)|ab", ["ab", "abc", "abd", "a"]),
        (r"a(?=b)(?!bc)", ["ab", "abc", "ac"]),
        (r"a{3}?b|a{2,5}?", ["aaab", "aaaa", "aa"]),
    ],
)
def test_the_preferred_match_is_that_of_re(pattern: str, texts: list[str]) -> None:
    check(pattern, texts)


@pytest.mark.parametrize("loop", ["*", "*?", "{0,3}", "{0,3}?", "+", "{2,}"])
@pytest.mark.parametrize(
    "body", ["|a", "a??", "(?:a*?)", "|a|b", "(?:|a)(?:|b)", "(?:|a)*", r"\b|a", "(?=a)|a", "a?|b"]
)
@pytest.mark.parametrize("frame", ["a(?:{}){}", "a(?:{}){}b", "a(?:{}){}(?!a)"])
def test_an_iteration_that_reads_nothing_ends_its_loop(frame: str, body: str, loop: str) -> None:
    texts = [head + tail for head in ("a", "aa", "aaa", "ab", "aab", "aba", "abab") for tail in ("", "b", "a", ".")]
    check(frame.format(body, loop), texts)


@pytest.mark.parametrize("pattern", [r"\bif", "^a", r"(?<=x)a", r"(?<!\w)a", r"a|(?<!b)c", r"(?<=ab)c|b", r"\Ba"])
def test_a_condition_on_what_stands_before_the_match_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern, match="that may look before the match") as caught:
        scanner(pattern)
    assert caught.value.source == pattern


def test_a_condition_that_sees_the_match_only_is_no_condition_on_what_stands_before() -> None:
    check(r"a(?<=a)b", ["ab"])
    check(r"ab(?<!ab)|a", ["ab", "a"])
    check(r"a+\b", ["aa", "aab"])


@pytest.mark.parametrize("pattern", ["a*", "(?=a)", "a?b*", "(?:|a)", r"\b"])
def test_a_pattern_that_may_match_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern, match=r"A match without characters|before the match"):
        scanner(pattern)


def test_possessive_repetition_is_refused_with_advice() -> None:
    with pytest.raises(UnsupportedPattern, match=r"A possessive repetition or atomic group .* use the plain form"):
        scanner("a*+b")


def test_the_states_of_a_scanner_are_limited() -> None:
    with pytest.raises(LimitExceeded, match="The scanner of a terminal"):
        scanner("(?:a|b)*a(?:a|b){14}x|(?:a|b)")


def test_no_part_of_a_chain_stands_behind_an_end_without_a_guard() -> None:
    rng = random.Random(5)
    for _ in range(300):
        try:
            made = scanner(random_pattern(rng))
        except UnsupportedPattern:
            continue
        for chain in made.chains:
            for part in chain[:-1]:
                assert isinstance(part, Go) or part.guard != NO_GUARD
