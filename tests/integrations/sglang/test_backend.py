"""Specifications as SGLang hands them over, and what it is told of those that are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from maskwright import InvalidVocabulary, MatcherError
from tests.integrations.sglang import standin
from tests.integrations.sglang.test_grammar_object import EOS, ids_of

LEGACY_TAG = {
    "structures": [{"begin": "<f>", "schema": {"type": "boolean"}, "end": "</f>"}],
    "triggers": ["<f"],
}
TAG = {
    "type": "structural_tag",
    "format": {
        "type": "tag",
        "begin": "<f>",
        "content": {"type": "json_schema", "json_schema": {"type": "boolean"}},
        "end": "</f>",
    },
}


def reads(grammar: Any, tokenizer: Any, text: str) -> bool:
    """Is the text a whole one of the grammar?"""
    request = grammar.copy()
    try:
        for token in [*ids_of(tokenizer, text), EOS]:
            request.accept_token(token)
    except ValueError:
        return False
    return bool(request.is_terminated())


@pytest.mark.parametrize(
    ("kind", "specification", "text", "other"),
    [
        ("json", '{"type": "integer"}', "12", "true"),
        ("json", "$$ANY$$", '[1, {"a": null}]', "[1"),
        ("regex", "[0-9]{2}", "12", "123"),
        ("ebnf", 'root ::= "yes" | "no"', "yes", "maybe"),
        ("ebnf", "root ::= [0-9]{2,3} # GBNF\n", "123", "1"),
        ("ebnf", 'start: "yes" | "no"', "no", "maybe"),
        ("full_assistant_ebnf", 'root ::= "yes" | "no"', "yes", "maybe"),
        ("structural_tag", json.dumps(TAG), "<f>true</f>", "<f>1</f>"),
        ("structural_tag", json.dumps(LEGACY_TAG | {"at_least_one": True}), "<f>true</f>", "so <f>true</f>"),
        ("structural_tag", json.dumps(LEGACY_TAG | {"at_least_one": False}), "so", "so <f>1</f>"),
        (
            "structural_tag",
            json.dumps({"structures": [{"begin": "<f>", "schema": None, "end": "</f>"}], "triggers": ["<f"]}),
            "<f>[1]</f>",
            "<f>1",
        ),
        (
            "structural_tag",
            json.dumps({"format": TAG["format"] | {"content": {"type": "json_schema"}}}),
            "<f>[1]</f>",
            "<f>1",
        ),
        ("structural_tag", json.dumps(LEGACY_TAG), "so <f>true</f>.", "so <f>1</f>"),
    ],
)
def test_a_specification_is_compiled_in_a_thread_and_copied_from_the_cache(
    backend: Any, tokenizer: Any, kind: str, specification: str, text: str, other: str
) -> None:
    backend.reset()
    key = (kind, specification)
    future, is_hit = backend.get_cached_or_future_value(key, require_reasoning=False)
    assert not is_hit
    grammar = future.result(timeout=60)
    backend.set_cache(key, grammar.copy())
    again, is_hit = backend.get_cached_or_future_value(key, require_reasoning=False)
    assert is_hit
    assert again is not grammar
    for found in (grammar, again):
        assert reads(found, tokenizer, text)
        assert not reads(found, tokenizer, other)


@pytest.mark.parametrize(
    ("kind", "specification", "message"),
    [
        ("json", '{"type": "string", "pattern": "(a)\\\\1"}', "cannot be enforced exactly"),
        ("json", '{"type": ', "not JSON"),
        ("json", '{"type": "number", "not": {}}', "No text can satisfy this specification"),
        ("regex", r"(a)\1", "cannot be enforced exactly"),
        ("ebnf", "root ::= (", "line 1, column"),
        ("structural_tag", "{", "this is not JSON"),
        ("structural_tag", '{"format": {"type": "rhyme"}}', "rhyme"),
        ("structural_tag", '{"structures": 3, "triggers": ["<f"]}', "/structures"),
        ("structural_tag", '{"structures": [3], "triggers": ["<f"], "at_least_one": true}', "/structures/0"),
        ("structural_tag", '{"structures": [{"colour": 1}], "triggers": ["<f"], "at_least_one": true}', "colour"),
        ("structural_tag", '{"format":' + '{"content":' * 600 + "1" + "}" * 601, "Nesting of formats"),
        ("structural_tag", "[]", "must be an object, not an array"),
    ],
)
def test_what_is_refused_says_why(host: Any, backend: Any, kind: str, specification: str, message: str) -> None:
    refused = backend.get_cached_or_future_value((kind, specification), require_reasoning=False)[0].result(timeout=60)
    assert isinstance(refused, host.base.InvalidGrammarObject)
    assert message in refused.error_message


def test_all_end_tokens_that_sglang_heeds_end_a_text(host: Any, tokenizer: Any) -> None:
    backend = host.backend.SGLangBackend(tokenizer, len(tokenizer), [0])
    assert backend._compiler.vocabulary.eos_token_ids == (0, EOS)
    assert host.backend.SGLangBackend(tokenizer, len(tokenizer))._compiler.vocabulary.eos_token_ids == (EOS,)


def test_logits_that_are_narrower_than_the_tokenizer_are_refused(host: Any, tokenizer: Any) -> None:
    with pytest.raises(InvalidVocabulary, match="it is the width of the logits"):
        host.backend.SGLangBackend(tokenizer, 100)


def test_a_mask_of_another_width_is_refused(backend: Any, tokenizer: Any) -> None:
    grammar = backend.dispatch_regex("a")
    mask = grammar.allocate_vocab_mask(vocab_size=64, batch_size=1, device="cpu")
    with pytest.raises(MatcherError, match="must be a writable contiguous numpy array"):
        grammar.fill_vocab_mask(mask, 0)


def serving(**changed: object) -> Any:
    return type("Serving", (), vars(standin.SERVING) | changed)


def test_blanks_are_as_the_server_is_told(host: Any, tokenizer: Any) -> None:
    assert host.backend.json_options(serving()) is None
    options = host.backend.json_options(serving(constrained_json_disable_any_whitespace=True))
    compact = host.backend.SGLangBackend(tokenizer, len(tokenizer), EOS, options).dispatch_json('{"const": [1]}')
    assert reads(compact, tokenizer, "[1]")
    assert not reads(compact, tokenizer, "[ 1]")
    options = host.backend.json_options(serving(constrained_json_max_whitespace_cnt=1))
    bounded = host.backend.SGLangBackend(tokenizer, len(tokenizer), EOS, options).dispatch_json('{"const": [1]}')
    assert reads(bounded, tokenizer, "[ 1]")
    assert not reads(bounded, tokenizer, "[  1]")


def test_a_pattern_of_blanks_is_refused_at_the_start(host: Any) -> None:
    with pytest.raises(host.backend.InvalidOption) as caught:
        host.backend.json_options(serving(constrained_json_whitespace_pattern="[ ]?"))
    assert str(caught.value) == (
        "--constrained-json-whitespace-pattern must be left out with this backend: "
        "--constrained-json-max-whitespace-cnt bounds blanks, not '[ ]?'."
    )


def test_tokens_of_a_row_can_be_filtered(backend: Any) -> None:
    mask = backend.allocate_vocab_mask(vocab_size=64, batch_size=2, device="cpu")
    backend.set_token_filter(mask, [31, 33], 1, is_allowed=True)
    assert mask[1].tolist() == [-(2**31), 2]
    backend.set_token_filter(mask, [31], 1, is_allowed=False, reset_vocab_mask=False)
    assert mask[1].tolist() == [0, 2]
    backend.set_token_filter(mask, [0], 1, is_allowed=False)
    assert mask[1].tolist() == [-2, -1]
    assert mask[0].tolist() == [-1, -1]
    assert backend.is_support_token_filter
