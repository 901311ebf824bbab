"""The texts of `schemas/infilling` against their grammars, independent recognisers and themselves; and random patterns.

Three judges for each text: what the file says (written by hand), the machine over a vocabulary of single bytes, and a
recogniser that does not read the grammar. Texts near the ones on disk are put to the last two as well.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from tests.grammar.single_bytes import SINGLE_BYTES
from tests.infilling_patterns import KINDS, GapPattern, Hole, gap_patterns
from tests.naive import c_like_recogniser, gbnf_recogniser, smiles_recogniser
from tests.naive.c_like_recogniser import KEYWORDS
from tests.naive.gapped_gbnf import completable, n_derivations
from tests.naive.gbnf_members import Members
from tests.naive.smiles_recogniser import ELEMENTS

FOLDER = Path(__file__).parents[2] / "schemas" / "infilling"
JUDGES: dict[str, Callable[[str], bool]] = {"c_like": c_like_recogniser.accepts, "smiles": smiles_recogniser.accepts}
FILES = sorted(path for name in JUDGES for path in (FOLDER / name).glob("*.json"))
LEAST_NUMBERS = {"programs": (40, 16), "numbers": (16, 16), "blow_up": (4, 4), "molecules": (41, 16)}
PIECEWISE = json.loads((FOLDER / "piecewise_literals.json").read_text(encoding="utf-8"))
CASES = PIECEWISE["cases"]
JSON_SIGNS = '{}[],:"\\01-+.etrufalsn x'
"""One character of each sort that the grammar of JSON tells apart, and the letters of its words."""


Gap = tuple[int, int | None]


@cache
def source_of(name: str) -> str:
    return (FOLDER / f"{name}.gbnf").read_text(encoding="utf-8")


@cache
def compiled(source: str) -> CompiledGrammar:
    return Compiler(SINGLE_BYTES).compile_gbnf(source)


def is_member(source: str, text: str) -> bool:
    matcher = compiled(source).matcher()
    try:
        matcher.accept_bytes(text.encode())
    except mw.TokenRejected:
        return False
    return matcher.is_accepting()


def texts_of(path: Path) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return texts


def all_texts(name: str) -> list[str]:
    return [text for path in FILES if path.parent.name == name for texts in texts_of(path).values() for text in texts]


def test_there_are_as_many_different_texts_as_promised() -> None:
    assert {path.stem for path in FILES} == set(LEAST_NUMBERS)
    for path in FILES:
        texts = texts_of(path)
        assert set(texts) == {"accepted", "rejected"}
        for verdict, least in zip(("accepted", "rejected"), LEAST_NUMBERS[path.stem], strict=True):
            assert len(texts[verdict]) >= least, (path, verdict)
        assert set(Counter([*texts["accepted"], *texts["rejected"]]).values()) == {1}, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_texts_on_disk_are_judged_alike_by_hand_by_the_machine_and_by_a_recogniser(path: Path) -> None:
    source, judge = source_of(path.parent.name), JUDGES[path.parent.name]
    texts = texts_of(path)
    for expected, text in [(True, text) for text in texts["accepted"]] + [(False, text) for text in texts["rejected"]]:
        assert (is_member(source, text), judge(text)) == (expected, expected), text


ELEMENTARY = re.compile(r'\s+|\w+|"[^"\n]*"|.')


def varied(texts: list[str], chance: random.Random) -> str:
    """One of the texts with a few words, signs or characters taken out, put in, repeated, or run together."""
    pieces = ELEMENTARY.findall(chance.choice(texts))
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(pieces) + 1)
        match chance.randrange(5):
            case 0:
                del pieces[place : place + 1]
            case 1:
                pieces.insert(place, chance.choice(ELEMENTARY.findall(chance.choice(texts)) or [" "]))
            case 2:
                pieces = [piece for piece in pieces if not piece.isspace() or chance.random() < 0.7]
            case 3:
                begin = chance.randrange(len(pieces) + 1)
                pieces[place:place] = pieces[begin : begin + chance.randrange(6)]
            case 4:
                text = "".join(pieces)
                at = chance.randrange(len(text) + 1)
                pieces = ELEMENTARY.findall(text[:at] + text[at + 1 :])
    return "".join(pieces)


def members_of(name: str, n_texts: int, seed: int) -> set[str]:
    """Random members: whole texts, and statements in a function."""
    chance = random.Random(seed)
    members = Members(gbnf_recogniser.read(source_of(name)))
    if name == "c_like":
        bodies = (members.text("statement", chance) for _ in range(n_texts // 2))
        return {f"int f(){{{body}}}" for body in bodies} | {members.text("root", chance) for _ in range(n_texts // 2)}
    return {members.text("root", chance) for _ in range(n_texts)}


def check_texts_near(name: str, n_texts: int, seed: int) -> None:
    chance = random.Random(seed)
    texts = [text for text in all_texts(name) if len(text) < 400]
    n_members = 0
    for _ in range(n_texts):
        text = varied(texts, chance)
        expected = JUDGES[name](text)
        n_members += expected
        assert is_member(source_of(name), text) == expected, text
    assert n_texts * 0.05 < n_members < n_texts * 0.95


@pytest.mark.parametrize("name", JUDGES)
def test_texts_near_those_on_disk_are_judged_alike(name: str) -> None:
    check_texts_near(name, 5_000, seed=1)


@pytest.mark.deep
@pytest.mark.parametrize("name", JUDGES)
def test_many_texts_near_those_on_disk_are_judged_alike(name: str) -> None:
    check_texts_near(name, 500_000, seed=2)


@pytest.mark.parametrize("name", JUDGES)
def test_texts_derived_from_a_grammar_are_accepted_by_its_recogniser(name: str) -> None:
    texts = members_of(name, 500, seed=3)
    assert len(texts) > 400
    for text in texts:
        assert JUDGES[name](text), text
        assert is_member(source_of(name), text), text


@pytest.mark.parametrize("name", JUDGES)
def test_no_text_has_two_derivations(name: str) -> None:
    """So sums over derivations are sums over texts."""
    texts = [text for path in FILES if path.parent.name == name for text in texts_of(path)["accepted"]]
    check_derivations(name, [*texts, *members_of(name, 200, seed=4)], 200)


@pytest.mark.deep
@pytest.mark.parametrize("name", JUDGES)
def test_no_text_of_many_has_two_derivations(name: str) -> None:
    check_derivations(name, [*members_of(name, 4_000, seed=5)], 500)


def check_derivations(name: str, texts: list[str], max_length: int) -> None:
    texts = [text for text in texts if len(text) <= max_length]
    assert len(texts) > 140
    for text in texts:
        assert n_derivations(source_of(name), text) == 1, text


def test_derivations_are_counted() -> None:
    assert n_derivations('root ::= a* | "aa"\na ::= "a"', "aa") == 2
    assert n_derivations('root ::= [ab]{1,2} "b"?', "ab") == 2
    assert n_derivations('root ::= [ab]{1,2} "b"?', "c") == 0


def test_keywords_are_no_names_and_all_other_words_are() -> None:
    source = source_of("c_like")
    words = {keyword[:end] for keyword in KEYWORDS for end in range(1, len(keyword) + 1)}
    words |= {word + letter for word in words for letter in "aeltz_9A"} | {"_" + word for word in words}
    words |= {word[:-1] + letter for word in KEYWORDS for letter in "aeltz_9A"}
    assert words > KEYWORDS
    for word in words:
        assert is_member(source, f"int {word};") == (word not in KEYWORDS), word


def test_a_word_is_not_cut_in_two_and_two_words_need_a_gap() -> None:
    source = source_of("c_like")
    for gap in (" ", "\n", "\t", "/**/", "//\n"):
        assert is_member(source, f"int{gap}x; long{gap}long{gap}y; struct{gap}S{{ S{gap}z; }};")
        assert is_member(source, f"int f() {{ if (a) return{gap}1; else{gap}return{gap}b; }}")
    assert not is_member(source, "intx;")
    assert not is_member(source, "int f() { if (a) b; elseif (c) d; else e; }")
    assert not is_member(source, "struct S{ intx; };")
    assert is_member(source, "int f() { return1; elsex = intx; returnf(1); longlong y; }")  # names, all of them


def test_the_elements_are_those_of_the_periodic_table() -> None:
    source = source_of("smiles")
    letters = "abcdefghijklmnopqrstuvwxyz"
    for first, second in itertools.product(letters.upper(), ["", *letters]):
        assert is_member(source, f"[{first}{second}]") == (first + second in ELEMENTS)


def gaps_of(case: dict[str, Any]) -> list[Gap]:
    return [(low, high) for low, high in (slot for slot in case["canvas"] if not isinstance(slot, str))]


def filled(case: dict[str, Any], fillers: tuple[str, ...] | list[str]) -> str:
    rest = iter(fillers)
    return "".join(slot if isinstance(slot, str) else next(rest) for slot in case["canvas"])


def is_json(text: str) -> bool:
    """By Python's reader, without the numbers that are none."""

    def refused(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refused)
    except ValueError:
        return False
    return True


