"""Mixed requests as a server has them, for `bench.soak`: what is asked for, and what is done with it.

A request is a generator that yields after every token, so that many are in progress in one thread and any can be
cancelled where it stands (`close`). It compiles a specification, writes a text inside it, and on the way forks, takes
tokens back, fills masks in batches, or hands in something wrong. Nothing here reads a clock; all chance is the number
of the request, so a request that went wrong can be made again.

Specifications: schemas and grammars of the repository and, where they are there, the development cases, the first ones
more often than later ones; many with a change of their own, so that the caches never have them.

What is checked: masks against those that one thread found alone before (`record`), bits of a mask against what is
accepted token by token, the mask after a rollback against the one before, that texts with a budget end in it, and that
what is wrong is refused as such.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases import Case, data_home, read_cases
from maskwright import Compiler, Matcher, Vocabulary, allocate_bitmask, fill_bitmasks
from maskwright.behaviour import Spec
from maskwright.errors import MaskwrightError, MatcherError, TokenRejected, UnsupportedBudget
from maskwright.matching.behaviour.program import Program
from maskwright.matching.behaviour.session import Session
from maskwright.matching.bitmask import is_allowed
from maskwright.matching.compiled_grammar import CompiledGrammar

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
BEHAVIOURS = ("react", "function_calling", "cot")
N_RECORDED = 120
LEFT_OUT = frozenset({"sql.lark"})
"""Its masks are known to have bytes too many: the first ones of characters that lead nowhere (test_lexed_masks)."""
CHECKED_BITS = 200
LONGEST_BUDGET = 60

Request = Generator[None, None, None]
Compile = Callable[[Compiler], CompiledGrammar]


class WrongMaskError(AssertionError):
    """An answer that is not the one it should be."""


@dataclass(frozen=True, slots=True)
class Specification:
    """Something to compile, and tokens of a text of it (maybe none)."""

    kind: str
    compile: Compile
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A text in a specification and the digest of each mask on its way."""

    specification: Specification
    tokens: list[int]
    digests: list[int]


