"""The options of a JSON Schema on the command line: one set of flags for every command that takes SPEC.

A flag outweighs what the schema says under `"x-maskwright"`, one by one, and `--exact` replaces it as a whole; so
`--exact --order declared` is exact but for the order of members.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from maskwright.integrations.command_line.messages import UserMistakeError

if TYPE_CHECKING:
    from enum import Enum

    from maskwright.grammar.json_schema import Indented, JSONSchemaOptions, Whitespace

Result = TypeVar("Result")

MAX_DIGITS = 9
"""Of a number on the command line: more characters or items than any text has."""


def _flag(name: str, metavar: str, text: str) -> Any:
    return typer.Option(name, metavar=metavar, help=text, show_default=False, rich_help_panel="JSON Schema")


@dataclass(frozen=True, slots=True)
class OptionsRequest:
    """What was asked for, as it was written; None where nothing was."""

    whitespace: Annotated[
        str | None,
        _flag(
            "--whitespace", "KIND", "Between JSON tokens: flexible (the default), compact, any, or an indent like 2."
        ),
    ] = None
    order: Annotated[str | None, _flag("--order", "KIND", "Of JSON members: any (the default) or declared.")] = None
    escapes: Annotated[
        str | None, _flag("--escapes", "KIND", "How JSON characters are spelled: canonical (the default) or exact.")
    ] = None
    numbers: Annotated[
        str | None, _flag("--numbers", "KIND", "How JSON numbers are spelled: canonical (the default) or exact.")
    ] = None
    formats: Annotated[
        str | None, _flag("--formats", "KIND", "What `format` is: asserted (the default) or an annotation.")
    ] = None
    exact: Annotated[
        bool, _flag("--exact", "", "Every JSON text of a valid instance, as the specification has it.")
    ] = False
    max_string: Annotated[
        int | None, _flag("--max-string", "N", "The most characters of a JSON string that is not enumerated.")
    ] = None
    max_items: Annotated[int | None, _flag("--max-items", "N", "The most items of a JSON array.")] = None
    field_budget: Annotated[
        list[str] | None,
        _flag(
            "--field-budget",
            "POINTER=N",
            "The most characters or items of what the subschema at a JSON pointer allows; may be repeated.",
        ),
    ] = None

    def applied_to(self, base: JSONSchemaOptions) -> JSONSchemaOptions:
        """The options with what was asked for in place of what `base` says; raises UserMistakeError."""
        from maskwright.grammar.characters import Escapes
        from maskwright.grammar.json_schema import Formats, JSONSchemaOptions, NumberSpelling, PropertyOrder

        options = JSONSchemaOptions.exact() if self.exact else base
        if self.whitespace is not None:
            options = replace(options, whitespace=_whitespace(self.whitespace))
        if self.order is not None:
            options = replace(options, property_order=_member(PropertyOrder, "--order", self.order))
        if self.escapes is not None:
            options = replace(options, escapes=_member(Escapes, "--escapes", self.escapes))
        if self.numbers is not None:
            options = replace(options, numbers=_member(NumberSpelling, "--numbers", self.numbers))
        if self.formats is not None:
            options = replace(options, formats=_member(Formats, "--formats", self.formats))
        if self.max_string is not None:
            options = replace(options, max_string=_count("--max-string", self.max_string))
        if self.max_items is not None:
            options = replace(options, max_items=_count("--max-items", self.max_items))
        if self.field_budget:
            fields_here = dict(map(_field_budget, self.field_budget))
            options = replace(options, field_budgets=dict(options.field_budgets) | fields_here)
        return options

    def flags(self) -> list[str]:
        """The flags that were given."""
        given = [field.name for field in fields(self) if not _is_left_out(getattr(self, field.name))]
        return [f"--{name.replace('_', '-')}" for name in given]


def _is_left_out(value: object) -> bool:
    return value is None or value is False or value == []


def _count(flag: str, written: int) -> int:
    if written < 0:
        raise UserMistakeError(f"{flag} is a number of at least 0, not {written}.")
    return written


def _field_budget(written: str) -> tuple[str, int]:
    """`/properties/summary=800` as a pointer and a number; the pointer may hold a `=` itself."""
    pointer, equals, most = written.rpartition("=")
    if not equals or not (most.isascii() and most.isdigit()) or len(most) > MAX_DIGITS or pointer[:1] not in ("", "/"):
        message = f"--field-budget is a JSON pointer into the schema, '=' and a number, not {written!r}."
        raise UserMistakeError(message)
    return pointer, int(most)


Member = TypeVar("Member", bound="Enum")


def _member(kind: type[Member], flag: str, written: str) -> Member:
    for member in kind:
        if member.value == written:
            return member
    raise UserMistakeError(f"{flag} is {' or '.join(str(member.value) for member in kind)}, not {written!r}.")


def _whitespace(written: str) -> Whitespace | Indented:
    from maskwright.grammar.json_schema import Indented, Whitespace

    if written.isascii() and written.isdigit() and int(written[:3]) <= 64:
        return Indented(int(written))
    try:
        return Whitespace(written)
    except ValueError:
        message = f"--whitespace is flexible, compact, any or an indent up to 64, not {written!r}."
        raise UserMistakeError(message) from None


def with_json_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """The command, whose parameter `options: OptionsRequest` is replaced by a flag for each field of that record."""
    signature = inspect.signature(command, eval_str=True)
    hints = inspect.get_annotations(OptionsRequest, eval_str=True)
    flags = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(OptionsRequest)
    ]

    @functools.wraps(command)
    def run(**arguments: Any) -> Result:
        chosen = {field.name: arguments.pop(field.name) for field in fields(OptionsRequest)}
        return command(**arguments, options=OptionsRequest(**chosen))

    others = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in signature.parameters.values()
        if parameter.name != "options"
    ]
    run.__signature__ = signature.replace(parameters=[*others, *flags])  # type: ignore[attr-defined]
    return run
