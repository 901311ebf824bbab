"""How many parse trees a text has, by the definition: all alternatives, all ways to cut the text, to a fixpoint.

Grammars are productions {name: [alternative, ...]}, an alternative a list of symbols, a symbol a name or a single
character. Counts stop at MANY, so rules that derive themselves (infinitely many trees) end, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

MANY = 2
Productions = Mapping[str, Sequence[Sequence[str]]]


def n_trees(productions: Productions, name: str, text: str) -> int:
    """0, 1, or MANY for two and more."""
    counts: dict[tuple[str, int, int], int] = {}

    def of_symbol(symbol: str, begin: int, end: int) -> int:
        if symbol in productions:
            return counts.get((symbol, begin, end), 0)
        return int(text[begin:end] == symbol)

    def of_body(body: Sequence[str], begin: int, end: int) -> int:
        if not body:
            return int(begin == end)
        ways = 0
        for middle in range(begin, end + 1):
            first = of_symbol(body[0], begin, middle)
            ways += first and first * of_body(body[1:], middle, end)
        return min(ways, MANY)

    spans = [(begin, end) for begin in range(len(text) + 1) for end in range(begin, len(text) + 1)]
    while True:
        before = dict(counts)
        for head, bodies in productions.items():
            for begin, end in spans:
                counts[head, begin, end] = min(MANY, sum(of_body(body, begin, end) for body in bodies))
        if counts == before:
            return counts[name, 0, len(text)]


def texts_up_to(length: int, alphabet: str) -> Iterator[str]:
    """All texts over an alphabet, the shorter ones first."""
    for size in range(length + 1):
        for letters in product(alphabet, repeat=size):
            yield "".join(letters)


def in_use(productions: Productions, start: str) -> list[str]:
    """The names that some tree of some text of the start has, by closure from both ends."""
    productive: set[str] = set()
    while True:
        more = {
            head
            for head, bodies in productions.items()
            if any(all(symbol in productive or symbol not in productions for symbol in body) for body in bodies)
        }
        if more == productive:
            break
        productive = more
    used = {start} & productive
    while True:
        more = used | {
            symbol
            for head in used
            for body in productions[head]
            if all(symbol in productive or symbol not in productions for symbol in body)
            for symbol in body
            if symbol in productions
        }
        if more == used:
            return sorted(used)
        used = more


def derives_itself(productions: Productions) -> set[str]:
    """The names A with A =>+ A, by the transitive closure of steps with nothing around them."""
    nullable: set[str] = set()
    while True:
        more = {head for head, bodies in productions.items() if any(set(body) <= nullable for body in bodies)}
        if more == nullable:
            break
        nullable = more
    steps = {
        (head, symbol)
        for head, bodies in productions.items()
        for body in bodies
        for place, symbol in enumerate(body)
        if symbol in productions and {*body[:place], *body[place + 1 :]} <= nullable
    }
    while True:
        more_steps = steps | {(a, d) for a, b in steps for c, d in steps if b == c}
        if more_steps == steps:
            return {a for a, b in steps if a == b}
        steps = more_steps
