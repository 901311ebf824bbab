"""Words for rules: each stands for a formula, a count, or something that texts must be like.

    never: a                              must: a
    at_most: {n: 3, of: a}                at_least, exactly: the same
    only_after: {do: b, need: a}          b only if a came before; `each: true`: every b needs an a of its own
    followed_by: {when: a, then: b}       next_is, not_next: the same, of the next segment
    within: {when: a, then: b, steps: 3}
    between: {from: a, to: b, never: c}   or `must: c`
    order: [a, b, c]                      none before the one on its left; of one segment's text: of its terms
    exclusive: [a, b]                     at most one of them ever
    never_repeat: s                       all texts of s differ; or an atom with a variable, whose values differ
    mention: {all: ["t"], in: s}          or `any`; `fold: true`: any case; `word: true`: whole words
    leak: ["t", {regex: "p"}]             no text of the model contains them
    ltlf: "G(a -> X b)"                   a formula

a, b, c are formulas; what they mean in logic is in `logic.patterns`. Each rule may have `id`, `why` and `level`.
A rule about the text of one segment becomes a restriction of that segment, which its automaton enforces within the
text; a restriction of several segments of that name holds in each. One that only warns becomes a formula instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maskwright.errors import GrammarSyntaxError, LimitExceeded, SpecError
from maskwright.grammar.behaviour.atoms import Proposition, TextAtom, TextTest, holes_of
from maskwright.grammar.behaviour.logic import patterns
from maskwright.grammar.behaviour.logic.formula import (
    Formula,
    Holds,
    atoms_of,
    conjunction,
    disjunction,
    globally,
    holds,
    implies,
    is_of_one_letter,
    map_atoms,
    negation,
)
from maskwright.grammar.behaviour.logic.parser import parse_formula
from maskwright.grammar.behaviour.logic.past import refuse_future_inside_past
from maskwright.grammar.behaviour.specification.document import Node
from maskwright.grammar.behaviour.specification.resolving import resolved
from maskwright.grammar.behaviour.specification.spec import Mention, Ordered, Segment, Text, Without, Writer
from maskwright.grammar.behaviour.specification.texts import pattern_of, texts_of

MAX_COUNT = 10_000
"""The greatest count of a rule: each step of a counter is a state."""
MAX_STEPS = 90
"""The greatest number of steps in `within`: each is two operators within each other."""
MAX_OPERANDS = 100
"""Formulas in an `order` or `exclusive`, which speak of all pairs."""


@dataclass(frozen=True, slots=True)
class Count:
    """Between `minimum` and `maximum` (None: no end) segments of which `of` holds."""

    of: Formula
    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Lexical:
    """What the texts of segments must be like, each with the name of its segment; `formula` says the same of a trace,
    or is None where no formula can."""

    texts: tuple[tuple[str, Text], ...]
    formula: Formula | None


Meaning = Formula | Count | Lexical


@dataclass(frozen=True, slots=True)
class Operands:
    """Reads the formulas of rules, which speak of these segments."""

    segments: tuple[Segment, ...]

    def formula(self, node: Node) -> Formula:
        """The formula that a text spells, with concrete atoms."""
        text = node.text()
        try:
            formula = parse_formula(text)
        except GrammarSyntaxError as fault:
            raise node.inside(fault) from fault
        return resolved(formula, self.segments, node.error_at_name)

    def of_one_letter(self, node: Node) -> Formula:
        """A formula about a single segment."""
        formula = self.formula(node)
        if not is_of_one_letter(formula):
            raise node.error("a formula about one segment was expected here, without temporal operators")
        return formula

    def formulas(self, node: Node) -> tuple[Formula, ...]:
        """A list of two formulas or more."""
        items = node.items()
        if not 2 <= len(items) <= MAX_OPERANDS:
            raise node.error(f"2 to {MAX_OPERANDS} formulas were expected here, not {len(items)}")
        return tuple(map(self.formula, items))

    def segment(self, node: Node) -> str:
        """The name of a segment."""
        return node.one_of({segment.name: segment.name for segment in self.segments})


def meaning_of(word: str, value: Node, operands: Operands) -> Meaning:
    """What a rule means, given its word and what stands behind it."""
    try:
        meaning = WORDS[word](value, operands)
        if isinstance(meaning, Formula):
            refuse_future_inside_past(meaning)
        return meaning
    except SpecError as fault:
        if fault.where != "formula":
            raise
        raise value.error(fault.message) from fault  # of `logic`, which knows no places


def _members(node: Node, needed: Sequence[str], others: Sequence[str] = ()) -> dict[str, Node]:
    """The members of a mapping, all those that are needed among them."""
    members = node.members((*needed, *others))
    missing = [key for key in needed if key not in members]
    if missing:
        raise node.error(f"`{missing[0]}` is missing here; this rule has " + ", ".join(f"`{key}`" for key in needed))
    return members


def _count(node: Node, operands: Operands, least: int) -> tuple[Formula, int]:
    members = _members(node, ("n", "of"))
    n = members["n"].number(least)
    if n > MAX_COUNT:
        raise LimitExceeded("a count in a rule", n, MAX_COUNT, members["n"].path, "count less far")
    return operands.of_one_letter(members["of"]), n


def _at_most(node: Node, operands: Operands) -> Meaning:
    of, n = _count(node, operands, 0)
    return Count(of, 0, n)


def _at_least(node: Node, operands: Operands) -> Meaning:
    of, n = _count(node, operands, 1)
    return Count(of, n, None)


def _exactly(node: Node, operands: Operands) -> Meaning:
    of, n = _count(node, operands, 0)
    return Count(of, n, n)


def _only_after(node: Node, operands: Operands) -> Meaning:
    members = _members(node, ("do", "need"), ("each",))
    do, need = operands.formula(members["do"]), operands.formula(members["need"])
    is_each = "each" in members and members["each"].truth()
    return patterns.each_only_after(do, need) if is_each else patterns.only_after(do, need)


def _pair(pattern: Callable[[Formula, Formula], Formula]) -> Callable[[Node, Operands], Meaning]:
    """The reader of a rule with `when` and `then`."""

    def read(node: Node, operands: Operands) -> Meaning:
        members = _members(node, ("when", "then"))
        return pattern(operands.formula(members["when"]), operands.formula(members["then"]))

    return read


def _within(node: Node, operands: Operands) -> Meaning:
    members = _members(node, ("when", "then", "steps"))
    steps = members["steps"].number(1)
    if steps > MAX_STEPS:
        raise LimitExceeded("the steps of `within`", steps, MAX_STEPS, members["steps"].path, "use `followed_by`")
    return patterns.within(operands.formula(members["when"]), operands.formula(members["then"]), steps)


def _between(node: Node, operands: Operands) -> Meaning:
    members = _members(node, ("from", "to"), ("never", "must"))
    if ("never" in members) == ("must" in members):
        raise node.error("between two segments something is either `never` or `must`")
    begin, end = operands.formula(members["from"]), operands.formula(members["to"])
    if "never" in members:
        return patterns.never_between(begin, end, operands.formula(members["never"]))
    return patterns.must_between(begin, end, operands.formula(members["must"]))


def _order(node: Node, operands: Operands) -> Meaning:
    formulas = operands.formulas(node)
    atoms = [formula.atom for formula in formulas if isinstance(formula, Holds)]
    terms = [atom for atom in atoms if isinstance(atom, TextAtom) and atom.test in _TERMS]
    if len(terms) < len(formulas) or len({atom.segment for atom in terms}) > 1:
        return patterns.order(*formulas)
    if len({atom.test for atom in terms}) > 1:
        raise node.error("the terms of one text are all asked with `contains` or all with `mentions`")
    is_word = terms[0].test is TextTest.MENTIONS
    texts = tuple(str(atom.text) for atom in terms)
    return Lexical(((terms[0].segment, Ordered(texts, fold=is_word, word=is_word)),), None)


_TERMS = (TextTest.CONTAINS, TextTest.MENTIONS)


def _never_repeat(node: Node, operands: Operands) -> Meaning:
    formula = operands.formula(node)
    if isinstance(formula, Holds) and isinstance(formula.atom, Proposition):
        return patterns.never_repeat(formula.atom.name)
    if not is_of_one_letter(formula) or not any(map(holes_of, atoms_of(formula))):
        raise node.error("the name of a segment was expected here, or an atom with a variable: call(search, query=$q)")
    # The same of another atom than the text as a whole.
    return map_atoms(patterns.never_repeat(""), lambda _: formula)


def _mention(node: Node, operands: Operands) -> Meaning:
    members = _members(node, ("in",), ("all", "any", "fold", "word"))
    if ("all" in members) == ("any" in members):
        raise node.error("either `all` of some terms or `any` of them must be mentioned")
    terms = texts_of(members["all"] if "all" in members else members["any"])
    segment = operands.segment(members["in"])
    fold, word = (key in members and members[key].truth() for key in ("fold", "word"))
    formula = None
    if fold == word:
        test = TextTest.MENTIONS if word else TextTest.CONTAINS
        joined = disjunction if "any" in members else conjunction
        formula = globally(implies(holds(segment), joined(*(holds(TextAtom(segment, test, term)) for term in terms))))
    return Lexical(((segment, Mention(terms, "any" in members, fold, word)),), formula)


def _leak(node: Node, operands: Operands) -> Meaning:
    if not node.items():
        raise node.error("at least one text or {regex: ...} was expected here")
    texts: list[str] = []
    found: list[str] = []
    for item in node.items():
        if isinstance(item.value, dict):
            found.append(pattern_of(_members(item, ("regex",))["regex"]).pattern)
        else:
            texts += texts_of(Node((item,), item.path, item.source, item.begin, item.end))
    asked = [(TextTest.CONTAINS, text) for text in texts] + [(TextTest.MATCHES, pattern) for pattern in found]
    said = [segment.name for segment in operands.segments if segment.writer is Writer.MODEL]
    atoms = [holds(TextAtom(segment, test, text)) for segment in said for test, text in asked]
    without = Without(tuple(texts), tuple(found))
    return Lexical(tuple((segment, without) for segment in said), globally(negation(disjunction(*atoms))))


WORDS: dict[str, Callable[[Node, Operands], Meaning]] = {
    "never": lambda node, operands: patterns.never(operands.formula(node)),
    "must": lambda node, operands: patterns.must(operands.formula(node)),
    "at_most": _at_most,
    "at_least": _at_least,
    "exactly": _exactly,
    "only_after": _only_after,
    "followed_by": _pair(patterns.followed_by),
    "next_is": _pair(patterns.next_is),
    "not_next": _pair(patterns.not_next),
    "within": _within,
    "between": _between,
    "order": _order,
    "exclusive": lambda node, operands: patterns.exclusive(*operands.formulas(node)),
    "never_repeat": _never_repeat,
    "mention": _mention,
    "leak": _leak,
    "ltlf": lambda node, operands: operands.formula(node),
}
"""How the rule of each word is read."""
