"""Python types and functions as JSON Schemas (draft 2020-12): what a value of the type looks like as JSON.

    @dataclass
    class Person:
        name: str
        age: Annotated[int, {"minimum": 0}] = 0

`schema_of_python(Person)` is an object with the members `name` and `age`, of which `name` is required, and no others.
Known are dataclasses, `TypedDict`, `NamedTuple`, enumerations, `Literal`, unions, lists, tuples, sets, dictionaries,
`Annotated`, `NewType`, the scalar types of JSON and of `datetime`, `uuid` and `ipaddress`, and functions: the
parameters of one are the members of the object that a tool call holds. Named types become definitions, so they may
refer to themselves. A pydantic model, alone or inside another type, speaks for itself (`model_json_schema`), and so
does a `TypeAdapter`; nothing is imported for that.

What has no exact JSON form is an UnsupportedType error with the path to it, such as `Person.friends[]`.
Rejected: to require pydantic for all of it, which is large, and whose objects allow any further member by default.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import ipaddress
import math
import pathlib
import sys
import types
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from maskwright.errors import LimitExceeded, UnsupportedType
from maskwright.grammar.json_schema.python_metadata import Schema, annotated

MAX_TYPE_NESTING = 60
"""Of types without a name, such as lists of lists; each level takes a few of Python's own frames."""

