"""From a GBNF text to a `Grammar`, with the checks that concern the grammar as a whole.

Source: grammars/README.md of llama.cpp. Everything described there is read, with these differences:
  * left recursion is fine, and so are rules that derive nothing but themselves as long as the start rule has a text;
  * underscores are allowed in names, as that document says (its parser refuses them);
  * a rule that is defined twice, an empty class `[]`, and a range whose ends are swapped are errors, not silent;
  * `.` and negated classes match characters, so never a surrogate or a byte that UTF-8 does not have;
  * a count of repetitions is honoured as written (llama.cpp drops an upper bound above 2,000).
"""

from __future__ import annotations

from maskwright.grammar.gbnf.parser import parse
from maskwright.grammar.ir import Grammar
from maskwright.grammar.notation.lowering import lowered
from maskwright.grammar.notation.written import WrittenGrammar


def gbnf_grammar(text: str, start: str = "root") -> Grammar:
    """Read a grammar in llama.cpp's GBNF notation, whose texts are those of the rule `start`.

    Raises GrammarSyntaxError with the position of the fault, LimitExceeded for too long or too deeply nested texts.
    `gbnf_grammar('root ::= "a" root | "b"')` -> the texts b, ab, aab, ...
    """
    return lowered(read_gbnf(text, start), start)


def read_gbnf(text: str, start: str = "root") -> WrittenGrammar:
    """The grammar as it is written; raises what `gbnf_grammar` does."""
    reading = parse(text)
    reading.check_names(start)
    return reading.grammar
