r"""Patterns in ECMA-262 against a foreign judge: `new RegExp(pattern, "u")` of node, where node is installed.

A pattern that the flag `u` refuses is judged without it, on ASCII texts, where both readings count characters alike;
not where it has a \p{...}, which without the flag is a `p` in ECMA-262 and for us a property still.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import unicodedata
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


IGNORING_CASE = [
    r"^\w$", r"^\W$", r"^[^\W]$", r"^[\w]$", r"^[\W]$", r"^[^\w]$", r"^[^k]$", r"^\p{Lu}$", r"^\P{Lu}$",
    r"^[^\P{Lu}]$", r"^[^\p{Lu}]$", "^ß$", "^[Ǆ-ǌ]$", "^\u0345$", "^[Ꭰ-Ᏼ]$", "^İ$", "^ı$", "^[a-z]$", "^[α-ω]$",
    r"^s\b.?$", "^[ﬅ]$", "^[ΐ]$",
]  # fmt: skip


def test_ignoring_case_agrees_with_node() -> None:
    later = "\u019b\u0264\ua7d3\ua7d5"  # got capitals after the Unicode version of Python
    texts = [c for c in map(chr, range(0x20000)) if unicodedata.category(c) not in ("Cn", "Cs") and c not in later]
    wrong, n_taken = disagreements([(pattern, "i") for pattern in IGNORING_CASE], texts)
    assert [(pattern, text) for pattern, _, text in wrong] == []
    assert n_taken == len(IGNORING_CASE)


ANNEX_B = [
    r"\-\_\/\#", r"a{", r"a{,2}", r"{", r"}", r"]", r"x{2,1", r"[\w-.]", r"[\d-z]", r"[a-\d]", r"[--/]", r"[]-a]",
    r"^[\w\-\.]+$", r"\cJ", r"[[:alpha:]]", r"[a&&b]", r"(?=a)*b", r"(?!a){2}", r"[\b]", r"\0", "a\\\n", r"\é", r"\ ",
    r"[\-a]", r"[a-\-]", r"[+--]", r"[^\]]", r"[\[\]]", r"[[]", r"\}", r"\{a\}", r"\$\{a\}", r"{{a}}", r"a{1}{",
    r"\'", r"\:", r"\@", r"\%", r'\"', r"(?<=a)*", r"(?<=a)?b", r"^*", r"$*", r"\b*", r"a**", r"a{1}{2}", r"x{2,1}",
    r"[z-a]", r"(?<1>a)", r"(?<$>a)", r"[\s-\d]", r"[\W-\x20]", r"\x4", r"\u004", r"\u{110000}", r"\c", r"[\c]",
    r"\c1", r"[\c1]", r"\8", r"\07", r"[\1]", r"\_[\_]",
]  # fmt: skip


def test_leniency_is_that_of_annex_b_or_a_refusal() -> None:
    words = "aa a{ a{,2} x{2,1 -_/# b p] a] {{a}} ${a} {a} a{1}{".split()
    texts = [*map(chr, range(128)), *words]
    wrong, n_taken = disagreements([(pattern, "") for pattern in ANNEX_B], texts)
    assert wrong == []
    assert n_taken > 40
