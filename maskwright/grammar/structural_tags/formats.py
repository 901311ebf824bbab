"""The formats that stand for one piece of text, and those that put pieces together; each function reads one.

    const_string, regex, grammar, any_text        texts
    token, exclude_token, any_tokens              tokens, taken whole
    sequence, or, optional, star, plus, repeat    of other formats

`..._to_end` reads the same format together with the end of the tag around it: free text stops there, and where the last
part of a sequence is free text, so does the sequence. Tags are in `tags`, schemas in `schemas`.
"""

from __future__ import annotations

from maskwright.errors import EmptyLanguage, InvalidStructuralTag, UnsupportedStructuralTag
from maskwright.grammar.characters import search_language, utf8_automaton
from maskwright.grammar.composition import concatenation, union
from maskwright.grammar.ebnf import ebnf_grammar
from maskwright.grammar.ir import Automaton, Grammar
from maskwright.grammar.lark import lark_grammar
from maskwright.grammar.structural_tags.endings import NO_ENDS, Ends, free_text
from maskwright.grammar.structural_tags.fields import Fields
from maskwright.grammar.structural_tags.reader import FormatReader, Reader, located
from maskwright.grammar.tool_calls import token, token_except


def const_string(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """One text."""
    fields.refuse_others(["type", "value"])
    return reader.markers.text(fields.text("value"))


def regex(_: Reader, fields: Fields, __: Ends) -> Grammar:
    """The texts that a pattern of ECMA-262 matches as a whole, as XGrammar reads patterns."""
    fields.refuse_others(["type", "pattern"])
    pattern = fields.text("pattern")
    with located(fields.place("pattern")):
        search_language(pattern)  # for the faults of the pattern itself, at their own positions
        language = search_language(f"^(?:{pattern})$")
        if language.is_empty:
            raise EmptyLanguage(f"the pattern {pattern!r} matches no text")
    return Grammar("root", {"root": Automaton(utf8_automaton(language))})


def grammar(_: Reader, fields: Fields, __: Ends) -> Grammar:
    """The texts of a grammar in EBNF or in Lark's notation."""
    fields.refuse_others(["type", "grammar", "syntax"])
    text = fields.text("grammar")
    syntax = fields.word("syntax", ["ebnf", "lark"], "ebnf")
    with located(fields.place("grammar")):
        return ebnf_grammar(text) if syntax == "ebnf" else lark_grammar(text)


def any_text(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """Text without the excluded ones, and without the ends of the tag around it."""
    excluded, max_characters = _of_any_text(fields)
    not_in_it = [*excluded, *around.searched]
    return _text(reader, fields, NO_ENDS, not_in_it, max_characters)


def any_text_to_end(reader: Reader, fields: Fields, ends: Ends) -> Grammar:
    """The same up to the first end, and with it."""
    excluded, max_characters = _of_any_text(fields)
    return _text(reader, fields, ends, excluded, max_characters)


def _of_any_text(fields: Fields) -> tuple[list[str], int | None]:
    fields.refuse_others(["type", "excludes", "max_tokens", "max_chars"])
    if fields.count("max_tokens") is not None:
        raise UnsupportedStructuralTag(
            fields.place("max_tokens"),
            "how many tokens a text has depends on how the model spells it; use max_chars, or any_tokens",
        )
    return fields.excluded(), fields.count("max_chars")


def one_token(reader: Reader, fields: Fields, _: Ends) -> Grammar:
    """One token, taken whole."""
    return token(named_token(reader, fields))


def named_token(reader: Reader, fields: Fields) -> int | str:
    """The id or the name in a `token` format."""
    fields.refuse_others(["type", "token"])
    return reader.token(fields.needed("token"), fields.place("token"))


def exclude_token(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """Any token but these and the one that ends the tag around it."""
    fields.refuse_others(["type", "exclude_tokens"])
    return token_except(*reader.excluded_tokens(fields, *around.tokens))


def any_tokens(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """Any number of such tokens, or at most `max_tokens`."""
    fields.refuse_others(["type", "exclude_tokens", "max_tokens"])
    return token_except(*reader.excluded_tokens(fields, *around.tokens)).repeat(0, fields.count("max_tokens"))


def sequence(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """The elements one after the other."""
    fields.refuse_others(["type", "elements"])
    return concatenation([reader.grammar(one, place, around) for one, place in fields.some_items("elements")])


def sequence_to_end(reader: Reader, fields: Fields, ends: Ends) -> Grammar:
    """The same; the last one goes up to the end."""
    fields.refuse_others(["type", "elements"])
    *before, (last, place_of_last) = fields.some_items("elements")
    parts = [reader.grammar(one, place, ends) for one, place in before]
    return concatenation([*parts, reader.to_end(last, place_of_last, ends)])


def any_of(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """One of the elements."""
    fields.refuse_others(["type", "elements"])
    return union([reader.grammar(one, place, around) for one, place in fields.some_items("elements")])


def any_of_to_end(reader: Reader, fields: Fields, ends: Ends) -> Grammar:
    """The same, each up to the end."""
    fields.refuse_others(["type", "elements"])
    return union([reader.to_end(one, place, ends) for one, place in fields.some_items("elements")])


def optional_to_end(reader: Reader, fields: Fields, ends: Ends) -> Grammar:
    """The content up to the end, or the end alone."""
    fields.refuse_others(["type", "content"])
    content = reader.to_end(fields.needed("content"), fields.place("content"), ends)
    return union([content, ends.grammar(reader.markers)])


def repeated(minimum: int, maximum: int | None) -> FormatReader:
    """The content so many times: `optional`, `star`, `plus`."""

    def read(reader: Reader, fields: Fields, around: Ends) -> Grammar:
        fields.refuse_others(["type", "content"])
        return _content(reader, fields, around).repeat(minimum, maximum)

    return read


def repeat(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    """The content between `min` and `max` times; -1 means without end."""
    fields.refuse_others(["type", "min", "max", "content"])
    least = fields.number("min", fields.needed("min"), 0)
    most = fields.number("max", fields.needed("max"), -1)
    if 0 <= most < least:
        raise InvalidStructuralTag(fields.place("max"), f"must be -1 or at least {least}, not {most}")
    return _content(reader, fields, around).repeat(least, None if most < 0 else most)


def _content(reader: Reader, fields: Fields, around: Ends) -> Grammar:
    return reader.grammar(fields.needed("content"), fields.place("content"), around)


def _text(reader: Reader, fields: Fields, ends: Ends, excluded: list[str], max_characters: int | None) -> Grammar:
    with located(fields.pointer):
        found = free_text(ends, reader.markers, excluded=excluded, max_characters=max_characters)
    assert found is not None, "where nothing triggers anything, the shortest end can follow the empty text"
    return found
