"""`model.generate` inside a grammar: every mode of generation, rewinds and reuse, against a plain reference loop."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import LimitExceeded, MatcherError, NoContinuation
from maskwright.integrations.generation import GenerationOptions, LoadedModel, generate_text, load_model
from maskwright.integrations.huggingface import GrammarLogitsProcessor, logits_processor, vocabulary_of
from maskwright.integrations.torch_masks import scores as scores_module
from maskwright.integrations.torch_masks.tensor_ops import forbidden
from maskwright.matching.bitmask import unpack_bitmask

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 6}, "maxItems": 2},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
CITY = {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}}, "required": ["city"]}
CITY["additionalProperties"] = False
DATE = r"20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][0-9]"
PROMPTS = ["A person as JSON:", "Weather report:", "Make up a person and print it as JSON:\n"]


@pytest.fixture(scope="module")
def person(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_json_schema(PERSON)


@pytest.fixture(scope="module")
def city(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_json_schema(CITY)


@pytest.fixture(scope="module")
def date(compiler: mw.Compiler) -> mw.CompiledGrammar:
    return compiler.compile_regex(DATE)


def generated(loaded: LoadedModel, processor: Any, prompts: list[str], **options: Any) -> list[list[int]]:
    """What `model.generate` appends to each prompt, cut after the first end-of-text token."""
    inputs = loaded.tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
    torch.manual_seed(0)
    output = loaded.model.generate(
        **inputs,
        max_new_tokens=options.pop("max_new_tokens", 120),
        logits_processor=transformers.LogitsProcessorList([processor]),
        **options,
    )
    return [ended(loaded, row) for row in output[:, inputs["input_ids"].shape[1] :].tolist()]


def ended(loaded: LoadedModel, row: list[int]) -> list[int]:
    ends = [place for place, token in enumerate(row) if token in loaded.vocabulary.eos_token_ids]
    return row[: ends[0] + 1] if ends else row


def text_of(loaded: LoadedModel, row: list[int]) -> str:
    assert row[-1] in loaded.vocabulary.eos_token_ids, "the text was cut"
    return loaded.vocabulary.decode(row).decode()


def assert_person(text: str) -> None:
    jsonschema.validate(json.loads(text), PERSON)


def greedy_by_hand(loaded: LoadedModel, grammar: mw.CompiledGrammar, prompt: str, limit: int) -> list[int]:
    """The plain loop: the whole text through the model at every step, the best of the allowed tokens."""
    matcher = grammar.matcher()
    row = np.zeros(-(-loaded.vocabulary.size // 32), dtype=np.int32)
    ids = loaded.tokenizer(prompt)["input_ids"]
    prompt_width = len(ids)
    while not matcher.is_finished() and len(ids) - prompt_width < limit:
        with torch.no_grad():
            logits = loaded.model(torch.tensor([ids])).logits[0, -1].numpy()
        matcher.fill_bitmask(row)
        token = int(np.where(unpack_bitmask(row, len(logits)), logits, -np.inf).argmax())
        matcher.accept_token(token)
        ids.append(token)
    return ids[prompt_width:]


def test_greedy_generation_is_the_plain_loop(loaded: LoadedModel, person: mw.CompiledGrammar) -> None:
    for prompt in PROMPTS:
        (row,) = generated(loaded, GrammarLogitsProcessor(person), [prompt])
        assert row == greedy_by_hand(loaded, person, prompt, 120)
        assert_person(text_of(loaded, row))


def test_a_padded_batch_gives_what_each_prompt_gives_alone(loaded: LoadedModel, person: mw.CompiledGrammar) -> None:
    rows = generated(loaded, GrammarLogitsProcessor(person), PROMPTS)
    assert rows == [generated(loaded, GrammarLogitsProcessor(person), [prompt])[0] for prompt in PROMPTS]


def test_each_row_keeps_to_its_own_grammar(
    loaded: LoadedModel, person: mw.CompiledGrammar, city: mw.CompiledGrammar, date: mw.CompiledGrammar
) -> None:
    processor = GrammarLogitsProcessor([person, date, city])
    options: list[dict[str, Any]] = [{}, {"do_sample": True}, {"num_beams": 3}]
    for option in options:
        a, b, c = (text_of(loaded, row) for row in generated(loaded, processor, PROMPTS, **option))
        assert_person(a)
        assert re.fullmatch(DATE, b)
        jsonschema.validate(json.loads(c), CITY)


def test_a_row_without_grammar_is_free(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    free = generated(loaded, _nothing, [PROMPTS[0]], max_new_tokens=12)
    rows = generated(loaded, GrammarLogitsProcessor([None, date]), [PROMPTS[0], PROMPTS[0]], max_new_tokens=12)
    assert rows[0] == free[0]
    assert re.fullmatch(DATE, text_of(loaded, rows[1]))


def _nothing(input_ids: Any, scores: Any) -> Any:
    return scores


@pytest.mark.parametrize(
    "options",
    [
        {"do_sample": True, "temperature": 1.5, "top_k": 0, "num_return_sequences": 6},
        {"do_sample": True, "top_k": 5, "top_p": 0.9, "num_return_sequences": 3},
        {"num_beams": 4, "num_return_sequences": 4},
        {"num_beams": 3, "do_sample": True},
        {"num_beams": 2, "repetition_penalty": 1.3, "length_penalty": 2.0, "early_stopping": True},
        {"cache_implementation": "static"},
        {"use_cache": False},
        {"prompt_lookup_num_tokens": 4},
    ],
    ids="+".join,
)
def test_every_mode_of_generation_writes_documents(
    loaded: LoadedModel, person: mw.CompiledGrammar, options: dict[str, Any]
) -> None:
    for row in generated(loaded, GrammarLogitsProcessor(person), PROMPTS[:1], **options):
        assert_person(text_of(loaded, row))


def test_beams_of_a_batch_are_documents(loaded: LoadedModel, person: mw.CompiledGrammar) -> None:
    for row in generated(loaded, GrammarLogitsProcessor(person), PROMPTS, num_beams=3, num_return_sequences=2):
        assert_person(text_of(loaded, row))


def test_drafts_change_nothing(loaded: LoadedModel, person: mw.CompiledGrammar) -> None:
    """Prompt lookup and an assistant that shares the processor only propose; greedy choice decides."""
    plain = generated(loaded, GrammarLogitsProcessor(person), PROMPTS[:1])
    repeated = [PROMPTS[0]]
    assert generated(loaded, GrammarLogitsProcessor(person), repeated, prompt_lookup_num_tokens=3) == plain
    assistant = load_model().model
    torch.manual_seed(1)
    for weights in assistant.parameters():
        weights.data += 0.02 * torch.randn_like(weights)
    assert generated(loaded, GrammarLogitsProcessor(person), repeated, assistant_model=assistant) == plain


def test_one_processor_serves_many_calls(
    loaded: LoadedModel, person: mw.CompiledGrammar, date: mw.CompiledGrammar
) -> None:
    """Cut generations, other prompts, other modes and batch sizes in between leave no trace."""
    processor = GrammarLogitsProcessor(person)
    expected = generated(loaded, GrammarLogitsProcessor(person), PROMPTS)
    for options in ({"max_new_tokens": 7}, {"num_beams": 2, "max_new_tokens": 9}, {"do_sample": True}):
        generated(loaded, processor, PROMPTS[:2], **options)
        assert generated(loaded, processor, PROMPTS, max_new_tokens=120) == expected
        generated(loaded, processor, PROMPTS[1:2], **options)
        assert generated(loaded, processor, PROMPTS[:1]) == expected[:1]


def test_a_chat_that_goes_on_begins_a_new_document(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    processor = GrammarLogitsProcessor(date)
    prompt = "A date:"
    for _ in range(3):
        text = text_of(loaded, generated(loaded, processor, [prompt])[0])
        assert re.fullmatch(DATE, text)
        prompt += text + "\nAnother one:"


def test_only_the_last_generation_is_remembered(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    processor = GrammarLogitsProcessor(date)
    first, second = spelt(loaded, "20")[0], spelt(loaded, "7")[0]
    allowed(processor, loaded, [1, 500])
    allowed(processor, loaded, [1, 500, first])
    allowed(processor, loaded, [1, 600, 601])
    assert allowed(processor, loaded, [1, 500, first, second]) == [allowed_by(date, [])]


def test_a_cut_text_as_prompt_is_continued_unless_reset(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    processor = GrammarLogitsProcessor(date)
    inputs = loaded.tokenizer(["A date:"], return_tensors="pt", return_token_type_ids=False)
    processors = transformers.LogitsProcessorList([processor])
    cut = loaded.model.generate(**inputs, max_new_tokens=3, logits_processor=processors)
    beginning = loaded.vocabulary.decode(cut[0, inputs["input_ids"].shape[1] :].tolist()).decode()

    def continued() -> str:
        mask = torch.ones_like(cut)
        output = loaded.model.generate(cut, attention_mask=mask, max_new_tokens=30, logits_processor=processors)
        return text_of(loaded, output[0, cut.shape[1] :].tolist())

    assert re.fullmatch(DATE, beginning + continued())
    processor.reset()
    assert re.fullmatch(DATE, continued())


# From here on the processor is called by hand, with scores made up.


def rows_of(*rows: list[int]) -> Any:
    return torch.tensor(rows, dtype=torch.int64)


def allowed(processor: GrammarLogitsProcessor, loaded: LoadedModel, *rows: list[int]) -> list[set[int]]:
    scores = torch.zeros(len(rows), loaded.vocabulary.size)
    masked = processor(rows_of(*rows), scores)
    assert torch.equal(scores, torch.zeros_like(scores)), "the scores that were given must stay as they are"
    return [set(torch.isfinite(row).nonzero().flatten().tolist()) for row in masked]


def allowed_by(grammar: mw.CompiledGrammar, tokens: list[int]) -> set[int]:
    matcher = grammar.matcher()
    for token in tokens:
        matcher.accept_token(token)
    row = np.zeros(-(-grammar.vocabulary.size // 32), dtype=np.int32)
    matcher.fill_bitmask(row)
    return set(np.flatnonzero(unpack_bitmask(row, grammar.vocabulary.size)).tolist())


def spelt(loaded: LoadedModel, text: str) -> list[int]:
    return loaded.tokenizer(text, add_special_tokens=False)["input_ids"]


def test_rows_may_change_places_vanish_and_come_back(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    processor = GrammarLogitsProcessor(date)
    prompt = [1, 300, 301]
    a, b = (spelt(loaded, digit)[0] for digit in "20")
    paths = [[], [a], [a, b], [a, b, a], [a, b, b]]
    schedule = [[0, 0], [1, 1], [2, 2], [3, 4], [4, 4], [2, 2], [4, 3], [1, 1], [2, 2], [0, 0], [1, 1]]
    for step in schedule:
        rows = [prompt + paths[place] for place in step]
        assert allowed(processor, loaded, *rows) == [allowed_by(date, paths[place]) for place in step]


def test_a_draft_outside_the_language_may_only_end(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    processor = GrammarLogitsProcessor(date)
    two, letter = spelt(loaded, "2")[0], spelt(loaded, "x")[0]
    ends = set(loaded.vocabulary.eos_token_ids)
    allowed(processor, loaded, [1])
    assert allowed(processor, loaded, [1, letter]) == [ends]
    assert allowed(processor, loaded, [1, letter, two]) == [ends]
    assert allowed(processor, loaded, [1, two]) == [allowed_by(date, [two])]


def test_finished_rows_are_left_in_peace(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    processor = GrammarLogitsProcessor(compiler.compile_regex("a*"))
    (letter,), end, pad = spelt(loaded, "a"), loaded.vocabulary.eos_token_ids[0], loaded.tokenizer.pad_token_id
    allowed(processor, loaded, [1], [1])
    states = allowed(processor, loaded, [1, letter], [1, end])
    assert letter in states[0]
    assert end in states[0]
    for _ in range(3):
        states = allowed(processor, loaded, [1, letter, letter], [1, end, pad])
        assert states[1] == {end}
    assert letter in allowed(processor, loaded, [1, letter, letter, letter], [1, end, pad, pad])[0]


def test_all_end_of_text_tokens_are_offered_together(loaded: LoadedModel) -> None:
    """Models with several ends name them in the generation config; any of them completes a document."""
    config = transformers.GenerationConfig(eos_token_id=[2999, 3000])
    vocabulary = vocabulary_of(loaded.tokenizer, loaded.model.config, config)
    assert set(vocabulary.eos_token_ids) == {loaded.tokenizer.eos_token_id, 2999, 3000}
    processor = GrammarLogitsProcessor(mw.Compiler(vocabulary).compile_regex("2|22"))
    two = spelt(loaded, "2")[0]
    (start,) = allowed(processor, loaded, [1])
    assert start.isdisjoint(vocabulary.eos_token_ids)
    assert set(vocabulary.eos_token_ids) <= allowed(processor, loaded, [1, two])[0]
    assert allowed(processor, loaded, [1, two, 3000]) == [set(vocabulary.eos_token_ids)]


def test_the_vocabulary_is_as_wide_as_the_logits(loaded: LoadedModel) -> None:
    config = transformers.LlamaConfig(vocab_size=5000, eos_token_id=2)
    vocabulary = vocabulary_of(loaded.tokenizer, config)
    assert vocabulary.size == 5000
    processor = GrammarLogitsProcessor(mw.Compiler(vocabulary).compile_regex(".*"))
    masked = processor(rows_of([1]), torch.zeros(1, 5000))
    assert torch.isinf(masked[0, 4096:]).all()
    assert torch.isfinite(masked[0, :4096]).any()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_scores_keep_their_type_and_extra_columns_are_forbidden(
    loaded: LoadedModel, date: mw.CompiledGrammar, dtype: str
) -> None:
    scores = torch.randn(1, loaded.vocabulary.size + 77, dtype=getattr(torch, dtype))
    masked = GrammarLogitsProcessor(date)(rows_of([1, 2, 3]), scores)
    expected = allowed_by(date, [])
    assert masked.dtype == scores.dtype
    assert set(torch.isfinite(masked[0]).nonzero().flatten().tolist()) == expected
    assert all(masked[0, token] == scores[0, token] for token in expected)


@given(
    st.integers(1, 3),
    st.integers(1, 1500),
    st.sampled_from([-1, 0, 2]),
    st.sampled_from(["few", "many", "any"]),
    st.integers(0, 2**32),
)
def test_all_ways_to_apply_a_bitmask_agree(rows: int, size: int, more_words: int, density: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (rows, max(1, -(-size // 32) + more_words))
    bitmask = rng.integers(-(2**31), 2**31, shape, dtype=np.int64).astype(np.int32)
    if density != "any":
        bitmask[rng.random(shape) > 0.1] = {"few": 0, "many": -1}[density]
    bitmask[:, 0] |= 1
    scores = torch.from_numpy(rng.normal(size=(rows, size)))
    before = scores.clone()
    expected = np.where(unpack_bitmask(bitmask, size), scores.numpy(), -np.inf)
    for dtype in (torch.float64, torch.float32):
        masked, left = scores_module.masked_scores(scores.to(dtype), bitmask)
        assert left is None
        assert np.array_equal(
            masked.to(torch.float64).numpy(), np.where(np.isinf(expected), expected, scores.to(dtype))
        )
    assert torch.equal(scores, before)
    on_device = forbidden(torch.from_numpy(bitmask), size).numpy()
    assert np.array_equal(on_device, np.isinf(expected))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_what_is_left_of_each_row_is_told(dtype: Any) -> None:
    """Row by row: a score; one that is no number; only −inf among the allowed; and no token at all is an error."""
    bitmask = np.zeros((3, 3), np.int32)
    bitmask[:, 1] = [1, 2, -1]
    scores = torch.zeros(3, 70, dtype=dtype)
    scores[1, 33] = torch.nan
    scores[2, 32:64] = -torch.inf
    masked, left = scores_module.masked_scores(scores, bitmask)
    assert left is not None
    assert left.tolist() == [scores_module.SOMETHING, scores_module.NO_SCORE, scores_module.NO_SCORE]
    assert torch.isinf(masked).sum() == 3 * 70 - 2
    bitmask[0] = 0
    with pytest.raises(MatcherError, match="No allowed token lies among the 70 scores"):
        scores_module.masked_scores(scores, bitmask)


def test_the_table_of_places_is_bounded(
    loaded: LoadedModel, compiler: mw.Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logits_processor, "LEAST_PLACES", 5)
    monkeypatch.setattr(logits_processor, "PLACES_PER_ROW", 5)
    grammar = compiler.compile_regex("(ab)*")
    processor = GrammarLogitsProcessor(grammar)
    a, b = (spelt(loaded, letter)[0] for letter in "ab")
    tokens: list[int] = []
    for step in range(40):
        for _ in range(1 + step % 3):  # asked again, so the row is looked up
            assert allowed(processor, loaded, [1, *tokens]) == [allowed_by(grammar, tokens)]
        tokens.append((a, b)[step % 2])
    assert len(processor._places) <= 5


def test_forbidding_all_that_is_allowed_is_said(loaded: LoadedModel, compiler: mw.Compiler) -> None:
    """The text must end, and another processor forbids it; drafts and finished rows have nothing to lose."""
    processor = GrammarLogitsProcessor(compiler.compile_regex("2"))
    two, end = spelt(loaded, "2")[0], loaded.vocabulary.eos_token_ids[0]
    allowed(processor, loaded, [1])
    scores = torch.zeros(1, loaded.vocabulary.size)
    scores[0, end] = -torch.inf
    with pytest.raises(NoContinuation, match="after 1 tokens: other processors forbid all tokens that the grammar"):
        processor(rows_of([1, two]), scores)
    with pytest.raises(NoContinuation):
        generated(loaded, GrammarLogitsProcessor(compiler.compile_regex("2")), ["A digit:"], min_new_tokens=5)
    for row in ([1, two, end], [1, two, end, 0], [1, end]):
        processor(rows_of(row[:-1]), torch.zeros_like(scores))
        assert torch.isinf(processor(rows_of(row), scores)).all()


@given(st.lists(st.integers(0, 8), min_size=1, max_size=25), st.integers(1, 3), st.integers(0, 2**32))
def test_any_sequence_of_calls_gives_the_masks_of_each_row_alone(
    loaded: LoadedModel, date: mw.CompiledGrammar, steps: list[int], n_rows: int, seed: int
) -> None:
    """Growing, going back, changing places, drafts outside the language: against a matcher that begins anew."""
    rng = np.random.default_rng(seed)
    processor = GrammarLogitsProcessor(date)
    letters = [spelt(loaded, letter)[0] for letter in "2010-x"]
    known: list[list[list[int]]] = [[[] for _ in range(n_rows)]]
    allowed(processor, loaded, *([1, 500] for _ in range(n_rows)))
    for step in steps:
        batch = known[rng.integers(len(known))] if step < 3 else known[-1]
        if step == 0:
            batch = [batch[place] for place in rng.permutation(n_rows)]
        elif step < 8:
            batch = [[*row, letters[rng.integers(len(letters))]] for row in batch]
        known.append(batch)
        expected = [allowed_by_or_end(loaded, date, row) for row in batch]
        assert allowed(processor, loaded, *([1, 500, *row] for row in batch)) == expected


def allowed_by_or_end(loaded: LoadedModel, grammar: mw.CompiledGrammar, tokens: list[int]) -> set[int]:
    is_inside = grammar.matcher().validate_tokens(tokens) == len(tokens)
    return allowed_by(grammar, tokens) if is_inside else set(loaded.vocabulary.eos_token_ids)


def test_what_does_not_fit_together_is_said(loaded: LoadedModel, date: mw.CompiledGrammar) -> None:
    processor = GrammarLogitsProcessor([date, date])
    with pytest.raises(MatcherError, match="3 rows cannot be shared out evenly to 2 grammars"):
        processor(rows_of([1], [1], [1]), torch.zeros(3, loaded.vocabulary.size))
    with pytest.raises(MatcherError, match="one row of scores for each row of tokens"):
        processor(rows_of([1]), torch.zeros(1, 4, loaded.vocabulary.size))
    with pytest.raises(MatcherError, match="does the model fit the vocabulary"):
        processor(rows_of([1], [1]), torch.zeros(2, 2))
    other = mw.Compiler(mw.Vocabulary([b"2", b""], eos_token_ids=[1])).compile_regex("2")
    with pytest.raises(MatcherError, match="must have one vocabulary, not 2"):
        GrammarLogitsProcessor([date, other])
    with pytest.raises(MatcherError, match="must have one vocabulary, not 0"):
        GrammarLogitsProcessor([None])


def test_generate_text_reports_what_it_did(loaded: LoadedModel, person: mw.CompiledGrammar) -> None:
    state = torch.random.get_rng_state()
    options = GenerationOptions(temperature=1.0, seed=4)
    first, second = (generate_text(loaded, person, PROMPTS[0], options) for _ in range(2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert first.text == second.text
    assert first.is_complete
    assert_person(first.text)
    assert first.statistics.masks == len(first.token_ids)
    assert 0 < first.mask_us < 1e6
    assert 0 < first.median_mask_us < 1e6
    assert len(first.statistics.recent_fill_us) == first.statistics.masks
    assert first.tokens_per_second > 0
    cut = generate_text(loaded, person, PROMPTS[0], GenerationOptions(max_new_tokens=4))
    assert not cut.is_complete
    assert len(cut.token_ids) == 4


def test_an_error_within_a_batch_leaves_nothing_half_read(
    loaded: LoadedModel, date: mw.CompiledGrammar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows before it have read their tokens, those behind it have not; asked again, all begin anew or are right."""
    processor = GrammarLogitsProcessor(date)
    two, zero = spelt(loaded, "2")[0], spelt(loaded, "0")[0]
    allowed(processor, loaded, [1, 500], [1, 600])
    allowed(processor, loaded, [1, 500, two], [1, 600, two])
    calls = iter([True, False])
    accept = mw.Matcher.accept_token

    def failing(matcher: mw.Matcher, token: int) -> None:
        if not next(calls, True):
            raise LimitExceeded("the memory of a grammar", 2, 1)
        accept(matcher, token)

    with monkeypatch.context() as patched:
        patched.setattr(mw.Matcher, "accept_token", failing)
        with pytest.raises(LimitExceeded):
            allowed(processor, loaded, [1, 500, two, zero], [1, 600, two, zero])
    states = allowed(processor, loaded, [1, 500, two, zero], [1, 600, two, zero])
    assert states in ([allowed_by(date, [two, zero])] * 2, [allowed_by(date, [])] * 2)
