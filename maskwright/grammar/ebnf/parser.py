"""The parser of EBNF: rules, alternatives, sequences, groups, repetition and exclusion, for both notations.

A rule begins with its name (in the W3C's, after its number) as the first thing in a line; apart from that, line breaks
mean nothing. An exclusion `A - B` must be alone in its alternative: how it binds beside other items differs between the
documents that use it, so anything else is a fault that asks for parentheses.
Cost: linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.ebnf import w3c, xgrammar
from maskwright.grammar.ebnf.style import CONSTRAINT, MACROS, NAME, NUMBER, Notation, Style, style_of
from maskwright.grammar.notation.assembly import Assembly, counts_at
from maskwright.grammar.notation.source import Reading, Source
from maskwright.grammar.notation.written import Difference, Reference
from maskwright.grammar.report import Exactness, Finding

_BLANKS = re.compile(r"[ \t\r\n]*")
_RULE_OPTIONS = re.compile(r"\[[^\]\n]*\]\s*::=")


@dataclass(slots=True)
class EBNFReading(Reading):
    """What was read so far, how, and what is to be checked or told. exclusions: each with the place of its sign."""

    style: Style = field(kw_only=True)
    exclusions: list[tuple[Difference, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_w3c(self) -> bool:
        """Is the grammar in the W3C's notation?"""
        return self.style.notation is Notation.W3C

    def foreign(self, message: str, position: int) -> GrammarSyntaxError:
        """The fault of something that may belong to the other notation."""
        return self.source.fault(f"{message}; {self.style.reason(self.source.text)}", position)

    def skipped(self, position: int) -> int:
        """Past blanks, line breaks and comments."""
        text = self.source.text
        while True:
            blanks = _BLANKS.match(text, position)
            assert blanks is not None
            position = blanks.end()
            if self.is_w3c and text.startswith("/*", position):
                end = text.find("*/", position + 2)
                if end < 0:
                    raise self.source.fault("this comment is never closed", position)
                position = end + 2
            elif not self.is_w3c and text.startswith("#", position):
                end = text.find("\n", position)
                position = len(text) if end < 0 else end
            else:
                return position

    def begins_rule(self, position: int) -> bool:
        """Does `name ::=` stand here, in the W3C's notation perhaps with a number before it?"""
        return (self.is_w3c and NUMBER.match(self.source.text, position) is not None) or self._names_rule(position)

    def _names_rule(self, position: int) -> bool:
        name = NAME.match(self.source.text, position)
        return name is not None and self.source.text.startswith("::=", self.skipped(name.end()))


def parse(text: str) -> EBNFReading:
    """All rules of a grammar; names and exclusions are checked by the caller."""
    reading = EBNFReading(Source(text, "EBNF grammar"), style=style_of(text))
    position = reading.skipped(0)
    while position < len(text):
        position = _rule(reading, position)
    return reading


def _rule(reading: EBNFReading, position: int) -> int:
    """`name ::= alternatives`, and the constraints behind it."""
    source, text = reading.source, reading.source.text
    before = text[text.rfind("\n", 0, position) + 1 : position]
    is_first = not before.rpartition("*/")[2].strip()
    if reading.is_w3c and (number := NUMBER.match(text, position)):
        position = reading.skipped(number.end())
    name = NAME.match(text, position)
    if name is None:
        raise source.fault(f"expected the name of a rule, not {source.shown(position)}", position)
    if not is_first:
        raise source.fault(f"the name of a rule must be the first thing in its line, not so '{name[0]}'", position)
    if _RULE_OPTIONS.match(text, name.end()):
        raise source.fault("options of a rule are not read: leave the brackets out", name.end())
    after = reading.skipped(name.end())
    if not text.startswith("::=", after):
        raise source.fault(f"expected '::=' after '{name[0]}', not {source.shown(after)}", after)
    reading.define(name[0], position)
    return _right_part(reading, reading.skipped(after + 3), name[0])


