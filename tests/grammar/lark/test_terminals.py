"""Terminals and keywords against lark's own lexer: which are keywords of which, and what a text is cut into."""

from __future__ import annotations

import logging
import random

import pytest
from lark import Lark
from lark.exceptions import LarkError
from lark.lexer import BasicLexer, TerminalDef, UnlessCallback

from maskwright.automata.passes import prepare
from maskwright.automata.transition_network import TransitionNetwork
from maskwright.errors import UnsupportedPattern
from maskwright.grammar.lark import lark_grammar
from maskwright.grammar.lark.lexed import lark_order
from maskwright.grammar.lark.terminals import keywords_of
from tests.automata.machine import accepts

logging.getLogger("lark").setLevel(logging.CRITICAL)  # it logs what it makes of unused terminals

PATTERNS = (
    *("[a-z]+", "[a-z_]\\w*", "[A-Z]+", "[A-Za-z]+", "a|an|and", "\\w+", "[0-9]+", "0[xX][0-9a-f]+", "[+-]?[0-9]+"),
    *("a.b", "an?d?", "[a-c]{2}", "[a-z]+(?![0-9])", "(?:in|int)\\b", "=[=>]?", "=+", "[^a-z]", "é+", "[à-ü]+é?"),
)
TEXTS = ("a", "an", "and", "in", "int", "if", "AND", "0", "0x1", "+", "+1", "=", "==", "=>", "é", "ab", "an ")
LETTERS = ("a", "n", "d", "i", "t", "b", "A", "N", "0", "1", "x", "+", "=", ">", "é", " ", "and", "int")


def random_terminals(rng: random.Random) -> dict[str, str]:
    """Definitions by name; some texts in quotes take any case, some terminals have a priority."""
    found = {}
    for i in range(rng.randint(3, 8)):
        priority = rng.choice(("", "", "", "", ".1", ".-1"))
        if rng.random() < 0.55:
            definition = f'"{rng.choice(TEXTS)}"{rng.choice(("", "", "i"))}'
        else:
            definition = f"/{rng.choice(PATTERNS)}/{rng.choice(('', '', 'i'))}"
        found[f"T{i}{priority}"] = definition
    return found


def grammar_text(start: str, terminals: dict[str, str]) -> str:
    return "\n".join([f"start: {start}", *(f"{name}: {definition}" for name, definition in terminals.items())])


def lark_of(terminals: dict[str, str]) -> Lark | None:
    """lark with its basic lexer, or None where two terminals are one and the same to it."""
    names = " | ".join(name.partition(".")[0] for name in terminals)
    try:
        return Lark(grammar_text(f"({names})*", terminals), parser="lalr", lexer="basic")
    except (LarkError, AttributeError):  # where lark reports how two patterns collide it may fail in interegular
        return None


def scanner_of(parser: Lark) -> tuple[list[TerminalDef], BasicLexer]:
    lexer = parser.parser.lexer  # type: ignore[attr-defined]
    assert isinstance(lexer, BasicLexer)
    return list(lexer.terminals), lexer


def test_keywords_and_their_order_are_larks() -> None:
    n_keywords = 0
    for seed in range(300):
        parser = lark_of(random_terminals(random.Random(seed)))
        if parser is None:
            continue
        terminals, lexer = scanner_of(parser)
        searched = {terminal.name for terminal in lexer.scanner.terminals}
        keywords = keywords_of(sorted(terminals, key=lambda terminal: lark_order(terminal, None)))
        of = {
            name: tuple(terminal.name for terminal in callback.scanner.terminals)
            for name, callback in lexer.callback.items()
            if isinstance(callback, UnlessCallback)
        }
        assert keywords.of == of
        embedded = {name for names in keywords.embedded.values() for name in names}
        assert {terminal.name for terminal in terminals} - embedded == searched
        n_keywords += sum(map(len, of.values()))
    assert n_keywords > 100


def compare_sequences(seed: int) -> int:
    """Texts are cut into the terminals that lark cuts them into; how many were compared.

    A grammar that reads exactly the terminals that lark has found must accept the text, one with another terminal in
    the same place must not. All terminals stay in the grammar, behind a letter that nothing else has.
    """
    rng = random.Random(seed)
    terminals = random_terminals(rng)
    parser = lark_of(terminals)
    if parser is None:
        return 0
    names = [name.partition(".")[0] for name in terminals]
    n_compared = 0
    for _ in range(6):
        text = "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 6)))
        try:
            found = [str(token.type) for token in parser.lex(text)]
        except LarkError:
            continue
        known = {str(terminal.name): str(terminal.name) for terminal in parser.terminals}
        assert set(found) <= set(known)
        if not set(found) <= set(names):
            continue
        at = rng.randrange(len(found))
        others = [*found[:at], rng.choice([name for name in names if name != found[at]]), *found[at + 1 :]]
        for sequence in (found, others):
            start = f"{' '.join(sequence)} | ZED ({' | '.join(names)})"
            grammar = grammar_text(start, {**terminals, "ZED.9": '"ζ"'})
            try:
                read = lark_grammar(grammar, lexer="basic")
            except UnsupportedPattern:
                return n_compared
            verdict = accepts(TransitionNetwork(prepare(read)), text.encode())
            assert verdict == (sequence == found), (seed, text, sequence, found)
        n_compared += 1
    return n_compared


def test_a_text_is_cut_into_the_terminals_that_lark_finds() -> None:
    assert sum(map(compare_sequences, range(60))) > 60


@pytest.mark.deep
@pytest.mark.parametrize("first", range(1_000, 11_000, 1_000))
def test_many_texts_are_cut_into_the_terminals_that_lark_finds(first: int) -> None:
    assert sum(map(compare_sequences, range(first, first + 1_000))) > 1_000
