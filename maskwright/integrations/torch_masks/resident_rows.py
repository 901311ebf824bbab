"""Masks that live on a device: a step sends row numbers, 4 bytes a sequence, where it would send 16 KB at 128k.

    resident = ResidentRows(vocabulary.size, "cuda")
    with resident.step(rows_of(matchers)) as masks:     # while the model computes
        mask_logits(logits, masks)

Idea. Most places of a text have a mask that is finished (`matching/finished_rows`), one object for all texts that come
there, and never changed. Each is sent once and has a slot of a table on the device from then on; a step looks its rows
up by identity and sends the slots. A mask that is not finished (it depends on the text, or is new) is sent as it is and
has a slot until the step is over. For n sequences, of which u have unfinished masks and f finished ones that are not
there yet, over V tokens, a step sends

    4 n + 4 · ceil(V / 32) · (u + f) bytes,   with u = f = 0 in the steady state.

Bounds. The table has as many slots as the budget has rows; when it is full, the slot is taken that was not read for
longest. The owner of a row is the grammar; here it is kept too while it has a slot, so that no other object can have
its identity (on the host that holds at most a block of 16 rows each).

Invariant: a slot is written only when no kernel can read it any more. While a step is open (inside the `with`) its
slots are not given out. When it closes, a mark is set in the order of computing, and what is sent into one of its slots
waits for that mark, on the device: the host never waits, and a step may close long before its kernels have run.

Rejected: the whole bitmask each step from pinned memory (vLLM, SGLang): 4 MB for 256 sequences at 128k.
Rejected: rows known by a digest of their content, which finds those that two grammars share: 3 us for each row of each
step to save some rows once.
Rejected: masks gathered on the device into a bitmask that any kernel takes. It writes and reads V / 8 bytes a sequence
more, where a row number is one load.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray

from maskwright.errors import InvalidOption, MatcherError
from maskwright.integrations.torch_masks.arguments import StepMasks
from maskwright.integrations.torch_masks.transfers import Transfers, transfers_to
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.finished_rows import FinishedRow
from maskwright.matching.matcher import Matcher

BUDGET_BYTES: Final = 64 << 20
"""4,185 rows of 128,256 tokens: some dozens of grammars whose masks are all finished (`finished_rows.MAX_ROWS`)."""

Row = FinishedRow | NDArray[np.int32]


@dataclass(slots=True)
class Traffic:
    """What was sent so far: counts of what was asked, and bytes as they were handed to the device."""

    n_steps: int = 0
    n_sequences: int = 0
    n_finished: int = 0
    """Finished rows that were not on the device."""
    n_unfinished: int = 0
    n_bytes: int = 0

    @property
    def bytes_per_sequence(self) -> float:
        """For each sequence of each step; 4 if all rows were there."""
        return self.n_bytes / max(1, self.n_sequences)


def rows_of(matchers: Sequence[Matcher]) -> list[Row]:
    """The mask of each matcher, finished where it is; the others are int32[words], each its own."""
    rows: list[Row] = []
    for matcher in matchers:
        row = matcher.finished_row
        if row is None:
            words = np.empty(matcher.row_shape, np.int32)
            matcher.fill_bitmask(words)
            row = matcher.finished_row  # the first masks of a grammar are finished at once
            rows.append(words if row is None else row)
        else:
            rows.append(row)
    return rows


@final
class ResidentRows:
    """A table of masks on a device, int32[slots, ceil(size / 32)]; it belongs to one thread at a time.

    `size`: ids of the vocabulary. `budget_bytes` bounds the memory of the device; a step needs a slot for each of its
    different masks, beside those of steps that are still open. `transfers` is for tests.
    """

    def __init__(
        self, size: int, device: Any, *, budget_bytes: int = BUDGET_BYTES, transfers: Transfers | None = None
    ) -> None:
        device = torch.device(device)
        self._n_words = n_mask_words(size)
        self._budget_bytes = budget_bytes
        n_slots = budget_bytes // (4 * self._n_words)
        if n_slots < 1:
            raise InvalidOption("budget_bytes", budget_bytes, f"at least the {4 * self._n_words} of one row")
        self._table = torch.empty((n_slots, self._n_words), dtype=torch.int32, device=device)
        self._transfers = transfers_to(device) if transfers is None else transfers
        self._slot_of: OrderedDict[FinishedRow, int] = OrderedDict()  # the one that was not read for longest first
        self._free = deque(range(n_slots))
        self._n_open = [0] * n_slots  # open steps that have the slot
        self._n_held = 0  # slots that some open step has
        self._last_read: list[Hashable | None] = [None] * n_slots  # the mark of the last step that had it
        self.traffic = Traffic()

    @property
    def n_slots(self) -> int:
        """How many rows fit into the budget."""
        return len(self._n_open)

    @contextmanager
    def step(self, rows: Sequence[Row]) -> Iterator[StepMasks]:
        """The masks of one step on the device, for the kernels that are launched inside the `with`.

        rows[i] is that of sequence i: a finished row, or int32[words] that may change once this has returned. Raises
        `InvalidOption` if the budget has no slots for all of them, and `MatcherError` for rows of another size, with
        nothing changed.
        """
        fresh, numbers, unfinished = self._find_slots(rows)
        held = set(numbers)
        self._open(held)
        try:
            yield self._send(fresh, np.array(numbers, np.int64))
        finally:
            self._close(held)
            self._free.extend(unfinished)

    def _find_slots(self, rows: Sequence[Row]) -> tuple[dict[int, Row], list[int], list[int]]:
        """What is to be sent, by slot; the slot of each row; those that are free again after the step."""
        new: dict[FinishedRow, None] = {}
        n_unfinished = 0
        known: set[int] = set()
        for row in rows:
            if len(row.words if isinstance(row, FinishedRow) else row) != self._n_words:
                raise MatcherError(f"The rows of this table have {self._n_words} words; it is for one vocabulary size")
            if not isinstance(row, FinishedRow):
                n_unfinished += 1
            elif row in self._slot_of:
                known.add(self._slot_of[row])
            else:
                new[row] = None
        self._check_budget(len(new) + n_unfinished, known)
        for row in rows:
            if isinstance(row, FinishedRow) and row in self._slot_of:
                self._slot_of.move_to_end(row)
        fresh: dict[int, Row] = {}
        for row in new:
            slot = self._take_slot(known)
            known.add(slot)
            self._slot_of[row] = slot
            fresh[slot] = row
        numbers, unfinished = [], []
        for row in rows:
            if isinstance(row, FinishedRow):
                numbers.append(self._slot_of[row])
            else:
                slot = self._take_slot(known)
                fresh[slot] = row
                numbers.append(slot)
                unfinished.append(slot)
        self._count(len(rows), len(new), n_unfinished)
        return fresh, numbers, unfinished

    def _check_budget(self, n_wanted: int, known: set[int]) -> None:
        n_held = self._n_held - sum(1 for slot in known if self._n_open[slot])
        n_needed = n_wanted + len(known) + n_held
        if n_needed > self.n_slots:
            asked = f"at least {4 * self._n_words * n_needed} for a step of {n_wanted + len(known)} different masks"
            beside = f" beside {n_held} that open steps hold" if n_held else ""
            raise InvalidOption("budget_bytes", self._budget_bytes, asked + beside)

    def _take_slot(self, needed: set[int]) -> int:
        """A slot that no open step has, nor this one; the row that was in it is forgotten."""
        if self._free:
            return self._free.popleft()
        row, slot = next(
            (row, slot) for row, slot in self._slot_of.items() if not self._n_open[slot] and slot not in needed
        )
        del self._slot_of[row]
        return slot

    def _open(self, slots: set[int]) -> None:
        for slot in slots:
            self._n_held += not self._n_open[slot]
            self._n_open[slot] += 1

    def _close(self, slots: set[int]) -> None:
        mark = self._transfers.mark()
        for slot in slots:
            self._n_open[slot] -= 1
            self._n_held -= not self._n_open[slot]
            self._last_read[slot] = mark

    def _send(self, fresh: dict[int, Row], numbers: NDArray[np.int64]) -> StepMasks:
        try:
            return self._sent(fresh, numbers)
        except BaseException:
            for row in fresh.values():  # perhaps not sent, so not known
                if isinstance(row, FinishedRow):
                    self._free.append(self._slot_of.pop(row))
            raise

    def _sent(self, fresh: dict[int, Row], numbers: NDArray[np.int64]) -> StepMasks:
        transfers = self._transfers
        for mark in {self._last_read[slot] for slot in fresh} - {None}:
            transfers.wait_for(mark)
        for begin, end in _runs(sorted(fresh)):
            staged = transfers.staging(end - begin, self._n_words)
            for slot, words in zip(range(begin, end), staged.numpy(), strict=True):
                row = fresh[slot]
                words[:] = row.words if isinstance(row, FinishedRow) else row
            transfers.send(staged, self._table[begin:end])
            self.traffic.n_bytes += staged.nbytes
        staged = transfers.staging(len(numbers))
        staged.numpy()[:] = numbers
        on_device = transfers.send_new(staged)
        self.traffic.n_bytes += staged.nbytes
        transfers.arrived()
        return StepMasks(self._table, on_device, numbers)

    def _count(self, n_sequences: int, n_finished: int, n_unfinished: int) -> None:
        traffic = self.traffic
        traffic.n_steps += 1
        traffic.n_sequences += n_sequences
        traffic.n_finished += n_finished
        traffic.n_unfinished += n_unfinished


def _runs(slots: list[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as ranges: `[2, 3, 7]` -> `(2, 4), (7, 8)`."""
    begin = 0
    for i in range(1, len(slots) + 1):
        if i == len(slots) or slots[i] != slots[i - 1] + 1:
            yield slots[begin], slots[i - 1] + 1
            begin = i