def _right_part(reading: EBNFReading, position: int, rule: str) -> int:
    """Everything from behind `::=` to the next rule."""
    source, text = reading.source, reading.source.text
    assembly = Assembly.of(rule, position)
    minus: list[int] = [-1]
    """Where the sign of an exclusion stands in the current alternative of each open group; -1: nowhere."""
    while True:
        character = text[position : position + 1]
        if not character or reading.begins_rule(position):
            if assembly.is_inside:
                raise source.fault("this parenthesis is never closed", assembly.group.opened_at)
            _end_exclusion(reading, assembly, minus)
            reading.add(rule, assembly.end())
            return position
        if name := NAME.match(text, position):
            if not reading.is_w3c and name[0] in MACROS:
                item, position = xgrammar.macro_at(source, name[0], position)
                assembly.add(item)
            else:
                reading.references.setdefault(name[0], position)
                assembly.add(Reference(name[0]))
                position = name.end()
        elif character == "|":
            _end_exclusion(reading, assembly, minus)
            assembly.end_alternative()
            position += 1
        elif character == "(":
            if text.startswith("(=", position) and not reading.is_w3c:
                raise source.fault("a look-ahead assertion cannot be kept exactly: leave '(= ...)' out", position)
            assembly.open_group(position)
            minus.append(-1)
            position += 1
        elif character == ")" and assembly.is_inside:
            _end_exclusion(reading, assembly, minus)
            minus.pop()
            assembly.close_group()
            position += 1
        elif character in "*+?" or (character == "{" and not reading.is_w3c):
            if len(assembly.group.items) <= (minus[-1] >= 0):
                raise source.fault(f"there is nothing before '{character}' to repeat", position)
            minimum, maximum, position = counts_at(source, position, reading.skipped)
            assembly.repeat(minimum, maximum)
        elif character == "-" and reading.is_w3c:
            if len(assembly.group.items) != 1 or minus[-1] >= 0:
                raise _not_alone(source, position)
            minus[-1] = position
            position += 1
        elif reading.is_w3c and (constraint := CONSTRAINT.match(text, position)):
            reading.findings.append(_noted(rule, constraint))
            position = constraint.end()
        else:
            position = _terminal(reading, assembly, position)
        position = reading.skipped(position)


def _terminal(reading: EBNFReading, assembly: Assembly, position: int) -> int:
    """A text, a class or a character code is added; the position behind it."""
    source, character = reading.source, reading.source.text[position]
    if character == "[":
        item, position = (w3c if reading.is_w3c else xgrammar).class_at(source, position)
    elif character == '"' and not reading.is_w3c:
        item, position = xgrammar.text_at(source, position)
    elif character in "'\"" and reading.is_w3c:
        item, position = w3c.text_at(source, position)
    elif character == "#" and reading.is_w3c:
        item, position = w3c.code_at(source, position)
    else:
        expected = "an item or ')'" if assembly.is_inside else f"an item of rule '{assembly.rule}' or the next rule"
        raise reading.foreign(f"expected {expected}, not {source.shown(position)}", position)
    assembly.add(item)
    return position


def _end_exclusion(reading: EBNFReading, assembly: Assembly, minus: list[int]) -> None:
    """If the alternative that ends here is an exclusion, make it one."""
    position = minus[-1]
    if position < 0:
        return
    if len(assembly.group.items) != 2:
        raise _not_alone(reading.source, position)
    assembly.subtract()
    (difference,) = (item.expression for item in assembly.group.items)
    assert isinstance(difference, Difference)
    reading.exclusions.append((difference, position))
    minus[-1] = -1


def _not_alone(source: Source, position: int) -> GrammarSyntaxError:
    message = "an exclusion has one item on either side and nothing beside it: put (A - B) into parentheses"
    return source.fault(message, position)


def _noted(rule: str, constraint: re.Match[str]) -> Finding:
    reason = "a condition in words is not enforced"
    return Finding(f"/{rule}", Exactness.ANNOTATION, " ".join(constraint[0].split()), reason)
