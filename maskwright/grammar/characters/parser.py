r"""Parse a regular expression in one of the dialects into the syntax tree of `syntax`.

One loop over the pattern with an explicit stack of open groups, so that 60,000 parentheses are an error of ours and not
of Python's stack. What is one place (an escape, a class) is read by `escapes` and `classes`.
What is not regular (back-references, conditions) is refused with the position and what to do instead.
Cost: linear in the pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from maskwright.errors import GrammarSyntaxError, LimitExceeded, UnsupportedPattern
from maskwright.grammar.characters.character_set import ANY_CHARACTER, character_set
from maskwright.grammar.characters.classes import class_at
from maskwright.grammar.characters.dialect import (
    ECMA,
    FLAG_LETTERS,
    Dialect,
    Flags,
    line_end,
    line_start,
    under_flags,
)
from maskwright.grammar.characters.escapes import escape_at
from maskwright.grammar.characters.syntax import (
    TEXT_START,
    Atomic,
    Characters,
    Expression,
    Look,
    alternation,
    characters,
    concatenation,
    ordered_alternation,
    ordered_repetition,
    repetition,
)

MAX_NESTING = 100
"""Open groups at one place. Later passes recurse over the tree, two or three Python calls a group, of 1,000 allowed."""

MAX_PATTERN_LENGTH = 100_000
"""Characters of a pattern; longer ones could not become a small automaton anyway."""


@dataclass(slots=True)
class _Group:
    """A group that is still open: what stands before it, and what it has so far."""

    position: int
    kind: str
    flags: Flags
    outer_flags: Flags
    alternatives: list[Expression] = field(default_factory=list)
    parts: list[Expression] = field(default_factory=list)
    repeatable: bool = False


_COUNTS = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_GROUP_NAME = re.compile(r"P?<([^\W\d]\w*)>|<([^\W\d]|\$)[\w$]*>")
_FLAGS = re.compile(r"([a-zA-Z]*)(-[a-zA-Z]*)?([:)])")
_OPENINGS = {"(?:": "group", "(?=": "=", "(?!": "!", "(?<=": "<=", "(?<!": "<!", "(?>": ">"}


def parse(pattern: str, dialect: Dialect) -> Expression:
    """The tree of a pattern; raises `GrammarSyntaxError`, `UnsupportedPattern` or `LimitExceeded`."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise LimitExceeded("The length of a pattern", len(pattern), MAX_PATTERN_LENGTH)
    stack = [_Group(0, "group", Flags(), Flags())]
    position = 0
    while position < len(pattern):
        group = stack[-1]
        character = pattern[position]
        flags = group.flags
        if flags.verbose and (character.isspace() or character == "#"):
            position = _skip_blank(pattern, position)
        elif character == "|":
            group.alternatives.append(concatenation(group.parts))
            group.parts = []
            group.repeatable = False
            position += 1
        elif character == "(":
            position = _open_group(pattern, position, dialect, stack)
        elif character == ")":
            if len(stack) == 1:
                raise _error("a ')' without its '('", pattern, position)
            stack.pop()
            _close_group(group, stack[-1], dialect)
            position += 1
        elif character in "*+?" or (character == "{" and _counts_at(pattern, position, dialect) is not None):
            position = _repeat(pattern, position, dialect, group)
        else:
            item, position, group.repeatable = _item_at(pattern, position, dialect, flags)
            group.parts.append(item)
    if len(stack) > 1:
        raise _error("this '(' is never closed", pattern, stack[-1].position)
    return _either([*stack[0].alternatives, concatenation(stack[0].parts)], dialect)


def _either(parts: list[Expression], dialect: Dialect) -> Expression:
    return ordered_alternation(parts) if dialect.keeps_order else alternation(parts)


def _item_at(pattern: str, position: int, dialect: Dialect, flags: Flags) -> tuple[Expression, int, bool]:
    """One item that is neither group nor repetition: the node, where it ends, and whether it may be repeated."""
    character = pattern[position]
    if character == "\\":
        return escape_at(pattern, position, dialect, flags)
    if character == "[":
        members, position = class_at(pattern, position, dialect, flags)
        return characters(members), position, True
    if character == ".":
        return Characters(ANY_CHARACTER if flags.dot_all else ANY_CHARACTER - dialect.line_ends), position + 1, True
    if character == "^":
        return line_start(dialect) if flags.multiline else TEXT_START, position + 1, False
    if character == "$":
        return line_end(dialect) if flags.multiline else dialect.text_end, position + 1, False
    members = under_flags(character_set([(ord(character), ord(character))]), dialect, flags)
    return characters(members), position + 1, True


def _skip_blank(pattern: str, position: int) -> int:
    """The end of white space or of a comment under the flag `x`."""
    if pattern[position] == "#":
        end = pattern.find("\n", position)
        return len(pattern) if end < 0 else end + 1
    return position + 1


