"""Table models: the row is the table's, by last token or by prefix, and what has no row is refused."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import InvalidPrefix, UnsupportedModel
from maskwright.sampling.table_model import TableModel

TABLE = np.arange(12.0).reshape(4, 3)


def test_a_row_follows_the_last_token_and_the_last_row_begins() -> None:
    rows = TableModel.by_last_token(TABLE)([(), (2,), (0, 1), (2,)])
    assert rows.tolist() == TABLE[[3, 2, 1, 2]].tolist()


def test_an_adjustment_sees_the_whole_prefix_and_leaves_the_table_alone() -> None:
    def later_ends(prefix: tuple[int, ...], row: np.ndarray) -> np.ndarray:
        row[2] += len(prefix)
        return row

    model = TableModel.by_last_token(TABLE, later_ends)
    assert model([(0,), (1, 0)])[:, 2].tolist() == [TABLE[0, 2] + 1, TABLE[0, 2] + 2]
    assert model([(0,)])[0, 2] == TABLE[0, 2] + 1


def test_a_row_by_prefix_is_that_of_exactly_this_prefix() -> None:
    model = TableModel.by_prefix({(): [0.0, 1.0], (1,): [2.0, 3.0]})
    assert model.n_tokens == 2
    assert model([[1], []]).tolist() == [[2.0, 3.0], [0.0, 1.0]]
    with pytest.raises(InvalidPrefix) as info:
        model([(1, 1)])
    assert str(info.value) == "The model cannot continue this prefix: this model has no row for the prefix (1, 1)."


@pytest.mark.parametrize("token", [-1, 3, 4])
def test_a_token_without_a_row_is_refused(token: int) -> None:
    with pytest.raises(InvalidPrefix):
        TableModel.by_last_token(TABLE)([(token,)])


def test_a_table_of_another_shape_is_refused() -> None:
    with pytest.raises(UnsupportedModel):
        TableModel.by_last_token(TABLE[:3])
    with pytest.raises(UnsupportedModel):
        TableModel.by_prefix({})
