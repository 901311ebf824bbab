"""What the programs of this folder share: the bundled model, schemas, and the command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from rich.console import Console

from bench.__main__ import choose_core
from bench.sampling.report import Report, Section, print_section, write
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.integrations.generation import LoadedModel, load_model

ROOT = Path(__file__).resolve().parents[2]
WIDTH_OF_FILES = 200

#: Prompts of different lengths, so that a batch is padded.
PROMPTS = ("An example as JSON:", "Write a JSON document, please. Here it is:\n")

#: At most one blank at a gap. The bundled model is small and likes blanks; XGrammar is given fixed separators.
OPTIONS = JSONSchemaOptions(max_whitespace=1)


@dataclass(frozen=True, slots=True)
class Material:
    """A model on one thread, and schemas by name."""

    loaded: LoadedModel
    schemas: dict[str, Any]

    @property
    def model(self) -> Any:
        """The model itself."""
        return self.loaded.model

    def inputs(self, prompts: tuple[str, ...]) -> Any:
        """input_ids and attention_mask: int64[len(prompts), width], padded on the left."""
        return self.loaded.tokenizer(
            list(prompts), return_tensors="pt", padding=True, padding_side="left", return_token_type_ids=False
        )


def load_material() -> Material:
    """The bundled model, and the twenty schemas of schemas/modes."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    files = sorted((ROOT / "schemas" / "modes").glob("*.json"))
    return Material(load_model(), {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files})


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all programs have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--output", type=Path, default=ROOT / "bench" / "results", help="folder for the results")
    made.add_argument("--core", type=int, help="the core to run on, by default the last one")
    return made


class Output:
    """Where tables go: to the terminal as they are found, and to files at the end."""

    def __init__(self, options: argparse.Namespace, subject: str) -> None:
        self._options, self._subject = options, subject
        self._console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
        self._report = Report()
        core = choose_core(options.core)
        if core is not None:
            os.sched_setaffinity(0, {core})

    def add(self, section: Section, records: Any) -> None:
        """Print a table, and keep it with what it was made of."""
        print_section(self._console, section)
        self._report.add(section, records)

    def write(self) -> None:
        """A Markdown and a JSON file."""
        told = {name: str(value) if isinstance(value, Path) else value for name, value in vars(self._options).items()}
        paths = write(self._report, self._options.output, time.strftime("%Y%m%d-%H%M%S"), told, self._subject)
        self._console.print("written:", *map(str, paths), soft_wrap=True, highlight=False)


def versions() -> str:
    """What ran."""
    names = ("maskwright", "transformers", "torch", "xgrammar", "llguidance")
    return ", ".join(f"{name} {version(name)}" for name in names)
