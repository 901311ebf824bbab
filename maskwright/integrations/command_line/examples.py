"""`maskwright example`: short texts that satisfy a specification."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.specification import Specification

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest


def examples(specification: Specification, options: OptionsRequest, n_texts: int) -> list[str]:
    """At most `n_texts` members, the shortest first; raises UserMistakeError for a fault in the specification."""
    with compiling():
        from maskwright.matching.examples import example_texts

        grammar = specification.terse_grammar(options)
        try:
            return [text.decode("utf-8", "backslashreplace") for text in islice(example_texts(grammar), n_texts)]
        except MaskwrightError as error:
            raise UserMistakeError(f"{specification.name}: {error}") from error


def write(texts: list[str], n_texts: int) -> None:
    """One text after the other on stdout; if there were fewer than asked for, that on stderr."""
    for text in texts:
        print(text)
    sys.stdout.flush()
    if len(texts) < n_texts:
        print(f"maskwright: {len(texts)} of {n_texts}: no other was found.", file=sys.stderr)
