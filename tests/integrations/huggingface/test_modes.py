"""Every mode of generation × twenty schemas: valid, complete, and the plain loop's tokens where choice is greedy."""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import GrammarLogitsProcessor, JumpForward, generate_batch, vocabulary_of
from tests.integrations.huggingface import naive
from tests.integrations.huggingface.conftest import SCHEMAS

PROMPT = "An example as JSON:"
OTHER_PROMPT = "Write a JSON document, please. Here it is:\n"
LIMIT = 120
NAMES = sorted(path.stem for path in SCHEMAS.glob("*.json"))

#: A model that likes to nest never comes to an end here.
MAY_BE_ENDLESS = {"list_recursion", "tree"}

#: At most one blank at a gap: the small model likes to write blanks, and would reach the limit with them.
OPTIONS = JSONSchemaOptions(max_whitespace=1)


@dataclass(frozen=True)
class Model:
    """A model, its vocabulary and its compiled schemas."""

    loaded: LoadedModel
    vocabulary: mw.Vocabulary
    grammars: dict[str, mw.CompiledGrammar]
    greedy: dict[str, list[int]]  # the plain loop's tokens, found when first asked for

    @property
    def prompt(self) -> list[int]:
        ids: list[int] = self.loaded.tokenizer(PROMPT)["input_ids"]
        return ids

    def greedily(self, name: str) -> list[int]:
        if name not in self.greedy:
            self.greedy[name] = naive.greedy(self.loaded.model, self.grammars[name], self.prompt, LIMIT)
        return self.greedy[name]


def model_with(loaded: LoadedModel, vocabulary: mw.Vocabulary, schemas: dict[str, Any]) -> Model:
    compiler = mw.Compiler(vocabulary)
    grammars = {name: compiler.compile_json_schema(schemas[name], options=OPTIONS) for name in NAMES}
    return Model(loaded, vocabulary, grammars, {})


@pytest.fixture(scope="module")
def model(loaded: LoadedModel, schemas: dict[str, Any]) -> Model:
    return model_with(loaded, loaded.vocabulary, schemas)


@pytest.fixture(scope="module")
def assistant(loaded: LoadedModel) -> Any:
    """A model whose drafts are often wrong."""
    drafting = copy.deepcopy(loaded.model)
    generator = torch.Generator().manual_seed(1)
    for weights in drafting.parameters():
        weights.data += 0.02 * torch.randn(weights.shape, generator=generator)
    return drafting


@pytest.fixture(scope="module")
def wide(loaded: LoadedModel, schemas: dict[str, Any]) -> Model:
    """More logits than tokens, the additional ones the greatest; and a second end of the text."""
    widened = copy.deepcopy(loaded.model)
    widened.resize_token_embeddings(4200, mean_resizing=False)
    widened.config.tie_word_embeddings = False
    widened.lm_head.weight = torch.nn.Parameter(widened.lm_head.weight.detach().clone())
    widened.lm_head.weight.data[4096:] = 3 * widened.lm_head.weight.data[:4096].mean(0)
    widened.generation_config.eos_token_id = [2, 4095]
    vocabulary = vocabulary_of(loaded.tokenizer, widened.config, widened.generation_config)
    assert vocabulary.size == 4200
    assert vocabulary.eos_token_ids == (2, 4095)
    return model_with(LoadedModel(widened, loaded.tokenizer, vocabulary), vocabulary, schemas)


def generated(model: Model, name: str, prompts: list[str], **options: Any) -> list[list[int]]:
    """What `generate` appends to each prompt, up to the first end token."""
    inputs = model.loaded.tokenizer(prompts, return_tensors="pt", padding=True, return_token_type_ids=False)
    torch.manual_seed(0)
    processor = GrammarLogitsProcessor(model.grammars[name])
    if "custom_generate" in options:
        options["grammar"] = model.grammars[name]
    else:
        options["logits_processor"] = transformers.LogitsProcessorList([processor])
    output = model.loaded.model.generate(**inputs, max_new_tokens=LIMIT, **options)
    return [ended(model, row) for row in output[:, inputs["input_ids"].shape[1] :].tolist()]


def ended(model: Model, row: list[int]) -> list[int]:
    ends = [place for place, token in enumerate(row) if token in model.vocabulary.eos_token_ids]
    return row[: ends[0] + 1] if ends else row


def check(model: Model, name: str, schema: Any, row: list[int]) -> None:
    """Complete and valid; or cut at the limit, and a beginning of a valid document."""
    if row[-1] in model.vocabulary.eos_token_ids:
        jsonschema.validate(json.loads(model.vocabulary.decode(row)), schema)
    else:
        assert name in MAY_BE_ENDLESS, (name, model.vocabulary.decode(row))
        assert len(row) == LIMIT
        naive.matcher_after(model.grammars[name], row)


