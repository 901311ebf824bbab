"""`maskwright fuzz`: valid texts of a specification and near misses of them, with the verdict of an independent judge.

Valid texts are the shortest ones that take different ways, then random ones. A near miss is a valid text with one small
change that makes it invalid, as the judge says. Every text that is made on the way is put to the judge and to
Maskwright, and each disagreement is told:

    too wide     Maskwright accepts a text that the judge refuses
    too narrow   Maskwright refuses a text that the judge accepts, under options that narrow nothing

The first is asked with the options of the call, the second, for JSON Schemas, with every spelling allowed and `format`
as an annotation, since options narrow on purpose. Equal seeds give equal records.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from maskwright.errors import MaskwrightError
from maskwright.integrations.command_line.judges import Judge, judge_of
from maskwright.integrations.command_line.messages import UserMistakeError, compiling
from maskwright.integrations.command_line.specification import Kind, Specification

if TYPE_CHECKING:
    from maskwright.grammar.ir import Grammar
    from maskwright.integrations.command_line.json_options import OptionsRequest
    from maskwright.matching.compiler import Compiler
    from maskwright.matching.matcher import Matcher
    from maskwright.matching.near_misses import Change

MAX_SHORTEST: Final = 20
"""How many texts, of the valid ones, are the shortest; half of them if fewer are asked for."""

CHANGES_PER_TEXT: Final = 12
"""How many changes of a text are tried for a near miss."""


@dataclass(frozen=True, slots=True)
class Record:
    """A text with its verdict; `changed` says what was changed in a valid one, "" for a valid one itself."""

    text: str
    valid: bool
    changed: str = ""
    pointer: str = ""
    disagreement: str = ""

    def to_json(self) -> dict[str, Any]:
        """A row of the output."""
        row: dict[str, Any] = {"text": self.text, "valid": self.valid}
        if self.changed:
            row |= {"changed": self.changed, "pointer": self.pointer}
        return row | ({"disagreement": self.disagreement} if self.disagreement else {})


@dataclass(slots=True)
class Fuzzed:
    """What came of it (mutable while it runs). n_judged: texts that the judge had an opinion of."""

    records: list[Record] = field(default_factory=list)
    n_made: int = 0
    n_judged: int = 0
    has_judge: bool = True

    @property
    def disagreements(self) -> list[Record]:
        """The records of which the judge and Maskwright say different things."""
        return [record for record in self.records if record.disagreement]


def fuzz(specification: Specification, options: OptionsRequest, n: int, seed: int) -> Fuzzed:
    """At most n valid texts and a near miss of each; raises UserMistakeError for a fault in the specification."""
    with compiling():
        import numpy as np

        from maskwright.matching.near_misses import bounds_of, changed_document, changed_text

        fuzzing = _Fuzzing.of(specification, options)
        bounds = bounds_of(specification.content) if specification.kind is Kind.JSON_SCHEMA else ()
        is_json = specification.kind is Kind.JSON_SCHEMA
        fuzzed = Fuzzed(has_judge=fuzzing.judge is not None)
        try:
            for number, text in enumerate(islice(fuzzing.texts(n, seed), n)):
                fuzzing.valid(text, fuzzed)
                rng = np.random.default_rng([seed, 1, number])
                for _ in range(CHANGES_PER_TEXT):
                    change = changed_document(text, bounds, rng) if is_json else changed_text(text, rng)
                    if fuzzing.near_miss(change, fuzzed):
                        break
        except MaskwrightError as error:
            raise UserMistakeError(f"{specification.name}: {error}") from error
        return fuzzed


@dataclass(frozen=True, slots=True)
class _Fuzzing:
    """A specification with its judge. exact: accepts whatever is valid, if that is known to be so."""

    terse: Grammar
    strict: Matcher
    exact: Matcher | None
    judge: Judge | None

    @classmethod
    def of(cls, specification: Specification, options: OptionsRequest) -> _Fuzzing:
        from maskwright.matching.compiler import Compiler
        from maskwright.matching.examples import names_tokens, single_bytes

        terse = specification.terse_grammar(options)
        if names_tokens(terse):
            raise UserMistakeError(f"{specification.name}: special tokens stand in it, which are no text to judge.")
        compiler = Compiler(single_bytes())
        strict = specification.compiled(compiler, terse).matcher()
        exact: Matcher | None = strict
        if specification.kind is Kind.JSON_SCHEMA:
            exact = _exact_matcher(specification.content, compiler)
        return cls(terse, strict, exact, judge_of(specification))

    def texts(self, n: int, seed: int) -> Iterator[str]:
        """Valid texts, all different."""
        from maskwright.matching.examples import example_texts
        from maskwright.matching.random_texts import is_utf8, random_texts

        n_shortest = min(MAX_SHORTEST, (n + 1) // 2)
        shortest = islice(example_texts(self.terse), n_shortest)
        seen: set[bytes] = set()
        for text in chain(shortest, random_texts(self.terse, (seed, 0))):
            if text not in seen and is_utf8(text):
                seen.add(text)
                yield text.decode()

    def valid(self, text: str, fuzzed: Fuzzed) -> None:
        """A text of the grammar: is it valid?"""
        said, disagreement = self._verdict(text, fuzzed)
        fuzzed.records.append(Record(text, said is not False, disagreement=disagreement))

    def near_miss(self, change: Change, fuzzed: Fuzzed) -> bool:
        """Is a changed text no longer valid?  Then, and where there is disagreement, it is kept."""
        said, disagreement = self._verdict(change.text, fuzzed)
        is_valid = _accepts(self.strict, change.text) if said is None else said
        if disagreement or not is_valid:
            record = Record(change.text, is_valid, change.what, change.pointer, disagreement)
            if all(known.text != record.text for known in fuzzed.records):
                fuzzed.records.append(record)
                return not is_valid
        return False

    def _verdict(self, text: str, fuzzed: Fuzzed) -> tuple[bool | None, str]:
        """What the judge says, and in which way Maskwright disagrees with that."""
        fuzzed.n_made += 1
        said = None if self.judge is None else self.judge(text)
        if said is None:
            return None, ""
        fuzzed.n_judged += 1
        if not said:
            for matcher in (self.strict, self.exact):
                if matcher is not None and _accepts(matcher, text):
                    return said, "too wide: Maskwright accepts it, the judge does not"
        elif self.exact is not None and not _accepts(self.exact, text):
            return said, "too narrow: Maskwright refuses it, the judge does not"
        return said, ""


def _exact_matcher(schema: object, compiler: Compiler) -> Matcher | None:
    """All JSON texts of the values of a schema; None where that is refused, as for some numbers in all spellings."""
    from maskwright.grammar.json_schema import JSONSchemaOptions, json_schema_grammar

    try:
        return compiler.compile_grammar(json_schema_grammar(schema, JSONSchemaOptions.exact())).matcher()
    except MaskwrightError:
        return None


def _accepts(matcher: Matcher, text: str) -> bool:
    matcher.reset()
    tokens = text.encode("utf-8", "surrogatepass")
    return matcher.accept_tokens(tokens) == len(tokens) and matcher.is_accepting()


def _line(record: Record) -> str:
    """A row; what some readers take for the end of a line is escaped."""
    line = json.dumps(record.to_json(), ensure_ascii=False)
    for character in "\x85\u2028\u2029":
        line = line.replace(character, f"\\u{ord(character):04x}")
    return line


def write(fuzzed: Fuzzed, specification: Specification, output: Path | None) -> None:
    """The records as JSONL, on stdout or in a file; what they come to on stderr."""
    lines = "".join(_line(record) + "\n" for record in fuzzed.records)
    if output is None:
        sys.stdout.write(lines)
        sys.stdout.flush()
    else:
        output.write_text(lines, encoding="utf-8")
    n_valid = sum(record.valid for record in fuzzed.records)
    print(
        f"maskwright: {n_valid} valid texts, {len(fuzzed.records) - n_valid} near misses; "
        f"{fuzzed.n_judged} of {fuzzed.n_made} texts judged, {len(fuzzed.disagreements)} disagreements",
        file=sys.stderr,
    )
    if not fuzzed.has_judge:
        print(f"maskwright: nobody else can judge {specification.name}: `valid` is our own word.", file=sys.stderr)
    for record in fuzzed.disagreements:
        print(f"  {record.disagreement}: {record.text}", file=sys.stderr)
