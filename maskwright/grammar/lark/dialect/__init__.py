"""What may stand in a Lark grammar beyond lark's own notation: `read_dialect(text)` takes it out and says what it was.

    %json {...}   %json "file"   %regex {...}   %lark {...}   @name   <token>   <[1-3]>      in place of a symbol
    &   ~                                                                                  between terminals
    name[lazy]   name[suffix="..."]   name[stop="..."]                                     for rules
    x{2,5}                                                                                 as x~2..5

In reading order: `tokens` (the text cut into tokens, embedded parts as one each), `embedded` (what they say),
`special_tokens`, `attributes`, `plain_text` (the text that lark gets, and where its places come from), `reading`.
The notation is that of llguidance (its docs/syntax.md), of which XGrammar reads a part too.
"""

from __future__ import annotations

from maskwright.grammar.lark.dialect.attributes import RuleAttributes
from maskwright.grammar.lark.dialect.embedded import (
    Embedded,
    EmbeddedFile,
    EmbeddedLark,
    EmbeddedSchema,
    NamedGrammar,
    SpecialTokens,
)
from maskwright.grammar.lark.dialect.reading import Dialect, read_dialect

__all__ = [
    "Dialect",
    "Embedded",
    "EmbeddedFile",
    "EmbeddedLark",
    "EmbeddedSchema",
    "NamedGrammar",
    "RuleAttributes",
    "SpecialTokens",
    "read_dialect",
]
