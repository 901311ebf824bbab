"""Bytes as texts, options and JSON values, and back: how the input of a target is read.

Inputs are bytes, so that any fuzzer can change them. As texts they may hold lone surrogates, as the strings of a JSON
document may: bytes that are no UTF-8 become such. A target with options takes the first byte as their number.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from tests.fuzz.inputs.spoiling import parts_of, spoiled_text, spoiled_value

ROOT: Final = Path(__file__).parents[3]
SCHEMAS: Final = ROOT / "schemas"
Option = TypeVar("Option")


def text_of(content: bytes) -> str:
    """`text_of(b"a\\xff")` -> `"a\\udcff"`; any bytes are a text."""
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """The bytes that `text_of` reads as that text, if they contain no lone surrogate beside bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def chosen(options: Sequence[Option], content: bytes) -> tuple[Option, bytes]:
    """The option that the first byte names, and the bytes behind it."""
    return options[content[0] % len(options) if content else 0], content[1:]


def json_bytes(value: Any) -> bytes:
    """A JSON value as text, with the constants of Python's own dialect."""
    return json.dumps(value, ensure_ascii=False, default=float).encode("utf-8", "surrogatepass")


def drawn(make: Callable[[random.Random], bytes]) -> st.SearchStrategy[bytes]:
    """Inputs made from a random number."""
    return st.integers(0, 2**62).map(lambda seed: make(random.Random(seed)))


def with_option(n: int, inputs: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Inputs behind the number of an option."""
    return st.tuples(st.integers(0, n - 1), inputs).map(lambda pair: bytes([pair[0]]) + pair[1])


def spoiled_texts(texts: st.SearchStrategy[str], pieces: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Texts of a notation: as they are, or, twice as often, spoiled a little."""

    def spoilt(pair: tuple[str, int]) -> bytes:
        text, seed = pair
        return bytes_of(text if seed % 3 == 0 else spoiled_text(text, pieces, random.Random(seed)))

    return st.tuples(texts, st.integers(0, 2**62)).map(spoilt)


def spoiled_values(values: Sequence[Any], pieces: Sequence[str] = ()) -> st.SearchStrategy[bytes]:
    """Some JSON values with parts exchanged, and sometimes their texts spoiled."""
    names, parts = parts_of(values)

    def make(rng: random.Random) -> bytes:
        value = spoiled_value(rng.choice(values), names, parts, rng)
        content = json_bytes(value)
        return bytes_of(spoiled_text(text_of(content), pieces, rng)) if rng.random() < 0.15 else content

    return drawn(make)


def files(folder: Path, pattern: str, most: int = 4000) -> list[str]:
    """The texts of some files that are not longer, in order; raises ValueError where there are none."""
    found = [path.read_text("utf-8") for path in sorted(folder.glob(pattern))]
    if not found:
        raise ValueError(f"no file {pattern} in {folder}")
    return [text for text in found if len(text) <= most]
