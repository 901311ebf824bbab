"""Delimiters: which texts a segment may have so that a trace is read back as it was written, and texts made so.

A trace is `open text close open text close ...`, where a closer may be missing. A reader (`reading`) takes the opener
that stands at its place, and then the text up to the first delimiter. The texts of a segment are those that

    (1) contain no delimiter of anyone,
    (2) do not end with a beginning u of a delimiter u v whose rest v begins a delimiter that may follow the text,
    (3) are not empty if the segment has no opener;

and no delimiter contains another one (`check_delimiters`). Then reading gives back what was written:
- The opener is unique, for two that stand at one place would contain each other. One that is missing is no problem, as
  by (3), (1) and (2) no delimiter stands where its text begins.
- No delimiter begins inside the text. By (1) it would reach into the delimiter d that follows, and d, which it does not
  contain, would go on behind it: it is u v with v a beginning of d, against (2). So the first one is d, at the end.

That two delimiters overlap (`\\n` at the end of one and the beginning of another) therefore costs only the endings (2).

Texts of others are *neutralised*: behind the first character of each delimiter goes a mark, a character that no
delimiter has, so that none is left and none can arise. Cost: linear in the text.
Rejected: doubling a character as in CSV (the reader would have to undo it, and a model sees what it cannot write).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.grounding.text_languages import is_regular
from maskwright.grammar.behaviour.specification.spec import Segment, Spec
from maskwright.grammar.characters import ANY_TEXT, CharacterAutomaton, words
from maskwright.grammar.characters.subsets import concatenated
from maskwright.grammar.text_search import text_without

MARKS, MARKS_IN_STRINGS = "\\ |_.~^", " |_.~^"
"""What a delimiter is broken up with: the first of these, or else of all characters, that occurs in no delimiter. JSON
and grammars get no backslash, which in strings would have to mean something with what follows."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """All delimiters of a specification; for each segment `after` has those that may stand right behind its text, and
    `marks` what breaks delimiters up in it."""

    texts: tuple[str, ...]
    after: dict[str, tuple[str, ...]]
    marks: dict[str, str]

    @classmethod
    def of(cls, spec: Spec) -> Delimiters:
        """The delimiters of a specification, checked; raises SpecError."""
        check_delimiters(spec)
        openers = tuple(dict.fromkeys(segment.open for segment in spec.segments if segment.open))
        closers = (segment.close for segment in spec.segments if segment.close)
        texts = tuple(dict.fromkeys((*openers, *closers)))
        after = {segment.name: (segment.close,) if segment.close else openers for segment in spec.segments}
        marks = {
            segment.name: next(
                mark
                for mark in chain(
                    MARKS if is_regular(segment.text) else MARKS_IN_STRINGS, map(chr, range(0x5D, 0xD800))
                )
                if not any(mark in text for text in texts)
            )
            for segment in spec.segments
        }
        return cls(texts, after, marks)

    def endings(self, segment: str) -> tuple[str, ...]:
        """The texts that a text of the segment must not end with: they and what may follow are a delimiter."""
        return tuple(
            sorted(
                {
                    text[:place]
                    for text in self.texts
                    for place in range(1, len(text))
                    if any(following.startswith(text[place:]) for following in self.after[segment])
                }
            )
        )

    def language(self, segment: Segment) -> CharacterAutomaton:
        """The texts that a segment may have as far as delimiters are concerned."""
        result = text_without(self.texts) if self.texts else ANY_TEXT
        endings = self.endings(segment.name)
        if endings:
            result = result - concatenated([ANY_TEXT, words(endings)])
        return result if segment.open else result - words([""])

    def find(self, text: str) -> tuple[int, str] | None:
        """Where the first delimiter in a text stands, and which it is: `find("a</b>")` -> (1, "</b>")."""
        found = [(place, delimiter) for delimiter in self.texts if (place := text.find(delimiter)) >= 0]
        return min(found, default=None)

    def find_ending(self, text: str, segment: str) -> str | None:
        """The forbidden ending that a text has, the longest one."""
        return max((ending for ending in self.endings(segment) if text.endswith(ending)), key=len, default=None)

    def neutralised(self, text: str | bytes, segment: str) -> str:
        """The text with every delimiter, and a forbidden ending, broken up; what is no character is replaced.

        The result satisfies (1) and (2), is the text itself if that did, and is not changed by doing it again.
        With the delimiter `<b>`: `neutralised("a<b>", ...)` -> "a<\\\\b>".
        """
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        mark = self.marks[segment]
        text = re.sub("[\ud800-\udfff]", REPLACEMENT, text)
        if self.texts:
            begin = re.compile(f"(?=({'|'.join(map(re.escape, self.texts))})).", re.DOTALL)
            text = begin.sub(lambda found: (found[0] if len(found[1]) > 1 else "") + mark, text)
        ending = self.find_ending(text, segment)
        if ending is not None:
            place = len(text) - len(ending) + 1
            text = text[:place] + mark + text[place:]
        return text if ending is None else self.neutralised(text, segment)

    def cut(self, text: str, segment: str, n_characters: int) -> str:
        """The longest beginning of at most so many characters without a forbidden ending."""
        text = text[:n_characters]
        while (ending := self.find_ending(text, segment)) is not None:
            text = text[: len(text) - len(ending)]
        return text


def check_delimiters(spec: Spec) -> None:
    """Raise SpecError if delimiters cannot be told apart."""
    openers = Counter(segment.open for segment in spec.segments)
    for segment in spec.segments:
        if openers[segment.open] > 1:
            others = [one.name for one in spec.segments if one.open == segment.open and one is not segment]
            what = f"the opener {segment.open!r}" if segment.open else "no opener"
            raise SpecError(
                f"it has {what}, as has '{others[0]}': a text could be of either; give it another",
                f"segment '{segment.name}'",
            )
    owners = {text: f"segment '{s.name}'" for s in reversed(spec.segments) for text in (s.close, s.open) if text}
    for text, owner in owners.items():
        for other, its_owner in owners.items():
            if text != other and text in other:
                raise SpecError(
                    f"its delimiter {text!r} is a part of {other!r} ({its_owner}), so that one could not be read;"
                    " choose delimiters none of which contains another",
                    owner,
                )
