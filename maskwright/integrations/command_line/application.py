"""The commands of `maskwright` and their options; what each does is in the module named after it.

Exit codes: 0 as it should be; 1 the answer is no (`check`: the text does not satisfy the specification; `generate`:
the text was cut before its end; `batch`: rows were cut, or have errors; `lint`: there are warnings or errors; `diff`:
the new version refuses what the old one accepted; `fuzz`: an independent validator disagrees); 2 a mistake of the user,
told in one sentence on stderr; 3 `diff` tried texts, and found no difference. Anything else is a bug of ours and shows
as a traceback.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from maskwright.grammar.notation.notations import Source, Target
from maskwright.integrations.command_line.arguments import (
    IndenterOption,
    KindOption,
    LexerOption,
    RegexOption,
    SpecArgument,
    StartOption,
)
from maskwright.integrations.command_line.behaviour import behaviour
from maskwright.integrations.command_line.json_options import OptionsRequest, with_json_options
from maskwright.integrations.command_line.lark_options import LarkOptions, LexerChoice
from maskwright.integrations.command_line.messages import UserMistakeError, complain, told_in_one_sentence
from maskwright.integrations.command_line.schema_tools import schema_tools
from maskwright.integrations.command_line.specification import (
    Kind,
    SpecificationRequest,
    read_specification,
    read_text,
)
from maskwright.integrations.command_line.views import views

app = typer.Typer(
    name="maskwright",
    help="Text that satisfies a JSON Schema, a grammar or a regular expression.",
    epilog="""\b
Examples:
  maskwright generate person.json
  maskwright sample person.json -n 100
  maskwright batch rows.jsonl answers.jsonl --schema person.json
  maskwright infill person.json --text '{"name": "⟦*⟧", "age": ⟦<=2⟧}'
  maskwright check person.json answer.json
  maskwright check --regex '[a-z]+-[0-9]{2}' -
  maskwright compile grammar.gbnf
  maskwright mask person.json --prefix '{"name": '
  maskwright example person.json
  maskwright diff old.json new.json
  maskwright fuzz person.json -n 100
  maskwright lint grammar.gbnf
  maskwright draw grammar.gbnf -o rules.svg
  maskwright trace run.jsonl
  maskwright warmup
""",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

TokenizerOption = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="A folder with a tokenizer.json or tekken.json (default: the bundled one, else single bytes).",
        show_default=False,
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="PATH_OR_HUB_ID",
        help="A causal language model for transformers (default: the bundled one).",
        show_default=False,
    ),
]
PromptOption = Annotated[
    str | None,
    typer.Option(help="What the model reads first (default: made from the title of the schema).", show_default=False),
]


class SchedulerChoice(StrEnum):
    """The values of --scheduler: those of `maskwright.sampling.infilling.schedulers`, not imported to list them."""

    TOP_K = "top_k"
    CONFIDENCE_THRESHOLD = "confidence_threshold"
    LOCAL_LEAP = "local_leap"
    ADA_BLOCK = "ada_block"
    CCD = "ccd"
    ENTROPY_BOUNDED = "entropy_bounded"
    PROPHET = "prophet"
    LEARN2PD = "learn2pd"


class EngineChoice(StrEnum):
    """The values of --engine: what runs the model of a batch."""

    TRANSFORMERS = "transformers"
    VLLM = "vllm"


class MethodChoice(StrEnum):
    """The values of --method: those of `maskwright.sampling.methods`, which is not imported to list them, and auto."""

    AUTO = "auto"
    MASKED = "masked"
    ASAP = "asap"
    CARS = "cars"
    AWRS = "awrs"
    SMC = "smc"
    MCMC = "mcmc"
    BEAM = "beam"


@app.callback(invoke_without_command=True)
def _application(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as version_of

        try:
            print(f"maskwright {version_of('maskwright')}")
        except PackageNotFoundError:
            print("maskwright, from a checkout that is not installed")
        raise typer.Exit


@app.command(
    short_help="Let a language model write a text.",
    epilog="""\b
Examples:
  maskwright generate person.json
  maskwright generate person.json --prompt 'A person as JSON:' --seed 7
  maskwright generate --regex '[A-Z]{3}-[0-9]{4}' --greedy
  maskwright generate grammar.gbnf --model path/or/hub-id --max-tokens 200
