"""Text that looks like words, for comments and strings."""

from __future__ import annotations

import random

from bench.workloads.generate import WORDS


def sentence(rng: random.Random, length: int) -> str:
    """At most `length` characters, of whole words."""
    text = rng.choice(WORDS)
    while True:
        longer = text + rng.choice((" ", " ", " ", " of ", " and the ", ", ")) + rng.choice(WORDS)
        if len(longer) > length:
            return text
        text = longer
