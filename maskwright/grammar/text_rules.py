"""Does a grammar read nothing but whole characters in UTF-8?  Then any text may follow where anything may.

Decided leaf by leaf, which is enough for what front ends write: a leaf that ends within a character counts as no text.
Prepared parts come from front ends that write characters only, and are not looked into.
Cost: linear in the grammar, and in the states of its automata.
"""

from __future__ import annotations

from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import ANY_TEXT, utf8_automaton
from maskwright.grammar.composition import ComposedRules
from maskwright.grammar.ir import Grammar, Node
from maskwright.grammar.rewriting import called_names, leaves


def is_of_texts(grammar: Grammar) -> bool:
    """Is every leaf that the start rule leads to a set of texts in UTF-8?  (In doubt: no.)"""
    if grammar.is_prepared:
        return True
    rules = grammar.rules
    found = {grammar.start}
    todo = [grammar.start]
    while todo:
        name = todo.pop()
        if isinstance(rules, ComposedRules) and rules.is_prepared(name):
            continue
        if not all(map(_is_text, leaves(rules[name]))):
            return False
        for callee in called_names(rules[name]):
            if callee not in found:
                found.add(callee)
                todo.append(callee)
    return True


def _is_text(leaf: Node) -> bool:
    match leaf:
        case ir.Literal(text):
            try:
                text.decode()
            except UnicodeDecodeError:
                return False
            return True
        case ir.ByteClass(mask):
            return mask < 1 << 128
        case ir.Automaton(automaton, state):
            return _reads_characters(automaton, state)
    return isinstance(leaf, ir.Call | ir.TokenSet | ir.Lexed)  # a lexer reads characters


def _reads_characters(automaton: ByteAutomaton, state: int) -> bool:
    """Walk through it together with the automaton of all texts."""
    everything = utf8_automaton(ANY_TEXT)
    start = (automaton, state, 0)
    seen = {start}
    todo = [start]
    while todo:
        here, place, phase = todo.pop()
        if here.accepting[place] and not everything.accepting[phase]:
            return False
        for byte in range(256):
            step = here.successor(place, byte)
            if step is not None:
                expected = everything.successor(phase, byte)
                if expected is None:
                    return False
                after = (step[0], step[1], expected[1])
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
    return True
