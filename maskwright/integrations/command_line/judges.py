"""Independent judges of texts, for `maskwright fuzz`: `jsonschema`, Python's `re`, and `lark` itself.

A judge is a function from a text to True, False, or None where it has no opinion. GBNF and EBNF have none here: there
is no other reader of them that could be asked in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from maskwright.integrations.command_line.lark_options import IndenterChoice, LexerChoice
from maskwright.integrations.command_line.specification import Kind, Specification

if TYPE_CHECKING:
    from pathlib import Path

Judge: TypeAlias = Callable[[str], bool | None]


def judge_of(specification: Specification) -> Judge | None:
    """Who judges texts of a specification; None if there is nobody."""
    match specification.kind:
        case Kind.JSON_SCHEMA:
            from maskwright.integrations.command_line.json_schema_judge import SchemaJudge

            return SchemaJudge(specification.content).accepts
        case Kind.REGEX:
            return _by_re(str(specification.content))
        case Kind.LARK:
            return _by_lark(specification)
    return None


def _by_re(pattern: str) -> Judge | None:
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    return lambda text: compiled.fullmatch(text) is not None


def _by_lark(specification: Specification) -> Judge | None:
    """The grammar as lark reads it; None where it is in a dialect that lark does not have."""
    import lark
    from lark.exceptions import LarkError
    from lark.indenter import PythonIndenter

    lexer = specification.lark.lexer or LexerChoice.CONTEXTUAL
    options: dict[str, Any] = {"start": specification.start or "start", "import_paths": _folders(specification.folder)}
    options |= {"lexer": lexer.value, "parser": "earley" if lexer is LexerChoice.DYNAMIC_COMPLETE else "lalr"}
    if specification.lark.indenter is IndenterChoice.PYTHON:
        options["postlex"] = PythonIndenter()
    try:
        parser = lark.Lark(str(specification.content), **options)
    except LarkError:
        return None

    def accepts(text: str) -> bool | None:
        try:
            parser.parse(text)
        except LarkError:
            return False
        except (RecursionError, AssertionError):
            return None
        return True

    return accepts


def _folders(folder: Path | None) -> list[str]:
    return [str(folder)] if folder else []
