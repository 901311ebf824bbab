"""A request's text: the life that SGLang's scheduler and its draft trees give it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import pytest

from maskwright import LimitExceeded, allowed_tokens
from maskwright.matching.bitmask import unpack_bitmask
from tests.integrations.sglang.draft_trees import random_tree, traverse_tree

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")

EOS = 2
SCHEMAS: list[Any] = [
    {"type": "boolean"},
    {"type": "integer", "minimum": -5, "maximum": 1200},
    {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.25},
    {"enum": ["red", "green", 3, None, {"a": [1]}]},
    {"const": {"deep": [[], {}]}},
    {"type": "string", "maxLength": 6},
    {"type": "string", "pattern": "^[a-f]{2,5}$"},
    {"type": "string", "format": "date"},
    {"type": "array", "items": {"type": "boolean"}, "maxItems": 4},
    {"type": "array", "items": {"enum": [1, 2, 3, 4]}, "uniqueItems": True, "minItems": 2},
    {"type": "array", "prefixItems": [{"type": "null"}, {"type": "boolean"}], "items": False},
    {"type": "array", "contains": {"const": 7}, "items": {"enum": [7, 8]}, "maxItems": 5},
    {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": False},
    {
        "type": "object",
        "properties": {"a": {"type": "boolean"}, "b": {"enum": [1, 2]}},
        "required": ["b"],
        "additionalProperties": False,
    },
    {"type": "object", "patternProperties": {"^[xy]$": {"type": "null"}}, "additionalProperties": False},
    {"anyOf": [{"type": "null"}, {"type": "boolean"}, {"const": "none"}]},
    {"oneOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]},
    {"not": {"type": ["object", "array", "string", "number"]}},
    {"if": {"enum": [1]}, "then": {"const": 1}, "else": {"type": "boolean"}},
    {
        "$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}, "maxItems": 1}},
        "$ref": "#/$defs/t",
    },
]


def ids_of(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    return ids


def mask_of(grammar: Any, size: int) -> set[int]:
    mask = grammar.allocate_vocab_mask(vocab_size=size, batch_size=1, device="cpu")
    grammar.fill_vocab_mask(mask, 0)
    return set(allowed_tokens(mask[0].numpy(), size).tolist())


@pytest.fixture
def size(tokenizer: Any) -> int:
    return len(tokenizer) + 11


@pytest.fixture(scope="module")
def compact(host: Any, tokenizer: Any) -> Any:
    options = host.backend.JSONSchemaOptions(whitespace=host.backend.Whitespace.COMPACT)
    return host.backend.SGLangBackend(tokenizer, len(tokenizer) + 11, EOS, options)


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_walks_over_masks_are_instances_of_their_schema(compact: Any, size: int, schema: Any) -> None:
    compiled = compact.dispatch_json(json.dumps(schema))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        request = compiled.copy()
        taken: list[int] = []
        while not request.is_terminated():
            jump = request.try_jump_forward(None)
            if jump is not None:
                request._matcher.fork().accept_bytes(jump[1].encode())  # what must come may come
            allowed = sorted(mask_of(request, size))
            finishes = EOS in allowed and rng.random() < 0.5
            taken.append(EOS if finishes else int(rng.choice(allowed)))
            request.accept_token(taken[-1])
            assert len(taken) < 400
        text = b"".join(request._matcher.vocabulary.text_of(token) for token in taken)
        jsonschema.validate(json.loads(text), schema)


def test_an_illegal_token_raises_and_changes_nothing(backend: Any, tokenizer: Any, size: int) -> None:
    grammar = backend.dispatch_regex("ab|cd")
    grammar.accept_token(ids_of(tokenizer, "a")[0])
    before = mask_of(grammar, size)
    for token in (ids_of(tokenizer, "c")[0], EOS, 0, size, -1):
        with pytest.raises(ValueError, match="is not allowed after 1 tokens"):
            grammar.accept_token(token)
    assert mask_of(grammar, size) == before
    assert grammar.current_token == ids_of(tokenizer, "a")[0]
    assert not grammar.is_terminated()


def test_the_end_token_terminates_and_a_rollback_revives(backend: Any, tokenizer: Any, size: int) -> None:
    grammar = backend.dispatch_regex("a+")
    assert grammar.current_token is None
    grammar.accept_token(ids_of(tokenizer, "a")[0])
    before = mask_of(grammar, size)
    grammar.accept_token(EOS)
    assert grammar.is_terminated()
    grammar.accept_token(0)  # what an overlapped step delivers after the end
    assert grammar.current_token == EOS
    grammar.rollback(1)
    assert not grammar.is_terminated()
    assert mask_of(grammar, size) == before
    with pytest.raises(ValueError, match="Cannot roll back 2 of 1 accepts"):
        grammar.rollback(2)


def test_copies_go_their_own_ways(backend: Any, tokenizer: Any, size: int) -> None:
    template = backend.dispatch_regex("[ab]{2}")
    a, b = (ids_of(tokenizer, letter)[0] for letter in "ab")
    first, second = template.copy(), template.copy()
    first.accept_token(a)
    advanced = first.copy()
    advanced.accept_token(b)
    first.finished = True
    assert not second.finished
    assert not advanced.finished
    assert EOS in mask_of(advanced, size)
    assert EOS not in mask_of(first, size)
    assert mask_of(second, size) == mask_of(template, size)
    assert second.current_token is None
    assert second.grammar_stats.is_cache_hit
    assert not template.grammar_stats.is_cache_hit


def test_a_batch_fills_its_rows_and_no_others(host: Any, backend: Any, size: int) -> None:
    first, second = backend.dispatch_regex("a"), backend.dispatch_regex("b")
    mask = first.allocate_vocab_mask(vocab_size=size, batch_size=4, device="cpu")
    assert mask.dtype == torch.int32
    assert mask.shape == (4, (size + 31) // 32)
    first.fill_vocab_mask_batched([host.base.GrammarRow(2, first), host.base.GrammarRow(0, second)], mask)
    assert set(allowed_tokens(mask[2].numpy(), size)) == mask_of(first, size)
    assert set(allowed_tokens(mask[0].numpy(), size)) == mask_of(second, size)
    assert (mask[1] == -1).all()
    assert (mask[3] == -1).all()
    first.reset_vocab_mask(mask)
    assert (mask == -1).all()


def test_a_batch_may_hold_objects_of_other_classes(host: Any, backend: Any, size: int) -> None:
    class Other(host.base.BaseGrammarObject):  # type: ignore[misc, name-defined]
        def fill_vocab_mask(self, vocab_mask: Any, idx: int) -> None:
            vocab_mask[idx] = 7

    ours = backend.dispatch_regex("a")
    mask = ours.allocate_vocab_mask(vocab_size=size, batch_size=2, device="cpu")
    ours.fill_vocab_mask_batched([host.base.GrammarRow(0, Other()), host.base.GrammarRow(1, ours)], mask)
    assert (mask[0] == 7).all()
    assert set(allowed_tokens(mask[1].numpy(), size)) == mask_of(ours, size)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_logits_outside_the_mask_are_minus_infinity(backend: Any, size: int, dtype: str) -> None:
    grammar = backend.dispatch_regex("[abc]+")
    logits = torch.randn(2, size, dtype=getattr(torch, dtype))
    before = logits.clone()
    mask = grammar.allocate_vocab_mask(vocab_size=size, batch_size=2, device="cpu")
    grammar.fill_vocab_mask(mask, 0)
    assert grammar.apply_vocab_mask(logits=logits, vocab_mask=grammar.move_vocab_mask(mask, "cpu")) is None
    allowed = torch.zeros(size, dtype=torch.bool)
    allowed[sorted(mask_of(grammar, size))] = True
    assert torch.equal(logits[0, allowed], before[0, allowed])
    assert (logits[0, ~allowed] == -torch.inf).all()
    assert torch.equal(logits[1], before[1])


@pytest.mark.parametrize("width", [40, 64, 100])
def test_columns_without_a_bit_stay_as_they_are(host: Any, width: int) -> None:
    wide = torch.randn(3, 2 * width)
    before = wide.clone()
    mask = torch.tensor([[-1, 0], [0b101, 0], [0, -2]], dtype=torch.int32)
    host.masks.apply_mask(wide[:, :width], mask)
    allowed = unpack_bitmask(mask.numpy(), 64)[:, :width]
    assert torch.equal(wide[:, :width].isfinite()[:, : allowed.shape[1]], torch.from_numpy(allowed))
    kept = wide.isfinite()
    assert torch.equal(wide[kept], before[kept])
    assert kept[:, min(width, 64) :].all()


def test_draft_trees_are_masked_where_their_tokens_are_legal(backend: Any, tokenizer: Any, size: int) -> None:
    grammar = backend.dispatch_regex("(a|b|ab|ba)*c?")
    letters = [ids_of(tokenizer, letter)[0] for letter in "abcd"] + [EOS, size - 1]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        request = grammar.copy()
        for _ in range(seed % 3):
            request.accept_token(letters[0])
        before = mask_of(request, size)
        next_token, next_sibling, parents = random_tree(rng, 12)
        drafts = torch.from_numpy(rng.choice(letters, size=12))
        mask = request.allocate_vocab_mask(vocab_size=size, batch_size=12, device="cpu")
        traverse_tree(next_token, next_sibling, drafts, request, mask, size)
        assert mask_of(request, size) == before
        for node in range(12):
            path = [node]
            while parents[path[-1]] > 0:
                path.append(parents[path[-1]])
            expected = masked_after(request, [int(drafts[place]) for place in reversed(path) if place], size)
            assert set(allowed_tokens(mask[node].numpy(), size).tolist()) == expected


def masked_after(request: Any, tokens: list[int], size: int) -> set[int]:
    """What the row of a node has: its mask, or everything where the path to it is illegal or has ended."""
    walker = request.copy()
    for token in tokens:
        if walker.is_terminated():
            return set(range(size))
        try:
            walker.accept_token(token)
        except ValueError:
            return set(range(size))
    return set(range(size)) if walker.is_terminated() else mask_of(walker, size)


def test_a_jump_is_text_that_has_to_come(backend: Any, tokenizer: Any, size: int) -> None:
    grammar = backend.dispatch_regex('\\{"größe": (1|2)\\}')
    helper = grammar.try_jump_forward(tokenizer)
    assert helper == ([], '{"größe": ')
    assert grammar.jump_forward_str_state(helper)[0] == '{"größe": '
    old = ids_of(tokenizer, '{"')[:1]
    grammar.accept_token(old[0])
    jump, state = grammar.jump_forward_str_state(grammar.try_jump_forward(tokenizer))
    new = ids_of(tokenizer, '{"größe": ')
    assert tokenizer.decode(old) + jump == '{"größe": '
    grammar.jump_and_retokenize(old, new, state)
    assert grammar.try_jump_forward(tokenizer) is None
    assert {tokenizer.decode([token]) for token in mask_of(grammar, size)} >= {"1", "2"}


def test_a_jump_stops_before_a_part_of_a_character(backend: Any, tokenizer: Any) -> None:
    assert backend.dispatch_regex("x[äö]").try_jump_forward(tokenizer) == ([], "x")
    assert backend.dispatch_regex("[äö]").try_jump_forward(tokenizer) is None


def test_an_illegal_retokenisation_changes_nothing(backend: Any, tokenizer: Any, size: int) -> None:
    grammar = backend.dispatch_regex("abc")
    a, b = (ids_of(tokenizer, letter)[0] for letter in "ab")
    grammar.accept_token(a)
    before = mask_of(grammar, size)
    with pytest.raises(ValueError, match="cannot be spelt anew"):
        grammar.jump_and_retokenize([a], [a, a], -1)
    assert mask_of(grammar, size) == before
    grammar.jump_and_retokenize([a], [a, b], -1)
    grammar.rollback(2)


def test_a_mask_that_cannot_be_made_aborts_the_request_and_not_the_server(
    backend: Any, tokenizer: Any, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    grammar = backend.dispatch_regex("a+")
    grammar.accept_token(ids_of(tokenizer, "a")[0])

    class Exhausted:
        vocabulary = grammar._matcher.vocabulary

        def fill_bitmask(self, row: Any) -> None:
            raise LimitExceeded("A mask", 2, 1)

    monkeypatch.setattr(grammar, "_matcher", Exhausted())
    assert mask_of(grammar, size) == {EOS}
    with pytest.raises(ValueError, match="No mask could be made: A mask needs 2"):
        grammar.accept_token(EOS)


def test_an_object_shows_its_specification(backend: Any) -> None:
    assert repr(backend.dispatch_regex("a+")) == "SGLangGrammar(regex, 'a+', 0 tokens)"
