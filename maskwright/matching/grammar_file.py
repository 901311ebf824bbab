"""Compiled grammars as files: what `CompiledGrammar.save` writes and `Compiler.load_grammar` reads.

A file (`array_file`) holds the grammar in the intermediate form, its rules completed and fitted to one vocabulary; not
the tables of the vocabulary, which are kept once for all grammars, and not what texts have taught the automaton, which
comes back in microseconds a place (`CompiledGrammar.precompute` makes it before the first text). So a file is small,
needs no front end, and does not depend on how the arena is laid out.

What is refused, with InvalidGrammarFile: another format, another vocabulary (by its key), and damage (by a checksum
over everything). Nothing in a file is executed, and everything in it that is used as an index is checked before
anything is built, so that a forged file reads no memory that is not its own. But what language a file has is its
author's word: a forged one may lead into a dead end, or its parse table may go round in circles. So load only what
you trust as you trust a grammar.
"""

from __future__ import annotations

from pathlib import Path

from maskwright.array_file import SHOWN_CHARACTERS, DamagedFileError, packed, read_regular, unpacked
from maskwright.errors import InvalidGrammarFile
from maskwright.grammar.ir import Grammar
from maskwright.grammar.storing import StoredGrammar, restored, stored
from maskwright.matching.vocabulary import Vocabulary

FORMAT = 1
"""Grows whenever a file would be read in another way than before, or mean something else to the engine."""

_KIND = "maskwright grammar"


def to_bytes(grammar: Grammar, vocabulary: Vocabulary) -> bytes:
    """The content of the file of a prepared grammar; raises LimitExceeded where it has too many rules."""
    kept = stored(grammar)
    return packed({"kind": _KIND, "format": FORMAT, "vocabulary": vocabulary.key, "grammar": kept.header}, kept.arrays)


def from_bytes(content: bytes | memoryview, vocabulary: Vocabulary, name: str = "") -> Grammar:
    """The grammar of a file's content; raises InvalidGrammarFile."""
    try:
        header, arrays = unpacked(content)
    except DamagedFileError as error:
        raise InvalidGrammarFile(str(error), name) from error
    if header.get("kind") != _KIND:
        raise InvalidGrammarFile("it holds something else", name)
    if header.get("format") != FORMAT:
        written = header.get("format")
        raise InvalidGrammarFile(f"it has format {written!r:.20}, this version of maskwright reads {FORMAT}", name)
    if header.get("vocabulary") != vocabulary.key:
        raise InvalidGrammarFile("it was compiled for another vocabulary", name)
    try:
        return restored(StoredGrammar(header["grammar"], arrays))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise InvalidGrammarFile(f"its grammar cannot be read ({str(error)[:SHOWN_CHARACTERS]})", name) from error


def read_file(path: Path, vocabulary: Vocabulary) -> Grammar:
    """The grammar of a file; raises InvalidGrammarFile, or OSError."""
    content, _ = read_regular(path)
    return from_bytes(content, vocabulary, str(path))
