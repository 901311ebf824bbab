"""Small random Lark grammars whose terminals get in each other's way, over two or three letters.

Terminals are drawn from lists of texts and patterns that overlap: keywords inside identifiers, patterns that look at
what follows, lazy ones, priorities, some of them ignored. A third of the grammars is refused by lark for conflicts; of
the others nearly all have a language that differs from that of the same rules read character by character.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

TEXTS = ('"a"', '"b"', '"ab"', '"ba"', '"aa"', '"c"', '"A"i', '"aB"i', '"bb"', '"abc"')
PATTERNS = (
    *("a+", "ab?", "a|ab", "[ab]+", "b+?a", "b+", "[ab]", "ab*", "a*b", "(?:ab)+", "[ab]{2}", "[ab]{1,2}", "ba+?"),
    *("(?:|a)*b", "[abc]+", "c[ab]*c", "[^c]+c?", "c+"),
)
LOOKING = (
    r"a\b",
    "a(?!b)",
    "a+(?=b)",
    "(a|ab)(?!ba)",
    "a(?!bb)",
    "b(?!a)",
    "b(?=a)",
    "a(?!bc)|ab",
    "a(?!c)",
    "ab(?!c)",
)
"""Patterns whose match depends on what follows it."""


@dataclass(frozen=True, slots=True)
class RandomLarkGrammar:
    """A grammar text with the letters that its texts are made of."""

    text: str
    alphabet: str


def random_lark_grammar(rng: random.Random, *, looks: bool = True) -> RandomLarkGrammar:
    """A grammar; without `looks` no terminal depends on what follows it."""
    terminals = {name: _terminal(rng, looks) for name in "ABCD"[: rng.randint(2, 4)]}
    rules = ["start", "r", "s"][: rng.randint(1, 3)]
    lines = []
    for rule in rules:
        recursive = [rule] if rule != "start" or rng.random() < 0.3 else []
        names = [*terminals, *rules[1:], *recursive]
        alternatives = [_expression(rng, names, 2) for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.1:
            alternatives.append("")
        priority = rng.choice(("", "", "", ".2")) if rule != "start" else ""
        lines.append(f"{rule}{priority}: {' | '.join(alternatives)}")
    for name, definition in terminals.items():
        lines.append(f"{name}{rng.choice(('', '', '', '', '.1', '.2', '.-1'))}: {definition}")
    if rng.random() < 0.35:
        lines.append("%ignore " + rng.choice([*terminals, '"c"', "/c+/", '"b"']))
    text = "\n".join(lines)
    uses_c = any("c" in part.split("%ignore")[-1].split(":")[-1].lower() for part in lines if part[0] in "ABCD%")
    return RandomLarkGrammar(text, "abc" if uses_c else "ab")


def _terminal(rng: random.Random, looks: bool) -> str:
    if rng.random() < 0.5:
        return rng.choice(TEXTS)
    return f"/{rng.choice(PATTERNS + LOOKING if looks else PATTERNS)}/"


def _expression(rng: random.Random, names: list[str], depth: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.35:
        return rng.choice(names)
    if kind < 0.6:
        return " ".join(_expression(rng, names, depth - 1) for _ in range(rng.randint(2, 3)))
    if kind < 0.8:
        return f"({_expression(rng, names, depth - 1)} | {_expression(rng, names, depth - 1)})"
    return f"({_expression(rng, names, depth - 1)}){rng.choice('*+?')}"


BLOCKS = (
    "block: NAME | NAME _NL | NAME _NL _INDENT block+ _DEDENT",
    'block: NAME _NL | NAME ":" _NL _INDENT block+ _DEDENT',
    'block: NAME (":" NAME)* _NL | "(" NAME ")" _NL _INDENT block+ _DEDENT',
    'block: NAME _NL [_INDENT block+ _DEDENT] | "(" NAME+ ")" _NL',
    'block: NAME [":" _NL _INDENT (block | "(" _NL? NAME ")" _NL)+ _DEDENT] _NL',
)
STARTS = ("start: block+", "start: _NL* block+", "start: (_NL | block)*", "start: block _NL?")
LINE_BREAKS = (
    r"_NL: /\n[\t ]*/",
    r"_NL: /(\n[\t ]*)+/",
    r"_NL: /(\r?\n[\t ]*)+/",
    r"_NL: /(\n[\t ]*|#[^\n]*)+/",
    r"_NL: /\n( |\t)*(#[^\n]*)?/",
    '_NL: "\\n" / */',
)
IGNORED = ("", '%ignore " "', "%ignore /[ \\t]+/", "%ignore /#[^\\n]*/", '%ignore " "\n%ignore /#[^\\n]*/')
BLOCK_ALPHABET = "a:\n ()\t#"


def random_layout_grammar(rng: random.Random) -> str:
    """A grammar of blocks by indentation, for an indenter with these names and round parentheses LPAR and RPAR."""
    lines = [rng.choice(STARTS), rng.choice(BLOCKS), rng.choice(("NAME: /a+/", 'NAME: "a"', "NAME: /a|aa/"))]
    lines += [rng.choice(LINE_BREAKS), "%declare _INDENT _DEDENT", *rng.choice(IGNORED).split("\n")]
    return "\n".join(line for line in lines if line)
