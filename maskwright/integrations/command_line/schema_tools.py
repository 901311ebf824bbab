"""The commands that work on specifications alone: `diff`, `example` and `fuzz`, with their options."""

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
from maskwright.integrations.command_line.json_options import OptionsRequest, with_json_options
from maskwright.integrations.command_line.lark_options import LarkOptions
from maskwright.integrations.command_line.messages import need_file_place, told_in_one_sentence
from maskwright.integrations.command_line.specification import Kind, SpecificationRequest, read_specification

schema_tools = typer.Typer(rich_markup_mode=None)


@schema_tools.command(
    short_help="Tell whether a new version accepts what the old one did.",
    epilog="""\b
Examples:
  maskwright diff old.json new.json
  maskwright diff old.gbnf new.gbnf --tries 2000
  maskwright diff old.regex new.regex --json
Exit code: 0 if NEW accepts everything that OLD did, 1 if not (a text shows it), 2 if that cannot be decided or for a
mistake, 3 if texts were tried and none showed a difference, which is no proof.
""",
)
@told_in_one_sentence
@with_json_options
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A specification, as SPEC elsewhere.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another version of it.", show_default=False)],
    kind: Annotated[
        Kind | None, typer.Option(help="What both are, if their suffixes do not tell.", show_default=False)
    ] = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    tries: Annotated[int, typer.Option(min=1, help="How many texts are tried where there is no exact way.")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as one JSON object.")] = False,
    *,
    options: OptionsRequest,
) -> None:
    """Tell whether NEW accepts everything that OLD did; if not, a short text that OLD accepts and NEW refuses."""
    from maskwright.integrations.command_line import comparing

    lark = LarkOptions(lexer, indenter)
    versions = [read_specification(SpecificationRequest(name, None, kind, start, lark)) for name in (old, new)]
    comparison = comparing.compare(versions[0], versions[1], options, tries)
    comparing.write(comparison, versions[0], versions[1], as_json=as_json)
    if code := comparing.exit_code(comparison):
        raise typer.Exit(code)


@schema_tools.command(
    short_help="Print a shortest text that satisfies SPEC.",
    epilog="""\b
Examples:
  maskwright example person.json
  maskwright example person.json -n 5 --whitespace 2
  maskwright example person.json -n 20 --seed 7 --max-length 80
  maskwright example --regex '[A-Z]{3}-[0-9]{4}'
""",
)
@told_in_one_sentence
@with_json_options
def example(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, help="How many texts; each takes other ways than those before.")
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="After the shortest text random ones; equal seeds give equal ones.", show_default=False
        ),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(min=0, help="Only texts of at most so many characters.", show_default=False)
    ] = None,
    *,
    options: OptionsRequest,
) -> None:
    """Print a shortest text that satisfies SPEC; with -n more, short ones that differ, or random ones with --seed."""
    from maskwright.integrations.command_line import examples

    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    examples.write(examples.examples(specification, options, examples.Wanted(n, seed, max_length)), n)


@schema_tools.command(
    short_help="Write valid texts and near misses, judged by others.",
    epilog="""\b
Examples:
  maskwright fuzz person.json -n 100
  maskwright fuzz person.json -n 1000 --seed 7 -o cases.jsonl
  maskwright fuzz --regex '[a-z]+@[a-z]+' -n 50
Rows: {"text": ..., "valid": true}; a near miss also has "changed" (what) and "pointer" (where).
Judges: jsonschema for JSON Schemas, Python's re for patterns, lark for Lark grammars.
Exit code: 0 if the judge agrees with Maskwright on every text, 1 if not, 2 for a mistake.
""",
)
@told_in_one_sentence
@with_json_options
def fuzz(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many valid texts, and a near miss of each.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal texts.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write (default: stdout).", show_default=False),
    ] = None,
    *,
    options: OptionsRequest,
) -> None:
    """Write valid texts of SPEC and near misses as JSONL, each judged by an independent validator."""
    from maskwright.integrations.command_line import fuzzing

    if output is not None:
        need_file_place("--output", output)
    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    fuzzed = fuzzing.fuzz(specification, options, n, seed)
    fuzzing.write(fuzzed, specification, output)
    if fuzzed.disagreements:
        raise typer.Exit(1)
