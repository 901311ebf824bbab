"""Masks that live on a device: what is sent, what stays, and that no step reads a row that was written over."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import InvalidOption, MatcherError
from maskwright.integrations.torch_masks import ResidentRows, mask_logits, rows_of
from maskwright.matching.batch import fill_bitmasks
from maskwright.matching.finished_rows import FinishedRow
from tests.integrations.torch_masks.simulated_streams import SimulatedTransfers

SIZE, N_WORDS = 70, 3
ROW_BYTES = 4 * N_WORDS


def finished(*words: int) -> FinishedRow:
    return FinishedRow(np.array(words, np.int32))


def masks_in(masks: Any) -> list[list[int]]:
    return [row.tolist() for row in masks.words[masks.numbers]]


def test_a_finished_row_is_sent_once_and_an_unfinished_one_each_time() -> None:
    resident = ResidentRows(SIZE, "cpu")
    first, second, unfinished = finished(1, 2, 3), finished(4, 5, 6), np.int32([7, 8, 9])
    sent = []
    for rows in ([first, second, first], [second, first, second], [unfinished, first, unfinished]):
        before = resident.traffic.n_bytes
        with resident.step(rows) as masks:
            expected = [list(row.words) if isinstance(row, FinishedRow) else row.tolist() for row in rows]
            assert masks_in(masks) == expected
            assert masks.numbers.tolist() == masks.host_numbers.tolist()
        sent.append(resident.traffic.n_bytes - before)
    assert sent == [3 * 4 + 2 * ROW_BYTES, 3 * 4, 3 * 4 + 2 * ROW_BYTES]
    traffic = resident.traffic
    assert (traffic.n_steps, traffic.n_sequences, traffic.n_finished, traffic.n_unfinished) == (3, 9, 2, 2)
    assert traffic.n_bytes == 4 * traffic.n_sequences + ROW_BYTES * (traffic.n_finished + traffic.n_unfinished)
    assert traffic.bytes_per_sequence == traffic.n_bytes / 9


def test_the_row_that_was_not_read_for_longest_makes_room() -> None:
    resident = ResidentRows(SIZE, "cpu", budget_bytes=2 * ROW_BYTES + 1)
    assert resident.n_slots == 2
    a, b, c = finished(1, 0, 0), finished(2, 0, 0), finished(3, 0, 0)
    for row in (a, b, a, c):
        with resident.step([row]) as masks:
            assert masks_in(masks) == [list(row.words)]
    assert resident.traffic.n_finished == 3
    for row, n_sent in ((a, 3), (c, 3), (b, 4)):
        with resident.step([row]) as masks:
            assert masks_in(masks) == [list(row.words)]
        assert resident.traffic.n_finished == n_sent


def test_a_step_that_the_budget_cannot_hold_is_refused_and_changes_nothing() -> None:
    resident = ResidentRows(SIZE, "cpu", budget_bytes=3 * ROW_BYTES)
    a, b, c = finished(1, 0, 0), finished(2, 0, 0), finished(3, 0, 0)
    with resident.step([a, b]) as outer:
        with pytest.raises(InvalidOption) as caught, resident.step([c, np.zeros(3, np.int32)]):
            pass
        assert str(caught.value) == (
            "budget_bytes must be at least 48 for a step of 2 different masks beside 2 that open steps hold, not 36."
        )
        with resident.step([c, a, a]) as masks:
            assert masks_in(masks) == [[3, 0, 0], [1, 0, 0], [1, 0, 0]]
        assert masks_in(outer) == [[1, 0, 0], [2, 0, 0]]
    with resident.step([np.int32([9, 9, 9])] * 3) as masks:
        assert masks_in(masks) == [[9, 9, 9]] * 3
    with pytest.raises(InvalidOption, match="budget_bytes must be at least the 12 of one row, not 11"):
        ResidentRows(SIZE, "cpu", budget_bytes=ROW_BYTES - 1)


def test_rows_of_another_vocabulary_are_refused() -> None:
    resident = ResidentRows(SIZE, "cpu")
    for row in (finished(1, 2), np.zeros(4, np.int32)):
        with pytest.raises(MatcherError, match="The rows of this table have 3 words"), resident.step([row]):
            pass
    assert resident.traffic.n_steps == 0


def test_a_row_whose_sending_failed_is_sent_again() -> None:
    class Failing(SimulatedTransfers):
        fails = True

        def send(self, staged: Any, destination: Any) -> None:
            if self.fails:
                raise RuntimeError("out of memory")
            super().send(staged, destination)

    transfers = Failing(np.random.default_rng(0))
    resident = ResidentRows(SIZE, "cpu", budget_bytes=ROW_BYTES, transfers=transfers)
    row = finished(1, 2, 3)
    with pytest.raises(RuntimeError), resident.step([row]):
        pass
    transfers.fails = False
    with resident.step([row]) as masks:
        transfers.finish()
        assert masks_in(masks) == [[1, 2, 3]]


@pytest.mark.parametrize("seed", range(40))
def test_no_step_reads_a_row_that_was_written_over(seed: int) -> None:
    """Steps are opened before others are closed, kernels run whenever they may, and six slots are never enough."""
    rng = np.random.default_rng(seed)
    transfers = SimulatedTransfers(rng)
    resident = ResidentRows(SIZE, "cpu", budget_bytes=6 * ROW_BYTES, transfers=transfers)
    known = [finished(*rng.integers(-(2**31), 2**31, 3).tolist()) for _ in range(9)]
    seen: list[list[list[int]]] = []
    expected: list[list[list[int]]] = []
    for _ in range(60):
        with ExitStack() as steps:
            for _ in range(int(rng.integers(1, 3))):
                rows: list[Any] = [known[i] for i in rng.integers(len(known), size=int(rng.integers(0, 4)))]
                if len(rows) < 3 and rng.random() < 0.5:
                    rows.append(rng.integers(-(2**31), 2**31, 3).astype(np.int32))
                masks = steps.enter_context(resident.step(rows))
                expected.append([list(row.words) if isinstance(row, FinishedRow) else row.tolist() for row in rows])
                transfers.compute(lambda masks=masks: seen.append(masks_in(masks)))
                for row in rows:
                    if not isinstance(row, FinishedRow):
                        row[:] = 0  # it may change once the step has begun
    transfers.finish()
    assert seen == expected
    traffic = resident.traffic
    assert traffic.n_bytes == 4 * traffic.n_sequences + ROW_BYTES * (traffic.n_finished + traffic.n_unfinished)


def test_the_simulation_finds_a_table_that_does_not_wait() -> None:
    class Careless(SimulatedTransfers):
        def wait_for(self, mark: Any) -> None:
            pass

    def runs_wrong(seed: int) -> bool:
        transfers = Careless(np.random.default_rng(seed))
        resident = ResidentRows(SIZE, "cpu", budget_bytes=ROW_BYTES, transfers=transfers)
        seen: list[list[list[int]]] = []
        for i in range(30):
            with resident.step([finished(i, i, i)]) as masks:
                transfers.compute(lambda masks=masks: seen.append(masks_in(masks)))
        transfers.finish()
        return seen != [[[i, i, i]] for i in range(30)]

    assert any(runs_wrong(seed) for seed in range(10))


def test_texts_of_several_grammars_are_masked_as_by_their_bitmasks() -> None:
    tokens = [bytes([i]) for i in range(256)] + [b"ab", b"12", b'":'] + [b"</s>"]
    vocabulary = mw.Vocabulary(tokens, eos_token_ids=[259], special_token_ids=[259])
    compiler = mw.Compiler(vocabulary)
    schemas = [
        {"type": "object", "properties": {"a": {"type": "integer"}}},
        {"type": "array", "items": {"type": "integer"}, "minItems": 9, "uniqueItems": True},
    ]
    grammars = [compiler.compile_json_schema(schema) for schema in schemas]
    matchers = [grammar.matcher() for grammar in grammars for _ in range(3)]
    matchers += [grammars[0].matcher(max_tokens=grammars[0].least_tokens() + slack) for slack in (0, 9)]
    resident = ResidentRows(vocabulary.size, "cpu", budget_bytes=24 * 4 * 9)
    rng = np.random.default_rng(4)
    bitmask = mw.allocate_bitmask(len(matchers), vocabulary.size)
    for _ in range(60):
        logits = torch.from_numpy(rng.normal(size=(len(matchers), vocabulary.size + 5)))
        expected = logits.clone()
        with resident.step(rows_of(matchers)) as masks:
            mask_logits(logits, masks)
        fill_bitmasks(matchers, bitmask)
        mask_logits(expected, bitmask)
        assert torch.equal(logits, expected)
        for matcher, token in zip(matchers, logits.argmax(dim=-1).tolist(), strict=True):
            matcher.accept_token(token)
    assert resident.traffic.n_unfinished > 0
    assert resident.traffic.n_finished > 6
    assert resident.traffic.bytes_per_sequence < 4 * bitmask.shape[1]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_device_under_load_reads_the_right_rows() -> None:
    """Long kernels keep the computing stream behind, so that rows are asked to be written over before they are read."""
    rng = np.random.default_rng(0)
    size, n = 128_256, 32
    known = [FinishedRow(rng.integers(-(2**31), 2**31, 4008, dtype=np.int64).astype(np.int32)) for _ in range(200)]
    resident = ResidentRows(size, "cuda", budget_bytes=48 * 4 * 4008)
    load = torch.randn(4096, 4096, device="cuda")
    results, expected = [], []
    for _ in range(50):
        rows = [known[i] for i in rng.integers(len(known), size=n)]
        load = torch.tanh(load @ load)
        with resident.step(rows) as masks:
            logits = torch.zeros(n, size, device="cuda")
            mask_logits(logits, masks)
            results.append((logits == 0).sum(dim=1))
        expected.append([int(np.bitwise_count(np.asarray(row.words).view(np.uint32)).sum()) for row in rows])
    assert [counts.tolist() for counts in results] == expected
