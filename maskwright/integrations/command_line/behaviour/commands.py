"""The commands of `maskwright behaviour` and their options.

Exit codes are those of `maskwright` (`application`): 0 as it should be; 1 the answer is no (`check`: a trace is not
legal; `lint`: warnings or errors; `diff`: the versions differ; `run`: nobody answered a turn); 2 a mistake of the user.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.integrations.command_line.messages import told_in_one_sentence

if TYPE_CHECKING:
    from maskwright.grammar.behaviour.specification.spec import Spec

behaviour = typer.Typer(
    help="What an agent may do, as a specification: check traces, find faults, draw, run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SpecArgument = Annotated[str, typer.Argument(metavar="SPEC", help="A behaviour specification, a YAML file.")]
JSONOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _load(spec: str) -> Spec:
    from maskwright.grammar.behaviour.specification.spec import Spec

    return Spec.load(spec)


@behaviour.command(
    short_help="Do traces follow a specification?",
    epilog="""\b
Examples:
  maskwright behaviour check react.yaml examples.txt
  maskwright behaviour check react.yaml - < trace.txt
A file holds traces between lines `---`, or is a .json list of traces, each a list of [segment, text] pairs.
Exit code: 0 if every trace is legal, 1 if one is not, 2 if something cannot be read.
""",
)
@told_in_one_sentence
def check(
    spec: SpecArgument,
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Files of traces; - for standard input.")],
    as_json: JSONOption = False,
) -> None:
    """Tell of every trace whether it is legal; if not, where not, what was expected, and the nearest legal one."""
    from maskwright.integrations.command_line.behaviour import checking, traces

    checked = checking.check(_load(spec), traces.read_all(files))
    checking.print_checked(checked, as_json)
    if not all(one.report.is_ok for one in checked):
        raise typer.Exit(1)


@behaviour.command(
    short_help="Tell what is doubtful in a specification.",
    epilog="""\b
Examples:
  maskwright behaviour lint react.yaml
  maskwright behaviour lint react.yaml --examples examples.txt --json
  maskwright behaviour lint react.yaml --tokenizer path/to/folder
Exit code: 0 if there is nothing but information, 1 if there are warnings or errors, 2 if it cannot be read.
""",
)
@told_in_one_sentence
def lint(
    spec: SpecArgument,
    examples: Annotated[
        list[str] | None,
        typer.Option("--examples", metavar="FILE", help="Traces that should be legal, beside those that SPEC names."),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Look whether the budget is enough for this tokenizer.", show_default=False),
    ] = None,
    as_json: JSONOption = False,
) -> None:
    """Find rules that cannot be kept together, say nothing, are implied or never triggered, and broken examples."""
    from maskwright.integrations.command_line.behaviour import linting, traces

    loaded = _load(spec)
    least = None if tokenizer is None else linting.least_budget(loaded, tokenizer)
    found = traces.read_all([*traces.example_files(loaded, spec), *(examples or [])])
    linted = linting.lint(loaded, found, least)
    linting.print_linted(linted, as_json)
    if not linted.is_fine:
        raise typer.Exit(1)


@behaviour.command(
    short_help="Write random legal traces.",
    epilog="""\b
Examples:
  maskwright behaviour sample react.yaml -n 5
  maskwright behaviour sample react.yaml -n 100 | maskwright behaviour check react.yaml -
""",
)
@told_in_one_sentence
def sample(
    spec: SpecArgument,
    n: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal traces.")] = 0,
    mean_length: Annotated[
        float, typer.Option(min=1.0, help="After how many segments a trace turns to its end, on average.")
    ] = 8.0,
    as_json: JSONOption = False,
) -> None:
    """Write random legal traces, as a file of traces that `check` reads."""
    import json

    import numpy as np

    from maskwright.grammar.behaviour.analysis.sampling import legal_traces
    from maskwright.grammar.behaviour.policy import Policy
    from maskwright.integrations.command_line.behaviour import traces

    loaded = _load(spec)
    found = legal_traces(Policy.of(loaded), n, np.random.default_rng(seed), mean_length=mean_length)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print(traces.written(traces.spelled(loaded, trace) for trace in found))


@behaviour.command(
    short_help="Tell what two versions of a specification disagree on.",
    epilog="""\b
