"""What SPEC on the command line names: a file, a Python type or function, or a pattern given in place.

The kind follows from the suffix of a file (`KIND_OF_SUFFIX`) unless it is said. Reading a specification gives a grammar
in the intermediate form; every fault is told with its place.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.lark_options import AS_LARK_DOES, LarkOptions
from maskwright.integrations.command_line.messages import UserMistakeError

if TYPE_CHECKING:
    from maskwright.grammar.ir import Grammar
    from maskwright.grammar.json_schema import JSONSchemaOptions
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.compiler import Compiler


Schema = dict[str, Any] | bool
Change: TypeAlias = "Callable[[JSONSchemaOptions], JSONSchemaOptions]"


class Kind(StrEnum):
    """The notations of a specification."""

    JSON_SCHEMA = "json-schema"
    GBNF = "gbnf"
    EBNF = "ebnf"
    LARK = "lark"
    REGEX = "regex"


KIND_OF_SUFFIX = {
    ".json": Kind.JSON_SCHEMA,
    ".gbnf": Kind.GBNF,
    ".ebnf": Kind.EBNF,
    ".lark": Kind.LARK,
    ".regex": Kind.REGEX,
    ".txt": Kind.REGEX,
}
FRONT_ENDS = {
    Kind.JSON_SCHEMA: "maskwright.grammar.json_schema",
    Kind.GBNF: "maskwright.grammar.gbnf",
    Kind.EBNF: "maskwright.grammar.ebnf",
    Kind.LARK: "maskwright.grammar.lark",
    Kind.REGEX: "maskwright.grammar.regex",
}
"""The modules that read them, imported only when needed."""

NAMES = {
    Kind.JSON_SCHEMA: "JSON Schema",
    Kind.GBNF: "GBNF grammar",
    Kind.EBNF: "EBNF grammar",
    Kind.LARK: "Lark grammar",
    Kind.REGEX: "regular expression",
}


@dataclass(frozen=True, slots=True)
class SpecificationRequest:
    """What was asked for on the command line; at most one of `spec` and `pattern` is set."""

    spec: str | None
    pattern: str | None
    kind: Kind | None
    start: str | None
    lark: LarkOptions = AS_LARK_DOES


@dataclass(frozen=True, slots=True)
class Specification:
    """A specification that was read: `content` is a pattern, a grammar's text, or a JSON Schema as a value.

    `start` is the rule to start from; None is the usual one of the notation. `folder` is where a file lies.
    """

    name: str
    kind: Kind
    content: Schema | str
    start: str | None = None
    lark: LarkOptions = AS_LARK_DOES
    folder: Path | None = None

    def grammar(self, options: OptionsRequest) -> Grammar:
        """The grammar of the texts to generate."""
        return self._grammar(options, _as_it_is, _as_it_is)

    def terse_grammar(self, options: OptionsRequest) -> Grammar:
        """The grammar of the texts to show: without blanks in JSON where these may be left out."""
        return self._grammar(options, _as_it_is, _without_blanks if options.whitespace is None else _as_it_is)

    def liberal_grammar(self, options: OptionsRequest) -> Grammar:
        """The grammar of the texts to accept: any blanks and spellings that JSON has, unless a flag says otherwise."""
        return self._grammar(options, _any_spelling, _as_it_is)

    def compiled(self, compiler: Compiler, grammar: Grammar) -> CompiledGrammar:
        """The grammar for the compiler's vocabulary; a fault is raised with the specification's name in front."""
        try:
            return compiler.compile_grammar(grammar)
        except MaskwrightError as error:
            raise UserMistakeError(f"{self.name}: {error}") from error

    def _grammar(self, asked: OptionsRequest, before: Change, after: Change) -> Grammar:
        """The grammar with the options of the schema, changed `before` and `after` the flags have their say.

        A fault is raised with the specification's name in front; JSON Schema is imported only where it is used.
        """
        if self.kind is not Kind.JSON_SCHEMA and (flags := asked.flags()):
            raise UserMistakeError(f"{flags[0]} is for JSON Schemas, but {self.name} is a {NAMES[self.kind]}.")
        if self.kind is not Kind.LARK and (flags := self.lark.flags()):
            raise UserMistakeError(f"{flags[0]} is for Lark grammars, but {self.name} is a {NAMES[self.kind]}.")
        try:
            if self.kind is Kind.REGEX:
                from maskwright.grammar.regex import regex_grammar

                return regex_grammar(str(self.content))
            if self.kind is Kind.GBNF:
                from maskwright.grammar.gbnf import gbnf_grammar

                return gbnf_grammar(str(self.content), self.start or "root")
            if self.kind is Kind.EBNF:
                from maskwright.grammar.ebnf import ebnf_grammar

                return ebnf_grammar(str(self.content), self.start)
            if self.kind is Kind.LARK:
                return self.lark.grammar(str(self.content), self.start, self.folder)
            from maskwright.grammar.json_schema import json_schema_grammar
            from maskwright.grammar.json_schema.options import options_in

            return json_schema_grammar(self.content, after(asked.applied_to(before(options_in(self.content)))))
        except MaskwrightError as error:
            raise UserMistakeError(f"{self.name}: {error}") from error


def _as_it_is(options: JSONSchemaOptions) -> JSONSchemaOptions:
    return options


def _without_blanks(options: JSONSchemaOptions) -> JSONSchemaOptions:
    from maskwright.grammar.json_schema import Indented, Whitespace

    if isinstance(options.whitespace, Indented):
        return options
    return replace(options, whitespace=Whitespace.COMPACT, outer_whitespace=False)


def _any_spelling(options: JSONSchemaOptions) -> JSONSchemaOptions:
    from maskwright.grammar.characters import Escapes
    from maskwright.grammar.json_schema import NumberSpelling, Whitespace

    return replace(options, whitespace=Whitespace.ANY, escapes=Escapes.EXACT, numbers=NumberSpelling.EXACT)


def read_specification(request: SpecificationRequest) -> Specification:
    """Read what was asked for; raises UserMistakeError."""
    if request.pattern is not None:
        if request.spec is not None or request.kind not in (None, Kind.REGEX):
            raise UserMistakeError("--regex is the whole specification: leave out SPEC and --kind.")
        return Specification("the pattern", Kind.REGEX, request.pattern, lark=request.lark)
    if request.spec is None:
        raise UserMistakeError("name a specification: a file, module:Name, or --regex PATTERN.")
    path = Path(request.spec)
    if not path.exists() and ":" in request.spec and "/" not in request.spec:
        return Specification(request.spec, Kind.JSON_SCHEMA, _schema_of_model(request.spec), lark=request.lark)
    kind = request.kind or KIND_OF_SUFFIX.get(path.suffix.lower())
    text = read_text(request.spec, "specification")
    if kind is None:
        choices = ", ".join(kind.value for kind in Kind)
        raise UserMistakeError(f"{path}: the suffix does not tell what this is: add --kind with one of {choices}.")
    if kind is Kind.JSON_SCHEMA:
        return Specification(str(path), kind, _schema(_json_value(text, str(path)), str(path)), lark=request.lark)
    if kind is Kind.REGEX:
        return Specification(str(path), kind, text.removesuffix("\n").removesuffix("\r"), lark=request.lark)
    folder = None if request.spec == "-" else path.parent
    return Specification(str(path), kind, text, request.start, request.lark, folder)


def read_text(name: str, role: str) -> str:
    """The text of a file, or of standard input for `-`; exactly its bytes, line ends included."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except FileNotFoundError:
        raise UserMistakeError(f"{name}: there is no such file to read the {role} from.") from None
    except IsADirectoryError:
        raise UserMistakeError(f"{name}: this is a folder, not a file with the {role}.") from None
    except OSError as error:
        raise UserMistakeError(f"{name}: cannot read the {role}: {error.strerror or error}.") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserMistakeError(f"{name}: the {role} is not UTF-8 text (byte {error.start + 1}).") from None


