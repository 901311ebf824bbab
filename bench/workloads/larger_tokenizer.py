"""Tokenizers larger than any at hand, made of one at hand: its tokens, and pairs of them that are frequent in texts.

What byte-pair encoding would add next are frequent pairs, so these are added as its last merges, most frequent first.
They are taken from schemas and their instances, across the borders that the tokenizer itself draws between words, as
the largest real vocabularies do too; so there are more tokens that mix punctuation and words than in a real vocabulary
of that size, and masks are rather harder. Special tokens keep their ids in the middle.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from pathlib import Path

BATCH = 500

Pair = tuple[str, str]


def frequent_pairs(folder: Path, texts: Sequence[str]) -> list[Pair]:
    """Pairs of tokens that stand beside each other and are no token together, most frequent first."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    counts: Counter[Pair] = Counter()
    for begin in range(0, len(texts), BATCH):
        for encoding in tokenizer.encode_batch(list(texts[begin : begin + BATCH]), add_special_tokens=False):
            counts.update(pairwise(encoding.tokens))
    known = tokenizer.get_vocab()
    return [pair for pair, _ in counts.most_common() if "".join(pair) not in known]


def write_larger_tokenizer(source: Path, target: Path, size: int, pairs: Iterable[Pair]) -> None:
    """Write a tokenizer of `size` tokens; raises ValueError where there are too few pairs for that."""
    description = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary, merges = description["model"]["vocab"], description["model"]["merges"]
    first = 1 + max(*vocabulary.values(), *(token["id"] for token in description["added_tokens"]))
    # Two pairs may spell the same text: the more frequent one stays.
    chosen = {"".join(pair): pair for pair in reversed(list(pairs))}
    ranked = list(islice(reversed(chosen.items()), size - first))
    if len(ranked) < size - first:
        raise ValueError(f"{len(ranked):,} pairs are too few for a tokenizer of {size:,} tokens")
    for token, (text, pair) in enumerate(ranked, start=first):
        vocabulary[text] = token
        merges.append(list(pair))
    target.mkdir(parents=True)
    (target / "tokenizer.json").write_text(json.dumps(description, ensure_ascii=False), encoding="utf-8")
    shutil.copy(source / "tokenizer_config.json", target)
