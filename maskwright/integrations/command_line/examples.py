"""`maskwright example`: texts that satisfy a specification, short ones that take different ways, or random ones.

Without a seed the shortest text comes first, then short ones that take other ways; where these run out, and after the
shortest text of a seed, random ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.specification import Specification

if TYPE_CHECKING:
    from maskwright.grammar.ir import Grammar
    from maskwright.integrations.command_line.json_options import OptionsRequest

MAX_TOO_LONG: Final = 500
"""Texts in a row that are longer than asked for, after which no other is looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many texts; a seed for random ones; the most characters of one."""

    n_texts: int
    seed: int | None = None
    max_length: int | None = None


def examples(specification: Specification, options: OptionsRequest, wanted: Wanted) -> list[str]:
    """Different texts, at most as many as wanted; raises UserMistakeError for a fault in the specification."""
    with compiling():
        grammar = specification.terse_grammar(options)
        try:
            return list(islice(_short_enough(_texts(grammar, wanted.seed), wanted.max_length), wanted.n_texts))
        except MaskwrightError as error:
            raise UserMistakeError(f"{specification.name}: {error}") from error


def _texts(grammar: Grammar, seed: int | None) -> Iterator[str]:
    from maskwright.matching.examples import example_texts, names_tokens
    from maskwright.matching.random_texts import random_texts

    def random() -> Iterator[bytes]:
        if not names_tokens(grammar):  # nobody reads these as bytes
            yield from random_texts(grammar, (seed or 0,))

    seen: set[bytes] = set()
    for text in chain(islice(example_texts(grammar), None if seed is None else 1), random()):
        if text not in seen:
            seen.add(text)
            yield text.decode("utf-8", "backslashreplace")


def _short_enough(texts: Iterator[str], max_length: int | None) -> Iterator[str]:
    n_too_long = 0
    for text in texts:
        if max_length is not None and len(text) > max_length:
            n_too_long += 1
            if n_too_long == MAX_TOO_LONG:
                return
            continue
        n_too_long = 0
        yield text


def write(texts: list[str], n_texts: int) -> None:
    """One text after the other on stdout; if there were fewer than asked for, that on stderr."""
    for text in texts:
        print(text)
    sys.stdout.flush()
    if len(texts) < n_texts:
        print(f"maskwright: {len(texts)} of {n_texts}: no other was found.", file=sys.stderr)
