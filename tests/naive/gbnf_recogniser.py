"""A GBNF grammar interpreted from its text, character by character: no bytes, no intermediate form.

The text is cut into lexical elements by one regular expression, read by recursive descent into nested tuples, and
matched by least fixpoints over sets of end positions. Character classes are handed to `re`. Slow and plain on purpose.
"""

from __future__ import annotations

import re
from typing import Any

LEXICAL = re.compile(
    r"""(?P<blank>[ \t]+|\#[^\r\n]*)|(?P<newline>[\r\n]+)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<klass>\[(?:[^\]\\]|\\.)*\])
    |(?P<name>[A-Za-z0-9_-]+)|(?P<define>::=)|(?P<token>!?<[^>]*>)|(?P<counts>\{[^}]*\})|(?P<sign>[().|*+?])""",
    re.VERBOSE,
)
Tree = tuple[Any, ...]
Key = tuple[str, int]


def unescaped(body: str) -> str:
    def replace(match: re.Match[str]) -> str:
        escape = match[0][1:]
        return chr(int(escape[1:], 16)) if escape[0] in "xuU" else {"n": "\n", "t": "\t", "r": "\r"}.get(escape, escape)

    return re.sub(r"\\(x..|u.{4}|U.{8}|.)", replace, body)


def as_regex_class(body: str) -> re.Pattern[str]:
    """The class for `re`: every member becomes an escape; only a leading ^ and the dash of a range keep a meaning."""
    negated = body.startswith("^")
    members = re.findall(r"\\(?:x..|u.{4}|U.{8}|.)|.", body[negated:], re.DOTALL)
    parts = []
    for place, member in enumerate(members):
        is_dash = member == "-" and 0 < place < len(members) - 1
        parts.append("-" if is_dash else f"\\U{ord(unescaped(member)):08X}")
    return re.compile("[" + "^" * negated + "".join(parts) + "]", re.DOTALL)


def read(source: str) -> dict[str, Tree]:
    """The rules of a grammar that is known to be well-formed."""
    elements: list[tuple[str, str]] = []
    position = 0
    while position < len(source):
        match = LEXICAL.match(source, position)
        assert match is not None and match.lastgroup is not None
        if match.lastgroup != "blank":
            elements.append((match.lastgroup, match[0]))
        position = match.end()
    elements.append(("newline", ""))
    rules: dict[str, Tree] = {}
    at = 0
    while at < len(elements):
        if elements[at][0] == "newline":
            at += 1
            continue
        name = elements[at][1]
        assert elements[at + 1][0] == "define"
        at = after_newlines(elements, at + 2)
        rules[name], at = alternatives(elements, at, False)
        assert elements[at][0] == "newline"
    return rules


def after_newlines(elements: list[tuple[str, str]], at: int) -> int:
    while elements[at][0] == "newline" and at + 1 < len(elements):
        at += 1
    return at


def alternatives(elements: list[tuple[str, str]], at: int, nested: bool) -> tuple[Tree, int]:
    choices: list[Tree] = []
    items: list[Tree] = []
    while True:
        if nested:
            at = after_newlines(elements, at)
        kind, text = elements[at]
        at += 1
        if kind == "text":
            items.append(("text", unescaped(text[1:-1])))
        elif kind == "klass":
            items.append(("class", as_regex_class(text[1:-1])))
        elif kind == "name":
            items.append(("rule", text))
        elif kind == "token":
            items.append(("never",))
        elif kind == "counts":
            numbers = text[1:-1].replace(" ", "").split(",")
            most = int(numbers[-1]) if numbers[-1] else None
            items.append(("repeat", items.pop(), int(numbers[0]), most))
        elif text == ".":
            items.append(("class", re.compile(".", re.DOTALL)))
        elif text in ("*", "+", "?"):
            items.append(("repeat", items.pop(), int(text == "+"), 1 if text == "?" else None))
        elif text == "(":
            group, at = alternatives(elements, at, True)
            items.append(group)
        elif text == "|":
            choices.append(("sequence", *items))
            items = []
            at = after_newlines(elements, at)
        else:
            choices.append(("sequence", *items))
            assert not nested or text == ")"
            return ("choice", *choices), at if nested else at - 1


def accepts(source: str, text: str, start: str = "root") -> bool:
    return matches(read(source), text, start)


def matches(rules: dict[str, Tree], text: str, start: str = "root") -> bool:
    return len(text) in ends_of(rules, text, ("rule", start), 0)


def ends_of(rules: dict[str, Tree], text: str, whole: Tree, at: int) -> set[int]:
    """Where a tree can end that begins at a place: the least fixpoint over what its rules reach."""

    ends: dict[Key, set[int]] = {("", at): set()}
    users: dict[Key, set[Key]] = {("", at): set()}
    todo: dict[Key, None] = {("", at): None}
    subtracted: dict[tuple[int, int], set[int]] = {}

    def step(tree: Tree, begin: int, user: Key) -> set[int]:
        match tree:
            case ("text", str(words)):
                return {begin + len(words)} if text.startswith(words, begin) else set()
            case ("class", pattern):
                return {begin + 1} if pattern.match(text, begin) else set()
            case ("rule", str(name)):
                if (name, begin) not in ends:
                    ends[name, begin], users[name, begin] = set(), set()
                    todo[name, begin] = None
                users[name, begin].add(user)
                return ends[name, begin]
            case ("sequence", *items):
                reached = {begin}
                for item in items:
                    reached = {end for place in reached for end in step(item, place, user)}
                return reached
            case ("choice", *choices):
                return {end for choice in choices for end in step(choice, begin, user)}
            case ("repeat", body, int(least), most):
                reached, result = {begin}, set()
                for count in range(least + len(text) + 2 if most is None else most + 1):
                    if count >= least:
                        result |= reached
                    reached = {end for place in reached for end in step(body, place, user)}
                return result
            case ("minus", left, right):
                # what is taken away must be known whole, so it has a fixpoint of its own
                if (id(right), begin) not in subtracted:
                    subtracted[id(right), begin] = ends_of(rules, text, right, begin)
                return step(left, begin, user) - subtracted[id(right), begin]
        return set()

    while todo:
        key, _ = todo.popitem()
        found = step(rules[key[0]] if key[0] else whole, key[1], key)
        if found != ends[key]:
            ends[key] = found
            todo.update(dict.fromkeys(users[key]))
    return ends["", at]
