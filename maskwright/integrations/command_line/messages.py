"""What the command line says on stderr: mistakes of the user, and that something takes its time."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TextIO

import typer

from maskwright.errors import MaskwrightError
from maskwright.integrations.readiness import make_kernels_ready

PATIENCE_SECONDS = 1.5
"""Shorter waits are not worth a message; kernels that were compiled before load within that time."""

COMPILING = "Compiling ..."

Parameters = ParamSpec("Parameters")


class UserMistakeError(Exception):
    """Something that the user can put right; its text is one sentence for them."""


def complain(message: str) -> None:
    """One mistake, on stderr."""
    print(f"maskwright: {message}", file=sys.stderr)


def told_in_one_sentence(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """The command, whose user's mistakes become one sentence on stderr and exit code 2."""

    @functools.wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            command(*arguments, **options)
        except (UserMistakeError, MaskwrightError) as error:
            complain(str(error))
            raise typer.Exit(2) from None

    return run


def need_file_place(option: str, path: Path) -> None:
    """Raises UserMistakeError where a file cannot be written, as far as that can be told before the work is done."""
    if path.is_dir():
        raise UserMistakeError(f"{option} {path}: this is a folder.")
    if not path.parent.is_dir():
        raise UserMistakeError(f"{option} {path}: there is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise UserMistakeError(f"{option} {path}: nothing can be written into {path.parent}.")


@contextmanager
def compiling() -> Iterator[None]:
    """The block compiles a specification: kernels are made ready before it, and a long wait is explained."""
    make_kernels_ready()
    with patience(COMPILING):
        yield


@contextmanager
def patience(message: str) -> Iterator[None]:
    """Show `message` on stderr if the block takes long: a spinner in a terminal, else one line."""
    stream = sys.stderr
    done = threading.Event()
    waiting = threading.Thread(target=_show_when_long, args=(message, done, stream), daemon=True)
    waiting.start()
    try:
        yield
    finally:
        done.set()
        waiting.join()


def _show_when_long(message: str, done: threading.Event, stream: TextIO) -> None:
    if done.wait(PATIENCE_SECONDS):
        return
    if not stream.isatty():
        print(message, file=stream, flush=True)
        return
    from rich.console import Console

    with Console(file=stream).status(message):
        done.wait()
