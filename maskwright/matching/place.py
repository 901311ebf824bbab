"""Places and trails: where a text is, and how it got there.

A *place* is a configuration of the machine as Python holds it, one object for all texts and matchers that are in it. It
remembers where tokens lead and its mask as a finished row (`finished_rows` says when); so a token that any text has
taken before at the same place is a look-up in a dictionary, and a mask that is finished the copy of a row, with no call
of a kernel and no lock (measured with Llama 3: 0.2 and 0.3 us; through the kernels it is 1.2 and 1.6 us).

A *trail* is the path of one text: the places it went through, what was read between them and, rarely, a note. Taking
tokens back is cutting it off, a fork is a copy of three lists.

A configuration holds for one epoch of the grammar's memory (`CompiledGrammar`). What a place remembers stays true after
that, as the language is the same; only a question that the kernels must answer needs a place of the present epoch,
found by reading the trail again.

Rejected: a tree of places, one node for each token of each text (0.4 us to make one, and nothing to remember in it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskwright.matching.finished_rows import FinishedRow
    from maskwright.matching.siblings import Reading

NO_EPOCH = -1


class Place:
    """A configuration; `after[t]` is the place behind token t, for tokens that lead there whatever the text before.

    `loops`: a row of tokens that lead from the place to itself, where there are many (inside a string most tokens do);
    the others are in `after`. `after_new[t]`: the place behind a token that ends a string, where no sibling begins like
    that string (`Repetitions.ends_new`). `base_row`: the finished mask as if all values were new, or None while there
    is none; `row`: the same once the mask `is_free`, known not to depend on the text. `n_fills`: how often a kernel
    wrote it. `has_asked`: did a value on the way ask whether it repeats a sibling (in the document that began last)?
    What tokens are allowed may depend on that, so it makes two places of one configuration. `is_end`: was an end token
    taken?
    """

    __slots__ = (
        "after",
        "after_new",
        "base_row",
        "configuration",
        "epoch",
        "has_asked",
        "is_accepting",
        "is_end",
        "is_free",
        "loops",
        "n_fills",
        "row",
    )

    def __init__(
        self, configuration: int, epoch: int, has_asked: bool, is_accepting: bool, *, is_end: bool = False
    ) -> None:
        self.configuration = configuration
        self.epoch = epoch
        self.has_asked = has_asked
        self.is_accepting = is_accepting
        self.is_end = is_end
        self.after: dict[int, Place] = {}
        self.after_new: dict[int, Place] = {}
        self.loops: memoryview | None = None
        self.base_row: FinishedRow | None = None
        self.row: FinishedRow | None = None
        self.is_free = False
        self.n_fills = 0


class Note:
    """What must be known of one text beyond its place, after `position` steps of its trail.

    `began`: the last place in the bytes of that step where a document begins that is part of the text, or -1;
    `is_ambiguous`: was another one in progress there? `reading`: the document up to here, where it has been read.
    """

    __slots__ = ("began", "is_ambiguous", "position", "reading")

    def __init__(self, position: int, began: int = -1, is_ambiguous: bool = False) -> None:
        self.position = position
        self.began = began
        self.is_ambiguous = is_ambiguous
        self.reading: Reading | None = None


class Trail:
    """The path of one text that begins with the rule `start`.

    `places[i]` is where it was after the steps `reads[:i]`, each a token id or bytes.

    `notes` are by ascending position. Forks share them: they have the same text up to there.
    """

    __slots__ = ("notes", "places", "reads", "start")

    def __init__(self, places: list[Place], reads: list[int | bytes], notes: list[Note], start: str = "") -> None:
        self.start = start
        self.places = places
        self.reads = reads
        self.notes = notes

    def fork(self) -> Trail:
        """A trail with the same past."""
        return Trail(self.places.copy(), self.reads.copy(), self.notes.copy(), self.start)

    def go_on(self, place: Place, read: int | bytes, note: Note | None = None) -> None:
        """Take one more step; a note says something of the text after it."""
        self.places.append(place)
        self.reads.append(read)
        if note is not None:
            self.notes.append(note)

    def cut_off(self, n_steps: int) -> None:
        """Forget all but the first steps."""
        del self.places[n_steps + 1 :]
        del self.reads[n_steps:]
        while self.notes and self.notes[-1].position > n_steps:
            self.notes.pop()

    def keep_reading(self, reading: Reading) -> None:
        """Note the document as it was read up to the end of the trail."""
        position = len(self.reads)
        if not self.notes or self.notes[-1].position < position:
            self.notes.append(Note(position))
        self.notes[-1].reading = reading
