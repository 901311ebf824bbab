"""Random spellings of a text as a JSON string: by the letter of RFC 8259, without the code under test."""

from __future__ import annotations

import random

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import Escapes
from maskwright.grammar.ir import Automaton, Grammar, Node
from tests.naive.recogniser import accepts

SHORT = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", '"': '"', "\\": "\\", "/": "/"}


def spelled(text: str, escapes: Escapes, rng: random.Random) -> str:
    """One of the spellings that `escapes` allows, with both quotes."""
    return '"' + "".join(rng.choice(spellings_of(character, escapes, rng)) for character in text) + '"'


def spellings_of(character: str, escapes: Escapes, rng: random.Random) -> list[str]:
    found = []
    if character >= " " and character not in '"\\':
        found.append(character)
    if character in SHORT and (character != "/" or escapes is Escapes.EXACT):
        found.append("\\" + SHORT[character])
    if escapes is Escapes.EXACT or not " " <= character <= "~":
        digits = character.encode("utf-16-be").hex()
        cased = "".join(rng.choice((digit.upper(), digit)) for digit in digits)
        found.append("".join("\\u" + cased[i : i + 4] for i in range(0, len(cased), 4)))
    return found


def takes(node: Node | ByteAutomaton, text: str) -> bool:
    """Does the node accept the text in UTF-8, by the naive recogniser?"""
    if isinstance(node, ByteAutomaton):
        node = Automaton(node)
    return accepts(Grammar("root", {"root": node}), text.encode("utf-8", "surrogatepass"))
