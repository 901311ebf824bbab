"""Small specifications with texts that call every kernel, in every way that front ends and matchers do.

In the order in which one is likely to need them. A text that ends with a repetition is refused at its last byte, on
purpose: that is what is asked there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from maskwright.grammar import ir
from maskwright.grammar.ir import Grammar
from maskwright.matching.vocabulary import Vocabulary

LONG_TEXT = 10_000
"""Texts from this length on are read without asking for masks on the way."""

LEAST_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Exercise:
    """A specification and texts for it, the longest allowed beginnings of which are read."""

    name: str
    grammar: Callable[[], Grammar]
    texts: tuple[str, ...]
    max_bytes: int | None = None


def exercise_vocabulary() -> Vocabulary:
    """Single bytes, some pieces of JSON, and so many words that places with many tokens are treated as such."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [one + other + third for one in " " + letters for other in letters for third in ("", "a", "e", "n", "s")]
    pieces = ['{"', '": ', '", "', '"}', "[[", "]]", "12", "345", "é", "漢", "\n ", "  ", "true", "null", '"a"', " = "]
    texts = [bytes([byte]) for byte in range(256)] + [text.encode() for text in words + pieces]
    end, special = len(texts), len(texts) + 1
    return Vocabulary([*texts, b"", b"<special>"], eos_token_ids=[end], special_token_ids=[special])


def _json(schema: Any, **options: Any) -> Callable[[], Grammar]:
    def grammar() -> Grammar:
        from maskwright.grammar.json_schema import JSONSchemaOptions, json_schema_grammar

        exact = JSONSchemaOptions.exact() if options.get("exact") else JSONSchemaOptions()
        return json_schema_grammar(schema, exact)

    return grammar


def _declared_order(schema: Any) -> Grammar:
    from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, json_schema_grammar

    return json_schema_grammar(schema, JSONSchemaOptions(property_order=PropertyOrder.DECLARED))


_STRINGS = {
    "any": {"type": "string"},
    "short": {"type": "string", "minLength": 2, "maxLength": 40},
    "pattern": {"type": "string", "pattern": "^[a-z]+(-[0-9]{2,3})*$"},
    "inside": {"type": "string", "pattern": "foo|b.r", "maxLength": 300},
    "both": {"allOf": [{"pattern": "^a.*z$"}, {"pattern": "b"}], "not": {"pattern": "cc"}, "type": "string"},
    "date": {"type": "string", "format": "date-time"},
    "mail": {"type": "string", "format": "email"},
    "host": {"type": "string", "format": "hostname"},
    "link": {"type": "string", "format": "uri"},
    "id": {"type": "string", "format": "uuid"},
    "words": {"enum": ["one", "two", "three", "only"]},
}
_NUMBERS = {
    "whole": {"type": "integer"},
    "between": {"type": "integer", "minimum": -17, "maximum": 12345},
    "half": {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 0},
    "real": {"type": "number", "minimum": -1.5, "maximum": 1e10},
    "seven": {"type": "integer", "multipleOf": 7},
    "mixed": {"type": ["null", "boolean", "number", "array"]},
}
_MEMBERS = {
    "type": "object",
    "properties": {"a": {"const": 1}, "b": {"$ref": "#"}, "c": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["a", "z"],
    "patternProperties": {"^x-": {"type": "boolean"}, "^x-[0-9]": {"const": True}},
    "additionalProperties": {"type": "integer"},
    "minProperties": 2,
    "maxProperties": 5,
    "dependentRequired": {"b": ["c"]},
}
_ITEMS = {
    "different": {"type": "array", "items": {"type": ["integer", "string"]}, "uniqueItems": True},
    "few": {"type": "array", "prefixItems": [{"const": 1}], "items": {"enum": [1, 2, 3, "x"]}, "uniqueItems": True},
    "some": {"type": "array", "contains": {"const": "x"}, "minContains": 2, "maxItems": 6},
    "many": {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "maxItems": 200},
    "deep": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}, "uniqueItems": True},
}
_LARK = r"""
start: (statement ";" | block | "end")*
statement: NAME "=" sum | CALL "(" [sum ("," sum)*] ")" | "if" sum "then" statement ["else" statement]
block: "{" (statement ";")* "}"
?sum: sum ("+" | "-") item | item
item: NAME | NUMBER | STRING | "(" sum ")" | "-" item
NAME: /[a-z_][a-z0-9_]*/
CALL.1: /[a-z]+(?=\()/
NUMBER: /\d+(\.\d+)?(?!\w)/
STRING: /"([^"\\\n]|\\.)*"/
COMMENT: /#[^\n]*/
%ignore COMMENT
%ignore /[ \t\n]+/
"""
_BLOCKS = r"""
start: (_NEWLINE | line)*
line: NAME ("(" [NAME ("," NAME)*] ")")? _NEWLINE [_INDENT line+ _DEDENT]
NAME: /[a-z]+/
LPAR: "("
RPAR: ")"
_NEWLINE: /(\r?\n[\t ]*(#[^\n]*)?)+/
%declare _INDENT _DEDENT
%ignore /[ ]+/
"""


def _lark(text: str, **options: Any) -> Callable[[], Grammar]:
    def grammar() -> Grammar:
        from maskwright.grammar.lark import Indenter, lark_grammar

        if options.get("blocks"):
            blocks = Indenter("_NEWLINE", "_INDENT", "_DEDENT", ("LPAR",), ("RPAR",))
            return lark_grammar(text, indenter=blocks)
        return lark_grammar(text, **options)

    return grammar


def _in_envelope() -> Grammar:
    """Two documents within a text, and a special token."""
    inner = _json({"type": "object", "additionalProperties": {"type": "array", "uniqueItems": True}})()
    text = Grammar.from_text("call: ")
    return text + inner + Grammar.from_text(" end ") + inner.repeat(1, 3) + text.optional()


