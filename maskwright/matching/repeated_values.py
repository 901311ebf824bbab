"""Which earlier sibling a refused byte of a JSON text would repeat: the name of a member, or an item.

There are two ways in which the engine forbids a repetition. Where infinitely many values may follow, a value asks when
it ends (`repetitions`), so the grammar itself tells. Where they are finitely many, as declared names and the values of
an `enum`, they are counted off, and the byte is refused at which the last of them that is left differs; then an
earlier sibling that begins with what was written, the byte included, is the reason.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from maskwright.errors import NotJSON
from maskwright.grammar.schema_places import has_distinct_items
from maskwright.matching.compiled_grammar import Ends
from maskwright.matching.json_events import JSONReader, ValueCompleted
from maskwright.matching.where import containers_of, document_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskwright.matching.json_events import JSONEvent, Path
    from maskwright.matching.matcher import Matcher


def repetition_at(matcher: Matcher, byte: int) -> bytes | None:
    """The value that is repeated by a byte that is refused, as it is spelled; None if that is not why.

    Nothing for an object or an array.
    """
    grammar, trail = matcher.grammar, matcher.trail
    rules, stacks, _, began = grammar.stacks_at(trail)
    if began is None:
        return None
    try:
        reader, events = JSONReader().read(document_text(grammar, trail, began))
    except NotJSON:
        return None
    written = reader.begun + bytes([byte])
    ends = grammar.repeats(trail, byte)
    if ends is not None:
        if ends is Ends.BEFORE_BYTE:
            return reader.begun
        return written if reader.begun and byte not in b"]}" else b""
    if reader.is_at_name:
        names = [path[reader.depth - 1] for path in _below(events, reader.path, reader.depth)]
        return _beginning_with(written, names)
    of_arrays = [containers_of(stack)[-1] for stack in stacks if len(containers_of(stack)) >= reader.depth > 0]
    if not any(has_distinct_items(rules, rule) for rule in of_arrays) or len(reader.path) != reader.depth:
        return None
    items = [
        event.value
        for event in events
        if isinstance(event, ValueCompleted) and len(event.path) == reader.depth and event.path[:-1] == reader.path[:-1]
    ]
    return _beginning_with(written, items)


def _below(events: list[JSONEvent], path: Path, depth: int) -> list[Path]:
    """The paths of what happened in the object at a path."""
    return [event.path for event in events if len(event.path) >= depth and event.path[: depth - 1] == path]


def _beginning_with(written: bytes, values: Sequence[object]) -> bytes | None:
    """The first value that is spelled with this beginning."""
    spelled = [json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") for value in values]
    return next((one for one in spelled if one.startswith(written)), None)
