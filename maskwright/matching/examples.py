"""Short members of a grammar, each confirmed by a matcher: what `maskwright example` prints.

`automata.shortest_text` finds them in the grammar, but takes no notice of items that must differ from each other. So
every text is read with the vocabulary of single bytes, and where one is refused it is mended: the nearest text (by
bytes taken back, put in and left out) after which more of the rest can be read, and so on until all of it is. What is
found so is short, and the shortest wherever nothing needed mending.
Cost: reading the text; a mend tries some hundred texts, MAX_TRIES at most.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Final

from maskwright.automata.shortest_text import short_texts
from maskwright.automata.shortest_words import RANK
from maskwright.errors import LimitExceeded, TokenRejected
from maskwright.grammar.ir import Grammar, TokenSet
from maskwright.grammar.rewriting import leaves
from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens
from maskwright.matching.compiler import Compiler
from maskwright.matching.matcher import Matcher
from maskwright.matching.vocabulary import Vocabulary

MAX_TRIES: Final = 50_000
"""Of one mend, about a second."""

PUT_IN: Final = 2
"""What a byte put in costs beside one taken back, 1; to leave one out instead of a byte put in is free."""

MAX_TAKEN_BACK: Final = 12
"""Bytes before the refused one that may change too: a value is often refused only at its end."""


def shortest_text(grammar: Grammar) -> bytes:
    """A shortest member of the grammar; one that had to be mended may be a little longer.

    Raises EmptyLanguage, and LimitExceeded where the search takes too long.
    `shortest_text(json_schema_grammar({"type": "array", "minItems": 2}))` -> `b"[0,0]"`.
    """
    return next(example_texts(grammar))


def example_texts(grammar: Grammar) -> Iterator[bytes]:
    """Members of the grammar, all different: a shortest one, then short ones that take other ways."""
    if names_tokens(grammar):  # they are spelled in the text, where no matcher would read them
        yield from short_texts(grammar)
        return
    compiled = Compiler(single_bytes()).compile_grammar(grammar)
    seen: set[bytes] = set()
    for text in short_texts(grammar):
        confirmed = _confirmed(compiled.matcher(), text)
        if confirmed not in seen:
            seen.add(confirmed)
            yield confirmed


def names_tokens(grammar: Grammar) -> bool:
    """Does a special token stand in it? Only in grammars that are written down, so not in prepared ones."""
    return not grammar.is_prepared and any(
        isinstance(leaf, TokenSet) for body in grammar.rules.values() for leaf in leaves(body)
    )


def single_bytes() -> Vocabulary:
    """The vocabulary of single bytes, token b for byte b, and the end token 256."""
    tokens = [bytes([byte]) for byte in range(256)] + [b""]
    return Vocabulary(tokens, eos_token_ids=[256], special_token_ids=[256], size=257)


def _confirmed(matcher: Matcher, text: bytes) -> bytes:
    """The text, or a mended one if the matcher refuses it."""
    while True:
        matcher.reset()
        n_read = _read(matcher, text)
        if n_read == len(text) and matcher.is_accepting():
            return text
        text = _mended(matcher, text, n_read)


def _read(matcher: Matcher, text: bytes) -> int:
    """Read bytes one by one until one is refused; how many were read."""
    for position in range(len(text)):
        try:
            matcher.accept_bytes(text[position : position + 1])
        except TokenRejected:
            return position
    return len(text)


def _mended(matcher: Matcher, text: bytes, n_read: int) -> bytes:
    """A text nearby of which more can be read; `matcher` has read `n_read` bytes of this one, and no further.

    Never a shorter one, for `text` is as short as can be where items may be equal; of the nearest the shortest.
    """
    ticket = count()
    row = allocate_bitmask(1, matcher.grammar.vocabulary.size)[0]
    queue: list[tuple[int, int, int, Matcher, bytes]] = []
    for n_back in range(min(n_read, MAX_TAKEN_BACK) + 1):
        earlier = matcher.fork()
        earlier.rollback(n_back)
        queue.append((n_back, 0, next(ticket), earlier, text[: n_read - n_back]))
    for _ in range(MAX_TRIES):
        cost, rank, _, place, begin = heapq.heappop(queue)
        for rest in range(min(len(begin), len(text)), n_read - 1, -1):
            if _goes_on(place, text, rest, n_read):
                return begin + text[rest:]
        place.fill_bitmask(row)
        for byte in allowed_tokens(row, 256).tolist():
            after = place.fork()
            after.accept_token(byte)
            heapq.heappush(queue, (cost + PUT_IN, rank + RANK[byte], next(ticket), after, begin + bytes([byte])))
    raise LimitExceeded("The search for an example", MAX_TRIES + 1, MAX_TRIES, remedy="simplify the specification")


def _goes_on(place: Matcher, text: bytes, rest: int, n_read: int) -> bool:
    """Can more of the text be read than its first `n_read` bytes, going on here with `text[rest:]`?"""
    ahead = place.fork()
    n_more = _read(ahead, text[rest:])
    if rest + n_more == len(text):
        return ahead.is_accepting()
    return n_more > 0 and rest + n_more > n_read
