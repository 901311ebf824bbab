"""Which texts of a leaf the search for ambiguity tries: all that can make a difference, or a few.

Characters that belong to the same leaves are exchangeable: swapping them in a text changes none of its derivations.
So one of each class is enough to be complete. With fewer, the search gets further: `width` is how many classes of a
set of characters are tried, those that most leaves have in common first, because ambiguity is between leaves that
overlap.

A rule that overlaps with a keyword needs the letters of that keyword and no others: `words` are the short literals
whose letters are worth such a search.

What is taken whole is one character each: a surrogate, which no text contains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.alphabet import partition
from maskwright.grammar.characters.character_set import SURROGATES, CharacterSet, characters_of
from maskwright.grammar.lint.subject import Leaf, OneOf, Some, Whole, Word

MAX_WHOLES = SURROGATES[1] - SURROGATES[0] + 1
MAX_WORDS = 16
"""Literals that get a search of their own."""

_LIKED = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-+*/=.,;: "
"""Characters to show, the best first; others by their number."""


class Samples:
    """The texts of all leaves of a grammar."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        distinct = list(dict.fromkeys(leaves))
        sets = list(dict.fromkeys(leaf.members for leaf in distinct if isinstance(leaf, OneOf)))
        letters = sorted({letter for leaf in distinct if isinstance(leaf, Word) for letter in leaf.text})
        families = (*sets, *map(characters_of, letters))
        alphabet, masks = partition(families)
        shown = [_nicest(ranges) for ranges in alphabet.ranges()]
        weight = [sum(mask >> cls & 1 for mask in masks) for cls in range(len(shown))]
        ranking = sorted(range(len(shown)), key=lambda cls: (-weight[cls], _liking(shown[cls])))
        self._characters: dict[CharacterSet, tuple[str, ...]] = {
            members: tuple(shown[cls] for cls in ranking if masks[place] >> cls & 1)
            for place, members in enumerate(sets)
        }
        wholes = [leaf for leaf in distinct if isinstance(leaf, Whole)]
        if len(wholes) > MAX_WHOLES:
            raise LimitExceeded("The number of terminals of a grammar", len(wholes), MAX_WHOLES)
        self._character_of = {leaf: chr(SURROGATES[0] + place) for place, leaf in enumerate(wholes)}
        self._whole_of = {character: leaf for leaf, character in self._character_of.items()}
        self.is_partial = any(isinstance(leaf, Some) for leaf in distinct)
        """Are there leaves of which not all texts are known?"""
        ranked = sorted({leaf.text for leaf in distinct if isinstance(leaf, Word)}, key=lambda text: (len(text), text))
        shared = {letter for letter in letters if any(ord(letter) in members for members in sets)}
        self.words = tuple(text for text in ranked if len(text) > 1 and shared.issuperset(text))[:MAX_WORDS]
        """Literals all of whose characters are in sets, too, the shortest first."""
        self.greatest_width = max(map(len, self._characters.values()), default=1)

    def texts(self, width: int) -> Callable[[Leaf], tuple[str, ...]]:
        """The texts to try, with at most `width` characters of each set."""

        return lambda leaf: self._texts(leaf, lambda members: self._characters[members][:width])

    def texts_with(self, letters: str) -> Callable[[Leaf], tuple[str, ...]]:
        """The texts to try with these characters of each set, or one other where a set has none of them."""

        def tried(members: CharacterSet) -> tuple[str, ...]:
            found = tuple(letter for letter in dict.fromkeys(letters) if ord(letter) in members)
            return found or self._characters[members][:1]

        return lambda leaf: self._texts(leaf, tried)

    def _texts(self, leaf: Leaf, tried: Callable[[CharacterSet], tuple[str, ...]]) -> tuple[str, ...]:
        match leaf:
            case Word(text):
                return (text,)
            case OneOf(members):
                return tried(members)
            case Some(texts):
                return texts
            case Whole():
                return (self._character_of[leaf],)
        raise AssertionError(leaf)

    def whole(self, character: str) -> Whole | None:
        """What a character of an example stands for, None for itself."""
        return self._whole_of.get(character)


def _nicest(ranges: list[tuple[int, int]]) -> str:
    for character in _LIKED:
        if any(low <= ord(character) <= high for low, high in ranges):
            return character
    return chr(ranges[0][0])


def _liking(character: str) -> tuple[int, int]:
    place = _LIKED.find(character)
    return (place, 0) if place >= 0 else (len(_LIKED), ord(character))
