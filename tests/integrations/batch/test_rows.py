"""Rows of a file: what is read, what is refused and how that is said, ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskwright.integrations.batch import DuplicateId, Fields, UnusableFile, rows
from maskwright.integrations.batch.rows import Row, read_rows, survey


def rows_of(tmp_path: Path, content: bytes, fields: Fields | None = None) -> list[Row]:
    path = tmp_path / "in.jsonl"
    path.write_bytes(content)
    return list(read_rows(path, fields or Fields()))


def test_rows_have_ids_prompts_messages_and_lines(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbf{"id": "a", "prompt": "x"}\n\n  \r\n{"prompt": "y"}\r\n{"id": 7, "messages": [{"role": "user"}]}'
    )
    first, second, third = rows_of(tmp_path, content)
    assert first == Row(1, "a", "x")
    assert second == Row(4, 4, "y")
    assert third == Row(5, 7, [{"role": "user"}])


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert rows_of(tmp_path, b"") == []
    assert survey(tmp_path / "in.jsonl", Fields()).n_rows == 0


def test_members_may_have_other_names(tmp_path: Path) -> None:
    fields = Fields("key", "question", "chat", "schema")
    [row] = rows_of(tmp_path, b'{"key": "k", "question": "q", "schema": {"type": "null"}, "id": 1}\n', fields)
    assert row == Row(1, "k", "q", {"type": "null"})


def test_separators_that_are_no_line_feeds_stand_within_rows(tmp_path: Path) -> None:
    [row] = rows_of(tmp_path, '{"prompt": "a\u2028b\u0085c"}'.encode())
    assert row.prompt == "a\u2028b\u0085c"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json", "the line is not JSON: Expecting value at column 1"),
        (b'{"id": "a", "prompt": "x"', "the line is not JSON: Expecting ',' delimiter at column 26"),
        (b"[1]", "the line is not a JSON object"),
        (b'{"prompt": "\xff"}', "the line is not UTF-8 (byte 13)"),
        (b'{"id": 1.5, "prompt": "x"}', "'id' is neither a text nor a whole number"),
        (b'{"id": true, "prompt": "x"}', "'id' is neither a text nor a whole number"),
        (b'{"id": "a"}', "it has neither 'prompt' nor 'messages'"),
        (b'{"prompt": "x", "messages": [{}]}', "it has both 'prompt' and 'messages'"),
        (b'{"prompt": 7}', "'prompt' is not a text"),
        (b'{"messages": []}', "'messages' is not a list of objects, or an empty one"),
        (b'{"messages": ["x"]}', "'messages' is not a list of objects, or an empty one"),
        (b'{"prompt": "x", "schema": 7}', "'schema' is not a JSON Schema: an object, true or false"),
        (b"[" * 100_000, "the JSON is nested too deeply to be read"),
    ],
)
def test_what_is_no_row_is_told_by_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    good, bad, last = rows_of(
        tmp_path, b'{"prompt": "x"}\n' + content + b'\n{"prompt": "y"}\n', Fields(schema="schema")
    )
    assert bad.error is not None
    assert (bad.error.kind, bad.error.message) == ("InvalidRow", f"line 2: {message}")
    assert (good.error, last.error, last.line) == (None, None, 3)


def test_numbers_of_too_many_digits_are_told(tmp_path: Path) -> None:
    [row] = rows_of(tmp_path, b'{"prompt": "x", "n": ' + b"9" * 5000 + b"}")
    assert row.error is not None
    assert row.error.message.startswith("line 1: the JSON cannot be read: ")


def test_a_huge_row_is_refused_and_the_next_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ROW_BYTES", 1 << 20)
    filler = b"x" * ((1 << 20) - len(b'{"prompt": ""}'))
    longest, longer, much_longer = (b'{"prompt": "' + filler + b"x" * more + b'"}\n' for more in (0, 1, 3 << 20))
    first, second, third, fourth = rows_of(tmp_path, longest + longer + much_longer + b'{"prompt": "y"}\n')
    assert first.error is None
    assert second.error is not None
    assert second.error.message == "line 2: the line is longer than 1 MiB"
    assert third.error is not None
    assert (fourth.prompt, fourth.line) == ("y", 4)


def test_an_id_that_occurs_twice_is_told_by_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "prompt": "x"}\n{"id": 3, "prompt": "x"}\nnonsense\n{"id": "a", "prompt": "y"}\n')
    with pytest.raises(DuplicateId) as caught:
        survey(path, Fields())
    assert str(caught.value) == (
        f"{path}, line 4: the id 'a' is that of line 1 already (rows without an id have the number of their line)."
    )
    path.write_text('{"id": 2, "prompt": "x"}\n{"prompt": "x"}\n')
    with pytest.raises(DuplicateId):
        survey(path, Fields())
    path.write_text('{"id": "2", "prompt": "x"}\n{"prompt": "x"}\n')
    assert survey(path, Fields()).n_rows == 2


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile) as caught:
        survey(tmp_path / "nowhere.jsonl", Fields())
    assert str(caught.value) == f"{tmp_path / 'nowhere.jsonl'}: there is no such file of rows."
    with pytest.raises(UnusableFile):
        survey(tmp_path, Fields())