""",
)
@told_in_one_sentence
@with_json_options
def generate(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    model: ModelOption = None,
    prompt: PromptOption = None,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="The most tokens, the end token included; the text ends by then.")
    ] = 400,
    has_budget: Annotated[
        bool, typer.Option("--budget/--no-budget", help="Without it --max-tokens cuts the text wherever it is.")
    ] = True,
    soft_landing: Annotated[
        float, typer.Option(min=0.0, help="How strongly the model is led to the end as tokens run out, in logits.")
    ] = 0.0,
    temperature: Annotated[float, typer.Option(min=0.0, help="0 always takes the most probable token.")] = 1.0,
    greedy: Annotated[bool, typer.Option("--greedy", help="The same as --temperature 0.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal texts.")] = 2,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write each token down, for `maskwright trace`.", show_default=False),
    ] = None,
    *,
    options: OptionsRequest,
) -> None:
    """Let a language model write a text that satisfies SPEC; it goes to stdout, what it took to stderr."""
    from maskwright.integrations.command_line import generating

    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    request = generating.GenerationRequest(
        model, prompt, max_tokens, 0.0 if greedy else temperature, seed, trace, has_budget, soft_landing
    )
    text = generating.generate(specification, request, options)
    generating.write(text)
    if not text.is_complete:
        raise typer.Exit(1)


@app.command(
    short_help="Sample texts as the model itself would have written them.",
    epilog="""\b
Examples:
  maskwright sample person.json -n 100
  maskwright sample --regex '[01]{5}' --method cars -n 500 --plot shares.png
  maskwright sample query.gbnf --check rules.py:is_sound -n 50
  maskwright sample person.json -n 100 --trie person.trie --json
Methods: masked (each step cut and renormalised: valid, but not the model's distribution), cars (independent exact
draws), asap, smc (weighted), mcmc, beam (the most probable texts), awrs (with --check); auto looks and says why.
""",
)
@told_in_one_sentence
@with_json_options
def sample(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    method: Annotated[MethodChoice, typer.Option(help="How to sample.")] = MethodChoice.AUTO,
    n: Annotated[int, typer.Option("-n", min=1, help="How many texts.")] = 100,
    model: ModelOption = None,
    prompt: PromptOption = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="The most tokens of a text, its end included.")] = 200,
    temperature: Annotated[float, typer.Option(min=0.01, help="Of the model that is the target.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal texts.")] = 0,
    check: Annotated[
        str | None,
        typer.Option(metavar="FILE.py:FUNCTION", help="Keep texts for which it is true.", show_default=False),
    ] = None,
    trie: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Read and keep what is learnt of this target.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the shares of distinct texts: .png, .svg, .pdf.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    *,
    options: OptionsRequest,
) -> None:
    """Sample texts of SPEC by the model's own probabilities; texts go to stdout, what they are worth to stderr."""
    from maskwright.integrations.command_line import sample_plot, sampling

    if plot is not None:
        sample_plot.need_plot(plot)
    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    request = sampling.SampleRequest(method.value, n, model, prompt, max_tokens, temperature, seed, check, trie)
    sampled = sampling.sample(specification, request, options)
    sampling.write(sampled, as_json=as_json)
    if plot is not None:
        sample_plot.plot(sampled, plot)
    if not sampled.texts.alive:
        raise typer.Exit(1)


