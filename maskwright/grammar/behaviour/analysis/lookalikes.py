"""Beginnings of lines that look like an opener and are none: mostly a segment whose name was written differently.

With the openers `[Question]` and `[Final Thought]`, a line that begins with `[Plan]` is text of whatever segment is
open there, and what is reported is the segment behind it, which is right and no help. The shape of an opener is the
opener with every stretch of letters, digits and blanks left open. Cost: a pattern over the text of one segment.
"""

from __future__ import annotations

import re

from maskwright.grammar.behaviour.specification.spec import Spec

_NAME = r"[\w \-]+"


def lookalike(spec: Spec, text: str) -> str | None:
    """The first beginning of a line in the text of a segment that has the shape of an opener; None if there is none.

    A shape needs a sign besides names, as every word would have it else.
    """
    shapes = {shape for segment in spec.segments if (shape := _shape(segment.open.strip())) is not None}
    found = [match for shape in shapes if (match := re.search(rf"^[ \t]*({shape})", text, re.MULTILINE)) is not None]
    return min(found, key=lambda match: match.start())[1] if found else None


def _shape(opener: str) -> str | None:
    pieces = re.split(f"({_NAME})", opener)
    signs = "".join(pieces[::2])
    return "".join(_NAME if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)) if signs else None
