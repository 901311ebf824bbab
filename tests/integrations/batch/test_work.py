"""Requests, seeds, batches, and whose fault it is when there is no text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import maskwright as mw
from maskwright.integrations.batch import Asking, Constraint, HostFailed, Kind, RowError, Written
from maskwright.integrations.batch.answers import Answer
from maskwright.integrations.batch.rows import Row
from maskwright.integrations.batch.work import Request, answered, batches_of, seed_of

WORDS = Constraint(Kind.REGEX, "yes|no")
BLOCKS = 'start: "x" _NEWLINE\n%declare _INDENT _DEDENT\n_NEWLINE: /\\n/'
TEXT = Written("yes", is_complete=True, is_json=False, n_prompt_tokens=1, n_tokens=2)


class OutOfMemoryError(RuntimeError):
    """As torch has it."""


def request(prompt: str) -> Request:
    return Request(prompt, WORDS, 0)


def engine_that_fails(error: Exception) -> Any:
    def engine(requests: Sequence[Request]) -> list[Answer]:
        if any(one.prompt == "bad" for one in requests):
            raise error
        return [TEXT] * len(requests)

    return engine


def test_a_seed_depends_on_the_run_and_the_id_alone() -> None:
    seeds = [seed_of(seed, name) for seed in range(3) for name in ("1", 1, "a", "b")]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(0, "a") == seeds[2] == 6050640092585098156


def test_batches_are_counted_from_the_first_row() -> None:
    rows = [Row(line, line, "x") for line in range(1, 8)]
    assert [[row.line for row in batch.rows] for batch in batches_of(iter(rows), 3, Asking(WORDS))] == [
        [1, 2, 3],
        [4, 5, 6],
        [7],
    ]


def test_a_row_brings_its_schema_or_has_that_of_all() -> None:
    asking = Asking(WORDS, 0, lambda _: '{"whitespace": "compact"}')
    own = asking.request(Row(1, "a", "x", {"type": "null"}))
    assert isinstance(own, Request)
    assert own.constraint == Constraint(Kind.JSON, '{"type": "null"}', options='{"whitespace": "compact"}')
    of_all = asking.request(Row(1, "a", "x"))
    assert isinstance(of_all, Request)
    assert of_all.constraint == WORDS
    none = Asking(None).request(Row(5, "a", "x"))
    assert none == RowError("InvalidRow", "line 5: it has no schema, and there is none for all rows")


def test_a_row_at_fault_is_found_and_the_others_are_answered() -> None:
    error = RowError("ValueError", "too long")
    unread = RowError("InvalidRow", "no")
    requests = [request("good"), unread, request("bad"), request("good")]
    assert answered(engine_that_fails(ValueError("too long")), requests) == [TEXT, unread, error, TEXT]
    assert answered(engine_that_fails(OutOfMemoryError("much")), [request("bad"), request("good")]) == [
        RowError("OutOfMemoryError", "much"),
        TEXT,
    ]
    assert answered(engine_that_fails(ValueError()), [unread]) == [unread]


def test_a_fault_of_the_host_is_that_of_no_row() -> None:
    with pytest.raises(HostFailed) as caught:
        answered(engine_that_fails(RuntimeError("the device is gone.")), [request("good"), request("bad")])
    assert str(caught.value) == (
        "The run stopped: RuntimeError: the device is gone. What is written stays; started again it goes on from there."
    )


@pytest.mark.parametrize(
    ("constraint", "text"),
    [
        (WORDS, "yes"),
        (Constraint(Kind.JSON, '{"enum": [[1, 2]]}', options='{"whitespace": "compact"}'), "[1,2]"),
        (Constraint(Kind.GBNF, 'root ::= "no"\nother ::= "yes"', start="other"), "yes"),
        (Constraint(Kind.EBNF, 'root ::= "yes"'), "yes"),
        (Constraint(Kind.LARK, 'start: "yes" | "no"', lexer="dynamic_complete"), "no"),
        (
            Constraint(
                Kind.LARK, 'start: "x" _NEWLINE\n%declare _INDENT _DEDENT\n_NEWLINE: /\\n/', has_python_blocks=True
            ),
            "x\n",
        ),
    ],
)
def test_constraints_of_every_kind_are_compiled(constraint: Constraint, text: str) -> None:
    vocabulary = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256])
    matcher = constraint.compiled(mw.Compiler(vocabulary)).matcher()
    for token in [*text.encode(), 256]:
        matcher.accept_token(token)
    assert matcher.is_finished()


def test_the_key_of_a_constraint_is_its_content() -> None:
    different = [
        WORDS,
        Constraint(Kind.LARK, "yes|no"),
        Constraint(Kind.GBNF, "yes|no"),
        Constraint(Kind.GBNF, "yes|no", start="x"),
        Constraint(Kind.JSON, json.dumps({"a": 1, "b": 2})),
        Constraint(Kind.JSON, json.dumps({"b": 2, "a": 1})),  # the order of members may matter
    ]
    assert len({constraint.key for constraint in different}) == len(different)
    assert Constraint(Kind.REGEX, "yes|no").key == WORDS.key


def test_the_key_of_a_grammar_has_the_files_that_it_reads(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    text = '%import .names.inner.NAME\nstart: NAME tail\ntail: %json "tail.json"'
    for folder in folders:
        (folder / "names").mkdir(parents=True)
        (folder / "names" / "inner.lark").write_text("%import deep.X\nNAME: X")
        (folder / "deep.lark").write_text('X: "x"')
        (folder / "tail.json").write_text("{}")
        (folder / "unused.lark").write_text(str(folder))
    first, second = (Constraint(Kind.LARK, text, folder=str(folder)).key for folder in folders)
    assert first == second
    for name in ("names/inner.lark", "deep.lark", "tail.json"):
        file = folders[0] / name
        file.write_text(file.read_text() + " ")
        changed = Constraint(Kind.LARK, text, folder=str(folders[0])).key
        assert changed not in {first, second}
        second = changed
    plain = Constraint(Kind.LARK, 'start: "a"')
    assert Constraint(Kind.LARK, 'start: "a"', folder=str(folders[0])).key == plain.key
