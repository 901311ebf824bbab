"""What the bench needs of an engine. Adapters are thin: what they cost is part of what is measured.

Each adapter module has `create(tokenizer) -> Engine` and raises ImportError where its engine is not installed.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Session(Protocol):
    """One sequence being matched. `fill` and `accept` are bound natively where the engine allows it."""

    def fill(self) -> Any:
        """Write the mask of the next token into the `row` of the engine; what it returns is ignored."""

    def accept(self, token: int) -> bool:
        """Advance by a token; False if the engine refuses it."""

    def failure(self) -> str:
        """Why the engine gave up on its own account (a limit, say), or "" if it did not. Not timed."""


class Engine(Protocol):
    """An engine set up for one tokenizer. `row`: int32[ceil(size / 32)], the mask that sessions write into."""

    version: str
    settings: str
    row: NDArray[np.int32]

    def compile(self, schema: str) -> Any:
        """What the engine makes of a JSON Schema given as text; any exception counts as a refusal."""

    def start(self, compiled: Any) -> Session:
        """A new sequence."""

    def sizes(self, compiled: Any) -> tuple[int, int]:
        """Bytes that this schema holds now, and that all of them share; 0 where the engine does not tell."""
