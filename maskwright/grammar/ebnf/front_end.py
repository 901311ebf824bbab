"""From an EBNF text to a `Grammar`, with the checks that concern the grammar as a whole.

The differences between the two notations are in `style`; what is read of each, in `xgrammar` and `w3c`. What cannot be
kept exactly is a fault with its place: look-ahead assertions, options of rules, the dispatching macros, exclusions of
what is not regular. Constraints in words (`[ wfc: ... ]`) are listed in the grammar's report: no grammar says them.
"""

from __future__ import annotations

from dataclasses import replace

from maskwright.grammar.ebnf.parser import EBNFReading, parse
from maskwright.grammar.ir import Grammar
from maskwright.grammar.notation.lowering import lowered
from maskwright.grammar.notation.regular import RegularParts
from maskwright.grammar.notation.written import WrittenGrammar
from maskwright.grammar.report import Report


def ebnf_grammar(text: str, start: str | None = None) -> Grammar:
    """Read a grammar in XGrammar's or the W3C's EBNF, whose texts are those of the rule `start`.

    Without a start it is the rule `root`, or if there is none, the first rule.
    Raises GrammarSyntaxError with the position of the fault, LimitExceeded for too long or too deeply nested texts.
    `ebnf_grammar("sign ::= '+' | '-'")` -> the texts + and -.
    """
    reading, start = _read(text, start)
    return replace(lowered(reading.grammar, start), report=Report(tuple(reading.findings)))


def read_ebnf(text: str, start: str | None = None) -> tuple[WrittenGrammar, str]:
    """The grammar as it is written, and the name of its start; raises what `ebnf_grammar` does."""
    reading, start = _read(text, start)
    return reading.grammar, start


def _read(text: str, start: str | None) -> tuple[EBNFReading, str]:
    reading = parse(text)
    if start is None:
        start = "root" if "root" in reading.definitions else next(iter(reading.definitions), "root")
    reading.check_names(start)
    regular = RegularParts(reading.grammar)
    for difference, position in reading.exclusions:
        if obstacle := regular.obstacle(difference):
            message = f"both sides of an exclusion must be regular: {obstacle}"
            raise reading.source.fault(message, position)
    return reading, start
