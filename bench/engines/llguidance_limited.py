"""llguidance for any notation with its default limits: how many texts does it finish?"""

from __future__ import annotations

from bench.engines.llguidance_notations import Notations
from bench.tokenizer import Tokenizer


class Limited(Notations):
    """As it comes."""

    settings = "default options"
    limits = None


def create(tokenizer: Tokenizer) -> Limited:
    """The engine for this tokenizer."""
    return Limited(tokenizer)
