"""Names that another notation can spell: letters it has not become letters it has, and clashes get a number.

Which rule is the start is said by its name in GBNF and XGrammar's EBNF (`root`) and in Lark (`start`), and by its place
in the W3C's; the start is put first in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from maskwright.grammar.ebnf.style import MACROS
from maskwright.grammar.notation.written import (
    Expression,
    Reference,
    WrittenGrammar,
    WrittenRule,
    folded,
    with_parts,
)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one notation. allowed: a whole name. mended: letters replaced. start: "" where the place decides."""

    allowed: re.Pattern[str]
    mended: Callable[[str], str]
    start: str
    separator: str


def _gbnf_name(name: str) -> str:
    return re.sub("[^A-Za-z0-9-]", "-", name).strip("-") or "rule"


def _lark_name(name: str) -> str:
    lower = re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("_") or "rule"
    return lower if lower[0].isalpha() else f"rule_{lower}"


def _ebnf_name(name: str) -> str:
    mended = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return mended if mended[0].isalpha() or mended[0] == "_" else f"rule-{mended}"


_NO_MACRO = "".join(f"(?!{name}$)" for name in sorted(MACROS))

GBNF_NAMES = Names(re.compile("[A-Za-z0-9-]+"), _gbnf_name, "root", "-")
"""llama.cpp's guide allows underscores; its parser does not."""

XGRAMMAR_NAMES = Names(re.compile(rf"{_NO_MACRO}[A-Za-z_][A-Za-z0-9_.-]*"), _ebnf_name, "root", "_")
W3C_NAMES = Names(re.compile(r"(?!root$)[^\W\d][\w.-]*"), _ebnf_name, "", "_")
LARK_NAMES = Names(re.compile("(?!start$)[a-z][a-z0-9_]*"), _lark_name, "start", "_")


def renamed(grammar: WrittenGrammar, start: str, names: Names) -> WrittenGrammar:
    """The grammar with names that are allowed, where these differ as little as can be, and its start first."""
    new_name: dict[str, str] = {}
    if names.start or start == "root":
        new_name[start] = names.start or start
    taken = set(new_name.values())
    kept_first = sorted(grammar.names, key=lambda name: names.allowed.fullmatch(name) is None)
    for name in kept_first:
        if name in new_name:
            continue
        wanted = name if names.allowed.fullmatch(name) else names.mended(name)
        spelled, number = wanted, 1
        while spelled in taken or names.allowed.fullmatch(spelled) is None:
            number += 1
            spelled = f"{wanted}{names.separator}{number}"
        new_name[name] = spelled
        taken.add(spelled)

    def combine(item: Expression, parts: list[Expression]) -> Expression:
        return Reference(new_name[item.name]) if isinstance(item, Reference) else with_parts(item, parts)

    in_order = sorted(grammar.rules, key=lambda rule: rule.name != start)
    return WrittenGrammar(
        tuple(WrittenRule(new_name[rule.name], folded(rule.expression, combine)) for rule in in_order)
    )
