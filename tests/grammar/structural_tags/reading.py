"""What the tests of structural tags ask: verdicts on texts, and on tokens."""

from __future__ import annotations

from typing import Any

from maskwright.grammar.structural_tags import structural_tag_grammar
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary
from tests.grammar.single_bytes import verdicts

MEMBER, BEGINNING, REFUSED = "member", "beginning", "refused"

NAMES = ("<|call|>", "<|end|>")
SPECIAL = Vocabulary(
    [*(bytes([byte]) for byte in range(256)), b"</s>", *(name.encode() for name in NAMES)],
    eos_token_ids=[256],
    special_token_ids=[257, 258],
    special_token_names={"<|call|>": 257, "<|end|>": 258},
)
CALL, END = 257, 258


def tag_verdicts(given: dict[str, Any], *texts: str) -> list[str]:
    """ "member", "beginning" or "refused", for texts of a format."""
    return verdicts(structural_tag_grammar({"type": "structural_tag", "format": given}), *texts)


def token_verdict(given: dict[str, Any], *pieces: str | int, markers_are_tokens: bool = True) -> str:
    """The same for texts and tokens one after the other."""
    compiled = Compiler(SPECIAL).compile_structural_tag({"format": given}, markers_are_tokens=markers_are_tokens)
    matcher = compiled.matcher()
    for piece in pieces:
        for token in [piece] if isinstance(piece, int) else piece.encode():
            if not matcher.allows(token):
                return REFUSED
            matcher.accept_token(token)
    return MEMBER if matcher.is_accepting() else BEGINNING


def const(value: str) -> dict[str, Any]:
    return {"type": "const_string", "value": value}


def tag(begin: Any, content: dict[str, Any], end: Any) -> dict[str, Any]:
    return {"type": "tag", "begin": begin, "content": content, "end": end}


def sequence(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "sequence", "elements": list(elements)}


def schema(json_schema: Any, style: str = "json", **fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": json_schema, "style": style, **fields}


ANY_TEXT = {"type": "any_text"}
