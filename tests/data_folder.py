"""Where tests find the large data sets that are not part of the repository, and how they skip without them.

The archives (`tokenizer-llama3.tar.xz`, `maskbench-dev.tar.xz`, ...) lie in the folder that the environment variable
`MASKWRIGHT_DATA` names, else in `shared/data` beside the repository. A test asks for one by name and gets a folder
with its extracted contents; where the archive is absent the test is skipped, and says so.

Each process extracts an archive at most once, into a temporary folder that is removed when the process ends.
"""

from __future__ import annotations

import atexit
import os
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest

TOKENIZER_NAMES = ("gpt2", "llama2", "llama3", "qwen2", "tekken")


def data_folder() -> Path:
    """The folder that should hold the archives; it need not exist."""
    named = os.environ.get("MASKWRIGHT_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"


def data_archive(name: str) -> Path:
    """`data_archive("maskbench-dev")` -> a folder with the contents of `maskbench-dev.tar.xz`; skips when absent."""
    archive = data_folder() / f"{name}.tar.xz"
    if not archive.is_file():
        pytest.skip(f"{archive.name} is absent: set MASKWRIGHT_DATA to the folder that holds it")
    return _extracted(archive)


def tokenizer_folder(name: str) -> Path:
    """`tokenizer_folder("llama3")` -> a folder that `AutoTokenizer` loads, with `tokenizer.json`; skips when absent."""
    return data_archive(f"tokenizer-{name}") / name


@cache
def _extracted(archive: Path) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="maskwright-data-")
    atexit.register(folder.cleanup)
    with tarfile.open(archive) as contents:
        contents.extractall(folder.name, filter="data")
    return Path(folder.name)
