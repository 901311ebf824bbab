"""The rules of a JSON Schema where strings are written raw at every depth: what the nested styles have in common.

`Lowering` writes a schema's values as JSON, a rule for each array and object. A nested style writes some of these parts
in another way and takes the rest as it is. Its rules are all made at once, for a style may find only on the way that it
cannot write something, and no error may be left for the moment when a rule is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from maskwright.errors import LimitExceeded
from maskwright.grammar import ir
from maskwright.grammar.ir import Node
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.enforceable import check_enforceable
from maskwright.grammar.json_schema.exactness import report_of
from maskwright.grammar.json_schema.front_end import understood
from maskwright.grammar.json_schema.lowering import Lowering
from maskwright.grammar.json_schema.normal_form import NormalForm
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.productivity import Productivity
from maskwright.grammar.json_schema.shapes import STRING_FAMILY, Conjunction, Shape
from maskwright.grammar.json_schema.strings import Language
from maskwright.grammar.report import Report
from maskwright.grammar.structural_tags.members import Counts
from maskwright.grammar.structural_tags.raw_values import raw_strings
from maskwright.grammar.structural_tags.request import Request
from maskwright.grammar.structural_tags.styles import LineEnds

MAX_RULES: Final = 20_000
"""Rules of one schema in a nested style: a second or two."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A schema of which the values are known."""

    form: NormalForm
    productivity: Productivity
    root: Conjunction
    report: Report

    @classmethod
    def of(cls, schema: Mapping[str, Any] | bool, options: JSONSchemaOptions) -> Understood:
        """Read a schema; raises what `json_schema_grammar` does, but for a schema that no value satisfies."""
        reader, form, productivity, root = understood(read_document(schema), options, None)
        check_enforceable(form, productivity, options)
        return cls(form, productivity, root, report_of(reader))


class SpelledRules(Lowering):
    """The rules of a schema in a nested style (mutable, as `Lowering` is)."""

    def __init__(self, known: Understood, options: JSONSchemaOptions, request: Request, readable: Language) -> None:
        super().__init__(known.form, known.productivity, options, known.root)
        self.request = request
        self.readable = readable
        self.counts = Counts()
        self.root = known.root

    def raw(self, shape: Shape) -> Node:
        """The strings of a shape as they are; `NOTHING` if none of them can be read."""
        return raw_strings([shape], (self.readable,), LineEnds.KEPT)

    def string(self, raw: Node) -> Node:
        """A string between the marks that the style puts around it."""
        return raw

    def completed(self, start: Node) -> dict[str, Node]:
        """All rules that a node needs, with the node itself as `root`."""
        rules = {"root": start}
        while missing := list(self._missing(rules)):
            for name in missing:
                if len(rules) >= MAX_RULES:
                    raise LimitExceeded("the rules of a schema in this style", len(rules) + 1, MAX_RULES)
                rules[name] = self[name]
        if any(map(_compares_values, rules.values())):
            raise self.request.refusal('"uniqueItems" cannot be kept for such items in this style; leave it out')
        return rules

    def _missing(self, rules: Mapping[str, Node]) -> Iterator[str]:
        return (name for name in self if name not in rules)

    def _scalar(self, shape: Shape) -> Node:
        return self.string(self.raw(shape)) if shape.family == STRING_FAMILY else super()._scalar(shape)


def _compares_values(node: Node) -> bool:
    """Must a value in it differ from others? The engine can compare values that are written as JSON only."""
    match node:
        case ir.Distinct():
            return True
        case ir.Sequence(parts) | ir.Choice(parts):
            return any(map(_compares_values, parts))
        case ir.Repeat(body):
            return _compares_values(body)
        case ir.Permutation():
            return any(map(_compares_values, node.parts))
        case ir.Network(_, edges):
            return any(_compares_values(label) for _, label, _ in edges)
    return False
