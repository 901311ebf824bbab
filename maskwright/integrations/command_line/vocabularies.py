"""Which tokens a command works with: those of a tokenizer on disk, of the bundled model, or single bytes.

torch is never imported here. A tokenizer is read with the package `tokenizers` where it is installed; without it, and
without a tokenizer being asked for, the vocabulary of all single bytes serves.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maskwright
from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.messages import UserMistakeError

if TYPE_CHECKING:
    from maskwright.grammar.ir import Grammar, Node
    from maskwright.matching.vocabulary import Vocabulary

BUNDLED_TOKENIZER = Path(maskwright.__file__).parent / "assets" / "tiny-lm"

N_BYTE_TOKENS = 257
"""The size of `byte_vocabulary()`: all bytes and the end of the text."""

USUAL_END_NAMES = ("</s>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|im_end|>", "<eos>", "<|eos|>")
"""Looked for where neither the tokenizer nor the files beside it name an end-of-text token."""


@dataclass(frozen=True, slots=True)
class NamedVocabulary:
    """A vocabulary and what to call it."""

    vocabulary: Vocabulary
    name: str


def load_vocabulary(tokenizer: str | None) -> NamedVocabulary:
    """The tokenizer asked for (a folder, a tokenizer.json or a tekken.json), else the bundled one, else bytes."""
    if tokenizer is not None:
        return NamedVocabulary(_read_tokenizer(Path(tokenizer)), tokenizer)
    if (BUNDLED_TOKENIZER / "tokenizer.json").exists() and importlib.util.find_spec("tokenizers") is not None:
        return NamedVocabulary(_read_tokenizer(BUNDLED_TOKENIZER), "the bundled tokenizer")
    return NamedVocabulary(byte_vocabulary(), "single bytes")


def byte_vocabulary(grammar: Grammar | None = None) -> Vocabulary:
    """All single bytes and one end-of-text token; with a grammar, also the special tokens that it names."""
    from maskwright.matching.vocabulary import Vocabulary

    tokens = [bytes([byte]) for byte in range(256)] + [b""]
    names, highest = _tokens_named_in(grammar) if grammar is not None else ([], -1)
    special = {name: len(tokens) + place for place, name in enumerate(names)}
    tokens += [name.encode("utf-8", "replace") for name in names]
    return Vocabulary(
        tokens,
        eos_token_ids=[N_BYTE_TOKENS - 1],
        special_token_ids=special.values(),
        special_token_names=special,
        size=max(len(tokens), highest + 1),
    )


def _tokens_named_in(grammar: Grammar) -> tuple[list[str], int]:
    """The names of tokens in a grammar, and the greatest id. Only GBNF can name tokens, and its rules are few."""
    from maskwright.grammar.ir import Choice, Network, Repeat, Sequence, TokenSet

    names: dict[str, None] = {}
    highest = -1
    todo: list[Node] = list(grammar.rules.values())
    while todo:
        node = todo.pop()
        match node:
            case TokenSet():
                names.update(dict.fromkeys(node.names))
                highest = max(highest, *node.ids, -1)
            case Sequence(parts) | Choice(parts):
                todo.extend(parts)
            case Repeat(body, _, _):
                todo.append(body)
            case Network(_, edges):
                todo.extend(label for _, label, _ in edges)
    return list(names), highest


def _read_tokenizer(path: Path) -> Vocabulary:
    from maskwright.matching.vocabulary import Vocabulary

    file = path / "tokenizer.json" if path.is_dir() else path
    if path.is_dir() and not file.exists() and (path / "tekken.json").exists():
        file = path / "tekken.json"
    if not file.exists():
        raise UserMistakeError(f"{path}: there is no tokenizer here (a tokenizer.json or tekken.json).")
    try:
        if file.name == "tekken.json":
            return Vocabulary.from_mistral_tekken(file)
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError:
            raise UserMistakeError(
                f"{file}: reading a tokenizer needs another package: pip install 'maskwright[hf]'."
            ) from None
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # noqa: BLE001  that package raises bare Exception
            raise UserMistakeError(f"{file}: not a tokenizer that can be read: {_first_line(error)}.") from None
        ends = _end_tokens(file.parent, tokenizer)
        width = _settings(file.parent / "config.json").get("vocab_size")
        size = max(width if isinstance(width, int) else 0, tokenizer.get_vocab_size(with_added_tokens=True))
        return Vocabulary.from_huggingface(tokenizer, eos_token_ids=ends, size=size)
    except MaskwrightError as error:
        raise UserMistakeError(f"{file}: {error}") from error


def _end_tokens(folder: Path, tokenizer: Any) -> list[int]:
    """The end-of-text ids: as the model's files name them, else a usual name."""
    named: list[object] = []
    for name in ("generation_config.json", "config.json"):
        named += _as_list(_settings(folder / name).get("eos_token_id"))
    token = _settings(folder / "tokenizer_config.json").get("eos_token")
    text = token.get("content") if isinstance(token, dict) else token
    named += _as_list(tokenizer.token_to_id(text) if isinstance(text, str) else None)
    if not named:
        named = [tokenizer.token_to_id(name) for name in USUAL_END_NAMES]
    ends = sorted({end for end in named if isinstance(end, int)})
    if not ends:
        raise UserMistakeError(f"{folder}: nothing names an end-of-text token (eos_token_id in config.json).")
    return ends


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _settings(path: Path) -> dict[str, Any]:
    """A JSON file beside a tokenizer; anything unreadable counts as empty, because none of them is needed."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
