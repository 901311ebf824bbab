"""How a token of a trace is shown, in a terminal and on a page: its text, and how much the mask kept of the model."""

from __future__ import annotations

from typing import Final

from maskwright.integrations.tracing.records import TracedText, TracedToken

LEAST_KEPT: Final = (0.99, 0.9, 0.5, 0.1)
"""Where one grade ends and the next begins, from "as the model wanted" down to "against it"."""
N_GRADES: Final = len(LEAST_KEPT) + 1


def grade_of(token: TracedToken) -> int | None:
    """0 where the mask left nearly all of the model's mass, up to N_GRADES - 1; None where it is not known."""
    return None if token.kept is None else sum(token.kept < least for least in LEAST_KEPT)


def text_of(token: TracedToken) -> str:
    """What stands in the text: a special token by its name, bytes that are no UTF-8 by their value."""
    return visible(token.name or token.bytes.decode("utf-8", "surrogateescape"))


def spelling_of(token: TracedToken) -> str:
    """The same on one line, blanks visible."""
    return text_of(token).replace("\n", "⏎").replace(" ", "␣") or "(no text)"


def place_of(token: TracedToken) -> str:
    """The pointer in a JSON document, else the open rules."""
    return visible(" > ".join(token.rules) if token.pointer is None else token.pointer or "(top)")


def share_of(token: TracedToken) -> str:
    """The mass as a percentage; "?" where it is not known."""
    if token.kept is None:
        return "?"
    return f"{100 * token.kept:.1f}%" if token.kept >= 0.001 else f"{100 * token.kept:.1e}%"


def summary_of(text: TracedText) -> str:
    """One line about a text."""
    forced = sum(token.is_forced for token in text.tokens)
    end = {True: "complete", False: "cut", None: "not ended"}[text.is_complete]
    return f"{len(text.tokens)} tokens, {forced} of them forced, {end}"


def visible(text: str) -> str:
    """Characters that do not show, or would do something to a terminal, by their value; line ends stay."""
    return "".join(one if one.isprintable() or one == "\n" else _escaped(ord(one)) for one in text)


def _escaped(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
