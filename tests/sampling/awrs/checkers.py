"""Predicates that other processes can import: good ones, and those that fail in every way."""

from __future__ import annotations

import os
import sys
import time

Text = tuple[int, ...]


def is_even(token_ids: Text, text: bytes) -> bool:
    return sum(text) % 2 == 0


def stumbles(token_ids: Text, text: bytes) -> bool:
    """Some texts raise, some end the program, some get no bool for an answer."""
    if text[-1] == 1:
        raise ZeroDivisionError("one")
    if text[-1] == 2:
        sys.exit(3)
    return None if text[-1] == 3 else True  # type: ignore[return-value]


def hangs(token_ids: Text, text: bytes) -> bool:
    """Text 1 takes a minute, all others no time."""
    if text == b"\x01":
        time.sleep(60)
    return True


def crashes(token_ids: Text, text: bytes) -> bool:
    if text == b"\x01":
        os._exit(7)
    return True
