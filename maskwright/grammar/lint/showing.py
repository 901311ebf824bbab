"""Examples for people: texts in quotes, what is taken whole by its name."""

from __future__ import annotations

import json

from maskwright.grammar.lint.samples import Samples
from maskwright.grammar.lint.subject import Notation, Subject


def shown(text: str, samples: Samples, subject: Subject, *, is_quoted: bool = True) -> str:
    """A text of the search: `"a+a"`, or `NUMBER "+" NUMBER` for terminals; the empty text is `""`."""
    parts: list[str] = []
    plain = ""
    for character in text:
        whole = samples.whole(character)
        if whole is None:
            plain += character
            continue
        if plain:
            parts.append(_spelled(plain, subject, is_quoted))
        parts.append(whole.shown)
        plain = ""
    if plain or not parts:
        parts.append(_spelled(plain, subject, is_quoted))
    return " ".join(parts)


def _spelled(text: str, subject: Subject, is_quoted: bool) -> str:
    if subject.notation is Notation.NONE:
        text = text.encode("latin-1").decode("utf-8", "backslashreplace")
    return json.dumps(text, ensure_ascii=False) if is_quoted else text
