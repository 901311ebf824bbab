"""Random patterns in Python's notation and texts that they can tell apart, for tests against `re`."""

from __future__ import annotations

from hypothesis import strategies as st

ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "[^\\n]", r"\w", r"\W", r"\d", r"\s", r"\n", "é", "_", r"\x41", "[a-c_]"]
ANCHORS = ["^", "$", r"\A", r"\Z", r"\b", r"\B"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "{2}", "{1,2}", "{0,2}", "{2,}", "{,1}"]
FIXED_WIDTH = ["a", "b", "[^a]", r"\w", "ab", "a|b", "^", ""]


def _extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = st.sampled_from(["(%s)", "(?:%s)", "(?i:%s)", "(?s:%s)", "(?m:%s)", "(?=%s)", "(?!%s)", "(?P<n>%s)"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(?:" + "|".join(parts) + ")"),
        st.tuples(groups, inner).map(lambda pair: (pair[0] % pair[1]).replace("(?P<n>", "(")),
        st.tuples(inner, st.sampled_from(QUANTIFIERS)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.sampled_from(FIXED_WIDTH).map(lambda body: f"(?<={body})"),
        st.sampled_from(FIXED_WIDTH).map(lambda body: f"(?<!{body})"),
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS * 2 + ANCHORS), _extended, max_leaves=8)

TEXTS = st.text(alphabet="aabbc\n A_é1", max_size=6)
