"""A reader of the Lisp-like documents in which the released agents of Crouse et al. are specified.

    (define react-agent (:states (question (:text "[Question]")) ...)
                        (:behavior (next question (until_5 (next thought ...) final-thought) answer)))

`next` is one after the other, `until` a loop of its first part with its second as the exit, `until_5` one with a bound,
which is left off here, as their own validation of prompts does. The body of a loop may run not at all.
"""

from __future__ import annotations

import re
from typing import Any

from maskwright.grammar.behaviour.specification.flow import Flow, Name, chain, choice, repeat
from maskwright.grammar.behaviour.specification.spec import Segment, Spec, Writer


def spec_of_lisp(document: str) -> Spec:
    """The specification that a document says, with free texts."""
    tokens = re.findall(r'"[^"]*"|[()]|[^\s()"]+', re.sub(r"^#.*$", "", document, flags=re.MULTILINE))
    tree, rest = _tree(tokens, 0)
    assert rest == len(tokens)
    assert tree[0] == "define"
    parts = {part[0]: part[1:] for part in tree[2:]}
    segments = tuple(_segment(*state) for state in parts[":states"])
    (behaviour,) = parts[":behavior"]
    return Spec(tree[1], segments, _flow(behaviour))


def _tree(tokens: list[str], at: int) -> tuple[Any, int]:
    """The tree that begins at a token, a text or a list of trees, and where the next one begins."""
    if tokens[at] != "(":
        return tokens[at], at + 1
    found = []
    at += 1
    while tokens[at] != ")":
        part, at = _tree(tokens, at)
        found.append(part)
    return found, at + 1


def _segment(name: str, *properties: tuple[str, str]) -> Segment:
    known = dict(properties)
    writer = Writer.ENVIRONMENT if known.get(":flags") == ":env-input" else Writer.MODEL
    return Segment(_identifier(name), known[":text"].strip('"'), writer=writer)


def _flow(tree: Any) -> Flow:
    if isinstance(tree, str):
        return Name(_identifier(tree))
    operator, *parts = tree
    flows = [_flow(part) for part in parts]
    match operator.split("_")[0]:
        case "next":
            return chain(flows)
        case "or":
            return choice(flows)
        case "until":
            body, leave = flows
            return chain([repeat(body, 0, None), leave])
    raise AssertionError(operator)


def _identifier(name: str) -> str:
    return name.replace("-", "_")
