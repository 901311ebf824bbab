"""`maskwright bench`: the door to `bench/` of a source checkout, which an installed package does not have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import maskwright
from maskwright.integrations.command_line.messages import UserMistakeError


def run_bench(arguments: list[str]) -> int:
    """Run `python -m bench` with the arguments in the checkout; its exit code."""
    root = Path(maskwright.__file__).resolve().parent.parent
    candidates = [folder for folder in (root, Path.cwd()) if (folder / "bench" / "__main__.py").exists()]
    if not candidates:
        raise UserMistakeError(
            "the bench is part of the source checkout, not of the installed package: run it there with `make bench`."
        )
    return subprocess.run([sys.executable, "-m", "bench", *arguments], cwd=candidates[0], check=False).returncode
