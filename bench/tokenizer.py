"""The tokenizer that all engines of a run share: a Hugging Face folder, or a `.tar.xz` archive with one inside.

The parent process encodes the instances once, so every engine is asked about the same tokens.

Legacy SentencePiece tokenizers (Llama 2) put a blank before what they encode. A model that continues a prompt writes
the text without it, so the text is encoded behind a line end, and the tokens of that are cut off.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LEAD_TEXT = "\n"


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A loaded tokenizer and the facts that the protocol needs.

    `size` is the number of bits in a mask. `lead` are the tokens that stand before an encoded text, see above.
    """

    name: str
    huggingface: Any
    size: int
    eos_token_id: int
    lead: tuple[int, ...] = ()

    def encode(self, text: str) -> list[int]:
        """The token ids of exactly `text`, without special tokens."""
        if not self.lead:
            return list(self.huggingface.encode(text, add_special_tokens=False))
        tokens = list(self.huggingface.encode(LEAD_TEXT + text, add_special_tokens=False))
        assert tuple(tokens[: len(self.lead)]) == self.lead, "a line end never joins what follows"
        return tokens[len(self.lead) :]

    def decode(self, tokens: list[int]) -> str:
        """The text of `tokens`, for people."""
        return str(self.huggingface.decode(tokens))


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in `folder`, which holds `tokenizer.json` and `tokenizer_config.json`."""
    from transformers import AutoTokenizer

    huggingface = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    if huggingface.eos_token_id is None:
        raise ValueError(f"the tokenizer in {folder} names no end-of-sequence token")
    size = max(huggingface.get_vocab().values()) + 1
    adds_blank = huggingface.tokenize("{")[0].startswith("\u2581")
    lead = tuple(huggingface.encode(LEAD_TEXT, add_special_tokens=False)) if adds_blank else ()
    return Tokenizer(folder.name, huggingface, size, int(huggingface.eos_token_id), lead)


@contextmanager
def tokenizer_folder(path: Path) -> Iterator[Path]:
    """The folder that holds `tokenizer.json`: `path` itself, a folder inside it, or inside the archive at `path`."""
    with TemporaryDirectory(prefix="maskwright-bench-") as scratch:
        root = path
        if path.is_file():
            root = Path(scratch)
            with tarfile.open(path) as archive:
                archive.extractall(root, filter="data")
        found = sorted(root.rglob("tokenizer.json"))
        if not found:
            raise FileNotFoundError(f"no tokenizer.json in {path}")
        yield found[0].parent
