"""`maskwright infill`: a masked language model fills the gaps of a text, or writes a whole one, inside SPEC."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.errors import CanvasNotCompletable, MaskwrightError
from maskwright.integrations.command_line.gap_text import parsed
from maskwright.integrations.command_line.messages import UserMistakeError, compiling, patience
from maskwright.integrations.command_line.models import loading, need_packages, prompt_for
from maskwright.integrations.command_line.specification import Specification
from maskwright.matching.infilling.slots import MASK, Gap

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.integrations.infilling.masked_lm import LoadedMaskedModel, MaskedLM
    from maskwright.matching.infilling.slots import Slot
    from maskwright.matching.vocabulary import Vocabulary
    from maskwright.sampling.infilling.denoised import Denoised, StepRecord
    from maskwright.sampling.infilling.schedulers import Scheduler

MOST_PREVIEW = 48
"""Characters of the tokens of one step that the table shows."""


@dataclass(frozen=True, slots=True)
class InfillRequest:
    """What was asked for: text with gaps, or a number of open slots; one of the two is None.

    model None is the bundled one, prompt None one made from the schema's title.
    """

    text: str | None
    n_slots: int | None
    model: str | None
    prompt: str | None
    n_steps: int
    scheduler: str
    temperature: float
    blank_cost_nats: float
    seed: int


@dataclass(frozen=True, slots=True)
class Infilled:
    """The filled canvas and how its tokens are spelled."""

    denoised: Denoised
    vocabulary: Vocabulary

    @property
    def text(self) -> str:
        """The text, without end tokens."""
        tokens = self.denoised.tokens
        return self.vocabulary.decode(tokens[tokens >= 0].tolist()).decode("utf-8", "replace")


def infill(specification: Specification, request: InfillRequest, options: OptionsRequest) -> Infilled:
    """Fill the canvas; raises UserMistakeError for text, packages, model or specification at fault."""
    if (request.text is None) == (request.n_slots is None):
        raise UserMistakeError("say what there is: --text 'prefix ⟦8⟧ suffix', or --slots N for N open slots.")
    pieces = [] if request.text is None else parsed(request.text)
    need_packages("infilling")
    grammar = specification.grammar(options)
    loaded = _load(request.model)
    vocabulary = loaded.vocabulary
    from maskwright.sampling.infilling.denoising import Plan, denoise_as_planned
    from maskwright.sampling.random_key import RandomKey

    slots: list[Slot] = []
    for piece in pieces:
        slots += _tokens(loaded, piece) if isinstance(piece, str) else [piece]
    slots += [MASK] * (request.n_slots or 0)
    # Slots behind the end of a whole text hold end tokens, as this kind of model learns it; a text with gaps is as
    # long as it is, and the model only reads that it ends.
    eos_ids = vocabulary.eos_token_ids if request.text is None else ()
    with compiling():
        from maskwright import Compiler

        compiled = specification.compiled(Compiler(vocabulary), grammar)
        try:
            canvas = compiled.canvas(slots, eos_ids=eos_ids)
        except MaskwrightError as error:
            raise UserMistakeError(f"{specification.name}: {error}{_blamed(error, slots, vocabulary)}") from error
    model = _model(loaded, specification, request, suffix=vocabulary.eos_token_ids[:1] if request.text else ())
    scheduler = _scheduler(request.scheduler, vocabulary)
    plan = Plan(scheduler, request.n_steps, request.temperature, blank_cost_nats=request.blank_cost_nats)
    with patience("Filling the canvas ..."), _threads_for(request.model):
        denoised = denoise_as_planned(canvas, model, plan, RandomKey.from_seed(request.seed))
    return Infilled(denoised, vocabulary)


def _load(model: str | None) -> LoadedMaskedModel:
    from maskwright.errors import UnsupportedModel

    with loading(model):
        from maskwright.integrations.infilling.masked_lm import load_masked_model

        try:
            return load_masked_model(model)
        except UnsupportedModel as error:
            raise UserMistakeError(f"{model}: {error}") from error


def _blamed(error: MaskwrightError, slots: Sequence[Slot], vocabulary: Vocabulary) -> str:
    """What stands in the slots that an error blames: ` Slot 3 holds 'x'.`"""
    if not isinstance(error, CanvasNotCompletable) or Gap.any() in slots:
        return ""  # how many slots a gap of any length has is the canvas's own affair
    flat = [slot for slot in slots for _ in range(slot.maximum or 0 if isinstance(slot, Gap) else 1)]
    told = [
        f"slot {slot} holds {vocabulary.text_of(token).decode('utf-8', 'replace')!r}"
        for slot in error.conflict
        if isinstance(token := flat[slot], int)
    ]
    return f" Here {', '.join(told)}." if told else ""


@contextmanager
def _threads_for(model: str | None) -> Iterator[None]:
    """One thread for the bundled model: it is so small that several mostly wait for each other."""
    import torch

    threads = torch.get_num_threads()
    if model is None:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _tokens(loaded: LoadedMaskedModel, piece: str) -> list[int]:
    """A piece of text as tokens that spell exactly this."""
    tokens: list[int] = loaded.tokenizer(piece, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    if loaded.vocabulary.decode(tokens) != piece.encode("utf-8", "surrogatepass"):
        raise UserMistakeError(f"--text: the tokenizer of this model cannot spell {piece!r} as it is.")
    return tokens


def _model(
    loaded: LoadedMaskedModel, specification: Specification, request: InfillRequest, suffix: tuple[int, ...]
) -> MaskedLM:
    from maskwright.integrations.infilling.masked_lm import MaskedLM

    prompt = prompt_for(specification) + "\n" if request.prompt is None else request.prompt
    return MaskedLM(
        loaded.model,
        loaded.mask_token_id,
        vocabulary_size=loaded.vocabulary.size,
        prompt_ids=_without_end(loaded, loaded.tokenizer(prompt)["input_ids"]),
        suffix_ids=suffix,
    )


def _without_end(loaded: LoadedMaskedModel, tokens: list[int]) -> list[int]:
    """Some tokenizers end every text that they are given with a separator; the text goes on here."""
    ends = {*loaded.vocabulary.eos_token_ids, loaded.tokenizer.sep_token_id}
    return tokens[:-1] if len(tokens) > 1 and tokens[-1] in ends else tokens


def _scheduler(name: str, vocabulary: Vocabulary) -> Scheduler[Any]:
    from maskwright.sampling.infilling.schedulers import SCHEDULERS, delimiters_of

    if name == "ada_block":
        return SCHEDULERS[name](delimiters=delimiters_of(vocabulary))
    if name == "learn2pd":
        return SCHEDULERS[name](eos_ids=vocabulary.eos_token_ids)
    return SCHEDULERS[name]()


def summary(infilled: Infilled) -> str:
    """One line about what it took."""
    done = infilled.denoised
    calls = max(1, len(done.steps))
    model_ms = 1e3 * sum(record.seconds_model for record in done.steps) / calls
    spec_ms = 1e3 * sum(map(_seconds_inside, done.steps)) / calls
    n_given = int((done.given >= 0).sum())
    return (
        f"{len(done.tokens)} slots, {n_given} of them given; {len(done.steps)} steps, {done.n_forced} slots forced, "
        f"{done.n_rejected} proposals refused; per step {model_ms:.1f} ms for the model and {spec_ms:.1f} ms for SPEC"
    )


def _seconds_inside(record: StepRecord) -> float:
    """What a step took beside the model."""
    return record.seconds_constraint + record.seconds_scheduler


def write(infilled: Infilled) -> None:
    """The text on stdout, the table of steps and the summary on stderr."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    done = infilled.denoised
    table = Table(box=None, pad_edge=False)
    for name in ("step", "committed", "forced", "refused", "open", "model", "SPEC"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what was committed", no_wrap=True, overflow="ellipsis")
    left = [int(row.sum()) for row in done.trajectory == -1]
    table.add_row("-", "", str(len(done.forced_at_start)), "", str(left[0]), "", "", "")
    for record, n_open in zip(done.steps, left[1:], strict=True):
        table.add_row(
            str(record.step + 1) + ("*" if record.finished else ""),
            str(len(record.committed)),
            str(len(record.forced)),
            str(len(record.rejected)),
            str(n_open),
            f"{1e3 * record.seconds_model:.1f} ms",
            f"{1e3 * _seconds_inside(record):.1f} ms",
            Text(preview(record, infilled.vocabulary)),
        )
    console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)
    console.print(table)
    sys.stderr.flush()
    print(infilled.text)
    sys.stdout.flush()
    print(summary(infilled), file=sys.stderr)


def preview(record: StepRecord, vocabulary: Vocabulary) -> str:
    """What was committed in a step, from left to right, with `·` where slots between are not of this step."""
    shown, last = "", None
    for slot, token in sorted(record.committed.items()):
        spelt = vocabulary.text_of(token).decode("utf-8", "replace") if token >= 0 else ""
        shown += ("" if last is None or slot == last + 1 else "·") + spelt
        last = slot
        if len(shown) > MOST_PREVIEW:
            return shown[:MOST_PREVIEW].replace("\n", "⏎") + "…"
    return shown.replace("\n", "⏎")
