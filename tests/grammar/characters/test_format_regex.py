"""The format `regex`: random members against our own parser and, where it is installed, node."""

from __future__ import annotations

import json
import random
import shutil
import subprocess

import pytest

from maskwright.errors import GrammarSyntaxError, MaskwrightError
from maskwright.grammar.characters import format_language, least_to_accept
from maskwright.grammar.characters.dialect import ECMA
from maskwright.grammar.characters.parser import parse

NODE = shutil.which("node")
JUDGE = """
const isPattern = p => { try { new RegExp(p, 'u'); return true } catch { return false } };
console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(isPattern)));
"""


def random_members(n_members: int, seed: int) -> list[str]:
    """Random walks through the automaton, with any character of a class, ended on the shortest way."""
    language = format_language("regex")
    assert language is not None
    rng = random.Random(seed)
    ranges, table, least = language.alphabet.ranges(), language.transitions.tolist(), least_to_accept(language)
    members = []
    for _ in range(n_members):
        state, text, wanted = 0, "", rng.randint(1, 25)
        while len(text) < wanted or not language.accepting[state]:
            classes = [cls for cls, target in enumerate(table[state]) if target >= 0]
            if len(text) >= wanted:
                classes = [cls for cls in classes if least[table[state][cls]] < least[state]]
            cls = rng.choice(classes)
            low, high = rng.choice(ranges[cls])
            text += chr(rng.randint(low, min(high, low + 300)))
            state = table[state][cls]
        members.append(text)
    return members


def test_every_member_parses_or_has_no_language() -> None:
    for text in random_members(1_000, 1):
        try:
            parse(text, ECMA)
        except GrammarSyntaxError as error:
            pytest.fail(f"{text!r}: {error}")
        except MaskwrightError:
            continue


@pytest.mark.skipif(NODE is None, reason="node, the judge of ECMA-262 patterns, is not installed")
def test_every_member_is_a_pattern_to_node() -> None:
    assert NODE is not None
    members = random_members(3_000, 2)
    done = subprocess.run([NODE, "-e", JUDGE], input=json.dumps(members), capture_output=True, text=True, check=True)
    assert [text for text, valid in zip(members, json.loads(done.stdout), strict=True) if not valid] == []