class Traffic:
    """Requests for one compiler, each made of its number."""

    def __init__(self, vocabulary: Vocabulary, encode: Callable[[str], Sequence[int]], n_cases: int, seed: int) -> None:
        self._vocabulary = vocabulary
        self._encode = encode
        self._seed = seed
        self._cases = _cases(n_cases)
        self._gbnf = _texts("gbnf", "gbnf")
        self._lark = _texts("lark", "lark")
        self._tags = _tags()
        self._programs: dict[str, Program] = {}
        self._recorded: list[Recorded] = []

    def prepare(self, compiler: Compiler) -> None:
        """Compile behaviours, which are few and live as long as a server; no grammars that need more than text."""
        self._gbnf = [text for text in self._gbnf if _is_compiled(compiler.compile_gbnf, text)]
        self._lark = [text for text in self._lark if _is_compiled(compiler.compile_lark, text)]
        for name in BEHAVIOURS:
            self._programs[name] = compiler.compile_behaviour(Spec.load(SCHEMAS / "behaviour" / f"{name}.yaml"))

    def record(self, compiler: Compiler) -> None:
        """Write some texts alone, in a compiler that nobody else has, and keep digests of their masks."""
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        number = 0
        while len(self._recorded) < N_RECORDED:
            number += 1
            chance = random.Random(f"recorded {self._seed} {number}")
            specification = self._specification(chance, is_fresh=False)
            try:
                matcher = specification.compile(compiler).matcher()
            except MaskwrightError:
                continue
            tokens, digests = [], []
            for position in range(chance.randrange(5, 60)):
                matcher.fill_bitmask(row)
                digests.append(zlib.crc32(row.data))
                token = self._next(chance, specification, matcher, row, position)
                tokens.append(token)
                matcher.accept_token(token)
                if matcher.is_finished():
                    break
            self._recorded.append(Recorded(specification, tokens, digests))

    def request(self, compiler: Compiler, number: int) -> tuple[str, Request]:
        """The kind of a request, and the request."""
        chance = random.Random(f"{self._seed} {number}")
        kinds: dict[str, tuple[int, Callable[[Compiler, random.Random], Request]]] = {
            "text": (40, self._text),
            "budget": (5, self._budget),
            "repeated": (20, self._repeated),
            "batch": (10, self._batch),
            "wavering": (12, self._wavering),
            "behaviour": (5, self._behaviour),
            "wrong": (6, self._wrong),
            "checked": (2, self._checked),
        }
        kind = chance.choices([*kinds], [share for share, _ in kinds.values()])[0]
        return kind, kinds[kind][1](compiler, chance)

    def _text(self, compiler: Compiler, chance: random.Random) -> Request:
        specification = self._specification(chance, is_fresh=chance.random() < 0.4)
        matcher = specification.compile(compiler).matcher()
        yield
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        for position in range(chance.randrange(1, 80)):
            matcher.fill_bitmask(row)
            matcher.accept_token(self._next(chance, specification, matcher, row, position))
            yield
            if matcher.is_finished():
                break

    def _budget(self, compiler: Compiler, chance: random.Random) -> Request:
        """A text that must end whole and in time; long ones are left off."""
        specification = self._specification(chance, is_fresh=chance.random() < 0.4)
        grammar = specification.compile(compiler)
        try:
            budget = grammar.least_tokens() + chance.randrange(20)
        except UnsupportedBudget:  # as it says
            return
        yield
        if budget > LONGEST_BUDGET:
            return
        matcher = grammar.matcher(max_tokens=budget)
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        for position in range(budget):
            matcher.fill_bitmask(row)
            if not row.any():
                raise WrongMaskError(f"{specification.kind}: nothing fits into what is left of {budget} tokens")
            matcher.accept_token(self._next(chance, specification, matcher, row, position))
            yield
            if matcher.is_finished():
                return
        raise WrongMaskError(f"{specification.kind}: the text has not ended after {budget} tokens")

    def _repeated(self, compiler: Compiler, chance: random.Random) -> Request:
        recorded = chance.choice(self._recorded)
        matcher = recorded.specification.compile(compiler).matcher()
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        for position, (token, digest) in enumerate(zip(recorded.tokens, recorded.digests, strict=True)):
            matcher.fill_bitmask(row)
            if zlib.crc32(row.data) != digest:
                raise WrongMaskError(f"{recorded.specification.kind}: another mask at token {position}")
            matcher.accept_token(token)
            yield

    def _batch(self, compiler: Compiler, chance: random.Random) -> Request:
        chosen = [self._specification(chance, is_fresh=False) for _ in range(chance.randrange(2, 9))]
        texts = [(one, one.compile(compiler).matcher()) for one in chosen]
        yield
        mask = allocate_bitmask(len(texts), self._vocabulary.size)
        for position in range(chance.randrange(1, 40)):
            fill_bitmasks([matcher for _, matcher in texts], mask)
            for row, (specification, matcher) in zip(mask, texts, strict=True):
                matcher.accept_token(self._next(chance, specification, matcher, row, position))
            yield

    def _wavering(self, compiler: Compiler, chance: random.Random) -> Request:
        """Forks that go on, and tokens taken back."""
        specification = self._specification(chance, is_fresh=chance.random() < 0.4)
        matchers = [specification.compile(compiler).matcher()]
        yield
        row, other = allocate_bitmask(2, self._vocabulary.size)
        for position in range(chance.randrange(5, 60)):
            matcher = chance.choice(matchers)
            matcher.fill_bitmask(row)
            if len(matchers) < 4 and chance.random() < 0.2:
                matchers.append(matcher.fork())
            n_steps = chance.randrange(1, 6)
            n_before = matcher.n_accepted
            for step in range(n_steps):
                matcher.fill_bitmask(other)
                matcher.accept_token(self._next(chance, specification, matcher, other, position + step))
            if chance.random() < 0.5:
                matcher.rollback(n_steps)
                matcher.fill_bitmask(other)
                if matcher.n_accepted != n_before or not np.array_equal(row, other):
                    raise WrongMaskError(f"{specification.kind}: another mask after a rollback")
            yield

    def _behaviour(self, _: Compiler, chance: random.Random) -> Request:
        session = self._programs[chance.choice(BEHAVIOURS)].start()
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        for _number in range(chance.randrange(10, 80)):
            if session.event is not None:
                break
            session.fill_bitmask(row)
            session.accept_token(_any_of(chance, row))
            yield

    def _wrong(self, compiler: Compiler, chance: random.Random) -> Request:
        """What callers do that they should not."""
        wrong: Compile = chance.choice(WRONG)
        try:
            wrong(compiler)
        except MaskwrightError:
            yield
        else:
            raise WrongMaskError("a specification that is wrong was compiled")
        specification = self._specification(chance, is_fresh=False)
        matcher = specification.compile(compiler).matcher()
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        matcher.fill_bitmask(row)
        token = chance.randrange(self._vocabulary.size)
        if not is_allowed(row, token):
            try:
                matcher.accept_token(token)
            except TokenRejected:
                yield
            else:
                raise WrongMaskError(f"{specification.kind}: token {token} was taken against the mask")
        try:
            matcher.fill_bitmask(np.zeros(3, np.int32))
        except MatcherError:
            yield

    def _checked(self, compiler: Compiler, chance: random.Random) -> Request:
        """Bits of a mask, one by one."""
        specification = self._specification(chance, is_fresh=chance.random() < 0.4)
        matcher = specification.compile(compiler).matcher()
        row = allocate_bitmask(1, self._vocabulary.size)[0]
        for position in range(chance.randrange(1, 20)):
            matcher.fill_bitmask(row)
            tokens = [chance.randrange(self._vocabulary.size) for _ in range(CHECKED_BITS)]
            for token in [*tokens, _any_of(chance, row), *self._vocabulary.eos_token_ids]:
                if matcher.allows(token) != is_allowed(row, token):
                    raise WrongMaskError(f"{specification.kind}: token {token} is judged in two ways")
            matcher.accept_token(self._next(chance, specification, matcher, row, position))
            yield
            if matcher.is_finished():
                break

    def _next(
        self, chance: random.Random, specification: Specification, matcher: Matcher | Session, row: Any, position: int
    ) -> int:
        """The token of the text that is followed, or any that is allowed."""
        tokens = specification.tokens
        is_followed = position == matcher.n_accepted < len(tokens) and chance.random() < 0.97
        if is_followed and is_allowed(row, tokens[position]):
            return tokens[position]
        return _any_of(chance, row)

    def _specification(self, chance: random.Random, *, is_fresh: bool) -> Specification:
        kind = chance.choices(("case", "schema", "regex", "gbnf", "lark", "tag"), (50, 15, 10, 9, 8, 8))[0]
        mark = f"{chance.getrandbits(40):010x}" if is_fresh else f"{chance.randrange(40)}"
        if kind == "case":
            case = self._cases[int(len(self._cases) * chance.random() ** 3)]
            text = case.schema
            if is_fresh:
                text = text.rstrip()[:-1] + f', "$comment": "{mark}"' + "}"
            valid = [one.text for one in case.instances if one.valid]
            tokens = tuple(self._encode(chance.choice(valid))) if valid else ()
            return Specification(kind, lambda compiler: compiler.compile_json_schema(text), tokens)
        if kind == "schema":
            schema = _schema(random.Random(mark))
            return Specification(kind, lambda compiler: compiler.compile_json_schema(schema))
        if kind == "regex":
            pattern = _pattern(random.Random(mark))
            return Specification(kind, lambda compiler: compiler.compile_regex(pattern))
        if kind == "gbnf":
            gbnf = f"{chance.choice(self._gbnf)}\n# {mark}\n"
            return Specification(kind, lambda compiler: compiler.compile_gbnf(gbnf))
        if kind == "lark":
            lark = f"{chance.choice(self._lark)}\n// {mark}\n"
            return Specification(kind, lambda compiler: compiler.compile_lark(lark))
        tag = chance.choice(self._tags)
        if is_fresh:
            tag = json.loads(json.dumps(tag).replace("get_weather", f"get_{mark}"))
        return Specification(kind, lambda compiler: compiler.compile_structural_tag(tag))


