"""Grammar to grammar: what makes a grammar fit for the machine. `prepare` is the list of passes, in order.

 1. `keep_productive`      drop what can never be finished (so there are no dead ends), and what is never reached
 2. `remove_empty_strings` no rule derives the empty string but the start rule; calls of nullable rules become optional
 3. `remove_left_recursion` (in `left_recursion`)

All keep the language exactly. Front ends that guarantee the result by construction set `Grammar.is_prepared`.
Cost: each pass is linear in the grammar times the depth of its fixpoint.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from maskwright.automata.left_recursion import remove_left_recursion
from maskwright.automata.nullable import is_nullable, nonempty_part
from maskwright.errors import EmptyLanguage, GrammarSyntaxError
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Call,
    Choice,
    Distinct,
    Grammar,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    choice,
    distinct,
    optional,
    repeat,
    sequence,
)


def prepare(grammar: Grammar) -> Grammar:
    """The same language, with every rule productive and nonempty and without left recursion."""
    if grammar.is_prepared:
        return grammar
    for transform in (keep_productive, remove_empty_strings, remove_left_recursion):
        grammar = transform(grammar)
    return Grammar(grammar.start, grammar.rules, is_prepared=True, report=grammar.report)


def keep_productive(grammar: Grammar) -> Grammar:
    """Remove every alternative that needs a rule which derives no string; raise EmptyLanguage if nothing is left."""
    rules = {name: grammar.rules[name] for name in reachable(grammar)}
    callers = _callers(rules)
    productive: set[str] = set()
    todo = list(rules)
    while todo:
        name = todo.pop()
        if name not in productive and _is_productive(rules[name], productive):
            productive.add(name)
            todo += callers[name]
    if grammar.start not in productive:
        raise EmptyLanguage(f"every alternative of rule '{grammar.start}' needs a text that never ends")
    pruned = {
        name: map_calls(rules[name], lambda call: call if call.name in productive else NOTHING) for name in productive
    }
    kept = Grammar(grammar.start, pruned, report=grammar.report)
    return Grammar(kept.start, {name: pruned[name] for name in reachable(kept)}, report=kept.report)


def _callers(rules: Mapping[str, Node]) -> dict[str, list[str]]:
    """For each rule, the rules that call it: what must be looked at again when something is learnt of it."""
    callers: dict[str, list[str]] = {name: [] for name in rules}
    for name, body in rules.items():
        for callee in set(called_names(body)):
            callers[callee].append(name)
    return callers


def _is_productive(node: Node, productive: set[str]) -> bool:
    match node:
        case Call(name):
            return name in productive
        case Sequence(parts):
            return all(_is_productive(part, productive) for part in parts)
        case Choice(parts):
            return any(_is_productive(part, productive) for part in parts)
        case Repeat(body, minimum, _):
            return minimum == 0 or _is_productive(body, productive)
        case Distinct(body):
            return _is_productive(body, productive)
        case Permutation():
            cut = node.mapped(lambda part: part if _is_productive(part, productive) else NOTHING)
            return without_impossible_entries(cut) != NOTHING
        case Network():
            reached = {0}
            todo = [0]
            while todo:
                state = todo.pop()
                for source, label, target in node.edges:
                    if source == state and target not in reached and _is_productive(label, productive):
                        reached.add(target)
                        todo.append(target)
            return node.n_states - 1 in reached
    return True


def reachable(grammar: Grammar) -> list[str]:
    """The names that the start rule leads to, in the order of their discovery."""
    found = {grammar.start: None}
    todo = [grammar.start]
    while todo:
        name = todo.pop()
        if name not in grammar.rules:
            raise GrammarSyntaxError(f"rule '{name}' is used but not defined", "", 0)
        for callee in called_names(grammar.rules[name]):
            if callee not in found:
                found[callee] = None
                todo.append(callee)
    return list(found)


def called_names(node: Node) -> list[str]:
    """The names that a node calls, anywhere in it."""
    names: list[str] = []

    def note(call: Call) -> Node:
        names.append(call.name)
        return call

    map_calls(node, note)
    return names


def leaves(node: Node) -> list[Node]:
    """All that a node consists of in the end: literals, byte classes, automata, token sets and calls."""
    match node:
        case Sequence(parts) | Choice(parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Repeat(body, _, _) | Distinct(body):
            return leaves(body)
        case Permutation():
            return [leaf for part in node.parts for leaf in leaves(part)]
        case Network(_, edges):
            return [leaf for _, label, _ in edges for leaf in leaves(label)]
    return [node]


def map_calls(node: Node, replace: Callable[[Call], Node]) -> Node:
    """Rebuild the node with every call replaced; `NOTHING` spreads as it must."""
    match node:
        case Call():
            return replace(node)
        case Sequence(parts):
            return sequence(*(map_calls(part, replace) for part in parts))
        case Choice(parts):
            return choice(*(map_calls(part, replace) for part in parts))
        case Distinct(body):
            return distinct(map_calls(body, replace))
        case Repeat(body, minimum, maximum):
            return repeat(map_calls(body, replace), minimum, maximum)
        case Permutation():
            return without_impossible_entries(node.mapped(lambda part: map_calls(part, replace)))
        case Network(n_states, edges):
            mapped = [(source, map_calls(label, replace), target) for source, label, target in edges]
            return trim_network(Network(n_states, tuple(edge for edge in mapped if edge[1] != NOTHING)))
    return node


def without_impossible_entries(node: Permutation) -> Node:
    """Drop the entries that became `NOTHING`; the whole is `NOTHING` where one of them, or enough, cannot be missed."""
    possible = [i for i, item in enumerate(node.items) if NOTHING not in item]
    items = tuple(node.items[i] for i in possible)
    markers = tuple(marker for marker in node.markers if marker[0] != NOTHING)
    fulfilled = {obligation for _, obligations in markers for obligation in obligations}
    if not set(node.required) <= set(possible) or len(fulfilled) < node.n_obligations:
        return NOTHING
    repeats = bool(markers) or node.repeatable != NOTHING
    if not repeats and len(items) < max(1, node.minimum):
        return NOTHING
    if node.separator == NOTHING:
        return _single_entry(node, possible, markers)
    return dataclasses.replace(
        node, items=items, required=tuple(possible.index(i) for i in node.required), markers=markers
    )


def _single_entry(node: Permutation, possible: list[int], markers: tuple[tuple[Node, tuple[int, ...]], ...]) -> Node:
    """The entries that may stand alone: what is left of a permutation without a separator."""
    alone = [sequence(*node.items[i]) for i in possible if set(node.required) <= {i}]
    alone = [] if node.n_obligations else alone
    if not node.required:
        alone += [body for body, obligations in markers if len(set(obligations)) == node.n_obligations]
        alone += [] if node.n_obligations else [node.repeatable]
    return choice(*alone) if node.minimum <= 1 else NOTHING


def trim_network(network: Network) -> Node:
    """Drop the edges that lie on no path from the first to the last state; `NOTHING` if there is no path."""
    forward = _closure({0}, [(source, target) for source, _, target in network.edges])
    final = network.n_states - 1
    backward = _closure({final}, [(target, source) for source, _, target in network.edges])
    if final not in forward:
        return NOTHING
    live = forward & backward
    kept = tuple(edge for edge in network.edges if edge[0] in live and edge[2] in live)
    return Network(network.n_states, kept)


def _closure(start: set[int], arrows: list[tuple[int, int]]) -> set[int]:
    following: dict[int, list[int]] = {}
    for source, target in arrows:
        following.setdefault(source, []).append(target)
    reached = set(start)
    todo = list(start)
    while todo:
        for target in following.get(todo.pop(), ()):
            if target not in reached:
                reached.add(target)
                todo.append(target)
    return reached


def remove_empty_strings(grammar: Grammar) -> Grammar:
    """No rule derives the empty string; where the language has it, the start rule says so in one optional call."""
    nullable: set[str] = set()
    callers = _callers(grammar.rules)
    todo = list(grammar.rules)
    while todo:
        name = todo.pop()
        if name not in nullable and is_nullable(
            map_calls(grammar.rules[name], lambda call: EPSILON if call.name in nullable else call)
        ):
            nullable.add(name)
            todo += callers[name]
    rules: dict[str, Node] = {}
    for name, body in grammar.rules.items():
        rest, _ = nonempty_part(map_calls(body, lambda c: optional(c) if c.name in nullable else c))
        rules[name] = rest
    emptied = {name for name, body in rules.items() if body == NOTHING}
    start = grammar.start
    if start in nullable:
        while start in rules:
            start = f"{start} or nothing"
        rules[start] = EPSILON if grammar.start in emptied else optional(Call(grammar.start))
    cleaned = Grammar(start, rules, report=grammar.report)
    # A rule that had only the empty string, be it through a cycle (A = A | nothing), has become unproductive.
    return keep_productive(cleaned) if nullable else cleaned
