"""A model that counts what it was asked, and the time that this took.

What a method costs in forward passes is the number of rows it asks for; what those take depends on the server. So
quality is measured on a model that keeps its rows for all methods: they are then the same numbers for all of them, the
time that is left is the method's own, and rows are counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from maskwright.sampling.language_model import LanguageModel, Logits


class CountingModel:
    """A `LanguageModel` in front of another.

    Since `start_counting`: asked, rows handed out, equal ones each time; seen, the different prefixes among them;
    processor_s and wall_s, seconds spent here.
    """

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.start_counting()

    def start_counting(self) -> None:
        """Set the counters to zero."""
        self.asked = 0
        self.seen: set[tuple[int, ...]] = set()
        self.processor_s = 0.0
        self.wall_s = 0.0

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Logits:
        """The logits after each prefix."""
        processor, wall = time.process_time(), time.perf_counter()
        self.asked += len(prefixes)
        self.seen.update(map(tuple, prefixes))
        rows = self._model(prefixes)
        self.processor_s += time.process_time() - processor
        self.wall_s += time.perf_counter() - wall
        return rows