def lengths_up_to(gaps: list[Gap], total: int) -> Iterator[tuple[int, ...]]:
    """All lengths of the gaps that add up to at most `total`, and are within the bounds of each."""
    bounds = [range(low, (total if high is None else min(total, high)) + 1) for low, high in gaps]
    return (lengths for lengths in itertools.product(*bounds) if sum(lengths) <= total)


def check_by_brute_force(case: dict[str, Any], limit: int) -> None:
    """No filler up to the limit where there should be none, none shorter than the one on record."""
    gaps = gaps_of(case)
    shortest = sum(map(len, case["filler"])) if case["completable"] else limit + 1
    for lengths in lengths_up_to(gaps, min(limit, shortest - 1)):
        for characters in itertools.product(JSON_SIGNS, repeat=sum(lengths)):
            rest = iter(characters)
            fillers = ["".join(itertools.islice(rest, length)) for length in lengths]
            assert not is_json(filled(case, fillers)), fillers


def test_the_table_of_literals_in_pieces_has_both_verdicts_and_all_sorts_of_gaps() -> None:
    assert len(CASES) >= 24
    assert Counter(case["completable"] for case in CASES)[False] >= 12
    assert len({json.dumps(case["canvas"]) for case in CASES}) == len(CASES)
    gaps = [gap for case in CASES for gap in gaps_of(case)]
    assert {high is None for _, high in gaps} == {True, False}
    assert any(low == high for low, high in gaps) and any(high is not None and low < high for low, high in gaps)


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["canvas"]))
def test_literals_in_pieces_have_the_verdict_of_the_exact_judge(case: dict[str, Any]) -> None:
    source = (FOLDER.parent / PIECEWISE["grammar"]).read_text(encoding="utf-8")
    assert completable(source, case["canvas"]) == case["completable"]
    if not case["completable"]:
        assert case["filler"] is None
        return
    for (low, high), filler in zip(gaps_of(case), case["filler"], strict=True):
        assert low <= len(filler) <= (len(filler) if high is None else high)
    text = filled(case, case["filler"])
    assert is_member(source, text) and is_json(text)
    for lengths in lengths_up_to(gaps_of(case), sum(map(len, case["filler"])) - 1):
        rest = iter(lengths)
        canvas = [slot if isinstance(slot, str) else [n := next(rest), n] for slot in case["canvas"]]
        assert not completable(source, canvas), canvas


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["canvas"]))
def test_no_short_filler_contradicts_a_verdict(case: dict[str, Any]) -> None:
    check_by_brute_force(case, 2)


