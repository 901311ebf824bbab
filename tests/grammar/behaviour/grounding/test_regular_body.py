"""Regular bodies against `re` and `str`: letters partition the texts, grammars have exactly those of their letters."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import SpecError, TextRefused
from maskwright.grammar.behaviour.atoms import (
    Atom,
    CallAtom,
    Hole,
    LengthAtom,
    Proposition,
    TextAtom,
    TextTest,
    Variable,
)
from maskwright.grammar.behaviour.grounding.bodies import Allowed, Bodies
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    Escape,
    Free,
    Mention,
    OneOf,
    Optional,
    Ordered,
    Parts,
    Reference,
    Regex,
    Restriction,
    Segment,
    Text,
    Without,
    Writer,
)
from tests.grammar.behaviour.grounding.specifications import accepts, letters_agree, one_segment, spec_of

DELIMITERS = ("<a>", "</a>", "<b>")


def holds(atom: Atom, text: str) -> bool:
    """The meaning of a text atom, by Python's own means."""
    match atom:
        case LengthAtom(_, minimum, maximum):
            return minimum <= len(text) and (maximum is None or len(text) <= maximum)
        case TextAtom(_, test, str(searched)):
            match test:
                case TextTest.CONTAINS:
                    return searched in text
                case TextTest.STARTS:
                    return text.startswith(searched)
                case TextTest.ENDS:
                    return text.endswith(searched)
                case TextTest.EQUALS:
                    return text == searched
                case TextTest.MATCHES:
                    return re.search(searched, text) is not None
                case TextTest.MENTIONS:
                    return re.search(rf"(?i)(?<!\w){re.escape(searched)}(?!\w)", text) is not None
    raise AssertionError(atom)


def occurs(term: str, text: str, fold: bool, word: bool) -> bool:
    pattern = re.escape(term)
    pattern = rf"(?<!\w){pattern}(?!\w)" if word else pattern
    return re.search(pattern, text, re.IGNORECASE if fold else 0) is not None


def belongs(text: Text, candidate: str) -> bool:
    """The meaning of a kind of text, by Python's own means."""
    match text:
        case Free():
            return True
        case Regex(pattern):
            return re.fullmatch(pattern, candidate) is not None
        case OneOf(texts):
            return candidate in texts
        case Optional(part):
            return candidate == "" or belongs(part, candidate)
        case AllOf(texts):
            return all(belongs(one, candidate) for one in texts)
        case Parts((first, *rest)):
            return any(
                belongs(first, candidate[:cut]) and belongs(Parts(tuple(rest)), candidate[cut:])
                for cut in range(len(candidate) + 1)
            )
        case Parts(()):
            return candidate == ""
        case Mention(terms, any_of, fold, word):
            return (any if any_of else all)(occurs(term, candidate, fold, word) for term in terms)
        case Without(texts, patterns):
            return not any(one in candidate for one in texts) and not any(re.search(p, candidate) for p in patterns)
    raise AssertionError(text)


pieces = st.sampled_from(["a", "b", "ab", "ba", "A", " ", "1", "<", "a>", "<a", "</a>", "<b>", "é", "\n", "aba"])
texts = st.lists(pieces, max_size=7).map("".join)
words = st.sampled_from(["a", "ab", "ba", "aba", "b a", "1", "é"])
patterns = st.sampled_from(["a+", "^a", "b$", r"\ba\b", "[0-9]", "a.*b", "(?i)AB"])
kinds = st.recursive(
    st.one_of(
        st.just(Free()),
        st.sampled_from(["[ab]*", "[^<]{1,9}", "(ab|ba)*", ".{0,12}", "a?b?1?", "(?s:.{2,})"]).map(Regex),
        st.lists(words, min_size=1, max_size=3).map(lambda found: OneOf(tuple(found))),
        st.builds(
            Mention, st.lists(words, min_size=1, max_size=3).map(tuple), st.booleans(), st.booleans(), st.booleans()
        ),
        st.builds(
            Without, st.lists(words, min_size=1, max_size=2).map(tuple), st.lists(patterns, max_size=1).map(tuple)
        ),
    ),
    lambda inner: st.one_of(
        inner.map(Optional),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: Parts(tuple(parts))),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: AllOf(tuple(parts))),
    ),
    max_leaves=3,
)
atoms = st.one_of(
    st.builds(
        TextAtom,
        st.just("a"),
        st.sampled_from([t for t in TextTest if t is not TextTest.MATCHES]),
        words,
    ),
    st.builds(TextAtom, st.just("a"), st.just(TextTest.MATCHES), patterns),
    st.integers(0, 9).map(lambda n: LengthAtom("a", n, None)),
    st.integers(0, 9).map(lambda n: LengthAtom("a", 0, n)),
)


