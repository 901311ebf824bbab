"""Targets of specifications in their notations: schemas, patterns, grammars, formulas, behaviour specifications."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hypothesis import strategies as st

import maskwright as mw
from maskwright.behaviour import Spec
from maskwright.grammar.behaviour.logic import ltlf_to_dfa
from maskwright.grammar.notation.printing import print_gbnf, print_w3c, print_xgrammar
from maskwright.matching.behaviour.session import Session
from maskwright.matching.compiled_grammar import CompiledGrammar
from tests.fuzz.inputs.content import (
    SCHEMAS,
    bytes_of,
    chosen,
    drawn,
    files,
    json_bytes,
    spoiled_texts,
    spoiled_values,
    text_of,
    with_option,
)
from tests.fuzz.inputs.laws import BrokenLawError
from tests.fuzz.inputs.target import Target
from tests.fuzz.random_schemas import NAMES, random_schema
from tests.grammar.characters.pattern_strategies import PATTERNS
from tests.grammar.lint.small_grammars import as_lark, productions
from tests.grammar.notation.written_grammars import gbnf_grammars, w3c_grammars, xgrammar_grammars

Grammars = Sequence[CompiledGrammar | Session]

# JSON Schema

SCHEMA_OPTIONS: Final = (
    mw.JSONSchemaOptions(),
    mw.JSONSchemaOptions.exact(),
    mw.JSONSchemaOptions(property_order=mw.PropertyOrder.DECLARED),
)
SCHEMA_PIECES: Final = tuple(
    '"$ref": "$defs "type": "enum" "const" "properties" "patternProperties" "additionalProperties" "required" "items" '
    '"prefixItems" "contains" "uniqueItems" "allOf" "anyOf" "oneOf" "not" "if" "then" "else" "minimum" "multipleOf" '
    '"minLength" "maxLength" "pattern" "format" "$id" "$anchor" "$dynamicRef" "$schema" "unevaluatedItems" '
    '"dependentRequired" "propertyNames" "x-maskwright" "string" "integer" #/$defs/a true false null [] {} 1e400 '
    "1e-400 0.1 -0 99999999999 \\ud800 \\u0000 date-time uuid ipv6 regex".split()
)


def _schema(compiler: mw.Compiler, content: bytes) -> Grammars:
    options, content = chosen(SCHEMA_OPTIONS, content)
    return [compiler.compile_json_schema(text_of(content), options=options)]


def _schemas() -> st.SearchStrategy[bytes]:
    shipped = [json.loads(text)["schema"] for text in files(SCHEMAS / "json_schema", "*.json")]
    random_ones = drawn(lambda rng: json_bytes(random_schema(rng)))
    as_texts = spoiled_texts(drawn(lambda rng: json_bytes(random_schema(rng))).map(text_of), SCHEMA_PIECES)
    more = [json.loads(json_bytes(random_schema(random.Random(seed)))) for seed in range(300)]
    edited = spoiled_values(shipped + more, [*SCHEMA_PIECES, *NAMES])
    return with_option(len(SCHEMA_OPTIONS), st.one_of(random_ones, as_texts, edited, edited))


def _schema_starters() -> list[bytes]:
    return [b"\0" + json_bytes(json.loads(text)["schema"]) for text in files(SCHEMAS / "json_schema", "*.json", 1500)]


# Regular expressions

REGEX_PIECES: Final = tuple(
    r"\d \w \s \b \B \A \Z \p{L} \P{Nd} \u{1F600} \x41 \u00e9 \cA \1 \k<n> (?: (?= (?! (?<= (?<! (?P<n> (?i) (?s: "
    r"(?-i: [^ [[:alpha:]] [a-] [\]] [^\s\S] {2} {1,2} {0,} {,3} {99} {1000} {0,0} *? +? ?? ++ | ^ $ . \\ \/ # (?#c) "
    r"(?x)".split()
)
REGEX_STARTERS: Final = (r"^(ab|c)*\d{2,4}$", r"(?i:x)[^a-z]+?(?=y)y", r"\p{L}+(?<!b)\.", "é|[à-ü]")


def _regex(compiler: mw.Compiler, content: bytes) -> Grammars:
    return [compiler.compile_regex(text_of(content))]


# Grammars

GBNF_PIECES: Final = (
    *r"""
    ::= root | ( ) * + ? {2,3} {0} {3,} "a" "\x41" [a-z] [^\n] [] . <[3]> !<think> <call> \u00e9 ""
    """.split(),
    *("# note\n", "\n"),
)
EBNF_PIECES: Final = (
    *r"""
    ::= root | ( ) * + ? {2,3} #x41 [#x20-#x7F] [^a] - 'a' [1] TagDispatch( Token(3) (= "\n"
    """.split(),
    *("/* c */", "[wfc: x]", "\n", "# c\n"),
)
LARK_PIECES: Final = (
    *r"""
    start : | ( ) [ ] * + ? ~2 ~1..3 "a" "a"i /a+/ /b/i %ignore %declare %override %extend -> .1 { } _A A:
    %regex <[3]> /(?=a)/ /a*?/ \ ! ? @
    """.split(),
    *("\n", "\n    ", "// c\n", "%import common.WS", "%import common", "x{a, b}", "%json {", "%llguidance {}"),
    *("%ignore /\\s+/\n",),
)


def _gbnf(compiler: mw.Compiler, content: bytes) -> Grammars:
    return [compiler.compile_gbnf(text_of(content))]


def _ebnf(compiler: mw.Compiler, content: bytes) -> Grammars:
    return [compiler.compile_ebnf(text_of(content))]


LARK_OPTIONS: Final[tuple[Mapping[str, Any], ...]] = (
    {},
    {"lexer": "dynamic_complete"},
    {"lexer": "basic"},
)


def _lark(compiler: mw.Compiler, content: bytes) -> Grammars:
    options, content = chosen(LARK_OPTIONS, content)
    return [compiler.compile_lark(text_of(content), **options)]


def _gbnf_texts() -> st.SearchStrategy[bytes]:
    return spoiled_texts(gbnf_grammars.map(print_gbnf) | _shipped("gbnf", "*.gbnf"), GBNF_PIECES)


def _ebnf_texts() -> st.SearchStrategy[bytes]:
    printed = xgrammar_grammars.map(print_xgrammar) | w3c_grammars.map(print_w3c)
    return spoiled_texts(printed | _shipped("ebnf", "*.ebnf"), EBNF_PIECES)


TERMINALS: Final = (
    *('/[a-c]+/ "a" "ab"i /a|ab/ /a(?!b)/ /b*c/ (A|B)+ "a".."c"'.split()),
    *("A B?", '"x" ~ 1..3'),
)


def _lark_texts() -> st.SearchStrategy[bytes]:
    terminal = st.sampled_from(TERMINALS)
    terminals = st.tuples(terminal, terminal).map(lambda two: f"A: {two[0]}\nB: {two[1]}\n")
    ignored = st.sampled_from(["", '%ignore " "\n', "%ignore B\n", "%import common.WS\n%ignore WS\n"])
    small = st.tuples(productions(), terminals, ignored, st.sampled_from(["s", "s A", "(B s)*", "s | A t", "[t] u"]))
    made = small.map(lambda parts: f"start: {parts[3]}\n" + as_lark(parts[0]) + parts[1] + parts[2])
    return with_option(len(LARK_OPTIONS), spoiled_texts(made | _shipped("lark", "*.lark", 1500), LARK_PIECES))


def _shipped(folder: str, pattern: str, most: int = 4000) -> st.SearchStrategy[str]:
    return st.sampled_from(files(SCHEMAS / folder, pattern, most))


def _starters(folder: str, pattern: str, before: bytes = b"") -> Callable[[], Sequence[bytes]]:
    return lambda: [before + bytes_of(text) for text in files(SCHEMAS / folder, pattern, 1500)]


# Formulas

FORMULA_PIECES: Final = (
    *r"""
    G F X N U R W M Y Z O H S T & | -> <-> ! ( ) a b last first true false a.contains("x") a.matches(/x*/)
    a[0] $x 1e9
    """.split(),
    *('call(f, x="1")', "3 < a.length <= 9", 'a == "t"', 'a["k"].b >= 1'),
)
ATOMS: Final = st.sampled_from(["a", "b", "c", "last", "true", "first", 'a.contains("x")', "a.length > 3", 'b == "t"'])
FORMULAS: Final = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(list("!XNFGYZOH")), inner).map(lambda parts: f"{parts[0]} ({parts[1]})"),
        st.tuples(inner, st.sampled_from(["&", "|", "->", "<->", *"URWMST"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
    ),
    max_leaves=6,
)


def _formula(_: mw.Compiler, content: bytes) -> Grammars:
    ltlf_to_dfa(text_of(content), max_states=300)
    return []


# Behaviour specifications

YAML_PIECES: Final = (
    *r"""
    segments: flow: rules: { } [ ] a b text: open: close: free call tools: budget: environment: at_most: mention_all:
    ltlf: ' " &x *x !!python/object ... --- <<: 1e9 null ~
    """.split(),
    *("\n", "\n  ", "- ", ": ", "? ", "\t", "# c", "|\n", ">-\n", "writer: env", "never: a", "max_tokens: 3"),
    *("{regex: ", "{choice: [", "{json: ", "generated_tokens: 2", "G(a -> F b)", "a (b a)*", "(a | b){0,3}"),
)
SMALL_SPECS: Final = (
    """\
