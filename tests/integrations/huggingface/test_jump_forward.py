"""Jump-forward: the naive loop's tokens, the options of `generate` honoured, and everything else refused."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import InvalidOption, NoContinuation
from maskwright.grammar.json_schema.options import JSONSchemaOptions, Whitespace
from maskwright.integrations.causal_model import CausalModel
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import (
    GrammarLogitsProcessor,
    JumpForward,
    JumpForwardOutput,
    Retokenize,
    vocabulary_of,
)
from tests.integrations.huggingface import naive

PROMPT = "An example as JSON:"
LIMIT = 100
FREE = JSONSchemaOptions(max_whitespace=1)
COMPACT = JSONSchemaOptions(whitespace=Whitespace.COMPACT)


def run(loaded: LoadedModel, grammar: mw.CompiledGrammar, loop: JumpForward | None = None, **options: Any) -> Any:
    inputs = loaded.tokenizer([PROMPT], return_tensors="pt", return_token_type_ids=False)
    return loaded.model.generate(
        **inputs,
        custom_generate=loop or JumpForward(loaded.tokenizer),
        grammar=grammar,
        **{"max_new_tokens": LIMIT, "return_dict_in_generate": True, **options},
    )


def prompt_of(loaded: LoadedModel) -> list[int]:
    ids: list[int] = loaded.tokenizer(PROMPT)["input_ids"]
    return ids


def new_tokens(loaded: LoadedModel, output: Any) -> list[int]:
    sequences = output.sequences if isinstance(output, JumpForwardOutput) else output
    tokens: list[int] = sequences[0].tolist()
    assert tokens[: len(prompt_of(loaded))] == prompt_of(loaded)
    return tokens[len(prompt_of(loaded)) :]


@pytest.mark.parametrize("options", [FREE, COMPACT], ids=["blanks", "compact"])
@pytest.mark.parametrize("retokenize", Retokenize, ids=lambda mode: mode.name)
def test_greedy_choice_is_the_naive_loop(
    loaded: LoadedModel,
    compiler: mw.Compiler,
    schemas: dict[str, Any],
    retokenize: Retokenize,
    options: JSONSchemaOptions,
) -> None:
    loop = JumpForward(loaded.tokenizer, retokenize)
    for name, schema in schemas.items():
        grammar = compiler.compile_json_schema(schema, options=options)
        output = run(loaded, grammar, loop)
        expected, n_calls = naive.greedy_with_jumps(
            loaded.model, loaded.tokenizer, grammar, prompt_of(loaded), LIMIT, retokenize
        )
        assert new_tokens(loaded, output) == expected, name
        statistics = output.statistics
        assert statistics.n_model_calls == n_calls
        assert statistics.n_new_tokens == len(expected)
        assert statistics.n_forced_tokens >= len(expected) - n_calls - 1
        assert 0 <= statistics.share_forced < 1


@pytest.mark.parametrize("sampling", [{}, {"do_sample": True, "temperature": 1.3, "top_k": 40}], ids=["greedy", "hot"])
def test_complete_texts_are_the_tokenizers_own_tokens(
    loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any], sampling: dict[str, Any]
) -> None:
    torch.manual_seed(3)
    loop = JumpForward(loaded.tokenizer)
    n_complete = 0
    for schema in schemas.values():
        tokens = new_tokens(loaded, run(loaded, compiler.compile_json_schema(schema, options=FREE), loop, **sampling))
        if tokens[-1] in loaded.vocabulary.eos_token_ids:
            n_complete += 1
            text = loaded.vocabulary.decode(tokens)
            jsonschema.validate(json.loads(text), schema)
            assert tokens[:-1] == naive.encoded(loaded.tokenizer, text)
    assert n_complete >= 18


def test_a_skeleton_takes_few_calls(loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any]) -> None:
    grammar = compiler.compile_json_schema(schemas["constants"], options=COMPACT)
    output = run(loaded, grammar)
    assert output.statistics.n_model_calls <= 4
    assert output.statistics.share_forced > 0.8
    assert output.statistics.n_tokens_read <= len(prompt_of(loaded)) + output.statistics.n_new_tokens


def test_a_tensor_is_returned_unless_a_record_is_asked_for(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    grammar = compiler.compile_regex("2026-11-30")
    output = run(loaded, grammar, return_dict_in_generate=False)
    assert loaded.vocabulary.decode(new_tokens(loaded, output)) == b"2026-11-30"
    assert run(loaded, grammar).statistics.n_model_calls == 0, "nothing was left to choose"


def test_without_a_cache_nothing_changes(loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any]) -> None:
    grammar = compiler.compile_json_schema(schemas["union"], options=FREE)
    cached, uncached = run(loaded, grammar), run(loaded, grammar, use_cache=False)
    assert new_tokens(loaded, cached) == new_tokens(loaded, uncached)
    assert uncached.statistics.n_tokens_read > 3 * cached.statistics.n_tokens_read


def test_the_end_may_be_any_of_several(loaded: LoadedModel) -> None:
    config = transformers.GenerationConfig(eos_token_id=[2, 4095])
    grammar = mw.Compiler(vocabulary_of(loaded.tokenizer, config)).compile_regex("yes|no")
    output = run(loaded, grammar, eos_token_id=[2, 4095])
    *text, end = new_tokens(loaded, output)
    assert grammar.vocabulary.decode(text) in {b"yes", b"no"}
    assert end in {2, 4095}
    assert output.statistics.n_model_calls >= 1


@pytest.mark.parametrize("limit", range(1, 24))
def test_a_limit_cuts_within_a_jump(
    loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any], limit: int
) -> None:
    grammar = compiler.compile_json_schema(schemas["constants"], options=COMPACT)
    tokens = new_tokens(loaded, run(loaded, grammar, max_new_tokens=limit))
    assert len(tokens) == limit
    naive.matcher_after(grammar, tokens)
    expected, _ = naive.greedy_with_jumps(
        loaded.model, loaded.tokenizer, grammar, prompt_of(loaded), limit, Retokenize.TEXT
    )
    assert tokens == expected


def test_criteria_are_asked_about_every_token(
    loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any]
) -> None:
    widths = []

    class Recording(transformers.StoppingCriteria):  # type: ignore[misc,unused-ignore]
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            widths.append(input_ids.shape[1])
            return torch.zeros(1, dtype=torch.bool)

    grammar = compiler.compile_json_schema(schemas["constants"], options=COMPACT)
    loop = JumpForward(loaded.tokenizer, Retokenize.SEAM)
    output = run(loaded, grammar, loop, stopping_criteria=transformers.StoppingCriteriaList([Recording()]))
    assert set(widths) == set(range(len(prompt_of(loaded)) + 1, output.sequences.shape[1] + 1))


def test_a_stop_string_ends_the_text(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    grammar = compiler.compile_regex("(one two three four five six, ){2}[0-9]")

    class Stop(transformers.StoppingCriteria):  # type: ignore[misc,unused-ignore]
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            return torch.tensor(["four" in loaded.tokenizer.decode(row) for row in input_ids])

    output = run(loaded, grammar, stopping_criteria=transformers.StoppingCriteriaList([Stop()]))
    assert loaded.vocabulary.decode(new_tokens(loaded, output)) == b"one two three four"


def test_processors_choose_among_the_allowed_tokens(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    """Each option changes what is chosen; equal seeds choose equally."""
    grammar = compiler.compile_regex("[0-9]{40}")
    greedy = new_tokens(loaded, run(loaded, grammar))
    for options in (
        {"repetition_penalty": 5.0},
        {"do_sample": True, "temperature": 5.0, "top_k": 0},
        {"do_sample": True, "top_k": 20},
    ):
        torch.manual_seed(0)
        first = new_tokens(loaded, run(loaded, grammar, **options))
        torch.manual_seed(0)
        assert new_tokens(loaded, run(loaded, grammar, **options)) == first
        assert first != greedy
    assert new_tokens(loaded, run(loaded, grammar, do_sample=True, top_k=1)) == greedy


def test_what_other_processors_forbid_altogether_is_said(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    grammar = compiler.compile_regex("[ab]")
    ids = [[token] for token, text in enumerate(loaded.vocabulary.token_bytes) if text in {b"a", b"b"}]
    with pytest.raises(NoContinuation, match="other processors forbid all tokens that the grammar allows"):
        run(loaded, grammar, bad_words_ids=ids)


class Recorder(transformers.generation.BaseStreamer):  # type: ignore[misc,unused-ignore]
    """What a streamer is given."""

    def __init__(self) -> None:
        self.pieces: list[list[int]] = []
        self.has_ended = False

    def put(self, value: Any) -> None:
        self.pieces.append(value.flatten().tolist())

    def end(self) -> None:
        self.has_ended = True


@pytest.mark.parametrize("retokenize", Retokenize, ids=lambda mode: mode.name)
def test_a_streamer_is_told_the_text(
    loaded: LoadedModel, compiler: mw.Compiler, schemas: dict[str, Any], retokenize: Retokenize
) -> None:
    for schema in schemas.values():
        recorder = Recorder()
        torch.manual_seed(5)
        output = run(
            loaded,
            compiler.compile_json_schema(schema, options=FREE),
            JumpForward(loaded.tokenizer, retokenize),
            streamer=recorder,
            do_sample=True,
            temperature=1.5,
        )
        prompt, *pieces = recorder.pieces
        assert prompt == prompt_of(loaded)
        told = [token for piece in pieces for token in piece]
        assert loaded.vocabulary.decode(told) == loaded.vocabulary.decode(new_tokens(loaded, output))
        assert told[-1] == new_tokens(loaded, output)[-1]
        assert recorder.has_ended


def test_padding_in_front_is_not_read(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    grammar = compiler.compile_regex("[a-z]{8}")
    alone = new_tokens(loaded, run(loaded, grammar))
    inputs = loaded.tokenizer(
        [PROMPT], return_tensors="pt", return_token_type_ids=False, padding="max_length", max_length=12
    )
    assert inputs["input_ids"][0, 0] == loaded.tokenizer.pad_token_id
    loop = JumpForward(loaded.tokenizer)
    output = loaded.model.generate(**inputs, custom_generate=loop, grammar=grammar, max_new_tokens=LIMIT)
    assert output[0, 12:].tolist() == alone


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 2}, "num_beams must be 1"),
        ({"prompt_lookup_num_tokens": 2}, "prompt_lookup_num_tokens must be None"),
        ({"guidance_scale": 1.5}, "guidance_scale must be None"),
        ({"cache_implementation": "static"}, "cache_implementation must be None"),
        ({"num_return_sequences": 2, "do_sample": True}, "the number of rows must be 1 with jump-forward"),
        ({"output_scores": True}, "output_scores must be False"),
        ({"grammar": None}, "grammar must be the compiled grammar of the text"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_jumps_exclude_is_refused(
    loaded: LoadedModel, compiler: mw.Compiler, options: dict[str, Any], message: str
) -> None:
    grammar = compiler.compile_regex("[0-9]")
    with pytest.raises(InvalidOption, match=message):
        run(loaded, options.pop("grammar", grammar), **options)


def test_other_inputs_are_refused(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    grammar = compiler.compile_regex("[0-9]")
    with pytest.raises(InvalidOption, match="assistant_model must be None"):
        run(loaded, grammar, assistant_model=loaded.model)
    processors = transformers.LogitsProcessorList([GrammarLogitsProcessor(grammar)])
    with pytest.raises(InvalidOption, match="the grammar alone is enough"):
        run(loaded, grammar, logits_processor=processors)
    cache = transformers.DynamicCache()
    name = CausalModel(loaded.model, 8).cache_name or ""
    loaded.model(torch.tensor([[1, 2]]), use_cache=True, **{name: cache})
    with pytest.raises(InvalidOption, match="the prompt is read from its beginning"):
        run(loaded, grammar, **{name: cache})


def test_text_that_no_tokenizer_writes_is_still_exact(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    """The spelling of a special token, and forced bytes that end within a character."""
    for pattern, text in (("<\\|eos\\|>[0-9]", b"<|eos|>"), ("(?:é|è)!", "é!".encode()), ("x🙂+y", "x🙂".encode())):
        tokens = new_tokens(loaded, run(loaded, compiler.compile_regex(pattern)))
        spelt = loaded.vocabulary.decode(tokens)
        assert spelt[:1] == text[:1]
        assert tokens[-1] == 2
        naive.matcher_after(compiler.compile_regex(pattern), tokens)


@pytest.mark.parametrize("retokenize", Retokenize, ids=lambda mode: mode.name)
def test_special_tokens_stand_between_texts(loaded: LoadedModel, compiler: mw.Compiler, retokenize: Retokenize) -> None:
    """No tokenizer writes them for text, so what is before one is never cut into tokens together with what follows."""
    grammar = compiler.compile_lark('start: "abcdef " <|bos|> "call this" /[0-9]{2}/ <|bos|> "done"')
    output = run(loaded, grammar, JumpForward(loaded.tokenizer, retokenize))
    tokens = new_tokens(loaded, output)
    first, second = (place for place, token in enumerate(tokens) if token == 1)
    texts = [loaded.vocabulary.decode(part) for part in (tokens[:first], tokens[first:second], tokens[second:])]
    assert texts[0] == b"abcdef "
    assert texts[1][:-2] == b"call this"
    assert texts[2] == b"done"
    assert output.statistics.n_model_calls <= 2


class Spelling(transformers.LogitsProcessor):  # type: ignore[misc,unused-ignore]
    """Has a text begin with these tokens."""

    def __init__(self, tokens: list[int]) -> None:
        self._tokens = tokens
        self._n_prompt: int | None = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if self._n_prompt is None:
            self._n_prompt = input_ids.shape[1]
        place = input_ids.shape[1] - self._n_prompt
        if place < len(self._tokens):
            scores[0, self._tokens[place]] = 1e4
        return scores


def any_tokens(number: int) -> dict[str, Any]:
    return {
        "type": "repeat",
        "min": number,
        "max": number,
        "content": {"type": "exclude_token", "exclude_tokens": []},
    }


@pytest.mark.parametrize("retokenize", Retokenize, ids=lambda mode: mode.name)
@pytest.mark.parametrize(
    "format_",
    [
        any_tokens(4),
        {"type": "sequence", "elements": [any_tokens(4), {"type": "const_string", "value": "abc"}]},
        {"type": "sequence", "elements": [any_tokens(4), {"type": "token", "token": 1}]},
    ],
    ids=["end", "forced text", "special token"],
)
def test_tokens_that_a_grammar_counts_stay_as_they_were_chosen(
    loaded: LoadedModel, compiler: mw.Compiler, format_: dict[str, Any], retokenize: Retokenize
) -> None:
    """The tokenizer would write the four bytes as fewer tokens, and then the grammar would ask for another one."""
    chosen = [loaded.vocabulary.token_bytes.index(bytes([byte])) for byte in b"the "]
    assert len(naive.encoded(loaded.tokenizer, b"the ")) < 4
    grammar = compiler.compile_structural_tag({"format": format_})
    processors = transformers.LogitsProcessorList([Spelling(chosen)])
    loop = JumpForward(loaded.tokenizer, retokenize)
    tokens = new_tokens(loaded, run(loaded, grammar, loop, logits_processor=processors))
    assert tokens[:4] == chosen
    assert loaded.vocabulary.decode(tokens) in {b"the ", b"the abc"}
    assert naive.matcher_after(grammar, tokens).is_finished()
