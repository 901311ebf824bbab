"""What may come next, in words: one line for each way of describing it."""

from __future__ import annotations

import pytest

from maskwright import Compiler
from maskwright.integrations.command_line.vocabularies import byte_vocabulary
from maskwright.matching.continuation import Continuation, continuation_of, quoted

COMPILER = Compiler(byte_vocabulary())


@pytest.mark.parametrize(
    ("grammar", "prefix", "expected"),
    [
        ('root ::= "true" | "false" | "null"', "", "`false`, `null` or `true`"),
        ('root ::= "true" | "false"', "t", "`rue`"),
        ('root ::= "a" | "abc"', "a", "`bc` or the end of the text"),
        ('root ::= "a"', "a", "the end of the text"),
        ("root ::= [a-cxy_0-9] [ab]", "", "a digit, `a` to `c`, `x`, `y` or `_`"),
        ('root ::= [0-9] ":" [0-9]', "", "a digit then `:`"),
        ('root ::= [ \\t\\n\\r] "a"? "b"?', "", "white space"),
        ('root ::= [ \\n] "a"? "b"?', "", "a line break or a blank"),
        ('root ::= "\\n\\n"', "", "`\\n\\n`"),
        ("root ::= [^x] .", "", "any character but `x`"),
        ('root ::= [^"\\\\\\x00-\\x1F] .', "", 'any character but `"`, `\\` and control characters'),
        ("root ::= [!-~] .?", "", "any character but a blank, control characters and characters beyond ASCII"),
        ("root ::= . .", "", "any character"),
        ('root ::= "é" "è"', "", "certain characters from U+00C0 to U+00FF"),
        ("root ::= [^\\x00-\\x7F] .", "", "any character beyond ASCII"),
    ],
)
def test_ways_to_go_on_are_told_in_words(grammar: str, prefix: str, expected: str) -> None:
    matcher = COMPILER.compile_gbnf(grammar).matcher()
    matcher.accept_bytes(prefix.encode())
    assert str(continuation_of(matcher)) == expected


def test_the_middle_of_a_character_is_told_by_its_bytes() -> None:
    matcher = COMPILER.compile_gbnf('root ::= [é-ï] "!"?').matcher()
    matcher.accept_bytes("é".encode()[:1])
    assert str(continuation_of(matcher)) == "the rest of a character (byte A9 to AF)"


def test_long_lists_and_long_words_are_cut() -> None:
    ways = Continuation(tuple(f"`{number}`" for number in range(30)), may_end=True)
    assert str(ways).endswith("`23`, 6 other ways or the end of the text")
    assert quoted(b"a" * 50) == "`" + "a" * 50 + "…`"
    assert quoted("né".encode()[:-1]) == "`n…`"


def test_nothing_at_all_is_told_too() -> None:
    assert str(Continuation((), may_end=False)) == "nothing"
