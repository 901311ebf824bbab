"""Leaves of a grammar changed one by one, and regular restrictions that can be made so.

    map_leaves(node, change)              the node with each of its leaves changed
    leafwise(grammar, products)           the texts that the table accepts, or None where this way is not exact

A product with an automaton (`regular_product`) draws out whatever it looks into: members in any order become all sets
of members seen. If every leaf of the grammar leads the automaton from its start to its start, or nowhere, then so does
every text, leaf after leaf, and it is enough to take from each leaf what leads nowhere: rules and permutations stay. So
it is with delimiters inside the strings of JSON, which must not be cut in pieces by leaves.
It is not tried where a leaf would lose all its texts, for then rules may have none.
Cost: linear in the rules, which are all computed, and one small product for each different leaf.
"""

from __future__ import annotations

from collections.abc import Callable

from maskwright.grammar import ir
from maskwright.grammar.behaviour.grounding.counted_leaf import counted_product
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.byte_table import START, ByteTable
from maskwright.grammar.ir import Grammar, Node
from maskwright.grammar.leaf_product import LeafProducts, is_free
from maskwright.grammar.rewriting import called_names


def map_leaves(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with every leaf changed into one that is not `NOTHING`; calls are no leaves.

    A leaf that must differ from its siblings is given with its `Distinct`.
    """
    match node:
        case ir.Sequence(parts):
            return ir.sequence(*(map_leaves(part, change) for part in parts))
        case ir.Choice(parts):
            return ir.choice(*(map_leaves(part, change) for part in parts))
        case ir.Repeat(body, minimum, maximum):
            return ir.repeat(map_leaves(body, change), minimum, maximum)
        case ir.Permutation():
            return node.mapped(lambda part: map_leaves(part, change))
        case ir.Network(n_states, edges):
            mapped = [(source, map_leaves(label, change), target) for source, label, target in edges]
            return ir.Network(n_states, tuple(mapped))
        case ir.Distinct(body) if not isinstance(body, ir.Literal | ir.ByteClass | ir.Automaton):
            return ir.Distinct(map_leaves(body, change))
        case ir.Call() | ir.Document():
            return node
    return change(node)


def reached_rules(grammar: Grammar) -> dict[str, Node]:
    """The rules that the start rule leads to."""
    found = {grammar.start: grammar.rules[grammar.start]}
    todo = [grammar.start]
    while todo:
        for name in called_names(found[todo.pop()]):
            if name not in found:
                found[name] = grammar.rules[name]
                todo.append(name)
    return found


def leafwise(grammar: Grammar, products: LeafProducts) -> Grammar | None:
    """The texts of a grammar that a table accepts, if its leaves lead from START to START or nowhere; else None."""
    table = products.table
    changed: dict[Node, Node] = {}

    def change(leaf: Node) -> Node:
        if leaf not in changed:
            changed[leaf] = leaf if _stays(leaf, table) else _restricted(leaf, products)
        return changed[leaf]

    try:
        rules = {name: map_leaves(node, change) for name, node in reached_rules(grammar).items()}
    except _NotLeafwise:
        return None
    stays_free = all(leaf is new or _is_free(new) for leaf, new in changed.items())
    if not table.accepting[START] or (not stays_free and any(map(_has_distinct_parts, rules.values()))):
        return None
    return Grammar(grammar.start, rules, grammar.is_prepared, grammar.report, grammar.is_document)


def _restricted(leaf: Node, products: LeafProducts) -> Node:
    if isinstance(leaf, ir.Automaton) and leaf.counter is not None:
        counted = counted_product(leaf, products.table)
        if counted is not None:
            return counted
    found = products.product(leaf, START)
    if not found or any(end != START for _, end in found):
        raise _NotLeafwise
    return ir.choice(*(part for part, _ in found))


def _is_free(leaf: Node) -> bool:
    """Do infinitely many texts lie ahead everywhere in a leaf?  (In doubt: no.)"""
    return isinstance(leaf, ir.Automaton) and is_free(leaf.automaton)


class _NotLeafwise(Exception):  # it is no error, and leaves this module never
    """A leaf leads elsewhere, or has no text left."""


def _stays(leaf: Node, table: ByteTable) -> bool:
    """Does every byte that the leaf can read lead from START to START?"""
    row = table.rows[START]
    match leaf:
        case ir.Literal(text):
            return all(row[byte] == START for byte in text)
        case ir.ByteClass(mask):
            return all(row[byte] == START for byte in range(256) if mask >> byte & 1)
        case ir.Automaton(automaton):
            return _reads_only(automaton, {byte for byte in range(256) if row[byte] == START}, set())
    return False


def _reads_only(automaton: ByteAutomaton, allowed: set[int], seen: set[bytes]) -> bool:
    if automaton.key in seen:
        return True
    seen.add(automaton.key)
    ranges = {(low, high) for low, high, _ in automaton.edges.tolist()}
    behind = [*(one for one, _ in automaton.links), *([automaton.base_automaton] if automaton.base_automaton else [])]
    return all(allowed.issuperset(range(low, high + 1)) for low, high in ranges) and all(
        _reads_only(one, allowed, seen) for one in behind
    )


def _has_distinct_parts(node: Node) -> bool:
    """Must something in a node differ from its siblings that is more than one leaf?"""
    match node:
        case ir.Sequence(parts) | ir.Choice(parts):
            return any(map(_has_distinct_parts, parts))
        case ir.Repeat(body):
            return _has_distinct_parts(body)
        case ir.Permutation():
            return any(map(_has_distinct_parts, node.parts))
        case ir.Network(_, edges):
            return any(_has_distinct_parts(label) for _, label, _ in edges)
        case ir.Distinct(body):
            return not isinstance(body, ir.Literal | ir.ByteClass | ir.Automaton)
    return False
