"""Locks of objects that threads share, which a fork of the process finds open.

A process that forks while another thread holds a lock leaves its child with a lock that nobody will ever open, around
something that is half done. So a fork waits until it has all locks that were made here, and opens them on both sides:
a child finds every automaton, table and cache as whole as its parent has it. Holders need microseconds to some
milliseconds, and a fork is rare.

The order in which a fork takes the locks is that in which they are taken within each other (`Rank`, outermost first),
so that it cannot wait for a thread which waits for it. A thread that makes a lock meanwhile waits for the fork. Locks
that were made while the fork took the others are taken at last, if nobody has them; else all are opened and taken anew.
(To take all anew for each new lock may go on for ever: a thread that makes one after another is always there first.)

Rejected: new locks in the child. What the lock was protecting would still be half done, and a kernel writes without the
GIL, so that a fork may come at any of its instructions.

Before Python 3.12 a `cached_property` has a lock too, one for all objects of its class. What it protects is found anew
if it is not there, so the child just gets new ones.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from enum import IntEnum
from functools import cached_property
from typing import Final

_PACKAGE: Final = __name__.partition(".")[0]

_TURN_S: Final = 5e-5


class Rank(IntEnum):
    """Who may take a lock while who has one: only locks further down."""

    PROGRAM = 0
    OUTLOOK = 1
    STACKS = 2
    GRAMMAR = 3
    POLICY = 4
    CACHE = 5
    COMPILER = 6
    TABLES = 7
    VOCABULARY = 8


_known: dict[int, tuple[Rank, weakref.ref[threading.RLock]]] = {}
"""All locks, by their addresses. Entries go when a lock goes, whatever a thread is doing then: so nobody iterates here,
but over copies, which Python makes in one step."""
_forking: Final = threading.Lock()
_making: Final = threading.Lock()
_taken: list[threading.Lock | threading.RLock] = []
"""What the thread that forks holds, the outermost first: `_forking`, all locks, `_making`."""


def new_lock(_: Rank) -> threading.RLock:
    """A lock that is open; whoever wants to know how long locks are held puts another function in its place."""
    return threading.RLock()


def shared_lock(rank: Rank) -> threading.RLock:
    """A lock that its holder may take again."""
    lock = new_lock(rank)
    address = id(lock)
    with _making:
        _known[address] = (rank, weakref.ref(lock, lambda _: _known.pop(address, None)))
    return lock


def let_others() -> None:
    """Wait as long as a thread takes to wake up, so that one that waits for a lock which was just opened can take it.

    Without that whoever opens a lock and takes it again is always the quicker one.
    """
    time.sleep(_TURN_S)


def _take_all() -> None:
    """Wait for all locks, and for nobody to make another."""
    _take(_forking)
    while True:
        locks = _all_locks()
        for lock in locks:
            _take(lock)
        _take(_making)
        known = {id(lock) for lock in locks}
        if all(_take_if_open(lock) for lock in _all_locks() if id(lock) not in known):
            return
        while len(_taken) > 1:  # a new one is to be waited for in its turn
            _taken.pop().release()


def _all_locks() -> list[threading.RLock]:
    known = sorted(_known.copy().values(), key=_rank_of)
    return [lock for _, reference in known if (lock := reference()) is not None]


def _take_if_open(lock: threading.RLock) -> bool:
    is_taken = lock.acquire(blocking=False)
    if is_taken:
        _taken.append(lock)
    return is_taken


def _take(lock: threading.Lock | threading.RLock) -> None:
    lock.acquire()
    _taken.append(lock)


def _rank_of(known: tuple[Rank, weakref.ref[threading.RLock]]) -> Rank:
    return known[0]


def _open_all() -> None:
    while _taken:
        _taken.pop().release()


def _open_all_in_child() -> None:
    _open_all()
    if hasattr(cached_property(len), "lock"):
        for name, module in list(sys.modules.items()):
            if name.startswith(f"{_PACKAGE}."):
                for kind in list(vars(module).values()):
                    for member in list(vars(kind).values()) if isinstance(kind, type) else ():
                        if isinstance(member, cached_property):
                            member.lock = threading.RLock()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_take_all, after_in_parent=_open_all, after_in_child=_open_all_in_child)
