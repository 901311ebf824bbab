"""Replies of free text and calls: where the text may stand, and how it ends.

Free text before calls is text up to the first trigger, so where the calls begin is never a question of how a reply is
read. After the calls the reply ends, as templates have it: the parsers in vLLM drop what follows.
"""

from __future__ import annotations

from maskwright.grammar.characters import search_language, utf8_automaton
from maskwright.grammar.composition import concatenation, union
from maskwright.grammar.function_calls.call_format import Prose
from maskwright.grammar.function_calls.call_grammar import NOTHING, Writer
from maskwright.grammar.function_calls.choice import Reasoning
from maskwright.grammar.ir import Automaton, Grammar
from maskwright.grammar.structural_tags.endings import Ends, free_text, text_until_trigger


def prose_grammar(writer: Writer, around: Prose) -> Grammar:
    """Reasoning, text and calls."""
    if around.text_end:
        reply = _framed(writer, around)
    elif around.calls_stand_alone:
        reply = _apart(writer, around)
    else:
        reply = _text_and_calls(writer, around)
    return concatenation([*_reasoning(writer, around), reply])


def _text_and_calls(writer: Writer, around: Prose) -> Grammar:
    """Text without calls, or text up to the first of them and all calls."""
    text = writer.free([*around.excluded, around.trigger])
    if not writer.has_calls:
        return text
    if not writer.asked.has_text_before:
        return concatenation([writer.fixed(around.lead), _calls(writer, around, "")])
    before = text_until_trigger(around.trigger, (), around.excluded, writer.markers)
    assert before is not None, "no excluded text occurs in a trigger"
    some = concatenation([before, _calls(writer, around, around.trigger)])
    return some if writer.asked.at_least else union([text, some])


def _apart(writer: Writer, around: Prose) -> Grammar:
    """Calls, or text that does not look like calls from the beginning."""
    ways = []
    if writer.has_calls:
        ways.append(concatenation([writer.fixed(around.marker).optional(), _calls(writer, around, "")]))
    if not writer.asked.at_least:
        refused = "|".join(["^[ \\t\\r\\n]*" + _quoted(around.trigger), *map(_quoted, around.excluded)])
        ways.append(Grammar("root", {"root": Automaton(utf8_automaton(~search_language(refused)))}))
    return union(ways)


def _framed(writer: Writer, around: Prose) -> Grammar:
    """Text between its marks, then calls."""
    text = free_text(Ends((around.text_end,)), writer.markers, excluded=around.excluded)
    assert text is not None, "the mark at the end is the only one that is searched for"
    parts = [writer.fixed(around.text_begin).optional(), text]
    if writer.has_calls:
        calls = _calls(writer, around, "")
        parts.append(calls if writer.asked.at_least else calls.optional())
    return concatenation([*parts, writer.fixed(around.tail).optional()])


def _calls(writer: Writer, around: Prose, begun: str) -> Grammar:
    """All calls with what is around them, of which the text `begun` has been written already."""
    section = around.section
    call = writer.call()
    first = call if section.begin or not begun else writer.call(begun)
    others = writer.other_calls(concatenation([writer.fixed(section.separator), call]))
    return concatenation([writer.fixed(section.begin[len(begun) :]), first, others, writer.fixed(section.end)])


def _reasoning(writer: Writer, around: Prose) -> list[Grammar]:
    """The section of reasoning, in which no call begins: most parsers would take it for the end of the reasoning."""
    marks, where = writer.format.reasoning, writer.asked.reasoning
    if marks is None or where is None:
        return []
    excluded = [text for text in (around.trigger, marks.begin) if text not in marks.end]
    text = free_text(Ends((marks.end,)), writer.markers, excluded=excluded)
    assert text is not None, "the end of reasoning is the only one that is searched for"
    begin = NOTHING if where is Reasoning.BEGUN else writer.fixed(marks.begin)
    section = concatenation([begin, text, writer.fixed(marks.gap)])
    return [section.optional() if where is Reasoning.OPTIONAL else section]


def _quoted(text: str) -> str:
    """A text as a pattern."""
    return "".join(f"\\{one}" if one in "\\^$.*+?()[]{}|/" else one for one in text)
