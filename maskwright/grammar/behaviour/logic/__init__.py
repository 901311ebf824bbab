"""Temporal logic over finite traces, with past, and its automata. Files in reading order:

formula.py              formulas as values
parser.py               their texts, read
atom_reading.py         and the atoms in them
printer.py              and written
dfa.py                  automata over letters: minimal, combined, compared
decision_diagram.py     Boolean functions with one number each
past.py                 what past operators remember
progression.py          what is left of a formula after a letter
construction.py         formula -> automaton
counting.py             counts, as automata that count
rewriting.py            a sequence told from its end
patterns.py             what rules say often, as formulas
guards.py               sets of letters in few words
letter_json.py          letters in JSON
"""

from maskwright.grammar.behaviour.logic.construction import ltlf_to_dfa
from maskwright.grammar.behaviour.logic.dfa import DFA
from maskwright.grammar.behaviour.logic.parser import parse_formula
from maskwright.grammar.behaviour.logic.printer import print_formula

__all__ = ["DFA", "ltlf_to_dfa", "parse_formula", "print_formula"]
