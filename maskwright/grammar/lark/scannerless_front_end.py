"""A Lark grammar that is read without a lexer, from what lark and the reader of the dialect have made of it.

What the dialect took out comes back here: languages of terminals that are no patterns, rules that are one terminal, and
the grammars that declared terminals stand for. The checks that every reading makes are here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lark.exceptions import LarkError
from lark.grammar import Rule
from lark.lexer import TerminalDef

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters import CharacterAutomaton
from maskwright.grammar.ir import Call, Grammar
from maskwright.grammar.lark.dialect import Dialect, RuleAttributes
from maskwright.grammar.lark.embedding import Surroundings, grammar_of, with_parts
from maskwright.grammar.lark.lazy_rules import NotRegularError, rule_language, shortest, with_stop, with_suffix
from maskwright.grammar.lark.scannerless import Terminals, scannerless_rules
from maskwright.grammar.lark.source import LarkSource, located
from maskwright.grammar.lark.terminal_algebra import SIGNS, algebra_language
from maskwright.grammar.report import Exactness, Finding, Report


def scannerless_grammar(source: LarkSource, start: str, dialect: Dialect, around: Surroundings) -> Grammar:
    """The grammar of what lark has read, with the parts of the dialect in it."""
    check_start(source, start)
    for name in declared_terminals(source):
        if name not in dialect.embedded:
            raise undefined_terminal(source, name, "define it")
    try:
        terminals, rules, ignored = source.grammar.compile([start], set(dialect.endings.values()))
    except (LarkError, AssertionError) as error:
        raise located(error, source.text, source.name) from error
    used = {str(symbol.name) for rule in rules for symbol in rule.expansion if symbol.is_term}
    parts = {name: grammar_of(part, around) for name, part in dialect.embedded.items() if name in used}
    known = Terminals(
        {str(terminal.name): terminal for terminal in terminals},
        tuple(map(str, ignored)),
        combined_terminals(terminals, dialect),
        {name: Call(name) for name in parts},
    )
    regular = _regular_rules(rules, dialect, known, source)
    return with_parts(scannerless_rules(rules, start, known, regular), parts, noted(dialect))


def combined_terminals(terminals: Iterable[TerminalDef], dialect: Dialect) -> dict[str, CharacterAutomaton]:
    """The languages of the terminals that are no patterns."""
    if not dialect.has_signs:
        return {}
    patterns = {str(terminal.name): terminal.pattern.to_regexp() for terminal in terminals}
    return {
        name: algebra_language(pattern, dialect.regular) for name, pattern in patterns.items() if SIGNS.search(pattern)
    }


def noted(dialect: Dialect) -> Report:
    """The attributes that change no text."""
    findings = [
        Finding(rule, Exactness.ANNOTATION, attribute, reason)
        for rule, attributes in dialect.attributes.items()
        for attribute, reason in attributes.noted
    ]
    return Report(findings, [finding.pointer for finding in findings])


def _regular_rules(
    rules: Iterable[Rule], dialect: Dialect, terminals: Terminals, source: LarkSource
) -> dict[str, CharacterAutomaton]:
    """The rules that are one terminal."""
    bodies: dict[str, list[Rule]] = {}
    for rule in rules:
        bodies.setdefault(str(rule.origin.name), []).append(rule)
    templates = {str(name) for name, parameters, *_ in source.grammar.rule_defs if parameters}
    found = {}
    for name, attributes in dialect.attributes.items():
        if attributes.is_terminal and name in templates:
            message = "a rule that is lazy or has a suffix or stop can have no parameters: write one for each argument"
            raise GrammarSyntaxError(message, dialect.plain.original, attributes.begin, source.name)
        if not attributes.is_terminal or name not in bodies:
            continue  # what nothing uses, lark leaves out

        def terminal(symbol: str, attributes: RuleAttributes = attributes) -> CharacterAutomaton:
            if symbol in terminals.opaque:
                message = "a rule that is lazy or has a suffix or stop can contain terminals only, no embedded part"
                raise GrammarSyntaxError(message, dialect.plain.original, attributes.begin, source.name)
            return terminals.language(symbol)

        try:
            language = rule_language(name, bodies, terminal)
        except NotRegularError as error:
            message = (
                f"a rule that is lazy or has a suffix or stop must be regular, but '{error.rule}' contains itself in "
                "the middle: recursion may stand only at the beginning of alternatives, or only at their end"
            )
            raise GrammarSyntaxError(message, dialect.plain.original, attributes.begin, source.name) from error
        if attributes.suffix is not None:
            found[name] = with_suffix(language, terminals.language(dialect.endings[name]))
        elif attributes.stop is not None:
            found[name] = with_stop(language, terminals.language(dialect.endings[name]))
        else:
            found[name] = shortest(language)
    return found


def check_start(source: LarkSource, start: str) -> None:
    """Is there a rule to start from?"""
    names = [str(name) for name, parameters, *_ in source.grammar.rule_defs if not parameters]
    if start not in names:
        close = get_close_matches(start, names, n=1)
        advice = f" (did you mean '{close[0]}'?)" if close else ""
        raise GrammarSyntaxError(f"there is no rule '{start}' to start from{advice}", source.text, 0, source.name)


def declared_terminals(source: LarkSource) -> list[str]:
    """The terminals that no pattern defines."""
    return [str(name) for name, (tree, _) in source.grammar.term_defs if tree is None]


def undefined_terminal(source: LarkSource, name: str, advice: str) -> GrammarSyntaxError:
    """The error for a declared terminal that nothing gives a text."""
    position = max(0, source.text.find(name))
    message = f"no text has the terminal '{name}' that '%declare' declares: {advice}"
    return GrammarSyntaxError(message, source.text, position, source.name)
