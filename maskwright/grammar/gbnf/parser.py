"""The parser of GBNF: rules, alternatives, sequences, groups and repetition.

Idea. One loop over the items of a rule with a stack of open groups, so no input can exhaust Python's stack. Nodes are
built at once; where groups and repetitions nest more than MAX_NODE_DEPTH deep, the inner node becomes a rule of its
own, so that passes over nodes may recurse.

A line break ends a rule, except inside parentheses, after `::=` and after `|`. Comments run from `#` to the line's end.
Cost: linear in the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.gbnf.terminals import ANY, class_at, literal_at, syntax_error, token_at
from maskwright.grammar.ir import Call, Node, choice, repeat, sequence

MAX_NESTING = 500
"""Groups and repetitions inside each other: far above what people write, and passes stay linear in practice."""

MAX_NODE_DEPTH = 16
"""Recursion depth that later passes may spend on one rule."""

MAX_REPETITIONS = 1_000_000
"""The largest count in braces; counting is cheap, but a text that long is a mistake."""

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_DIGITS = frozenset("0123456789")
_COUNTS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class ParsedRules:
    """rules: right parts by name. positions: where each was defined. references: where each name is used first."""

    rules: dict[str, Node] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    references: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Item:
    """A node with the depth of its groups and repetitions: in the node, and in the text (rules of its own included)."""

    node: Node
    depth: int = 0
    nesting: int = 0


@dataclass(slots=True)
class _Group:
    """An open group, or the rule itself: finished alternatives and the items of the current one."""

    opened_at: int
    alternatives: list[_Item] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)

    def end_alternative(self) -> None:
        node = sequence(*(item.node for item in self.items))
        self.alternatives.append(_Item(node, *_depths(self.items)))
        self.items = []

    def end(self) -> _Item:
        self.end_alternative()
        depth, nesting = _depths(self.alternatives)
        return _Item(choice(*(item.node for item in self.alternatives)), depth + 1, nesting + 1)


def _depths(items: list[_Item]) -> tuple[int, int]:
    return max((item.depth for item in items), default=0), max((item.nesting for item in items), default=0)


def parse(source: str) -> ParsedRules:
    """All rules of a grammar; whether the names that they use exist is checked by the caller."""
    parsed = ParsedRules()
    position = _skip_blank(source, 0, across_lines=True)
    while position < len(source):
        position = _rule(source, position, parsed)
    return parsed


def _rule(source: str, position: int, parsed: ParsedRules) -> int:
    """`name ::= alternatives` and the line breaks behind it."""
    name_at = position
    name, position = _name(source, position)
    if not name:
        message = f"expected the name of a rule, not {_shown(source, position)}"
        raise syntax_error(message, source, position)
    position = _skip_blank(source, position, across_lines=False)
    if not source.startswith("::=", position):
        message = f"expected '::=' after '{name}' (a rule goes on in a new line only in parentheses or after '|')"
        raise syntax_error(message, source, position)
    if name in parsed.positions:
        line = source.count("\n", 0, parsed.positions[name]) + 1
        raise syntax_error(f"rule '{name}' is already defined in line {line}", source, name_at)
    parsed.positions[name] = name_at
    position = _skip_blank(source, position + 3, across_lines=True)
    node, position = _right_part(source, position, name, parsed)
    parsed.rules[name] = node
    if position < len(source) and source[position] not in "\r\n":
        message = f"expected an item of rule '{name}' or the end of the line, not {_shown(source, position)}"
        raise syntax_error(message, source, position)
    return _skip_blank(source, position, across_lines=True)


def _right_part(source: str, position: int, rule: str, parsed: ParsedRules) -> tuple[Node, int]:
    """Everything from behind `::=` to the first character that cannot go on the rule."""
    groups = [_Group(position)]
    while True:
        group = groups[-1]
        character = source[position : position + 1]
        across_lines = len(groups) > 1
        if character == '"':
            node, position = literal_at(source, position)
            group.items.append(_Item(node))
        elif character == "[":
            node, position = class_at(source, position)
            group.items.append(_Item(node))
        elif character in ("<", "!"):
            node, position = token_at(source, position)
            group.items.append(_Item(node))
        elif character == ".":
            group.items.append(_Item(ANY))
            position += 1
        elif character in _NAME_CHARACTERS:
            name, after = _name(source, position)
            parsed.references.setdefault(name, position)
            group.items.append(_Item(Call(name)))
            position = after
        elif character == "|":
            group.end_alternative()
            position += 1
            across_lines = True
        elif character == "(":
            if len(groups) > MAX_NESTING:
                raise _too_deep(rule)
            groups.append(_Group(position))
            position += 1
            across_lines = True
        elif character == ")" and len(groups) > 1:
            groups.pop()
            groups[-1].items.append(_lifted(group.end(), rule, parsed))
            position += 1
            across_lines = len(groups) > 1
        elif character and character in "*+?{":
            if not group.items:
                raise syntax_error(f"there is nothing before '{character}' to repeat", source, position)
            minimum, maximum, position = _counts(source, position, across_lines)
            body = group.items.pop()
            node = repeat(body.node, minimum, maximum)
            group.items.append(_lifted(_Item(node, body.depth + 1, body.nesting + 1), rule, parsed))
        elif len(groups) > 1:
            raise _open_group(source, position, group.opened_at)
        else:
            return group.end().node, position
        position = _skip_blank(source, position, across_lines)


def _lifted(item: _Item, rule: str, parsed: ParsedRules) -> _Item:
    """The item itself, or where it is deep a call of a new rule (whose name no grammar can spell)."""
    if item.nesting > MAX_NESTING:
        raise _too_deep(rule)
    if item.depth <= MAX_NODE_DEPTH:
        return item
    name = f"{rule} ({len(parsed.rules)})"
    parsed.rules[name] = item.node
    return _Item(Call(name), 0, item.nesting)


def _too_deep(rule: str) -> LimitExceeded:
    return LimitExceeded(
        "the nesting of groups and repetitions", MAX_NESTING + 1, MAX_NESTING, f"rule {rule}", "use rules of their own"
    )


def _open_group(source: str, position: int, opened_at: int) -> GrammarSyntaxError:
    if position >= len(source) or source.startswith("::=", position):
        return syntax_error("this parenthesis is never closed", source, opened_at)
    message = f"expected an item or ')', not {_shown(source, position)}"
    return syntax_error(message, source, position)


def _counts(source: str, position: int, across_lines: bool) -> tuple[int, int | None, int]:
    """A repetition at `position`: least and greatest count, and the position after it."""
    if source[position] in _COUNTS:
        return *_COUNTS[source[position]], position + 1
    begin = position
    minimum, position = _count(source, _skip_blank(source, position + 1, across_lines))
    position = _skip_blank(source, position, across_lines)
    maximum: int | None = minimum
    if source.startswith(",", position):
        position = _skip_blank(source, position + 1, across_lines)
        maximum = None
        if source[position : position + 1] in _DIGITS:
            maximum, position = _count(source, position)
            position = _skip_blank(source, position, across_lines)
    if not source.startswith("}", position):
        message = f"expected '}}' to end the counts, not {_shown(source, position)}"
        raise syntax_error(message, source, position)
    if maximum is not None and maximum < minimum:
        message = f"the greatest count {maximum} is below the least count {minimum}"
        raise syntax_error(message, source, begin)
    return minimum, maximum, position + 1


def _count(source: str, position: int) -> tuple[int, int]:
    end = position
    while source[end : end + 1] in _DIGITS:
        end += 1
    if end == position:
        message = f"expected a count such as {{2}} or {{2,5}}, not {_shown(source, position)}"
        raise syntax_error(message, source, position)
    digits = source[position:end].lstrip("0") or "0"
    if len(digits) > 9 or int(digits) > MAX_REPETITIONS:
        raise LimitExceeded(
            "a count of repetitions", int(digits[:4000]), MAX_REPETITIONS, remedy="write '*' or a smaller count"
        )
    return int(digits), end


def _name(source: str, position: int) -> tuple[str, int]:
    end = position
    while end < len(source) and source[end] in _NAME_CHARACTERS:
        end += 1
    return source[position:end], end


def _skip_blank(source: str, position: int, across_lines: bool) -> int:
    """Past blanks, tabs and comments, and past line breaks where they mean nothing."""
    blanks = " \t\r\n" if across_lines else " \t"
    while position < len(source):
        if source[position] == "#":
            while position < len(source) and source[position] not in "\r\n":
                position += 1
        elif source[position] in blanks:
            position += 1
        else:
            break
    return position


def _shown(source: str, position: int) -> str:
    if position >= len(source):
        return "the end of the grammar"
    return "the end of the line" if source[position] in "\r\n" else repr(source[position])
