"""Automata kept on disk: the same whether made, read, or made again because the file was damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maskwright.disk_cache import CACHE_DIR_VARIABLE
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import CharacterAutomaton, Escapes, languages, spelling, stored
from maskwright.grammar.characters.languages import match_language, search_language
from maskwright.grammar.characters.spelling import json_string_automaton, utf8_automaton

LONG = "|".join(f"word{number}é" for number in range(40))
MANY_STATES = r"^(\w{1,99} )*\S{1,120}$"
SHORT = "^a+é$"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    forget()
    yield tmp_path / "patterns"
    forget()


def forget() -> None:
    """Begin anew, as another process does."""
    for function in (search_language, match_language, json_string_automaton, utf8_automaton):
        function.cache_clear()


def made(pattern: str) -> list[CharacterAutomaton | ByteAutomaton]:
    """Everything that is made of a pattern."""
    forget()
    searched, matched = search_language(pattern), match_language(pattern)
    spelled = [json_string_automaton(one, escapes) for one in (searched, ~searched) for escapes in Escapes]
    return [searched, matched, utf8_automaton(matched), *spelled]


def never(*_: object) -> None:
    raise AssertionError("it lies on disk")


@pytest.mark.parametrize("pattern", [LONG, MANY_STATES, SHORT])
def test_what_is_read_is_what_was_made(pattern: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(CACHE_DIR_VARIABLE, "")
        expected = made(pattern)
    assert not folder.exists()
    cold, warm = made(pattern), made(pattern)
    for path in folder.glob("*.arrays") if folder.exists() else ():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    damaged = made(pattern)
    for automata in (cold, warm, damaged):
        assert automata == expected
        for one, other in zip(automata, expected, strict=True):
            assert np.array_equal(one.accepting, other.accepting)
            if isinstance(one, ByteAutomaton) and isinstance(other, ByteAutomaton):
                assert one.links == other.links and one.base_automaton == other.base_automaton
                assert np.array_equal(one.edges, other.edges) and np.array_equal(one.edge_unit, other.edge_unit)


def test_only_what_takes_long_is_stored_and_it_is_not_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(SHORT)
    assert not folder.exists()
    before = made(MANY_STATES)
    assert len(list(folder.glob("*.arrays"))) == len(before)
    monkeypatch.setattr(languages, "language_of", never)
    monkeypatch.setattr(spelling, "_put_together", never)
    assert made(MANY_STATES) == before


def test_what_another_version_has_stored_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made(MANY_STATES)
    names = set(folder.iterdir())
    monkeypatch.setattr(stored, "_version", lambda: b"another")
    assert made(MANY_STATES) == before
    assert len(set(folder.iterdir())) == 2 * len(names)


def test_nothing_is_stored_where_the_version_is_not_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_version", lambda: b"")
    made(MANY_STATES)
    assert not folder.exists()