def _schema(value: object, name: str) -> Schema:
    if isinstance(value, dict | bool):
        return value
    raise UserMistakeError(f"{name}: a JSON Schema is an object, true or false, not {json.dumps(value)[:40]}.")


def _json_value(text: str, name: str) -> object:
    """The schema itself; a byte order mark is forgiven."""
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        reason = error.msg.removesuffix(" at")
        raise UserMistakeError(f"{name}, line {error.lineno}, column {error.colno}: not JSON: {reason}.") from None
    except RecursionError:
        raise UserMistakeError(f"{name}: this JSON is nested too deeply to be read.") from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise UserMistakeError(f"{name}: this JSON cannot be read: {error}.") from None


def _schema_of_model(name: str) -> Schema:
    """The JSON Schema of what `module:Name` names, where the module is found from the current folder too."""
    module_name, _, attribute = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserMistakeError(f"{name}: there is no such file, and no module {error.name!r} either.") from None
    except Exception as error:  # noqa: BLE001  a module of the user may fail in any way
        raise UserMistakeError(f"{name}: importing {module_name} fails: {type(error).__name__}: {error}.") from None
    finally:
        sys.path.pop(0)
    model = getattr(module, attribute, None)
    if model is None:
        raise UserMistakeError(f"{name}: the module {module_name} has nothing called {attribute!r}.")
    if isinstance(model, dict | bool):
        return model
    from maskwright.grammar.json_schema.python_types import is_python_input, schema_of_python

    if not is_python_input(model) or isinstance(model, ModuleType):
        raise UserMistakeError(f"{name}: {attribute} is neither a type, nor a function, nor a schema (a dict).")
    try:
        return schema_of_python(model)
    except MaskwrightError as error:
        raise UserMistakeError(f"{name}: {error}") from error
