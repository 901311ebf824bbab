"""Random texts near a language: members derived from the trees of the naive readers, and the same with a few faults."""

from __future__ import annotations

import random
import re
from functools import lru_cache
from typing import Any

Tree = tuple[Any, ...]
ALPHABET = [chr(code) for code in range(0x09, 0x7F)] + list("éÀ·αβλω€😀\U0010ffff")
MAX_LENGTH = 16


@lru_cache(maxsize=1000)
def members_of(pattern: re.Pattern[str]) -> list[str]:
    return [character for character in ALPHABET if pattern.match(character)] or [
        chr(code) for code in range(0x110000) if pattern.match(chr(code))
    ][:5]


def derived(rules: dict[str, Tree], tree: Tree, chance: random.Random, depth: int = 0) -> str:
    """A text of the tree; deep down the shortest-looking way is taken. What is excluded may come out too."""
    match tree:
        case ("text", str(words)):
            return words
        case ("class", pattern):
            return chance.choice(members_of(pattern))
        case ("rule", str(name)):
            return derived(rules, rules[name], chance, depth + 1)
        case ("sequence", *items):
            return "".join(derived(rules, item, chance, depth) for item in items)
        case ("choice", *choices):
            picked = chance.choice(choices) if depth < 8 else min(choices, key=lambda item: len(repr(item)))
            return derived(rules, picked, chance, depth + 1)
        case ("repeat", body, int(least), most):
            more = 0 if depth > 8 else min(chance.choice((0, 0, 1, 1, 2, 3)), 99 if most is None else most - least)
            return "".join(derived(rules, body, chance, depth + 1) for _ in range(least + more))
        case ("minus", left, _):
            return derived(rules, left, chance, depth)
    return ""


def texts_near(rules: dict[str, Tree], start: str, known: list[str], n_texts: int, seed: int) -> list[str]:
    """Different texts, about half of them members; `known` come first and are varied like all others."""
    chance = random.Random(seed)
    texts = dict.fromkeys(known)
    pool = list(known)
    for _ in range(50 * n_texts):
        if len(texts) >= n_texts:
            break
        try:
            text = derived(rules, ("rule", start), chance) if chance.random() < 0.5 else chance.choice(pool)
        except RecursionError:
            continue
        for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 3))):
            text = _varied(text, chance, pool)
        if len(text) <= MAX_LENGTH:
            texts[text] = None
            pool.append(text)
    return list(texts)[:n_texts]


def _varied(text: str, chance: random.Random, pool: list[str]) -> str:
    place = chance.randrange(len(text) + 1)
    character = chance.choice(chance.choice(pool) or " ") if chance.random() < 0.7 else chance.choice(ALPHABET)
    match chance.randrange(4):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + character + text[place:]
        case 2:
            return text[:place] + character + text[place + 1 :]
    other = chance.randrange(len(text) + 1)
    return text[:place] + text[other:]
