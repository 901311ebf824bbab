"""Random members of a grammar: a walk over single bytes and the special tokens of a format."""

from __future__ import annotations

import re

import numpy as np

import maskwright as mw
from maskwright.grammar.function_calls.call_format import CallFormat, Channels
from maskwright.grammar.structural_tags.gemma import MARK
from maskwright.grammar.structural_tags.styles import FLAT_STYLES

SPECIAL = re.compile(r"<[^<>\s\"=/]*>|</[^<>\s\"=]*>|\[[A-Z_]+\]")
EOS = 256
LONGEST = 600
TIRED = 120
"""From so many tokens on a walk takes what ends things wherever it can."""

CLOSING = ('"', "]", "}", MARK, *(style.closing for style in FLAT_STYLES.values()))
LETTERS = frozenset(b'abz 019"\\n{}[]:,<>/|\n\xc3\xa9')


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
    matcher = compiled.matcher()
    vocabulary = compiled.vocabulary
    names = vocabulary.special_token_names
    pieces = [list(text.encode()) for text in fixed_texts(form)]
    closing = [[names[text]] if text in names else list(text.encode()) for text in (*CLOSING, *fixed_texts(form))]
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    taken: list[int] = []
    while len(taken) < LONGEST:
        if matcher.is_accepting() and taken and (len(taken) > TIRED or rng.random() < 0.3):
            break
        forced = matcher.forced_bytes()
        if forced and rng.random() < 0.95:
            step = list(forced)
        else:
            matcher.fill_bitmask(row)
            allowed = [token for token in mw.allowed_tokens(row) if token != EOS]
            if not allowed:
                break
            step = _step(matcher, allowed, closing if len(taken) > TIRED else pieces, len(taken) > TIRED, rng)
        for token in step:
            matcher.accept_token(token)
        taken += step
    if not matcher.is_accepting():
        return None
    try:
        return b"".join(vocabulary.token_bytes[token] for token in taken).decode()
    except UnicodeDecodeError:
        return None


def _step(
    matcher: mw.Matcher, allowed: list[int], pieces: list[list[int]], is_tired: bool, rng: np.random.Generator
) -> list[int]:
    possible = [piece for piece in pieces if piece[0] in allowed and _can_follow(matcher, piece)]
    special = [token for token in allowed if token > EOS]
    if special and rng.random() < (0.9 if is_tired else 0.5):
        return [special[int(rng.integers(len(special)))]]
    if possible and (is_tired or rng.random() < 0.3):
        return possible[0] if is_tired and rng.random() < 0.8 else possible[int(rng.integers(len(possible)))]
    usual = [token for token in allowed if token in LETTERS]
    choices = usual if usual and rng.random() < 0.97 else allowed
    return [int(choices[int(rng.integers(len(choices)))])]


def _can_follow(matcher: mw.Matcher, piece: list[int]) -> bool:
    n = 0
    for token in piece:
        if not matcher.allows(token):
            break
        matcher.accept_token(token)
        n += 1
    matcher.rollback(n)
    return n == len(piece)
