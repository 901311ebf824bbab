"""Records that keep their hash: equal ones hash alike, in whatever order they were asked."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from maskwright.grammar.ir import EPSILON, NOTHING, Call, Literal, Node, Sequence
from maskwright.grammar.json_schema.shapes import NULL, NullShape, StringShape


def test_equal_records_hash_alike_whether_or_not_they_were_asked_before() -> None:
    asked = Sequence((Literal(b"a"), Call("b")))
    assert len({asked, Sequence((Literal(b"a"), Call("b")))}) == 1
    for other in (copy.copy(asked), pickle.loads(pickle.dumps(asked)), replace(asked, parts=asked.parts)):
        assert other == asked and hash(other) == hash(asked)
    assert hash(NULL) == hash(NullShape())


def test_the_hash_is_computed_once() -> None:
    class Counted(str):
        __slots__ = ("n",)

        def __hash__(self) -> int:
            self.n = getattr(self, "n", 0) + 1
            return super().__hash__()

    name = Counted("rule")
    call = Call(name)
    assert {hash(call) for _ in range(5)} == {hash(call)}
    assert name.n == 1


def test_kinds_with_equal_parts_are_not_equal() -> None:
    assert EPSILON != NOTHING
    assert {Sequence(()): 1, NOTHING: 2} == {EPSILON: 1, NOTHING: 2}


def test_records_are_frozen_and_have_no_dictionary() -> None:
    call = Call("a")
    with pytest.raises(FrozenInstanceError):
        call.name = "b"  # type: ignore[misc]
    assert not hasattr(call, "__dict__") and isinstance(call, Node)
    assert replace(StringShape(), min_length=2) == StringShape((), 2)
