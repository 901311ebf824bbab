"""The tree of prefixes against its purpose: a slot is read only where it holds the very token after the very text.

The pool is played by a dictionary from slots to texts; "computing" a run writes the text up to each of its tokens,
after checking that all slots before hold what they should.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maskwright.integrations.slot_tree import PADDING_SLOT, SlotTree

PREFIX = st.lists(st.integers(0, 2), min_size=1, max_size=7)
CALLS = st.lists(st.lists(PREFIX, min_size=1, max_size=6, unique_by=tuple), min_size=1, max_size=12)


class Pool:
    """A tree, what its slots hold, and how many tokens were computed."""

    def __init__(self, n_slots: int, max_tokens: int = 100) -> None:
        self.max_tokens = max_tokens
        self.tree = SlotTree(n_slots)
        self.content: dict[int, tuple[int, ...]] = {}
        self.n_computed = 0

    def ask(self, prefixes: list[list[int]]) -> int:
        """Compute what is missing, in as few groups as there is room for; how many groups it took."""
        waiting, n_groups = list(prefixes), 0
        while waiting:
            self.tree.begin_group()
            group = [waiting.pop(0)]
            assert self.tree.add(group[0])
            while waiting and self.tree.add(waiting[0]):
                group.append(waiting.pop(0))
            self.compute(group)
            n_groups += 1
        return n_groups

    def compute(self, group: list[list[int]]) -> None:
        answered = []
        for run in self.tree.runs(group, self.max_tokens):
            assert 1 <= len(run.tokens) <= self.max_tokens
            places = {index: place for place, index in run.wanted}
            n_before = len(run.slots) - len(run.tokens)
            text = () if not n_before else self.content[run.slots[n_before - 1]]
            assert [self.content[slot] for slot in run.slots[:n_before]] == [text[: n + 1] for n in range(n_before)]
            assert len(set(run.slots)) == len(run.slots)
            assert PADDING_SLOT not in run.slots
            for place, token in enumerate(run.tokens):
                text = (*text, token)
                slot = run.slots[n_before + place]
                if run.is_new:
                    self.content[slot] = text
                assert self.content[slot] == text
                answered += [index for index, at in places.items() if at == place and text == tuple(group[index])]
            self.n_computed += len(run.tokens)
        self.tree.mark_filled(group)
        assert sorted(answered) == list(range(len(group)))


@given(CALLS, st.integers(7, 40), st.sampled_from([1, 2, 100]))
def test_every_slot_that_is_read_holds_the_token_of_that_text(
    calls: list[list[list[int]]], n_slots: int, max_tokens: int
) -> None:
    pool = Pool(n_slots, max_tokens)
    for prefixes in calls:
        pool.ask(prefixes)
        assert pool.tree.n_used + pool.tree.n_free == n_slots


@given(CALLS)
def test_with_room_each_distinct_token_is_computed_once(calls: list[list[list[int]]]) -> None:
    pool = Pool(3**8)
    known: set[tuple[int, ...]] = set()
    for prefixes in calls:
        texts = {tuple(prefix[:n]) for prefix in prefixes for n in range(1, len(prefix) + 1)}
        again = sum(tuple(prefix) in known for prefix in prefixes)  # a known last token gives its logits again
        before = pool.n_computed
        assert pool.ask(prefixes) == 1
        assert pool.n_computed - before == len(texts - known) + again
        known |= texts
        assert pool.tree.n_used == len(known)


def test_texts_that_go_on_by_a_token_cost_a_token_each() -> None:
    pool = Pool(100)
    texts = [[5, 6, 7, 8, i] for i in range(4)]
    pool.ask(texts)
    assert pool.n_computed == 4 + 4
    pool.ask([[*text, 1] for text in texts])
    assert pool.n_computed == 4 + 4 + 4


def test_all_prefixes_of_a_text_are_one_run() -> None:
    tree = SlotTree(10)
    tree.begin_group()
    prefixes = [[1, 2, 3, 4][:n] for n in (2, 1, 4, 3)]
    assert all(tree.add(prefix) for prefix in prefixes)
    (run,) = tree.runs(prefixes, 100)
    assert run.tokens == [1, 2, 3, 4]
    assert sorted(run.wanted) == [(0, 1), (1, 0), (2, 3), (3, 2)]


def test_the_end_of_the_text_used_least_recently_is_given_back_first() -> None:
    pool = Pool(6)
    pool.ask([[1, 1, 1]])
    pool.ask([[2, 2, 2]])
    pool.ask([[1, 1, 1]])
    pool.ask([[3, 3]])  # takes the last two of 2, 2, 2
    before = pool.n_computed
    pool.ask([[1, 1, 1, 1]])  # and this one the first
    assert pool.n_computed - before == 1
    pool.ask([[3, 3]])
    assert pool.n_computed - before == 2


def test_a_prefix_too_many_is_refused_and_the_group_still_stands() -> None:
    pool = Pool(5)
    pool.tree.begin_group()
    assert pool.tree.add([1, 2, 3])
    assert not pool.tree.add([1, 4, 5, 6])
    assert pool.tree.add([1, 4])
    pool.compute([[1, 2, 3], [1, 4]])


def test_nothing_is_found_after_clear() -> None:
    pool = Pool(8)
    pool.ask([[1, 2, 3]])
    pool.tree.clear()
    pool.content.clear()
    pool.ask([[1, 2, 3]])
    assert pool.n_computed == 6
