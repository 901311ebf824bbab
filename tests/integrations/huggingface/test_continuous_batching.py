"""Continuous batching: requests come, share memory, fork, are put back, cancelled and refused."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import copy
import gc
import json
import re
import time
import weakref
from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import (
    InvalidOption,
    LimitExceeded,
    MatcherError,
    ModelCallFailed,
    RequestsFailed,
    TokenRejected,
    UnsupportedHost,
)
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import attach, continuous_batching, generate_batch
from maskwright.matching.bitmask import unpack_bitmask
from tests.integrations.huggingface import naive

DATE = r"20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][0-9]"
PROMPTS = ("A date:", "Write a day of the year as digits, please: ", "When?")


def small(**options: Any) -> Any:
    """By default transformers takes most of the memory for its cache."""
    return transformers.ContinuousBatchingConfig(
        **{"num_blocks": 64, "page_size": 32, "max_batch_tokens": 64, **options}
    )


def choosing(**options: Any) -> Any:
    return transformers.GenerationConfig(**{"max_new_tokens": 60, "eos_token_id": 2, "pad_token_id": 0, **options})


def ids_of(loaded: LoadedModel, *prompts: str) -> list[list[int]]:
    return [loaded.tokenizer(prompt)["input_ids"] for prompt in prompts]


def text_of(loaded: LoadedModel, output: Any) -> str:
    assert output.generated_tokens[-1] == 2, "the text was cut"
    return loaded.vocabulary.decode(output.generated_tokens).decode()


@pytest.fixture(scope="module")
def date(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_regex(DATE)


@pytest.fixture
def manager(loaded: LoadedModel) -> Iterator[Any]:
    """Not started yet."""
    manager = loaded.model.init_continuous_batching(
        generation_config=choosing(), continuous_batching_config=small(use_async_batching=False, use_cuda_graph=False)
    )
    yield manager
    if manager.is_running():
        manager.stop(block=True)
    manager.destroy()


def test_each_prompt_keeps_to_its_own_grammar_or_none(
    loaded: LoadedModel, compiler: mw.Compiler, date: mw.CompiledGrammar, schemas: dict[str, Any]
) -> None:
    union = compiler.compile_json_schema(schemas["union"], options=JSONSchemaOptions(max_whitespace=1))
    inputs = ids_of(loaded, *PROMPTS, "English:")
    outputs = generate_batch(
        loaded.model,
        inputs,
        [date, union, date, None],
        generation_config=choosing(),
        continuous_batching_config=small(),
    )
    assert [output.prompt_ids for output in outputs] == inputs
    assert re.fullmatch(DATE, text_of(loaded, outputs[0]))
    jsonschema.validate(json.loads(text_of(loaded, outputs[1])), schemas["union"])
    assert re.fullmatch(DATE, text_of(loaded, outputs[2]))
    with torch.no_grad():
        free = loaded.model.generate(torch.tensor(inputs[3:]), attention_mask=None, generation_config=choosing())
    assert outputs[3].generated_tokens == free[0, len(inputs[3]) :].tolist()


def test_prompts_longer_than_a_step_are_read_by_pieces(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    """Some steps then give no request a token, and scores come for nobody."""
    inputs = ids_of(loaded, "Once upon a time. " * 20 + "A date:", "A date:")
    config = small(max_batch_tokens=32)
    outputs = generate_batch(
        loaded.model, inputs, date, generation_config=choosing(), continuous_batching_config=config
    )
    for prompt, output in zip(inputs, outputs, strict=True):
        assert output.generated_tokens == naive.greedy(loaded.model, date, prompt, 60)


@pytest.mark.parametrize("sampling", [{"top_k": 0}, {"top_k": 3}, {"top_p": 0.5, "temperature": 2.0}], ids=str)
def test_sequences_of_one_prompt_go_their_own_ways(
    loaded: LoadedModel, date: mw.CompiledGrammar, sampling: dict[str, Any]
) -> None:
    """The state of a request is copied after its first token; top-k chooses among allowed tokens."""
    torch.manual_seed(0)
    outputs = generate_batch(
        loaded.model,
        ids_of(loaded, *PROMPTS),
        date,
        generation_config=choosing(do_sample=True, num_return_sequences=4, **sampling),
        continuous_batching_config=small(),
    )
    assert len(outputs) == 12
    texts = [text_of(loaded, output) for output in outputs]
    assert all(re.fullmatch(DATE, text) for text in texts)
    assert len(set(texts)) > 3
    assert all(outputs[place].prompt_ids == outputs[4 * (place // 4)].prompt_ids for place in range(12))


def test_requests_that_are_put_back_find_their_place_again(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    """With too little memory for all of them, requests wait with their tokens in their prompts."""
    grammar = compiler.compile_regex("([a-z]{1,9} ){14}end")
    inputs = ids_of(loaded, *PROMPTS, *PROMPTS)
    config = small(num_blocks=4, page_size=32, allow_block_sharing=False, cpu_offload_space=0.0)
    outputs = generate_batch(
        loaded.model, inputs, grammar, generation_config=choosing(), continuous_batching_config=config
    )
    for prompt, output in zip(inputs, outputs, strict=True):
        assert output.generated_tokens == naive.greedy(loaded.model, grammar, prompt, 60)


def test_a_manager_streams_requests_that_come_later(
    loaded: LoadedModel, date: mw.CompiledGrammar, manager: Any
) -> None:
    requests = attach(manager, loaded.vocabulary)
    manager.start()
    prompts = ids_of(loaded, *PROMPTS)
    wanted = {requests.add(prompts[0], date, streaming=True): prompts[0]}
    partial = []
    finished = {}
    while len(finished) < 3:
        output = manager.get_result(timeout=5)
        assert output is not None
        assert output.error is None
        if output.is_finished():
            finished[output.request_id] = output.generated_tokens
        else:
            partial.append(output.generated_tokens)
        if len(partial) == 2 and len(wanted) == 1:
            wanted |= {requests.add(prompt, date, request_id=f"late {len(prompt)}"): prompt for prompt in prompts[1:]}
    for request_id, prompt in wanted.items():
        assert finished[request_id] == naive.greedy(loaded.model, date, prompt, 60)
    assert [len(tokens) for tokens in partial[:3]] == [1, 2, 3]


def test_requests_that_end_or_are_cancelled_free_their_matchers(
    loaded: LoadedModel, compiler: mw.Compiler, manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    matchers: list[weakref.ref[Any]] = []
    grammar = compiler.compile_regex("[a-z ]{3000}")

    class Watched(continuous_batching.RequestGrammar):  # type: ignore[misc]
        __slots__ = ("__weakref__",)

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            matchers.append(weakref.ref(self))

    monkeypatch.setattr(continuous_batching, "RequestGrammar", Watched)
    requests = attach(manager, loaded.vocabulary)
    manager.start()
    prompt = ids_of(loaded, "Text:")[0]
    endless = requests.add(prompt, grammar, max_new_tokens=900, streaming=True)
    while (output := manager.get_result(timeout=5)) is not None and len(output.generated_tokens) < 3:
        pass
    manager.cancel_request(endless)
    requests.add(prompt, grammar, max_new_tokens=3)
    free = requests.add(prompt, None, max_new_tokens=9)
    while (output := manager.get_result(timeout=5)) is not None and output.request_id != free:
        pass  # the last step is remembered until the next one, so the last request must not be the one that is watched
    deadline = time.monotonic() + 5
    while any(matcher() is not None for matcher in matchers) and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.05)
    assert len(matchers) == 2
    assert [matcher() for matcher in matchers] == [None, None]


def test_the_ends_are_those_of_the_vocabulary(loaded: LoadedModel) -> None:
    vocabulary = mw.Vocabulary.from_huggingface(loaded.tokenizer, eos_token_ids=[2, 4095])
    grammar = mw.Compiler(vocabulary).compile_regex("yes|no")
    [output] = generate_batch(
        loaded.model,
        ids_of(loaded, "Yes or no?"),
        grammar,
        generation_config=choosing(eos_token_id=2),
        continuous_batching_config=small(),
    )
    assert vocabulary.decode(output.generated_tokens) in {b"yes", b"no"}
    assert output.generated_tokens[-1] in {2, 4095}


def test_configurations_that_come_too_late_for_masks_are_refused(
    loaded: LoadedModel, date: mw.CompiledGrammar, manager: Any
) -> None:
    manager.continuous_batching_config.use_async_batching = True
    with pytest.raises(InvalidOption, match="use_async_batching must be False with grammars"):
        attach(manager, loaded.vocabulary)
    manager.continuous_batching_config.use_async_batching = False
    manager.continuous_batching_config.use_cuda_graph = True
    with pytest.raises(InvalidOption, match="use_cuda_graph must be False with grammars"):
        attach(manager, loaded.vocabulary)
    manager.continuous_batching_config.use_cuda_graph = False
    manager.continuous_batching_config.decode_compile_config = transformers.CompileConfig()
    with pytest.raises(InvalidOption, match="decode_compile_config must be None with grammars"):
        attach(manager, loaded.vocabulary)


def test_a_version_without_the_hooks_is_named(loaded: LoadedModel) -> None:
    with pytest.raises(
        UnsupportedHost, match=rf"transformers {transformers.__version__} .* no batch_processor, logit_"
    ):
        attach(object(), loaded.vocabulary)


def test_grammars_are_attached_once_and_in_time(
    loaded: LoadedModel, compiler: mw.Compiler, date: mw.CompiledGrammar, manager: Any
) -> None:
    requests = attach(manager, loaded.vocabulary)
    with pytest.raises(MatcherError, match="attached to this manager before"):
        attach(manager, loaded.vocabulary)
    other = mw.Compiler(mw.Vocabulary([b"2", b""], eos_token_ids=[1])).compile_regex("2")
    with pytest.raises(MatcherError, match="compiled for another vocabulary"):
        requests.add([1], other)
    manager.warmup()
    manager.logit_processor.logits_processor.clear()
    with pytest.raises(MatcherError, match="before the manager is started or warmed up"):
        attach(manager, loaded.vocabulary)
    manager.start()
    manager.stop(block=True)
    with pytest.raises(ModelCallFailed, match="the manager takes no requests"):
        requests.add([1], date)


def test_what_does_not_fit_together_is_said(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    with pytest.raises(MatcherError, match="2 grammars were given for 1 prompts"):
        generate_batch(loaded.model, [[1]], [date, date])
    with pytest.raises(MatcherError, match="None of the prompts has a grammar"):
        generate_batch(loaded.model, [[1]], [None])
    endless = mw.Compiler(mw.Vocabulary([b"2", b"3"], eos_token_ids=[])).compile_regex("2")
    with pytest.raises(MatcherError, match="no end-of-text token"):
        generate_batch(loaded.model, [[1]], endless, continuous_batching_config=small())


def test_a_request_follows_its_tokens_wherever_they_go(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    """Also back; and a copy, as transformers makes of the state of a request, goes its own way."""
    two, zero, letter = (loaded.tokenizer(text, add_special_tokens=False)["input_ids"][0] for text in "20x")
    request = continuous_batching.RequestGrammar(date)
    row = np.zeros(-(-loaded.vocabulary.size // 32), dtype=np.int32)
    for tokens in ([], [two], [two, zero], [two], [two, zero, zero], []):
        for follower in (request, copy.deepcopy(request)):
            follower.fill_bitmask(tokens, row)
            assert np.array_equal(unpack_bitmask(row, loaded.vocabulary.size), naive.allowed_after(date, tokens))
    with pytest.raises(TokenRejected):
        request.fill_bitmask([two, letter], row)


class Limited:
    """A grammar whose masks cannot be made from the third on."""

    def __init__(self, grammar: mw.CompiledGrammar) -> None:
        self._grammar = grammar
        self.vocabulary = grammar.vocabulary

    def matcher(self) -> Any:
        return _LimitedMatcher(self._grammar.matcher())


class _LimitedMatcher:
    def __init__(self, matcher: mw.Matcher) -> None:
        self._matcher = matcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._matcher, name)

    def fork(self) -> Any:
        return _LimitedMatcher(self._matcher.fork())

    def fill_bitmask(self, row: Any) -> None:
        if self._matcher.n_accepted == 2:
            raise LimitExceeded("The mask", 2, 1)
        self._matcher.fill_bitmask(row)


REASON = "The mask needs 2, more than the 1 allowed: simplify that part or raise the limit."


@pytest.mark.parametrize("n_sequences", [1, 2])
def test_a_mask_that_cannot_be_made_fails_its_own_request_only(
    loaded: LoadedModel, date: mw.CompiledGrammar, n_sequences: int
) -> None:
    torch.manual_seed(0)
    with pytest.raises(RequestsFailed) as caught:
        generate_batch(
            loaded.model,
            ids_of(loaded, *PROMPTS),
            [date, Limited(date), date],
            generation_config=choosing(do_sample=n_sequences > 1, num_return_sequences=n_sequences),
            continuous_batching_config=small(),
        )
    failed = range(n_sequences, 2 * n_sequences)
    assert caught.value.failures == tuple((place, REASON) for place in failed)
    assert str(caught.value) == (
        f"{n_sequences} of {3 * n_sequences} requests failed, the others are in `outputs`; "
        f"output {n_sequences}: {REASON}"
    )
    assert len(caught.value.outputs) == 3 * n_sequences
    for place, output in enumerate(caught.value.outputs):
        if place in failed:
            assert output.error == REASON
            assert len(output.generated_tokens) == 3
            assert output.generated_tokens[-1] == 2
        else:
            assert output.error is None
            assert re.fullmatch(DATE, text_of(loaded, output))


def test_a_manager_marks_the_output_of_a_request_that_failed(
    loaded: LoadedModel, date: mw.CompiledGrammar, manager: Any
) -> None:
    requests = attach(manager, loaded.vocabulary)
    manager.start()
    prompt = ids_of(loaded, PROMPTS[0])[0]
    failing, sound = requests.add(prompt, Limited(date)), requests.add(prompt, date)
    outputs: dict[str, Any] = {}
    while len(outputs) < 2:
        output = manager.get_result(timeout=5)
        assert output is not None
        outputs[output.request_id] = output
    assert outputs[failing].error == REASON
    assert outputs[sound].error is None
    assert outputs[sound].generated_tokens == naive.greedy(loaded.model, date, prompt, 60)


def test_a_request_that_was_put_back_has_failed_still(date: mw.CompiledGrammar) -> None:
    request = continuous_batching.RequestGrammar(date)
    request.failure = LimitExceeded("The mask", 2, 1)
    assert copy.deepcopy(request).failure == request.failure
