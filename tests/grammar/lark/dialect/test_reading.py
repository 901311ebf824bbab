"""The dialect: what is read in place of what lark does not know, and what a fault says."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw
from maskwright.errors import GrammarSyntaxError, InvalidSchema, LimitExceeded, MaskwrightError
from maskwright.grammar.ir import TokenSet
from maskwright.grammar.lark import PYTHON_INDENTER, lark_grammar
from maskwright.grammar.lark.dialect import SpecialTokens, read_dialect
from tests.grammar.lark.reading import CALL, END_OF_CALL, judge
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars

WEATHER = r"""// a call, or any text that does not look like one
start: TEXT | fun_call
TEXT: /[^{](.|\n)*/
fun_call: %json {
  "type": "object",
  "properties": {
    "name": { "const": "get_weather" },

    "parameters": {
      "type": "object",
      "properties": { "city": { "type": "string" } },
      "required": ["city"]
    }
  },
  "required": ["name", "parameters"]
} "!"{2,} | <|call|> "x"{2,3} <[258]>
"""


def test_the_example_of_llguidance_s_documentation_is_read() -> None:
    accepts = judge(WEATHER)
    assert accepts("There is no function I can call")
    assert accepts('{"name":"get_weather","parameters":{"city":"Seattle"}}!!!')
    assert accepts(CALL, "xxx", END_OF_CALL)
    assert not accepts('{"name":"get_weather"}!!')
    assert not accepts('{"name":"get_weather","parameters":{"city":"Seattle"}}!')
    assert not accepts(CALL, "xxxx", END_OF_CALL)
    assert not accepts("<|call|>xx", END_OF_CALL)


@pytest.mark.parametrize("grammar", shipped_grammars(), ids=lambda grammar: grammar.name)
def test_a_grammar_in_lark_s_own_notation_stays_as_it_is(grammar: ShippedGrammar) -> None:
    read = read_dialect(grammar.text, "a grammar")
    assert read.plain.text == grammar.text
    assert not read.is_beyond_lexers and not read.has_signs and not read.attributes


def test_places_are_those_of_the_text_that_was_written() -> None:
    plain = read_dialect(WEATHER, "a grammar").plain
    assert "%json" not in plain.text and "{2,}" not in plain.text
    for written in ("start", "TEXT", "fun_call", '"!"', '"x"'):
        assert plain.place(plain.text.index(written)) == WEATHER.index(written)
    assert plain.place(len(plain.text)) == len(WEATHER)


def test_unique_items_are_compared_within_their_own_document() -> None:
    schema = '{"type": "array", "items": {"type": "integer"}, "uniqueItems": true}'
    accepts = judge(f'start: (%json {schema} ";")*\n%ignore " "\n')
    assert accepts("[1, 2]; [1,2];") and not accepts("[1, 1];")


def test_names_stand_for_grammars_of_the_caller() -> None:
    number = mw.Grammar.from_regex("[0-9]+")
    inner = mw.Grammar.from_json_schema({"enum": ["a", "b"]})
    accepts = judge('start: "<" @number ("," @value)* ">"\n', grammars={"number": number, "value": number | inner})
    assert accepts('<12,"a",7>') and not accepts('<"a">')
    with pytest.raises(GrammarSyntaxError, match=r"no grammar called 'numbr' \(did you mean '@number'\?\)"):
        lark_grammar("start: @numbr", grammars={"number": number})


def test_grammars_nest_and_keep_what_they_ignore_to_themselves() -> None:
    text = (
        'start: "a" %lark {\n  start: "b" [start] "c"  // a brace in a comment: }\n  %ignore "_"\n} "d"\n%ignore " "\n'
    )
    accepts = judge(text)
    assert [accepts(t) for t in ("abcd", "a b_c d", "abbccd", "a b cd", "_abcd")] == [True, True, True, False, False]
    assert judge(text, lexer="dynamic_complete")("a _b_b_c_c_ d")
    assert judge('start: %lark { start: "{" %lark { start: /}/ | "x" } }')("{x")


def test_schemas_and_grammars_come_from_the_folders_of_the_caller_only(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.json").write_text(json.dumps({"const": 1}), encoding="utf-8")
    (tmp_path / "outside.json").write_text("{}", encoding="utf-8")
    folder = tmp_path / "inner"
    assert judge('start: %json "a.json"', import_paths=[folder])("1")
    for file, message in [
        ("b.json", "there is no file 'b.json'"),
        ("../outside.json", "leads out of the folders"),
        (str(tmp_path / "outside.json"), "leads out of the folders"),
    ]:
        with pytest.raises(GrammarSyntaxError, match=message):
            lark_grammar(f"start: %json {json.dumps(file)}", import_paths=[folder])
    with pytest.raises(GrammarSyntaxError, match="and there are none"):
        lark_grammar('start: %json "a.json"')


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<|call|>", TokenSet(names=("<|call|>",))),
        ("<[7]>", TokenSet(ids=(7,))),
        ("<[5-7, 1,6]>", TokenSet(ids=(1, 5, 6, 7))),
        ("<[^0,2-3]>", TokenSet(ids=(0, 2, 3), negated=True)),
        ("<[*]>", TokenSet(negated=True)),
    ],
)
def test_special_tokens_are_written_by_name_and_by_id(written: str, expected: TokenSet) -> None:
    (part,) = read_dialect(f"start: {written}", "a grammar").embedded.values()
    assert isinstance(part, SpecialTokens) and part.tokens == expected


@pytest.mark.parametrize(
    ("value", "accepted", "rejected"),
    [
        ('{"substring_chunks": ["abc", "de", "fg"]}', ["", "abc", "abcde", "defg", "abcdefg"], ["ab", "cde", "abcfg"]),
        ('{"substring_words": "foo bar. baz"}', ["", "foo", " bar", "bar. ", ". baz", " "], ["fo", "bar ", "ba"]),
        ('{"substring_chars": "ab c"}', ["", "b c", "ab", " "], ["ac", "c "]),
        ('{"regex": "a|ab"}', ["a", "ab"], ["", "b"]),
        ('{"substring_chunks": ["a", "an", " ", "a", "b"]}', ["a", "an", "aan", "an a", "ab", "an ab"], ["n", "anb"]),
        ('{"substring_chars": ""}', [""], ["a"]),
    ],
)
def test_structured_regular_expressions_quote_a_text(value: str, accepted: list[str], rejected: list[str]) -> None:
    for grammar in (f'start: "q:" %regex {value}\n', f'start: "q:" Q\nQ: %regex {value}\n'):
        accepts = judge(grammar)
        assert [text for text in accepted if not accepts("q:" + text)] == []
        assert [text for text in rejected if accepts("q:" + text)] == []


def test_a_long_text_is_quoted_by_words() -> None:
    rng = random.Random(5)
    text = " ".join("".join(rng.choice("abcde") for _ in range(rng.randint(1, 6))) for _ in range(800))
    accepts = judge(f"start: %regex {json.dumps({'substring_words': text})}")
    words = text.split(" ")
    assert accepts(" ".join(words[100:160])) and not accepts(" ".join([*words[100:130], *words[131:160]]))


def test_counts_are_read_in_braces() -> None:
    accepts = judge('start: "a"{2} ("b" | "c"){1,2} T{,1} ("d" "e"){2,}\nT: "x"{2,}\n')
    assert accepts("aabdede") and accepts("aacbxxxdedede")
    assert not accepts("aabde") and not accepts("aabxdede") and not accepts("abdede")


def test_attributes_that_change_no_text_are_reported() -> None:
    grammar = lark_grammar('start: a b\na[capture, temperature=0.7]: "x"\nb[capture="c", lazy]: /y+/\n')
    assert [(finding.pointer, finding.keyword) for finding in grammar.report] == [
        ("a", "capture"), ("a", "temperature"), ("b", "capture"),
    ]  # fmt: skip


def test_the_mark_of_llguidance_is_read() -> None:
    assert judge('%llguidance {}\nstart: "a"\n')("a")
    assert judge('%llguidance { "no_forcing": true }\nstart: "a"\n')("a")


def test_a_grammar_within_keeps_its_own_faults() -> None:
    with pytest.raises(InvalidSchema):
        lark_grammar('start: %json {"type": "foo"}')


def test_an_indenter_does_not_fit_embedded_parts() -> None:
    with pytest.raises(GrammarSyntaxError, match="an indenter needs a lexer, but a grammar with embedded grammars"):
        lark_grammar("start: %json {}", indenter=PYTHON_INDENTER)


FAULTS = json.loads((Path(__file__).parent / "faults.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case["grammar"])
def test_a_fault_is_told_with_its_place_and_what_was_expected(case: dict[str, Any]) -> None:
    with pytest.raises(GrammarSyntaxError) as fault:
        lark_grammar(case["grammar"])
    found = {"grammar": fault.value.source, "position": fault.value.position, "message": fault.value.message}
    assert found == case


def test_what_nests_too_deeply_is_an_error() -> None:
    with pytest.raises(LimitExceeded, match="The nesting of %lark"):
        lark_grammar("start: " + "%lark { start: " * 10 + '"a"' + " }" * 10)
    with pytest.raises(LimitExceeded):
        lark_grammar('start: %json {"a": ' + "[" * 100_000)
    with pytest.raises(LimitExceeded):
        lark_grammar("start: T\nT: " + "~" * 5_000 + '"a"')
    with pytest.raises(LimitExceeded, match="The token ids that a grammar lists"):
        lark_grammar("start: <[0-2000000]>")


SEEDS = [
    WEATHER,
    r"""start: A (B | a[lazy])*
a[lazy, suffix="<e>"]: /.*/ B{2,} "x"i
b[stop=B, capture="q", temperature=0.5]: (A "y")? b | /z/
A: /[a-z ]*/ & ~/(?s:.*)if(?s:.*)/ & (B | "c".."f"+)
B: ~("x" | "y"){1,2} "q"  // comment
 | %regex {"substring_chars": "abc"}
%ignore " " & ~"x"
%import common.WS -> WS
""",
    r"""start: %lark { start: "a" b?
b: <[1-3,5]> | @g } <|call|> %json {"type":"string"} <[^2]> <[*]>
%llguidance {}
sep{x,y}: x (y x)*
c: sep{A, "q"}
A: "a"..."b"
""",
]
PIECES = [
    *'[](){}&~|:"/%@<>,.*+?^-=\n #\\', "%json", "%regex", "%lark", "{2,}", "{,3}", "[lazy]", "..", "->", "start", "A",
    '"x"', "/y/", "~2", "\ufdd0", "%ignore", "::",
]  # fmt: skip


def test_any_text_is_read_or_refused_with_an_error_of_ours() -> None:
    rng = random.Random(11)
    for _ in range(400):
        text = rng.choice(SEEDS)
        for _ in range(rng.choice([1, 1, 2, 3, 6])):
            begin = rng.randrange(len(text) + 1)
            end = min(len(text), begin + rng.choice([0, 0, 1, 2, 8]))
            text = text[:begin] + rng.choice([*PIECES, text[rng.randrange(len(text)) :][:6]]) + text[end:]
        with contextlib.suppress(MaskwrightError):
            lark_grammar(text, lexer=rng.choice(["contextual", "basic", "dynamic_complete"]))
