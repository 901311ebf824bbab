"""Ten thousand texts in progress on fifty grammars: each is where its own tokens lead, and weighs little."""

from __future__ import annotations

import random
import sys

import maskwright as mw
from tests.matching.counted_brackets import VOCABULARY, allowed, brackets, mask_of, random_text

N_MATCHERS, N_GRAMMARS, N_TOKENS = 10_000, 50, 12


class Text:
    """A matcher, and what it should say."""

    def __init__(self, grammar: mw.CompiledGrammar, tokens: list[int], masks: list[list[int]]) -> None:
        self.matcher = grammar.matcher()
        self.tokens = tokens
        self.masks = masks
        self.position = 0

    def is_right(self) -> bool:
        """Is the mask of the matcher that of its text?"""
        return mask_of(self.matcher) == self.masks[self.position]

    def step(self, chance: random.Random) -> None:
        """One token more, or some fewer; now and then a fork goes on in the matcher's place."""
        what = chance.random()
        if what < 0.1:
            self.matcher = self.matcher.fork()
        elif what < 0.2:
            n = chance.randrange(self.position + 1)
            self.matcher.rollback(n)
            self.position -= n
        if self.position < len(self.tokens) - 1:
            self.matcher.accept_token(self.tokens[self.position])
            self.position += 1


def test_ten_thousand_texts_in_turn_are_where_their_tokens_lead() -> None:
    compiler = mw.Compiler(VOCABULARY, max_bytes=8 << 20)
    chance = random.Random(0)
    pool = []
    for most in range(1, N_GRAMMARS + 1):
        grammar = compiler.compile_grammar(brackets(most))
        pool += [(grammar, *random_text(chance, N_TOKENS, most)) for _ in range(20)]
    texts = [Text(*chance.choice(pool)) for _ in range(N_MATCHERS)]
    for _ in range(6):
        for text in chance.sample(texts, N_MATCHERS):
            text.step(chance)
        assert all(text.is_right() for text in chance.sample(texts, 1500))
    kept = texts[: N_MATCHERS // 2]
    del texts  # the other half is cancelled at once
    for text in kept:
        before = text.matcher.fork()
        text.step(chance)
        assert mask_of(before) in text.masks
    assert all(text.is_right() for text in kept)


def test_a_text_weighs_two_words_a_token_and_half_a_kilobyte() -> None:
    """Places and masks are shared by all texts of a grammar."""
    grammar = mw.Compiler(VOCABULARY).compile_grammar(brackets(9))
    tokens, _ = random_text(random.Random(3), 200)
    matcher = grammar.matcher()
    matcher.accept_tokens(tokens)
    trail = matcher.trail
    own = (matcher, trail, trail.places, trail.reads, trail.notes)
    assert sum(map(sys.getsizeof, own)) < 512 + 3 * 8 * len(tokens)  # lists have room to grow
    assert allowed(()) == [12]
