"""Automata of patterns and formats that take long to make, kept on disk by content.

Most patterns are done in 0.2 ms and their spelling in as much, which is what it takes to read a file. But one in sixty
takes milliseconds (many words, `{1,256}`, the format `regex`), and the same ones come back in every process of a
server. So the language of long patterns and of those with many states is stored, and the spelling of the latter; the
kind is bounded: the oldest files go when it has grown beyond MAX_BYTES.

An entry is named by a digest of the question and of the code that answers it (all files of this package, and the
version of Unicode), so a changed answer is another entry; a damaged file is no entry (`disk_cache`).
Rejected: storing all (500 us to write what took 400 to make).
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np

from maskwright.disk_cache import load_arrays, store_arrays
from maskwright.grammar.byte_automaton import ByteAutomaton, automaton_of_table
from maskwright.grammar.characters.automaton import CharacterAutomaton

LEAST_STATES, LEAST_LENGTH = 200, 150
"""Smaller automata of shorter patterns are made sooner than read."""

MAX_BYTES = 64 << 20

_KIND = "patterns"


def stored_language(pattern: str, compute: Callable[[], CharacterAutomaton]) -> CharacterAutomaton:
    """The language of a pattern (of one dialect: `pattern` says which), from disk or computed."""
    key = _key(b"language", pattern.encode("utf-8", "surrogatepass"))
    arrays = None if key is None else load_arrays(_KIND, key)
    if arrays is not None:
        return CharacterAutomaton.from_arrays(arrays)
    language = compute()
    if key is not None and (language.n_states >= LEAST_STATES or len(pattern) >= LEAST_LENGTH):
        store_arrays(_KIND, key, language.to_arrays(), MAX_BYTES)
    return language


def stored_spelling(
    language: CharacterAutomaton, how: str, everything: ByteAutomaton, compute: Callable[[], ByteAutomaton]
) -> ByteAutomaton:
    """The spelling of a language, from disk or computed; `how` it is spelled; all its links lead to `everything`."""
    key = None
    if language.n_states >= LEAST_STATES:
        key = _key(b"spelling", language.key, how.encode(), everything.key)
    arrays = None if key is None else load_arrays(_KIND, key)
    if arrays is not None:
        base = arrays.get("base")
        return automaton_of_table(
            arrays["edge_start"],
            arrays["table"],
            arrays["accepting"],
            links=tuple([(everything, state) for state in arrays["linked"].tolist()]),
            base=base,
            base_automaton=None if base is None else everything,
            reserve=arrays.get("reserve"),
        )
    automaton = compute()
    if key is not None:
        table = np.column_stack([automaton.edges, automaton.edge_unit.astype(np.int32)])
        made = {
            "edge_start": automaton.edge_start,
            "table": np.ascontiguousarray(table, dtype=np.int32),
            "accepting": automaton.accepting,
            "linked": np.array([state for _, state in automaton.links], dtype=np.int32),
        }
        if automaton.base is not None:
            made["base"] = automaton.base
        if automaton.reserve is not None:
            made["reserve"] = automaton.reserve
        store_arrays(_KIND, key, made, MAX_BYTES)
    return automaton


def _key(*parts: bytes) -> str | None:
    """The name of an entry; None where the code cannot be read, so that nobody knows which one it is."""
    version = _version()
    if not version:
        return None
    digest = hashlib.blake2b(version, digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


@functools.cache
def _version() -> bytes:
    """A digest of all that decides what a pattern means and how it is spelled."""
    package = Path(__file__).parent
    digest = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=16)
    try:
        for path in [package.parent / "byte_automaton.py", *sorted(package.glob("*.py"))]:
            digest.update(path.name.encode() + path.read_bytes())
    except OSError:
        return b""
    return digest.digest()
