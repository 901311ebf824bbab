"""Texts that mean harm or nothing: read, or refused with an error of this package, in bounded time and memory."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import MaskwrightError
from maskwright.grammar.behaviour.specification.document import node_of
from maskwright.grammar.behaviour.specification.files import Folder
from maskwright.grammar.behaviour.specification.reading import ABOUT_KEYS, KEYS, SEGMENT_KEYS, spec_of
from maskwright.grammar.behaviour.specification.rule_words import WORDS
from maskwright.grammar.behaviour.specification.spec import Spec

TEXTS = [path.read_text("utf-8") for path in sorted((Path(__file__).parent / "examples").glob("*.yaml"))]

PIECES = (
    """[ ] { } : - &a *a !!int ' " \\ $x G( X ( ) | {0,9} , null 1 -1 1e9 true output call( label a== / ~""".split()
)
PIECES += ["\n", "\t", "\0", "\ud800", "\x85", " ", "- "]


@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 30), st.sampled_from(PIECES)), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=150)
def test_a_specification_with_faults_is_read_or_refused(text: str, edits: list[tuple[int, int, str]]) -> None:
    for place, n_removed, put in edits:
        place %= len(text)
        text = text[:place] + put + text[place + n_removed :]
    with suppress(MaskwrightError):
        spec = Spec.from_yaml(text, "x.yaml")
        assert Spec.from_yaml(spec.to_yaml()) == spec


keys = st.one_of(
    st.sampled_from([*KEYS, *SEGMENT_KEYS, *ABOUT_KEYS, *WORDS, *"n of do need when then in all any a b".split()]),
    st.text(max_size=3),
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from(["a", "b", "a b", "G a", "free", "tools", "env", "a == $x", "[a-z]", "cooperative", ""]),
        st.text(max_size=5),
    ),
    lambda parts: st.one_of(st.lists(parts, max_size=3), st.dictionaries(keys, parts, max_size=3)),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), values, min_size=1),
    st.lists(st.dictionaries(keys, values, max_size=2), max_size=2),
    st.dictionaries(keys, values, max_size=3),
)
@settings(deadline=None, max_examples=150)
def test_any_values_make_a_specification_or_are_refused(
    segments: object, rules: object, others: dict[str, object]
) -> None:
    with suppress(MaskwrightError):
        spec_of(node_of({"segments": segments, "flow": "a", "rules": rules, **others}), "x", Folder())


BEGIN = "segments: {a: , b: {text: {choice: [x]}}}\nflow: a b\n"


@pytest.mark.parametrize(
    "text",
    [
        BEGIN + "rules: [{ltlf: '" + "(" * 5000 + "a'}]",
        BEGIN + "rules: [{ltlf: '" + "!" * 5000 + "a'}]",
        BEGIN + "rules: [{ltlf: '" + "X " * 5000 + "a'}]",
        BEGIN + "rules: [{ltlf: '" + "a -> " * 5000 + "a'}]",
        BEGIN + "rules: [{never: 'a.matches(/" + "(" * 5000 + "/)'}]",
        "segments: {a: {text: {regex: '" + "(" * 5000 + "'}}}\nflow: a",
        "segments: {a: {text: " + "{all: [" * 40 + "free" + "]}" * 40 + "}}\nflow: a",
        "segments: {a: {text: " + "{optional: " * 100 + "x" + "}" * 100 + "}}\nflow: a",
        "segments: {a: {open: '" + "x" * 1_000_000 + "'}}\nflow: a",
        "segments: {" + ", ".join(f"a{i}: " for i in range(60_000)) + "}\nflow: a",
        "segments: {a: }\nflow: '" + "(" * 5000 + "'",
        "segments: {a: }\nflow: '" + "(a{9999}){9999}" * 400 + "b'",
    ],
)
def test_nesting_and_sizes_are_bounded(text: str) -> None:
    with pytest.raises(MaskwrightError):
        Spec.from_yaml(text, "x.yaml")


def test_nothing_is_executed_and_nothing_is_read(tmp_path: Path) -> None:
    victim = tmp_path / "made"
    for value in (f"!!python/object/apply:pathlib.Path.touch [{victim}]", f"!!python/name:os.system {victim}"):
        with pytest.raises(MaskwrightError):
            Spec.from_yaml(BEGIN + f"name: {value}", "x.yaml")
    assert not victim.exists()
