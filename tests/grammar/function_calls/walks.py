"""Random members of a grammar: a walk over single bytes and the special tokens of a format."""

from __future__ import annotations

import re

import numpy as np

import maskwright as mw
from maskwright.grammar.function_calls.call_format import CallFormat, Channels
from maskwright.grammar.structural_tags.gemma import MARK
from maskwright.grammar.structural_tags.styles import FLAT_STYLES
from maskwright.matching.random_texts import Habits, Walker

SPECIAL = re.compile(r"<[^<>\s\"=/]*>|</[^<>\s\"=]*>|\[[A-Z_]+\]")
EOS = 256
LONGEST = 600
TIRED = 120
"""From so many tokens on a walk takes what ends things wherever it can."""

CLOSING = ('"', "]", "}", MARK, *(style.closing for style in FLAT_STYLES.values()))


def fixed_texts(form: CallFormat) -> list[str]:
    """Every fixed text of a format."""
    texts = [piece for spelling in form.calls for piece in spelling if isinstance(piece, str)]
    around = form.around
    if isinstance(around, Channels):
        texts += [around.separator, around.reasoning, around.preamble, around.answer, *around.ends]
    else:
        texts += [
            around.section.begin,
            around.section.end,
            around.marker,
            around.text_begin,
            around.text_end,
            around.tail,
        ]
    if form.reasoning is not None:
        texts += [form.reasoning.begin, form.reasoning.end]
    if form.style in FLAT_STYLES:
        style = FLAT_STYLES[form.style]
        texts += [style.opening, style.closing, *(text for texts in style.between.values() for text in texts)]
    return [*dict.fromkeys(text for text in texts if text)]


def special_tokens(form: CallFormat) -> list[str]:
    """The marks that a tokenizer of the family might have as one token each."""
    return [*dict.fromkeys(mark for text in fixed_texts(form) for mark in SPECIAL.findall(text))]


def vocabulary_of(form: CallFormat) -> mw.Vocabulary:
    """All single bytes, an end, and the special tokens."""
    names = special_tokens(form)
    return mw.Vocabulary(
        [*(bytes([byte]) for byte in range(256)), b"", *(name.encode() for name in names)],
        eos_token_ids=[EOS],
        special_token_ids=[*range(257, 257 + len(names))],
        special_token_names={name: 257 + place for place, name in enumerate(names)},
    )


def walk(compiled: mw.CompiledGrammar, form: CallFormat, rng: np.random.Generator) -> str | None:
    """A random member; None if the walk got too long."""
    names = compiled.vocabulary.special_token_names
    pieces = [[names[text]] if text in names else list(text.encode()) for text in (*CLOSING, *fixed_texts(form))]
    walker = Walker(compiled.vocabulary, Habits(pieces=pieces, takes_piece=0.3, tired=TIRED, longest=LONGEST))
    text = walker.text(compiled.matcher(), rng)
    return None if text is None else text.decode()
