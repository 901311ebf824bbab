"""Specifications in YAML, read and written: what `Spec.load`, `Spec.from_yaml` and `Spec.to_yaml` call."""

from __future__ import annotations

from pathlib import Path, PurePath

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.specification.files import MAX_BYTES, Folder
from maskwright.grammar.behaviour.specification.reading import spec_of
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.grammar.behaviour.specification.writing import document_of
from maskwright.grammar.behaviour.specification.yaml_text import read_yaml, write_yaml


def load_spec(path: Path) -> Spec:
    """The specification in a file; the files that it names are read beside it."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SpecError(f"the file cannot be read: {fault}", str(path)) from fault
    return spec_of(read_yaml(text, str(path)), path.stem, Folder(path.parent))


def spec_from_yaml(text: str, name: str) -> Spec:
    """The specification in a text, which can name no files; `name` names it for the reader of errors."""
    return spec_of(read_yaml(text, name), PurePath(name).stem, Folder())


def spec_to_yaml(spec: Spec) -> str:
    """A text from which the same specification is read."""
    return write_yaml(document_of(spec))
