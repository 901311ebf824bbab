"""Atoms of rules made concrete: every atom then speaks of one segment that exists.

    output.contains("t")    ->  said.contains("t") | answer.contains("t")      all segments that the model writes
    call(search, q=$x)      ->  action.call(search, q=$x)                      all segments whose text calls such a tool

What cannot hold of any text because a name is misspelled is an error that names the nearest one: a segment, a tool, an
argument, a text that is none of the segment's choices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from maskwright.errors import SpecificationError
from maskwright.grammar.behaviour.atoms import Atom, CallAtom, FieldAtom, LengthAtom, Proposition, TextAtom, TextTest
from maskwright.grammar.behaviour.logic.formula import Formula, disjunction, holds, map_atoms
from maskwright.grammar.behaviour.specification.names import unknown
from maskwright.grammar.behaviour.specification.spec import AllOf, JSONText, OneOf, Segment, Text, ToolCall, Writer
from maskwright.grammar.behaviour.specification.texts import pattern_fault
from maskwright.grammar.behaviour.specification.tools import argument_names, tool_names

ANY_OUTPUT = "output"
"""In an atom, any segment that the model writes."""

Fault = Callable[[str, str], SpecificationError]
"""Makes the error of a message about a name that stands in a formula."""


def resolved(formula: Formula, segments: Sequence[Segment], fault: Fault) -> Formula:
    """The formula with concrete atoms only; resolving it again changes nothing."""
    return map_atoms(formula, _Resolver({segment.name: segment for segment in segments}, fault).atom)


def functions_in(text: Text) -> str | None:
    """The functions that a text calls, if every text of this kind is a call."""
    return next((one.functions for one in _conjuncts(text) if isinstance(one, ToolCall)), None)


def _conjuncts(text: Text) -> tuple[Text, ...]:
    if isinstance(text, AllOf):
        return tuple(found for one in text.texts for found in _conjuncts(one))
    return (text,)


@dataclass(frozen=True, slots=True)
class _Resolver:
    """The segments by their names, and who makes errors."""

    segments: dict[str, Segment]
    fault: Fault

    def atom(self, atom: Atom) -> Formula:
        """What an atom means: itself, or a disjunction."""
        match atom:
            case CallAtom():
                return self.call(atom)
            case Proposition(name):
                return disjunction(*(holds(segment.name) for segment in self.named(name)))
            case TextAtom(name) | LengthAtom(name):
                segments = self.named(name)
                self.check_pattern(atom)
            case FieldAtom(name):
                segments = [segment for segment in self.named(name) if _has_fields(segment.text)]
                if not segments:
                    message = f"the text of '{name}' has no fields; give it `text: {{json_schema: ...}}` or tools"
                    raise self.fault(message, name)
            case _:
                raise AssertionError(f"unknown kind of atom: {atom!r}")
        concrete = [replace(atom, segment=segment.name) for segment in segments]
        if isinstance(atom, TextAtom) and atom.test is TextTest.EQUALS and len(segments) == 1:
            self.check_choice(atom, segments[0])
        return disjunction(*map(holds, concrete))

    def named(self, name: str) -> list[Segment]:
        """The segments that a name stands for."""
        if name in self.segments:
            return [self.segments[name]]
        if name != ANY_OUTPUT:
            raise self.fault(unknown("segment", name, self.segments), name)
        found = [segment for segment in self.segments.values() if segment.writer is Writer.MODEL]
        if not found:
            raise self.fault("the model writes no segment, so there is no output", name)
        return found

    def check_pattern(self, atom: Atom) -> None:
        """Is what the text is matched with a pattern?"""
        if isinstance(atom, TextAtom) and atom.test is TextTest.MATCHES and isinstance(atom.text, str):
            fault = pattern_fault(atom.text)
            if fault is not None:
                raise self.fault(f"no pattern: {fault.message}", atom.text)

    def check_choice(self, atom: TextAtom, segment: Segment) -> None:
        """Can the text be what the atom says?"""
        for text in _conjuncts(segment.text):
            if isinstance(text, OneOf) and isinstance(atom.text, str) and atom.text not in text.texts:
                raise self.fault(unknown(f"text in '{segment.name}'", atom.text, text.texts), atom.text)

    def call(self, atom: CallAtom) -> Formula:
        """A call of a tool, in any segment that can call it."""
        asked = self.named(atom.segment) if atom.segment else list(self.segments.values())
        callers = {segment.name: functions for segment in asked if (functions := functions_in(segment.text))}
        if not callers:
            where = f"the text of '{atom.segment}' is no call" if atom.segment else "no segment calls tools"
            raise self.fault(f'{where}; give it `text: {{tools: ...}}`, or ask `segment == "tool"`', atom.tool)
        all_tools = dict.fromkeys(tool for functions in callers.values() for tool in tool_names(functions))
        if atom.tool not in all_tools:
            raise self.fault(unknown("tool", atom.tool, all_tools), atom.tool)
        found = {name: functions for name, functions in callers.items() if atom.tool in tool_names(functions)}
        known = [names for functions in found.values() if (names := argument_names(functions, atom.tool)) is not None]
        for argument, _ in atom.arguments:
            if len(known) == len(found) and not any(argument in names for names in known):
                every = dict.fromkeys(name for names in known for name in names)
                raise self.fault(unknown(f"argument of '{atom.tool}'", argument, every), argument)
        return disjunction(*(holds(replace(atom, segment=name)) for name in found))


def _has_fields(text: Text) -> bool:
    """Is every text of this kind JSON?"""
    return any(isinstance(one, JSONText | ToolCall) for one in _conjuncts(text))
