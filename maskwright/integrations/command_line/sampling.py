"""`maskwright sample`: many texts of a specification, distributed as the model itself would have written them."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.integrations.command_line.messages import UserMistakeError, compiling, need_file_place
from maskwright.integrations.command_line.models import load, need_packages, prompt_for
from maskwright.integrations.command_line.specification import Specification

if TYPE_CHECKING:
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.integrations.generation import LoadedModel
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.vocabulary import Vocabulary
    from maskwright.sampling.auto import Choice
    from maskwright.sampling.awrs.proposal import CheckedProposal
    from maskwright.sampling.prefix_trie import PrefixTrie
    from maskwright.sampling.target import Target
    from maskwright.sampling.weighted_texts import WeightedTexts

AUTO = "auto"
LEARNING = (AUTO, "asap", "cars", "smc")
"""The methods that a trie serves."""

MAX_LISTED = 20
"""Distinct texts that are shown; --json has all of them."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """What was asked for; model None is the bundled one, prompt None one made from the schema's title.

    check: FILE.py:FUNCTION, a predicate of a complete text.  trie: a file of what is known of this target.
    """

    method: str
    n: int
    model: str | None
    prompt: str | None
    max_tokens: int
    temperature: float
    seed: int
    check: str | None
    trie: Path | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sample, by which method and why, and how its texts read.

    first_failure: what the first check that failed said, empty if none did.
    """

    method: str
    reason: str
    texts: WeightedTexts
    vocabulary: Vocabulary
    first_failure: str = ""


def sample(specification: Specification, request: SampleRequest, options: OptionsRequest) -> Sampled:
    """The texts; raises UserMistakeError for packages, model, checker or specification at fault."""
    _check_combination(request)
    need_packages("sampling")
    predicate = None if request.check is None else _predicate(request.check)
    grammar = specification.grammar(options)
    loaded = load(request.model)
    with compiling():
        from maskwright import Compiler

        compiled = specification.compiled(Compiler(loaded.vocabulary), grammar)
        target = _target(loaded, compiled, specification, request)
    from maskwright.sampling.methods import MethodOptions, run
    from maskwright.sampling.random_key import RandomKey

    key = RandomKey.from_seed(request.seed)
    with _trie(request, compiled, target) as trie:
        proposal = None if predicate is None else _checked(predicate, loaded.vocabulary)
        with _progress(request.n) as on_progress:
            choice = _choice(key.child(0), target, request, trie, has_checker=proposal is not None)
            method_options = MethodOptions(proposal=proposal, trie=choice.trie)
            texts = run(choice.method, key.child(1), target, request.n, method_options, on_progress)
    first_failure = "" if proposal is None else proposal.first_failure
    return Sampled(choice.method.value, choice.reason, texts, loaded.vocabulary, first_failure)


def _check_combination(request: SampleRequest) -> None:
    """Refuse options that would do nothing, and files that could not be written after all the work."""
    if request.check is not None and request.method not in {AUTO, "awrs"}:
        raise UserMistakeError(f"--check goes with --method awrs or auto, not {request.method}.")
    if request.check is None and request.method == "awrs":
        raise UserMistakeError("--method awrs needs a checker: --check FILE.py:FUNCTION.")
    if request.trie is None:
        return
    if request.check is not None or request.method not in LEARNING:
        other = "--check" if request.check is not None else f"--method {request.method}"
        raise UserMistakeError(f"--trie goes with the methods auto, asap, cars and smc, not with {other}.")
    need_file_place("--trie", request.trie)


def _target(
    loaded: LoadedModel, compiled: CompiledGrammar, specification: Specification, request: SampleRequest
) -> Target:
    from maskwright.integrations.transformers_model import TransformersModel
    from maskwright.sampling.language_model import LanguageModel
    from maskwright.sampling.logits import Temperature, TransformedModel
    from maskwright.sampling.row_cache import CachedModel
    from maskwright.sampling.target import Target

    prompt = prompt_for(specification) if request.prompt is None else request.prompt
    prompt_ids = loaded.tokenizer(prompt)["input_ids"]
    reader = TransformersModel(loaded.model)
    most = None if reader.max_length is None else reader.max_length - len(prompt_ids) + 1  # an end is not read
    if most is not None and request.max_tokens > most:
        raise UserMistakeError(
            f"--max-tokens {request.max_tokens}: the model reads {reader.max_length} tokens, of which the prompt takes "
            f"{len(prompt_ids)}" + (f"; {most} is the most." if most > 0 else ".")
        )
    model: LanguageModel = reader
    if request.temperature != 1:
        model = TransformedModel(model, Temperature(request.temperature))
    return Target.of(CachedModel(model), prompt_ids, compiled.matcher(), request.max_tokens)


def _choice(key: Any, target: Target, request: SampleRequest, trie: PrefixTrie, *, has_checker: bool) -> Choice:
    from maskwright.sampling.auto import Choice, choose
    from maskwright.sampling.methods import Method

    if request.method == AUTO:
        return choose(key, target, request.n, has_checker=has_checker, trie=trie)
    return Choice(Method(request.method), "it was asked for", trie)