WRONG: tuple[Compile, ...] = (
    lambda compiler: compiler.compile_json_schema("{"),
    lambda compiler: compiler.compile_json_schema({"type": "strin"}),
    lambda compiler: compiler.compile_json_schema({"allOf": [{"type": "string"}, {"type": "integer"}]}),
    lambda compiler: compiler.compile_json_schema({"$ref": "https://example.com/elsewhere"}),
    lambda compiler: compiler.compile_regex("(a"),
    lambda compiler: compiler.compile_regex(r"(a)\1"),
    lambda compiler: compiler.compile_gbnf("root ::= other"),
    lambda compiler: compiler.compile_gbnf('root ::= "a" root'),
    lambda compiler: compiler.compile_lark("start: other"),
    lambda compiler: compiler.compile_structural_tag({"type": "structural_tag", "format": {"type": "x"}}),
)


def _is_compiled(compile_text: Callable[[str], CompiledGrammar], text: str) -> bool:
    try:
        compile_text(text)
    except MaskwrightError:
        return False
    return True


def _any_of(chance: random.Random, row: Any) -> int:
    """A token that a mask allows."""
    words = np.flatnonzero(row)
    word = int(words[chance.randrange(len(words))])
    bits = int(row[word]) & 0xFFFFFFFF
    return 32 * word + chance.choice([bit for bit in range(32) if bits >> bit & 1])