@settings(max_examples=60)
@given(
    kinds, st.lists(atoms, max_size=3), st.integers(0, 5), st.none() | st.integers(3, 9), st.lists(texts, max_size=8)
)
def test_letters_are_those_of_python(
    kind: Text, asked: list[Atom], minimum: int, maximum: int | None, candidates: list[str]
) -> None:
    maximum = None if maximum is None else max(minimum, maximum)
    spec = one_segment(kind, min_chars=minimum, max_chars=maximum)
    try:
        bodies = Bodies.of(spec, asked)
    except SpecError:
        bodies = None
    if bodies is None:
        candidates = [text for text in candidates if minimum <= len(text) <= (maximum or len(text))]
        assert not any(belongs(kind, text) for text in candidates if not any(one in text for one in DELIMITERS))
        return
    for number in bodies.letters_of("a"):
        shortest = bodies.shortest(number)
        assert bodies.letter_of("a", shortest) == number
        sample = bodies.sample(number, np.random.default_rng(1))
        assert bodies.letter_of("a", sample) == number
        assert len(shortest) <= len(sample)
        candidates += [shortest, sample]
        for cut in range(len(sample) + 1):
            closing = bodies.closing("a", sample[:cut], number)
            assert closing is not None
            assert len(closing) <= len(sample) - cut
            assert bodies.letter_of("a", sample[:cut] + closing) == number
    for text in candidates:
        is_member = (
            belongs(kind, text)
            and minimum <= len(text)
            and (maximum is None or len(text) <= maximum)
            and not any(delimiter in text for delimiter in DELIMITERS)
        )
        found = bodies.letter_of("a", text)
        assert (found is not None) == is_member, text
        if found is not None:
            assert bodies.letters[found].segment == "a"
            assert bodies.letters[found].atoms == {atom for atom in asked if holds(atom, text)}
    letters_agree(bodies, "a", candidates)


def test_a_set_of_letters_has_the_texts_of_each() -> None:
    asked = [TextAtom("a", TextTest.CONTAINS, "x"), LengthAtom("a", 3, None)]
    bodies = Bodies.of(one_segment(Free()), asked)
    assert [str(bodies.letters[number]) for number in bodies.letters_of("a")] == [
        "a",
        "a & a.length >= 3",
        'a & a.contains("x")',
        'a & a.contains("x") & a.length >= 3',
    ]
    some = bodies.grammar("a", bodies.letters_of("a")[1:3])
    assert some is not None
    assert [text for text in ("", "ab", "abc", "x", "axb", "xx") if accepts(some, text)] == ["abc", "x", "xx"]


def test_three_terms_and_a_range_of_lengths_share_their_states() -> None:
    terms = ("warranty", "30 days", "receipt")
    spec = one_segment(
        Free(), min_chars=80, max_chars=600, restrictions=(Restriction("r", Mention(terms, fold=True, word=True)),)
    )
    bodies = Bodies.of(spec, [])
    grammar = bodies.grammar("a", bodies.letters_of("a"))
    assert grammar is not None
    node = grammar.rules["root"]
    assert node.counter == (80, 600)  # type: ignore[attr-defined]
    assert node.automaton.n_states < 40_000  # type: ignore[attr-defined] # words in all of Unicode take 75 a character
    text = "The Warranty: 30 days. A receipt".ljust(80, ".")
    assert accepts(grammar, text)
    assert not accepts(grammar, text[:79])
    assert accepts(grammar, text + "x" * 520)
    assert not accepts(grammar, text + "x" * 521)
    # 30 characters are needed for the three terms, so they must be begun in time
    assert not accepts(grammar, "." * 590 + "warranty")
    assert bodies.closing("a", "." * 590, bodies.letters_of("a")[0]) is None
    assert bodies.closing("a", "." * 570, bodies.letters_of("a")[0]) is not None


def test_terms_in_order() -> None:
    bodies = Bodies.of(one_segment(Ordered(("ab", "ba"))), [])
    assert [t for t in ("", "ab", "ba", "aba", "abba", "bab", "xab ba") if bodies.letter_of("a", t) is not None] == [
        "",
        "ab",
        "abba",
        "xab ba",
    ]


@given(texts, st.booleans(), st.booleans())
def test_terms_in_order_as_python_finds_them(text: str, fold: bool, word: bool) -> None:
    first, second = "a", "1"
    spec = spec_of(Segment("a", "(", text=Ordered((first, second), fold, word)))
    flags = re.IGNORECASE if fold else 0
    ends = [found.end() for found in re.finditer(rf"\b{first}\b" if word else first, text, flags)]
    begins = [found.start() for found in re.finditer(rf"\b{second}\b" if word else second, text, flags)]
    is_ordered = not begins or (bool(ends) and min(ends) <= min(begins))
    assert (Bodies.of(spec, []).letter_of("a", text) is not None) == is_ordered


