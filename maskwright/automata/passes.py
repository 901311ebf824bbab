"""Grammar to grammar: what makes a grammar fit for the machine. `prepare` is the list of passes, in order.

 1. `keep_productive`      drop what can never be finished (so there are no dead ends), and what is never reached
 2. `remove_empty_strings` no rule derives the empty string but the start rule; calls of nullable rules become optional
 3. `unroll_both_ends` (in `both_ends`)   rules that call themselves at both ends become loops
 4. `remove_left_recursion` (in `left_recursion`)

All keep the language exactly. Front ends that guarantee the result by construction set `Grammar.is_prepared`. In a
grammar that is composed of others, parts that came prepared are not looked into: a call of theirs is one letter here.
Cost: each pass is linear in the grammar times the depth of its fixpoint; some 20 us a part in all, hence MAX_PARTS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maskwright.automata.both_ends import unroll_both_ends
from maskwright.automata.left_recursion import remove_left_recursion
from maskwright.automata.nullable import is_nullable, nonempty_part
from maskwright.errors import EmptyLanguage, GrammarSyntaxError, LimitExceeded
from maskwright.grammar.composition import ComposedRules
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Call,
    Choice,
    Distinct,
    Document,
    Grammar,
    Literal,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    optional,
)
from maskwright.grammar.rewriting import called_names, leaves, map_calls, without_impossible_entries

MAX_PARTS = 100_000
"""Literals, byte classes, calls, ... in all right parts: a grammar of 2 MB that somebody writes has half of that."""


def prepare(grammar: Grammar) -> Grammar:
    """The same language, with every rule productive and nonempty and without left recursion; raises LimitExceeded."""
    if grammar.is_prepared:
        return grammar
    given = grammar.rules
    if isinstance(given, ComposedRules):
        grammar = Grammar(grammar.start, _WithoutPrepared(given), report=grammar.report)
    _check_size(grammar)
    for transform in (keep_productive, remove_empty_strings, unroll_both_ends, remove_left_recursion):
        grammar = transform(grammar)
    rules = grammar.rules
    if isinstance(given, ComposedRules):
        rules = _PartlyPrepared({name: body for name, body in rules.items() if not given.is_prepared(name)}, given)
    return Grammar(grammar.start, rules, is_prepared=True, report=grammar.report)


def _check_size(grammar: Grammar) -> None:
    """Count the parts of what the start rule leads to, before any pass goes through all of them."""
    n_parts = 0
    found = {grammar.start}
    todo = [grammar.start]
    while todo:
        name = todo.pop()
        parts = leaves(grammar.rules[name]) if name in grammar.rules else []
        n_parts += len(parts)
        if n_parts > MAX_PARTS:
            raise LimitExceeded("All right parts of a grammar", n_parts, MAX_PARTS, name, "use a smaller grammar")
        called = {part.name for part in parts if isinstance(part, Call)} - found
        found |= called
        todo += called


class _WithoutPrepared(Mapping[str, Node]):
    """Composed rules, those of prepared parts as one letter each: productive, nonempty, not left-recursive."""

    def __init__(self, rules: ComposedRules) -> None:
        self._rules = rules

    def __getitem__(self, name: str) -> Node:
        return Literal(b"x") if self._rules.is_prepared(name) else self._rules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rules

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


class _PartlyPrepared(Mapping[str, Node]):
    """Rules that were prepared here, and those of parts that came prepared, which iterating does not yield."""

    def __init__(self, prepared: Mapping[str, Node], rules: ComposedRules) -> None:
        self._prepared = prepared
        self._rules = rules

    def schema_pointers(self, rule: str, step: str | int | None) -> tuple[str, ...]:
        """As the rules say that were prepared: see `SchemaPlaces`."""
        return self._rules.schema_pointers(rule, step)

    def has_distinct_items(self, rule: str) -> bool:
        """The same."""
        return self._rules.has_distinct_items(rule)

    def __getitem__(self, name: str) -> Node:
        return self._prepared[name] if name in self._prepared else self._rules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._prepared)

    def __len__(self) -> int:
        return len(self._prepared)


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
        case Distinct(body) | Document(body):
            return _is_productive(body, productive)
        case Permutation():
            cut = node.mapped(lambda part: part if _is_productive(part, productive) else NOTHING)
            return without_impossible_entries(cut) != NOTHING
        case Network():
            leaving: dict[int, list[tuple[Node, int]]] = {}
            for source, label, target in node.edges:
                leaving.setdefault(source, []).append((label, target))
            reached = {0}
            todo = [0]
            while todo:
                for label, target in leaving.get(todo.pop(), ()):
                    if target not in reached and _is_productive(label, productive):
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
