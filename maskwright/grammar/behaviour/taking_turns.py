"""Objects that grow while they are asked, shared by threads: one thread at a time is in them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Shared(Protocol):
    """Has a lock that its methods may take again within each other."""

    lock: threading.RLock


Owner = TypeVar("Owner", bound=Shared)
Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def alone(method: Callable[Concatenate[Owner, Parameters], Answer]) -> Callable[Concatenate[Owner, Parameters], Answer]:
    """A method that takes the lock."""

    @wraps(method)
    def locked(self: Owner, /, *arguments: Parameters.args, **options: Parameters.kwargs) -> Answer:
        with self.lock:
            return method(self, *arguments, **options)

    return locked
