"""The output file: lines, what is kept of an earlier run, and what is refused."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.integrations.batch import OutputOfAnotherRun, RowError, UnusableFile, Written
from maskwright.integrations.batch.answers import Answer, Head, head_of, line_of
from maskwright.integrations.batch.output import Tally, opened, run_file
from maskwright.integrations.batch.rows import Row

RUN = {"format": 1, "seed": 0}
ROWS = [Row(1, "a", "x"), Row(2, 2, "x"), Row(4, None, error=RowError("InvalidRow", "no"))]
ANSWERS: list[Answer] = [
    Written('{"x":\n 1e400}', is_complete=True, is_json=True, n_prompt_tokens=2, n_tokens=9),
    Written('{"x', is_complete=False, is_json=True, n_prompt_tokens=2, n_tokens=9),
    RowError("InvalidRow", "no"),
]


def whole(path: Path) -> bytes:
    with opened(path, RUN, iter(ROWS)) as output:
        output.append(list(zip(ROWS, ANSWERS, strict=True)))
    return path.read_bytes()


def test_lines_say_what_came_of_each_row(tmp_path: Path) -> None:
    first, second, third = whole(tmp_path / "out").splitlines()
    assert first == (
        b'{"id": "a", "line": 1, "finish_reason": "stop", "n_prompt_tokens": 2, "n_tokens": 9, '
        b'"text": "{\\"x\\":\\n 1e400}", "value": {"x":  1e400}}'
    )
    assert json.loads(second) == {
        "id": 2,
        "line": 2,
        "finish_reason": "length",
        "n_prompt_tokens": 2,
        "n_tokens": 9,
        "text": '{"x',
    }
    assert json.loads(third) == {
        "id": None,
        "line": 4,
        "finish_reason": "error",
        "error": {"kind": "InvalidRow", "message": "no"},
    }


def test_a_text_that_is_no_json_has_no_value() -> None:
    line = line_of(ROWS[0], Written("yes", is_complete=True, is_json=False, n_prompt_tokens=1, n_tokens=2))
    assert "value" not in json.loads(line)


@given(st.text(), st.text(), st.one_of(st.integers(), st.text()))
def test_the_head_of_every_line_can_be_read_again(text: str, message: str, name: int | str) -> None:
    row = Row(3, name, "x")
    nested = f'{{"x": {"[" * 2000}{"9" * 5000}{"]" * 2000}, "text": {json.dumps(text)}}}'
    for answer, reason in (
        (Written(text, is_complete=False, is_json=False, n_prompt_tokens=1, n_tokens=1), "length"),
        (Written(nested, is_complete=True, is_json=True, n_prompt_tokens=1, n_tokens=1), "stop"),
        (RowError("X", message), "error"),
    ):
        line = line_of(row, answer)
        assert line.count(b"\n") == 1
        assert head_of(line) == Head(3, name, reason)


def test_half_of_a_surrogate_pair_is_written_as_an_escape() -> None:
    line = line_of(Row(1, "\ud800", "x"), RowError("X", "\ud800"))
    assert line.isascii()
    assert json.loads(line)["id"] == "\ud800"


def test_wherever_the_file_is_cut_it_goes_on_with_the_first_row_that_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    content = whole(path)
    for size in range(1, len(content) + 1):
        path.write_bytes(content[:size])
        rows = iter(ROWS)
        with opened(path, RUN, rows) as output:
            done = output.tally.n_rows
            assert done == content[:size].count(b"\n")
            assert path.read_bytes() == b"".join(content.splitlines(keepends=True)[:done])
            assert list(rows) == ROWS[done:]
            output.append(list(zip(ROWS, ANSWERS, strict=True))[done:])
        assert path.read_bytes() == content
        assert output.tally == Tally(3, 1, 1)


@settings(max_examples=30)
@given(st.data())
def test_zeros_where_the_disk_was_not_reached_are_cut(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("zeros") / "out"
    content = whole(path)
    begin = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(begin + 1, len(content)))
    path.write_bytes(content[:begin] + bytes(end - begin) + content[end:])
    with opened(path, RUN, iter(ROWS)) as output:
        assert output.tally.n_rows == content[:begin].count(b"\n")
        output.append(list(zip(ROWS, ANSWERS, strict=True))[output.tally.n_rows :])
    assert path.read_bytes() == content


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("precious\n")
    with pytest.raises(OutputOfAnotherRun) as caught, opened(path, RUN, iter(ROWS)):
        pass
    assert str(caught.value) == (
        f"{path}: it is there already, without a out.run to go on from; remove it to start anew, or name another file."
    )
    assert path.read_text() == "precious\n"
    run_file(path).write_text("{")
    with pytest.raises(OutputOfAnotherRun, match=r"out\.run cannot be read"), opened(path, RUN, iter(ROWS)):
        pass


def test_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "out"
    content = whole(path)
    with pytest.raises(OutputOfAnotherRun) as caught, opened(path, {**RUN, "seed": 1}, iter(ROWS)):
        pass
    assert str(caught.value) == (
        f"{path}: it was begun with seed 0, not 1; remove it to start anew, or name another file."
    )
    with (
        pytest.raises(OutputOfAnotherRun, match="begun with another input"),
        opened(path, {**RUN, "input": "0" * 99}, iter(ROWS)),
    ):
        pass
    assert path.read_bytes() == content


def test_rows_that_are_not_those_of_the_input_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    content = whole(path)
    for rows in ([ROWS[0], Row(2, "two", "x"), ROWS[2]], ROWS[:2]):
        with pytest.raises(OutputOfAnotherRun, match="is not that of the input"), opened(path, RUN, iter(rows)):
            pass
    assert path.read_bytes() == content


def test_nothing_of_a_run_that_wrote_no_row_is_left_to_be_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with opened(path, RUN, iter(ROWS)):
        pass
    with opened(path, {**RUN, "seed": 1}, iter(ROWS)):
        pass
    assert json.loads(run_file(path).read_bytes()) == {**RUN, "seed": 1}


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="this system has no flock")
    path = tmp_path / "out"
    with (
        opened(path, RUN, iter(ROWS)),
        pytest.raises(UnusableFile, match="another run is writing it"),
        opened(path, RUN, iter(ROWS)),
    ):
        pass


def _fill(path: Path) -> None:
    with opened(path, RUN, iter(ROWS)) as output:
        output.append(list(zip(ROWS, ANSWERS, strict=True)))


def test_a_lock_is_gone_with_its_process(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_fill, args=(tmp_path / "out",))
    process.start()
    process.join()
    with opened(tmp_path / "out", RUN, iter(ROWS)) as output:
        assert output.tally.n_rows == 3


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    path = tmp_path / "out"
    with opened(path, RUN, iter(ROWS)) as output, full.open("r+b", buffering=0) as device:
        output._file = device  # type: ignore[assignment]
        with pytest.raises(UnusableFile, match="rows cannot be written \\(No space left on device\\)"):
            output.append(list(zip(ROWS, ANSWERS, strict=True)))