def _product() -> Grammar:
    return (_json({"type": "array", "items": {"type": "integer"}})() & r"\[(1|, |22)*\]") - r"\[1\]"


def _tokens() -> Grammar:
    any_token = ir.TokenSet(negated=True)
    return Grammar("S", {"S": ir.sequence(ir.repeat(ir.choice(any_token, ir.literal(b"c")), 1, 9), ir.literal(b"ab"))})


ANY_JSON = Exercise("any JSON", _json(True), ('{"a": [1, {"b": null}, "x y z", -0.5e3], "c": {}, "a"',))

EXERCISES = (
    Exercise("letters", lambda: Grammar("S", {"S": ir.repeat(ir.byte_class(b"ab"), 1)}), ("abba",)),
    Exercise(
        "strings of JSON Schema",
        _json({"type": "object", "properties": _STRINGS, "additionalProperties": False}),
        (
            '{"any": "some text \\n \\u00e9 é 漢字 😀", "short": "abc", "pattern": "ab-12-345", "inside": "a foo b"}',
            '{"both": "a b z", "date": "2024-02-29T12:00:00Z", "mail": "ada@example.com", "host": "example.com"}',
            '{"link":"https://example.com/a?b=c#d","id":"123e4567-e89b-12d3-a456-426614174000","words":"three"}',
        ),
    ),
    Exercise(
        "strings in every spelling",
        _json({"type": "object", "properties": _STRINGS, "additionalProperties": False}, exact=True),
        (' {"any" : "\\u0061 \\ud83d\\ude00 \\/", "\\u0073hort":"ab", "pattern": "a-12", "words": "tw\\u006f"}\n',),
    ),
    Exercise(
        "numbers",
        _json({"type": "object", "properties": _NUMBERS, "additionalProperties": False}),
        ('{"whole": -12, "between": 1234, "half": 2.5, "real": -0.25, "seven": 7007, "mixed": [null, true, 1e5]}',),
    ),
    Exercise(
        "numbers in every spelling",
        _json({"type": "object", "properties": _NUMBERS, "additionalProperties": False}, exact=True),
        ('{"whole": 1.20e1, "between": 1234.0, "half": 25E-1, "real": -0.250, "seven": 70, "mixed": 1e+5}',),
    ),
    Exercise(
        "members",
        _json(_MEMBERS),
        (
            '{"a": 1, "z": 4, "b": {"z": 2, "a": 1}, "c": [], "x-y": true}',
            '{"z": 1, "q": 5, "q"',
            '{"a":1,"c":[{"a":1,"z":2}],"other name":12,"z":3}',
        ),
    ),
    Exercise(
        "members in order",
        lambda: _declared_order(_MEMBERS),
        ('{"a": 1, "b": {"a": 1, "z": 2}, "c": [], "z": 5, "x-y": true}',),
    ),
    Exercise(
        "items",
        _json({"type": "object", "properties": _ITEMS, "additionalProperties": False}),
        (
            '{"different": [1, "1", 10, "é", 1]', '{"few": [1, 3, "x", 2]}', '{"some": ["x", {"x": [1]}, "x", 5]}',
            '{"many": [true, false, true, true, true]}', '{"deep": [[1, 2], [2, 1], [], [1, 2]',
        ),
    ),
    ANY_JSON,
    Exercise(
        "alternatives",
        _json({"oneOf": [{"type": "string", "minLength": 3}, {"type": "string", "pattern": "^a"}, {"type": "null"}]}),
        ('"bcde"', '"ab"', "null"),
    ),
    Exercise(
        "regular expressions",
        lambda: Grammar.from_regex(r"(?=.*\d)(?i:[a-z]\w*)( |,)(?!aa)[^\W\d]{2,4}(a|aa)+"),
        ("Ab1 bcaa", "x9,éaa"),
    ),
    Exercise(
        "GBNF", lambda: Grammar.from_gbnf('root ::= (e "\\n")+\ne ::= e "+" t | t\nt ::= [0-9]{1,3} | "(" e ")"'),
        ("1+(2+345)\n7\n",),
    ),
    Exercise(
        "EBNF", lambda: Grammar.from_ebnf('root ::= item ("," item)*\nitem ::= [a-z]+ | "<" root ">"'), ("ab,<c,d>",)
    ),
    Exercise(
        "Lark", _lark(_LARK), ('a = 1 + (b - "x\\"y"); # why\n{ f(1.5, c); } if a then b = -2 else c = 3;\nend',)
    ),
    Exercise("Lark with the basic lexer", _lark(_LARK, lexer="basic"), ("a = 1 + b; end x = 2;",)),
    Exercise("Lark with blocks", _lark(_BLOCKS, blocks=True), ("a\n  b(c,\n d)\n    e\n  f\ng\n\nh\n",)),
    Exercise(
        "Lark by characters",
        _lark('start: "if" NAME ["=" start] | start "+" start | NAME\nNAME: /[a-z]+/', lexer="dynamic_complete"),
        ("ifab=c+d",),
    ),
    Exercise(
        "documents within a text",
        _in_envelope,
        ('call: {"a": [1, 2]} end {"b": [[1], [2]]}{}call: ', 'call: {"a": [1, 2]} end {"b": [1, 1]'),
    ),
    Exercise("intersections", _product, ("[1, 22]",)),
    Exercise("special tokens", _tokens, ("cab",)),
    Exercise(
        "memory that starts over",
        lambda: Grammar.from_regex(r"([a-z]|<(x|y){0,50000}>){0,100000}"),
        ("<" + "xy" * 20_000 + ">" + "ab" * 20_000,),
        LEAST_BYTES,
    ),
)  # fmt: skip
