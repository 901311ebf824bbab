"""Files that a specification names: read beside it, never elsewhere, and only if it was itself read from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from maskwright.grammar.behaviour.specification.document import Node, node_of

MAX_BYTES = 2_000_000
"""Of one file."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where files may be read: the folder of the specification, or nowhere (None)."""

    path: Path | None = None

    def text(self, name: Node) -> str:
        """The text of the file of that name, in UTF-8; an error at the name if there is none."""
        found = self.find(name)
        try:
            content = found.read_bytes()[: MAX_BYTES + 1]
            if len(content) > MAX_BYTES:
                raise name.error(f"the file has more than {MAX_BYTES} bytes")
            return content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise name.error(f"the file cannot be read: {fault}") from fault

    def find(self, name: Node) -> Path:
        """Where the file of that name lies; an error at the name if there is none in this folder."""
        if self.path is None:
            raise name.error("files can be named only in a specification that is itself read from a file")
        inside = self.path.resolve()
        try:
            found = (inside / name.text()).resolve()
            is_file = found.is_relative_to(inside) and found.is_file()
        except (OSError, ValueError) as fault:
            raise name.error(f"this names no file: {fault}") from fault
        if not is_file:
            raise name.error(f"there is no file {name.text()[:80]!r} in the folder of the specification")
        return found

    def document(self, name: Node) -> Node:
        """The document of a JSON file."""
        try:
            data = json.loads(self.text(name))
        except (ValueError, RecursionError) as fault:
            raise name.error(f"the file {name.text()[:80]!r} is no JSON: {fault}") from fault
        return node_of(data, name.text())
