"""One random schema, checked from both sides: what the grammar accepts is valid, what is valid the grammar accepts.

    check_seed(seed, walkers) -> Outcome

A failure holds everything that is needed to see it again: the schema, the text and the claim that does not hold.

    wide       the grammar accepts a text whose value is invalid
    narrow     the grammar refuses a text of a valid value (or the whole schema as unsatisfiable)
    dead end   a walk along the masks came to a place where nothing is allowed
    crash      an error that is not one of ours; `slow`: not compiled within SECONDS_TO_COMPILE
    judges     our naive validator and `jsonschema` differ where both are exact

With `exact()` options, which are the default, texts are in all spellings. A member name that occurs twice has no agreed
meaning; a text with one is counted but not judged.
"""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from time import perf_counter
from types import FrameType
from typing import Any

from jsonschema import Draft202012Validator

from bench.summary import group_reason
from maskwright.errors import EmptyLanguage, LimitExceeded, MaskwrightError
from maskwright.grammar.json_schema import JSONSchemaOptions
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.compiler import Compiler
from tests.fuzz.random_schemas import random_schema, random_value
from tests.fuzz.random_values import likely_value, mutated
from tests.fuzz.walks import End, Walker
from tests.grammar.json_schema.suite import EXACT, accepts, byte_compiler
from tests.naive.json_schema_validator import in_python, is_valid
from tests.naive.json_texts import LAYOUTS, SPELLINGS, Spelling, whole_number

SECONDS_TO_COMPILE = 10
N_LIKELY, N_RANDOM, N_MUTATED = 8, 3, 2
MAX_TOKENS = 250
MAX_EXPONENT = 10_000
"""Texts of numbers further from 1 are not judged; `decimal` itself ends at a million."""

JUDGED_DIGITS = 20
"""`jsonschema` computes with 28 digits; numbers that are longer or further from 1 are ours alone to judge."""

Json = Any


class UnreadableError(ValueError):
    """A text in which a member name occurs twice, or a number beyond `MAX_EXPONENT`."""


class TooSlowError(Exception):
    """A schema took too long; not one of the errors that a schema may end with."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A claim that does not hold, and for what."""

    kind: str
    schema: Json
    text: str
    detail: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of a seed. `refusal` is "" for a schema that compiled, "empty" for one that nothing satisfies."""

    seed: int
    refusal: str = ""
    failures: list[Failure] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    compile_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What all seeds of a process share: a compiler of single bytes, and perhaps one of a real vocabulary.

    `options` are those of every grammar; `spellings` those in which a valid value has to be accepted under them.
    """

    bytes: Compiler
    byte_walker: Walker
    real: Compiler | None = None
    real_walker: Walker | None = None
    n_walks: int = 4
    options: JSONSchemaOptions = EXACT
    spellings: tuple[Spelling, ...] = SPELLINGS


PLAIN_LAYOUTS = tuple(replace(layout, number=whole_number) for layout in LAYOUTS)


def byte_bench(n_walks: int = 4, *, default_options: bool = False) -> Bench:
    """Without a real vocabulary; with default options only plain spellings have to be accepted."""
    compiler = byte_compiler()
    bench = Bench(compiler, Walker(compiler.vocabulary), n_walks=n_walks)
    return replace(bench, options=JSONSchemaOptions(), spellings=PLAIN_LAYOUTS) if default_options else bench


def check_seed(seed: int, bench: Bench) -> Outcome:
    """Draw the schema of this seed and check it."""
    rng = random.Random(seed)
    schema = random_schema(rng)
    outcome = Outcome(seed)
    begin = perf_counter()
    grammar, outcome.refusal, failure = compiled(schema, bench)
    outcome.compile_seconds = perf_counter() - begin
    if failure:
        outcome.failures.append(failure)
    if grammar is None and outcome.refusal != "empty":
        return outcome
    try:
        _check_texts(schema, grammar, bench, rng, outcome)
    except LimitExceeded as error:  # so ambiguous that reading ends with an error: an honest end, counted as a refusal
        outcome.refusal = f"gave up while reading: {error.stage}"
    return outcome


def _check_texts(
    schema: Json, grammar: CompiledGrammar | None, bench: Bench, rng: random.Random, outcome: Outcome
) -> None:
    """Walk, and judge texts of values that walks and the schema suggest; failures and counts go to `outcome`."""
    texts = _walked(schema, grammar, bench, rng, outcome) if grammar is not None else []
    values = [value for text in texts if (value := read(text)) is not UNREAD]
    candidates = [likely_value(schema, schema, rng) for _ in range(N_LIKELY)]
    candidates += [random_value(rng) for _ in range(N_RANDOM)]
    for value in [*values[:4], *candidates[:3]]:
        candidates += [mutated(value, rng) for _ in range(N_MUTATED)]
    for value in candidates:
        text = rng.choice((bench.spellings[0], *bench.spellings)).write(value)
        failure = judged(schema, grammar, text, outcome.counts)
        if failure:
            outcome.failures.append(failure)


