"""A canvas in step with a row of tokens that a host owns: LLaDA's, Dream's, an inference server's.

    mirror = HostCanvas(canvas, mask_token_id)
    rows = mirror.marginals(logits)        # what the host chooses from, in place of its softmax
    tokens = mirror.adopt(tokens)          # what the host has written; what must not stand there is masked again
    tokens = mirror.finish()               # everything that is still open, by the most probable completion

Hosts write whatever a rule of theirs picks from per-slot rows, several slots at once, and some change slots that were
decided before. `adopt` finds out what has changed by comparing: new and changed tokens are committed jointly, the
surest first by the marginals that the host was given; a changed one that is refused falls back to what stood there,
if that still fits; and slots with a single choice are filled in. Nothing else is asked of the host, so its thresholds,
temperatures, orders and remaskings stay its own.

Rows of logarithms hold `FORBIDDEN` in place of −inf: hosts multiply them by temperatures and take entropies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidCanvas
from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.denoising import prediction
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas, DenoisingPosterior
from maskwright.sampling.infilling.masked_model import Rows, Tokens

FORBIDDEN: Final = -1e30

Marginals = npt.NDArray[np.float32]


def forbidding(log_marginals: Marginals) -> Marginals:
    """float32[n, V], a copy without the column of the blank, FORBIDDEN in place of −inf."""
    rows = log_marginals[:, :-1].copy()
    rows[~(rows > FORBIDDEN)] = FORBIDDEN
    return rows


@final
class HostCanvas:
    """One request. `canvas` has one slot for each token of the host's row, so no gaps that may be shorter.

    Raises `InvalidCanvas` for one that has.
    """

    def __init__(self, canvas: DenoisingCanvas, mask_token_id: int) -> None:
        blank: Callable[[], Any] | None = getattr(canvas, "allows_blank", None)
        if blank is not None and blank().any():
            raise InvalidCanvas("a host's row has no slots without a token", "use gaps of a fixed length")
        self._given: Final = canvas.fork()
        self._canvas = canvas.fork()
        self._mask_token_id: Final = mask_token_id
        self._posterior: DenoisingPosterior | None = None
        self.n_refused = 0

    @property
    def canvas(self) -> DenoisingCanvas:
        """As it is now; not to be changed."""
        return self._canvas

    @property
    def tokens(self) -> Tokens:
        """int64[n]: the host's row, the mask token where undecided."""
        tokens = self._canvas.tokens
        tokens[self._canvas.is_open] = self._mask_token_id
        return tokens

    @property
    def is_complete(self) -> bool:
        """Is every slot decided?"""
        return self._canvas.is_complete

    def marginals(self, logits: Rows) -> Marginals:
        """float32[n, V]: log p(x_i | decided slots, language); decided slots are certain of what they hold."""
        self._posterior = prediction(self._canvas, logits)
        return forbidding(self._posterior.log_marginals)

    def revisable_marginals(self, logits: Rows) -> Marginals:
        """float32[n, V]: log p(x_i | language), for hosts that change what was decided; given slots are certain."""
        self._posterior = prediction(self._given, logits)
        return forbidding(self._posterior.log_marginals)

    def adopt(self, tokens: Tokens) -> Tokens:
        """The host's row int64[n] as it may be, after what the host has written; see above.

        Raises `InvalidCanvas` if the host has changed a slot that was given.
        """
        wanted = np.where(tokens == self._mask_token_id, OPEN, tokens)
        before = np.where(self._canvas.is_open, OPEN, self._canvas.tokens)
        changed = np.flatnonzero((before != OPEN) & (wanted != before))
        given = changed[~self._given.is_open[changed]]
        if len(given):
            raise InvalidCanvas(f"the host has changed slot {given[0]}, which was given")
        if len(changed):
            self._canvas.unset(changed.tolist())
        is_new = (wanted != OPEN) & self._canvas.is_open
        choices = {int(slot): int(wanted[slot]) for slot in np.flatnonzero(is_new)}
        accepted = self._canvas.commit(choices, self._confidence(choices))
        self.n_refused += len(choices) - len(accepted)
        fallbacks = {slot: int(before[slot]) for slot in changed.tolist() if slot in choices and slot not in accepted}
        self._canvas.commit(fallbacks, self._confidence(fallbacks))
        self._canvas.commit(self._canvas.forced())
        return self.tokens

    def left_nothing_open(self, tokens: Tokens) -> bool:
        """Has the host decided every slot, so that it will stop asking?"""
        return not bool((tokens == self._mask_token_id).any())

    def finish(self) -> Tokens:
        """int64[n]: everything that is open decided, by the logits that the host gave last."""
        if not self.is_complete:
            text = prediction(self._canvas, self._logits()).best
            self._canvas.commit({int(slot): int(text[slot]) for slot in np.flatnonzero(self._canvas.is_open)})
        return self.tokens

    def _logits(self) -> Rows:
        """The last prediction, as scores; nothing is preferred if there was none."""
        if self._posterior is None:
            return np.zeros((self._canvas.n_slots, self._canvas.vocabulary_size), dtype=np.float32)
        return forbidding(self._posterior.log_marginals)

    def _confidence(self, choices: dict[int, int]) -> dict[int, float]:
        if self._posterior is None:
            return dict.fromkeys(choices, 0.0)
        rows = self._posterior.log_marginals
        return {slot: float(rows[slot, token]) for slot, token in choices.items()}
