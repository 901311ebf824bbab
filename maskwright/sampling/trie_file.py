"""Prefix tries as files: what was learnt about a target, kept for the next time.

    save_trie(trie, path, TrieOrigin.of("my-model", grammar, target)); trie = load_trie(path, TrieOrigin.of(...))

A trie is knowledge about one target: another model, grammar, prompt or budget makes its bounds wrong, and with them the
samples. So a file says where it comes from, by digests, and is refused for any other origin. The name of the model is
the caller's word, as weights cannot be compared; so is that of a soft target.

The file is one of arrays (`array_file`): checksummed, written atomically, nothing in it is executed. Its numbers are
checked before use, but the bounds are their author's word.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from maskwright.array_file import DamagedFileError, packed, read_regular, unpacked, write_atomically
from maskwright.errors import InvalidTrieFile
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.sampling.prefix_trie import MAX_NODES, Node, PrefixTrie
from maskwright.sampling.target import Target

FORMAT: Final = 1
_KIND: Final = "maskwright prefix trie"
_TYPES: Final = {"parents": np.int32, "tokens": np.int32, "is_seen": np.uint8, "bounds": np.float64}


@dataclass(frozen=True, slots=True)
class TrieOrigin:
    """What a trie was learnt from; tries of equal origins are interchangeable.

    model, soft_target: names that the caller gives.  grammar, prompt: digests.  max_tokens: the budget of the target.
    """

    model: str
    grammar: str
    prompt: str
    max_tokens: int
    soft_target: str = ""

    @classmethod
    def of(cls, model: str, grammar: CompiledGrammar, target: Target, soft_target: str = "") -> Self:
        """The origin of a target: names of model and soft target, digests of grammar and prompt."""
        return cls(
            model, _digest(grammar.to_bytes()), _digest_of_ids(target.prompt_ids), target.max_tokens, soft_target
        )


def save_trie(trie: PrefixTrie, path: str | os.PathLike[str], origin: TrieOrigin) -> None:
    """Write a trie, all of it or nothing; raises OSError."""
    nodes = trie.nodes
    columns: dict[str, list[Any]] = {
        "parents": [node.parent for node in nodes],
        "tokens": [node.token for node in nodes],
        "is_seen": [node.is_seen for node in nodes],
        "bounds": [(node.log_p, node.log_factor, node.log_rest, node.log_future) for node in nodes],
    }
    arrays = {name: np.array(columns[name], dtype) for name, dtype in _TYPES.items()}
    header = {"kind": _KIND, "format": FORMAT, "origin": asdict(origin), "knows_masks": trie.knows_masks}
    write_atomically(Path(path), packed(header, arrays))


def load_trie(path: str | os.PathLike[str], origin: TrieOrigin, max_nodes: int = MAX_NODES) -> PrefixTrie:
    """Read a trie that was learnt from `origin`; raises `InvalidTrieFile`, or OSError."""
    name = str(path)
    try:
        header, arrays = unpacked(read_regular(Path(path))[0])
    except DamagedFileError as error:
        raise InvalidTrieFile(str(error), name) from error
    if header.get("kind") != _KIND or header.get("format") != FORMAT:
        raise InvalidTrieFile(f"it is no {_KIND} of format {FORMAT}", name)
    if header.get("origin") != asdict(origin):
        raise InvalidTrieFile(f"it was learnt from another target: {_difference(header.get('origin'), origin)}", name)
    try:
        if any(arrays[key].dtype != dtype for key, dtype in _TYPES.items()):
            raise ValueError("its arrays have other types")
        parents, tokens, is_seen = (arrays[key].tolist() for key in ("parents", "tokens", "is_seen"))
        bounds = arrays["bounds"]
        is_sound = bounds.shape == (len(parents), 4) and not np.isnan(bounds).any() and not (bounds > 1e-9).any()
        if not is_sound or not parents or parents[0] != -1 or len({len(parents), len(tokens), len(is_seen)}) > 1:
            raise ValueError("its arrays do not fit together")
        trie = _restored(parents, tokens, is_seen, bounds.tolist(), max_nodes)
        if not isinstance(header["knows_masks"], bool | None):  # None: it was never used
            raise TypeError("whether it knows masks is not said")
        trie.knows_masks = header["knows_masks"]
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise InvalidTrieFile(f"its nodes cannot be read ({error})", name) from error
    return trie


def _restored(
    parents: list[int], tokens: list[int], is_seen: list[int], bounds: list[list[float]], max_nodes: int
) -> PrefixTrie:
    trie = PrefixTrie(max(max_nodes, len(parents)))
    trie.nodes.clear()
    for place, (parent, token, seen, bound) in enumerate(zip(parents, tokens, is_seen, bounds, strict=True)):
        log_p, log_factor, log_rest, log_future = bound
        trie.nodes.append(Node(parent, token, log_p, log_future, log_factor, log_rest, bool(seen)))
        if place:
            if not 0 <= parent < place or token < 0:
                raise ValueError(f"node {place} has the parent {parent} and the token {token}")
            trie.nodes[parent].children[token] = place
    return trie


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _digest_of_ids(ids: Sequence[int]) -> str:
    return _digest(np.array(ids, np.int64).tobytes())


def _difference(found: object, origin: TrieOrigin) -> str:
    kept = found if isinstance(found, dict) else {}
    return ", ".join(name for name, value in asdict(origin).items() if kept.get(name) != value)
