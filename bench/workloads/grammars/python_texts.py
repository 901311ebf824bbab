"""Source files of Python's standard library, as they are and with marked blocks.

Engines without an indenter cannot know where a block begins or ends, nor that a line break between brackets is a
blank. A marked text says so in characters: `INDENT` and `DEDENT` stand before the first word of the statement that
opens a block or follows one, and a line break between brackets has a backslash before it (and loses its comment),
which is Python's own way to continue a line. Everything else is kept, blanks and comments included.

Which files there are depends on the running Python; of these, which are taken is a rule and not a draw. Tests, and the
tables of `encodings` and `_sysconfigdata`, are not what people write.
"""

from __future__ import annotations

import ast
import io
import sysconfig
import tokenize
import warnings
from pathlib import Path

INDENT, DEDENT = "\x0e", "\x0f"

SMALLEST_BYTES, LARGEST_BYTES = 5_000, 40_000
N_FILES = 40
LEFT_OUT = {"test", "encodings", "site-packages"}


def library_files(n_files: int = N_FILES) -> dict[str, str]:
    """Name -> text of about `n_files` modules, every k-th by name of those of a medium size that Python reads."""
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = [*root.glob("*.py"), *root.glob("[a-z]*/*.py")]
    medium = sorted(
        path
        for path in paths
        if SMALLEST_BYTES <= path.stat().st_size <= LARGEST_BYTES
        and path.parent.name not in LEFT_OUT
        and not path.name.startswith("_sysconfigdata")
    )
    stride = max(1, len(medium) // n_files)
    texts = {path.relative_to(root).as_posix(): _text(path) for path in medium[::stride][:n_files]}
    return {name: text for name, text in texts.items() if text}


def marked(text: str) -> str:
    """`marked("if a:\\n  b\\n")` -> `"if a:\\n  \\x0eb\\n\\x0f"`."""
    lines = text.split("\n")
    line_begin = [0]
    for line in lines:
        line_begin.append(line_begin[-1] + len(line) + 1)
    pieces: list[str] = []
    at = depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin, end = (min(line_begin[row - 1] + column, len(text)) for row, column in (token.start, token.end))
        if token.type == tokenize.INDENT:
            pieces += text[at:end], INDENT
            at = end
        elif token.type == tokenize.DEDENT:
            pieces += text[at:begin], DEDENT
            at = begin
        elif token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        elif depth and token.type == tokenize.COMMENT:
            pieces.append(text[at:begin])
            at = end
        elif depth and token.type == tokenize.NL:
            pieces += text[at:begin], "\\\n"
            at = end
    return "".join(pieces) + text[at:]


def _text(path: Path) -> str:
    """The text of a source file with a line break at its end; "" if Python does not read it."""
    try:
        with tokenize.open(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = file.read()
            ast.parse(text)
    except (SyntaxError, ValueError):
        return ""
    return text if text.endswith("\n") else text + "\n"