@pytest.mark.deep
@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["canvas"]))
def test_no_filler_of_four_characters_contradicts_a_verdict(case: dict[str, Any]) -> None:
    check_by_brute_force(case, 4)


def test_the_exact_judge_agrees_with_enumeration_on_random_canvases() -> None:
    """Over two letters, with a grammar whose words have halves that must match."""
    source = 'root ::= "a" root "b" | "ab" | "b" root "b" root?'
    words = {text for n in range(7) for text in map("".join, itertools.product("ab", repeat=n))}
    words = {text for text in words if gbnf_recogniser.accepts(source, text)}
    chance = random.Random(5)
    verdicts = Counter[bool]()
    for _ in range(300):
        canvas: list[str | Gap] = []
        for _ in range(chance.randrange(1, 4)):
            low = chance.randrange(2)
            gap: Gap = (low, low + chance.randrange(2))
            canvas.append(gap if chance.random() < 0.3 else chance.choice(["a", "b", "ab", "ba"]))
        pattern = "".join(
            slot if isinstance(slot, str) else f"[ab]{{{slot[0]},{slot[1]}}}" for slot in canvas
        )  # at most 6 characters
        expected = any(re.fullmatch(pattern, word) for word in words)
        verdicts[expected] += 1
        assert completable(source, canvas) == expected, canvas
    assert min(verdicts[True], verdicts[False]) > 30


