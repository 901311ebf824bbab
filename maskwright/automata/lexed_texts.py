"""Short texts of a lexed language: sequences of terminals that the parser's rules derive, spelled, and then confirmed.

Idea. The rules over terminals are a grammar, whose cheapest derivations are sequences of terminals, each with one of
its short texts (`terminal_words`). Whether the lexer cuts their concatenation into these terminals, or needs an ignored
text between two, or a terminal takes no such text where it stands, is asked of the machine itself: at every boundary
the next text is tried directly and behind each separator, and of the configurations that are left the BEAM cheapest go
on; if none is left in the end, other texts of the same terminals are tried as well. Two ways to write the beginning
that lead to one configuration count once, so there are few. With an indenter a line break is followed by the blanks of
the block that it leads to.

What the machine accepts is a member, however it was meant; so every text is one. It need not be a shortest: two words
have a blank between them wherever they may, and only so many ways to write a terminal are tried.
Cost: some milliseconds a text; MAX_TRIES sequences in vain at most.
Rejected: members by breadth-first search with the machine, which reads a name of ten letters before a second word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Final

import numpy as np

from maskwright.automata._configurations import advance_bytes
from maskwright.automata._layout import DEAD, IS_ACCEPTING
from maskwright.automata.cheapest_derivations import cheap_derivations
from maskwright.automata.shortest_words import ONE_BYTE, cost_of
from maskwright.automata.terminal_words import words_of_terminals
from maskwright.automata.transition_network import ArenaFull, TransitionNetwork
from maskwright.errors import LimitExceeded
from maskwright.grammar import ir
from maskwright.grammar.ir import Grammar, Lexed
from maskwright.grammar.lexed_language import LexedLanguage

MAX_TRIES: Final = 400
"""Sequences of terminals that are no text, or one that was told, before the search gives up."""

BEAM: Final = 12
"""Configurations that are kept at a boundary between terminals."""

LEVELS: Final = 2
"""How deep within themselves rules take other ways than they did before."""

N_WORDS: Final = 3
"""Texts of each terminal that are tried."""

N_SEPARATORS: Final = 2
"""Ignored texts that are tried between two terminals."""

MAX_BYTES: Final = 256 << 20
"""Of the machine's memory, addresses for the most part."""

RUN_TOGETHER: Final = 8 * ONE_BYTE
"""What it costs to write two words without a blank where the lexer would not mind: `int a`, not `inta`."""

BLANKS: Final = (b" ", b"\t", b"    ")
"""What a block may be indented by, and which is tried first."""

_INDENT, _DEDENT, _LINE_BREAK = b"\xfd", b"\xfe", b"\xff"
"""Pieces that are no text, and what stands before a line break: bytes that no lexer reads, not of UTF-8."""


def lexed_texts(leaf: Lexed) -> Iterator[bytes]:
    """Texts of the language, all different, the first ones short; ends where no further one is found.

    Raises LimitExceeded where the first takes too long.
    """
    language = leaf.language
    words = words_of_terminals(language, N_WORDS)
    ignored = [word for symbol in language.ignored for word in words.get(symbol, ())]
    writer = _Writer(language, sorted(ignored, key=cost_of)[:N_SEPARATORS], _alternatives(words.values()))
    seen: set[bytes] = set()
    n_in_vain = 0
    for pieces in cheap_derivations(_sequences(language, words), lexed_texts):
        text = writer.written(tuple(pieces)) if pieces else b"" if leaf.has_empty else None
        if text is not None and text not in seen:
            seen.add(text)
            n_in_vain = 0
            yield text
        elif (n_in_vain := n_in_vain + 1) > MAX_TRIES:
            break
    if not seen:
        remedy = "look whether the lexer takes other terminals than the rules need"
        raise LimitExceeded("The search for a text of a Lark grammar", n_in_vain, MAX_TRIES, remedy=remedy)


def _alternatives(words: Iterable[Sequence[bytes]]) -> dict[bytes, list[bytes]]:
    """For each word the words of all terminals that have it, itself first."""
    found: dict[bytes, dict[bytes, None]] = {}
    for of_one in words:
        for word in of_one:
            found.setdefault(word, {word: None}).update(dict.fromkeys(of_one))
    return {word: list(others) for word, others in found.items()}


