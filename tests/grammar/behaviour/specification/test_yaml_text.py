from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.specification.document import MAX_DEPTH, Data
from maskwright.grammar.behaviour.specification.yaml_text import MAX_CHARACTERS, in_one_line, read_yaml, write_yaml

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        ["yes", "1e5", "1", "0x1", "null", "~", "", "a: b", "- a", "#", "a #b", "'", '"', "{", "!t", "&a", "*"]
    ),
)
values = st.recursive(
    scalars,
    lambda parts: st.one_of(st.lists(parts, max_size=4), st.dictionaries(st.text(max_size=5), parts, max_size=4)),
    max_leaves=20,
)


@given(values)
@settings(deadline=None)
def test_what_is_written_in_one_line_is_read_back(data: Data) -> None:
    text = in_one_line(data)
    assert "\n" not in text
    read = read_yaml(text, "x").data() if text.strip() else None
    assert read == data
    assert repr(read) == repr(data)


@given(st.dictionaries(st.text(max_size=5), values, min_size=1, max_size=5))
@settings(deadline=None)
def test_what_is_written_in_lines_is_read_back(data: dict[str, Data]) -> None:
    assert repr(read_yaml(write_yaml(data), "x").data()) == repr(data)


def test_scalars_mean_what_they_do_in_json_and_all_others_are_texts() -> None:
    text = "[yes, No, on, 1, -1.5, 1e5, 0x1f, 012, 1_000, .inf, 2001-01-01, true, ~, null, '1', \"a\\n\"]"
    read = read_yaml(text, "x").data()
    assert read == [
        *("yes", "No", "on", 1, -1.5, 100000.0, "0x1f", "012", "1_000", ".inf", "2001-01-01", True, None, None, "1"),
        "a\n",
    ]


def test_values_know_where_they_are_written() -> None:
    node = read_yaml("a: [x, yy]\nb:\n  c: 'z'", "x")
    inner = node.members()["a"].items()[1]
    assert (inner.begin, inner.end, inner.path) == (7, 9, "a[1]")
    assert node.members()["b"].members()["c"].path == "b.c"
    assert node.key_positions == {"a": 0, "b": 11}


def test_an_alias_stands_for_what_was_written_before() -> None:
    assert read_yaml("a: &x {k: [1]}\nb: *x", "x").data() == {"a": {"k": [1]}, "b": {"k": [1]}}


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\na: 2", 2, 1, "the key 'a' occurs twice in this mapping"),
        ("x: !!python/object/apply:os.system [ls]", 1, 4, "the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("x: !!str 1", 1, 4, "the tag 'tag:yaml.org,2002:str' has no meaning here; leave it out"),
        ("a: &a [*a]", 1, 8, "nothing complete before this has the anchor 'a'"),
        ("a: *b", 1, 4, "nothing complete before this has the anchor 'b'"),
        ("a: [1", 1, 6, "no YAML: expected ',' or ']', but got '<stream end>' while parsing a flow sequence"),
        ("a:\tb", 1, 3, "no YAML: found character '\\t' that cannot start any token"),
        ("a: b\n---\nc: d", 2, 1, "a second document begins; one file is one specification"),
        ("", 1, 1, "nothing is written here; a mapping with `segments` and `flow` was expected"),
        ("a: \x00", 1, 4, "the character U+0000 is not allowed in YAML"),
        ("? [a]\n: b", 1, 3, "a key must be a text"),
        ("a: " + "9" * 400, 1, 4, "a number of more than 300 digits"),
        ("a: 1e999", 1, 4, "1e999 is too large for a number"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        read_yaml(text, "x.yaml")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.message.startswith(message)


def aliases_of_aliases() -> str:
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
    return "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + levels


def chained_aliases() -> str:
    return "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 2 * MAX_DEPTH))


@pytest.mark.parametrize(
    "text",
    [
        aliases_of_aliases(),
        chained_aliases(),
        "[" * 100_000,
        "- " * 100_000,
        "{a: " * 100_000,
        "a" * (MAX_CHARACTERS + 1),
        "[" + "a," * 60_000 + "]",
    ],
)
def test_texts_beyond_measure_are_refused(text: str) -> None:
    with pytest.raises(LimitExceeded):
        read_yaml(text, "x.yaml")


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#\n\t ?%@`~\\0\x85", max_size=40))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_refused_with_an_error_of_ours(text: str) -> None:
    with suppress(GrammarSyntaxError, LimitExceeded):
        read_yaml(text, "x.yaml")
