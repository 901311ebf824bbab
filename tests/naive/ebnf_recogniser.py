"""An EBNF grammar interpreted from its text, character by character: no bytes, no intermediate form.

The text is cut into lexical elements by one regular expression for each of the two notations and read by recursive
descent into nested tuples; these are matched like those of GBNF. Which notation it is, the caller says.
"""

from __future__ import annotations

import re
from typing import Any

from tests.naive.gbnf_recogniser import matches

Tree = tuple[Any, ...]
Element = tuple[str, str]

NAME = r"[^\W\d][\w.-]*"
XGRAMMAR = re.compile(
    rf"""(?P<blank>\s+|\#[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<klass>\[(?:[^\]\\]|\\.)*\])
    |(?P<macro>(?:Exclude)?Token\([^)]*\))|(?P<head>{NAME}(?=\s*::=))|(?P<name>{NAME})|(?P<define>::=)
    |(?P<counts>\{{[^}}]*\}})|(?P<sign>[()|*+?])""",
    re.VERBOSE,
)
W3C = re.compile(
    rf"""(?P<blank>\s+|/\*.*?\*/|\[\s*\d+[a-z]*\s*\](?=\s*{NAME}\s*::=)|\[\s*(?:wfc|vc):[^\]]*\])
    |(?P<text>"[^"]*"|'[^']*')|(?P<klass>\[[^\]]*\])|(?P<code>\#x[0-9A-Fa-f]+)
    |(?P<head>{NAME}(?=\s*::=))|(?P<name>{NAME})|(?P<define>::=)|(?P<sign>[()|*+?-])""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0", "e": "\x1b"}


def unescaped(body: str) -> str:
    """A text of XGrammar's without its escapes."""

    def replace(match: re.Match[str]) -> str:
        escape = match[0][1:]
        return chr(int(escape[1:], 16)) if len(escape) > 1 else CONTROLS.get(escape, escape)

    return re.sub(r"\\(x[0-9A-Fa-f]+|u.{4}|U.{8}|.)", replace, body)


def as_regex_class(body: str, is_w3c: bool) -> re.Pattern[str]:
    """The class for `re`: every member becomes an escape; only a leading ^ and the dash of a range keep a meaning."""
    negated = body.startswith("^")
    member_pattern = r"#x[0-9A-Fa-f]+|." if is_w3c else r"\\(?:x[0-9A-Fa-f]+|u.{4}|U.{8}|.)|."
    members = re.findall(member_pattern, body[negated:], re.DOTALL)
    if not members:
        return re.compile(r"(?s:.)")
    parts = []
    for place, member in enumerate(members):
        if member == "-" and 0 < place < len(members) - 1:
            parts.append("-")
        elif is_w3c:
            parts.append(f"\\U{int(member.removeprefix('#x'), 16) if len(member) > 1 else ord(member):08X}")
        else:
            parts.append(f"\\U{ord(unescaped(member)):08X}")
    return re.compile("[" + "^" * negated + "".join(parts) + "]", re.DOTALL)


def read(source: str, is_w3c: bool) -> dict[str, Tree]:
    """The rules of a grammar that is known to be well-formed."""
    lexical = W3C if is_w3c else XGRAMMAR
    elements: list[Element] = []
    position = 0
    while position < len(source):
        match = lexical.match(source, position)
        assert match is not None and match.lastgroup is not None, source[position : position + 20]
        if match.lastgroup != "blank":
            elements.append((match.lastgroup, match[0]))
        position = match.end()
    elements.append(("head", ""))
    rules: dict[str, Tree] = {}
    at = 0
    while elements[at] != ("head", ""):
        assert elements[at][0] == "head" and elements[at + 1][0] == "define"
        rules[elements[at][1]], at = alternatives(elements, at + 2, is_w3c)
    return rules


def alternatives(elements: list[Element], at: int, is_w3c: bool) -> tuple[Tree, int]:
    """Everything up to a closing parenthesis or the next rule, neither taken."""
    choices = []
    while True:
        items: list[Tree] = []
        is_difference = False
        while elements[at][0] != "head" and elements[at][1] not in ("|", ")"):
            if elements[at][1] == "-":
                is_difference = True
                at += 1
                continue
            item, at = postfixed(elements, at, is_w3c)
            items.append(item)
        choices.append(("minus", *items) if is_difference else ("sequence", *items))
        if elements[at][1] != "|":
            return ("choice", *choices), at
        at += 1


def postfixed(elements: list[Element], at: int, is_w3c: bool) -> tuple[Tree, int]:
    """One item with the signs behind it."""
    kind, text = elements[at]
    at += 1
    item: Tree
    if text == "(":
        item, at = alternatives(elements, at, is_w3c)
        at += 1
    elif kind == "text":
        item = ("text", text[1:-1] if is_w3c else unescaped(text[1:-1]))
    elif kind == "klass":
        item = ("class", as_regex_class(text[1:-1], is_w3c))
    elif kind == "code":
        item = ("text", chr(int(text.removeprefix("#x"), 16)))
    elif kind == "macro":
        item = ("never",)
    else:
        item = ("rule", text)
    while elements[at][0] == "counts" or elements[at][1] in ("*", "+", "?"):
        sign = elements[at][1]
        at += 1
        if sign.startswith("{"):
            numbers = sign[1:-1].replace(" ", "").split(",")
            item = ("repeat", item, int(numbers[0]), int(numbers[-1]) if numbers[-1] else None)
        else:
            item = ("repeat", item, int(sign == "+"), 1 if sign == "?" else None)
    return item, at


def accepts(source: str, text: str, is_w3c: bool, start: str) -> bool:
    return matches(read(source, is_w3c), text, start)
