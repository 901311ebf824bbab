"""Canvases of what is more than rules: tokens by name, lexers, counters, sets of names, composed grammars.

Against every filling, read from the left by the matcher; texts are held against judges of their own kind as well.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import jsonschema
import pytest
from lark import Lark
from lark.exceptions import LarkError

import maskwright as mw
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import MASK, Gap
from maskwright.matching.vocabulary import Vocabulary
from tests.matching.infilling.judging import check_canvas, masks_of, random_member, random_slots, slots_around
from tests.naive.canvas import fillings

LARK = 'start: (("let" NAME "=")? value ";")+\nvalue: NAME | NUMBER\nNAME: /[aelt]+/\nNUMBER: /[12]+/\n%ignore " "'
LISTS = 'start: "(" pair* ")" | "a"\npair: "(" ("a" pairs)? ")" | "a"\npairs: "()"*\n%ignore " "'


def json_grammar(schema: object, *, is_any_order: bool = True) -> Grammar:
    order = PropertyOrder.ANY if is_any_order else PropertyOrder.DECLARED
    return json_schema_grammar(schema, JSONSchemaOptions(whitespace=Whitespace.COMPACT, property_order=order))


def is_valid(schema: object) -> Callable[[str], bool]:
    validator = jsonschema.Draft202012Validator(schema)

    def judged(text: str) -> bool:
        try:
            pairs: list[list[tuple[str, object]]] = []
            value = json.loads(text, object_pairs_hook=lambda found: (pairs.append(found), dict(found))[1])
        except json.JSONDecodeError:
            return False
        has_repeated = any(len(dict(found)) < len(found) for found in pairs)
        return not has_repeated and bool(validator.is_valid(value))

    return judged


def is_parsed(source: str) -> Callable[[str], bool]:
    parser = Lark(source, parser="lalr", lexer="contextual")

    def judged(text: str) -> bool:
        try:
            parser.parse(text)
        except LarkError:
            return False
        return True

    return judged


STRING = {"type": "string", "minLength": 2, "maxLength": 3}
QUOTED = {**STRING, "pattern": '^[ab"é]*$'}
ITEMS = {"type": "array", "items": {"enum": [1, 12, "t"]}, "minItems": 2, "maxItems": 3}
NESTED = {
    "type": "array",
    "items": {"type": "array", "items": {"const": 1}, "maxItems": 2},
    "minItems": 1,
    "maxItems": 2,
}
CLOSED = {
    "type": "object",
    "properties": {"a": {"enum": [1, 2]}, "ab": {"enum": ["", 12]}, "b": {"const": "a"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
COUNTED = {**CLOSED, "required": ["ab"], "maxProperties": 2}
MIXED = {"anyOf": [{**CLOSED, "required": []}, ITEMS, {"type": "string", "maxLength": 1, "pattern": "^a*$"}]}


@dataclass(frozen=True, slots=True)
class Sort:
    """A grammar, tokens that cross the borders of its parts (`|` between them), who knows its texts, and most slots."""

    grammar: Grammar
    tokens: str
    is_text: Callable[[str], bool]
    most: int = 5


SORTS: dict[str, Sort] = {
    "a string of two or three": Sort(
        json_grammar(STRING), '"a|aa|b"|ab"|"ba"|\\n|\\u00|61|"é|\\"', is_valid(STRING), 2
    ),
    "a string by its pattern": Sort(json_grammar(QUOTED), '"|a|"a|aa|b"|ab"|"ba"|é|"é|\\"|\\"b', is_valid(QUOTED)),
    "two or three items": Sort(json_grammar(ITEMS), '[|]|,|1|2|12|[1|,1|1,|2]|"t"|"t|t",|,12,|[[', is_valid(ITEMS)),
    "arrays of arrays": Sort(json_grammar(NESTED), "[|]|,|1|[[|]]|],[|1,1|[1|1]", is_valid(NESTED)),
    "members in any order": Sort(
        json_grammar(CLOSED), '{"|"|:|1|,"|a|b|a":1|"b":|"a"|}|,|,"b":"a"|{"ab":|""|b":"|2,"|""}', is_valid(CLOSED), 6
    ),
    "members in their order": Sort(
        json_grammar(CLOSED, is_any_order=False), '{"a":|1|,"b":"|a"|}|2|,"ab":|""|"}|a|,|"b":', is_valid(CLOSED), 6
    ),
    "counted members": Sort(
        json_grammar(COUNTED), '{"ab":""|{"a":|{|}|,|"a":1|"b":"a"|"ab":|""|1|12|"b|":|"a"', is_valid(COUNTED)
    ),
    "values of several types": Sort(
        json_grammar(MIXED), '{|}|[|]|"|a|1|,|"a":|[1,|12|"t"|{"b":"a"|"a"', is_valid(MIXED), 4
    ),
    "a lexer": Sort(Grammar.from_lark(LARK), "let|le|t| |a|=|;|1|22|; |=a|let a|t;|a1|l|1;", is_parsed(LARK)),
    "a lexer with brackets": Sort(Grammar.from_lark(LISTS), "(|)|a| |((|))|)(|(a|a)| a|a a", is_parsed(LISTS)),
    "one and then the other": Sort(
        Grammar.from_regex("[ab]{1,3}") + json_grammar(ITEMS),
        'a|b|[|]|,|1|12|a[|b[1|,1]|"t"|aa',
        lambda text: re.match("[ab]{1,3}", text) is not None and is_valid(ITEMS)(text.lstrip("ab")),
    ),
    "repeated": Sort(
        (Grammar.from_gbnf('root ::= "(" root ")" | "x"') | Grammar.from_regex("y+z")).repeat(1, 2),
        "(|)|x|y|z|(x|x)|)(|yz|zy|xx|))",
        lambda text: re.fullmatch(r"(y+z|[(]*x[)]*){1,2}", text) is not None and text.count("(") == text.count(")"),
    ),
    "without some texts": Sort(
        Grammar.from_gbnf('root ::= [ab] root | "c"') - ".*ab.*", "a|b|c|ba|bb|ac|bc|aa", lambda text: "ab" not in text
    ),
}


def with_gaps_filled(grammar: Grammar, tokens: list[bytes]) -> CompiledGrammar:
    """With a vocabulary of these tokens and the single bytes that it must have; the last token ends a text."""
    try:
        return mw.Compiler(Vocabulary([*tokens, b""], eos_token_ids=[len(tokens)])).compile_grammar(grammar)
    except mw.VocabularyGap as error:
        return with_gaps_filled(grammar, [*tokens, *(bytes([byte]) for byte in error.missing)])


def check(name: str, seed: int) -> bool:
    """A random canvas; was it completable?"""
    sort = SORTS[name]
    rng = random.Random(f"{name} {seed}")
    tokens = sort.tokens.split("|")
    kept = rng.sample(tokens, rng.randint(2 * len(tokens) // 3, len(tokens)))
    grammar = with_gaps_filled(sort.grammar, [token.encode() for token in kept])
    eos = grammar.vocabulary.eos_token_ids[0]
    with_end = rng.random() < 0.5
    member = random_member(grammar, rng, sort.most) if rng.random() < 0.7 else None
    if member is None:
        slots = random_slots(rng, len(kept), eos if with_end else None, sort.most)
    else:
        slots = [*slots_around(member, rng, len(kept)), *([Gap.at_most(1)] if with_end else [])]
    eos_ids = [eos] if with_end else []
    texts = list(fillings(grammar, slots, eos_ids))
    for text in rng.sample(texts, min(20, len(texts))):
        written = grammar.vocabulary.decode(token for token in text if 0 <= token < eos)
        assert sort.is_text(written.decode()), written
    return check_canvas(grammar, slots, eos_ids, texts, rng) is not None


@pytest.mark.parametrize("name", SORTS)
def test_masks_and_joint_choices_equal_enumeration(name: str) -> None:
    assert sum(check(name, seed) for seed in range(25)) >= 10


@pytest.mark.deep
@pytest.mark.parametrize("name", SORTS)
def test_many_masks_and_joint_choices_equal_enumeration(name: str) -> None:
    assert sum(check(name, 1_000 + seed) for seed in range(500)) > 200


THOUGHTS = Grammar.from_gbnf("""
root ::= thought? answer
thought ::= <think> !</think>* </think> | <[9]> !<think> </think>
answer ::= ("yes" | "no" <tool>?) "."
""")
WORDS = [b"y", b"e", b"s", b"n", b"o", b".", b"yes", b"no.", b"s.", b"<think>", b"</think>", b"<tool>", b""]
THINK, THOUGHT, TOOL, END = 9, 10, 11, 12
WITH_NAMES = Vocabulary(
    WORDS,
    eos_token_ids=[END],
    special_token_ids=[THINK, THOUGHT, TOOL],
    special_token_names={"<think>": THINK, "</think>": THOUGHT, "<tool>": TOOL},
)


def is_thoughtful(tokens: tuple[int, ...]) -> bool:
    """The same grammar, by a regular expression over tokens, written as letters."""
    letters = "".join("yesno.YNSiktE"[token] for token in tokens)
    spelt = re.sub(r"S", "s.", letters.replace("Y", "yes").replace("N", "no."))
    answer = re.search(r"(yes|not?)\.$", spelt)
    if answer is None:
        return False
    thought = spelt[: answer.start()]
    return thought == "" or re.fullmatch(r"i[^k]*k|i(?:[^i]|no\.|yes|s\.)k", thought) is not None


def test_special_tokens_stand_where_they_are_named() -> None:
    grammar = mw.Compiler(WITH_NAMES).compile_grammar(THOUGHTS)
    n_completable = 0
    for seed in range(60):
        rng = random.Random(seed)
        member = random_member(grammar, rng, 5)
        slots = slots_around(member, rng, END) if member and seed % 4 else random_slots(rng, END, None, 5)
        texts = list(fillings(grammar, slots))
        for text in texts[:: 1 + len(texts) // 50]:
            assert is_thoughtful(tuple(token for token in text if token >= 0)), text
        n_completable += check_canvas(grammar, slots, [], texts, rng) is not None
    assert n_completable > 40


def test_a_slot_where_only_a_special_token_fits_is_forced() -> None:
    grammar = mw.Compiler(WITH_NAMES).compile_grammar(THOUGHTS)
    no, answer_end = [3, 4], 5
    canvas = grammar.canvas([THINK, MASK, MASK, THOUGHT, *no, MASK, answer_end])
    assert masks_of(canvas)[1] == set(range(END)) - {THOUGHT}
    assert masks_of(canvas)[6] == {TOOL}
    assert canvas.forced() == {6: TOOL}
