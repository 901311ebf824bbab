"""From a Lark grammar to productions over its terminals, and the terminals as its lexer sees them.

lark itself expands templates, groups and repetition into rules of its own ("__list_star_0"); these are helpers here,
and their owners are the rules that they were made for. A terminal is taken whole; its characters matter to the checks
in `terminals` only. A terminal that matches no text is a nonterminal without alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from lark.exceptions import LarkError
from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef
from lark.tree import Tree

from maskwright.errors import GrammarSyntaxError, MaskwrightError
from maskwright.grammar.characters.automaton import NO_TEXT, CharacterAutomaton
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.languages import match_language, without_atomic
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.syntax import contains_look
from maskwright.grammar.lark.dialect import Dialect
from maskwright.grammar.lark.scannerless_front_end import combined_terminals
from maskwright.grammar.lark.source import LarkSource, located
from maskwright.grammar.lint.facts import reachable_from
from maskwright.grammar.lint.subject import Body, Notation, Subject, Symbol, Whole


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as lark defines it.

    shown: its name, or as it is written in place.
    language: its texts; None where they cannot be told from the pattern alone (`obstacle` says why).
    is_combined: is the language no pattern's, because it combines terminals with `&` and `~`?
    """

    name: str
    shown: str
    definition: TerminalDef
    language: CharacterAutomaton | None
    obstacle: str = ""
    is_combined: bool = False

    @property
    def is_literal(self) -> bool:
        """Is it a text in quotes?"""
        return isinstance(self.definition.pattern, PatternStr)


@dataclass(frozen=True, slots=True)
class LarkParts:
    """A Lark grammar as a subject, with what the checks of its terminals and of its parser need.

    terminals: those that are used or ignored, as the lexer gets them.
    unused: names of terminals that are defined or imported in the text and used nowhere.
    rules: lark's own productions, for its parser.
    combined: the languages of terminals that no pattern says, because they combine others with `&` and `~`.
    """

    subject: Subject
    terminals: tuple[Terminal, ...]
    ignored: frozenset[str]
    unused: tuple[str, ...]
    rules: tuple[Rule, ...]
    combined: Mapping[str, CharacterAutomaton]


def read_parts(source: LarkSource, start: str, dialect: Dialect, kept: frozenset[str] = frozenset()) -> LarkParts:
    """Take apart what the dialect has left of a grammar; `kept` are terminals that the lexer has even without a use.

    Raises GrammarSyntaxError where lark finds a fault only when it compiles the rules.
    """
    names = [str(name) for name, parameters, _, _ in source.grammar.rule_defs if not parameters]
    if start not in names:
        close = get_close_matches(start, names, n=1)
        advice = f" (did you mean '{close[0]}'?)" if close else ""
        raise GrammarSyntaxError(f"there is no rule '{start}' to start from{advice}", source.text, 0, source.name)
    try:
        defined, rules, ignored = source.grammar.compile([start], set(kept))
        # lark leaves out rules that nothing uses; compiled from every rule, all are there to be looked at.
        _, all_rules, _ = source.grammar.compile(names, set())
    except (LarkError, AssertionError) as error:
        raise located(error, source.text, source.name) from error
    definitions = _definitions(source.text)
    combined = combined_terminals(defined, dialect)
    terminals = {
        definition.name: _terminal(definition, definition.name in definitions, combined.get(definition.name))
        for definition in defined
    }
    written = [name for name in dict.fromkeys(_rule_names(source)) if name in definitions]
    productions = _productions(all_rules, terminals)
    subject = Subject(
        Notation.LARK,
        start,
        productions,
        tuple(written),
        _owners(productions, set(names), all_rules),
        _loops(productions),
        frozenset(),
        text=source.text,
        definitions=definitions,
    )
    return LarkParts(
        subject,
        tuple(terminals.values()),
        frozenset(ignored),
        tuple(name for name in _unused_terminals(source, subject, [*ignored, *kept]) if name in definitions),
        tuple(rules),
        combined,
    )


def _rule_names(source: LarkSource) -> list[str]:
    return [str(name) for name, _, _, _ in source.grammar.rule_defs]


def _terminal(definition: TerminalDef, has_name: bool, combined: CharacterAutomaton | None) -> Terminal:
    language, obstacle = (combined, "") if combined is not None else _language(definition.pattern.to_regexp())
    shown = definition.name if has_name else definition.pattern.raw or definition.name
    return Terminal(definition.name, shown, definition, language, obstacle, combined is not None)


