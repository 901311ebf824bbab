"""The list of checks, and a function for each notation that reads the grammar and runs them.

All findings are claims about the whole grammar as written; the order is that of the text, then of `Kind`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.ebnf.front_end import read_ebnf
from maskwright.grammar.ebnf.parser import parse as parse_ebnf
from maskwright.grammar.gbnf.parser import parse as parse_gbnf
from maskwright.grammar.ir import Grammar
from maskwright.grammar.lark.dialect import read_dialect
from maskwright.grammar.lark.front_end import Lexer
from maskwright.grammar.lark.indentation import Indenter
from maskwright.grammar.lark.source import SOURCE_NAME, read_source
from maskwright.grammar.lint.ambiguity import DEFAULT_FUEL, ambiguities
from maskwright.grammar.lint.duplicates import duplicate_alternatives
from maskwright.grammar.lint.facts import facts_of
from maskwright.grammar.lint.finding import Finding, in_order
from maskwright.grammar.lint.from_lark import read_parts
from maskwright.grammar.lint.from_nodes import subject_of_grammar
from maskwright.grammar.lint.from_written import subject_of_written
from maskwright.grammar.lint.lalr import conflict_findings, parser_of
from maskwright.grammar.lint.productive import unproductive_rules
from maskwright.grammar.lint.reachable import unreachable_rules
from maskwright.grammar.lint.recursion import cycles, left_recursion, nullable_loops
from maskwright.grammar.lint.special_tokens import special_token_clashes
from maskwright.grammar.lint.subject import Notation, Subject
from maskwright.grammar.lint.terminals import empty_terminals, hidden_terminals, terminal_clashes, unused_terminals

CHECKS = (unreachable_rules, unproductive_rules, cycles, nullable_loops, left_recursion, duplicate_alternatives)


def lint_subject(
    subject: Subject, *, special_tokens: Iterable[str] = (), fuel: int = DEFAULT_FUEL
) -> tuple[Finding, ...]:
    """All findings about a grammar as productions, in their order; without fuel there is no search for ambiguity."""
    facts = facts_of(subject)
    findings = [finding for check in CHECKS for finding in check(facts)]
    findings += special_token_clashes(facts, special_tokens)
    if fuel > 0:
        findings += ambiguities(facts, fuel)
    return in_order(findings)


def lint_gbnf(
    text: str, start: str = "root", *, special_tokens: Iterable[str] = (), fuel: int = DEFAULT_FUEL
) -> tuple[Finding, ...]:
    """What there is to say about a GBNF grammar; raises what `gbnf_grammar` does for a text that is none."""
    reading = parse_gbnf(text)
    reading.check_names(start)
    subject = subject_of_written(reading.grammar, start, Notation.GBNF, text, reading.definitions)
    return lint_subject(subject, special_tokens=special_tokens, fuel=fuel)


def lint_grammar(
    grammar: Grammar, *, special_tokens: Iterable[str] = (), fuel: int = DEFAULT_FUEL
) -> tuple[Finding, ...]:
    """What there is to say about a grammar in the intermediate form, whatever front end wrote it."""
    return lint_subject(subject_of_grammar(grammar), special_tokens=special_tokens, fuel=fuel)


def lint_ebnf(
    text: str, start: str | None = None, *, special_tokens: Iterable[str] = (), fuel: int = DEFAULT_FUEL
) -> tuple[Finding, ...]:
    """What there is to say about an EBNF grammar; raises what `ebnf_grammar` does for a text that is none."""
    grammar, start = read_ebnf(text, start)
    subject = subject_of_written(grammar, start, Notation.EBNF, text, parse_ebnf(text).definitions)
    return lint_subject(subject, special_tokens=special_tokens, fuel=fuel)


def lint_lark(
    text: str,
    start: str = "start",
    *,
    lexer: Lexer | str = Lexer.CONTEXTUAL,
    indenter: Indenter | None = None,
    import_paths: Sequence[str | Path] = (),
    special_tokens: Iterable[str] = (),
    fuel: int = DEFAULT_FUEL,
) -> tuple[Finding, ...]:
    """What there is to say about a Lark grammar, read with this lexer and indenter as by `lark_grammar`.

    What stands in it beyond lark's notation is taken out (`lark.dialect`): an embedded grammar or a special token is
    something whole, which is not looked into; and where a rule is lazy, no ambiguity is looked for.
    Raises GrammarSyntaxError for a text that is no grammar, LimitExceeded for one that is too large.
    """
    always = frozenset([indenter.line_break] if indenter else [])
    dialect = read_dialect(text, SOURCE_NAME)
    plain = dialect.plain
    try:
        source = read_source(plain.text, import_paths=import_paths)
        parts = read_parts(source, start, dialect, always | frozenset(dialect.endings.values()))
    except GrammarSyntaxError as error:
        raise plain.translated(error) from error
    has_lazy_rules = any(attributes.is_terminal for attributes in dialect.attributes.values())
    findings = list(lint_subject(parts.subject, fuel=0 if has_lazy_rules else fuel))
    findings += unused_terminals(parts)
    findings += empty_terminals(parts)
    findings += terminal_clashes(parts, tuple(special_tokens))
    chosen = Lexer(lexer)
    if chosen is not Lexer.DYNAMIC_COMPLETE and not dialect.is_beyond_lexers:
        parser = parser_of(parts)
        findings += conflict_findings(parser, parts)
        everything = frozenset(terminal.name for terminal in parts.terminals)
        accepted = parser.accepted if chosen is Lexer.CONTEXTUAL else (everything,)
        findings += hidden_terminals(parts, [context | always for context in accepted])
    return in_order(finding.translated(plain.place, plain.original, plain.shown) for finding in findings)