@app.command(
    short_help="Answer every row of a JSONL file, exactly once.",
    epilog="""\b
Examples:
  maskwright batch rows.jsonl answers.jsonl --schema person.json
  maskwright batch rows.jsonl answers.jsonl --regex 'yes|no' --prompt-field question --greedy
  maskwright batch rows.jsonl answers.jsonl --schema-field schema --model path/or/hub-id --engine vllm
  maskwright batch rows.jsonl answers.jsonl --schema models:Person --ray --workers 8 --gpus-per-worker 1
Rows: {"id": "a", "prompt": "..."}, or "messages" in place of "prompt"; without an id they are numbered by line.
Stopped or killed, the same command goes on where it was; OUT has the rows in the order of IN.
Exit code: 0 if every row has a complete text, 1 if rows have errors or were cut, 2 if the run could not go on.
""",
)
@told_in_one_sentence
@with_json_options
def batch(
    input_file: Annotated[Path, typer.Argument(metavar="IN", help="A JSONL file of rows.", show_default=False)],
    output_file: Annotated[Path, typer.Argument(metavar="OUT", help="The JSONL file to write.", show_default=False)],
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC", help="What all texts satisfy: a file or module:Name, as elsewhere.", show_default=False
        ),
    ] = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    schema_field: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The member of a row with a JSON Schema of its own.", show_default=False),
    ] = None,
    id_field: Annotated[str, typer.Option(metavar="NAME", help="The member of a row with its id.")] = "id",
    prompt_field: Annotated[str, typer.Option(metavar="NAME", help="... with its prompt.")] = "prompt",
    messages_field: Annotated[str, typer.Option(metavar="NAME", help="... or with chat messages.")] = "messages",
    model: ModelOption = None,
    engine: Annotated[EngineChoice, typer.Option(help="What runs the model.")] = EngineChoice.TRANSFORMERS,
    vllm_settings: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments of vllm.LLM.", show_default=False)
    ] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="The most tokens of a text, its end included.")] = 400,
    temperature: Annotated[float, typer.Option(min=0.0, help="0 always takes the most probable token.")] = 1.0,
    greedy: Annotated[bool, typer.Option("--greedy", help="The same as --temperature 0.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed and id decide a row's text, not the rows beside it.")] = 0,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Rows at once (default: 16, with vLLM 256).", show_default=False),
    ] = None,
    ray: Annotated[bool, typer.Option("--ray", help="Run on Ray: the running cluster, or else this machine.")] = False,
    ray_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of the cluster, as ray.init has it.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Models at once on Ray (default: as many as fit).", show_default=False)
    ] = None,
    gpus_per_worker: Annotated[float, typer.Option(min=0.0, help="Of each model on Ray.")] = 0.0,
    *,
    options: OptionsRequest,
) -> None:
    """Let a language model answer every row of IN with a text that satisfies SPEC, exactly once each."""
    import time

    from maskwright.integrations.batch import Fields
    from maskwright.integrations.command_line import batching

    specification = None
    if schema is not None or regex is not None or schema_field is None:
        specification = read_specification(
            SpecificationRequest(schema, regex, kind, start, LarkOptions(lexer, indenter))
        )
    request = batching.BatchRequest(
        input=input_file,
        output=output_file,
        fields=Fields(id_field, prompt_field, messages_field, schema_field),
        engine=engine.value,
        model=model,
        max_tokens=max_tokens,
        temperature=0.0 if greedy else temperature,
        seed=seed,
        batch_size=batch_size,
        vllm_settings=vllm_settings,
        ray=batching.ray_request(ray, ray_address, workers, gpus_per_worker),
    )
    began = time.monotonic()
    try:
        done = batching.batch(specification, request, options)
    except KeyboardInterrupt:
        complain(f"stopped; the same command goes on with {output_file} where it is")
        raise typer.Exit(130) from None
    print(batching.summary(done, output_file, time.monotonic() - began), file=sys.stderr)
    if done.tally.n_errors or done.tally.n_cut:
        raise typer.Exit(1)


@app.command(
    short_help="Let a masked model fill the gaps of a text.",
    epilog="""\b
Examples:
  maskwright infill person.json --slots 64
  maskwright infill --regex '[a-z]+@[a-z]+\\.(com|org)' --text 'ada⟦<=4⟧.⟦1⟧' --trace ada.gif
  maskwright infill person.json --text '{"name": "Ada ⟦2..4⟧", "age": ⟦*⟧}' --steps 8
Gaps: ⟦8⟧ exactly 8 tokens, ⟦<=8⟧ at most 8, ⟦2..8⟧ between 2 and 8, ⟦*⟧ any number; ⟦⟦ is the character ⟦ itself.
""",
)
@told_in_one_sentence
@with_json_options
def infill(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A text with gaps, such as 'a ⟦8⟧ b'.", show_default=False)
    ] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, help="A whole text of so many tokens, its end included.", show_default=False)
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="The most calls of the model.")] = 16,
    scheduler: Annotated[
        SchedulerChoice, typer.Option(help="Which slots are committed next.")
    ] = SchedulerChoice.CONFIDENCE_THRESHOLD,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="PATH_OR_HUB_ID",
            help="A masked language model for transformers (default: the bundled one).",
            show_default=False,
        ),
    ] = None,
    prompt: PromptOption = None,
    temperature: Annotated[float, typer.Option(min=0.0, help="0 always takes the most probable tokens.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal texts.")] = 0,
    blank_cost: Annotated[
        float, typer.Option(metavar="NATS", help="Of leaving a slot of a gap empty; more makes gaps longer.")
    ] = 1.0,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the canvas over the steps: .gif or .png.", show_default=False),
    ] = None,
    *,
    options: OptionsRequest,
) -> None:
    """Let a masked language model fill the gaps of a text inside SPEC, or write a whole one, in any order."""
    from maskwright.integrations.command_line import canvas_trace, infilling

    if trace is not None:
        canvas_trace.need_trace(trace)
    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    request = infilling.InfillRequest(text, slots, model, prompt, steps, scheduler.value, temperature, blank_cost, seed)
    infilled = infilling.infill(specification, request, options)
    infilling.write(infilled)
    if trace is not None:
        canvas_trace.draw(infilled, trace)


