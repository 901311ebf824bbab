"""Sets of stacks cut lower than by default, so that what is done for high stacks is done in small canvases too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from maskwright.matching.infilling import chain, stacks

NEVER = 1 << 20
"""Higher than any stack: then all sets are exact, and those of the right side lie within those of the left one."""


@contextlib.contextmanager
def cut_at(depth: int | None) -> Iterator[None]:
    """With sets cut so many symbols above their lowest stack; None: as by default."""
    with pytest.MonkeyPatch.context() as patch:
        if depth is not None:
            patch.setattr(stacks, "DEPTH", depth)
            patch.setattr(chain, "DEPTH", depth)
        yield
