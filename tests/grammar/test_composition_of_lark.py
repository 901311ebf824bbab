"""Lark grammars as parts of larger grammars: exactly their texts, one after the other, or one of them.

Lark is the judge of the parts, on all short texts over a few letters; the definition of the operation is that of the
whole. On the way every mask is compared with what is accepted and with what can still become a member.
"""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright import Grammar
from maskwright.errors import UnsupportedComposition
from maskwright.grammar.lark import Indenter
from tests.naive.lark_itself import lark_parser
from tests.naive.lexed_machine import LexedMachine

LETTERS = "ab ="
LONGEST, NEEDED = 4, 3
"""Texts up to LONGEST are judged; each that begins a member has one with at most NEEDED letters more."""

ONE = 'start: "a" NAME? | NAME "="\nNAME: /[ab]+/\n%ignore " "\n'
OTHER = 'start: "b"* "="?\n'
GUARDED = 'start: A B?\nA: /a+(?!=)/\nB: "="\n%ignore " "\n'


def members(text: str) -> set[str]:
    return LexedMachine(lark_parser(text), LETTERS).members(LONGEST + NEEDED)


def joined(first: set[str], second: set[str]) -> set[str]:
    """A text of each, one after the other, as far as they are short."""
    of_length = [[text for text in second if len(text) == n] for n in range(LONGEST + NEEDED + 1)]
    rest = LONGEST + NEEDED
    return {one + other for one in first for others in of_length[: rest - len(one) + 1] for other in others}


def repeated(texts: set[str]) -> set[str]:
    """Any number of texts, one after the other, as far as they are short."""
    found = {""}
    while True:
        more = found | joined(found, texts)
        if more == found:
            return found
        found = more


X = Grammar.from_text("x")
FIRST, SECOND, THIRD = Grammar.from_lark(ONE), Grammar.from_lark(OTHER), Grammar.from_lark(GUARDED)
ONES, OTHERS, THIRDS = members(ONE), members(OTHER), members(GUARDED)
TWICE = joined(ONES, ONES)

COMPOSITIONS = {
    "text behind": (FIRST + X, joined(ONES, {"x"})),
    "text before": (X + FIRST, joined({"x"}, ONES)),
    "an empty text behind": (SECOND + X, joined(OTHERS, {"x"})),
    "one behind the other": (FIRST + SECOND, joined(ONES, OTHERS)),
    "the other way round": (SECOND + FIRST, joined(OTHERS, ONES)),
    "one of both": (FIRST | SECOND, ONES | OTHERS),
    "twice": (FIRST.repeat(2, 2), TWICE),
    "any number": (FIRST.repeat(), repeated(ONES)),
    "any number of what may be empty": (SECOND.repeat(), repeated(OTHERS)),
    "optional": (FIRST.optional(), {""} | ONES),
    "in the middle": (X + FIRST.optional() + X, joined({"x"}, joined({""} | ONES, {"x"}))),
    "what follows a guard": (THIRD + SECOND, joined(THIRDS, OTHERS)),
    "a guard at the end": (X + THIRD, joined({"x"}, THIRDS)),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_a_composition_has_the_texts_of_its_definition_and_masks_say_so(name: str) -> None:
    grammar, expected = COMPOSITIONS[name]
    vocabulary = mw.Vocabulary(
        [*(letter.encode() for letter in LETTERS), b"x", b"ab", b"= ", b"bx", b"a=b", b""], eos_token_ids=[9]
    )
    compiled = mw.Compiler(vocabulary).compile_grammar(grammar)
    beginnings = {text[:n] for text in expected for n in range(len(text) + 1)}
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    todo = [("", compiled.matcher())]
    n_members = 0
    while todo:
        text, matcher = todo.pop()
        matcher.fill_bitmask(row)
        allowed = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        assert allowed == {token for token in range(vocabulary.size) if matcher.allows(token)}, text
        longer = {token: text + vocabulary.text_of(token).decode() for token in range(9)}
        judged = {token for token, after in longer.items() if len(after) <= LONGEST}
        assert {longer[token] for token in allowed & judged} == {longer[t] for t in judged if longer[t] in beginnings}
        assert (9 in allowed) == matcher.is_accepting() == (text in expected), text
        n_members += text in expected
        for token in range(5):
            if token in allowed & judged:
                branch = matcher.fork()
                branch.accept_token(token)
                todo.append((longer[token], branch))
    assert n_members == sum(len(text) <= LONGEST for text in expected) > 0


def test_blocks_are_counted_within_each_part() -> None:
    text = "start: b+\nb: /w/ _NL [_INDENT b+ _DEDENT]\n_NL: /(\\n *)+/\n%declare _INDENT _DEDENT\n"
    blocks = Grammar.from_lark(text, indenter=Indenter("_NL", "_INDENT", "_DEDENT", (), ()))
    tokens = [bytes([byte]) for byte in b"w\n x"]
    vocabulary = mw.Vocabulary([*tokens, b""], eos_token_ids=[4])
    matcher = mw.Compiler(vocabulary).compile_grammar(blocks + X + blocks).matcher()
    matcher.accept_bytes(b"w\n w\nxw\n  w\n")
    assert matcher.is_accepting()
    for refused in (b"w\n w\n wx", b"xw\n"):
        fresh = matcher.fork()
        fresh.reset()
        with pytest.raises(mw.TokenRejected):
            fresh.accept_bytes(refused + b"x")


def test_a_pattern_that_is_decided_before_a_lexer_begins_leaves_it_as_it_is() -> None:
    tokens = [letter.encode() for letter in LETTERS + "x"]
    vocabulary = mw.Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])
    for grammar in ((X + FIRST) & r"x(?s:.*)", (X + FIRST) - r"[^x](?s:.*)", (X + FIRST) & r"(?s:.*)"):
        compiled = mw.Compiler(vocabulary).compile_grammar(grammar)
        for text in ["xa", "xaab=", "xb =", "x", "xab", "ax", "a"]:
            matcher = compiled.matcher()
            try:
                matcher.accept_bytes(text.encode())
            except mw.TokenRejected:
                assert text not in joined({"x"}, ONES), text
            else:
                assert matcher.is_accepting() == (text in joined({"x"}, ONES)), text


def test_a_pattern_that_is_decided_within_a_lexed_language_is_refused_with_advice() -> None:
    with pytest.raises(UnsupportedComposition, match="with lexer='dynamic_complete'"):
        _ = FIRST & "[ab]+"
