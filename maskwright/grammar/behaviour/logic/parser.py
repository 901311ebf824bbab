"""Texts of formulas, read.

From loose to tight: `<->`, `->`, `|` (or `||`), `&` (or `&&`), the two-place `U R W M S T`, and the one-place
`! ~ X N F G Y Z O H`; `->` and `U R W M S T` lean to the right. `last`, `first`, `true` and `false` are words. Atoms
are written as `atoms` shows them; also `name != "t"` denies an equality, and `0 < name.field <= 9` is both bounds.

A rule may look into the past from the future, not the other way (see `past`), which is said here with its place.
Method: LALR(1) by lark, then one walk over the tree, whose depth is bounded. Rejected: building formulas while parsing,
where an operator does not know yet what it stands in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic.atom_reading import Fault, LarkToken, LarkTree, read_atom
from maskwright.grammar.behaviour.logic.formula import MAX_NESTING, Formula
from maskwright.grammar.behaviour.logic.past import FUTURE_INSIDE_PAST

if TYPE_CHECKING:
    from lark import Lark

_GRAMMAR = r"""
?start: equivalence
?equivalence: implication | equivalence EQUIVALENT implication   -> operation
?implication: disjunction | disjunction IMPLIES implication      -> operation
?disjunction: conjunction | conjunction (OR conjunction)+        -> operation
?conjunction: binary | binary (AND binary)+                      -> operation
?binary: unary | unary (UNTIL | RELEASE | WEAK_UNTIL | STRONG_RELEASE | SINCE | TRIGGERED) binary -> operation
?unary: atom
    | (NOT | NEXT | WEAK_NEXT | EVENTUALLY | GLOBALLY) unary     -> operation
    | (PREVIOUS | WEAK_PREVIOUS | ONCE | HISTORICALLY) unary     -> operation
    | "(" equivalence ")"
?atom: (TRUE | FALSE | LAST | FIRST)                             -> word
    | subject                                                    -> proposition
    | subject "." NAME "(" (STRING | VARIABLE | REGEX) ")"       -> test
    | subject COMPARISON value                                   -> comparison
    | NUMBER COMPARISON subject COMPARISON NUMBER                -> bounds
    | CALL "(" TOOL arguments ")"                                -> call
    | subject "." CALL "(" TOOL arguments ")"                    -> call
arguments: ("," ARGUMENT "=" value)*
subject: (NAME | CALL) | subject "." (NAME | CALL) | subject "[" (INDEX | STRING) "]"
value: STRING | NUMBER | TRUE | FALSE | NULL | VARIABLE

