"""What is asked of a text as a text, beside a grammar: lexical rules, lengths, and atoms about it, as one labelled
regular language. `GrammarBody` intersects grammars with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce

from maskwright.grammar.behaviour.atoms import Atom, LengthAtom, TextAtom
from maskwright.grammar.behaviour.grounding.labelled_language import labelled
from maskwright.grammar.behaviour.grounding.text_atoms import text_language
from maskwright.grammar.behaviour.grounding.text_languages import RegularText, regular_text
from maskwright.grammar.behaviour.specification.spec import Segment, Text
from maskwright.grammar.characters import ANY_TEXT, CharacterAutomaton, length_between

Label = frozenset[Atom]


class TextSide:
    """The texts that a segment may have whatever its grammar says, labelled with the text atoms that hold."""

    def __init__(self, segment: Segment, also: Sequence[Text], atoms: Sequence[Atom]) -> None:
        where = f"segment '{segment.name}'"
        texts = [*also, *(restriction.text for restriction in segment.restrictions)]
        bounds = RegularText(ANY_TEXT, segment.min_chars, segment.max_chars)
        language = reduce(RegularText.__and__, [regular_text(text, {}, where) for text in texts], bounds).whole
        asked = [atom for atom in atoms if isinstance(atom, TextAtom | LengthAtom)]
        self._language = labelled(language, list(map(_language_of, asked)), where)
        self._named: dict[frozenset[int], Label] = {
            label: frozenset(asked[number] for number in label) for label in self._language.labels
        }
        self._label = {named: label for label, named in self._named.items()}
        self.labels: tuple[Label, ...] = tuple(self._label)

    def label_of(self, text: str) -> Label | None:
        """The atoms that hold of a text; None if it is not allowed."""
        label = self._language.label(text)
        return None if label is None else self._named[label]

    def where(self, labels: Collection[Label]) -> CharacterAutomaton:
        """The texts with one of these labels."""
        return self._language.where([self._label[label] for label in labels])


def _language_of(atom: TextAtom | LengthAtom) -> CharacterAutomaton:
    return text_language(atom) if isinstance(atom, TextAtom) else length_between(atom.minimum, atom.maximum)
