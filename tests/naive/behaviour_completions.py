"""What may still be written in a trace, by trying everything: for specifications with finitely many traces.

    everything = Completions(spec, "ab", longest=2)
    everything.is_won(())                          can the model finish, whatever the others write?
    everything.turn_texts(pieces)                  all that the model may write until others are to write, or the end
    everything.allowed(pieces, b"<a>a", vocabulary)    the tokens behind what it has written in this turn
    everything.least(pieces, b"<a>a", vocabulary)      the fewest tokens to the end, in the worst case over the others

A trace is a tree of choices: all texts over a small alphabet that the judge (`behaviour`) takes for texts of a segment,
in all orders of the flow. The model may choose, the others may do whatever flow and texts allow them, and at the
leaves the judge says whether the trace satisfies the specification. A trace that satisfies it may end there, so whether
the others go on is up to the host. Meant for flows in which the segments so far say
whose turn it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import maskwright as mw
from maskwright.grammar.behaviour.specification.spec import Spec, Writer
from tests.naive.behaviour import faults, is_text, matches_flow

Trace = tuple[tuple[str, str], ...]

MAX_SEGMENTS = 5
MAX_TRACES = 700
IMPOSSIBLE = 1 << 30


class TooMany(Exception):
    """More traces than anybody wants to try, or a flow that does not say whose turn it is."""


@dataclass(frozen=True)
class Written:
    """What the model may write in one turn: the bytes, and what comes then.

    after: the trace with the segments of this turn; opened: the segment of others whose opener is the end of the bytes;
    is_end: the trace ends, with an end token; else others are to write.
    """

    text: bytes
    after: Trace
    opened: str | None
    is_end: bool


class Completions:
    """See the module; `texts` over the characters of `alphabet` of up to `longest` characters."""

    def __init__(self, spec: Spec, alphabet: str, longest: int) -> None:
        self.spec = spec
        self.words = [
            word
            for n in range(MAX_SEGMENTS + 5)  # tiny flows repeat at most four segments at a time
            for word in itertools.product([segment.name for segment in spec.segments], repeat=n)
            if matches_flow(spec, word)
        ]
        if not self.words or max(map(len, self.words)) > MAX_SEGMENTS:
            raise TooMany
        strings = ["".join(one) for n in range(longest + 1) for one in itertools.product(alphabet, repeat=n)]
        self.texts = {
            segment.name: [text for text in strings if is_text(spec, segment, text, {})] for segment in spec.segments
        }
        n_traces = 0
        for word in self.words:
            product = 1
            for name in word:
                product *= len(self.texts[name])
            n_traces += product
        if n_traces > MAX_TRACES:
            raise TooMany
        self._is_model = {segment.name: segment.writer is Writer.MODEL for segment in spec.segments}
        self.is_won = cache(self._is_won)
        self.turn_texts = cache(self._turn_texts)
        self.is_accepted = cache(lambda trace: bool(trace) and faults(spec, trace) == [])

    def next_segments(self, trace: Trace) -> list[str]:
        """The segments that the flow has next."""
        names = tuple(name for name, _ in trace)
        found = {
            word[len(names)]: None for word in self.words if len(word) > len(names) and word[: len(names)] == names
        }
        if len({self._is_model[name] for name in found}) > 1:
            raise TooMany
        return list(found)

    def following(self, trace: Trace) -> list[Trace]:
        """The traces that are one segment longer."""
        return [(*trace, (name, text)) for name in self.next_segments(trace) for text in self.texts[name]]

    def is_handed_over(self, trace: Trace) -> bool:
        """Is it the others' turn? Where they could make it impossible to finish, it never is."""
        is_theirs = any(not self._is_model[name] for name in self.next_segments(trace))
        return is_theirs and all(map(self.is_won, self.following(trace)))

    def _is_won(self, trace: Trace) -> bool:
        is_models = any(self._is_model[name] for name in self.next_segments(trace))
        return (
            self.is_accepted(trace)
            or self.is_handed_over(trace)
            or (is_models and any(map(self.is_won, self.following(trace))))
        )

    def _turn_texts(self, trace: Trace) -> tuple[Written, ...]:
        """All that the model may write from here, which must not be the others' turn."""
        found = [Written(b"", trace, None, is_end=True)] if self.is_accepted(trace) else []
        for name in self.next_segments(trace):
            segment = self.spec.segment(name)
            if not self._is_model[name]:
                continue
            for text in self.texts[name]:
                after = (*trace, (name, text))
                if not self.is_won(after):
                    continue
                begin = (segment.open + text + segment.close).encode()
                if not self.is_handed_over(after):
                    found += [
                        Written(begin + one.text, one.after, one.opened, one.is_end) for one in self.turn_texts(after)
                    ]
                elif segment.close:
                    found.append(Written(begin, after, None, is_end=False))
                else:
                    if self.is_accepted(after):
                        found.append(Written(begin, after, None, is_end=True))
                    for other in self.next_segments(after):
                        opener = self.spec.segment(other).open.encode()
                        found.append(Written(begin + opener, after, other, is_end=False))
        return tuple(found)

    def allowed(self, trace: Trace, written: bytes, vocabulary: mw.Vocabulary, budget: int = IMPOSSIBLE) -> set[int]:
        """The tokens behind which the trace can still be finished, within so many tokens in all."""
        ahead = [one for one in self.turn_texts(trace) if one.text.startswith(written)]
        found = set()
        for token in range(vocabulary.size):
            if token in vocabulary.eos_token_ids:
                if any(one.is_end and one.text == written for one in ahead) and budget >= 1:
                    found.add(token)
                continue
            longer = written + vocabulary.token_bytes[token]
            if len(longer) == len(written) or not any(one.text.startswith(longer) for one in ahead):
                continue
            if budget == IMPOSSIBLE or self.least(trace, longer, vocabulary) <= budget - 1:
                found.add(token)
        return found

    def least(self, trace: Trace, written: bytes, vocabulary: mw.Vocabulary) -> int:
        """The fewest tokens of the model to the end, whatever the others write, and to the first possible end if it is
        their turn."""
        if self.is_handed_over(trace):
            return self._least_of_others(trace, None, vocabulary)
        return min(
            (
                _fewest(one.text[len(written) :], vocabulary)
                + (1 if one.is_end else self._least_of_others(one.after, one.opened, vocabulary))
                for one in self.turn_texts(trace)
                if one.text.startswith(written)
            ),
            default=IMPOSSIBLE,
        )

    @lru_cache(maxsize=1 << 14)  # noqa: B019 # lives as long as a test
    def _least_of_others(self, trace: Trace, opened: str | None, vocabulary: mw.Vocabulary) -> int:
        if opened is None and self.is_accepted(trace):
            return 0
        names = self.next_segments(trace) if opened is None else [opened]
        return max(self.least((*trace, (name, text)), b"", vocabulary) for name in names for text in self.texts[name])


@lru_cache(maxsize=1 << 16)
def _fewest(text: bytes, vocabulary: mw.Vocabulary) -> int:
    """The fewest tokens that spell a text."""
    fewest = [0] + [IMPOSSIBLE] * len(text)
    spellings: Sequence[bytes] = vocabulary.token_bytes
    for end in range(1, len(text) + 1):
        for token, spelling in enumerate(spellings):
            if spelling and token not in vocabulary.eos_token_ids and text[:end].endswith(spelling):
                fewest[end] = min(fewest[end], 1 + fewest[end - len(spelling)])
    return fewest[-1]
