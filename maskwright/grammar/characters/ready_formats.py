"""The automata of all formats, ready-made: what the first use of a format in a process would otherwise compute.

Idea: the definitions in `formats` and its tables are the source of truth; `scripts/build_formats.py` computes their
minimal automata once and writes them beside the package's other assets, and a test compares the two. Reading one takes
1 to 15 milliseconds instead of 20 to 400, which a server would pay in the middle of its first requests. Cost: 400 KB.
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
        return CharacterAutomaton.from_arrays({part: arrays[f"{name}/{part}"] for part in _PARTS})


def write_formats(languages: Mapping[str, CharacterAutomaton], archive: Path = READY_FORMATS) -> None:
    """Write an archive of these formats."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, language in sorted(languages.items()):
        for part, array in language.to_arrays().items():
            arrays[f"{name}/{part}"] = _narrowed(array)
    np.savez_compressed(archive, allow_pickle=False, **arrays)


def _narrowed(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Transitions in half the space, where the states are few enough."""
    if array.dtype == np.int32 and array.size and int(np.abs(array).max()) < 1 << 15:
        return array.astype(np.int16)
    return array
