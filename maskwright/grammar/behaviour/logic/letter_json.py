"""Letters in JSON: `{"segment": "call", "atoms": ["call(search)"]}`, `{"propositions": ["a"]}`, or a text as it is.

Atoms are written as they print, and read by the parser of formulas.
"""

from __future__ import annotations

from typing import Any

from maskwright.errors import GrammarSyntaxError, InvalidOption
from maskwright.grammar.behaviour.atoms import Atom
from maskwright.grammar.behaviour.letters import Letter, Valuation
from maskwright.grammar.behaviour.logic.formula import Holds
from maskwright.grammar.behaviour.logic.parser import parse_formula


def letter_to_json(letter: Any) -> Any:
    """The JSON value of a letter; raises InvalidOption for a kind that has none."""
    match letter:
        case Letter(segment, atoms):
            return {"segment": segment, "atoms": sorted(map(str, atoms))}
        case Valuation(propositions):
            return {"propositions": sorted(propositions)}
        case str():
            return letter
    raise InvalidOption("letters", letter, "segments' letters, valuations or texts to be written as JSON")


def letter_from_json(value: Any) -> Any:
    """The letter of a JSON value; raises InvalidOption if it is none."""
    match value:
        case {"segment": str(segment), "atoms": [*atoms]}:
            return Letter(segment, frozenset(_atom(text) for text in atoms))
        case {"propositions": [*names]} if all(isinstance(name, str) for name in names):
            return Valuation(frozenset(names))
        case str():
            return value
    raise InvalidOption("letters", value, "what `to_json` writes")


def _atom(text: Any) -> Atom:
    try:
        formula = parse_formula(text) if isinstance(text, str) else None
    except GrammarSyntaxError:
        formula = None
    if not isinstance(formula, Holds):
        raise InvalidOption("letters", text, "an atom as `to_json` writes it")
    return formula.atom
