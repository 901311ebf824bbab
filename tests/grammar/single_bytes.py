"""What tests of whole texts ask: is one a member, or the beginning of one?"""

from __future__ import annotations

import maskwright as mw
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary

SINGLE_BYTES = Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])


def verdict(grammar: mw.Grammar, text: str) -> str:
    """ "member", "beginning" or "refused"."""
    matcher = Compiler(SINGLE_BYTES).compile_grammar(grammar).matcher()
    try:
        matcher.accept_bytes(text.encode())
    except mw.TokenRejected:
        return "refused"
    return "member" if matcher.is_accepting() else "beginning"


def verdicts(grammar: mw.Grammar, *texts: str) -> list[str]:
    return [verdict(grammar, text) for text in texts]
