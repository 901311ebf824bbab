"""Random written grammars for the laws of printers and converters: the rules root, a and b-2 over a few characters."""

from __future__ import annotations

from hypothesis import strategies as st

from maskwright.grammar.characters.character_set import ANY_CHARACTER, character_set
from maskwright.grammar.notation.written import (
    EMPTY,
    Characters,
    Difference,
    Expression,
    Reference,
    Repetition,
    SpecialToken,
    WrittenGrammar,
    WrittenRule,
    choice,
    sequence,
    text,
)

NAMES = ("root", "a", "b-2")
texts = st.text("ab\"'\\é\n[]-^/#\x00\U0001f600", min_size=1, max_size=3).map(text)
single_texts = st.text("abé", min_size=1, max_size=2).map(text)
code_points = st.sampled_from(
    [ord(character) for character in "ab\"'\\é\n[]-^/#&~|c\x00\U0001f600\ud7ff\ue000\U0010ffff"]
)
classes = st.lists(st.tuples(code_points, code_points).map(sorted), min_size=1, max_size=4).map(
    lambda ranges: Characters(character_set([(low, high) for low, high in ranges]))
)
negated = classes.filter(lambda item: item.members != ANY_CHARACTER).map(lambda item: Characters(~item.members))
any_character = st.just(Characters(ANY_CHARACTER))
references = st.sampled_from(NAMES).map(Reference)
counts = st.sampled_from([(0, None), (1, None), (0, 1), (2, 2), (0, 2), (1, 3), (2, None), (0, 0)])
token_ids = st.builds(
    lambda number, negated: SpecialToken(ids=(number,), negated=negated), st.integers(0, 99), st.booleans()
)
token_names = st.booleans().map(lambda negated: SpecialToken(names=("<think>",), negated=negated))
signs = st.sampled_from([(0, None), (1, None), (0, 1)])


def expressions(
    leaves: st.SearchStrategy[Expression], repeats: st.SearchStrategy[tuple[int, int | None]]
) -> st.SearchStrategy[Expression]:
    """Expressions in normal form."""
    return st.recursive(
        st.one_of(leaves, st.just(EMPTY)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(sequence),
            st.lists(inner, min_size=1, max_size=3).map(choice),
            st.builds(lambda body, bounds: Repetition(body, *bounds), inner, repeats),
        ),
        max_leaves=6,
    )


def grammars_of(right_parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[WrittenGrammar]:
    """Grammars with the three rules."""
    return st.tuples(right_parts, right_parts, right_parts).map(
        lambda parts: WrittenGrammar(tuple(WrittenRule(name, part) for name, part in zip(NAMES, parts, strict=True)))
    )


plain_leaves = st.one_of(texts, classes, negated, any_character, references)
gbnf_grammars = grammars_of(expressions(st.one_of(plain_leaves, token_ids, token_names), counts))
xgrammar_grammars = grammars_of(expressions(st.one_of(plain_leaves, token_ids), counts))
differences = st.builds(Difference, st.one_of(classes, single_texts), st.one_of(classes, single_texts))
w3c_grammars = grammars_of(expressions(st.one_of(plain_leaves, differences), signs))
"""Without counts, which the notation writes out, so that they read back as something else."""

small_leaves = st.one_of(
    st.sampled_from(["a", "b", "ab", "é"]).map(text),
    st.sampled_from(["ab", "bé"]).map(lambda some: Characters(character_set((ord(c), ord(c)) for c in some))),
    references,
)
small_grammars = grammars_of(expressions(small_leaves, counts))
"""Whose texts are short and of few characters."""
