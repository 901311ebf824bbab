"""Which bytes a lexed language reads, and the language without some of them."""

from __future__ import annotations

import numpy as np

from maskwright import Grammar
from maskwright.grammar.ir import Lexed
from maskwright.grammar.lexed_language import LexedLanguage
from maskwright.grammar.lexer_bytes import bytes_read, without_bytes


def language(text: str) -> LexedLanguage:
    leaf = Grammar.from_lark(text).rules["start"]
    assert isinstance(leaf, Lexed)
    return leaf.language


def test_bytes_are_those_of_all_terminals_in_utf8() -> None:
    assert bytes_read(language('start: ("if" | NAME)+\nNAME: /[a-cé]/\n%ignore " "\n')) == set(b"ifabc \xc3\xa9")


def test_without_bytes_that_it_does_not_read_a_language_is_the_same() -> None:
    given = language("start: NAME+\nNAME: /[a-c]/\n")
    assert without_bytes(given, b"xyz") == given


def test_a_range_is_cut_where_a_byte_is_missing() -> None:
    cut = without_bytes(language("start: NAME+\nNAME: /[a-e]+/\n"), b"bd")
    assert cut is not None and bytes_read(cut) == set(b"ace")
    same = language("start: NAME+\nNAME: /[ace]+/\n")
    assert np.array_equal(cut.node_labels, same.node_labels) and np.array_equal(cut.node_start, same.node_start)


def test_what_leads_into_a_character_that_cannot_end_leads_nowhere() -> None:
    cut = without_bytes(language("start: (NAME | OTHER)+\nNAME: /[aé]/\nOTHER: /b/\n"), b"\xa9")
    assert cut is not None and 0xC3 in bytes_read(cut)
    inside = [int(target) for low, _, target in cut.edges.tolist() if low == 0xC3]
    assert inside and not cut.node_labels[inside].any()


def test_a_language_in_which_a_match_has_no_text_left_is_none() -> None:
    given = language('start: "if" NAME\nNAME: /[a-e]+/\n%ignore " "\n')
    assert without_bytes(given, b"f") is None
    assert without_bytes(given, b"abcde") is None
    assert without_bytes(given, b"abcd") is not None
