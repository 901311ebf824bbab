"""Work that grows a shared structure, which an exception from outside must not cut off unnoticed.

Rules that are made when a text comes to them are remembered in many places that agree with each other. An interrupt
(Ctrl-C, a timer's signal) or a want of memory may come between any two of these steps; what is made after that could be
another language. So whoever makes such rules does it inside of `Undivided`, which after such an end lets nobody begin
again. Our own errors are answers, and end nothing.

Rejected: signals that wait until a rule is made. Their handlers belong to the program, not to a library.
"""

from __future__ import annotations

from maskwright.errors import MaskwrightError, MatcherError


class Undivided:
    """A context that can be entered as long as nothing from outside has ended what was done in it."""

    __slots__ = ("is_cut_off",)

    def __init__(self) -> None:
        self.is_cut_off = False

    def __enter__(self) -> None:
        if self.is_cut_off:
            raise MatcherError(
                "An interrupt came while a rule of this grammar was being made, so it cannot make others: compile it "
                "again"
            )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, MaskwrightError):
            self.is_cut_off = True