@contextmanager
def _trie(request: SampleRequest, compiled: CompiledGrammar, target: Target) -> Iterator[PrefixTrie]:
    """What is known of the target: read from the file if it is there, and written to it in the end."""
    from maskwright.sampling.prefix_trie import PrefixTrie
    from maskwright.sampling.trie_file import TrieOrigin, load_trie, save_trie

    if request.trie is None:
        yield PrefixTrie()
        return
    name = f"{request.model or 'bundled'} at temperature {request.temperature:g}"
    origin = TrieOrigin.of(name, compiled, target)
    try:
        trie = load_trie(request.trie, origin) if request.trie.exists() else PrefixTrie()
    except OSError as error:
        raise UserMistakeError(f"{request.trie}: the trie cannot be read ({error.strerror}).") from error
    yield trie
    try:
        save_trie(trie, request.trie, origin)
    except OSError as error:
        raise UserMistakeError(f"{request.trie}: the trie cannot be written ({error.strerror}).") from error


def _predicate(name: str) -> Callable[[str], bool]:
    """The function of FILE.py:FUNCTION; the file is the user's own and is executed."""
    path, _, function = name.rpartition(":")
    if not path or not function:
        raise UserMistakeError(f"--check {name}: it has to be FILE.py:FUNCTION.")
    if not Path(path).is_file():
        raise UserMistakeError(f"--check {path}: there is no such file.")
    spec = importlib.util.spec_from_file_location("maskwright_checker", path)
    if spec is None or spec.loader is None:
        raise UserMistakeError(f"--check {path}: it is no Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UserMistakeError(f"--check {path}: it cannot be run ({type(error).__name__}: {error}).") from error
    found = getattr(module, function, None)
    if not callable(found):
        raise UserMistakeError(f"--check {path}: it has no function {function}.")
    predicate: Callable[[str], bool] = found
    return predicate


def _checked(predicate: Callable[[str], bool], vocabulary: Vocabulary) -> CheckedProposal:
    from maskwright.sampling.awrs.checker import Checker
    from maskwright.sampling.awrs.proposal import CheckedProposal

    checker = Checker(complete=lambda _, text: predicate(text.decode("utf-8", "replace")))
    return CheckedProposal(checker, vocabulary.decode)


@contextmanager
def _progress(n: int) -> Iterator[Callable[[int], object]]:
    """A bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Sampling"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=n)
        yield lambda done: progress.update(bar, completed=done)


def shares(sampled: Sampled) -> list[tuple[str, float]]:
    """Distinct texts, as their bytes read, with their shares of the weight; the largest first."""
    merged = sampled.texts.by_bytes(sampled.vocabulary)
    ordered = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
    return [(text.decode("utf-8", "replace"), share) for text, share in ordered]


def summary(sampled: Sampled) -> list[str]:
    """What it took and how far to trust it."""
    texts = sampled.texts
    lines = [f"method {sampled.method}: {sampled.reason}"]
    kind = "independent draws" if texts.is_exact else f"worth {texts.effective_sample_size:.1f} equally weighted ones"
    evidence = "" if texts.log_evidence is None else f", log Z {texts.log_evidence:.3f}"
    lines.append(f"{len(texts.alive)} of {len(texts.texts)} texts alive, {kind}{evidence}")
    effort = texts.effort
    checks = f", {effort.n_checks} checks" if effort.n_checks else ""
    lines.append(f"{effort.n_rows} rows of the model, {effort.n_attempts} texts begun{checks}")
    if texts.texts and not texts.alive:
        lines.append("all dead: " + ", ".join(sorted({text.ending.value for text in texts.texts})))
    lines += [f"note: {line}" for line in texts.declared]
    return lines + ([f"note: the first check that failed: {sampled.first_failure}"] if sampled.first_failure else [])


def to_json(sampled: Sampled) -> str:
    """Everything, for programs."""
    texts = sampled.texts
    return json.dumps(
        {
            "method": sampled.method,
            "reason": sampled.reason,
            "is_exact": texts.is_exact,
            "log_evidence": _finite(texts.log_evidence),
            "effective_sample_size": texts.effective_sample_size,
            "rows": texts.effort.n_rows,
            "attempts": texts.effort.n_attempts,
            "checks": texts.effort.n_checks,
            "declared": list(texts.declared),
            "first_failure": sampled.first_failure,
            "texts": [
                {
                    "text": sampled.vocabulary.decode(texts.target.without_end(text.token_ids)).decode(
                        "utf-8", "replace"
                    ),
                    "ending": text.ending.name.lower(),
                    "log_probability": text.log_probability,
                    "log_weight": _finite(text.log_weight),
                }
                for text in texts.texts
            ],
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def _finite(log_value: float | None) -> float | None:
    """JSON has no infinity: null stands for the logarithm of 0."""
    return None if log_value == -math.inf else log_value


def write(sampled: Sampled, *, as_json: bool) -> None:
    """The texts with their shares on stdout, the summary on stderr."""
    if as_json:
        print(to_json(sampled))
    else:
        listed = shares(sampled)
        for text, share in listed[:MAX_LISTED]:
            print(f"{100 * share:6.2f} %  {text}")
        if len(listed) > MAX_LISTED:
            print(f"          and {len(listed) - MAX_LISTED} more")
    sys.stdout.flush()
    for line in summary(sampled):
        print(line, file=sys.stderr)
