"""A Lark grammar as a written one: terminals become rules, and what is ignored stands between them.

Templates are written out, one rule for each set of arguments. A terminal keeps the structure of its definition, unless
a regular expression in it looks around: then it is the one pattern that lark makes of it. Aliases, priorities, `?` and
`!` change trees and decide between terminals, not which texts could be cut into terminals somehow.

What is lost, and no rule can say: lark's lexers take the longest terminal, and keywords before names. The written
grammar has every way to cut a text into terminals, so it may have more texts; `LEXER_COMMENT` tells its readers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lark.exceptions import LarkError
from lark.grammar import NonTerminal, Terminal
from lark.lexer import PatternStr
from lark.load_grammar import Grammar as LarkGrammar
from lark.load_grammar import PrepareLiterals
from lark.tree import Tree

from maskwright.errors import GrammarSyntaxError, LimitExceeded, UnsupportedConversion
from maskwright.grammar.characters import syntax
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.lark.dialect import Dialect, read_dialect
from maskwright.grammar.lark.source import SOURCE_NAME, LarkSource, located, read_source
from maskwright.grammar.lark.terminal_algebra import SIGNS
from maskwright.grammar.notation.assembly import COUNTS
from maskwright.grammar.notation.regular import with_flags
from maskwright.grammar.notation.written import (
    Expression,
    Pattern,
    Reference,
    Repetition,
    Text,
    WrittenGrammar,
    WrittenRule,
    choice,
    folded,
    sequence,
)

LEXER_COMMENT = (
    "Lark's lexer takes the longest terminal, and keywords before names. Rules cannot say that:",
    "here every way to cut a text into terminals counts.",
)

MAX_DEPTH = 200
"""Of a definition with the terminals that it uses written in; it is read by recursion."""

IGNORED = "ignored"

Arguments = dict[str, Expression]


def read_lark(
    text: str, start: str = "start", *, source_name: str = SOURCE_NAME, import_paths: Sequence[str | Path] = ()
) -> tuple[WrittenGrammar, str]:
    """The written grammar and the name of its start; only the rules that it leads to.

    Raises GrammarSyntaxError or LimitExceeded, or UnsupportedConversion for a terminal without definition and for
    whatever is beyond lark's own notation.
    """
    dialect = read_dialect(text, source_name)
    plain = dialect.plain
    try:
        source = read_source(plain.text, source_name=source_name, import_paths=import_paths)
        _refuse_dialect(dialect, source)
        return _read(source, start)
    except GrammarSyntaxError as error:
        raise plain.translated(error) from error


def _read(source: LarkSource, start: str) -> tuple[WrittenGrammar, str]:
    reader = _Reader(
        source,
        {str(name): (tuple(map(str, parameters)), tree) for name, parameters, tree, _ in source.grammar.rule_defs},
        {str(name): tree for name, (tree, _) in source.grammar.term_defs},
        tuple(map(str, source.grammar.ignore)),
    )
    if start not in reader.bodies or reader.bodies[start][0]:
        close = get_close_matches(start, reader.bodies, n=1)
        advice = f" (did you mean '{close[0]}'?)" if close else ""
        raise GrammarSyntaxError(f"there is no rule '{start}' to start from{advice}", source.text, 0, source.name)
    return reader.read(start)


def _refuse_dialect(dialect: Dialect, source: LarkSource) -> None:
    """What is beyond lark's own notation has no rules to be written as."""
    definitions = [(str(name), tree) for name, _, tree, _ in source.grammar.rule_defs]
    definitions += [(str(name), tree) for name, (tree, _) in source.grammar.term_defs if tree is not None]
    for name, tree in definitions:
        if name in dialect.attributes and dialect.attributes[name].is_terminal:
            advice = "write as a terminal what it matches"
            raise UnsupportedConversion("the attribute lazy, suffix or stop", name, "another notation", advice)
        for symbol in tree.scan_values(lambda _: True):
            if isinstance(symbol, Terminal) and str(symbol.name) in dialect.embedded:
                advice = "write its texts as rules"
                shown = dialect.plain.shown[str(symbol.name)]
                raise UnsupportedConversion(shown, name, "another notation", advice)
            if dialect.has_signs and isinstance(symbol, str) and SIGNS.search(symbol):
                advice = "write its texts as one regular expression"
                raise UnsupportedConversion("'&', '~' or %regex", name, "another notation", advice)


