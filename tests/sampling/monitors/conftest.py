"""The vocabulary of the bundled model, read without transformers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tokenizers

import maskwright
from maskwright import Vocabulary


@pytest.fixture(scope="session")
def bundled() -> Vocabulary:
    """4,096 tokens of byte-level BPE."""
    folder = Path(maskwright.__file__).parent / "assets" / "tiny-lm"
    end = json.loads((folder / "config.json").read_text())["eos_token_id"]
    return Vocabulary.from_huggingface(
        tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")), eos_token_ids=end
    )
