"""Inputs that once failed are read or refused as promised; and a reader that breaks a promise is found out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

import maskwright as mw
from maskwright.array_file import DamagedFileError, packed, unpacked
from maskwright.disk_cache import CACHE_DIR_VARIABLE
from maskwright.errors import EmptyLanguage
from maskwright.matching.matcher import Matcher
from tests.fuzz.inputs.artefacts import sealed, spoiled_file
from tests.fuzz.inputs.content import bytes_of, text_of
from tests.fuzz.inputs.record import Record
from tests.fuzz.inputs.shrinking import shrunk
from tests.fuzz.inputs.spoiling import MAX_CHARACTERS, spoiled_bytes, spoiled_text, spoiled_value
from tests.fuzz.inputs.target import Target, Verdict, bench_compiler, tried
from tests.fuzz.inputs.targets import TARGETS
from tests.fuzz.inputs.trial import Trial

SEEDS = sorted((Path(__file__).parent / "seeds").iterdir())
N_EACH = 12


@pytest.fixture(scope="module")
def compiler() -> mw.Compiler:
    return bench_compiler()


@pytest.fixture(autouse=True)
def nothing_is_kept_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, "")


def test_there_are_seeds_and_each_names_its_target() -> None:
    assert SEEDS
    assert {path.name.split("-", 1)[0] for path in SEEDS} <= TARGETS.keys()


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_an_input_that_once_failed_no_longer_does(path: Path, compiler: mw.Compiler) -> None:
    _, failure = tried(TARGETS[path.name.split("-", 1)[0]], path.read_bytes(), compiler)
    assert failure is None


@pytest.mark.parametrize("name", TARGETS)
def test_starters_and_a_few_inputs_by_structure_are_read_or_refused(name: str, compiler: mw.Compiler) -> None:
    target = TARGETS[name]
    inputs = [*target.starters()[:N_EACH], *some_of(target.contents(), N_EACH)]
    verdicts = [tried(target, content, compiler) for content in inputs]
    assert [failure for _, failure in verdicts if failure] == []
    assert {verdict for verdict, _ in verdicts} >= {Verdict.READ}, "nothing valid among them"


def some_of(inputs: st.SearchStrategy[bytes], count: int) -> list[bytes]:
    """A few inputs, always the same."""
    from hypothesis import HealthCheck, Phase, given, settings

    found: list[bytes] = []

    @settings(max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(inputs)
    def draw(content: bytes) -> None:
        found.append(content)

    draw()
    return found


# The judge itself


def target_of(read: Callable[[mw.Compiler, bytes], Sequence[mw.CompiledGrammar]]) -> Target:
    return Target("toy", read, st.binary, lambda: [b""])


def raising(error: Exception) -> Target:
    def read(_compiler: mw.Compiler, _content: bytes) -> Sequence[mw.CompiledGrammar]:
        raise error

    return target_of(read)


def test_an_error_of_the_package_is_a_refusal_and_another_one_a_failure(compiler: mw.Compiler) -> None:
    assert tried(raising(EmptyLanguage("x")), b"", compiler) == (Verdict.REFUSED, None)
    for error in (ValueError("x"), RecursionError(), MemoryError(), AssertionError()):
        verdict, failure = tried(raising(error), b"", compiler)
        assert verdict is Verdict.FAILED and failure is not None
        assert failure.kind == type(error).__name__ and "test_inputs.py:" in failure.place


class Blind(Matcher):
    """Its masks lack the token that stands for `a`."""

    def fill_bitmask(self, row: np.ndarray) -> None:
        super().fill_bitmask(row)
        row[ord("a") >> 5] &= ~np.int32(1 << (ord("a") & 31))


@pytest.mark.parametrize(("pattern", "law"), [("a", "dead end"), ("a?", "mask")])
def test_masks_that_lack_a_token_are_found_out(
    pattern: str, law: str, compiler: mw.Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(grammar: mw.CompiledGrammar) -> Matcher:
        return Blind(grammar)

    monkeypatch.setattr(mw.CompiledGrammar, "matcher", blind)
    target = target_of(lambda compiler, _: [compiler.compile_regex(pattern)])
    found = [tried(target, b"a" * number, compiler)[1] for number in range(8)]
    assert law in {failure.place for failure in found if failure is not None}


# What makes inputs


def test_any_bytes_are_a_text_and_texts_come_back() -> None:
    assert text_of(b"a\xff") == "a\udcff"
    for text in ("é\U0001f600", "\ud800a", ""):
        assert text_of(bytes_of(text)) == text


def test_spoiling_changes_and_stays_within_bounds() -> None:
    rng = random.Random(0)
    texts = {spoiled_text("abc" * 30, ["<x>"], rng) for _ in range(200)}
    assert len(texts) > 150 and max(map(len, texts)) <= MAX_CHARACTERS
    value = {"a": [1, {"b": 2}], "c": "x"}
    values = [spoiled_value(value, ["n"], [None], rng) for _ in range(200)]
    assert sum(one != value for one in values) > 180 and value == {"a": [1, {"b": 2}], "c": "x"}
    assert len({spoiled_bytes(bytes(64), rng) for _ in range(200)}) > 100


def test_a_file_is_sealed_so_that_what_lies_behind_its_checksum_is_reached() -> None:
    content = packed({"kind": "x"}, {"numbers": np.arange(5, dtype=np.int32)})
    last = content.rindex((4).to_bytes(4, "little"))
    changed = content[:last] + b"\7" + content[last + 1 :]
    with pytest.raises(DamagedFileError, match="checksum"):
        unpacked(changed)
    _, arrays = unpacked(sealed(changed))
    assert arrays["numbers"].tolist() == [0, 1, 2, 3, 7]
    reached = 0
    for seed in range(60):
        try:
            unpacked(spoiled_file(content, random.Random(seed)))
            reached += 1
        except DamagedFileError:
            pass
    assert reached > 20


def test_pieces_are_left_out_until_none_can_be() -> None:
    assert shrunk(b"xxabxxcx", lambda one: b"a" in one and b"c" in one) == b"ac"


def test_every_input_is_counted_and_the_shortest_that_fails_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: mw.Compiler
) -> None:
    def read(_compiler: mw.Compiler, content: bytes) -> Sequence[mw.CompiledGrammar]:
        if b"!" in content:
            raise KeyError("oops")
        if content:
            raise EmptyLanguage("x")
        return []

    record = Record.at(tmp_path / "record")
    trial = Trial(target_of(read), compiler, record, tmp_path)
    for content in (b"", b"a", b"long!", b"!", b"longer!"):
        trial.run(content)
    seen = Record.at(tmp_path / "record")
    assert (seen.begun, seen.read, seen.refused, seen.failed) == (5, 1, 1, 3)
    assert seen.content == b"longer!"
    (kept,) = [path for path in (tmp_path / "failures").iterdir() if path.suffix != ".json"]
    assert kept.read_bytes() == b"!" and kept.name.startswith("toy-")
