"""The members that may follow a dot in Python code, by jedi's static analysis: the names of a monitor.

    with NamesAfterTriggers(compiler, PythonMembers(project=folder)) as names:
        matcher = MonitoredMatcher(grammar.matcher(), names.monitor(before=prompt), vocabulary)

Where the text ends with the dot of an attribute access, jedi (https://jedi.readthedocs.io) infers what stands before
it, and its completions are the legal names. It is an analysis and not a proof, so where it is known to say too little
nothing is restricted:

 *  where it finds nothing: an unknown name, a parameter without a type, a module that is not installed;
 *  where all it finds are names with a leading underscore, as of a parameter whose default is None;
 *  where attributes are made at run time (`__getattr__`, or `__getattribute__` outside of builtins);
 *  in comments, strings, numbers and imports, whose dots are no attribute accesses.

What remains is jedi's own: for `def f(a=0)` it takes `a` for an int, and it does not know attributes that are assigned
from outside of the class. A monitor on top of it forbids these.

Nothing is executed. jedi parses Python files; of compiled modules it asks a child process, which imports them, but only
those on the interpreter's own path (`load_unsafe_extensions` is off), never from the project. Read are the files
of `project`, of the interpreter's path (its library, installed packages, PYTHONPATH) and of jedi with its cache of
parsed files (`jedi.settings.cache_directory`). The two ways by which jedi follows a text elsewhere are closed: a text
that mentions `sys.path`, or imports from `..` and above, is not analysed. (Files of the project that change `sys.path`
are followed: they are the caller's own.)

Cost: 1 to 50 ms an access, 0.3 to some seconds for the first one to a module, 0.1 s more where the text has some 30 KB.
jedi is not made for several threads, so there is one at a time in a process.
Rejected: a language server (a program to install and to talk to; the one for Python is jedi itself).
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, final

import jedi
import parso

_ONE_AT_A_TIME = threading.Lock()
"""jedi's caches belong to the process."""

_ENDS_EXPRESSION = frozenset([")", "]", "}", "None", "True", "False"])
_FILE_NAME = "maskwright_text.py"


@final
class PythonMembers:
    """An analysis for `NamesAfterTriggers`: text -> the members that may follow its last dot, None where unknown.

    project: the folder whose modules the text can import, as if it lay there; without one it can import none.
    following: the code behind the place where text is generated. interpreter: whose packages may be imported.

    `PythonMembers()(b"'a'.")` -> {"upper", "split", ...}; `PythonMembers()(b"unknown.")` -> None.
    """

    def __init__(
        self,
        project: str | os.PathLike[str] | None = None,
        *,
        following: str = "",
        interpreter: str | os.PathLike[str] = sys.executable,
    ) -> None:
        # An empty folder, because jedi looks for a project around the working directory if it is given none.
        self._nowhere = tempfile.TemporaryDirectory(prefix="maskwright-") if project is None else None
        folder = Path(self._nowhere.name if self._nowhere is not None else os.fspath(project or ""))
        self._path = folder.absolute() / _FILE_NAME
        self._following = following
        self._project = jedi.Project(
            folder, environment_path=os.fspath(interpreter), load_unsafe_extensions=False, smart_sys_path=True
        )

    def __call__(self, text: bytes) -> frozenset[str] | None:
        """The members; raises what jedi raises when it fails."""
        try:
            before = text.decode()
        except UnicodeDecodeError:
            return None
        lines = parso.utils.split_lines(before)
        line, column = len(lines), len(lines[-1])
        code = before + self._following
        module = parso.parse(code)
        if _leads_elsewhere(module) or not _is_attribute_access(module, line, column):
            return None
        with _ONE_AT_A_TIME:
            script = jedi.Script(code, path=self._path, project=self._project)
            found = [name for name in script.complete(line, column) if name.type != "keyword"]
            if any(map(_is_open, found)):
                return None
        names = frozenset(name.name for name in found)
        return None if all(name.startswith("_") for name in names) else names


def _is_open(name: Any) -> bool:
    """Is it a method that makes attributes at run time?"""
    if name.name == "__getattribute__":
        return not (name.full_name or "").startswith("builtins.")
    return bool(name.name == "__getattr__")


def _is_attribute_access(module: Any, line: int, column: int) -> bool:
    """Is the character before a place the dot behind an expression?"""
    dot = module.get_leaf_for_position((line, column))
    if dot is None or dot.type != "operator" or dot.value != "." or dot.end_pos != (line, column):
        return False
    before = dot.get_previous_leaf()
    if before is None:
        return False
    if before.type not in {"name", "number", "string", "fstring_end"} and before.value not in _ENDS_EXPRESSION:
        return False
    while before is not None and before.type != "newline":
        if before.value in {"import", "from"} and before.type == "keyword" and not _yields(before):
            return False
        if before.type == "error_leaf" and before.value.lstrip("bBrRuUfF")[:1] in {"'", '"'}:
            return False  # a string in one line that has not been closed
        before = before.get_previous_leaf()
    return True


def _yields(keyword: Any) -> bool:
    """Is it the `from` of `yield from` or of `raise ... from ...`?"""
    first = keyword
    while first is not None and first.type != "newline":
        before = first.get_previous_leaf()
        if first.value in {"yield", "raise"} and first.type == "keyword":
            return True
        first = before
    return False


def _leads_elsewhere(module: Any) -> bool:
    """Does the code mention `sys.path`, or import from above the folder that it lies in?"""
    leaf = module.get_first_leaf()
    last = ("", "")
    while leaf is not None:
        if (*last, leaf.value) == ("sys", ".", "path") or (last == ("from", ".") and leaf.value in {".", "..."}):
            return True
        if last[1] == "from" and leaf.value == "...":
            return True
        last = (last[1], leaf.value)
        leaf = leaf.get_next_leaf()
    return False
