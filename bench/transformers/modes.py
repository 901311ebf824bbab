"""Every mode of generation with every schema: what comes of it with our processor and with XGrammar's.

    python -m bench.transformers.modes

A cell counts schemas (or rows, where a mode makes several): valid documents, complete and judged by jsonschema; cut
ones, which the limit of tokens ended within the grammar; invalid ones; and errors by their type. A mode that an engine
has nothing for is left empty. Where XGrammar's processor has no interface (continuous batching) it is put where ours
is, to see what happens.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, LogitsProcessorList

from bench.sampling.report import Section
from bench.transformers.material import PROMPTS, Material, Output, load_material, parser, versions
from bench.transformers.processors import Make, Ours, XGrammar
from maskwright.integrations.generation import LoadedModel
from maskwright.integrations.huggingface import JumpForward, generate_batch, vocabulary_of

LIMIT = 160

Rows = list[list[int]]


@dataclass(frozen=True, slots=True)
class Case:
    """One schema with one engine: what to generate with."""

    loaded: LoadedModel
    engine: Any
    schema: Any
    assistant: Any

    @property
    def make(self) -> Make:
        """A processor for one call."""
        made: Make = self.engine.processor(self.schema)
        return made

    def generate(self, prompts: tuple[str, ...], make: Make | None = None, **options: Any) -> Rows:
        """What is appended to each prompt."""
        inputs = self.loaded.tokenizer(
            list(prompts), return_tensors="pt", padding=True, padding_side="left", return_token_type_ids=False
        )
        torch.manual_seed(0)
        if "custom_generate" not in options:
            options["logits_processor"] = LogitsProcessorList([(make or self.make)()])
        output = self.loaded.model.generate(**inputs, max_new_tokens=LIMIT, **options)
        rows: Rows = output[:, inputs["input_ids"].shape[1] :].tolist()
        return rows


def _one_processor_for_two_calls(case: Case) -> Rows:
    processor = case.make()
    return [row for _ in range(2) for row in case.generate(PROMPTS[:1], lambda: processor)]


def _with_several_ends(case: Case) -> Rows:
    """Tokens 2 and 4095 both end a text; greedy choice of a model that never takes the first."""
    model = copy.deepcopy(case.loaded.model)
    model.generation_config.eos_token_id = [2, 4095]
    vocabulary = vocabulary_of(case.loaded.tokenizer, model.config, model.generation_config)
    loaded = LoadedModel(model, case.loaded.tokenizer, vocabulary)
    rows = Case(loaded, type(case.engine)(loaded), case.schema, None).generate(PROMPTS[:1])
    return [[2 if token == 4095 else token for token in row] for row in rows]


def _wider_than_the_tokenizer(case: Case) -> Rows:
    """The additional columns have the greatest logits."""
    model = copy.deepcopy(case.loaded.model)
    model.resize_token_embeddings(4200, mean_resizing=False)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    model.lm_head.weight.data[4096:] = 3 * model.lm_head.weight.data[:4096].mean(0)
    vocabulary = vocabulary_of(case.loaded.tokenizer, model.config, model.generation_config)
    loaded = LoadedModel(model, case.loaded.tokenizer, vocabulary)
    return Case(loaded, type(case.engine)(loaded), case.schema, None).generate(PROMPTS[:1])


def _continuous_batching(case: Case) -> Rows:
    config = GenerationConfig(max_new_tokens=LIMIT, eos_token_id=2, pad_token_id=0)
    batching = ContinuousBatchingConfig(
        num_blocks=64, page_size=32, max_batch_tokens=64, use_async_batching=False, use_cuda_graph=False
    )
    prompts = [case.loaded.tokenizer(prompt)["input_ids"] for prompt in PROMPTS]
    if isinstance(case.engine, Ours):
        grammar = case.engine.grammar(case.schema)
        outputs = generate_batch(
            case.loaded.model, prompts, grammar, generation_config=config, continuous_batching_config=batching
        )
        return [output.generated_tokens for output in outputs]
    manager = case.loaded.model.init_continuous_batching(generation_config=config, continuous_batching_config=batching)
    manager.logit_processor.logits_processor.insert(0, case.make())
    manager.logit_processor.do_processing = True
    manager.start()
    try:
        for prompt in prompts:
            manager.add_request(prompt, max_new_tokens=LIMIT)
        rows = []
        while len(rows) < len(prompts):
            output = manager.get_result(timeout=10)
            if output is None or output.error is not None:
                raise RuntimeError("nothing came" if output is None else output.error)
            if output.is_finished():
                rows.append(output.generated_tokens)
        return rows
    finally:
        manager.stop(block=True)
        manager.destroy()


def _jump_forward(case: Case) -> Rows | None:
    if not isinstance(case.engine, Ours):
        return None
    loop = JumpForward(case.loaded.tokenizer)
    return case.generate(PROMPTS[:1], custom_generate=loop, grammar=case.engine.grammar(case.schema))


Mode = Callable[[Case], Rows | None]

MODES: dict[str, Mode] = {
    "greedy": lambda case: case.generate(PROMPTS[:1]),
    "sampling": lambda case: case.generate(PROMPTS[:1], do_sample=True, top_k=0),
    "sampling, top-k, top-p, temperature": lambda case: case.generate(
        PROMPTS[:1], do_sample=True, top_k=20, top_p=0.9, temperature=1.2
    ),
    "num_return_sequences=3": lambda case: case.generate(PROMPTS[:1], do_sample=True, num_return_sequences=3),
    "batch with left padding": lambda case: case.generate(PROMPTS),
    "beam search": lambda case: case.generate(PROMPTS[:1], num_beams=3),
    "beam search, sampled": lambda case: case.generate(PROMPTS[:1], num_beams=3, do_sample=True),
    "prompt lookup": lambda case: case.generate(PROMPTS[:1], prompt_lookup_num_tokens=3),
    "assisted": lambda case: case.generate(PROMPTS[:1], assistant_model=case.assistant),
    "assisted, sampled": lambda case: case.generate(PROMPTS[:1], assistant_model=case.assistant, do_sample=True),
    "static cache": lambda case: case.generate(PROMPTS[:1], cache_implementation="static"),
    "no cache": lambda case: case.generate(PROMPTS[:1], use_cache=False),
    "one processor, two calls": _one_processor_for_two_calls,
    "several end tokens": _with_several_ends,
    "logits wider than the tokenizer": _wider_than_the_tokenizer,
    "continuous batching": _continuous_batching,
    "jump-forward": _jump_forward,
}


def verdict(row: list[int], loaded: LoadedModel, schema: Any) -> str:
    """valid, cut or invalid."""
    ends = [place for place, token in enumerate(row) if token in loaded.vocabulary.eos_token_ids]
    if not ends:
        return "cut" if len(row) == LIMIT else "invalid"
    try:
        jsonschema.validate(json.loads(loaded.vocabulary.decode(row[: ends[0]])), schema)
    except (ValueError, jsonschema.ValidationError):
        return "invalid"
    return "valid"


def tried(mode: Mode, case: Case) -> Counter[str]:
    """The verdicts on the rows of one case, or the error that it ended with."""
    try:
        rows = mode(case)
    except Exception as error:  # noqa: BLE001  # what an engine raises is the result
        return Counter([type(error).__name__])
    return Counter(verdict(row, case.loaded, case.schema) for row in rows or [])


def measure(material: Material, names: list[str]) -> dict[str, dict[str, dict[str, int]]]:
    """mode -> engine -> verdict -> how many."""
    assistant = copy.deepcopy(material.model)
    generator = torch.Generator().manual_seed(1)
    for weights in assistant.parameters():
        weights.data += 0.02 * torch.randn(weights.shape, generator=generator)
    engines = [Ours(material.loaded), XGrammar(material.loaded)]
    found = {}
    for name in names:
        found[name] = {
            engine.name: dict(
                sum(
                    (
                        tried(MODES[name], Case(material.loaded, engine, schema, assistant))
                        for schema in material.schemas.values()
                    ),
                    Counter(),
                )
            )
            for engine in engines
        }
    return found


def section(found: dict[str, dict[str, dict[str, int]]], n_schemas: int) -> Section:
    """A row for each mode."""
    engines = list(next(iter(found.values())))

    def shown(counts: dict[str, int]) -> str:
        return ", ".join(f"{n} {what}" for what, n in sorted(counts.items(), key=lambda item: item[0] != "valid"))

    return Section(
        "Modes of generation",
        (
            f"{n_schemas} schemas, the bundled model, at most {LIMIT} tokens; greedy where the mode does not say.",
            versions(),
        ),
        ("mode", *engines),
        tuple((name, *(shown(of[engine]) for engine in engines)) for name, of in found.items()),
        3,
    )


def main(arguments: list[str] | None = None) -> int:
    """Try, print and save."""
    made = parser(__doc__.split("\n")[0] if __doc__ else None)
    made.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    made.add_argument("--schemas", type=int, help="only the first so many")
    options = made.parse_args(arguments)
    output = Output(options, "transformers-modes")
    material = load_material()
    chosen = dict(list(material.schemas.items())[: options.schemas])
    found = measure(Material(material.loaded, chosen), options.modes)
    output.add(section(found, len(chosen)), found)
    output.write()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
