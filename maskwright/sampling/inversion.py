"""Which of some weighted things a number in [0, 1) falls on: inversion of the cumulated sums."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def chosen_places(weights: npt.NDArray[np.float64], numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """int64[n]: for each number the place it falls on when weights, of any positive sum, fill the interval in order.

    Rounding may put a number at the very end; that is still the last place with any weight.
    `chosen_places(np.array([1.0, 0.0, 3.0]), np.array([0.2, 0.25]))` -> `[0, 2]`
    """
    ends = np.cumsum(weights)
    places: npt.NDArray[np.int64] = np.searchsorted(ends, numbers * ends[-1], side="right").astype(np.int64)
    places.clip(max=np.flatnonzero(weights)[-1], out=places)
    return places


def chosen_place(weights: npt.NDArray[np.float64], number: float) -> int:
    """The same for one number."""
    return int(chosen_places(weights, np.array([number]))[0])