@app.command(
    short_help="Tell whether a text satisfies SPEC, and where not.",
    epilog="""\b
Examples:
  maskwright check person.json answer.json
  echo '{"name": "Ada"}' | maskwright check person.json -
  maskwright check --regex '[0-9]+' number.txt
Exit code: 0 if the text satisfies SPEC, 1 if not, 2 if that could not be found out.
""",
)
@told_in_one_sentence
@with_json_options
def check(
    spec: SpecArgument = None,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="The text; - is standard input.", show_default=False)
    ] = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    *,
    options: OptionsRequest,
) -> None:
    """Tell whether a text satisfies SPEC; if not, where not and what was expected there."""
    from maskwright.integrations.command_line.checking import check as judged

    if regex is not None and file is None:
        spec, file = None, spec
    if file is None:
        raise UserMistakeError("name the text to check: a file, or - for standard input.")
    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    verdict = judged(specification, options, read_text(file, "text"))
    name = "standard input" if file == "-" else file
    if verdict.accepted:
        print(f"{name}: satisfies {specification.name}")
        return
    print(f"{name}, line {verdict.line}, column {verdict.column}: does not satisfy {specification.name}")
    print(verdict.excerpt)
    for reason in verdict.reasons:
        print(f"  {reason}")
    raise typer.Exit(1)


@app.command(
    name="compile",
    short_help="Show sizes, times, and what is exact or restricted.",
    epilog="""\b
Examples:
  maskwright compile person.json
  maskwright compile grammar.gbnf --start statement
  maskwright compile models:Person --tokenizer path/to/tokenizer
  maskwright compile person.json --order declared --json
  maskwright compile person.json --precompute 10
""",
)
@told_in_one_sentence
@with_json_options
def compile_specification(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    tokenizer: TokenizerOption = None,
    precompute: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.0, help="Make masks ahead for so long, or until all are made.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
    *,
    options: OptionsRequest,
) -> None:
    """Compile SPEC and show sizes, times, and for every part of it whether it is exact, restricted or refused."""
    from maskwright.integrations.command_line import compiling
    from maskwright.integrations.command_line.vocabularies import load_vocabulary

    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    try:
        description = compiling.describe(specification, load_vocabulary(tokenizer), options, precompute)
    except UserMistakeError as mistake:
        compiling.print_refusals(specification, mistake, as_json)
        raise
    if as_json:
        print(json.dumps(description.to_json(), indent=2, ensure_ascii=False))
        return
    _print_rows(description.rows())
    for finding in description.report:
        print(f"  {finding}")


@app.command(
    short_help="Prepare this machine for a first request.",
    epilog="""\b
Examples:
  maskwright warmup
  maskwright warmup --tokenizer path/to/tokenizer
""",
)
@told_in_one_sentence
def warmup(tokenizer: TokenizerOption = None) -> None:
    """Compile all kernels and make the tables that all grammars of a tokenizer share, so that no request waits."""
    from maskwright.integrations.command_line.vocabularies import load_vocabulary
    from maskwright.integrations.command_line.warming import warm_up

    _print_rows(warm_up(load_vocabulary(tokenizer)))


