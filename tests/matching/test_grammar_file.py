"""Saved grammars: the same masks after loading, and files that are not what they should be."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.array_file import packed, unpacked

SINGLE = [bytes([byte]) for byte in range(256)]
WORDS = [b'{"', b'":', b'", "', b'"}', b"tru", b"ab", b"12", b"  ", b"\\u00", b"e-", b"-0", b"name", b"\n\n"]
VOCABULARY = mw.Vocabulary(
    [*SINGLE, *WORDS, b"</s>", b"<call>"],
    eos_token_ids=[269],
    special_token_ids=[270],
    special_token_names={"<call>": 270},
)
COMPILER = mw.Compiler(VOCABULARY, cache_bytes=0)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+é?$", "maxLength": 9},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 3},
        "more": {"$ref": "#"},
        "n": {"type": "integer", "minimum": -5, "maximum": 250},
    },
    "required": ["name"],
    "patternProperties": {"^x-": {"type": "boolean"}},
    "additionalProperties": False,
}
TEXTS = ['{"name": "ab", "tags": ["x", "x"], "n": 12}', '{"x-a":true,"more":{"name":"z"},"name":"q"}', '{"n": -0']
LARK = (
    'start: (NAME "=" value ";")*\nvalue: NAME | NUMBER | "(" value ")"\nNAME: /[a-z]+/\nNUMBER: /[0-9]+/\n%ignore " "'
)


def masks_along(grammar: mw.CompiledGrammar, text: str) -> list[bytes]:
    """The masks before each byte, as far as the text is allowed."""
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    masks = []
    for byte in text.encode():
        matcher.fill_bitmask(row)
        masks.append(row.tobytes())
        if not matcher.allows(byte):
            break
        matcher.accept_bytes(bytes([byte]))
    return masks


@pytest.mark.parametrize(
    ("grammar", "texts"),
    [
        (COMPILER.compile_json_schema(SCHEMA), TEXTS),
        (COMPILER.compile_json_schema(SCHEMA, options=mw.JSONSchemaOptions.exact()), TEXTS),
        (COMPILER.compile_regex("(ab|[0-9]{2,4})*é?"), ["ab12ab", "é", "12345678"]),
        (COMPILER.compile_gbnf('root ::= <call> list | list\nlist ::= "a" | list "," "a"'), ["a,a,a", "b"]),
        (COMPILER.compile_lark(LARK), ["ab = 12; c = (((d)));", "a b", "a=1;;"]),
        (COMPILER.compile_grammar(mw.Grammar.from_text("ab: ") + mw.Grammar.from_json_schema(SCHEMA)), ["ab: {"]),
    ],
    ids=["schema", "exact schema", "regex", "gbnf", "lark", "composition"],
)
def test_a_loaded_grammar_has_the_same_masks(grammar: mw.CompiledGrammar, texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "saved.grammar"
    grammar.save(path)
    loaded = COMPILER.load_grammar(path)
    for text in texts:
        assert masks_along(loaded, text) == masks_along(grammar, text)
    assert str(loaded.report) == str(grammar.report)
    assert COMPILER.grammar_from_bytes(grammar.to_bytes()).to_bytes() == path.read_bytes()


def test_a_vocabulary_with_gaps_keeps_what_was_cut_out(tmp_path: Path) -> None:
    tokens = [token for token in SINGLE if token not in b"xyz"] + [b"</s>"]
    compiler = mw.Compiler(mw.Vocabulary(tokens, eos_token_ids=[len(tokens) - 1]))
    grammar = compiler.compile_regex("[a-z]{2}")
    grammar.save(tmp_path / "saved.grammar")
    matcher = compiler.load_grammar(tmp_path / "saved.grammar").matcher()
    with pytest.raises(mw.TokenRejected):
        matcher.accept_bytes(b"x")
    matcher.accept_bytes(b"ab")
    assert matcher.is_accepting()


def test_a_grammar_can_be_saved_while_it_is_used() -> None:
    grammar = COMPILER.compile_json_schema(SCHEMA)
    thread = threading.Thread(target=lambda: [masks_along(grammar, text) for text in TEXTS])
    thread.start()
    content = grammar.to_bytes()
    thread.join()
    assert grammar.to_bytes() == content


def test_loading_imports_no_front_end(tmp_path: Path) -> None:
    COMPILER.compile_json_schema(SCHEMA).save(tmp_path / "saved.grammar")
    program = (
        "import sys, maskwright as mw\n"
        "from tests.matching.test_grammar_file import SINGLE, WORDS\n"
        "vocabulary = mw.Vocabulary([*SINGLE, *WORDS, b'</s>', b'<call>'], eos_token_ids=[269],\n"
        "    special_token_ids=[270], special_token_names={'<call>': 270})\n"
        "for name in [name for name in sys.modules if name.startswith('maskwright.grammar.json_schema')]:\n"
        "    sys.modules[name] = None\n"
        "matcher = mw.Compiler(vocabulary).load_grammar(sys.argv[1]).matcher()\n"
        'matcher.accept_bytes(b\'{"name": "ab"}\')\n'
        "print(matcher.is_accepting())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "saved.grammar"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True\n", done.stderr


CONTENT = COMPILER.compile_json_schema(SCHEMA).to_bytes()


def refusal(content: bytes, compiler: mw.Compiler = COMPILER) -> str:
    with pytest.raises(mw.InvalidGrammarFile) as refused:
        compiler.grammar_from_bytes(content)
    return str(refused.value)


def changed(**members: Any) -> bytes:
    """The content with another header, and a checksum that fits."""
    header, arrays = unpacked(CONTENT)
    return packed({**header, **members}, arrays)


def test_what_is_refused_and_why(tmp_path: Path) -> None:
    cannot = "This cannot be loaded as a compiled grammar: "
    assert refusal(b"") == cannot + "it does not begin like a file of this version."
    assert refusal(b"\x80\x04pickle" + CONTENT) == cannot + "it does not begin like a file of this version."
    assert refusal(CONTENT[:-1]) == cannot + "its checksum does not fit its content."
    assert refusal(changed(kind="other")) == cannot + "it holds something else."
    assert refusal(changed(format=7)) == cannot + "it has format 7, this version of maskwright reads 1."
    other = mw.Compiler(mw.Vocabulary([*SINGLE, b"</s>"], eos_token_ids=[256]))
    assert refusal(CONTENT, other) == cannot + "it was compiled for another vocabulary."
    for content in (b"", CONTENT[:100]):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(mw.InvalidGrammarFile, match="bad cannot be loaded"):
            COMPILER.load_grammar(tmp_path / "bad")
    with pytest.raises(FileNotFoundError):
        COMPILER.load_grammar(tmp_path / "absent")


@given(place=st.integers(0, 10**9), flipped=st.integers(1, 255))
def test_a_flipped_byte_anywhere_is_noticed(place: int, flipped: int) -> None:
    content = bytearray(CONTENT)
    content[place % len(content)] ^= flipped
    refusal(bytes(content))


@given(place=st.integers(0, 10**9))
def test_a_file_that_was_cut_is_refused(place: int) -> None:
    refusal(CONTENT[: place % len(CONTENT)])


@given(st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.large_base_example])
def test_a_forged_file_is_refused_or_is_some_grammar(data: st.DataObject) -> None:
    """With a checksum that fits: no index leads out of its array, so masks are filled, whatever the language is."""
    header, arrays = unpacked(CONTENT)
    name = data.draw(st.sampled_from(sorted(name for name, array in arrays.items() if array.size)))
    array = arrays[name].copy()
    limits = (0, 1) if array.dtype == np.bool_ else (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max)
    near = st.integers(-3, 300).filter(lambda value: limits[0] <= value <= limits[1])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, array.size - 1))
        array.reshape(-1)[place] = data.draw(near | st.integers(int(limits[0]), int(limits[1])))
    try:
        grammar = COMPILER.grammar_from_bytes(packed(header, {**arrays, name: array}))
        for text in TEXTS:
            masks_along(grammar, text)
    except mw.MaskwrightError:
        pass


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [[1]], ["a"] * 3])
@pytest.mark.parametrize("name", ["names", "languages", "findings", "nodes", "is_document"])
def test_a_header_of_other_types_is_refused_or_harmless(name: str, value: object) -> None:
    header, _ = unpacked(CONTENT)
    content = changed(grammar={**header["grammar"], name: value})
    try:
        masks_along(COMPILER.grammar_from_bytes(content), TEXTS[0])
    except mw.InvalidGrammarFile:
        pass


@pytest.mark.parametrize(
    "listed", [[["words", "<i8", [10**18], 0]], [["words", "O", [1], 0]], [["words", "<i8", [1], -8]], [3], 3]
)
def test_a_header_whose_arrays_lie_elsewhere_is_refused(listed: object) -> None:
    """Written by hand, since `packed` makes no such thing."""
    text = json.dumps({"kind": "maskwright grammar", "arrays": listed}).encode()
    body = len(text).to_bytes(8, "little") + text + bytes(64)
    assert "its header cannot be read" in refusal(b"MWARRAY2" + hashlib.blake2b(body, digest_size=32).digest() + body)
