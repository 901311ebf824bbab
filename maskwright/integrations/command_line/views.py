"""The commands that show what the engine does: `draw` and `trace`, with their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwright.integrations.command_line.arguments import (
    IndenterOption,
    KindOption,
    LexerOption,
    RegexOption,
    SpecArgument,
    StartOption,
)
from maskwright.integrations.command_line.drawing import DrawingRequest, PictureFormat, PictureLevel
from maskwright.integrations.command_line.json_options import OptionsRequest, with_json_options
from maskwright.integrations.command_line.lark_options import LarkOptions
from maskwright.integrations.command_line.messages import told_in_one_sentence
from maskwright.integrations.command_line.specification import SpecificationRequest, read_specification

views = typer.Typer(rich_markup_mode=None)


@views.command(
    short_help="Draw rules or configurations as SVG or DOT.",
    epilog="""\b
Examples:
  maskwright draw grammar.gbnf -o rules.svg
  maskwright draw grammar.gbnf --rule statement -o statement.svg
  maskwright draw person.json --level configurations --steps 8 -o person.svg
  maskwright draw --regex '[a-z]+-[0-9]{2}' --level configurations --format dot
""",
)
@told_in_one_sentence
@with_json_options
def draw(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    level: Annotated[
        PictureLevel, typer.Option(help="Rules as they are written, or configurations of the engine.")
    ] = PictureLevel.RULES,
    rule: Annotated[
        str | None, typer.Option(metavar="RULE", help="Draw this rule alone, as a network.", show_default=False)
    ] = None,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Draw configurations from behind this text on.", show_default=False)
    ] = "",
    steps: Annotated[int, typer.Option(min=1, help="How many edges away from there.")] = 6,
    max_nodes: Annotated[int, typer.Option(min=1, help="Draw so many nodes, the nearest ones.")] = 60,
    picture_format: Annotated[
        PictureFormat | None,
        typer.Option("--format", help="The default is that of FILE's suffix, else svg.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write (default: stdout).", show_default=False),
    ] = None,
    *,
    options: OptionsRequest,
) -> None:
    """Draw which rule calls which, one rule, or the configurations that a text goes through, as SVG or DOT."""
    from maskwright.integrations.command_line import drawing

    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    request = DrawingRequest(level, rule, prefix, steps, max_nodes)
    drawing.write(drawing.picture_of(specification, options, request), picture_format, output)


@views.command(
    short_help="Show a run token by token, from its trace.",
    epilog="""\b
Examples:
  maskwright generate person.json --trace run.jsonl
  maskwright trace run.jsonl
  maskwright trace run.jsonl --html run.html
""",
)
@told_in_one_sentence
def trace(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A trace, a JSONL file.", show_default=False)],
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write a page instead of showing it here.", show_default=False)
    ] = None,
) -> None:
    """Show a run token by token: what the mask kept of the model's probability, what was forced, and where."""
    from maskwright.integrations.command_line import tracing

    read = tracing.read(file)
    if html is not None:
        tracing.write_page(read, html)
    else:
        tracing.show(read)
