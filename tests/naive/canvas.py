"""Canvases by brute force: every filling is tried, and judged by reading it from the left.

A judge is a *language*: a place to start from, the place after one token more (None where the text cannot go on), and
whether a text may end at a place. It may be the engine's matcher, a recogniser without the engine, or a small
automaton.
From all fillings follow masks, what a joint choice should keep, and which decided slots contradict each other.
Cost: exponential in the slots, save for what the language cuts off early.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

from maskwright import CompiledGrammar, Matcher, Vocabulary
from maskwright.grammar.ir import Grammar
from maskwright.matching.infilling.slots import BLANK, MASK, Gap, Masked, Slot, Soft
from tests.naive.recogniser import BEYOND, Recogniser

Place = TypeVar("Place")


class Language(Protocol[Place]):
    """What fillings are judged by."""

    @property
    def tokens(self) -> Sequence[int]:
        """The tokens that a text is made of."""
        ...

    def start(self) -> Place:
        """Before the first token."""
        ...

    def after(self, place: Place, token: int) -> Place | None:
        """One token later; None where no text goes on so."""
        ...

    def may_end(self, place: Place) -> bool:
        """Is this a whole text?"""
        ...


class ByMatcher:
    """The engine's own reading from the left."""

    def __init__(self, grammar: CompiledGrammar) -> None:
        self.grammar = grammar
        self.tokens = text_tokens(grammar.vocabulary)

    def start(self) -> Matcher:
        return self.grammar.matcher()

    def after(self, place: Matcher, token: int) -> Matcher | None:
        if not place.allows(token):
            return None
        longer = place.fork()
        longer.accept_token(token)
        return longer

    def may_end(self, place: Matcher) -> bool:
        return place.is_accepting()


class ByRecogniser:
    """The naive recogniser, which shares no code with the engine; `known` remembers (viable, member) of texts."""

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary, known: dict[bytes, tuple[bool, bool]]) -> None:
        self.grammar, self.vocabulary, self.known = grammar, vocabulary, known
        self.tokens = [token for token in text_tokens(vocabulary) if vocabulary.text_of(token)]

    def start(self) -> bytes:
        return b""

    def after(self, place: bytes, token: int) -> bytes | None:
        longer = place + self.vocabulary.text_of(token)
        return longer if self._verdict(longer)[0] else None

    def may_end(self, place: bytes) -> bool:
        return self._verdict(place)[1]

    def _verdict(self, text: bytes) -> tuple[bool, bool]:
        if text not in self.known:
            ends = Recogniser(self.grammar, text).rule_ends(self.grammar.start, 0)
            is_member = len(text) in ends
            self.known[text] = (is_member or BEYOND in ends, is_member)
        return self.known[text]


def text_tokens(vocabulary: Vocabulary) -> list[int]:
    """All but those that end a text."""
    return [token for token in range(vocabulary.size) if token not in vocabulary.eos_token_ids]


def fillings(
    language: Language[Place] | CompiledGrammar, slots: Iterable[Slot], eos_ids: Sequence[int] = ()
) -> Iterator[tuple[int, ...]]:
    """All texts that fit into the slots, as a token for each slot of the canvas laid out flat."""
    if isinstance(language, CompiledGrammar):
        yield from fillings(ByMatcher(language), slots, eos_ids)
        return
    items = [list(_choices(slot, [*language.tokens, *eos_ids])) for slot in slots]

    def read(run: Sequence[int], place: Place, has_ended: bool) -> tuple[Place, bool] | None:
        for token in run:
            if token == BLANK:
                continue
            if token in eos_ids:
                if not has_ended and not language.may_end(place):
                    return None
                has_ended = True
                continue
            following = language.after(place, token) if not has_ended and token in language.tokens else None
            if following is None:
                return None
            place = following
        return place, has_ended

    def go_on(item: int, begun: tuple[int, ...], place: Place, has_ended: bool) -> Iterator[tuple[int, ...]]:
        if item == len(items):
            if has_ended or language.may_end(place):
                yield begun
            return
        for run in items[item]:
            reached = read(run, place, has_ended)
            if reached is not None:
                yield from go_on(item + 1, begun + run, *reached)

    yield from go_on(0, (), language.start(), False)


def _choices(slot: Slot, tokens: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """What may stand in one item of a canvas, filled up with blanks to its greatest length."""
    match slot:
        case Gap(minimum, maximum):
            assert maximum is not None
            runs: list[tuple[int, ...]] = [()]
            for length in range(maximum + 1):
                if length >= minimum:
                    yield from ((*run, *[BLANK] * (maximum - length)) for run in runs)
                if length < maximum:
                    runs = [(*run, token) for run in runs for token in tokens]
        case Masked():
            yield from ((token,) for token in tokens)
        case Soft(token, proposals):
            yield from ((one,) for one in (sorted({token, *proposals}) if proposals else tokens))
        case token:
            yield (token,)


def naive_masks(texts: Sequence[tuple[int, ...]], n_slots: int) -> list[set[int]]:
    """What each slot holds in some filling."""
    return [{text[slot] for text in texts} for slot in range(n_slots)]


def greedy_choices(
    texts: Sequence[tuple[int, ...]], choices: Mapping[int, int], confidence: Mapping[int, float]
) -> tuple[dict[int, int], list[tuple[int, ...]]]:
    """The surest first, each kept if some filling has it beside those kept before; and the fillings that have all."""
    kept: dict[int, int] = {}
    left = list(texts)
    for slot in sorted(choices, key=lambda slot: -confidence[slot]):
        fewer = [text for text in left if text[slot] == choices[slot]]
        if fewer:
            kept[slot], left = choices[slot], fewer
    return kept, left


def smallest_conflicts(
    language: Language[Place] | CompiledGrammar, slots: Sequence[Slot], eos_ids: Sequence[int] = ()
) -> list[tuple[int, ...]]:
    """The fewest fixed slots that leave no filling when all other fixed ones are open; every way to choose them."""
    fixed = [number for number, slot in enumerate(slots) if isinstance(slot, int)]
    for size in range(len(fixed) + 1):
        found = []
        for kept in combinations(fixed, size):
            opened = [MASK if number in fixed and number not in kept else slot for number, slot in enumerate(slots)]
            if next(fillings(language, opened, eos_ids), None) is None:
                found.append(kept)
        if found:
            return found
    return []