def _language(pattern: str) -> tuple[CharacterAutomaton | None, str]:
    """The texts of a terminal, unless it depends on what stands around them."""
    try:
        tree = parse(pattern, PYTHON)
        if contains_look(tree):
            return None, "its pattern looks at what stands around a text"
        if without_atomic(tree, pattern) != tree:
            return None, "its pattern keeps what it has taken"
        return match_language(pattern), ""
    except MaskwrightError as error:
        return None, f"its pattern cannot be read as a language ({str(error).splitlines()[0].rstrip('.')})"


def _productions(rules: list[Rule], terminals: dict[str, Terminal]) -> dict[str, tuple[Body, ...]]:
    bodies: dict[str, list[Body]] = {}
    empty = {name for name, terminal in terminals.items() if terminal.language == NO_TEXT}

    def symbol(name: str, is_terminal: bool) -> Symbol:
        if not is_terminal or name in empty:
            return name
        return Whole(name, terminals[name].shown if name in terminals else name)

    for rule in rules:
        body = tuple(symbol(str(part.name), part.is_term) for part in rule.expansion)
        bodies.setdefault(str(rule.origin.name), []).append(body)
    return {name: tuple(alternatives) for name, alternatives in bodies.items()} | dict.fromkeys(empty, ())


def _owners(productions: dict[str, tuple[Body, ...]], names: set[str], rules: list[Rule]) -> dict[str, str]:
    """The written rule of each rule that lark made: the template of an instance, else the first rule that uses it."""
    owners = {
        str(rule.origin.name): str(rule.options.template_source)
        for rule in rules
        if rule.options is not None and rule.options.template_source
    }
    todo = [*names, *owners]
    for name in todo:
        for symbol in (symbol for body in productions.get(name, ()) for symbol in body):
            if isinstance(symbol, str) and symbol.startswith("__") and symbol not in names and symbol not in owners:
                owners[symbol] = owners.get(name, name)
                todo.append(symbol)
    return owners


def _loops(productions: dict[str, tuple[Body, ...]]) -> dict[str, tuple[Body, ...]]:
    """lark writes x* and x+ as rules like `__list_star_0: x | __list_star_0 x`."""
    loops = {}
    for name, bodies in productions.items():
        if name.startswith("__") and (repeated := tuple(body[1:] for body in bodies if body[:1] == (name,))):
            loops[name] = repeated
    return loops


def _unused_terminals(source: LarkSource, subject: Subject, ignored: list[str]) -> list[str]:
    """Terminals that are in no rule that the start leads to, are not ignored, and are no part of one that is.

    lark writes the definition of a terminal into those that use it, as the very same tree.
    """
    bodies = (subject.productions.get(name, ()) for name in reachable_from([subject.start], subject))
    used = set(ignored)
    for body in (body for alternatives in bodies for body in alternatives):
        used |= {symbol.name if isinstance(symbol, Whole) else str(symbol) for symbol in body}
    trees: dict[str, Tree[object] | None] = {name: tree for name, (tree, _) in source.grammar.term_defs}
    name_of = {id(tree): name for name, tree in trees.items()}
    todo = list(used)
    for name in todo:
        tree = trees.get(name)
        for part in tree.iter_subtrees() if tree is not None else ():
            inner = name_of.get(id(part))
            if inner is not None and inner not in used:
                used.add(inner)
                todo.append(inner)
    return [name for name in trees if name not in used and not name.startswith("__")]


_DEFINITION = re.compile(
    r"^[ \t]*(?:%(?:override|extend)[ \t]+)?[?!]*(\w+)(?:\{[^}\n]*\})?(?:\.-?\d+)?[ \t]*:", re.MULTILINE
)
_STATEMENT = re.compile(r"^[ \t]*%(?:import|declare)[ \t]+(.*)$", re.MULTILINE)


def _definitions(text: str) -> dict[str, int]:
    """Where each rule and terminal of the text is defined, declared or imported."""
    places: dict[str, int] = {}
    for found in _DEFINITION.finditer(text):
        places.setdefault(found[1], found.start(1))
    for found in _STATEMENT.finditer(text):
        line = found[1].split("//")[0]
        for name in re.finditer(r"\w+(?=[ \t]*(?:[,)]|$))|(?<!\S)\w+(?=[ \t]|$)", line):
            places.setdefault(name[0], found.start(1) + name.start())
    return places
