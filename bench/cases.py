"""Case files: a schema with instances that it must accept or refuse, one JSON file each, in the format of MaskBench.

    {"schema": ..., "tests": [{"description": "...", "valid": true, "data": ...}, ...]}

A case set is a folder of such files or a `.tar.xz` archive of one. The text of an instance is
`json.dumps(data, indent=None, ensure_ascii=False)`, as MaskBench has it. Archives are read in memory, never unpacked.
"""

from __future__ import annotations

import json
import os
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

WORKLOADS = Path(__file__).parent / "workloads"


@dataclass(frozen=True, slots=True)
class Instance:
    """A JSON text, and whether the schema of its case admits it."""

    text: str
    valid: bool
    description: str


@dataclass(frozen=True, slots=True)
class Case:
    """A schema as JSON text, and its instances."""

    name: str
    schema: str
    instances: tuple[Instance, ...]


def data_home() -> Path:
    """The folder with archives of cases and tokenizers: `MASKWRIGHT_DATA`, else `../shared/data`; it need not exist."""
    named = os.environ.get("MASKWRIGHT_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"


def read_cases(path: Path) -> list[Case]:
    """All cases of a folder, a `.tar.xz` archive or a single file, sorted by name.

    Raises FileNotFoundError where there are none.
    """
    cases = [_parse_case(name, text) for name, text in sorted(_read_files(path))]
    if not cases:
        raise FileNotFoundError(f"no case files (*.json with a schema and tests) in {path}")
    return cases


def sample_cases(cases: list[Case], size: int | None, seed: int) -> list[Case]:
    """`size` of the cases, drawn without replacement, in their old order; all of them for None."""
    if size is None or size >= len(cases):
        return cases
    chosen = random.Random(seed).sample(range(len(cases)), size)
    return [cases[i] for i in sorted(chosen)]


def filter_cases(cases: list[Case], pattern: str | None) -> list[Case]:
    """The cases whose name matches a shell pattern such as `Github_hard*`; all of them for None."""
    return [case for case in cases if pattern is None or fnmatchcase(case.name, pattern)]


def _read_files(path: Path) -> Iterator[tuple[str, str]]:
    if path.is_dir():
        for file in path.rglob("*.json"):
            yield file.stem, file.read_text(encoding="utf-8")
    elif path.suffix == ".json":
        yield path.stem, path.read_text(encoding="utf-8")
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".json") else None
                if file is not None:
                    yield Path(member.name).stem, file.read().decode("utf-8")


def _parse_case(name: str, text: str) -> Case:
    record = json.loads(text)
    return Case(
        name=name,
        schema=json.dumps(record["schema"], ensure_ascii=False),
        instances=tuple(
            Instance(
                text=json.dumps(test["data"], indent=None, ensure_ascii=False),
                valid=test["valid"],
                description=test.get("description", ""),
            )
            for test in record["tests"]
        ),
    )