def _sequences(language: LexedLanguage, words: dict[int, list[bytes]]) -> Grammar:
    """The rules of the parser over its terminals, each terminal a choice of pieces; symbols are named by number.

    Rules are there LEVELS times, and where one leads back to an earlier one, to that of the next level: a way that was
    taken often costs more, so within itself it would never be the cheapest.
    """
    bodies: dict[int, list[list[int]]] = {}
    for rule, (_, left) in enumerate(language.rules.tolist()):
        symbols = language.rule_symbols[language.rule_start[rule] : language.rule_start[rule + 1]].tolist()
        bodies.setdefault(left, []).append(symbols)
    begin, end = language.table_start[language.start_state : language.start_state + 2].tolist()
    gotos = {action: symbol for symbol, action in language.table[begin:end].tolist() if symbol >= language.n_terminals}
    start = gotos[2 * language.end_state]
    place_of = {start: 0}
    order = [start]
    for symbol in order:  # grows while it is read
        for callee in chain.from_iterable(bodies[symbol]):
            if callee in bodies and callee not in place_of:
                place_of[callee] = len(order)
                order.append(callee)

    def call(symbol: int, caller: int, level: int) -> ir.Node:
        if symbol not in bodies:
            return ir.Call(str(symbol))
        leads_back = place_of[symbol] <= place_of[caller]
        return ir.Call(f"{symbol} at {min(level + leads_back, LEVELS - 1)}")

    rules: dict[str, ir.Node] = {}
    for level, left in product(range(LEVELS), order):
        ways = [ir.sequence(*[call(symbol, left, level) for symbol in body]) for body in bodies[left]]
        rules[f"{left} at {level}"] = ir.choice(*ways)
    for symbol in range(language.n_terminals):
        rules[str(symbol)] = ir.choice(*[ir.Literal(word) for word in words.get(symbol, ())])
    layout = language.indentation
    if layout is not None:
        rules[str(layout.indent)] = ir.Literal(_INDENT)
        rules[str(layout.dedent)] = ir.Literal(_DEDENT)
        line_breaks = [word for word in words.get(layout.line_break, ()) if not word.endswith((b" ", b"\t"))]
        rules[str(layout.line_break)] = ir.choice(*[ir.Literal(_LINE_BREAK + word) for word in line_breaks])
    return Grammar(f"{start} at 0", rules)


class _Writer:
    """The machine of a language, which confirms what is written (mutable)."""

    def __init__(
        self, language: LexedLanguage, separators: Sequence[bytes], alternatives: Mapping[bytes, Sequence[bytes]]
    ) -> None:
        rules = {"start": Lexed(language, has_empty=False)}
        self.network = TransitionNetwork(Grammar("start", rules, is_prepared=True), max_bytes=MAX_BYTES)
        self.separators = (b"", *separators)
        self.alternatives = alternatives
        self.known: dict[tuple[bytes, ...], bytes | None] = {}

    def written(self, pieces: tuple[bytes, ...]) -> bytes | None:
        """The pieces as a text that the machine accepts, if there is one; with other words only if need be."""
        if pieces not in self.known:
            self.known[pieces] = self._written(pieces)
        return self.known[pieces]

    def _written(self, pieces: tuple[bytes, ...]) -> bytes | None:
        if self.network.size_bytes > MAX_BYTES // 2:
            self.network.clear()
        blanks = BLANKS if _INDENT in pieces else BLANKS[:1]
        choices: list[list[Sequence[bytes]]] = [[[word] for word in _laid_out(pieces, blank)] for blank in blanks]
        choices += [[self.alternatives.get(word, [word]) for (word,) in words] for words in choices]
        try:
            return next((text for text in map(self._joined, choices) if text is not None), None)
        except ArenaFull as error:
            raise LimitExceeded("The memory of a search for a text", MAX_BYTES + 1, MAX_BYTES) from error

    def _joined(self, choices: Sequence[Sequence[bytes]]) -> bytes | None:
        """A word of each choice one after the other, with separators where they are needed."""
        ways: dict[int, tuple[int, bytes]] = {self.network.start(): (0, b"")}
        for place, words in enumerate(choices):
            following: dict[int, tuple[int, bytes]] = {}
            separators = self.separators if place else self.separators[:1]
            for (configuration, (cost, text)), separator, word in product(ways.items(), separators, words):
                added = separator + word
                after = self._after(configuration, added)
                longer = cost + cost_of(added)
                if not separator and _is_of_words(text[-1:]) and _is_of_words(word[:1]):
                    longer += RUN_TOGETHER
                if after != DEAD and (after not in following or longer < following[after][0]):
                    following[after] = (longer, text + added)
            ways = dict(sorted(following.items(), key=lambda way: way[1])[:BEAM])
        complete = [way for configuration, way in ways.items() if self.network.arena[configuration + IS_ACCEPTING]]
        return min(complete)[1] if complete else None

    def _after(self, configuration: int, text: bytes) -> int:
        return self.network.run(advance_bytes, configuration, np.frombuffer(text, dtype=np.uint8).copy(), 0, len(text))


def _is_of_words(byte: bytes) -> bool:
    return byte.isalnum() or byte == b"_" or byte >= b"\x80"


def _laid_out(pieces: Sequence[bytes], blank: bytes) -> list[bytes]:
    """The words to write: a line break has the blanks of the block that it leads to, and blocks are no words."""
    words: list[bytes] = []
    depth = 0
    line_break: bytes | None = None  # the last word without its blanks, if that is what it is
    for piece in pieces:
        if piece in (_INDENT, _DEDENT):
            depth += 1 if piece == _INDENT else -1
            if line_break is not None:
                words[-1] = line_break + blank * depth
            continue
        line_break = piece.removeprefix(_LINE_BREAK) if piece.startswith(_LINE_BREAK) else None
        words.append(piece if line_break is None else line_break + blank * depth)
    return words
