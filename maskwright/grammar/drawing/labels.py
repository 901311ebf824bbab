"""What a part of a rule, or a set of bytes, reads: labels for edges.

A set of bytes is shown as characters and ranges, `a-z 0-9 _`, in a few words where it is nearly everything; bytes that
are no characters of ASCII by their value, `xC3-xDF`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from maskwright.grammar import ir
from maskwright.grammar.ir import Node

_NAMES: Final = {0x20: "␣", 0x09: "⇥", 0x0A: "⏎", 0x0D: "␍"}
MOST_CHARACTERS: Final = 44
"""Of what there is or, if that is shorter, of what is missing; else only the number of bytes is told."""
MOST_TEXT: Final = 40
"""Characters of a literal."""


def label_of(node: Node) -> str:
    """`label_of(ir.literal(b"a\\n"))` -> `"a⏎"` in quotes; a call is the name of its rule between angle brackets."""
    match node:
        case ir.Literal(text):
            return f'"{text_label(text)}"'
        case ir.ByteClass(mask):
            return bytes_label(byte for byte in range(256) if mask >> byte & 1)
        case ir.Call(name):
            return f"⟨{name}⟩"
        case ir.Automaton(automaton, _, counter):
            return f"automaton of {automaton.n_states} states{'' if counter is None else bounds_label(*counter)}"
        case ir.Lexed(language):
            return f"lexer and parser of {language.n_terminals - 1} terminals"
        case ir.TokenSet():
            named = [*node.names, *(f"<[{token}]>" for token in node.ids)]
            return f"{'any token but ' if node.negated else ''}{' '.join(named)}"
        case ir.Distinct(body):
            return f"{label_of(body)} (no repetition)"
        case ir.Document(body):
            return f"{label_of(body)} (a JSON text)"
        case ir.Sequence(parts):
            return " ".join(map(label_of, parts))
        case ir.Choice(parts):
            return " | ".join(map(label_of, parts))
        case ir.Repeat(body, minimum, maximum):
            return f"({label_of(body)}){bounds_label(minimum, maximum)}"
        case ir.Permutation(items):
            return f"{len(items)} members in any order"
    return type(node).__name__.lower()


def bounds_label(minimum: int, maximum: int | None) -> str:
    """`bounds_label(0, None)` -> `{0,}`."""
    return f"{{{minimum},{'' if maximum is None else maximum}}}"


def text_label(text: bytes) -> str:
    """A text, its blanks and line ends visible; cut where it is long."""
    shown = text.decode("utf-8", "replace").replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")
    return shown if len(shown) <= MOST_TEXT else shown[: MOST_TEXT - 1] + "…"


def bytes_label(members: Iterable[int]) -> str:
    """`bytes_label(b"abcd ")` -> `␣ a-d`."""
    chosen = set(members)
    missing = _runs(set(range(0x20, 0x7F)) - chosen)
    beyond = "" if chosen & set(range(0x80, 0x100)) else " (ASCII)"
    ways = [" ".join(_runs(chosen)), f"any but {' '.join(missing)}{beyond}" if missing else f"any{beyond}"]
    shortest = min(ways, key=len)
    return shortest if len(shortest) <= MOST_CHARACTERS else f"{len(chosen)} bytes"


def _runs(members: set[int]) -> list[str]:
    """Neighbouring bytes of one kind as ranges."""
    runs: list[list[int]] = []
    for byte in sorted(members):
        if runs and byte == runs[-1][-1] + 1 and _kind(byte) == _kind(runs[-1][-1]):
            runs[-1].append(byte)
        else:
            runs.append([byte])
    shown = []
    for run in runs:
        if len(run) < 3:
            shown += [_name(byte) for byte in run]
        else:
            shown.append(f"{_name(run[0])}-{_name(run[-1])}")
    return shown


def _kind(byte: int) -> int:
    """Bytes are put into one range only with those of their kind."""
    character = chr(byte)
    if byte >= 0x7F or byte < 0x21:
        return 0
    return 1 if character.isdigit() else 2 if character.isupper() else 3 if character.islower() else 4


def _name(byte: int) -> str:
    return _NAMES.get(byte) or (chr(byte) if 0x20 < byte < 0x7F else f"x{byte:02X}")
