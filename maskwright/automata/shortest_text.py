"""The shortest text of a grammar, found in the grammar itself; and further short ones that take other ways.

`cheapest_derivations` finds them; here they become texts, each of which is told once.
"""

from __future__ import annotations

from collections.abc import Iterator

from maskwright.automata.cheapest_derivations import MAX_WORDS, cheap_derivations
from maskwright.automata.lexed_texts import lexed_texts
from maskwright.grammar.ir import Grammar


def short_texts(grammar: Grammar) -> Iterator[bytes]:
    """Texts of the grammar, all different, the shortest first; ends where no further way is found.

    A special token stands in them by its name, or `<[7]>` for the token 7. Raises EmptyLanguage and LimitExceeded.
    `next(short_texts(regex_grammar("[a-z]+-[0-9]{2}")))` -> `b"a-00"`.
    """
    seen: set[bytes] = set()
    n_repeats = 0
    for pieces in cheap_derivations(grammar, lexed_texts):
        text = b"".join(pieces)
        if text not in seen:
            seen.add(text)
            n_repeats = 0
            yield text
        elif (n_repeats := n_repeats + 1) > MAX_WORDS:
            return
