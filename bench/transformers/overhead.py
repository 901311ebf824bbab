"""What a grammar costs a generation: seconds for a step with and without it, and jump-forward.

    python -m bench.transformers.overhead

**Steps.** All runs sample the same number of tokens for every row: documents are lists so long that no row ends before
that, and no token stops `generate`, so each row of each run has the same number of steps with the same model. What is
compared is the processor time of whole `generate` calls, in the same round, one engine after the other in turn; the
table has medians over the rounds of the difference to the unconstrained run of the same round. The first round is not
counted: it compiles kernels and finds masks for the first time, and is shown in a column of its own.

**Jumps.** Here a text ends where it ends. Unconstrained `generate` then writes as many tokens as the text has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList

from bench.infilling.timing import load_text
from bench.sampling.report import Section, number
from bench.transformers.material import PROMPTS, Material, Output, load_material, parser, versions
from bench.transformers.processors import LLGuidance, Make, Ours, XGrammar
from maskwright.grammar.json_schema.options import JSONSchemaOptions, Whitespace
from maskwright.integrations.huggingface import JumpForward, Retokenize

FREE = "no grammar"

#: None would mean the one of the model.
NO_END = -1

#: Items of lists that are longer than any run: mostly skeleton, mostly free strings, and something of all.
ITEMS: dict[str, Any] = {
    "records": {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "minimum": 0, "maximum": 9999},
            "kind": {"enum": ["letter", "parcel"]},
            "is_paid": {"type": "boolean"},
        },
        "required": ["id", "kind", "is_paid"],
        "additionalProperties": False,
    },
    "strings": {"type": "string", "minLength": 40, "maxLength": 400},
    "mixed": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 3, "maxLength": 30},
            "mail": {"type": "string", "format": "email"},
            "amounts": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3},
            "status": {"enum": ["open", "closed"]},
        },
        "required": ["name", "mail", "amounts", "status"],
        "additionalProperties": False,
    },
}
MIN_ITEMS = 100

#: Skeletons of schemas/modes.
JUMPS = ("constants", "nested_skeleton", "long_keys", "escapes", "union", "two_keys", "strings")


@dataclass(frozen=True, slots=True)
class StepFigures:
    """Microseconds of processor time for a step of a batch: in all, beyond no grammar, and in the first round."""

    schema: str
    batch: int
    engine: str
    step_us: float
    overhead_us: float
    first_overhead_us: float


@dataclass(frozen=True, slots=True)
class JumpFigures:
    """Milliseconds of processor time for a text, and what it took."""

    schema: str
    whitespace: str
    n_tokens: int
    share_forced: float
    n_model_calls: int
    jump_ms: float
    masked_ms: float
    free_ms: float


def seconds(act: Callable[[], object]) -> float:
    """Processor time of one call."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def measure_steps(material: Material, schema: str, batch: int, n_tokens: int, n_rounds: int) -> list[StepFigures]:
    """All engines in turn, round after round; the order goes round as well."""
    document = {"type": "array", "items": ITEMS[schema], "minItems": MIN_ITEMS}
    makes: dict[str, Make | None] = {FREE: None}
    for engine in (Ours, XGrammar, LLGuidance):
        makes[engine.name] = engine(material.loaded).processor(document)
    inputs = material.inputs(PROMPTS[:1] * batch)
    config = GenerationConfig(max_new_tokens=n_tokens, do_sample=True, top_k=0, eos_token_id=NO_END, pad_token_id=0)

    def generate(make: Make | None) -> None:
        processors = LogitsProcessorList([] if make is None else [make()])
        output = material.model.generate(**inputs, generation_config=config, logits_processor=processors)
        assert output.shape == (batch, inputs["input_ids"].shape[1] + n_tokens)

    taken: dict[str, list[float]] = {name: [] for name in makes}
    names = list(makes)
    for turn in range(n_rounds + 1):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            torch.manual_seed(turn)
            taken[name].append(1e6 * seconds(lambda make=makes[name]: generate(make)) / n_tokens)
    return [
        StepFigures(
            schema=schema,
            batch=batch,
            engine=name,
            step_us=median(taken[name][1:]),
            overhead_us=median(own - free for own, free in zip(taken[name][1:], taken[FREE][1:], strict=True)),
            first_overhead_us=taken[name][0] - median(taken[FREE][1:]),
        )
        for name in names
    ]


