"""The files that a Lark grammar reads, as one digest: a run is known by what they say, not by where they lie.

Over-inclusive where it is in doubt: of `%import .a.b.C` every file is heeded that there is of `a.lark`, `a/b.lark` and
`a/b/C.lark`. Lark looks for all imports, of imported grammars too, in one folder, and so does this.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r"%import[ \t]+\.*([\w.]+)")
_FILE: Final = re.compile(r'%json\s*"([^"\n]+)"')


def imported_digest(text: str, folder: Path) -> str:
    """A digest of the files that a grammar in this folder imports; "" where there are none."""
    found: dict[Path, bytes] = {}
    texts = [text]
    while texts:
        grammar = texts.pop()
        for file in _named(grammar, folder):
            if file.is_file() and file not in found:
                found[file] = file.read_bytes()
                texts.append(found[file].decode("utf-8", "replace"))
    if not found:
        return ""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(found):
        for part in (str(file.relative_to(folder)).encode(), found[file]):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _named(grammar: str, folder: Path) -> list[Path]:
    """Where the files that a grammar names may be: `%import a.B` -> `a.lark` and `a/B.lark`."""
    files = [folder / name for name in _FILE.findall(grammar)]
    for dotted in _IMPORT.findall(grammar):
        parts = [part for part in dotted.split(".") if part]
        files += [folder.joinpath(*parts[:n]).with_suffix(".lark") for n in range(1, len(parts) + 1)]
    return files
