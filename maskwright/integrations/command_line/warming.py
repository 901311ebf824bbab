"""`maskwright warmup`: everything that a first request would wait for, done before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from maskwright.integrations.readiness import warm_up_visibly

if TYPE_CHECKING:
    from maskwright.integrations.command_line.vocabularies import NamedVocabulary


def warm_up(named: NamedVocabulary) -> list[tuple[str, str]]:
    """Rows of (what, value) about what was done."""
    from maskwright import Compiler
    from maskwright.disk_cache import cache_folder

    began = time.perf_counter()
    compiler = Compiler(named.vocabulary)
    step = warm_up_visibly(compiler, f"maskwright: preparing kernels and the tables of {named.name} ...")
    seconds = time.perf_counter() - began
    folder = cache_folder()
    return [
        ("vocabulary", f"{named.name}, {len(named.vocabulary.token_bytes):,} tokens"),
        ("kernels", f"{step.n_compiled} compiled" if step.n_compiled else "all were compiled before, and load"),
        ("shared tables", f"{compiler.table_bytes / 2**20:.1f} MiB, kept in {folder or 'no folder: caching is off'}"),
        ("time", f"{seconds:.1f} s"),
    ]