def steps_section(figures: Sequence[StepFigures], load: str) -> Section:
    """A row for each schema and batch, engines side by side."""
    engines = [engine.name for engine in (Ours, XGrammar, LLGuidance)]
    rows = []
    for schema, batch in dict.fromkeys((one.schema, one.batch) for one in figures):
        of = {one.engine: one for one in figures if (one.schema, one.batch) == (schema, batch)}
        free = of[FREE].step_us
        shown = [
            text for name in engines for text in (number(of[name].overhead_us), f"{of[name].overhead_us / free:+.1%}")
        ]
        first = [number(1e-3 * of[name].first_overhead_us) for name in engines]
        rows.append((schema, str(batch), number(free), *shown, *first))
    return Section(
        "What a grammar adds to a step of generate",
        (
            (
                "Microseconds of processor time for one step of the whole batch; then for each engine what it adds, in "
                "microseconds and of the step without a grammar. First: milliseconds that it adds to a step of the "
                f"first round. {versions()}."
            ),
            load,
        ),
        (
            "list of",
            "batch",
            FREE,
            *(text for name in engines for text in (name, "")),
            *(f"first, {name}" for name in engines),
        ),
        tuple(rows),
        2,
    )


def measure_jumps(material: Material, n_rounds: int) -> list[JumpFigures]:
    """Jump-forward, masks for each token, and no grammar, for the same number of tokens."""
    loop = JumpForward(material.loaded.tokenizer, Retokenize.TEXT)
    inputs = material.inputs(PROMPTS[:1])
    width = inputs["input_ids"].shape[1]
    ours = Ours(material.loaded)
    figures = []
    for whitespace in (Whitespace.COMPACT, Whitespace.FLEXIBLE):
        options = JSONSchemaOptions(whitespace=whitespace, max_whitespace=1)
        for name in JUMPS:
            grammar = ours._compiler.compile_json_schema(material.schemas[name], options=options)
            ends = list(material.loaded.vocabulary.eos_token_ids)
            config = GenerationConfig(max_new_tokens=200, eos_token_id=ends, pad_token_id=0)

            def jump(grammar: Any = grammar, config: Any = config) -> Any:
                return material.model.generate(
                    **inputs,
                    generation_config=config,
                    custom_generate=loop,
                    grammar=grammar,
                    return_dict_in_generate=True,
                )

            statistics = jump().statistics
            same = GenerationConfig(max_new_tokens=statistics.n_new_tokens, eos_token_id=NO_END, pad_token_id=0)
            make = ours.processor(material.schemas[name])

            def masked(make: Make = make, config: Any = config) -> Any:
                processors = LogitsProcessorList([make()])
                return material.model.generate(**inputs, generation_config=config, logits_processor=processors)

            def free(config: Any = same) -> Any:
                return material.model.generate(**inputs, generation_config=config)

            n_masked = masked().shape[1] - width
            taken = [(seconds(jump), seconds(masked), seconds(free)) for _ in range(n_rounds)]
            jump_ms, masked_ms, free_ms = (1e3 * median(column) for column in zip(*taken, strict=True))
            figures.append(
                JumpFigures(
                    schema=name,
                    whitespace=whitespace.value,
                    n_tokens=statistics.n_new_tokens,
                    share_forced=statistics.share_forced,
                    n_model_calls=statistics.n_model_calls,
                    jump_ms=jump_ms,
                    masked_ms=masked_ms * statistics.n_new_tokens / n_masked,
                    free_ms=free_ms,
                )
            )
    return figures


def jumps_section(figures: Sequence[JumpFigures], load: str) -> Section:
    """A row for each schema and way to write blanks."""
    return Section(
        "Jump-forward",
        (
            (
                "Milliseconds of processor time for as many tokens as the text has: with jumps, with a mask for each "
                "token, without a grammar. Calls: forward passes with jumps; without, there is one for each token."
            ),
            load,
        ),
        ("schema", "blanks", "tokens", "forced", "calls", "jumps", "masks", FREE, "times as fast as without"),
        tuple(
            (
                one.schema,
                one.whitespace,
                str(one.n_tokens),
                f"{one.share_forced:.0%}",
                str(one.n_model_calls),
                number(one.jump_ms),
                number(one.masked_ms),
                number(one.free_ms),
                f"{one.free_ms / one.jump_ms:.2f}",
            )
            for one in figures
        ),
        2,
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and save."""
    made = parser(__doc__.split("\n")[0] if __doc__ else None)
    made.add_argument("--rounds", type=int, default=15)
    made.add_argument("--tokens", type=int, default=100, help="tokens of a row in a run")
    made.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    made.add_argument("--schemas", nargs="+", default=list(ITEMS), choices=list(ITEMS))
    options = made.parse_args(arguments)
    output = Output(options, "transformers-overhead")
    material = load_material()
    load = load_text()
    steps = [
        one
        for schema in options.schemas
        for batch in options.batches
        for one in measure_steps(material, schema, batch, options.tokens, options.rounds)
    ]
    output.add(steps_section(steps, f"Load before {load}, after {load_text()}."), steps)
    load = load_text()
    jumps = measure_jumps(material, options.rounds)
    output.add(jumps_section(jumps, f"Load before {load}, after {load_text()}."), jumps)
    output.write()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