def _open_group(pattern: str, position: int, dialect: Dialect, stack: list[_Group]) -> int:
    """Push the group that begins here, or take in flags and comments; the position after what was read."""
    outer = stack[-1]
    flags = outer.flags
    if len(stack) > MAX_NESTING:
        raise LimitExceeded("The nesting of groups in a pattern", len(stack), MAX_NESTING, remedy="nest fewer groups")
    if not pattern.startswith("(?", position):
        stack.append(_Group(position, "group", flags, flags))
        return position + 1
    for opening, kind in _OPENINGS.items():
        if pattern.startswith(opening, position):
            if kind == ">" and dialect is ECMA:
                raise _error("'(?>' is not a group of ECMA-262", pattern, position)
            stack.append(_Group(position, kind, flags, flags))
            return position + len(opening)
    if name := _GROUP_NAME.match(pattern, position + 2):
        stack.append(_Group(position, "group", flags, flags))
        return name.end()
    if pattern.startswith("(?#", position) and dialect is not ECMA:
        end = pattern.find(")", position)
        if end < 0:
            raise _error("this comment is never closed", pattern, position)
        return end + 1
    if pattern.startswith(("(?P=", "(?P>", "(?R", "(?&", "(?("), position):
        what = "A condition" if pattern.startswith("(?(", position) else "A back-reference or recursion"
        raise UnsupportedPattern(what, pattern, position, "it is not regular; write out the alternatives")
    return _open_flags(pattern, position, dialect, stack)


def _open_flags(pattern: str, position: int, dialect: Dialect, stack: list[_Group]) -> int:
    """`(?i)` for the whole pattern or `(?i-s:...)` for a group."""
    written = _FLAGS.match(pattern, position + 2)
    if written is None or written.end() == position + 3:
        raise _error("this is no group that the notation knows", pattern, position)
    on, off, end = written[1], (written[2] or "-")[1:], written[3]
    outer = stack[-1]
    flags = outer.flags
    for letter in on + off:
        if letter not in dialect.flag_letters:
            raise _error(f"{dialect.name} has no flag {letter!r}", pattern, position)
        if letter in FLAG_LETTERS:
            flags = replace(flags, **{FLAG_LETTERS[letter]: letter in on})
    if set(on) & set(off) or (set(off) & set("au")) or (written[2] == "-"):
        raise _error("these flags contradict each other", pattern, position)
    if "u" in on:
        flags = replace(flags, ascii=False)
    if end == ":":
        stack.append(_Group(position, "group", flags, outer.flags))
    elif off or len(stack) > 1 or outer.parts or outer.alternatives:
        raise _error("flags for the whole pattern must stand at its beginning", pattern, position)
    else:
        outer.flags = flags
    return written.end()


def _close_group(group: _Group, outer: _Group, dialect: Dialect) -> None:
    """Add the finished group to the one around it."""
    node = _either([*group.alternatives, concatenation(group.parts)], dialect)
    match group.kind:
        case "=" | "!":
            node = Look(node, is_ahead=True, is_negated=group.kind == "!")
        case "<=" | "<!":
            node = Look(node, is_ahead=False, is_negated=group.kind == "<!")
        case ">":
            node = Atomic(node, group.position)
    # parts of one group must stay one part: a following repetition takes the last part
    outer.parts.append(node)
    outer.repeatable = dialect is not ECMA or group.kind not in ("<=", "<!")


def _counts_at(pattern: str, position: int, dialect: Dialect) -> tuple[int, int | None, int] | None:
    """Least and greatest number and end of `{m,n}` here; None where the brace stands for itself."""
    counts = _COUNTS.match(pattern, position)
    if counts is None or counts[0] == "{}":
        return None
    low, comma, high = counts.groups()
    if not low and (dialect is ECMA or not comma):
        return None
    if len(low) > 9 or len(high) > 9:
        raise LimitExceeded("The count of a repetition", 10 ** max(len(low), len(high)) - 1, 999_999_999)
    minimum = int(low or 0)
    maximum = (int(high) if high else None) if comma else minimum
    return minimum, maximum, counts.end()


def _repeat(pattern: str, position: int, dialect: Dialect, group: _Group) -> int:
    """Repeat the last part of the group as the sign here says; the position after the sign."""
    if not group.repeatable or not group.parts:
        raise _error("there is nothing here to repeat", pattern, position)
    counts = _counts_at(pattern, position, dialect)
    signs: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
    if counts is not None:
        minimum, maximum, end = counts
    else:
        (minimum, maximum), end = signs[pattern[position]], position + 1
    if maximum is not None and maximum < minimum:
        raise _error(f"the least number {minimum} is greater than the greatest, {maximum}", pattern, position)
    is_lazy = pattern.startswith("?", end)
    body = group.parts.pop()
    if dialect.keeps_order:
        node = ordered_repetition(body, minimum, maximum, is_lazy)
    else:
        node = repetition(body, minimum, maximum)
    if is_lazy:
        end += 1
    elif pattern.startswith("+", end) and dialect is not ECMA:
        node = Atomic(node, position)
        end += 1
    group.parts.append(node)
    group.repeatable = False
    return end


def _error(message: str, pattern: str, position: int) -> GrammarSyntaxError:
    return GrammarSyntaxError(message, pattern, position, "pattern")
