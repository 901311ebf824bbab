"""Openers and closers that are not written out: made of the name of their segment.

    delimiters: {open: "\\n[{Name}] ", close: ""}        {name}: as it is; {Name}: action_input -> Action Input

The first segment of the list begins a trace as a rule, so its opener loses a line break that it would begin with.
"""

from __future__ import annotations

import re

from maskwright.grammar.behaviour.specification.document import Node


def template(node: Node | None, key: str) -> str:
    """The template of all openers or closers; "" if none is declared."""
    members = {} if node is None else node.members(("open", "close"))
    return members[key].text() if key in members else ""


def opener(pattern: str, name: str, is_first: bool) -> str:
    """The opener of a segment: `opener("\\n[{Name}] ", "answer", False)` -> `"\\n[Answer] "`."""
    made = filled(pattern, name)
    return made.removeprefix("\n") if is_first else made


def filled(pattern: str, name: str) -> str:
    """A template with the name of a segment put in."""
    spelled = {"{name}": name, "{Name}": " ".join(word.capitalize() for word in re.split("[-_]+", name) if word)}
    return re.sub("{name}|{Name}", lambda found: spelled[found[0]], pattern)
