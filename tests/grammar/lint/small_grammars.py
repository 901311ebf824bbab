"""Small random grammars as plain productions, and the same as texts of the notations."""

from __future__ import annotations

from hypothesis import strategies as st

Productions = dict[str, list[list[str]]]

NAMES = ["s", "t", "u"]


def productions(*, least_symbols: int = 0) -> st.SearchStrategy[Productions]:
    """Three rules over a and b; alternatives are all different."""
    symbol = st.sampled_from([*"aab", *NAMES])
    body = st.lists(symbol, min_size=least_symbols, max_size=3)
    alternatives = st.lists(body, min_size=1, max_size=3, unique_by=tuple)
    return st.fixed_dictionaries(dict.fromkeys(NAMES, alternatives))


def as_gbnf(grammar: Productions) -> str:
    """`{"s": [["a", "t"], []]}` -> `s ::= "a" t | ""`."""
    return "".join(f"{name} ::= {_alternatives(bodies)}\n" for name, bodies in grammar.items())


def as_lark(grammar: Productions) -> str:
    """The same for lark."""
    return "".join(f"{name}: {_alternatives(bodies)}\n" for name, bodies in grammar.items())


def _alternatives(bodies: list[list[str]]) -> str:
    quoted = [[f'"{symbol}"' if symbol in "ab" else symbol for symbol in body] or ['""'] for body in bodies]
    return " | ".join(" ".join(body) for body in quoted)