def test_a_gap_of_any_length_is_judged_exactly() -> None:
    source = 'root ::= "a" root "b" | "-"'
    assert completable(source, ["aaa", [0, None], "bbbbbbb"])
    assert not completable(source, ["aaa", [0, 4], "bbbbbbb"])
    assert completable(source, ["aaa", [0, 5], "bbbbbbb"])
    assert not completable(source, ["aaa", [0, None], "a"])
    assert not completable(source, ["a-", [0, None], "bb"])


def patterns_of(token_ids: list[int], n: int, seed: int) -> list[GapPattern]:
    return list(gap_patterns(token_ids, np.random.default_rng(seed), n))


@pytest.mark.parametrize("n_tokens", [0, 1, 2, 7, 60])
def test_the_true_tokens_fit_into_every_pattern(n_tokens: int) -> None:
    token_ids = [100 + token for token in range(n_tokens)]
    for pattern in patterns_of(token_ids, 120, seed=n_tokens):
        slots = pattern.slots(token_ids, "open", lambda low, high: f"gap {low} {high}")
        true = pattern.true_tokens(token_ids, -2)
        assert [token for token in true if token != -2] == token_ids
        at = 0
        for slot in slots:
            if isinstance(slot, int):
                assert true[at] == slot
                at += 1
            elif slot == "open":
                assert true[at] >= 100
                at += 1
            else:
                low, high = map(int, slot.split()[1:])
                inside = true[at : at + high]
                n_filled = sum(token != -2 for token in inside)
                assert low < high and low <= n_filled
                assert inside[n_filled:] == [-2] * (high - n_filled)
                at += high
        assert at == len(true)


def test_all_kinds_of_patterns_come_and_do_what_their_names_say() -> None:
    patterns = patterns_of(list(range(30)), 600, seed=6)
    assert Counter(pattern.kind for pattern in patterns) == dict.fromkeys(KINDS, 100)
    for pattern in patterns:
        holes = pattern.holes
        assert all(before.stop <= after.start for before, after in itertools.pairwise(holes))
        if not pattern.kind.endswith("ranges"):
            assert all(hole.is_exact and hole.length for hole in holes)
        if pattern.kind.startswith("scattered"):
            assert all(hole.length == 1 for hole in holes)
        elif pattern.kind.startswith("gaps"):
            assert len(holes) <= 4
        else:
            assert len(holes) == 1 and holes[0].length
    ranges = [hole for pattern in patterns if pattern.kind.endswith("ranges") for hole in pattern.holes]
    assert any(hole.length == 0 for hole in ranges)
    assert any(hole.low < hole.length for hole in ranges) and any(hole.length < hole.high for hole in ranges)
    assert any(len(pattern.holes) > 1 for pattern in patterns if pattern.kind == "gaps")
    assert {hole.length for pattern in patterns for hole in pattern.holes} >= {1, 2, 3, 29, 30}


def test_the_same_seed_gives_the_same_patterns() -> None:
    token_ids = list(range(20))
    assert patterns_of(token_ids, 60, seed=7) == patterns_of(token_ids, 60, seed=7)
    assert patterns_of(token_ids, 60, seed=7) != patterns_of(token_ids, 60, seed=8)


def test_a_hole_holds_its_true_length() -> None:
    for wrong in [(2, 1, 0, 0), (0, 2, 3, 4), (0, 2, 0, 1), (-1, 0, 0, 1)]:
        with pytest.raises(ValueError, match="not a hole"):
            Hole(*wrong)