Mode = Callable[[Model, Any, str], list[list[int]]]

#: Those that must write exactly what the plain loop writes, once for each prompt of theirs that is PROMPT.
DETERMINISTIC: dict[str, Mode] = {
    "greedy": lambda model, _, name: generated(model, name, [PROMPT]),
    "left padding": lambda model, _, name: generated(model, name, [PROMPT, OTHER_PROMPT])[:1],
    "prompt lookup": lambda model, _, name: generated(model, name, [PROMPT], prompt_lookup_num_tokens=3),
    "assisted": lambda model, assistant, name: generated(model, name, [PROMPT], assistant_model=assistant),
    "static cache": lambda model, _, name: generated(model, name, [PROMPT], cache_implementation="static"),
    "no cache": lambda model, _, name: generated(model, name, [PROMPT], use_cache=False),
}
OTHERS: dict[str, Mode] = {
    "sampling": lambda model, _, name: generated(model, name, [PROMPT], do_sample=True, top_k=0),
    "top-k, top-p, hot": lambda model, _, name: generated(
        model, name, [PROMPT], do_sample=True, top_k=20, top_p=0.9, temperature=1.2
    ),
    "several sequences": lambda model, _, name: generated(
        model, name, [PROMPT], do_sample=True, num_return_sequences=3
    ),
    "beams": lambda model, _, name: generated(model, name, [PROMPT, OTHER_PROMPT], num_beams=3),
    "sampled drafts": lambda model, assistant, name: generated(
        model, name, [PROMPT], assistant_model=assistant, do_sample=True
    ),
    "jump-forward": lambda model, _, name: generated(
        model, name, [PROMPT], custom_generate=JumpForward(model.loaded.tokenizer)
    ),
    "sampled jump-forward": lambda model, _, name: generated(
        model, name, [PROMPT], custom_generate=JumpForward(model.loaded.tokenizer), do_sample=True
    ),
}


@pytest.mark.parametrize("mode", DETERMINISTIC)
def test_greedy_modes_write_what_the_plain_loop_writes(
    model: Model, assistant: Any, schemas: dict[str, Any], mode: str
) -> None:
    for name in NAMES:
        for row in DETERMINISTIC[mode](model, assistant, name):
            assert row == model.greedily(name), name
            check(model, name, schemas[name], row)


@pytest.mark.parametrize("mode", OTHERS)
def test_other_modes_write_valid_documents(model: Model, assistant: Any, schemas: dict[str, Any], mode: str) -> None:
    for name in NAMES:
        for row in OTHERS[mode](model, assistant, name):
            check(model, name, schemas[name], row)


@pytest.mark.parametrize("mode", ["greedy", "prompt lookup", "assisted"])
def test_wide_logits_and_several_ends_change_nothing(
    wide: Model, assistant: Any, schemas: dict[str, Any], mode: str
) -> None:
    drafting = copy.deepcopy(assistant)
    drafting.resize_token_embeddings(4200, mean_resizing=False)
    for name in NAMES:
        for row in DETERMINISTIC[mode](wide, drafting, name):
            assert row == wide.greedily(name), name
            check(wide, name, schemas[name], row)


@pytest.mark.parametrize("mode", ["sampling", "beams", "jump-forward", "sampled jump-forward"])
def test_wide_logits_and_several_ends_in_other_modes(
    wide: Model, assistant: Any, schemas: dict[str, Any], mode: str
) -> None:
    for name in NAMES:
        for row in OTHERS[mode](wide, assistant, name):
            check(wide, name, schemas[name], row)


@pytest.mark.parametrize("which", ["model", "wide"])
def test_continuous_batching_writes_all_schemas_at_once(
    which: str, request: pytest.FixtureRequest, schemas: dict[str, Any]
) -> None:
    """Twenty requests with twenty grammars share their steps; each is the plain loop's text."""
    model: Model = request.getfixturevalue(which)
    outputs = generate_batch(
        model.loaded.model,
        [model.prompt] * len(NAMES),
        [model.grammars[name] for name in NAMES],
        generation_config=transformers.GenerationConfig(max_new_tokens=LIMIT, eos_token_id=2, pad_token_id=0),
        continuous_batching_config=transformers.ContinuousBatchingConfig(
            num_blocks=128, page_size=32, max_batch_tokens=128
        ),
    )
    for name, output in zip(NAMES, outputs, strict=True):
        assert output.generated_tokens == model.greedily(name), name
        check(model, name, schemas[name], output.generated_tokens)
