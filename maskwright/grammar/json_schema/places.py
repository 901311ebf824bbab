"""What a schema says of one member or item of a container: for messages that name the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwright.grammar.json_schema.objects import resolve
from maskwright.grammar.json_schema.shapes import EVERYTHING, ArrayShape, Conjunction, ObjectShape
from maskwright.grammar.json_schema.strings import known_language

if TYPE_CHECKING:
    from maskwright.grammar.json_schema.normal_form import NormalForm


def condition_of(form: NormalForm, shape: ArrayShape | ObjectShape, step: str | int) -> Conjunction:
    """What the member with a name, or the item with an index, satisfies; of alternatives the first that has it."""
    if isinstance(shape, ArrayShape):
        return shape.prefix[step] if isinstance(step, int) and step < len(shape.prefix) else shape.items
    for resolved in resolve(form, shape):
        for name, condition in resolved.members:
            if name == step:
                return condition
        for extra in resolved.extras:
            if all(known_language(language).accepts(str(step)) for language in extra.languages):
                return extra.condition
    return EVERYTHING
