"""Compute the automata of all formats from their definitions and write them into the package.

python scripts/build_formats.py    # after a change of maskwright/grammar/characters/format*.py
"""

from __future__ import annotations

from maskwright.grammar.characters.formats import FORMAT_NAMES, computed_format
from maskwright.grammar.characters.ready_formats import READY_FORMATS, write_formats


def main() -> None:
    """Write the archive and say how large it is."""
    write_formats({name: computed_format(name) for name in FORMAT_NAMES})
    print(f"{len(FORMAT_NAMES)} formats, {READY_FORMATS.stat().st_size / 1000:.0f} KB: {READY_FORMATS.name}")


if __name__ == "__main__":
    main()
