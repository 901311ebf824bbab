"""Lark text in, lark's own grammar object out: `read_source` is the one place where a grammar text is handed to lark.

Reading is done by lark itself (`lark.load_grammar`), so that templates, `%import`, `%override`, `%extend` and escapes
mean here what they mean there. What is added: a fault becomes a `GrammarSyntaxError` with line, column and caret, also
where lark names no place; and a grammar text cannot reach the file system. lark looks for imports in the folder of the
running script; here only lark's own grammars (`common`, `python`, `unicode`, `lark`) and the folders that the caller
names are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken, VisitError
from lark.load_grammar import Grammar as LarkGrammar
from lark.load_grammar import GrammarBuilder, find_grammar_errors, stdlib_loader

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.lark.growth import CountedDefinitions, check_growth

MAX_TEXT_LENGTH = 2_000_000
"""Characters of a grammar text, as for the other notations."""

MAX_PLAIN_LENGTH = 200_000
"""Characters of what lark is to read itself: it takes some 20 us for each. SQL dialects have 50,000."""

MAX_NESTING = 60
"""Parentheses and brackets inside each other: lark works on its trees by recursion, some ten calls a level."""

SOURCE_NAME = "Lark grammar"


@dataclass(frozen=True, slots=True)
class LarkSource:
    """A grammar text as lark has read it; `name` is the file, for messages."""

    text: str
    name: str
    grammar: LarkGrammar


def read_source(text: str, *, source_name: str = SOURCE_NAME, import_paths: Sequence[str | Path] = ()) -> LarkSource:
    """Read a grammar text with lark; `import_paths` are the folders in which `%import` may look.

    Raises GrammarSyntaxError (line, column and what was expected) or LimitExceeded.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise LimitExceeded("The number of characters of a Lark grammar", len(text), MAX_TEXT_LENGTH)
    if (n_plain := len(text.rstrip())) > MAX_PLAIN_LENGTH:
        raise LimitExceeded("The number of characters that lark reads", n_plain, MAX_PLAIN_LENGTH)
    _check_nesting(text)
    builder = GrammarBuilder(False, [_Loader(text, source_name, tuple(map(Path, import_paths)))])
    builder._definitions = CountedDefinitions()
    try:
        builder.load_grammar(text, source_name)
        grammar = builder.build()
    except (LarkError, AssertionError, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        # lark asserts, and looks up, what a grammar text may get wrong, and cannot always say what was
        raise located(error, text, source_name) from error
    except RecursionError as error:
        raise LimitExceeded("The nesting of a Lark grammar", MAX_NESTING + 1, MAX_NESTING) from error
    check_growth(grammar)
    return LarkSource(text, source_name, grammar)


def located(error: Exception, text: str, source_name: str) -> GrammarSyntaxError:
    """A fault that lark has found as an error with a place: the one that lark names, or where the symbol is used."""
    if isinstance(error, VisitError):
        if error.rule == "range":
            message = "the ends of a range are one character each"
            return GrammarSyntaxError(message, text, max(0, text.find("..")), source_name)
        error = error.orig_exc
    said = (
        error.message if isinstance(error, GrammarSyntaxError) else "" if isinstance(error, TypeError) else str(error)
    )
    message = " ".join(said.split("\n\n", maxsplit=1)[0].split()) or "lark cannot read this"
    if isinstance(error, UnexpectedToken) and error.line > 0:
        expected = ", ".join(sorted(map(_readable, error.accepts or error.expected)))
        message = f"expected {expected}, found {_readable(error.token.type)}"
        return GrammarSyntaxError(message, text, _offset(text, error.line, error.column), source_name)
    if isinstance(error, UnexpectedInput) and error.line > 0:
        return GrammarSyntaxError(message, text, _offset(text, error.line, error.column), source_name)
    if place := re.search(r",? at line (\d+),? column (\d+)", message):
        position = _offset(text, int(place[1]), int(place[2]))
        return GrammarSyntaxError(_expected(message.replace(place[0], ""), text, position), text, position, source_name)
    if "codec can't decode" in message:
        broken = re.search(r"\\(?:x(?![\da-fA-F]{2})|u(?![\da-fA-F]{4})|U(?![\da-fA-F]{8})|N)", text)
        message = "this escape lacks digits: it is \\x and two, \\u and four, or \\U and eight hexadecimal digits"
        return GrammarSyntaxError(message, text, broken.start() if broken else 0, source_name)
    return GrammarSyntaxError(message, text, _position_of_symbol(message, text), source_name)


def _position_of_symbol(message: str, text: str) -> int:
    """Where the symbol stands that a message names: its use, or its definition if that is at fault."""
    names = [*re.findall(r"'(\w+)'", message), *re.findall(r"[A-Za-z_]\w*", message)[::-1]]
    at_fault = re.search("defined more than once|Cannot override|Can't extend", message)
    for name in names:
        defined = re.finditer(rf"(?m)^[ \t]*(?:%override|%extend)?[ \t!?]*\b{name}\b(?=\s*[.:{{])", text)
        used = re.finditer(rf"(?<![\w.]){name}(?!\w)(?!\s*[.:])", text)
        if places := [place.start() for place in (defined if at_fault else used)]:
            return places[-1] if at_fault else places[0]
    return 0


_READABLE = {
    "_RPAR": "')'",
    "_LPAR": "'('",
    "_RBRA": "']'",
    "_LBRA": "'['",
    "_RBRACE": "'}'",
    "_LBRACE": "'{'",
    "_COLON": "':'",
    "COLON": "':'",
    "_COMMA": "','",
    "_OR": "'|'",
    "_DOT": "'.'",
    "_DOTDOT": "'..'",
    "_TO": "'->'",
    "TILDE": "'~'",
    "OP": "'*', '+' or '?'",
    "_NL": "the end of the line",
    "_NL_OR": "'|' in a new line",
    "$END": "the end of the grammar",
    "STRING": "a text in quotes",
    "REGEXP": "a regular expression",
    "RULE": "the name of a rule",
    "TERMINAL": "the name of a terminal",
    "NUMBER": "a number",
}


def _readable(terminal: str) -> str:
    """What a terminal of lark's own notation looks like to a writer."""
    return _READABLE.get(terminal, terminal.strip("_").lower())


def _expected(message: str, text: str, position: int) -> str:
    """lark's message, and where it says only "unexpected", what it would have taken there."""
    if not message.startswith("Unexpected input"):
        return message[0].lower() + message[1:]
    begun = {'"': "text in quotes", "/": "regular expression"}.get(text[position : position + 1])
    if begun is not None:
        return f"this {begun} does not end in its line"
    try:
        first = find_grammar_errors(text)
    except (LarkError, AssertionError, AttributeError):
        first = []
    expected = sorted(getattr(first[0][0], "expected", ()) or ()) if first else []
    return f"expected {', '.join(expected[:8]) or 'a rule or terminal definition'}"


def _offset(text: str, line: int, column: int) -> int:
    """The position of a line and a column, both counted from 1; the end of the text if it lies behind that."""
    begin = 0
    for _ in range(line - 1):
        following = text.find("\n", begin)
        if following < 0:
            return len(text)
        begin = following + 1
    return min(begin + column - 1, len(text))


def _check_nesting(text: str) -> None:
    depth = deepest = 0
    for sign in re.sub(r'"(?:\\.|[^"\\\n])*"|/(?:\\.|[^/\\\n])+/|//[^\n]*', "", text):
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise LimitExceeded(
            "The nesting of groups in a Lark grammar", deepest, MAX_NESTING, remedy="use rules of their own"
        )


@dataclass(frozen=True, slots=True)
class _Loader:
    """What lark asks for an imported grammar: the caller's folders, then lark's own grammars, and nothing else.

    lark goes on to other folders only after an OSError, so a missing grammar is raised as an error of ours.
    """

    text: str
    source_name: str
    folders: tuple[Path, ...]

    def __call__(self, base_path: Any, grammar_path: str) -> tuple[Any, str]:
        for folder in self.folders:
            file = folder / grammar_path
            if file.is_file():
                return str(file), file.read_text(encoding="utf-8")
        try:
            is_packaged = base_path is not None and not isinstance(base_path, str)
            found: tuple[Any, str] = stdlib_loader(base_path if is_packaged else None, grammar_path)
            return found
        except OSError as error:
            dotted = Path(grammar_path).with_suffix("").as_posix().replace("/", ".")
            where = "the folders given as import_paths" if self.folders else "lark's own grammars"
            message = f"there is no grammar '{dotted}' in {where} (name its folder with import_paths)"
            used = re.search(rf"%import\s+\.?{re.escape(dotted)}", self.text)
            raise GrammarSyntaxError(message, self.text, used.start() if used else 0, self.source_name) from error