@app.command(
    short_help="Show what may come next after a prefix.",
    epilog="""\b
Examples:
  maskwright mask person.json
  maskwright mask person.json --prefix '{"name": '
  maskwright mask --regex 'a{2,3}b' --prefix aa --tokenizer path/to/tokenizer
""",
)
@told_in_one_sentence
@with_json_options
def mask(
    spec: SpecArgument = None,
    kind: KindOption = None,
    regex: RegexOption = None,
    start: StartOption = None,
    lexer: LexerOption = None,
    indenter: IndenterOption = None,
    prefix: Annotated[str, typer.Option(metavar="TEXT", help="The text so far.", show_default=False)] = "",
    tokenizer: TokenizerOption = None,
    samples: Annotated[int, typer.Option(min=0, help="How many allowed tokens to show.")] = 12,
    *,
    options: OptionsRequest,
) -> None:
    """Show what may come next after a prefix: characters, tokens, and whether the text may end."""
    from maskwright.integrations.command_line import masking
    from maskwright.integrations.command_line.vocabularies import load_vocabulary

    specification = read_specification(SpecificationRequest(spec, regex, kind, start, LarkOptions(lexer, indenter)))
    named = load_vocabulary(tokenizer)
    _print_rows(masking.describe(specification, named, options, prefix, samples))


@app.command(
    short_help="Tell what is likely wrong with a grammar.",
    epilog="""\b
Examples:
  maskwright lint grammar.gbnf
  maskwright lint grammar.lark --start file_input --lexer basic
  maskwright lint grammar.gbnf --tokenizer path/to/tokenizer --json
Exit code: 0 if there is nothing but information, 1 if there are warnings or errors, 2 if it cannot be read.
""",
)
@told_in_one_sentence
def lint(
    grammar: Annotated[
        str,
        typer.Argument(
            metavar="GRAMMAR", help="A file: .gbnf, .ebnf, .lark, or .json (JSON Schema).", show_default=False
        ),
    ],
    kind: Annotated[
        Kind | None, typer.Option(help="What GRAMMAR is, if its suffix does not tell.", show_default=False)
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="RULE", help="The rule to start from (default: the usual one of the notation).", show_default=False
        ),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Look for the special tokens of this tokenizer.", show_default=False),
    ] = None,
    lexer: Annotated[LexerChoice, typer.Option(help="How a Lark grammar is to be read.")] = LexerChoice.CONTEXTUAL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON object.")] = False,
) -> None:
    """Tell what is likely wrong with a grammar: rules without use or end, ambiguity, terminals that hide each other."""
    from maskwright.integrations.command_line import linting

    verdict = linting.lint(linting.LintRequest(grammar, kind, start, tokenizer, lexer))
    linting.print_verdict(verdict, as_json)
    if not verdict.is_fine:
        raise typer.Exit(1)


@app.command(
    short_help="Write a grammar in another notation.",
    epilog="""\b
Examples:
  maskwright convert grammar.lark --to gbnf
  maskwright convert grammar.gbnf --to lark -o grammar.lark
  maskwright convert xml.ebnf --to w3c --start element
""",
)
@told_in_one_sentence
def convert(
    grammar: Annotated[str, typer.Argument(metavar="GRAMMAR", help="A .lark, .gbnf or .ebnf file; - with --from.")],
    to: Annotated[Target, typer.Option("--to", help="The notation to write (ebnf: XGrammar's).")],
    source: Annotated[
        Source | None, typer.Option("--from", help="The notation of GRAMMAR, if its suffix does not tell.")
    ] = None,
    start: StartOption = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write (default: stdout).")
    ] = None,
) -> None:
    """Write a grammar in another notation, as readable text with the same meaning."""
    from maskwright.integrations.command_line import converting

    converting.write(converting.convert(converting.ConversionRequest(grammar, source, to, start)), output)


@app.command(
    add_help_option=False,
    short_help="Compare with other engines, in a checkout.",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="""\b
Example:
  maskwright bench --sample 100
""",
)
@told_in_one_sentence
def bench(context: typer.Context) -> None:
    """Compare with other engines, in a source checkout; all options go to `python -m bench`."""
    from maskwright.integrations.command_line.benchmarking import run_bench

    raise typer.Exit(run_bench(context.args))


app.add_typer(schema_tools)
app.add_typer(views)
app.add_typer(behaviour, name="behaviour")


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app(prog_name="maskwright")


def _print_rows(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