@dataclass(slots=True)
class _Reader:
    """bodies: parameters and tree of each rule. terminals: their trees.

    instances: the rules made of templates, by name and arguments. todo: what is still to be read, with the arguments.
    """

    source: LarkSource
    bodies: dict[str, tuple[tuple[str, ...], Any]]
    terminals: dict[str, Any]
    ignored: tuple[str, ...]
    rules: dict[str, Expression] = field(default_factory=dict)
    instances: dict[tuple[str, tuple[Expression, ...]], str] = field(default_factory=dict)
    todo: list[tuple[str, Any, Arguments]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def read(self, start: str) -> tuple[WrittenGrammar, str]:
        """Every rule that the start leads to, in the order in which they are needed, and the name of the first."""
        first = start
        if self.ignored:
            first = self._free_name("root")
            between = self._free_name(IGNORED)
            self.rules[first] = sequence((Reference(between), self._reference(start)))
            self.rules[between] = Repetition(choice(map(self._reference, self.ignored)), 0, None)
            self.ignored = (between,)
        else:
            self._reference(start)
        for name, tree, arguments in self.todo:  # grows while it is read
            is_terminal = name in self.terminals
            self.rules[name] = self._terminal(name, tree) if is_terminal else self._expression(tree, arguments, False)
        return WrittenGrammar(tuple(WrittenRule(name, expression) for name, expression in self.rules.items())), first

    def _reference(self, name: str) -> Expression:
        """A rule or terminal, which is put on the list when it is first used."""
        if name not in self.names:
            self.names.add(name)
            tree = self.terminals[name] if name in self.terminals else self.bodies[name][1]
            self.todo.append((name, tree, {}))
        return Reference(name)

    def _free_name(self, wanted: str) -> str:
        name = wanted
        while name in self.names or name in self.bodies or name in self.terminals:
            name += "_"
        self.names.add(name)
        return name

    def _terminal(self, name: str, tree: Any) -> Expression:
        if tree is None:
            advice = "its texts come from a program; give it a definition"
            raise UnsupportedConversion("a declared terminal", name, "another notation", advice)
        expression = self._expression(tree, {}, True)
        if not folded(expression, _looks_around) or isinstance(expression, Pattern):
            return expression
        return Pattern(self._joined(name))

    def _joined(self, name: str) -> str:
        """The one regular expression that lark makes of a terminal."""
        source = self.source
        one_rule = LarkGrammar([], [(name, (self.terminals[name], 0))], [])
        try:
            (terminal,) = one_rule.compile([], {name})[0]
        except (LarkError, AssertionError) as error:
            raise located(error, source.text, source.name) from error
        return str(terminal.pattern.to_regexp())

    def _expression(self, tree: Any, arguments: Arguments, in_terminal: bool, depth: int = 0) -> Expression:
        """The expression of a tree of lark's; in a rule, what is ignored follows every terminal."""
        if depth > MAX_DEPTH:
            remedy = "use rules of their own"
            raise LimitExceeded("The nesting of a Lark definition", depth, MAX_DEPTH, remedy=remedy)

        def inside(child: Any) -> Expression:
            return self._expression(child, arguments, in_terminal, depth + 1)

        if isinstance(tree, Terminal):
            return self._separated(self._reference(str(tree.name)), in_terminal)
        if isinstance(tree, NonTerminal):
            name = str(tree.name)
            return arguments[name] if name in arguments else self._reference(name)
        match tree.data:
            case "expansions":
                return choice(map(inside, tree.children))
            case "expansion":
                return sequence(map(inside, tree.children))
            case "alias" | "value":
                return inside(tree.children[0])
            case "maybe":
                return Repetition(inside(tree.children[0]), 0, 1)
            case "expr":
                return _repetition(inside(tree.children[0]), list(map(str, tree.children[1:])))
            case "template_usage":
                template, *given = tree.children
                return self._instance(str(template.name), tuple(map(inside, given)))
            case "literal" | "range":
                return self._separated(_literal(tree), in_terminal)
        raise AssertionError(tree)

    def _separated(self, terminal: Expression, in_terminal: bool) -> Expression:
        if in_terminal or not self.ignored:
            return terminal
        return sequence((terminal, Reference(self.ignored[0])))

    def _instance(self, template: str, given: tuple[Expression, ...]) -> Expression:
        """The rule that a template becomes with these arguments; how many there are, `read_source` has counted."""
        if (template, given) not in self.instances:
            name = self._free_name(f"{template}_{len(self.instances) + 1}")
            self.instances[template, given] = name
            parameters, tree = self.bodies[template]
            self.todo.append((name, tree, dict(zip(parameters, given, strict=True))))
        return Reference(self.instances[template, given])


def _repetition(body: Expression, signs: list[str]) -> Expression:
    if signs[0] != "~":
        return Repetition(body, *COUNTS[signs[0]])
    least, greatest = int(signs[1]), int(signs[-1])
    return Repetition(body, least, greatest)


def _literal(tree: Any) -> Expression:
    """A text, pattern or range in place, with lark's own reading of its escapes."""
    pattern = PrepareLiterals().transform(Tree(tree.data, list(tree.children))).children[0]
    flags = "".join(sorted(pattern.flags))
    if isinstance(pattern, PatternStr):
        return Text(pattern.value) if not flags else Pattern(re.escape(pattern.value), flags)
    return Pattern(pattern.value, flags)


def _looks_around(item: Expression, parts: list[bool]) -> bool:
    """Is there a pattern in it with a condition on what stands around a place?"""
    return any(parts) or (isinstance(item, Pattern) and syntax.contains_look(parse(with_flags(item), PYTHON)))
