"""Objects in the form that rules and proofs need: every name decided, every obligation assigned.

`resolve` turns an `ObjectShape` into alternatives: what `propertyNames` says is applied to each name and class; a class
of finitely many names becomes declared members; and an obligation ("some member is like this") becomes either a
declared member that must be there and be like this, or a *need*: a member of a class with infinitely many names.
So an alternative can get stuck only for want of values, which `productivity` looks at, and never for want of names.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from maskwright.errors import SchemaTooComplex
from maskwright.grammar.characters import CharacterAutomaton, is_free
from maskwright.grammar.json_schema.intersection import is_inhabited, rest_of
from maskwright.grammar.json_schema.shapes import (
    ANY_STRING,
    EVERYTHING,
    NOTHING_AT_ALL,
    STRING_FAMILY,
    Conjunction,
    ObjectShape,
    StringShape,
    StringWords,
    other_condition,
)
from maskwright.grammar.json_schema.strings import (
    NO_STRING,
    Counter,
    Language,
    all_of,
    conjunction_language,
    known_language,
    negated,
    words_language,
)
from maskwright.grammar.kept_hash import KeepsHash, record

if TYPE_CHECKING:
    from maskwright.grammar.json_schema.normal_form import NormalForm

MAX_NAMES = 256
"""A class of at most so many names becomes declared members."""


@record
class Extra(KeepsHash):
    """Members with any undeclared name of all languages, and what their values satisfy."""

    languages: tuple[Language, ...]
    condition: Conjunction


@record
class ResolvedObject(KeepsHash):
    """Declared members in order, of which those in `required` must be there; classes of others; needs; their number.

    `declared` are all names that the classes leave out, also those whose member is forbidden.
    """

    members: tuple[tuple[str, Conjunction], ...]
    required: frozenset[str]
    declared: tuple[str, ...]
    extras: tuple[Extra, ...]
    needs: tuple[Extra, ...]
    minimum: int
    maximum: int | None

    @property
    def parts(self) -> list[Conjunction]:
        """Every condition on a member."""
        return [
            *(condition for _, condition in self.members),
            *(extra.condition for extra in self.extras),
            *(need.condition for need in self.needs),
        ]


def is_simple(shape: ObjectShape) -> bool:
    """Does the shape say nothing that has to be resolved before one knows which members it needs?"""
    return shape.names == EVERYTHING and not shape.obligations and not shape.min_properties


def resolve(form: NormalForm, shape: ObjectShape) -> tuple[ResolvedObject, ...]:
    """The alternatives of an object shape; none if its names exclude what it requires."""
    known = form.resolved.get(shape)
    if known is None:
        known = form.resolved[shape] = _resolve(form, shape)
    return known


def _resolve(form: NormalForm, shape: ObjectShape) -> tuple[ResolvedObject, ...]:
    members = dict(shape.properties)
    for name in shape.required:
        if name not in members:
            members[name] = other_condition(shape, name)
    classes = [Extra(languages, condition) for languages, condition in shape.classes if condition != NOTHING_AT_ALL]
    if shape.additional != NOTHING_AT_ALL:
        classes.append(Extra(rest_of(shape), shape.additional))
    allowed = names_language(form, shape.names)
    if allowed is not None:
        automaton = known_language(allowed)
        members = {
            name: condition if automaton.accepts(name) else NOTHING_AT_ALL for name, condition in members.items()
        }
        classes = [Extra((*extra.languages, allowed), extra.condition) for extra in classes]
    classes = _declare_finite(classes, members)
    ways: list[frozenset[Fulfilment]] = [frozenset()]
    for obligation in shape.obligations:
        languages = obligation.languages
        if (named := names_language(form, obligation.names)) is not None:
            languages = (*languages, named)
        fulfilments = _fulfilments(form, languages, obligation.condition, members, classes)
        if any(name in shape.required and extra.condition == members[name] for name, extra in fulfilments if name):
            continue  # a member that is there anyway
        ways = _smallest([way | {one} for way in ways for one in fulfilments])
        if len(ways) > form.max_shapes:
            raise SchemaTooComplex("ways to fulfil what some member must be", len(ways), form.max_shapes)
    resolved = (
        _alternative(form, shape, members, classes, chosen) for way in ways for chosen in _groupings(form, shape, way)
    )
    return tuple(dict.fromkeys(alternative for alternative in resolved if alternative is not None))


def _smallest(ways: list[frozenset[Fulfilment]]) -> list[frozenset[Fulfilment]]:
    """The ways that contain no other way: whoever does more has done enough."""
    kept: list[frozenset[Fulfilment]] = []
    for way in sorted(dict.fromkeys(ways), key=len):
        if not any(other <= way for other in kept):
            kept.append(way)
    return kept


def _groupings(form: NormalForm, shape: ObjectShape, way: frozenset[Fulfilment]) -> Iterator[list[Fulfilment]]:
    """The fulfilments in a fixed order; where members are bounded also every way to let one serve several needs.

    Otherwise this is not asked here, because a member that serves several needs is then a marker of all of these.
    """
    ordered = sorted(way, key=str)
    needs = [extra for name, extra in ordered if name is None]
    if shape.max_properties is None or len(needs) < 2:
        yield ordered
        return
    named = [one for one in ordered if one[0] is not None]
    for groups in _partitions(needs):
        joined = [together(form, group) for group in groups]
        if all(is_inhabited(languages) for languages, _ in joined):
            yield named + [(None, Extra(languages, condition)) for languages, condition in joined]


def _partitions(needs: list[Extra]) -> Iterator[list[list[Extra]]]:
    """All ways to put the needs into groups."""
    if not needs:
        yield []
        return
    for groups in _partitions(needs[1:]):
        yield [[needs[0]], *groups]
        for place, group in enumerate(groups):
            yield [*groups[:place], [needs[0], *group], *groups[place + 1 :]]


def together(form: NormalForm, needs: list[Extra]) -> tuple[tuple[Language, ...], Conjunction]:
    """What a member is that fulfils all of the needs."""
    languages: tuple[Language, ...] = ()
    condition: Conjunction = EVERYTHING
    for need in needs:
        languages = tuple(dict.fromkeys(languages + need.languages))
        condition = form.join(condition, need.condition)
    return languages, condition


def names_language(form: NormalForm, names: Conjunction) -> Language | None:
    """The strings that satisfy a conjunction; None if all do."""
    if names == EVERYTHING:
        return None
    languages = []
    for shape in form.meaning_of(names):
        if shape.family == STRING_FAMILY:
            if shape == ANY_STRING:
                return None
            if isinstance(shape, StringWords):
                languages.append(words_language(shape.words))
            elif isinstance(shape, StringShape):
                parts = shape.languages
                if shape.min_length or shape.max_length is not None:
                    parts = (*parts, ("lengths", (shape.min_length, shape.max_length)))
                languages.append(all_of(parts))
    if len(languages) == 1:
        return languages[0]
    return ("any", tuple(languages)) if languages else NO_STRING


def _declare_finite(classes: list[Extra], members: dict[str, Conjunction]) -> list[Extra]:
    """Move the names of finite classes to the members; drop classes that no undeclared name belongs to."""
    kept = []
    for extra in classes:
        if extra.languages:
            names = conjunction_language(extra.languages).members(MAX_NAMES)
            if names is not None:
                for name in names:
                    members.setdefault(name, extra.condition)
                continue
        kept.append(extra)
    return kept


def is_free_name(language: CharacterAutomaton, counter: Counter | None) -> bool:
    """Can no beginning of a name run out of names, so that the engine can keep them apart?"""
    return is_free(language) and (counter is None or counter[1] is None)


@lru_cache(maxsize=4096)
def undeclared_in(languages: tuple[Language, ...], declared: tuple[str, ...]) -> tuple[Language, ...]:
    """The languages, and that none of the declared names that belong to them is meant."""
    if not languages:
        return ()
    automaton = conjunction_language(languages)
    left_out = [name for name in declared if automaton.accepts(name)]
    return (*languages, negated(words_language(left_out))) if left_out else languages


Fulfilment = tuple[str | None, Extra]
"""A declared member, or None for a need, with what its value must satisfy."""


def _fulfilments(
    form: NormalForm,
    languages: tuple[Language, ...],
    condition: Conjunction,
    members: dict[str, Conjunction],
    classes: list[Extra],
) -> list[Fulfilment]:
    """The ways in which some member can fulfil an obligation."""
    automaton = conjunction_language(languages)
    found: list[Fulfilment] = []
    for name, known in members.items():
        if automaton.accepts(name) and (joined := form.join(known, condition)) != NOTHING_AT_ALL:
            found.append((name, Extra((), joined)))
    for extra in classes:
        joined = form.join(extra.condition, condition)
        both = tuple(dict.fromkeys(extra.languages + languages))
        if joined == NOTHING_AT_ALL or conjunction_language(both).is_empty:
            continue
        words = conjunction_language(both).members(MAX_NAMES)
        if words is None:
            found.append((None, Extra(both, joined)))
        else:
            found += [(word, Extra((), joined)) for word in words if word not in members]
    return found


def _alternative(
    form: NormalForm,
    shape: ObjectShape,
    members: dict[str, Conjunction],
    classes: list[Extra],
    chosen: list[Fulfilment],
) -> ResolvedObject | None:
    members = dict(members)
    required = set(shape.required)
    needs: dict[Extra, None] = {}
    for name, extra in chosen:
        if name is None:
            needs[extra] = None
        else:
            members[name] = form.join(members[name], extra.condition) if name in members else extra.condition
            required.add(name)
    if any(members[name] == NOTHING_AT_ALL for name in required):
        return None
    least = len(required) + (len(needs) if shape.max_properties is not None else min(1, len(needs)))
    if shape.max_properties is not None and least > shape.max_properties:
        return None
    return ResolvedObject(
        tuple([(name, condition) for name, condition in members.items() if condition != NOTHING_AT_ALL]),
        frozenset(required),
        tuple(members),
        tuple(classes),
        tuple(needs),
        0 if shape.min_properties <= least else shape.min_properties,
        shape.max_properties,
    )