_SCALARS: dict[object, Schema] = {
    None: {"type": "null"},
    types.NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    decimal.Decimal: {"type": "number"},
    str: {"type": "string"},
    pathlib.Path: {"type": "string"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.date: {"type": "string", "format": "date"},
    dt.time: {"type": "string", "format": "time"},
    dt.timedelta: {"type": "string", "format": "duration"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    ipaddress.IPv4Address: {"type": "string", "format": "ipv4"},
    ipaddress.IPv6Address: {"type": "string", "format": "ipv6"},
    Any: True,
    object: True,
}

_ARRAYS = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Iterable)
_SETS = (set, frozenset, collections.abc.Set, collections.abc.MutableSet)
_OBJECTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def is_python_input(value: object) -> bool:
    """Is this a type, a typing construct or a function, and not a schema as it is written?"""
    return value is not None and not isinstance(value, Mapping | bool | str | bytes | int | float | list | tuple)


def schema_of_python(given: object) -> Schema:
    """The JSON Schema of a type's values, or of the arguments of a function by name.

    Raises UnsupportedType. `schema_of_python(list[int])` -> `{"type": "array", "items": {"type": "integer"}}`.
    """
    conversion = _Conversion()
    root = conversion.root(given)
    conversion.finish()
    if not conversion.definitions or isinstance(root, bool):
        return root
    return {**root, "$defs": conversion.definitions}


class _Conversion:
    """The definitions made so far, and the named types that still need one (mutable)."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self.references: dict[object, str] = {}
        self.names: set[str] = set()
        self.todo: list[tuple[object, str]] = []

    def root(self, given: object) -> Schema:
        """The schema of what was given; a named type is the root itself, not a definition."""
        if inspect.isroutine(given):
            return self._function(given)
        if own := _own_schema(given):
            return own()
        convert = self._converter(given)
        if convert is not None:
            self.references[given] = "#"
            return convert(given, _name(given))
        return self.schema(given, _name(given), 0)

    def finish(self) -> None:
        """Write the definitions of all named types that were referred to."""
        while self.todo:
            annotation, name = self.todo.pop()
            if own := _own_schema(annotation):
                # its references count from its own root, so it is a document within the document
                self.definitions[name] = {"$id": f"urn:python:{quote(name)}", **own()}
            else:
                convert = self._converter(annotation)
                assert convert is not None, "only types with a converter are put on the list"
                self.definitions[name] = convert(annotation, name)

    def _converter(self, annotation: object) -> Callable[[Any, str], dict[str, Any]] | None:
        """How to write the definition of a named type; None for what has no name of its own."""
        if type(annotation).__name__ == "TypeAliasType":
            return self._alias
        if not isinstance(annotation, type) or isinstance(annotation, types.GenericAlias):
            return None
        if issubclass(annotation, enum.Enum):
            return self._enumeration
        if dataclasses.is_dataclass(annotation):
            return self._dataclass
        if type(annotation).__name__ == "_TypedDictMeta":  # of typing or of typing_extensions
            return self._typed_dict
        if issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
            return self._named_tuple
        return None

    def schema(self, annotation: object, path: str, depth: int) -> Schema:
        """The schema of a type where it is used."""
        if depth > MAX_TYPE_NESTING:
            raise LimitExceeded("nesting of a Python type", depth, MAX_TYPE_NESTING, path)
        scalar = _scalar(annotation)
        if scalar is not None:
            return scalar
        if _own_schema(annotation) or self._converter(annotation):
            return {"$ref": self._reference(annotation)}
        if isinstance(annotation, typing.NewType):
            return self.schema(annotation.__supertype__, path, depth + 1)
        if isinstance(annotation, dataclasses.InitVar):
            return self.schema(annotation.type, path, depth + 1)
        origin = typing.get_origin(annotation) or annotation
        arguments = typing.get_args(annotation)
        if origin is typing.Annotated:
            return annotated(self.schema(arguments[0], path, depth + 1), arguments[1:], path)
        if origin is typing.Literal:
            return {"enum": [_json_value(value, path) for value in arguments]}
        if origin in (typing.Union, types.UnionType):
            return {"anyOf": [self.schema(argument, path, depth + 1) for argument in arguments]}
        if origin in (typing.Required, typing.NotRequired) or getattr(origin, "_name", "") == "ReadOnly":
            return self.schema(arguments[0], path, depth + 1)
        if origin is tuple:
            return self._tuple(annotation, arguments, path, depth)
        if origin in _ARRAYS or origin in _SETS:
            array: dict[str, Any] = {"type": "array"}
            if arguments:
                array["items"] = self.schema(arguments[0], f"{path}[]", depth + 1)
            return array | ({"uniqueItems": True} if origin in _SETS else {})
        if origin in _OBJECTS:
            return self._dictionary(arguments, path, depth)
        raise _unsupported(annotation, path, _advice(annotation, origin))

    def _reference(self, annotation: object) -> str:
        known = self.references.get(annotation)
        if known is None:
            base = name = str(getattr(annotation, "__name__", "type"))
            number = 2
            while name in self.names:
                name = f"{base}_{number}"
                number += 1
            self.names.add(name)
            self.references[annotation] = known = f"#/$defs/{quote(name)}"
            self.todo.append((annotation, name))
        return known

    def _tuple(self, annotation: object, arguments: tuple[Any, ...], path: str, depth: int) -> Schema:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": self.schema(arguments[0], f"{path}[]", depth + 1)}
        if not arguments and annotation in (tuple, typing.Tuple):  # noqa: UP006  the alias, not an annotation
            return {"type": "array"}
        items = [self.schema(part, f"{path}[{place}]", depth + 1) for place, part in enumerate(arguments)]
        return _fixed_array(items, len(items))

    def _dictionary(self, arguments: tuple[Any, ...], path: str, depth: int) -> Schema:
        if not arguments:
            return {"type": "object"}
        key, value = arguments
        schema: dict[str, Any] = {"type": "object", "additionalProperties": self.schema(value, f"{path}[]", depth + 1)}
        if key not in (str, Any):
            names = self.schema(key, f"{path} (the names)", depth + 1)
            schema["propertyNames"] = names
            if not _are_texts(key):
                raise _unsupported(key, f"{path} (the names)", "the names of a JSON object are strings")
        return schema

    def _alias(self, alias: Any, path: str) -> dict[str, Any]:
        schema = self.schema(alias.__value__, path, 0)
        return {} if schema is True else dict(typing.cast("dict[str, Any]", schema))

    def _enumeration(self, kind: type[enum.Enum], path: str) -> dict[str, Any]:
        if issubclass(kind, enum.Flag):
            raise _unsupported(kind, path, "flags combine to values that it does not list")
        values = [_json_value(member.value, f"{path}.{member.name}") for member in kind]
        if not values:
            raise _unsupported(kind, path, "it has no member")
        return {"title": kind.__name__, "enum": values}

    def _dataclass(self, kind: type, path: str) -> dict[str, Any]:
        hints = _hints(kind, path)
        members: dict[str, tuple[object, bool]] = {}
        for name, parameter in _signature(kind, path).parameters.items():
            members[name] = (hints.get(name, Any), parameter.default is inspect.Parameter.empty)
        return self._object(kind, members, path)

    def _typed_dict(self, kind: Any, path: str) -> dict[str, Any]:
        members: dict[str, tuple[object, bool]] = {}
        for name, hint in _hints(kind, path).items():
            # where annotations are texts, `__required_keys__` knows `total` but not what is said of one member
            said = {typing.Required: True, typing.NotRequired: False}.get(typing.get_origin(hint))
            members[name] = (hint, name in kind.__required_keys__ if said is None else said)
        return self._object(kind, members, path)

    def _named_tuple(self, kind: Any, path: str) -> dict[str, Any]:
        hints = _hints(kind, path)
        items = [self.schema(hints.get(name, Any), f"{path}.{name}", 0) for name in kind._fields]
        return {"title": kind.__name__, **_fixed_array(items, len(items) - len(kind._field_defaults))}

    def _function(self, function: Any) -> dict[str, Any]:
        """The arguments of a call, by name."""
        path = f"{function.__name__}()"
        hints = _hints(function, path)
        members: dict[str, tuple[object, bool]] = {}
        for name, parameter in _signature(function, path).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
                raise UnsupportedType(f"{stars}{name}", path, "any number of arguments has no schema: name each one")
            if parameter.kind is parameter.POSITIONAL_ONLY:
                raise UnsupportedType(name, path, "it can only be given by position, but a tool call names it")
            members[name] = (hints.get(name, Any), parameter.default is inspect.Parameter.empty)
        return self._object(function, members, path)

    def _object(self, of: Any, members: dict[str, tuple[object, bool]], path: str) -> dict[str, Any]:
        schema: dict[str, Any] = {"title": of.__name__}
        written = of.__doc__ if inspect.isroutine(of) else of.__dict__.get("__doc__")
        if written and not str(written).startswith(f"{of.__name__}("):  # what `dataclass` writes by itself
            schema["description"] = inspect.cleandoc(written)
        return schema | {
            "type": "object",
            "properties": {name: self.schema(hint, f"{path}.{name}", 0) for name, (hint, _) in members.items()},
            "required": [name for name, (_, is_required) in members.items() if is_required],
            "additionalProperties": False,
        }


def _scalar(annotation: object) -> Schema | None:
    """The schema of a type without parts; not every annotation can be hashed, but these can."""
    if typing.get_origin(annotation) is not None or not isinstance(annotation, collections.abc.Hashable):
        return None
    scalar = _SCALARS.get(annotation)
    return dict(scalar) if isinstance(scalar, dict) else scalar


def _own_schema(annotation: object) -> Callable[[], dict[str, Any]] | None:
    """How pydantic writes the schema of what is its own: a model, its kind of dataclass, a `TypeAdapter`."""
    if isinstance(annotation, type):
        if callable(write := getattr(annotation, "model_json_schema", None)):
            return typing.cast("Callable[[], dict[str, Any]]", write)
        pydantic = sys.modules.get("pydantic")
        if pydantic is not None and dataclasses.is_dataclass(annotation) and hasattr(annotation, "__pydantic_fields__"):
            return typing.cast("Callable[[], dict[str, Any]]", pydantic.TypeAdapter(annotation).json_schema)
        return None
    if type(annotation).__name__ == "TypeAdapter" and callable(write := getattr(annotation, "json_schema", None)):
        return typing.cast("Callable[[], dict[str, Any]]", write)
    return None


def _fixed_array(items: list[Schema], n_required: int) -> dict[str, Any]:
    """An array with an item for each schema, of which the first `n_required` must be there."""
    bounds = {"minItems": n_required, "maxItems": len(items)}
    return {"type": "array", "prefixItems": items, **bounds} if items else {"type": "array", "maxItems": 0}


def _json_value(value: object, path: str) -> object:
    """An enumerated value as JSON has it."""
    if isinstance(value, enum.Enum):
        return _json_value(value.value, path)
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise _unsupported(type(value), path, f"the value {value!r} is not a JSON scalar")


def _are_texts(key: object) -> bool:
    """Are all values of the type strings?"""
    while isinstance(key, typing.NewType):
        key = key.__supertype__
    if typing.get_origin(key) is typing.Annotated:
        return _are_texts(typing.get_args(key)[0])
    if typing.get_origin(key) is typing.Literal:
        return all(isinstance(value, str) for value in typing.get_args(key))
    if isinstance(key, type) and issubclass(key, enum.Enum):
        return all(isinstance(member.value, str) for member in key)
    return key is str or (key in (uuid.UUID, dt.date, dt.datetime, pathlib.Path))


def _hints(of: Any, path: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(of, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise _unsupported(of, path, f"its annotations cannot be resolved: {error}") from error


def _signature(of: Any, path: str) -> inspect.Signature:
    try:
        return inspect.signature(of)
    except (ValueError, TypeError) as error:
        raise _unsupported(of, path, f"its parameters are unknown: {error}") from error


def _name(annotation: object) -> str:
    return str(getattr(annotation, "__name__", annotation))


def _advice(annotation: object, origin: object) -> str:
    if isinstance(annotation, typing.TypeVar):
        return "it stands for any type: write a concrete one"
    if origin is not annotation and isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return "generic dataclasses are not supported: write a concrete one"
    if isinstance(annotation, bytes | bytearray) or annotation in (bytes, bytearray, memoryview):
        return "bytes are no text: use str"
    if isinstance(annotation, type):
        return "use a dataclass, TypedDict, enumeration, pydantic model or a built-in type"
    return "it is not a type that JSON has a form for"


def _unsupported(of: object, path: str, reason: str) -> UnsupportedType:
    name = of.__name__ if isinstance(of, type) and not isinstance(of, types.GenericAlias) else repr(of)
    return UnsupportedType(name[:80], path, reason)
