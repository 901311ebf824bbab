"""Special tokens in a Lark grammar: `<name>`, `<[7]>`, `<[1-3,9]>`, `<[^0,2]>`, `<[*]>`, each one token taken whole."""

from __future__ import annotations

import re

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.ir import TokenSet

MAX_TOKEN_ID = 2**31 - 1
"""Token ids are int32 everywhere."""

MAX_LISTED = 1_000_000
"""Ids of all ranges together: more than any vocabulary has."""

_RANGE = re.compile(r"\s*([0-9]{1,11})\s*(?:-\s*([0-9]{1,11})\s*)?(?:,|$)")


def special_tokens_at(text: str, begin: int, end: int, name: str) -> TokenSet:
    """What `text[begin:end]`, brackets included, stands for; a name keeps its brackets."""
    written = text[begin + 1 : end - 1]
    if not written.startswith("["):
        return TokenSet(names=(f"<{written}>",))
    if not written.endswith("]"):
        raise GrammarSyntaxError("token ids are written <[7]>, <[1-3,9]>, <[^7]> or <[*]>", text, begin, name)
    listed = written[1:-1].strip()
    if listed == "*":
        return TokenSet(negated=True)
    is_negated = listed.startswith("^")
    at = text.index("[", begin) + 1 + is_negated
    ids: list[int] = []
    listed_end = end - 2
    while at < listed_end or not ids:
        found = _RANGE.match(text, at, listed_end)
        if found is None:
            raise GrammarSyntaxError("expected a token id or a range of ids such as 1-3", text, at, name)
        first = int(found[1])
        last = int(found[2]) if found[2] else first
        if last > MAX_TOKEN_ID:
            raise GrammarSyntaxError(f"token ids go up to {MAX_TOKEN_ID}", text, at, name)
        if last < first:
            raise GrammarSyntaxError(f"the range {first}-{last} ends before it begins", text, at, name)
        if len(ids) + last - first >= MAX_LISTED:
            raise LimitExceeded("The token ids that a grammar lists", len(ids) + last - first + 1, MAX_LISTED)
        ids.extend(range(first, last + 1))
        at = found.end()
    return TokenSet(ids=tuple(sorted(set(ids))), negated=is_negated)