def compiled(schema: Json, bench: Bench) -> tuple[CompiledGrammar | None, str, Failure | None]:
    """The grammar if there is one, else why not, and a failure if that is no good reason."""
    try:
        with _time_limit(SECONDS_TO_COMPILE):
            return bench.bytes.compile_json_schema(schema, options=bench.options), "", None
    except EmptyLanguage:
        return None, "empty", None
    except MaskwrightError as error:
        return None, group_reason(f"{type(error).__name__}: {error}"), None
    except TooSlowError:
        return None, "slow", Failure("slow", schema, "", f"not compiled in {SECONDS_TO_COMPILE} s")
    except Exception as error:  # noqa: BLE001 - the very thing that is looked for
        detail = f"{type(error).__name__}: {error}"[:300]
        return None, "crash", Failure("crash", schema, "", detail)


def judged(schema: Json, grammar: CompiledGrammar | None, text: str, counts: Counter[str]) -> Failure | None:
    """Compare the verdict of the grammar on a text with that of the validators."""
    value = read(text)
    if value is UNREAD:
        counts["not judged"] += 1
        return None
    expected = is_valid(schema, value)
    counts["valid" if expected else "invalid"] += 1
    failure = _against_jsonschema(schema, value, text, expected, counts)
    if failure is None and accepts(grammar, text) != expected:
        failure = Failure("narrow" if expected else "wide", schema, text)
    return failure


def _walked(schema: Json, grammar: CompiledGrammar, bench: Bench, rng: random.Random, outcome: Outcome) -> list[str]:
    """The texts of walks that came to an end; failures go to `outcome`."""
    texts = []
    pairs = [(grammar, bench.byte_walker, MAX_TOKENS)] * bench.n_walks
    if bench.real is not None and bench.real_walker is not None:
        pairs += [
            (bench.real.compile_json_schema(schema, options=bench.options), bench.real_walker, MAX_TOKENS // 2)
        ] * 5
    spoken = json.dumps(schema, default=str, ensure_ascii=False) + '{}[]:,"'
    for one, walker, limit in pairs:
        walk = walker.walk(one, rng, walker.interesting(spoken), limit)
        outcome.counts[f"walk: {walk.end.value}"] += 1
        text = walk.text.decode(errors="replace")
        if walk.end is End.DEAD:
            outcome.failures.append(Failure("dead end", schema, text, f"tokens {walk.tokens}"))
        if walk.end is End.COMPLETE:
            failure = judged(schema, grammar, text, outcome.counts)
            if failure:
                outcome.failures.append(failure)
            texts.append(text)
    return texts


UNREAD = object()


def read(text: str) -> Json:
    """The value of a text, or UNREAD where it has no agreed meaning or no exact number here."""
    try:
        return json.loads(text, parse_float=_number, parse_int=_number, object_pairs_hook=_once_named)
    except UnreadableError:
        return UNREAD


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise UnreadableError from error
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise UnreadableError
    return number


def _once_named(members: list[tuple[str, Json]]) -> dict[str, Json]:
    named = dict(members)
    if len(named) < len(members):
        raise UnreadableError
    return named


def _against_jsonschema(schema: Json, value: Json, text: str, expected: bool, counts: Counter[str]) -> Failure | None:
    """Ask the other judge, where it is exact; it misses some equal items and some evaluated members."""
    try:
        theirs = Draft202012Validator(_for_jsonschema(schema)).is_valid(_whole_as_int(value))
    except (_Unfit, InvalidOperation):
        counts["one judge"] += 1
        return None
    if theirs == expected:
        return None
    if any(word in json.dumps(schema, default=str) for word in ("unevaluated", "uniqueItems")):
        counts["judges differ"] += 1
        return None
    return Failure("judges", schema, text, f"jsonschema: {theirs}, naive: {expected}")


class _Unfit(ValueError):
    """A number that `jsonschema` would round."""


def _whole_as_int(value: Json) -> Json:
    if isinstance(value, Decimal):
        if len(value.as_tuple().digits) > JUDGED_DIGITS or abs(value.adjusted()) > JUDGED_DIGITS:
            raise _Unfit
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, dict):
        return {name: _whole_as_int(part) for name, part in value.items()}
    return [_whole_as_int(part) for part in value] if isinstance(value, list) else value


def _for_jsonschema(schema: Json) -> Json:
    """The schema with its patterns in Python's syntax."""
    if isinstance(schema, list):
        return [_for_jsonschema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: _for_jsonschema(part) for name, part in schema.items() if name not in {"const", "enum"}}
    copy |= {name: schema[name] for name in ("const", "enum") if name in schema}
    if isinstance(copy.get("pattern"), str):
        copy["pattern"] = in_python(copy["pattern"])
    if isinstance(copy.get("patternProperties"), dict):
        copy["patternProperties"] = {in_python(name): part for name, part in copy["patternProperties"].items()}
    return copy


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Raise TooSlowError in this (main) thread after so many seconds."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
