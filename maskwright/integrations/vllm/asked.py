"""What a request asks for: one constraint and how to read it, from vLLM's own fields and from ours.

vLLM hands over a kind and a text (`structured_outputs`, `response_format`, tool choices). Everything else stands in the
request's `extra_args` (over HTTP: `vllm_xargs`, where a nested object is written as JSON text) under the key
`maskwright`:

    true | false                      this engine, or the host's own
    "xgrammar", "guidance", ...       the host's engine of that name
    {"notation": "gbnf", ...}         this engine, with options, and perhaps the constraint itself

The constraint may stand there too, under the names that vLLM has for it, or as `behaviour` (a specification in YAML,
docs/behaviour.md). An unknown name or a value of the wrong kind is an error, never ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from maskwright.errors import InvalidOption
from maskwright.integrations.grammar_text import Notation

#: The key in `extra_args` and `vllm_xargs`.
KEY: Final = "maskwright"

#: How much of a wrong value an error shows.
SHOWN_CHARACTERS: Final = 80

#: The engines that vLLM brings along.
HOST_ENGINES: Final = ("xgrammar", "guidance", "outlines", "lm-format-enforcer")


class Kind(StrEnum):
    """Kinds of constraints: those of vLLM, and behaviour specifications."""

    JSON = "json"
    JSON_OBJECT = "json_object"
    REGEX = "regex"
    CHOICE = "choice"
    GRAMMAR = "grammar"
    STRUCTURAL_TAG = "structural_tag"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True, slots=True)
class Options:
    """How a constraint is to be read, and which engine is to read it.

    engine: `maskwright`, one of HOST_ENGINES, `host` (the host's own choice), or None (nothing was said).
    kind, text: the constraint, if it stands in the options.
    notation, start: of a grammar. json_options: of a JSON Schema, as `x-maskwright` has them (docs/json_schema.md).
    is_compact, is_closed: JSON without blanks; objects without members that are not named.
    max_tokens: the most tokens of the text, which then ends in time; has_own_budget: they are those of the request.
    generated_tokens, context_tokens: the budget of a behaviour specification; observed: what others have written
    before the model's first turn.
    """

    engine: str | None = None
    kind: Kind | None = None
    text: str = ""
    notation: Notation | None = None
    start: str | None = None
    json_options: str | None = None
    is_compact: bool = False
    is_closed: bool = False
    max_tokens: int | None = None
    has_own_budget: bool = False
    generated_tokens: int | None = None
    context_tokens: int | None = None
    observed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A constraint: its kind, its text as vLLM writes it (JSON for schemas and choices), and how to read it."""

    kind: Kind
    text: str
    options: Options = field(default_factory=Options)


def is_ours(options: Options, *, is_default: bool) -> bool:
    """Does this library serve a request with these options? Where they name no engine, `is_default` decides."""
    return options.engine == KEY or (options.engine is None and is_default)


def asked_of(kind: str, text: str, options: Options, parameters: Any, server: Any) -> Asked:
    """The constraint that stands in the options, or else the host's, with the host's switches for JSON.

    parameters: `StructuredOutputsParams`; server: `StructuredOutputsConfig`. What both say holds if either says it.
    Raises InvalidOption for a pattern of blanks, which has no meaning here.
    """
    if parameters.whitespace_pattern is not None:
        pattern = parameters.whitespace_pattern
        raise InvalidOption("whitespace_pattern", pattern, f"missing; say {KEY}.json_options.whitespace instead")
    if options.kind is not None:
        kind, text = options.kind, options.text
    is_compact = parameters.disable_any_whitespace or server.disable_any_whitespace
    is_closed = parameters.disable_additional_properties or server.disable_additional_properties
    return Asked(Kind(kind), text, replace(options, is_compact=is_compact, is_closed=is_closed))


def reasons_first(server: Any) -> bool:
    """Do texts begin with reasoning that no grammar sees?  server: `StructuredOutputsConfig`."""
    return bool(server.reasoning_parser) and not server.enable_in_reasoning


def with_budget(options: Options, own: int | None, room: int | None = None, *, is_behind_reasoning: bool) -> Options:
    """The options with `max_tokens` as a number, as far as it is known.

    own: the `max_tokens` of the request; room: what the length of the model leaves for the text; None if not yet known.
    Raises InvalidOption for more than either, since vLLM would cut the text there, and where the request's own are to
    do but reasoning takes some of them.

        with_budget(Options(has_own_budget=True), 200, is_behind_reasoning=False).max_tokens     # -> 200
    """
    most = min((limit for limit in (own, room) if limit is not None), default=None)
    if options.has_own_budget:
        if is_behind_reasoning:
            raise InvalidOption(
                f"{KEY}.max_tokens", True, "a number where the model reasons first, for the text behind"
            )
        return replace(options, max_tokens=most)
    if options.max_tokens is not None and most is not None and options.max_tokens > most:
        raise InvalidOption(f"{KEY}.max_tokens", options.max_tokens, f"at most {most}, where vLLM cuts the text")
    return options


def options_of(extra_args: Mapping[str, Any] | None) -> Options:
    """The options under KEY; raises InvalidOption with the name of what is wrong.

    `options_of({"maskwright": {"notation": "gbnf"}}).notation` -> `Notation.GBNF`.
    """
    value = (extra_args or {}).get(KEY)
    if isinstance(value, str) and value not in HOST_ENGINES and value != KEY:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise _wrong(KEY, value, f"JSON, or one of {', '.join(HOST_ENGINES)}") from error
    if value is None:
        return Options()
    if isinstance(value, bool):
        return Options(engine=KEY if value else "host")
    if isinstance(value, int) and value in {0, 1}:  # how some clients write booleans where only numbers may stand
        return Options(engine=KEY if value else "host")
    if isinstance(value, str):
        return Options(engine=value)
    if not isinstance(value, Mapping):
        raise _wrong(KEY, value, "true, false, the name of an engine, or an object of options")
    return _from_object(value)


def _wrong(name: str, written: object, reason: str) -> InvalidOption:
    """An error that shows as much of the value as a person reads."""
    try:
        is_short = len(repr(written)) <= SHOWN_CHARACTERS
    except (RecursionError, ValueError):  # too deep, or too many digits
        return InvalidOption(name, type(written).__name__, reason)
    return InvalidOption(name, written if is_short else str(written)[:SHOWN_CHARACTERS], reason)


def _from_object(value: Mapping[str, Any]) -> Options:
    options = Options(engine=KEY)
    for name, written in value.items():
        if name in Kind.__members__.values():
            if options.kind is not None:
                raise _wrong(f"{KEY}.{name}", written, f"missing, as there is {options.kind} already")
            options = replace(options, kind=Kind(name), text=_constraint(name, written))
        elif name in _READERS:
            options = _READERS[name](options, f"{KEY}.{name}", written)
        else:
            names = ", ".join([*Kind, *_READERS])
            raise _wrong(f"{KEY}.{str(name)[:40]}", written, f"missing: there is no such option, only {names}")
    return options


def _constraint(name: str, written: object) -> str:
    """A constraint as text; schemas, choices and tags may be given as JSON values."""
    if name == Kind.JSON_OBJECT:
        if written is not True:
            raise _wrong(f"{KEY}.{name}", written, "true")
        return ""
    is_list = name == Kind.CHOICE and isinstance(written, list)
    if is_list or (name in {Kind.JSON, Kind.STRUCTURAL_TAG} and isinstance(written, Mapping | bool)):
        return _json(f"{KEY}.{name}", written)
    return _text(f"{KEY}.{name}", written)


def _text(name: str, written: object) -> str:
    if not isinstance(written, str):
        raise _wrong(name, written, "a text")
    return written


def _json(name: str, written: object) -> str:
    try:
        return json.dumps(written)
    except (RecursionError, TypeError, ValueError) as error:
        raise _wrong(name, written, "a JSON value that is not too deep") from error


def _engine(options: Options, name: str, written: object) -> Options:
    if not isinstance(written, str) or written not in {KEY, "host", *HOST_ENGINES}:
        raise _wrong(name, written, f"one of {', '.join([KEY, 'host', *HOST_ENGINES])}")
    return replace(options, engine=written)


def _notation(options: Options, name: str, written: object) -> Options:
    for notation in Notation:
        if written == notation:
            return replace(options, notation=notation)
    raise _wrong(name, written, f"one of {', '.join(Notation)}")


def _start(options: Options, name: str, written: object) -> Options:
    return replace(options, start=_text(name, written))


def _json_options(options: Options, name: str, written: object) -> Options:
    if not isinstance(written, Mapping):
        raise _wrong(name, written, "an object")
    return replace(options, json_options=_json(name, written))


def _budget(options: Options, name: str, written: object) -> Options:
    names = {"generated_tokens", "context_tokens"}
    if not isinstance(written, Mapping) or not set(written) <= names:
        raise _wrong(name, written, "an object with generated_tokens, context_tokens or both")
    for inner, count in written.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise _wrong(f"{name}.{inner}", count, "a positive whole number")
    return replace(options, **written)


def _max_tokens(options: Options, name: str, written: object) -> Options:
    if written is True:
        return replace(options, has_own_budget=True)
    if not isinstance(written, int) or isinstance(written, bool) or written < 1:
        raise _wrong(name, written, "a positive whole number, or true for the request's own max_tokens")
    return replace(options, max_tokens=written)


def _observed(options: Options, name: str, written: object) -> Options:
    texts = [written] if isinstance(written, str) else written
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _wrong(name, written, "a text or a list of texts")
    return replace(options, observed=tuple(texts))


_READERS: Final[dict[str, Callable[[Options, str, Any], Options]]] = {
    "engine": _engine,
    "notation": _notation,
    "start": _start,
    "json_options": _json_options,
    "max_tokens": _max_tokens,
    "budget": _budget,
    "observed": _observed,
}
"""How each option is read."""
