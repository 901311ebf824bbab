"""From a GBNF text to a `Grammar`, with the checks that concern the grammar as a whole.

Source: grammars/README.md of llama.cpp. Everything described there is read, with these differences:
  * left recursion is fine, and so are rules that derive nothing but themselves as long as the start rule has a text;
  * underscores are allowed in names, as that document says (its parser refuses them);
  * a rule that is defined twice, an empty class `[]`, and a range whose ends are swapped are errors, not silent;
  * `.` and negated classes match characters, so never a surrogate or a byte that UTF-8 does not have;
  * a count of repetitions is honoured as written (llama.cpp drops an upper bound above 2,000).
"""

from __future__ import annotations

from difflib import get_close_matches

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.free_text import share_free_text
from maskwright.grammar.gbnf.parser import ParsedRules, parse
from maskwright.grammar.gbnf.terminals import syntax_error
from maskwright.grammar.ir import Grammar

MAX_TEXT_LENGTH = 2_000_000
"""Characters of a grammar; the longest that converters from JSON Schema write are a tenth of that."""


def gbnf_grammar(text: str, start: str = "root") -> Grammar:
    """Read a grammar in llama.cpp's GBNF notation, whose texts are those of the rule `start`.

    Raises GrammarSyntaxError with the position of the fault, LimitExceeded for too long or too deeply nested texts.
    `gbnf_grammar('root ::= "a" root | "b"')` -> the texts b, ab, aab, ...
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise LimitExceeded("the number of characters of a GBNF grammar", len(text), MAX_TEXT_LENGTH)
    parsed = parse(text)
    _check_names(text, parsed, start)
    return share_free_text(Grammar(start=start, rules=parsed.rules))


def _check_names(text: str, parsed: ParsedRules, start: str) -> None:
    """Every name that is used is defined, and so is the start."""
    for name, position in parsed.references.items():
        if name not in parsed.rules:
            raise _unknown(f"rule '{name}' is used but not defined", name, text, position, parsed)
    if start not in parsed.rules:
        raise _unknown(f"there is no rule '{start}' to start from", start, text, 0, parsed)


def _unknown(message: str, name: str, text: str, position: int, parsed: ParsedRules) -> GrammarSyntaxError:
    close = get_close_matches(name, parsed.positions, n=1)
    advice = f" (did you mean '{close[0]}'?)" if close else ""
    return syntax_error(message + advice, text, position)
