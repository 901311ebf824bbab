"""The grammars that engines are compared on, each with texts that it accepts.

The four of `SHARED` are given to every engine as the same text. What only maskwright has a notation for, blocks by
indentation, is in `ALONE`: the shipped grammar of Python, and the one that lark brings along, on the same files as
Python with marked blocks.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lark

from bench.workloads.grammars.c_like_texts import c_like_file
from bench.workloads.grammars.json_texts import json_document
from bench.workloads.grammars.python_texts import library_files, marked
from bench.workloads.grammars.sql_texts import sql_script

HERE = Path(__file__).parent
SHIPPED = HERE.parents[2] / "schemas" / "lark"

LARK = "lark"
LARK_WITH_BLOCKS = "lark-python"
"""The first line of a specification in these notations, see `bench/engines`; the second has Python's indenter."""

SEED = 0


@dataclass(frozen=True, slots=True)
class GrammarCase:
    """`grammar` is the text in the notation; `texts`: name -> text."""

    name: str
    notation: str
    grammar: str
    texts: dict[str, str]

    @property
    def specification(self) -> str:
        """What an engine is given."""
        return f"{self.notation}\n{self.grammar}"


def _python(n_texts: int | None) -> GrammarCase:
    texts = {name: marked(text) for name, text in _first(library_files(), n_texts).items()}
    return GrammarCase("python", LARK, _read(HERE / "python.lark"), texts)


def _indented_python(n_texts: int | None) -> GrammarCase:
    texts = _first(library_files(), n_texts)
    return GrammarCase("python, indented", LARK_WITH_BLOCKS, _read(SHIPPED / "python.lark"), texts)


def _python_of_lark(n_texts: int | None) -> GrammarCase:
    grammar = _read(Path(lark.__file__).parent / "grammars" / "python.lark") + "\nstart: file_input\n"
    return GrammarCase("python, lark's own", LARK_WITH_BLOCKS, grammar, _first(library_files(), n_texts))


def _generated(name: str, write: Callable[[random.Random], str], n_texts: int) -> Callable[[int | None], GrammarCase]:
    """A case with `n_texts` texts, which is to say about 30,000 tokens of Llama 3."""

    def case(wanted: int | None) -> GrammarCase:
        rng = random.Random(SEED)
        texts = {f"{name}-{index:02}": write(rng) for index in range(n_texts)}
        return GrammarCase(name, LARK, _read(HERE / f"{name}.lark"), _first(texts, wanted))

    return case


def _first(texts: dict[str, str], n_texts: int | None) -> dict[str, str]:
    return dict(list(texts.items())[:n_texts])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


Maker = Callable[[int | None], GrammarCase]
"""From the number of texts, None for all, to the case."""

SHARED: dict[str, Maker] = {
    "python": _python,
    "sql": _generated("sql", sql_script, 20),
    "json": _generated("json", json_document, 19),
    "c_like": _generated("c_like", c_like_file, 15),
}
ALONE: dict[str, Maker] = {"python-indented": _indented_python, "python-of-lark": _python_of_lark}
