r"""Binary properties of `\p{...}`: laws between them, and all of them against node, where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import unicodedata

import pytest

from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters import search_language
from maskwright.grammar.characters.character_set import CharacterSet, character_set
from maskwright.grammar.characters.properties import BINARY_PROPERTIES, property_set
from maskwright.grammar.characters.unicode_classes import FIRST_EMPTY, LAST_EMPTY, LONG_CATEGORY_NAMES

NODE = shutil.which("node")
RANGES = """
const result = {};
for (const name of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
  const r = new RegExp('^\\\\p{' + name + '}$', 'u'), ranges = [];
  let begin = -1;
  for (let c = 0; c <= 0x110000; c++) {
    const member = c < 0x110000 && (c < 0xd800 || c > 0xdfff) && r.test(String.fromCodePoint(c));
    if (member && begin < 0) begin = c;
    if (!member && begin >= 0) { ranges.push([begin, c - 1]); begin = -1 }
  }
  result[name] = ranges;
}
console.log(JSON.stringify(result));
"""
CHANGED_SINCE = 10
"""Characters of Python's version of Unicode, at most, that have lost or gained one property in the judge's version."""


def known(name: str) -> CharacterSet:
    found = property_set(None, name)
    assert found is not None
    return found


def test_properties_keep_the_laws_of_unicode() -> None:
    assert known("Cased") == known("Upper") | known("Lower") | known("Lt")
    assert known("Changes_When_Casemapped") == known("CWL") | known("CWU") | known("CWT")
    assert (known("XID_Start") - known("ID_Start")).ranges == ()
    assert (known("ID_Start") - known("ID_Continue")).ranges == ()
    assert (known("ASCII_Hex_Digit") - known("Hex")).ranges == ()
    assert known("Any") - known("Assigned") == known("Cn")


def test_planes_that_are_not_looked_at_are_empty() -> None:
    assert {unicodedata.category(chr(code)) for code in range(FIRST_EMPTY, LAST_EMPTY + 1)} == {"Cn"}
    no_case = map(chr, range(0x20000, 0x110000))
    assert all(c.lower() == c == c.upper() == c.casefold() for c in no_case)


@pytest.mark.parametrize(
    "name", ["Script=Greek", "sc=Grek", "scx=Latn", "Emoji", "Alphabetic", "letter", "gc=Any", "gc=ASCII", "uppercase"]
)
def test_what_python_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(UnsupportedPattern) as caught:
        search_language(rf"^\p{{{name}}}$")
    assert str(caught.value) == (
        rf"The Unicode property '{name}' at position 1 of the pattern '^\\p{{{name}}}$' cannot be enforced exactly: "
        r"known are categories such as \p{L} and binary properties such as \p{Lowercase}; write out the ranges."
    )


@pytest.mark.skipif(NODE is None, reason="node, the judge of ECMA-262 properties, is not installed")
def test_properties_are_those_of_node() -> None:
    assert NODE is not None
    names = [*BINARY_PROPERTIES, *LONG_CATEGORY_NAMES, *LONG_CATEGORY_NAMES.values()]
    done = subprocess.run([NODE, "-e", RANGES], input=json.dumps(names), capture_output=True, text=True, check=True)
    unassigned = known("Cn")
    for name, ranges in json.loads(done.stdout).items():
        theirs = character_set((low, high) for low, high in ranges)
        differing = ((known(name) - theirs) | (theirs - known(name))) - unassigned
        assert differing.size <= CHANGED_SINCE, name
