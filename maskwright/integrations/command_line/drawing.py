"""`maskwright draw`: the rules of a specification, or the configurations of its automaton, as SVG or DOT."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.messages import UserMistakeError, compiling, need_file_place
from maskwright.integrations.command_line.specification import Specification

if TYPE_CHECKING:
    from maskwright.grammar.drawing.picture import Picture
    from maskwright.integrations.command_line.json_options import OptionsRequest


class PictureLevel(StrEnum):
    """The values of --level."""

    RULES = "rules"
    CONFIGURATIONS = "configurations"


class PictureFormat(StrEnum):
    """The values of --format."""

    SVG = "svg"
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class DrawingRequest:
    """What was asked for: `rule` draws one rule as a network; `prefix` and `n_steps` are for configurations."""

    level: PictureLevel
    rule: str | None
    prefix: str
    n_steps: int
    max_nodes: int


def picture_of(specification: Specification, options: OptionsRequest, request: DrawingRequest) -> Picture:
    """The picture; raises UserMistakeError for a fault in the specification, or a rule that it does not have."""
    grammar = specification.terse_grammar(options)
    try:
        if request.level is PictureLevel.RULES:
            from maskwright.grammar.drawing.rules import rule_graph, rule_network

            if request.rule is not None:
                return rule_network(grammar, request.rule, max_nodes=request.max_nodes)
            return rule_graph(grammar, max_nodes=request.max_nodes)
        if request.rule is not None:
            raise UserMistakeError("--rule is for --level rules.")
        with compiling():
            from maskwright.automata.drawing import configuration_graph

            after, n_steps = request.prefix.encode(), request.n_steps
            return configuration_graph(grammar, after=after, n_steps=n_steps, max_nodes=request.max_nodes)
    except MaskwrightError as error:
        raise UserMistakeError(f"{specification.name}: {error}") from error


def write(picture: Picture, picture_format: PictureFormat | None, output: Path | None) -> None:
    """The picture on stdout, or in a file, whose suffix says the format if nothing else does (else: SVG)."""
    from maskwright.grammar.drawing.dot import to_dot
    from maskwright.grammar.drawing.svg import to_svg

    if output is not None:
        need_file_place("--output", output)
    is_dot = picture_format is PictureFormat.DOT
    if picture_format is None and output is not None:
        is_dot = output.suffix.lower() in (".dot", ".gv")
    text = to_dot(picture) if is_dot else to_svg(picture)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