def test_variables_are_left_out_of_letters_and_restrict_grammars() -> None:
    label = TextAtom("a", TextTest.EQUALS, Variable("x"))
    bodies = Bodies.of(one_segment(Regex("#E[0-9]")), [label, Proposition("a")])
    assert [str(letter) for letter in bodies.letters] == ["a", "b"]
    hole = Hole("a", None, ())
    assert bodies.values("a", "#E1") == {hole: "#E1"}
    only = bodies.grammar("a", [0], values={hole: Allowed.of({"#E1", "no"})})
    others = bodies.grammar("a", [0], values={hole: Allowed.of({"#E1"}, is_excluded=True)})
    assert only is not None
    assert others is not None
    assert [accepts(only, t) for t in ("#E1", "#E2", "no")] == [True, False, False]
    assert [accepts(others, t) for t in ("#E1", "#E2", "no")] == [False, True, False]
    assert bodies.grammar("a", [0], values={hole: Allowed.of({"x"})}) is None
    every = frozenset(f"#E{digit}" for digit in range(10))
    assert bodies.grammar("a", [0], values={hole: Allowed.of(every, is_excluded=True)}) is None


def test_references_repeat_earlier_texts() -> None:
    cites = Parts((Regex("[^#]{0,60}"), Optional(Reference("L")), Regex("[^#]{0,40}")))
    spec = spec_of(
        Segment("label", "(", text=Regex("#E[0-9]"), bind="L"),
        Segment("input", "[", text=cites),
        Segment("must", "{", text=Reference("L")),
    )
    bodies = Bodies.of(spec, [])
    (number,) = bodies.letters_of("input")
    grammar = bodies.grammar("input", [number], bound={"L": ("#E1", "#E3")})
    assert grammar is not None
    assert [accepts(grammar, t) for t in ("see #E3!", "see #E2!", "none")] == [True, False, True]
    assert bodies.letter_of("input", "see #E2!") == number
    assert bodies.letter_of("input", "see #E2!", {"L": ("#E1",)}) is None
    assert bodies.grammar("must", bodies.letters_of("must")) is None
    assert bodies.grammar("must", bodies.letters_of("must"), bound={"L": ("#E1",)}) is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x</a>", "at character 1 stands the delimiter '</a>', which no text may contain"),
        ("aab", "it has 3 characters, fewer than the least number of 4"),
        ("aaaaaaaaaaa", "it has 11 characters, more than the greatest number of 10"),
        ("aaxaa", "at character 2, 'xaa', it is not what the pattern '[abs]*' matches"),
        ("aasab", "rule 'leak': at character 4, 'b', it is not a text without 'sab'"),
    ],
)
def test_the_reason_of_a_refusal_names_place_and_rule(text: str, reason: str) -> None:
    leak = Restriction("leak", Without(("sab",)))
    spec = one_segment(Regex("[abs]*"), min_chars=4, max_chars=10, restrictions=(leak,))
    bodies = Bodies.of(spec, [])
    assert bodies.letter_of("a", text) is None
    assert bodies.why_not("a", text) == reason


def test_an_atom_about_something_else_than_text_is_refused() -> None:
    spec = one_segment(Free())
    spec_error = "segment 'a': the text of this segment is no JSON, so `a.call(t)` says nothing about it"
    with pytest.raises(SpecError, match=re.escape(spec_error)):
        Bodies.of(spec, [CallAtom("t", (), "a")])


def test_a_text_of_somebody_else_is_admitted_without_delimiters() -> None:
    spec = one_segment(OneOf(("correct", "wrong")), writer=Writer.ENVIRONMENT)
    assert Bodies.of(spec, []).admitted("a", b"wrong") == "wrong"
    with pytest.raises(TextRefused, match="at character 1, 'eird', it is not one of 'correct', 'wrong'"):
        Bodies.of(spec, []).admitted("a", "weird")
    spec = one_segment(Free(), writer=Writer.ENVIRONMENT, max_chars=6)
    assert Bodies.of(spec, []).admitted("a", "x</a>y\xff<b>".encode("latin-1")) == "x<\\/a>"
    spec = one_segment(Free(), writer=Writer.ENVIRONMENT, escape=Escape.REJECT)
    with pytest.raises(TextRefused, match="stands the delimiter '<b>'"):
        Bodies.of(spec, []).admitted("a", "x<b>")


def test_a_segment_without_any_text_is_refused() -> None:
    spec = one_segment(OneOf(("x",)), min_chars=2)
    with pytest.raises(SpecError, match="segment 'a': it has no text at all"):
        Bodies.of(spec, [])
    assert Bodies.of(replace(spec, segments=spec.segments[1:]), []).letters


def test_a_term_that_is_missing_is_named() -> None:
    mention = Restriction("all", Mention(("warranty", "receipt")))
    bodies = Bodies.of(one_segment(Free(), restrictions=(mention,)), [])
    assert bodies.why_not("a", "the warranty") == "rule 'all': it does not mention 'receipt'"
