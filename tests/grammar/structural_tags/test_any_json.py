"""Whatever is given as a tag: a grammar that can be begun and finished, or an error of ours."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from maskwright.errors import MaskwrightError
from maskwright.matching.bitmask import allocate_bitmask, allowed_tokens
from maskwright.matching.compiler import Compiler
from tests.grammar.structural_tags.reading import SPECIAL
from tests.grammar.structural_tags.test_families import FAMILIES, cases
from tests.grammar.structural_tags.test_formats import TEXTS

JUNK: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "<", [], {}, {"type": "any_text"}, "</a>", [""], 2**40, "\ud800", "json_schema",
    "tag", "qwen_xml", "gemma", ["a", "b"], {"type": "token", "token": "<|call|>"}, {"type": "token", "token": 5},
]  # fmt: skip
N_TAGS = 400


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from paths(one, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def spoil(tag: Any, rng: random.Random) -> None:
    """Replace a part of a tag by junk or by another part, or take it out."""
    known = list(paths(tag))
    if not known:
        return
    path = rng.choice(known)
    parent, key = at(tag, path[:-1]), path[-1]
    way = rng.random()
    if way < 0.6:
        parent[key] = copy.deepcopy(rng.choice(JUNK))
    elif way < 0.8:
        del parent[key]
    else:
        parent[key] = copy.deepcopy(at(tag, rng.choice(known)))


@pytest.mark.parametrize("seed", range(4))
def test_a_spoiled_tag_is_read_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    seeds: list[Any] = [{"format": given} for given, *_ in TEXTS.values()]
    seeds += [case["tag"] for family in FAMILIES for case in cases(family)[:2]]
    compiler = Compiler(SPECIAL)
    n_read = 0
    for _ in range(N_TAGS):
        tag = copy.deepcopy(rng.choice(seeds))
        for _ in range(rng.randint(1, 3)):
            spoil(tag, rng)
        try:
            matcher = compiler.compile_structural_tag(tag).matcher()
        except MaskwrightError as error:
            str(error)
            continue
        n_read += 1
        for _ in range(5):
            mask = allocate_bitmask(1, SPECIAL.size)
            matcher.fill_bitmask(mask[0])
            allowed = [int(token) for token in allowed_tokens(mask[0])]
            assert allowed, tag
            token = rng.choice(allowed)
            matcher.accept_token(token)
            if token in SPECIAL.eos_token_ids:
                break
    assert n_read > N_TAGS // 20
