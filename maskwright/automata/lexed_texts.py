"""Short texts of a lexed language: sequences of terminals that the parser's rules derive, spelled, and then confirmed.

Idea. The rules over terminals are a grammar, whose cheapest derivations are sequences of terminals, each with one of
its short texts (`terminal_words`). Whether the lexer cuts their concatenation into these terminals, or needs an ignored
text between two, or a terminal takes no such text where it stands, is asked of the machine itself: at every boundary
the next text is tried directly and behind each separator, and of the configurations that are left the BEAM cheapest go
on. Two ways to write the beginning that lead to one configuration count once, so there are few. With an indenter a line
break is followed by the blanks of the block that it leads to.

What the machine accepts is a member, however it was meant; so every text is one. It need not be a shortest: two words
have a blank between them wherever they may, and only so many ways to write a terminal are tried. Cost: some milliseconds a text; MAX_TRIES of them in vain at most.
Rejected: members by breadth-first search with the machine, which reads a name of ten letters before a second word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from maskwright.grammar.lint.components import components

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
"""Pieces that are no text, and what stands before a line break: bytes that no lexer reads, as UTF-8 has none of them."""


def lexed_texts(leaf: Lexed) -> Iterator[bytes]:
    """Texts of the language, all different, the first ones short; ends where no further one is found.

    Raises LimitExceeded where the first takes too long.
    """
    language = leaf.language
    words = words_of_terminals(language, N_WORDS)
    ignored = [word for symbol in language.ignored for word in words.get(symbol, ())]
    writer = _Writer(language, sorted(ignored, key=cost_of)[:N_SEPARATORS])
    seen: set[bytes] = set()
    n_in_vain = 0
    for pieces in cheap_derivations(_sequences(language, words), lexed_texts):
        text = writer.written(pieces) if pieces else b"" if leaf.has_empty else None
        if text is not None and text not in seen:
            seen.add(text)
            n_in_vain = 0
            yield text
        elif (n_in_vain := n_in_vain + 1) > MAX_TRIES:
            break
    if not seen:
        remedy = "look whether the lexer takes other terminals than the rules need"
        raise LimitExceeded("The search for a text that the lexer and the parser accept", n_in_vain, MAX_TRIES, remedy)


def _sequences(language: LexedLanguage, words: dict[int, list[bytes]]) -> Grammar:
    """The rules of the parser over its terminals, each terminal a choice of pieces; symbols are named by number.

    Rules that lead to themselves are there LEVELS times, those used within each other under other names. For a way that
    was taken often costs more, so within itself it would never be the cheapest.
    """
    bodies: dict[str, list[list[str]]] = {}
    for rule, (_, left) in enumerate(language.rules.tolist()):
        symbols = language.rule_symbols[language.rule_start[rule] : language.rule_start[rule + 1]].tolist()
        bodies.setdefault(str(left), []).append([str(symbol) for symbol in symbols])
    called = {name: [symbol for body in right for symbol in body if symbol in bodies] for name, right in bodies.items()}
    group_of = {name: number for number, group in enumerate(components(called)) for name in group}
    rules: dict[str, ir.Node] = {}
    for level in range(LEVELS):
        for name, right in bodies.items():

            def call(symbol: str, caller: str = name, deeper: int = min(level + 1, LEVELS - 1)) -> ir.Node:
                if symbol not in group_of:
                    return ir.Call(symbol)
                return ir.Call(f"{symbol} at {deeper if group_of[symbol] == group_of[caller] else 0}")

            rules[f"{name} at {level}"] = ir.choice(*[ir.sequence(*map(call, body)) for body in right])
    for symbol in range(language.n_terminals):
        rules[str(symbol)] = ir.choice(*[ir.Literal(word) for word in words.get(symbol, ())])
    layout = language.indentation
    if layout is not None:
        rules[str(layout.indent)] = ir.Literal(_INDENT)
        rules[str(layout.dedent)] = ir.Literal(_DEDENT)
        line_breaks = words.get(layout.line_break, ())
        rules[str(layout.line_break)] = ir.choice(*[ir.Literal(_LINE_BREAK + word) for word in line_breaks])
    begin, end = language.table_start[language.start_state : language.start_state + 2].tolist()
    gotos = {action: symbol for symbol, action in language.table[begin:end].tolist() if symbol >= language.n_terminals}
    return Grammar(f"{gotos[2 * language.end_state]} at 0", rules)


class _Writer:
    """The machine of a language, which confirms what is written (mutable)."""

    def __init__(self, language: LexedLanguage, separators: Sequence[bytes]) -> None:
        rules = {"start": Lexed(language, has_empty=False)}
        self.network = TransitionNetwork(Grammar("start", rules, is_prepared=True), max_bytes=MAX_BYTES)
        self.separators = (b"", *separators)

    def written(self, pieces: Sequence[bytes]) -> bytes | None:
        """The pieces as a text that the machine accepts, if there is one."""
        if self.network.size_bytes > MAX_BYTES // 2:
            self.network.clear()
        blanks = BLANKS if _INDENT in pieces else BLANKS[:1]
        try:
            texts = (self._joined(_laid_out(pieces, blank)) for blank in blanks)
            return next((text for text in texts if text is not None), None)
        except ArenaFull as error:
            raise LimitExceeded("The memory of a search for a text", MAX_BYTES + 1, MAX_BYTES) from error

    def _joined(self, words: Sequence[bytes]) -> bytes | None:
        """The words one after the other, with separators where they are needed."""
        ways: dict[int, tuple[int, bytes]] = {self.network.start(): (0, b"")}
        for place, word in enumerate(words):
            following: dict[int, tuple[int, bytes]] = {}
            for configuration, (cost, text) in ways.items():
                for separator in self.separators if place else self.separators[:1]:
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
