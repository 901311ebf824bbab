"""`maskwright behaviour run`: an agent with local tools, on a transformers model, inside its specification.

What is run is the specification with the budget that there is: no more generated tokens than --max-tokens, and no more
in the context than the model reads, examples included. Since every segment of others must then have a greatest length,
a question has its own, and answers of tools are cut.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from maskwright.integrations.command_line.behaviour.traces import FileTrace, spelled
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.models import load, need_packages

if TYPE_CHECKING:
    from maskwright.grammar.behaviour.analysis.judge import Judge
    from maskwright.grammar.behaviour.specification.spec import Budget, Segment, Spec
    from maskwright.integrations.agents.loop import AgentModel, AgentRun
    from maskwright.integrations.agents.responding import Responder
    from maskwright.integrations.agents.tools import Tools
    from maskwright.integrations.generation import LoadedModel
    from maskwright.matching.behaviour.program import Program

MAX_TOKENS = 400
"""That a model writes, if neither the command nor the specification says."""

MAX_ANSWER_TOKENS = 160
"""Of a segment that the environment writes, if the specification does not say."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for; see the options. model None is the bundled one, max_tokens None what the specification says.

    replies: for each segment what is answered, in order.  is_shown: on stdout, while it is written?
    """

    prompt: str
    docs: str | None
    model: str | None
    max_tokens: int | None
    temperature: float
    seed: int
    n_shots: int
    votes: int
    replies: dict[str, list[str]]
    is_shown: bool


def read_replies(options: Sequence[str]) -> dict[str, list[str]]:
    """The replies of options `SEGMENT=TEXT`; raises UserMistakeError."""
    replies: dict[str, list[str]] = {}
    for option in options:
        segment, sign, text = option.partition("=")
        if not sign:
            raise UserMistakeError(f"--reply {option}: SEGMENT=TEXT is expected.")
        replies.setdefault(segment, []).append(text)
    return replies


def tools_of(docs: str | None, declared: Sequence[str]) -> Callable[[], Tools]:
    """The tools for one run after the other: a calculator, and with a folder of documents a search."""
    from maskwright.integrations.agents.calculator import calculate
    from maskwright.integrations.agents.document_search import DocumentIndex
    from maskwright.integrations.agents.tools import Tool, Tools

    calculators = [Tool("calculate", calculate), Tool("calculator", calculate)]
    if docs is None:
        return lambda: Tools(calculators, declared)
    index = DocumentIndex.of_folder(docs)

    def made() -> Tools:
        reader = index.reader()
        return Tools([*calculators, Tool.of(reader.search), Tool.of(reader.lookup)], declared)

    return made


def run(spec: Spec, examples: Sequence[FileTrace], request: RunRequest) -> list[AgentRun]:
    """The runs, which are shown on stdout while they are written; raises UserMistakeError.

    examples: those that may stand before the trace.
    """
    from maskwright.grammar.behaviour.specification.spec import Writer
    from maskwright.grammar.behaviour.specification.tools import tool_names

    need_packages("running an agent")
    users = frozenset(segment.name for segment in spec.segments if segment.writer is Writer.USER)
    _need_segments(spec, request.replies)
    first_user = next((segment.name for segment in spec.segments if segment.name in users), None)
    replies = {**request.replies}
    if first_user is not None:
        replies[first_user] = [request.prompt, *replies.get(first_user, [])]
    declared = tool_names(spec.tools)
    make_tools = tools_of(request.docs, declared)
    _say_what_is_missing(declared, make_tools().names)
    loaded = load(request.model)
    preamble = _preamble(spec, examples, request.n_shots, "" if first_user else request.prompt)
    model = _agent_model(loaded, preamble)
    n_start = len(model.start)
    budget = _budget(spec, loaded, request, n_start)
    program = _compiled(loaded, _bounded(spec, replies, model.encode), budget, n_start)

    from maskwright.integrations.agents.responding import Responder, actions_of

    actions = actions_of(program.spec)
    return [
        _one_run(program, model, Responder(make_tools(), replies, users, actions), request, number)
        for number in range(request.votes)
    ]


def _one_run(program: Program, model: AgentModel, responder: Responder, request: RunRequest, number: int) -> AgentRun:
    from maskwright.integrations.agents.loop import AgentOptions, run_agent

    options = AgentOptions(request.temperature, request.seed + number)
    if not request.is_shown:
        return run_agent(program, model, responder, options)
    if number:
        print("---")
    done = run_agent(program, model, responder, options, _show)
    print(flush=True)
    return done


def _show(piece: str) -> None:
    sys.stdout.write(piece)
    sys.stdout.flush()


def _need_segments(spec: Spec, replies: dict[str, list[str]]) -> None:
    names = [segment.name for segment in spec.segments]
    for name in replies:
        if name not in names:
            raise UserMistakeError(f"--reply {name}=...: there is no such segment, there are {', '.join(names)}.")


def _say_what_is_missing(declared: Sequence[str], names: Sequence[str]) -> None:
    """A tool that is declared, and that nobody has here, will answer that there is none."""
    missing = [name for name in declared if name not in names]
    if missing:
        print(f"no tool here is called {', '.join(missing)}; there are {', '.join(names)}.", file=sys.stderr)


def _preamble(spec: Spec, examples: Sequence[FileTrace], n_shots: int, prompt: str) -> str:
    """What stands before the trace: examples, and a prompt that is no segment of it."""
    if n_shots > len(examples):
        raise UserMistakeError(f"--shots {n_shots}: there are {len(examples)} examples; name files with --examples.")
    shots = [spelled(spec, example.trace) + "\n\n" for example in examples[:n_shots]]
    return "".join([*shots, prompt])


def _agent_model(loaded: LoadedModel, preamble: str) -> AgentModel:
    from maskwright.integrations.agents.loop import AgentModel
    from maskwright.integrations.transformers_model import TransformersModel

    def encode(text: str) -> list[int]:
        tokens: list[int] = loaded.tokenizer.encode(text, add_special_tokens=False)
        return tokens

    start: list[int] = loaded.tokenizer.encode(preamble)
    return AgentModel(TransformersModel(loaded.model), encode, start or [loaded.vocabulary.eos_token_ids[0]])


def _budget(spec: Spec, loaded: LoadedModel, request: RunRequest, n_start: int) -> Budget:
    from maskwright.grammar.behaviour.specification.spec import Budget

    own = spec.budget
    most = own.generated_tokens or MAX_TOKENS
    generated = most if request.max_tokens is None else min(request.max_tokens, own.generated_tokens or sys.maxsize)
    readable = getattr(loaded.model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    # What the model can read is a budget only where it could become tight: with both budgets one sum is held to each.
    limits = [own.context_tokens, readable if readable and n_start + 2 * generated > readable else None]
    return Budget(generated, min([limit for limit in limits if limit], default=None))


def _bounded(spec: Spec, replies: dict[str, list[str]], encode: Callable[[str], Sequence[int]]) -> Spec:
    """The specification with a greatest length for every segment that is not the model's."""
    from maskwright.grammar.behaviour.specification.spec import Writer

    def bounded(segment: Segment) -> Segment:
        if segment.writer is Writer.MODEL or segment.max_tokens is not None:
            return segment
        said = replies.get(segment.name)
        longest = max(len(encode(text)) for text in said) if said else MAX_ANSWER_TOKENS
        return replace(segment, max_tokens=longest + 2)  # marks that make delimiters harmless take some

    return replace(spec, segments=tuple(map(bounded, spec.segments)))


