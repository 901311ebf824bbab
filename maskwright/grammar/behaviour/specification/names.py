"""Names that do not exist: the message says which was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LISTED = 12
"""How many names a message lists."""
MAX_SHOWN = 60
"""How much of an unknown name a message shows."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is none of `known`, with the nearest one or all of them.

    `unknown("segment", "awnser", ["answer"])` -> `"there is no segment 'awnser'; did you mean 'answer'?"`.
    """
    names = list(dict.fromkeys(known))
    begin = f"there is no {kind} {name[:MAX_SHOWN]!r}"
    near = get_close_matches(name[:MAX_SHOWN], names, n=1, cutoff=0.6)
    if near:
        return f"{begin}; did you mean {near[0]!r}?"
    if not names:
        return f"{begin}; none is declared"
    listed = ", ".join(names[:MAX_LISTED]) + (", ..." if len(names) > MAX_LISTED else "")
    return f"{begin}; there are: {listed}"
