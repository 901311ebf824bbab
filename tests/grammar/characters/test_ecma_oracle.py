r"""Patterns in ECMA-262 against a foreign judge: `new RegExp(pattern, "u")` of node, where node is installed.

A pattern that the flag `u` refuses is judged without it, on ASCII texts, where both readings count characters alike;
not where it has a \p{...}, which without the flag is a `p` in ECMA-262 and for us a property still.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import Any

import pytest

from maskwright.errors import LimitExceeded, MaskwrightError
from maskwright.grammar.characters import search_language

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node, the judge of ECMA-262 patterns, is not installed")

JUDGE = """
const {patterns, texts} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const compiled = (p, flags) => { try { return new RegExp(p, flags + 'y') } catch { return null } };
const found = (r, t) => {
  for (let i = 0; i <= t.length; i += t.codePointAt(i) > 0xFFFF ? 2 : 1) {
    r.lastIndex = i;
    if (r.test(t)) return 1;
  }
  return 0;
};
console.log(JSON.stringify(patterns.map(([p, flags]) => {
  const strict = compiled(p, flags + 'u'), r = strict || compiled(p, flags);
  return r && [strict !== null, texts.map(t => found(r, t))];
})));
"""
"""Searches by itself, from one code point to the next, because V8 also looks within surrogate pairs."""

ATOMS = [
    "a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\W", r"\d", r"\s", "_", "é", "😀", r"\u{1F600}", r"[\w-]", "[a-c_]",
    r"[^\S]", r"\x41", "-", "]", "[^]", r"\p{Lu}", r"\P{L}", r"[\p{L}_]", r"\/", r"\-", r"\$",
]  # fmt: skip
ANCHORS = ["^", "$", r"\b", r"\B"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}", "{0}"]
GROUPS = ["(%s)", "(?:%s)", "(?=%s)", "(?!%s)", "(?<=%s)", "(?<!%s)", "(?<name>%s)"]
TEXTS = ["", *"abcA_1é-]/$😀 \n", "ab", "ba", "aa", "bb", "abc", "a b", "a\nb", "_a", "Aé", "aab", "bab", "abba", "😀a",
    "a😀b", "c-a", "cab", "bcb", "aaaa", "é é", "\u2028", "Kk", "ſs"]  # fmt: skip


def random_pattern(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.2:
        return rng.choice(ATOMS if rng.random() < 0.75 else ANCHORS)
    if kind < 0.5:
        return "".join(random_pattern(rng, depth - 1) for _ in range(rng.randint(1, 3)))
    if kind < 0.6:
        return "(?:" + "|".join(random_pattern(rng, depth - 1) for _ in range(2)) + ")"
    if kind < 0.85:
        group = rng.choice(GROUPS).replace("name", f"n{rng.randrange(10**9)}")
        return group % random_pattern(rng, depth - 1)
    return f"(?:{random_pattern(rng, depth - 1)}){rng.choice(QUANTIFIERS)}"


def judged(patterns: list[tuple[str, str]], texts: list[str]) -> list[Any]:
    """For each (pattern, flags) None where it is no pattern at all, or [valid with u, [does it match each text]]."""
    assert NODE is not None
    asked = json.dumps({"patterns": patterns, "texts": texts})
    done = subprocess.run([NODE, "-e", JUDGE], input=asked, capture_output=True, text=True, timeout=60, check=True)
    return list(json.loads(done.stdout))


def disagreements(patterns: list[tuple[str, str]], texts: list[str]) -> tuple[list[Any], int]:
    """Texts judged differently, or patterns that we take and the judge does not; and how many patterns we took."""
    wrong: list[Any] = []
    n_taken = 0
    for (pattern, flags), verdict in zip(patterns, judged(patterns, texts), strict=True):
        try:
            language = search_language(f"(?{flags}:{pattern})" if flags else pattern)
        except MaskwrightError as error:
            if verdict is not None and verdict[0] and not isinstance(error, LimitExceeded):
                wrong.append((pattern, flags, "refused", str(error)))
            continue
        if verdict is None:
            wrong.append((pattern, flags, "taken"))
            continue
        n_taken += 1
        for text, matches in zip(texts, verdict[1], strict=True):
            is_alike = verdict[0] or (text.isascii() and "\\p" not in pattern.lower())
            if is_alike and language.accepts(text) != bool(matches):
                wrong.append((pattern, flags, text))
    return wrong, n_taken


@pytest.mark.parametrize("seed", range(3))
def test_random_patterns_agree_with_node(seed: int) -> None:
    rng = random.Random(seed)
    patterns = [(random_pattern(rng, 4), "") for _ in range(300)]
    wrong, n_taken = disagreements(patterns, TEXTS)
    assert wrong == []
    assert n_taken > 200
