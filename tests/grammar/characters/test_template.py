"""Templates: the kernel makes what the lists of its twin make, for all encodings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters._template import DEAD, UNIVERSAL
from maskwright.grammar.characters.any_text import any_text
from maskwright.grammar.characters.character_set import MAX_CODE_POINT
from maskwright.grammar.characters.encoding import JSON_ENCODINGS, PLAIN, Encoding, Escapes, Tree
from maskwright.grammar.characters.template import class_tree, template
from tests.naive.spelling_template import template as naive_template

pytestmark = pytest.mark.no_jit

ENCODINGS = [PLAIN, JSON_ENCODINGS[Escapes.CANONICAL], JSON_ENCODINGS[Escapes.EXACT]]
ENDS = [0x20, 0x22, 0x23, 0x41, 0x5B, 0x5C, 0x61, 0x7F, 0x80, 0xE9, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x1F600]


@st.composite
def alphabets(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Intervals of up to four classes, ending where the encodings change."""
    ends = draw(st.lists(st.one_of(st.sampled_from(ENDS), st.integers(1, MAX_CODE_POINT)), max_size=8, unique=True))
    intervals = [(0, draw(st.integers(-1, 3)))]
    for end in sorted(ends):
        cls = draw(st.integers(-1, 3))
        if cls != intervals[-1][1]:
            intervals.append((end, cls))
    return tuple(intervals)


@given(
    st.sampled_from(ENCODINGS),
    alphabets(),
    st.lists(st.sampled_from([DEAD, UNIVERSAL, 0, 1, 2]), min_size=4, max_size=4),
    st.booleans(),
    st.booleans(),
)
def test_the_kernel_makes_the_template_of_its_twin(
    encoding: Encoding, intervals: tuple[tuple[int, int], ...], slots: list[int], is_based: bool, is_accepting: bool
) -> None:
    everything = any_text(encoding)
    made = template(class_tree(encoding, intervals), everything, slots, is_based=is_based, is_accepting=is_accepting)
    columns, phases = naive_template(
        Tree(encoding, list(intervals)), everything, slots, is_based=is_based, is_accepting=is_accepting
    )
    assert np.array_equal(made.columns, columns)
    assert made.phases.tolist() == phases