EQUIVALENT: "<->"
IMPLIES: "->"
OR: "||" | "|"
AND: "&&" | "&"
NOT: "!" | "~"
UNTIL: "U"
RELEASE: "R"
WEAK_UNTIL: "W"
STRONG_RELEASE: "M"
SINCE: "S"
TRIGGERED: "T"
NEXT: "X"
WEAK_NEXT: "N"
EVENTUALLY: "F"
GLOBALLY: "G"
PREVIOUS: "Y"
WEAK_PREVIOUS: "Z"
ONCE: "O"
HISTORICALLY: "H"
TRUE: "true"
FALSE: "false"
LAST: "last"
FIRST: "first"
NULL: "null"
CALL: "call"
COMPARISON: "==" | "!=" | "<=" | ">=" | "<" | ">"
NAME: /[^\W\d]\w*(-\w+)*/
TOOL: /[^\W\d][\w.\-:\/]*/
ARGUMENT: /[^\s=,()"]+/
VARIABLE: /\$\w+/
STRING: /"(\\.|[^"\\\n])*"/
REGEX: /\/(\\.|[^\/\\\n])+\//
NUMBER: /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/
INDEX: /0|[1-9]\d*/
%ignore /\s+/
"""

_OPERATIONS: dict[str, Callable[..., Formula]] = {
    "EQUIVALENT": fm.equivalent,
    "IMPLIES": fm.implies,
    "OR": fm.disjunction,
    "AND": fm.conjunction,
    "NOT": fm.negation,
    "UNTIL": fm.until,
    "RELEASE": fm.release,
    "WEAK_UNTIL": fm.weak_until,
    "STRONG_RELEASE": fm.strong_release,
    "SINCE": fm.since,
    "TRIGGERED": fm.triggered,
    "NEXT": fm.next_,
    "WEAK_NEXT": fm.weak_next,
    "EVENTUALLY": fm.eventually,
    "GLOBALLY": fm.globally,
    "PREVIOUS": fm.previous,
    "WEAK_PREVIOUS": fm.weak_previous,
    "ONCE": fm.once,
    "HISTORICALLY": fm.historically,
}
_WORDS = {"TRUE": fm.TRUE, "FALSE": fm.FALSE, "LAST": fm.LAST, "FIRST": fm.FIRST}
_PAST = {"SINCE", "TRIGGERED", "PREVIOUS", "WEAK_PREVIOUS", "ONCE", "HISTORICALLY", "FIRST"}
_FUTURE = {"UNTIL", "RELEASE", "WEAK_UNTIL", "STRONG_RELEASE", "NEXT", "WEAK_NEXT", "EVENTUALLY", "GLOBALLY", "LAST"}

_EXPECTED = {
    "NAME": "a formula",
    "AND": "an operator (& | -> <-> U R W M S T)",
    "COMPARISON": "a comparison (== != < <= > >=)",
    "DOT": "'.'",
    "RPAR": "')'",
    "LPAR": "'('",
    "RSQB": "']'",
    "COMMA": "','",
    "EQUAL": "'='",
    "TOOL": "the name of a tool",
    "ARGUMENT": "the name of an argument",
    "INDEX": "a place in an array or a name in quotes",
    "NUMBER": "a value",
    "REGEX": "a text in quotes",
    "$END": "the end",
}
"""What to say of the terminals that could have come; of the others another one tells enough."""

MAX_CHARACTERS = 50_000
"""Of one formula: lark takes some 20 us for each."""


def parse_formula(text: str, source_name: str = "formula") -> Formula:
    """The formula of a text; raises GrammarSyntaxError with the place of the fault, or LimitExceeded.

    parse_formula('G(call(read) -> X result.contains("ok"))')
    """
    from lark import UnexpectedCharacters, UnexpectedToken

    if len(text) > MAX_CHARACTERS:
        raise LimitExceeded("The characters of a formula", len(text), MAX_CHARACTERS, source_name, "split the formula")
    try:
        text.encode()
        return _formula(_parser().parse(text), 1, None)
    except UnicodeEncodeError as error:
        position, message = error.start, "half of a surrogate pair is no character"
    except UnexpectedToken as error:
        is_at_end = error.token.type == "$END" or error.token.start_pos is None
        position = len(text) if is_at_end else error.token.start_pos
        found = "the end" if is_at_end else f"{str(error.token)!r}"
        message = f"{found} stands where {_named(error.accepts or error.expected)} was expected"
    except UnexpectedCharacters as error:
        position = error.pos_in_stream or 0
        message = f"{text[position]!r} stands where {_named(error.allowed or ())} was expected"
    except Fault as fault:
        position, message = fault.position, fault.message
    raise GrammarSyntaxError(message, text, position, source_name) from None


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _named(terminals: Any) -> str:
    names = [said for terminal, said in _EXPECTED.items() if terminal in terminals]
    if "a formula" in names:
        names = ["a name"] if "TRUE" not in terminals else ["a formula", *(name for name in names if name == "')'")]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _formula(tree: LarkTree, depth: int, past: LarkToken | None) -> Formula:
    """The formula of a tree at this depth, inside the past operator `past` if any."""
    if depth > MAX_NESTING:
        raise Fault(f"the formula is nested deeper than {MAX_NESTING} operators", tree.meta.start_pos)
    if tree.data == "word":
        (word,) = tree.children
        _check_direction(word, past)
        return _WORDS[word.type]
    if tree.data == "operation":
        (operator,) = {child.type: child for child in tree.children if not hasattr(child, "data")}.values()
        _check_direction(operator, past)
        inside = operator if operator.type in _PAST else past
        operands = [_formula(child, depth + 1, inside) for child in tree.children if hasattr(child, "data")]
        return _OPERATIONS[operator.type](*operands)
    return read_atom(tree)


def _check_direction(operator: LarkToken, past: LarkToken | None) -> None:
    if past is not None and operator.type in _FUTURE:
        raise Fault(f"{str(operator)!r} {FUTURE_INSIDE_PAST}", operator.start_pos)
