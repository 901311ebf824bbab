"""The mask against its definition: a token is allowed exactly if some member of the language continues with its bytes.

The judge is the naive recogniser, which shares no code with the engine: it decides by fixpoints over positions
whether a text is a prefix of a member. It is itself checked against plain enumeration of the language.
"""

from __future__ import annotations

import random

import pytest

import maskwright as mw
from maskwright.automata.passes import keep_productive
from maskwright.grammar.ir import Grammar
from maskwright.matching import mask_tables, own_interiors
from tests.naive.random_grammars import ALPHABET, language_up_to, random_grammar, random_vocabulary
from tests.naive.recogniser import Recogniser, is_viable

N_GRAMMARS = 320
N_GRAMMARS_DEEP = 3000
MAX_TEXT = 6
MAX_WORK = 60_000
"""The oracle may look at this many nodes for one grammar; ambiguous ones are cut short, all others are done in full."""


def productive_grammar(rng: random.Random) -> Grammar:
    """A random grammar that has a member; the naive recogniser wants productive rules only."""
    while True:
        try:
            return keep_productive(random_grammar(rng))
        except mw.EmptyLanguage:
            continue


def check_everywhere(grammar: Grammar, vocabulary: mw.Vocabulary) -> int:
    """Compare mask, `allows` and the oracle at every prefix of up to MAX_TEXT bytes; how many masks were compared."""
    compiled = mw.Compiler(vocabulary).compile_grammar(grammar)
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    eos = set(vocabulary.eos_token_ids)
    viable: dict[bytes, bool] = {}
    todo = [(b"", compiled.matcher())]
    seen = {b""}
    n_masks = work = 0
    while todo and work < MAX_WORK:
        text, matcher = todo.pop(0)
        matcher.fill_bitmask(row)
        n_masks += 1
        allowed = set(mw.allowed_tokens(row, vocabulary.size).tolist())
        judge = Recogniser(grammar, text)
        expected = set(eos) if judge.accepts() else set()
        work += judge.work
        for token in range(vocabulary.size):
            spelling = vocabulary.text_of(token)
            if spelling:
                longer = text + spelling
                if longer not in viable:
                    judge = Recogniser(grammar, longer)
                    viable[longer] = judge.is_viable()
                    work += judge.work
                if viable[longer]:
                    expected.add(token)
        assert allowed == expected, (grammar, text, vocabulary.token_bytes)
        assert allowed, "a dead end"
        assert {token for token in range(vocabulary.size) if matcher.allows(token)} == allowed
        assert matcher.is_accepting() == bool(eos & allowed)
        for token in allowed - eos:
            longer = text + vocabulary.text_of(token)
            if len(longer) <= MAX_TEXT and longer not in seen:
                seen.add(longer)
                branch = matcher.fork()
                branch.accept_token(token)
                todo.append((longer, branch))
    return n_masks


@pytest.mark.parametrize("block", range(8))
def test_masks_equal_the_oracle_on_random_grammars(block: int) -> None:
    n_masks = 0
    for seed in range(block * N_GRAMMARS // 8, (block + 1) * N_GRAMMARS // 8):
        rng = random.Random(seed)
        n_masks += check_everywhere(productive_grammar(rng), random_vocabulary(rng))
    assert n_masks > N_GRAMMARS // 8


def test_masks_equal_the_oracle_where_all_that_is_shared_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mask_tables, own_interiors):
        monkeypatch.setattr(module, "MAX_LISTED", 0)
    test_masks_equal_the_oracle_on_random_grammars(8)


@pytest.mark.deep
@pytest.mark.parametrize("block", range(30))
def test_masks_equal_the_oracle_on_many_random_grammars(block: int) -> None:
    for seed in range(block * N_GRAMMARS_DEEP // 30, (block + 1) * N_GRAMMARS_DEEP // 30):
        rng = random.Random(100_000 + seed)
        check_everywhere(productive_grammar(rng), random_vocabulary(rng))


@pytest.mark.no_jit
def test_masks_equal_the_oracle_on_a_few_grammars() -> None:
    for seed in range(12):
        rng = random.Random(seed)
        check_everywhere(productive_grammar(rng), random_vocabulary(rng))


def test_the_oracle_agrees_with_enumeration() -> None:
    compared = 0
    for seed in range(40):
        rng = random.Random(1000 + seed)
        grammar = productive_grammar(rng)
        members = language_up_to(grammar, 6)
        prefixes = {member[:n] for member in members for n in range(len(member) + 1)}
        for prefix in prefixes:
            assert is_viable(grammar, prefix)
        # A short text that is viable but prefixes no short member must owe it to members that are longer.
        for first in ALPHABET:
            text = bytes([first])
            if text not in prefixes and is_viable(grammar, text):
                assert all(len(member) == 0 or not member.startswith(text) for member in members)
        compared += len(prefixes)
    assert compared > 200
