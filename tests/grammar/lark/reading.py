"""Lark grammars as judges of texts, through the compiled engine with a vocabulary of single bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import maskwright as mw

CALL, END_OF_CALL = 257, 258
VOCABULARY = mw.Vocabulary(
    [*(bytes([byte]) for byte in range(256)), b"</s>", b"<|call|>", b"<|eom|>"],
    eos_token_ids=[256],
    special_token_ids=[CALL, END_OF_CALL],
    special_token_names={"<|call|>": CALL, "<|eom|>": END_OF_CALL},
)
COMPILER = mw.Compiler(VOCABULARY)


def judge(text: str, **options: Any) -> Callable[..., bool]:
    """Does the grammar have this text?  It may be given in parts: texts, and ids of special tokens."""
    grammar = COMPILER.compile_lark(text, **options)

    def accepts(*parts: str | int) -> bool:
        matcher = grammar.matcher()
        try:
            for part in parts:
                if isinstance(part, int):
                    matcher.accept_token(part)
                else:
                    matcher.accept_bytes(part.encode())
        except mw.TokenRejected:
            return False
        return matcher.is_accepting()

    return accepts