def _compiled(loaded: LoadedModel, spec: Spec, budget: Budget, n_start: int) -> Program:
    with compiling():
        from maskwright import Compiler

        program = Compiler(loaded.vocabulary).compile_behaviour(spec, budget=budget)
    left = None if budget.context_tokens is None else budget.context_tokens - n_start
    if left is not None and left < program.least_budget:
        raise UserMistakeError(
            f"what stands before the trace takes {n_start} of the {budget.context_tokens} tokens that the model reads, "
            f"and a trace can take {program.least_budget}: give fewer --shots or a shorter --prompt."
        )
    return program


def is_complete(done: AgentRun) -> bool:
    """Did the trace come to an end where it may?"""
    from maskwright.integrations.agents.loop import RunEnding

    return done.ending is RunEnding.FINISHED


def print_runs(spec: Spec, runs: Sequence[AgentRun], as_json: bool) -> None:
    """What came of the runs: verdicts on stderr and the vote on stdout, or everything as JSON."""
    from maskwright.grammar.behaviour.analysis.judge import Judge
    from maskwright.grammar.behaviour.analysis.verdicts import verdicts
    from maskwright.integrations.agents.voting import vote

    judge = Judge.of(spec)
    if as_json:
        print(json.dumps([_to_json(judge, done) for done in runs], indent=2, ensure_ascii=False))
        return
    for done in runs:
        for verdict in verdicts(judge, _pairs(done)).rules:
            print(verdict, file=sys.stderr)
        print(_summary(done), file=sys.stderr)
    if len(runs) > 1:
        for one in vote(_answer(spec, done) for done in runs):
            print(f"{one.n} of {len(runs)}: {one.answer}")


def _summary(done: AgentRun) -> str:
    """One line about what a run took."""
    written = sum(stretch.n_tokens for stretch in done.stretches if not stretch.segment)
    work = done.work
    seconds = work.model_seconds + work.mask_seconds + work.answer_seconds
    return (
        f"{done.ending.value}: {written} tokens by the model ({work.forced} without asking it), "
        f"{len(done.token_ids) - written} by others; {seconds:.1f} s, of which masks took {work.mask_seconds:.2f} s"
    )


def _answer(spec: Spec, done: AgentRun) -> str:
    """The text that counts in a vote: that of the segment which the specification names, or the last of the model."""
    from maskwright.grammar.behaviour.specification.spec import Writer

    def counts(segment: str) -> bool:
        return spec.segment(segment).writer is Writer.MODEL if spec.voting is None else segment == spec.voting.segment

    return next((piece.text for piece in reversed(done.session.pieces) if counts(piece.segment)), "")


def _pairs(done: AgentRun) -> list[tuple[str, str]]:
    return [(piece.segment, piece.text) for piece in done.session.pieces]


def _to_json(judge: Judge, done: AgentRun) -> dict[str, Any]:
    from maskwright.grammar.behaviour.analysis.verdicts import verdicts

    pairs, work = _pairs(done), done.work
    return {
        "text": done.text,
        "ending": done.ending.value,
        "answer": _answer(judge.spec, done),
        "segments": pairs,
        "verdicts": {one.rule: one.verdict.value for one in verdicts(judge, pairs).rules},
        "model_calls": work.model_calls,
        "forced_tokens": work.forced,
        "seconds": work.model_seconds + work.mask_seconds + work.answer_seconds,
    }
