"""What is being made right now, outside of all locks: by one thread, and whoever wants the same waits for that alone.

Some things take a thread a tenth of a second: compiling a grammar, sorting a vocabulary's tokens for a pattern. Under a
lock they would hold up all threads, also those that need nothing but a look at a table. So they are made without one,
and the lock is taken for a moment to put in what came out.

The first thread that claims a key makes the thing; the others get the same result or the same error. If it was ended
from outside (an interrupt), one of those that wait claims the key in its turn. An interrupt may come at any step, also
right behind the claim: so a claim is an object that the thread holds, and gives the key up when nothing holds it any
more. Whoever waits must hold no lock that whoever makes may need.

Rejected: to let each thread make its own, which needs no waiting. A batch of eight texts begins at one place, so all
eight would sort the same tokens, each slowing down the others.

Keys are by process, for a thread that makes something does not live on in a fork. There is no lock here, so a fork need
not wait: claiming is one step of a dictionary, whose keys are compared without running Python.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeAlias, TypeVar

Value = TypeVar("Value")

Key: TypeAlias = tuple[bytes | int | bool, ...]
"""Plain values, which Python compares in one step."""


class Claim(Generic[Value]):
    """What the one who makes something holds meanwhile; without a result when it goes, it is for others to make."""

    __slots__ = ("_futures", "_key", "future")

    def __init__(self, futures: dict[tuple[int, Key], Future[Value]], key: tuple[int, Key]) -> None:
        self._futures = futures
        self._key = key
        self.future: Future[Value] = Future()

    def __del__(self) -> None:
        if not hasattr(self, "future"):  # an interrupt came before the claim was whole
            return
        try:
            if self._futures.get(self._key) is self.future:
                del self._futures[self._key]
        finally:
            self.future.cancel()  # nothing happens to one that has its result


class InProgress(Generic[Value]):
    """Things that some thread is making, by key."""

    def __init__(self) -> None:
        self._futures: dict[tuple[int, Key], Future[Value]] = {}

    def claim(self, key: Key) -> tuple[Future[Value], Claim[Value] | None]:
        """What will have the result, and a claim if it is for the caller to make it, by `carry_out`."""
        claim = Claim(self._futures, (os.getpid(), key))
        pending = self._futures.setdefault((os.getpid(), key), claim.future)
        return pending, claim if pending is claim.future else None

    def carry_out(self, key: Key, claim: Claim[Value], make: Callable[[], Value]) -> Value:
        """Make what was claimed, which is then no longer in progress, and hand it, or the error, to all that wait."""
        try:
            made = make()
        except BaseException as error:
            self._futures.pop((os.getpid(), key), None)
            if isinstance(error, Exception):
                claim.future.set_exception(error)
            else:
                claim.future.cancel()
            raise
        self._futures.pop((os.getpid(), key), None)
        claim.future.set_result(made)
        return made

    def made(self, key: Key, make: Callable[[], Value]) -> Value:
        """What `make` gives, called here or by the thread that claimed the key before."""
        while True:
            pending, claim = self.claim(key)
            if claim is not None:
                return self.carry_out(key, claim, make)
            try:
                return pending.result()
            except CancelledError:  # the thread that made it was interrupted: now it is for us to do
                continue
