"""What a monitor is: a mask of its own at some points of a text, to be intersected with the grammar's.

A grammar says what is well formed; a *monitor* adds what only a look at this text can tell, for instance which names
may follow a dot. Idea and name after Agrawal, Kanade, Goyal, Lahiri and Rajamani, "Monitor-Guided Decoding of Code LMs
with Static Analysis of Repository Context" (NeurIPS 2023, arXiv 2306.10763, section 3), where a monitor waits for a
trigger and then gives a mask until its property is decided. Three things are different here:

 *  A monitor is a value. `after` gives the monitor of the longer text and changes nothing, so the forks of a beam or of
    particles share what they have in common, and taking a token back means using the earlier value again.
 *  Masks are rows of bits for the whole vocabulary, as the grammars' are, and not lists of ids.
 *  What is monitored are the bytes of the text, however tokens cut them (`names` says what that costs).

What is promised. Bit t of `legal_tokens` is set exactly if the text with token t does not yet break the monitor's rule:
it looks *one step ahead*. So the masks of a monitor alone, or together with a grammar, may lead into a dead end, a text
that can be neither finished nor continued; a grammar's masks never do. There the intersection is a row without bits,
which samplers report as they report every dead end. Where the rule is a regular language there is a choice: the product
with the grammar (`grammar - pattern`, `grammar & pattern`, `grammar.regular_product`) has no dead ends.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.int32]
"""int32[ceil(vocabulary size / 32)]: bit t % 32 of word t // 32 belongs to token t (`matching.bitmask`)."""


class Monitor(Protocol):
    """Which tokens may follow the text so far, and the monitor of each longer text; both never change."""

    def legal_tokens(self) -> Row | None:
        """The tokens that keep the rule, end tokens where the text may end; None: not triggered, so all of them.

        The row is shared: whoever gets it must not write to it. Asked twice, the answer is the same.
        """

    def after(self, token_id: int, text: bytes, /) -> Monitor:
        """The monitor after one more token, which is legal here and adds `text`: nothing if it is a special token."""
