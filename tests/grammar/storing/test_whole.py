"""Grammars as numbers and JSON: everything comes back, and nothing out of range is taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, NO_UNIT, REFUSED, automaton_of
from maskwright.grammar.ir import Automaton, Call, Grammar, Node
from maskwright.grammar.json_schema import json_schema_grammar
from maskwright.grammar.report import Exactness, Finding, Report
from maskwright.grammar.storing import StoredGrammar, nodes, restored, stored
from maskwright.grammar.storing.automata import check_starts
from maskwright.matching import grammar_file
from tests.naive.lark_itself import ShippedGrammar, shipped_grammars

BASE = automaton_of(
    [[(0, 255, 0, NO_UNIT)], [(34, 34, 2, CLOSES), (97, 122, 1, BEGINS_UNIT)], []], [True, False, True], is_shared=True
)
LINKED = automaton_of(
    [[(97, 97, -1, NO_UNIT), (98, 98, -2, NO_UNIT)], [(99, 99, REFUSED, NO_UNIT)]],
    [False, True],
    links=((BASE, 1), (BASE, 0)),
    base=[-1, 1],
    base_automaton=BASE,
)
A, B = ir.literal(b"a"), ir.literal(b"\x00\xff")
NEEDING = automaton_of(
    [[(97, 97, 1, BEGINS_UNIT)], [(98, 98, 2, BEGINS_UNIT)], []], [False, False, True], reserve=[2, 1, 0]
)
EVERY_KIND: list[Node] = [
    ir.sequence(A, ir.ByteClass((1 << 255) | (1 << 64) | (1 << 63) | 1), B, Call("T")),
    ir.choice(A, ir.repeat(B, 2, 5), ir.repeat(ir.ByteClass(2), 1)),
    ir.Network(3, ((0, A, 1), (1, B, 2), (0, Call("T"), 2))),
    ir.Permutation(((A, B), (B, A)), (1,), A, ir.NOTHING),
    ir.Permutation(((A, B),), (0,), A, B, 2, 7, 1, ((ir.Distinct(Call("T")), (0,)),)),
    ir.Document(Call("T")),
    Automaton(LINKED, 1),
    Automaton(BASE, 1, (3, None)),
    Automaton(BASE, 1, (0, 10**9)),
    Automaton(NEEDING, 0, (0, 5)),
    ir.TokenSet((1, 2), ("<call>",), negated=True),
    ir.EPSILON,
]


def as_json(kept: StoredGrammar) -> StoredGrammar:
    """The same with its header as a file has it."""
    return StoredGrammar(json.loads(json.dumps(kept.header)), kept.arrays)


def test_every_kind_of_node_comes_back() -> None:
    rules = {"S": ir.choice(*EVERY_KIND), "T": B}
    report = Report((Finding("/a", Exactness.RESTRICTED, "escapes", "why"),), ("", "/a"))
    grammar = Grammar("S", rules, is_prepared=True, report=report, is_document=True)
    again = restored(as_json(stored(grammar)))
    assert dict(again.rules) == rules
    assert (again.start, again.is_prepared, again.is_document) == ("S", True, True)
    assert again.report.statuses() == report.statuses() and list(again.report) == list(report)


def test_automata_come_back_as_the_same_automata() -> None:
    again = restored(as_json(stored(Grammar("S", {"S": Automaton(LINKED, 1)}, is_prepared=True)))).rules["S"]
    assert isinstance(again, Automaton)
    back = again.automaton
    assert (back.key, back.links, back.base_automaton) == (LINKED.key, LINKED.links, BASE)
    assert back.base is not None and LINKED.base is not None and (back.base == LINKED.base).all()
    for name in ("edge_start", "edges", "edge_unit", "accepting"):
        one, other = getattr(back, name), getattr(LINKED, name)
        assert one.dtype == other.dtype and (one == other).all() and one.flags.c_contiguous and one.flags.writeable


def test_a_node_in_many_places_is_written_once() -> None:
    node: Node = ir.literal(b"a")
    for _ in range(60):
        node = ir.Sequence((node, node))
    kept = stored(Grammar("S", {"S": Call("T"), "T": node}, is_prepared=True))
    assert kept.arrays["words"].size < 400
    with pytest.raises(ValueError, match="the size of a node is out of range"):
        restored(kept)  # the engine would write it out


@pytest.mark.parametrize("path", sorted(Path("schemas/json_schema").glob("*.json"))[::7], ids=lambda path: path.stem)
def test_all_rules_of_a_schema_are_completed(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))["schema"]
    again = restored(as_json(stored(json_schema_grammar(schema))))
    assert not isinstance(again.rules, Lazy)
    fresh = json_schema_grammar(schema)
    assert {name: fresh.rules[name] for name in again.rules} == dict(again.rules)
    assert str(again.report) == str(fresh.report)


@pytest.mark.parametrize("shipped", shipped_grammars(), ids=lambda shipped: shipped.name)
def test_a_lexed_language_comes_back_as_the_same_language(shipped: ShippedGrammar) -> None:
    grammar = mw.Grammar.from_lark(shipped.text, start=shipped.start, indenter=indenter_of(shipped))
    again = restored(as_json(stored(Grammar("start", grammar.rules, is_prepared=True))))
    before, after = grammar.rules["start"], again.rules["start"]
    assert isinstance(before, ir.Lexed) and isinstance(after, ir.Lexed)
    assert before == after and before.language.names == after.language.names


def indenter_of(shipped: ShippedGrammar) -> mw.Indenter | None:
    if shipped.indenter is None:
        return None
    return mw.Indenter(**{name: tuple(v) if isinstance(v, list) else v for name, v in shipped.indenter.items()})


class Lazy(Mapping[str, Node]):
    """Rules without end."""

    def __getitem__(self, name: str) -> Node:
        return ir.sequence(ir.literal(b"a"), Call(f"{int(name) + 1}"))

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_rules_without_end_are_refused() -> None:
    with pytest.raises(mw.LimitExceeded) as refused:
        stored(Grammar("0", Lazy(), is_prepared=True), max_rules=100)
    assert str(refused.value) == (
        "Saving a compiled grammar, which completes the rules that no text has reached yet, needs 101, more than the "
        "100 allowed: compile the specification where it is needed, or split it."
    )


KEPT = stored(Grammar("S", {"S": ir.choice(*EVERY_KIND), "T": B}, is_prepared=True))


@given(st.data())
@settings(max_examples=400)
def test_a_number_that_is_changed_is_refused_or_gives_a_grammar_within_bounds(data: st.DataObject) -> None:
    """No index leads out of an array: what is built can be looked through to the end."""
    name = data.draw(st.sampled_from(sorted(KEPT.arrays)))
    array = KEPT.arrays[name].copy()
    place = data.draw(st.integers(0, array.size - 1))
    limits = (0, 1) if array.dtype == np.bool_ else (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max)
    near = st.integers(-3, 40).filter(lambda value: limits[0] <= value <= limits[1])
    array.reshape(-1)[place] = data.draw(near | st.integers(int(limits[0]), int(limits[1])))
    try:
        grammar = restored(StoredGrammar(KEPT.header, {**KEPT.arrays, name: array}))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        return
    again = stored(grammar)
    for automaton in {leaf.automaton for leaf in all_leaves(grammar) if isinstance(leaf, Automaton)}:
        for state in range(automaton.n_states):
            for byte in range(256):
                automaton.successor(state, byte)
    kept = dict(restored(again).rules)
    assert kept == {name: grammar.rules[name] for name in kept}, "rules that nothing calls are not kept"


def test_the_format_is_the_one_that_files_have() -> None:
    """Where this fails, grammars are written in another way than before: make `grammar_file.FORMAT` grow with it."""
    digest = hashlib.blake2b(json.dumps(KEPT.header).encode(), digest_size=8)
    for name, array in KEPT.arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    assert (grammar_file.FORMAT, digest.hexdigest()) == (1, "bddda95fb8db4163")


def all_leaves(grammar: Grammar) -> list[Node]:
    from maskwright.grammar.rewriting import leaves

    return [leaf for body in grammar.rules.values() for leaf in leaves(body)]


def test_parts_inside_each_other_without_end_are_refused() -> None:
    """Whoever goes through a node does so by recursion."""

    def nested(depth: int) -> StoredGrammar:
        node: Node = A
        for _ in range(depth):
            node = ir.Repeat(node, 1, 2)
        return stored(Grammar("S", {"S": node}, is_prepared=True))

    assert restored(nested(250)).rules["S"] is not None
    written = [nodes.LITERAL, 0, 1, *(word for number in range(100_000) for word in (nodes.REPEAT, number, 1, 2))]
    kept = nested(1)
    deep = {**kept.arrays, "words": np.array(written, dtype=np.int64), "rules": np.array([[0, 100_000]])}
    with pytest.raises(ValueError, match="the nesting of a node is out of range"):
        restored(StoredGrammar(kept.header, deep))


@pytest.mark.parametrize(
    "starts", [[0, 5, 3, 9], [0, -1, 4, 9], [0, 2**31 - 1, -(2**31), 9], [1, 2, 3, 9], [0, 2, 3, 8]]
)
def test_offsets_that_do_not_ascend_are_refused(starts: list[int]) -> None:
    with pytest.raises(ValueError, match="an offset is out of range"):
        check_starts(np.array(starts, np.int32), 3, 9)