def _cases(n_cases: int) -> list[Case]:
    """The development cases where they are there, and the schemas of the repository."""
    archive = data_home() / "maskbench-dev.tar.xz"
    cases = read_cases(archive)[:n_cases] if archive.exists() else []
    for path in sorted((SCHEMAS / "json_schema").glob("*.json")):
        schema = json.loads(path.read_text())["schema"]
        if isinstance(schema, dict) and schema:
            cases.append(Case(path.stem, json.dumps(schema), ()))
    cases = [case for case in cases if case.schema.strip()[:1] == "{" and len(case.schema.strip()) > 2]
    random.Random(0).shuffle(cases)
    return cases


def _texts(folder: str, ending: str) -> list[str]:
    """The grammars of a notation."""
    return [path.read_text() for path in sorted((SCHEMAS / folder).glob(f"*.{ending}")) if path.name not in LEFT_OUT]


def _tags() -> list[Any]:
    files = sorted((SCHEMAS / "structural_tags" / "families").glob("*.json"))
    return [line["tag"] for path in files for line in json.loads(path.read_text())[:6]]


def _schema(chance: random.Random) -> dict[str, Any]:
    """An object with names and values of its own."""
    names = [f"{chance.choice(WORDS)}_{chance.getrandbits(20):x}" for _ in range(chance.randrange(1, 9))]
    kinds: list[Callable[[], dict[str, Any]]] = [
        lambda: {"type": "string"},
        lambda: {"type": "string", "maxLength": chance.randrange(1, 60)},
        lambda: {"type": "string", "pattern": _pattern(chance)},
        lambda: {"type": "integer", "minimum": chance.randrange(100), "maximum": chance.randrange(100, 10**6)},
        lambda: {"type": "number"},
        lambda: {"enum": [f"{chance.getrandbits(24):x}" for _ in range(chance.randrange(1, 30))]},
        lambda: {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 20},
        lambda: {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        lambda: {"anyOf": [{"type": "null"}, {"type": "object", "properties": {names[0]: {"type": "boolean"}}}]},
        lambda: {"type": "string", "format": chance.choice(("date-time", "email", "uuid", "ipv4", "uri"))},
    ]
    properties = {name: chance.choice(kinds)() for name in names}
    return {
        "type": "object",
        "properties": properties,
        "required": chance.sample(names, chance.randrange(len(names) + 1)),
        "additionalProperties": chance.random() < 0.5,
    }


def _pattern(chance: random.Random) -> str:
    word = f"{chance.choice(WORDS)}{chance.getrandbits(20):x}"
    shapes = (
        rf"{word}-[0-9]{{1,{chance.randrange(2, 12)}}}",
        rf"({word}|[a-f]+)(, ?({word}|[g-m]{{2,{chance.randrange(3, 30)}}}))*",
        rf"[A-Z][a-z]{{0,{chance.randrange(5, 40)}}} {word}( \w+){{0,{chance.randrange(1, 20)}}}",
        rf"\d{{4}}-\d\d-\d\d {word}[^\n]{{0,{chance.randrange(10, 200)}}}",
    )
    return chance.choice(shapes)


WORDS = ("order", "name", "total", "street", "price", "grüße", "名前", "item", "value", "created")
