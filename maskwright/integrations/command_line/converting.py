"""`maskwright convert`: a grammar in another notation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import MaskwrightError
from maskwright.grammar.notation.notations import Source, Target
from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.integrations.command_line.specification import read_text


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """What was asked for: source None follows from the suffix, start None is the usual one of the notation."""

    grammar: str
    source: Source | None
    target: Target
    start: str | None


def convert(request: ConversionRequest) -> str:
    """The text of the grammar in the other notation; raises UserMistakeError."""
    from maskwright.grammar.notation.conversion import converted

    path = Path(request.grammar)
    source = request.source or _source_of(path.suffix.lower())
    text = read_text(request.grammar, "grammar")
    if source is None:
        choices = ", ".join(source.value for source in Source)
        raise UserMistakeError(f"{path}: the suffix does not tell what this is: add --from with one of {choices}.")
    try:
        return converted(text, source, request.target, start=request.start, import_paths=[path.parent])
    except MaskwrightError as error:
        raise UserMistakeError(f"{path}: {error}") from error


def write(text: str, output: str | None) -> None:
    """To a file, or to standard output."""
    if output is None or output == "-":
        print(text, end="")
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserMistakeError(f"{output}: cannot write the grammar: {error.strerror or error}.") from None


def _source_of(suffix: str) -> Source | None:
    return next((source for source in Source if suffix == f".{source.value}"), None)
