"""The parser of GBNF: rules, alternatives, sequences, groups and repetition.

A line break ends a rule, except inside parentheses, after `::=` and after `|`. Comments run from `#` to the line's end.
Cost: linear in the text.
"""

from __future__ import annotations

from functools import partial

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.gbnf.terminals import class_at, text_at, token_at
from maskwright.grammar.notation.assembly import Assembly, counts_at
from maskwright.grammar.notation.source import Reading, Source
from maskwright.grammar.notation.written import Characters, Expression, Reference

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def parse(text: str) -> Reading:
    """All rules of a grammar; whether the names that they use exist is checked by the caller."""
    reading = Reading(Source(text, "GBNF grammar"))
    position = _skip_blank(text, True, 0)
    while position < len(text):
        position = _rule(reading, position)
    return reading


def _rule(reading: Reading, position: int) -> int:
    """`name ::= alternatives` and the line breaks behind it."""
    source, text = reading.source, reading.source.text
    name_at = position
    name, position = _name(text, position)
    if not name:
        raise source.fault(f"expected the name of a rule, not {source.shown(position)}", position)
    position = _skip_blank(text, False, position)
    if not text.startswith("::=", position):
        message = f"expected '::=' after '{name}' (a rule goes on in a new line only in parentheses or after '|')"
        raise source.fault(message, position)
    reading.define(name, name_at)
    position = _skip_blank(text, True, position + 3)
    expression, position = _right_part(reading, position, name)
    reading.add(name, expression)
    if position < len(text) and text[position] not in "\r\n":
        message = f"expected an item of rule '{name}' or the end of the line, not {source.shown(position)}"
        raise source.fault(message, position)
    return _skip_blank(text, True, position)


def _right_part(reading: Reading, position: int, rule: str) -> tuple[Expression, int]:
    """Everything from behind `::=` to the first character that cannot go on the rule."""
    source, text = reading.source, reading.source.text
    assembly = Assembly.of(rule, position)
    while True:
        character = text[position : position + 1]
        across_lines = assembly.is_inside
        if character == '"':
            item, position = text_at(source, position)
            assembly.add(item)
        elif character == "[":
            item, position = class_at(source, position)
            assembly.add(item)
        elif character in ("<", "!"):
            item, position = token_at(source, position)
            assembly.add(item)
        elif character == ".":
            assembly.add(Characters(ANY_CHARACTER))
            position += 1
        elif character in _NAME_CHARACTERS:
            name, after = _name(text, position)
            reading.references.setdefault(name, position)
            assembly.add(Reference(name))
            position = after
        elif character == "|":
            assembly.end_alternative()
            position += 1
            across_lines = True
        elif character == "(":
            assembly.open_group(position)
            position += 1
            across_lines = True
        elif character == ")" and assembly.is_inside:
            assembly.close_group()
            position += 1
            across_lines = assembly.is_inside
        elif character and character in "*+?{":
            if not assembly.group.items:
                raise source.fault(f"there is nothing before '{character}' to repeat", position)
            minimum, maximum, position = counts_at(source, position, partial(_skip_blank, text, across_lines))
            assembly.repeat(minimum, maximum)
        elif assembly.is_inside:
            raise _open_group(source, position, assembly.group.opened_at)
        else:
            return assembly.end(), position
        position = _skip_blank(text, across_lines, position)


def _open_group(source: Source, position: int, opened_at: int) -> GrammarSyntaxError:
    if position >= len(source.text) or source.text.startswith("::=", position):
        return source.fault("this parenthesis is never closed", opened_at)
    return source.fault(f"expected an item or ')', not {source.shown(position)}", position)


def _name(text: str, position: int) -> tuple[str, int]:
    end = position
    while end < len(text) and text[end] in _NAME_CHARACTERS:
        end += 1
    return text[position:end], end


def _skip_blank(text: str, across_lines: bool, position: int) -> int:
    """Past blanks, tabs and comments, and past line breaks where they mean nothing."""
    blanks = " \t\r\n" if across_lines else " \t"
    while position < len(text):
        if text[position] == "#":
            while position < len(text) and text[position] not in "\r\n":
                position += 1
        elif text[position] in blanks:
            position += 1
        else:
            break
    return position