segments: {a: {text: free}, b: {text: {choice: [x, yy]}}}
flow: a b
""",
    """\
segments: {a: {open: '<a>', close: '</a>', text: {regex: '[a-c]*'}}, b: {open: '<b>', writer: env}}
flow: (a b)* a
rules: [{never: 'a.contains("ab")'}, {at_most: {n: 2, of: a}}]
""",
    """\
segments: {a: {open: A, text: {json: {type: integer}}}, b: {open: B, text: free, max_tokens: 4}}
flow: (a | b)+
rules: [{ltlf: 'G(a -> F b)'}]
budget: {generated_tokens: 12}
environment: cooperative
""",
    """\
segments: {a: {open: A, close: ';', text: {parts: [x, {regex: '[0-9]+'}]}, label: {open: L, bind: l}}
flow: label? a{1,3}
rules: [{mention_any: {terms: [x, 'y z'], in: a}}]
""",
)


def _spec_file(_: mw.Compiler, content: bytes) -> Grammars:
    spec = Spec.from_yaml(text_of(content))
    if Spec.from_yaml(spec.to_yaml()) != spec:
        raise BrokenLawError("round trip: a specification that is written reads back as another")
    return []


def _behaviour(compiler: mw.Compiler, content: bytes) -> Grammars:
    return [compiler.compile_behaviour(Spec.from_yaml(text_of(content))).start()]


def _spec_texts() -> st.SearchStrategy[bytes]:
    examples = files(SCHEMAS / "behaviour", "*.yaml")
    return spoiled_texts(st.sampled_from([*examples, *SMALL_SPECS * 3]), YAML_PIECES)


def _small_spec_texts() -> st.SearchStrategy[bytes]:
    return spoiled_texts(st.sampled_from(SMALL_SPECS), YAML_PIECES)


NOTATIONS: Final = (
    Target("json_schema", _schema, _schemas, _schema_starters, SCHEMA_PIECES),
    Target(
        "regex",
        _regex,
        lambda: spoiled_texts(PATTERNS, REGEX_PIECES),
        lambda: [
            piece.encode() for piece in (r"^(ab|c)*\d{2,4}$", r"(?i:x)[^a-z]+?(?=y)y", r"\p{L}+(?<!b)\.", "é|[à-ü]")
        ],
        REGEX_PIECES,
    ),
    Target("gbnf", _gbnf, _gbnf_texts, _starters("gbnf", "*.gbnf"), GBNF_PIECES),
    Target("ebnf", _ebnf, _ebnf_texts, _starters("ebnf", "*.ebnf"), EBNF_PIECES),
    Target("lark", _lark, _lark_texts, _starters("lark", "*.lark", b"\0"), LARK_PIECES),
    Target(
        "formula",
        _formula,
        lambda: spoiled_texts(FORMULAS, FORMULA_PIECES),
        lambda: [b"G(a -> F b)", b'a.contains("x") U (b & X c)', b"O(first) | 0 < a.length <= 9"],
        FORMULA_PIECES,
    ),
    Target("spec_file", _spec_file, _spec_texts, lambda: [text.encode() for text in SMALL_SPECS], YAML_PIECES),
    Target("behaviour", _behaviour, _small_spec_texts, lambda: [text.encode() for text in SMALL_SPECS], YAML_PIECES),
)
