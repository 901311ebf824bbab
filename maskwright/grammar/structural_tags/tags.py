"""The formats with tags: begin, content, end; free text between them; dispatch on texts and on tokens.

    tag                     begin content end
    triggered_tags          free text in which a tag stands wherever its trigger occurs
    tags_with_separator     tags alone
    dispatch                as triggered tags, with any format behind a trigger
    token_triggered_tags, token_dispatch      the same with tokens for triggers

The envelopes of `tool_calls` with two things more: markers that special tokens may spell (`markers`), and tags whose
content is free text that knows its end (`reader`). An excluded text that occurs within a trigger is a fault: XGrammar
takes the trigger for one that can never occur, which nobody means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from maskwright.errors import EmptyLanguage, InvalidStructuralTag
from maskwright.grammar.composition import Composer, concatenation
from maskwright.grammar.ir import Grammar, choice, sequence
from maskwright.grammar.structural_tags.endings import NO_ENDS, Ends, free_text, occurs_in, text_until_trigger
from maskwright.grammar.structural_tags.fields import Fields
from maskwright.grammar.structural_tags.formats import named_token
from maskwright.grammar.structural_tags.reader import Reader, located
from maskwright.grammar.text_search import refuse_many_told_apart
from maskwright.grammar.tool_calls import NO_TEXT, Tag, after_texts, any_way, region, token, token_triggered_tags

TAG_FIELDS = ("type", "begin", "content", "end")


@dataclass(frozen=True, slots=True)
class ReadTag:
    """A tag: its begin, a text or a token, and everything after it."""

    begin: str | int
    is_text: bool
    rest: Grammar
    pointer: str

    def parts(self, reader: Reader) -> tuple[Grammar, Grammar]:
        """The begin and the rest."""
        begin = reader.markers.text(str(self.begin)) if self.is_text else token(self.begin)
        return begin, self.rest


def tag(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """Begin, content, end."""
    return concatenation(_read_tag(reader, fields).parts(reader))


def triggered_tags(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """Free text and tags; inside a tag the text has none of its ends in it."""
    return _triggered(reader, fields, NO_ENDS, around.searched)


def triggered_tags_to_end(reader: Reader, fields: Fields, ends: Ends) -> Grammar:
    """The same up to the end of the tag around it."""
    return _triggered(reader, fields, ends, ())


def tags_with_separator(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """Tags and nothing else, the separator between two of them."""
    fields.refuse_others(["type", "tags", "separator", "at_least_one", "stop_after_first"])
    composer = Composer()
    plain = any_way(composer, [one.parts(reader) for one in _tags(reader, fields)])
    following = sequence(composer.node(reader.markers.text(fields.text("separator"))), plain)
    return region(composer, plain, following, NO_TEXT, NO_TEXT, **_numbers(fields))


def dispatch(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """Free text; where the text of a rule occurs, its format must follow."""
    fields.refuse_others(["type", "rules", "loop", "excludes"])
    rules = []
    for trigger, content, pointer in _rules(fields):
        text = Fields.as_text(trigger, f"{pointer}/0")
        rules.append((_trigger(text, f"{pointer}/0"), reader.grammar(content, f"{pointer}/1", NO_ENDS)))
    excluded = _excluded(fields, [trigger for trigger, _ in rules])
    triggers = [trigger for trigger, _ in rules]
    texts = _texts_until(reader, triggers, (), excluded, fields)
    text_alone = _text(reader, NO_ENDS, excluded, triggers, fields)
    composer = Composer()
    after_text = after_texts(composer, [(texts[trigger], [(content,)]) for trigger, content in rules])
    if fields.flag("loop", True):
        return region(composer, after_text, after_text, text_alone, text_alone, at_least=0, at_most=None)
    return composer.grammar(choice(after_text, composer.node(text_alone)))


def token_triggered(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """Free tokens and tags that begin with a token."""
    fields.refuse_others(["type", "trigger_tokens", "tags", "exclude_tokens", "at_least_one", "stop_after_first"])
    triggers = reader.token_list(fields, "trigger_tokens")
    tags = []
    for one in _tags(reader, fields):
        if one.is_text or one.begin not in triggers:
            listed = ", ".join(map(repr, triggers))
            raise InvalidStructuralTag(
                f"{one.pointer}/begin", f"must be one of the trigger tokens, written as there: {listed}"
            )
        tags.append((one.begin, Tag("", one.rest, "")))
    begun = [which for which, _ in tags]
    others = [*around.tokens, *(one for one in triggers if one not in begun)]
    excluded = _excluded_tokens(reader, fields, begun, others)
    stops = fields.flag("stop_after_first", False)
    at_least_one = fields.flag("at_least_one", False)
    return token_triggered_tags(
        tags,
        excluded=excluded,
        at_least=int(at_least_one),
        at_most=1 if stops else None,
        has_text_before=not at_least_one,
        has_text_after=not stops,
    )


def token_dispatched(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """Free tokens; behind the token of a rule its format must follow."""
    fields.refuse_others(["type", "rules", "loop", "exclude_tokens"])
    tags = []
    for which, content, pointer in _rules(fields):
        known = reader.token(which, f"{pointer}/0")
        tags.append((known, Tag("", reader.grammar(content, f"{pointer}/1", NO_ENDS), "")))
    loops = fields.flag("loop", True)
    return token_triggered_tags(
        tags,
        excluded=_excluded_tokens(reader, fields, [which for which, _ in tags], around.tokens),
        at_most=None if loops else 1,
        has_text_after=loops,
    )


def _triggered(reader: Reader, fields: Fields, ends: Ends, not_in_text: Sequence[str]) -> Grammar:
    """Between none or one and any number of tags; free text before and after them, up to one of the ends."""
    fields.refuse_others(["type", "triggers", "tags", "at_least_one", "stop_after_first", "excludes"])
    triggers = [_trigger(text, place) for text, place in _texts_with_places(fields, "triggers")]
    excluded = [*_excluded(fields, triggers), *not_in_text]
    rests: dict[str, list[tuple[Grammar, Grammar]]] = {trigger: [] for trigger in triggers}
    tags = _tags(reader, fields)
    for one in tags:
        begin = str(one.begin)
        found = [trigger for trigger in rests if begin.startswith(trigger)] if one.is_text else []
        if len(found) != 1:
            what = "a text that begins with exactly one of the triggers"
            raise InvalidStructuralTag(f"{one.pointer}/begin", f"must be {what}, not with {len(found)} of them")
        rests[found[0]].append((reader.markers.text(begin[len(found[0]) :]), one.rest))
    used = {trigger: rest for trigger, rest in rests.items() if rest}
    unused = [trigger for trigger, rest in rests.items() if not rest]
    texts = _texts_until(reader, [*used], [*unused, *ends.searched], excluded, fields)
    text = _text(reader, ends, excluded, triggers, fields)
    composer = Composer()
    after_text = after_texts(composer, [(texts[trigger], rest) for trigger, rest in used.items()])
    numbers = _numbers(fields)
    has_text_after = numbers["at_most"] is None
    return region(
        composer,
        first=any_way(composer, [one.parts(reader) for one in tags]) if numbers["at_least"] else after_text,
        following=after_text,
        after=text if has_text_after else ends.grammar(reader.markers),
        alone=text,
        **numbers,
    )


class _Numbers(TypedDict):
    at_least: int
    at_most: int | None


def _numbers(fields: Fields) -> _Numbers:
    """How many tags there are."""
    stops = fields.flag("stop_after_first", False)
    return {"at_least": int(fields.flag("at_least_one", False)), "at_most": 1 if stops else None}


def _texts_until(
    reader: Reader, triggers: Sequence[str], others: Sequence[str], excluded: Sequence[str], fields: Fields
) -> dict[str, Grammar]:
    """Free text up to each trigger, and the trigger."""
    with located(fields.pointer):
        refuse_many_told_apart(len(triggers), [*triggers, *others, *excluded])
    texts = {}
    for trigger in triggers:
        not_before = [*(other for other in triggers if other != trigger), *others]
        with located(fields.pointer):
            text = text_until_trigger(trigger, not_before, excluded, reader.markers)
        if text is None:
            raise EmptyLanguage(
                f"the trigger {trigger!r} never occurs, because another text occurs in it before", fields.pointer
            )
        texts[trigger] = text
    return texts


def _text(reader: Reader, ends: Ends, excluded: Sequence[str], triggers: Sequence[str], fields: Fields) -> Grammar:
    """Free text without triggers, up to the end."""
    with located(fields.pointer):
        found = free_text(ends, reader.markers, excluded=excluded, triggers=triggers)
    if found is None:
        listed = ", ".join(map(repr, ends.searched))
        raise EmptyLanguage(f"the end {listed} never occurs, because a trigger occurs in it before", fields.pointer)
    return found


def _tags(reader: Reader, fields: Fields) -> list[ReadTag]:
    read = []
    for value, place in fields.some_items("tags"):
        inner = Fields.of(value, place, "a tag")
        inner.word("type", ["tag"], "tag")
        read.append(_read_tag(reader, inner))
    return read


def _read_tag(reader: Reader, fields: Fields) -> ReadTag:
    fields.refuse_others(TAG_FIELDS)
    begin = fields.needed("begin")
    is_text = isinstance(begin, str)
    known = fields.text("begin") if is_text else _token_field(reader, fields, "begin")
    inside = replace(reader, begin=str(known) if is_text else "")
    rest = inside.to_end(fields.needed("content"), fields.place("content"), _ends(reader, fields))
    return ReadTag(known, is_text, rest, fields.pointer)


def _ends(reader: Reader, fields: Fields) -> Ends:
    """What ends a tag: a text, one of several, or a token."""
    end = fields.needed("end")
    if isinstance(end, str):
        return Ends((fields.text("end"),))
    if isinstance(end, list | tuple):
        items = fields.some_items("end")
        return Ends(tuple(dict.fromkeys(Fields.as_text(item, place) for item, place in items)))
    return Ends((), (_token_field(reader, fields, "end"),))


def _token_field(reader: Reader, fields: Fields, name: str) -> int | str:
    inner = Fields.of(fields.needed(name), fields.place(name), "it, if it is no text,")
    inner.word("type", ["token"], "token")
    return named_token(reader, inner)


def _rules(fields: Fields) -> list[tuple[object, object, str]]:
    """The pairs of a dispatch, each with its pointer."""
    rules = []
    for value, place in fields.some_items("rules"):
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise InvalidStructuralTag(place, "must be a pair, of what is searched for and the format that follows it")
        rules.append((value[0], value[1], place))
    return rules


def _texts_with_places(fields: Fields, name: str) -> list[tuple[str, str]]:
    return [(Fields.as_text(item, place), place) for item, place in fields.some_items(name)]


def _trigger(text: str, pointer: str) -> str:
    if not text:
        raise InvalidStructuralTag(pointer, "the empty text occurs everywhere, so it cannot begin anything")
    return text


def _excluded(fields: Fields, triggers: Sequence[str]) -> list[str]:
    """The excluded texts, none of which occurs in a trigger."""
    excluded = fields.excluded()
    for trigger in triggers:
        if (found := occurs_in(excluded, trigger)) is not None:
            raise InvalidStructuralTag(
                fields.place("excludes"), f"excludes {found!r}, so the trigger {trigger!r} could never occur"
            )
    return excluded


def _excluded_tokens(
    reader: Reader, fields: Fields, triggers: Sequence[int | str], others: Sequence[int | str]
) -> list[int | str]:
    """The excluded tokens and others that are not free, none of which is a trigger."""
    excluded = reader.excluded_tokens(fields)
    for which in excluded:
        if which in triggers:
            raise InvalidStructuralTag(
                fields.place("exclude_tokens"), f"excludes the token {which!r}, which is a trigger"
            )
    reader.refuse_all([*excluded, *others, *triggers], fields.pointer)
    return [*excluded, *others]
