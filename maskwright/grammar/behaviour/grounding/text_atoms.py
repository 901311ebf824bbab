"""Atoms about the text of a segment as regular languages.

contains, starts, ends, equals     as `str` has it
mentions                           contains as whole words, upper and lower case alike (`term_languages`)
matches                            the pattern matches somewhere in the text, as `re.search` has it; with `^` and
                                   `$` (or `\\\\A`, `\\\\Z`) it says where
"""

from __future__ import annotations

from maskwright.bounded_cache import bounded_cache
from maskwright.errors import SpecError
from maskwright.grammar.behaviour.atoms import Atom, LengthAtom, TextAtom, TextTest, Variable
from maskwright.grammar.behaviour.grounding.term_languages import Term, searched
from maskwright.grammar.characters import ANY_TEXT, CharacterAutomaton, length_between, words
from maskwright.grammar.characters.automaton import language_bytes
from maskwright.grammar.characters.subsets import concatenated


@bounded_cache(language_bytes, max_entries=1024)
def text_language(atom: TextAtom) -> CharacterAutomaton:
    """The texts of which the atom holds."""
    text = atom.text
    assert not isinstance(text, Variable), "skeletons have no variables"
    match atom.test:
        case TextTest.CONTAINS:
            return Term(text).contained
        case TextTest.MENTIONS:
            return Term(text, fold=True, word=True).contained
        case TextTest.STARTS:
            return concatenated([words([text]), ANY_TEXT])
        case TextTest.ENDS:
            return concatenated([ANY_TEXT, words([text])])
        case TextTest.EQUALS:
            return words([text])
        case TextTest.MATCHES:
            return searched(text)


def language_of(atom: Atom, where: str) -> CharacterAutomaton:
    """The same for an atom about a length; raises SpecError for one that asks something else of a text."""
    match atom:
        case TextAtom():
            return text_language(atom)
        case LengthAtom(_, minimum, maximum):
            return length_between(minimum, maximum)
    raise SpecError(
        f"the text of this segment is no JSON, so `{atom}` says nothing about it; use a test of texts", where
    )
