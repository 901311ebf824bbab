"""The pool of keys and values against a dictionary from slots to what was written there."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [hf] is not installed")
pytest.importorskip("transformers", reason="the extra [hf] is not installed")

from maskwright.integrations.key_value_pool import LEAST_SLOTS, PoolLayer, SlotTable, slots_to_allocate  # noqa: E402

HEADS, SIZE = 2, 3


def table(slots: np.ndarray, n_queries: int, new: list[tuple[int, int]]) -> SlotTable:
    """`new` are the (row, column among the queries) whose keys and values are written."""
    rows, columns = (np.array(part, np.int64) for part in zip(*new, strict=True))
    written = slots[rows, slots.shape[1] - n_queries + columns]
    return SlotTable(torch.tensor(slots), n_queries, *(torch.from_numpy(part) for part in (rows, columns, written)))


def test_what_is_read_is_what_was_written_and_zero_for_padding() -> None:
    rng = np.random.default_rng(0)
    layer, kept = PoolLayer(), {0: np.zeros((HEADS, SIZE))}
    n_slots = 5
    passes = [  # slots of each row, number of queries, what is new
        ([[0, 3, 1], [2, 4, 1]], 2, [(0, 0), (0, 1), (1, 0)]),
        ([[3, 1, 9], [0, 0, 4]], 1, [(0, 0)]),  # more slots than before
        ([[0, 9], [2, 70]], 1, [(1, 0)]),
    ]
    for rows, n_queries, new in passes:
        slots = np.array(rows)
        n_slots = max(n_slots, slots.max() + 1)
        layer.table, layer.n_slots = table(slots, n_queries, new), int(n_slots)
        states = rng.normal(size=(2, HEADS, n_queries, SIZE))
        kept |= {
            int(slots[row, slots.shape[1] - n_queries + column]): states[row, :, column].copy() for row, column in new
        }
        keys, values = layer.update(torch.tensor(states), torch.tensor(-states))
        known = np.array([[kept.get(int(slot), np.full((HEADS, SIZE), np.nan)) for slot in row] for row in slots])
        expected = known.transpose(0, 2, 1, 3)
        is_kept = ~np.isnan(expected)
        assert keys.shape == expected.shape
        assert (keys.numpy()[is_kept] == expected[is_kept]).all()
        assert (values.numpy()[is_kept] == -expected[is_kept]).all()
        assert layer.get_mask_sizes(n_queries) == (slots.shape[1], 0)
        assert layer.keys.shape[0] == n_slots
    assert layer.bytes_per_slot == 2 * HEADS * SIZE * 8


@pytest.mark.parametrize(
    ("needed", "allowed", "size"),
    [
        (1, 10**6, LEAST_SLOTS),
        (LEAST_SLOTS, 10**6, LEAST_SLOTS),
        (LEAST_SLOTS + 1, 10**6, 2 * LEAST_SLOTS),
        (5, 7, 7),
        (900, 1000, 1000),
    ],
)
def test_slots_are_allocated_by_doubling_within_the_limit(needed: int, allowed: int, size: int) -> None:
    assert slots_to_allocate(needed, allowed) == size
