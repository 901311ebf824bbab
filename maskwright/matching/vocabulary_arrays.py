"""Arrays that are found from a vocabulary and something else, kept on disk where the vocabulary is large enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from maskwright.disk_cache import load_arrays, store_arrays
from maskwright.matching.vocabulary import MIN_CACHED_BYTES, Vocabulary

Arrays = dict[str, NDArray[Any]]


def vocabulary_arrays(
    vocabulary: Vocabulary, kind: str, name: str, make: Callable[[], Arrays], *, max_bytes: int | None = None
) -> Arrays:
    """The arrays of a kind and name from the cache on disk, or else made and put there (`disk_cache.store_arrays`)."""
    if vocabulary.token_data.size < MIN_CACHED_BYTES:
        return make()
    key = f"{vocabulary.key}-{name}"
    arrays = load_arrays(kind, key)
    if arrays is None:
        arrays = make()
        store_arrays(kind, key, arrays, max_bytes)
    return arrays
