"""Free text up to the end of a tag, or up to a trigger: where one stops and the other begins.

    EXCLUDED = ["<think>"]; an end `</a>`         text without `</a>` and `<think>`, then `</a>`

What a tag's content may be is decided without its end: the text before the end has no excluded text and no end in it,
whatever the end itself contains (an end `<|close|>x` may well follow a text that excludes `<|close|>`). And the end is
the first one: whoever reads the output from the left ends the region at the same place.

Idea. `text_until` gives the texts that end with their first end. The texts that may stand *before* an end e are its
right quotient by e, the same automaton with other accepting states: those from which e leads to the end. Where that
quotient is all that is asked for, the text and its end are one deterministic automaton; where the content excludes
more, or the end is spelled by a special token, the quotient and the end stand one after the other.
Cost: linear in the searched texts, and again for each end that needs a quotient, of which there is a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.grammar.characters import CharacterAutomaton, length_between, utf8_automaton
from maskwright.grammar.characters.automaton import automaton_from
from maskwright.grammar.composition import concatenation, union
from maskwright.grammar.ir import Automaton, Grammar
from maskwright.grammar.json_schema.strings import counts_exactly
from maskwright.grammar.structural_tags.markers import Markers
from maskwright.grammar.text_search import refuse_many_told_apart, text_until, text_without
from maskwright.grammar.tool_calls import token

NOTHING_FOLLOWS = Grammar.from_text("")


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends a region: one of the texts, which may be empty, or one of the tokens; nothing at all without either."""

    texts: tuple[str, ...] = ()
    tokens: tuple[int | str, ...] = ()

    @property
    def searched(self) -> tuple[str, ...]:
        """The texts that must not occur before."""
        return tuple(text for text in self.texts if text)

    def grammar(self, markers: Markers) -> Grammar:
        """The end itself."""
        ways = [*map(markers.text, self.texts), *map(token, self.tokens)]
        return union(ways) if ways else NOTHING_FOLLOWS


NO_ENDS = Ends()


def free_text(
    ends: Ends,
    markers: Markers,
    *,
    excluded: Sequence[str] = (),
    triggers: Sequence[str] = (),
    max_characters: int | None = None,
) -> Grammar | None:
    """Text without the excluded ones, the triggers and the ends, and then an end; None if no text is like that."""
    plain = text_without([*excluded, *triggers, *ends.searched])
    ways = []
    if len(ends.searched) < len(ends.texts) or ends.tokens or ends == NO_ENDS:
        rest = Ends(("",) if "" in ends.texts else (), ends.tokens)
        ways.append(concatenation([_grammar(plain, max_characters), rest.grammar(markers)]))
    ways += _text_and_end(ends.searched, markers, excluded, triggers, max_characters)
    return union(ways) if ways else None


def text_until_trigger(
    trigger: str, others: Sequence[str], excluded: Sequence[str], markers: Markers
) -> Grammar | None:
    """Text up to the first trigger and with it, in which no other trigger, end or excluded text occurs.

    Of two triggers that are complete at the same character it is the longer one that counts. None if there is no text.
    """
    longer = [other for other in others if other.endswith(trigger)]
    whole = text_until([trigger], [*others, *excluded]) & text_without([*longer, *excluded])
    if whole.is_empty:
        return None
    written = markers.with_tokens(trigger)
    if written is None:
        return _grammar(whole, None)
    return union([_grammar(whole, None), concatenation([_grammar(_quotient(whole, trigger), None), written])])


def _text_and_end(
    ends: Sequence[str],
    markers: Markers,
    excluded: Sequence[str],
    triggers: Sequence[str],
    max_characters: int | None,
) -> list[Grammar]:
    """The ways to write a text and the first of the ends behind it."""
    if not ends:
        return []
    whole = text_until(ends, [*triggers, *excluded])
    with_tokens = {end: written for end in ends if (written := markers.with_tokens(end)) is not None}
    is_bare = max_characters is None and not excluded
    apart = [*with_tokens] if is_bare else [*ends]
    refuse_many_told_apart(len(apart), [*ends, *triggers, *excluded])
    alone, wanted = text_until(ends, triggers) if excluded else whole, text_without(excluded)
    before = {end: _quotient(alone, end) & wanted for end in apart}
    if is_bare or (max_characters is None and all(_quotient(whole, end) == before[end] for end in ends)):
        ways = [] if whole.is_empty else [_grammar(whole, None)]
        spelled = with_tokens
    else:
        ways = []
        spelled = {end: markers.text(end) for end in ends}
    for end, written in spelled.items():
        if not before[end].is_empty:
            ways.append(concatenation([_grammar(before[end], max_characters), written]))
    return ways


def _quotient(language: CharacterAutomaton, end: str) -> CharacterAutomaton:
    """The texts that are members of the language when the end is written behind them."""
    table = language.transitions
    states = np.arange(len(table), dtype=np.int32)
    for character in end:
        cls = language.alphabet.class_of(ord(character))
        column = np.append(table[:, cls], -1) if cls >= 0 else np.full(len(table) + 1, -1, np.int32)
        states = column[states]  # state -1 stays -1
    return automaton_from(language.alphabet.intervals, table, np.append(language.accepting, False)[states])


def _grammar(language: CharacterAutomaton, max_characters: int | None) -> Grammar:
    """The members of a language of at most so many characters."""
    if max_characters is None:
        node = Automaton(utf8_automaton(language))
    elif counts_exactly(language, max_characters):
        node = Automaton(utf8_automaton(language), 0, (0, max_characters))
    else:
        node = Automaton(utf8_automaton(language & length_between(0, max_characters)))
    return Grammar("root", {"root": node})


def occurs_in(texts: Iterable[str], whole: str) -> str | None:
    """The first of the texts that occurs in another one."""
    return next((text for text in texts if text in whole), None)