Examples:
  maskwright behaviour diff old.yaml new.yaml
Exit code: 0 if both accept the same traces, 1 if not, 2 if one cannot be read.
""",
)
@told_in_one_sentence
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A behaviour specification.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another version of it.")],
) -> None:
    """Tell how segments differ, and give a shortest trace that only one of the versions accepts."""
    from maskwright.grammar.behaviour.analysis.difference import diff as difference_of

    found = difference_of(_load(old), _load(new))
    print(found)
    if not found.is_same:
        raise typer.Exit(1)


@behaviour.command(
    short_help="Draw the automaton of a specification.",
    epilog="""\b
Examples:
  maskwright behaviour draw react.yaml -o react.svg
  maskwright behaviour draw react.yaml > react.dot
""",
)
@told_in_one_sentence
def draw(
    spec: SpecArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="An .svg, .png or .pdf (needs graphviz), or a .dot file."),
    ] = None,
    max_states: Annotated[int, typer.Option(min=1, help="Draw so many states, nearest to the start.")] = 60,
) -> None:
    """Draw what may follow what: flow and rules as one minimal automaton. Without -o its DOT text goes to stdout."""
    from maskwright.grammar.behaviour.analysis.drawing import to_dot
    from maskwright.grammar.behaviour.policy import Policy
    from maskwright.integrations.command_line.behaviour import drawing

    drawing.draw(to_dot(Policy.of(_load(spec)), max_states=max_states), output)


@behaviour.command(
    short_help="Run an agent inside a specification.",
    epilog="""\b
Examples:
  maskwright behaviour run react.yaml --prompt 'What is 6 * 7?' --docs notes/
  maskwright behaviour run react.yaml --prompt 'Who was first?' --docs notes/ --model path/or/hub-id --shots 2
  maskwright behaviour run self_consistency.yaml --prompt 'What is 6 * 7?'
  maskwright behaviour run reflexion.yaml --prompt 'Why?' --reply evaluation=wrong --reply evaluation=correct
Tools are `calculate` (and `calculator`), and with --docs `search` and `lookup`.
Exit code: 0 if every trace is complete, 1 if nobody answered a turn, 2 for a mistake.
""",
)
@told_in_one_sentence
def run(
    spec: SpecArgument,
    prompt: Annotated[str, typer.Option(help="What the user says first.")],
    docs: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Texts that `search` and `lookup` read.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="PATH_OR_HUB_ID",
            help="A causal language model for transformers (default: the bundled one).",
            show_default=False,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="The most tokens that the model writes (default: what SPEC says, or 400)."),
    ] = None,
    temperature: Annotated[float, typer.Option(min=0.0, help="0 always takes the most probable token.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal traces.")] = 0,
    shots: Annotated[int, typer.Option(min=0, help="So many examples stand before the trace.")] = 0,
    examples: Annotated[
        list[str] | None,
        typer.Option("--examples", metavar="FILE", help="Where they are taken from, before those that SPEC names."),
    ] = None,
    votes: Annotated[
        int | None,
        typer.Option(min=1, help="Run so often, and tell which answer is the most frequent (default: what SPEC says)."),
    ] = None,
    reply: Annotated[
        list[str] | None,
        typer.Option(metavar="SEGMENT=TEXT", help="What is answered in a segment; of several, one after the other."),
    ] = None,
    as_json: JSONOption = False,
) -> None:
    """Let a model write a trace inside SPEC, with local tools; the trace goes to stdout, verdicts to stderr."""
    from maskwright.integrations.command_line.behaviour import running, traces

    loaded = _load(spec)
    files = [*(examples or []), *traces.example_files(loaded, spec)] if shots else []
    replies = running.read_replies(reply or [])
    n_runs = votes or (loaded.voting.samples if loaded.voting else 1)
    request = running.RunRequest(
        prompt, docs, model, max_tokens, temperature, seed, shots, n_runs, replies, is_shown=not as_json
    )
    runs = running.run(loaded, traces.read_all(files), request)
    running.print_runs(loaded, runs, as_json)
    if not all(running.is_complete(done) for done in runs):
        raise typer.Exit(1)
