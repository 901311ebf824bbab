"""Asking a fork of the test's process something."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable


def is_so_in_fork(ask: Callable[[], bool], seconds: float = 30.0) -> bool:
    """What a child answers; one that says nothing for so long, or ends otherwise, counts as no."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if ask() else 1
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False
