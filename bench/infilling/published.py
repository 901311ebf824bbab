"""Figures of others for one question about one token, quoted and never measured here.

Source: the automaton and grammar core of Mündler, Dekoninck and Vechev, "Constrained Decoding of Diffusion LLMs with
Context-Free Grammars" (arXiv 2508.10111), compiled unchanged and driven with partial outputs that were split into
lexemes beforehand, once, on two shared cores, by us, in November 2026; without the time of its lexing and of its
Python, and with gaps of any length. An output may ask up to a hundred such questions.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Quoted(NamedTuple):
    """Milliseconds to build and minimise the automaton of a partial output, and to ask whether a text is left."""

    output: str
    n_lexemes: int
    n_states: int
    build_ms: float
    emptiness_ms: float
    witness_ms: float


QUOTED: Final = (
    Quoted("JSON, 2 gaps", 11, 10, 0.15, 0.02, 0.14),
    Quoted("JSON, 40 gaps", 83, 43, 10, 0.07, 15),
    Quoted("JSON, 40 gaps, long", 405, 366, 44, 117, 1_232),
    Quoted("C++ accumulate, 1 gap", 64, 64, 1.1, 1.0, 26),
    Quoted("C++ words_string, 2 gaps", 102, 101, 6.3, 2.4, 134),
    Quoted("C++, 41 gaps", 112, 71, 24, 16, 351),
    Quoted("C++ long body, 1 gap", 372, 372, 7, 32, 215),
)
