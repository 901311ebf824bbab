"""The automata of all formats, ready-made: what the first use of a format in a process would otherwise compute.

Idea: the definitions in `formats` and its tables are the source of truth; `scripts/build_formats.py` computes their
minimal automata once and writes them beside the package's other assets, and a test compares the two. Reading one takes
1 to 15 milliseconds instead of 20 to 400, which a server would pay in the middle of its first requests. Cost: 180 KB:
a row of transitions is written as its differences from the row before, modulo 2^16, because neighbours in the chains of
these automata lead to neighbours, and such differences compress twice as well.
Rejected: the cache on disk of `matching`, which every new machine would have to fill first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.characters.automaton import CharacterAutomaton

READY_FORMATS = Path(__file__).parents[2] / "assets" / "formats.npz"
"""An archive of arrays, three for each format: `date/intervals`, `date/transitions`, `date/accepting`."""

_PARTS = ("intervals", "transitions", "accepting")


def ready_format(name: str, archive: Path = READY_FORMATS) -> CharacterAutomaton | None:
    """The automaton of a format; None if there is no archive, or the format is not in it."""
    if not archive.exists():
        return None
    with np.load(archive, allow_pickle=False) as arrays:
        if f"{name}/transitions" not in arrays.files:
            return None
        return _unpacked({part: arrays[f"{name}/{part}"] for part in _PARTS})


def write_formats(languages: Mapping[str, CharacterAutomaton], archive: Path = READY_FORMATS) -> None:
    """Write an archive of these formats, each of at most 2^15 states."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, language in sorted(languages.items()):
        for part, array in _packed(language).items():
            arrays[f"{name}/{part}"] = array
    np.savez_compressed(archive, allow_pickle=False, **arrays)


def _packed(language: CharacterAutomaton) -> dict[str, NDArray[np.generic]]:
    assert language.n_states <= 1 << 15, "targets are written in 16 bits"
    rows = language.transitions.astype(np.int16)
    return {**language.to_arrays(), "transitions": np.diff(rows, axis=0, prepend=np.int16(0))}


def _unpacked(arrays: Mapping[str, NDArray[np.generic]]) -> CharacterAutomaton:
    rows = np.cumsum(arrays["transitions"], axis=0, dtype=np.int16)
    return CharacterAutomaton.from_arrays({**arrays, "transitions": rows})
