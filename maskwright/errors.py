"""The errors that Maskwright raises on purpose, split by whose fault it is.

Those of one part alone lie in it: `grammar/function_calls/faults.py`, `integrations/batch/errors.py`.

The specification:  `GrammarSyntaxError`, `UnsupportedPattern`, `UnsupportedSchema`, `UnsupportedType`, `InvalidSchema`,
                    `UnsupportedComposition`, `UnsupportedConversion`, `UnsupportedInCanvas`, `UnsupportedBudget`,
                    `EmptyLanguage`, `SpecError`, `InvalidStructuralTag`, `UnsupportedStructuralTag`, `LimitExceeded`
                    and its kinds `SchemaTooComplex` and `CompletionUndecided`.
The vocabulary:     `VocabularyGap`, `UnsupportedTokenizer`, `InvalidVocabulary`.
The caller:         `TokenRejected`, `MatcherError`, `InvalidOption`, `BudgetTooSmall`, `BadScore`,
                    `EnvelopeExceeded`, `InadmissibleBound`, `InvalidCanvas`, `CanvasNotCompletable`, `InvalidPrefix`,
                    `UnsuitableChecker`, `UnsupportedHost`.
The text:           `TextRefused`, `NotJSON`.
The model:          `BadLogits`, `NoContinuation`, `UnsupportedModel`, `UnlistedProbability`, `ModelCallFailed`.
One of many:        `RequestsFailed`.
A file:             `InvalidGrammarFile`, `InvalidTrieFile`, `InvalidTraceFile`.

Each is a record: fields first, and `str(error)` is one sentence that says what is wrong, where, and what to do.
They are compared and hashed by their fields but not frozen, because Python writes `__traceback__` into an exception
that passes through a `with` statement, and a frozen one would turn into a TypeError there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class MaskwrightError(Exception):
    """The base of all errors raised on purpose by this package."""


class SpecificationError(MaskwrightError):
    """The fault lies in the specification: a grammar, a schema or a pattern."""


class VocabularyError(MaskwrightError):
    """The fault lies in the vocabulary or in the tokenizer that it came from."""


@dataclass(unsafe_hash=True)
class GrammarSyntaxError(SpecificationError):
    """A text in some grammar notation does not follow that notation.

    `position` counts characters from 0 in `source`; line and column are derived when the error is printed.
    `source_name` names the text for the reader: a file, or "pattern at /properties/name".
    """

    message: str
    source: str
    position: int
    source_name: str = "grammar"

    @property
    def line(self) -> int:
        """The line of the fault, counted from 1."""
        return self.source.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """The column of the fault in characters, counted from 1."""
        return self.position - (self.source.rfind("\n", 0, self.position) + 1) + 1

    def __str__(self) -> str:
        begin = self.source.rfind("\n", 0, self.position) + 1
        end = self.source.find("\n", self.position)
        excerpt = self.source[begin : end if end >= 0 else len(self.source)]
        left = max(0, self.position - begin - 60)
        excerpt = excerpt[left : left + 120]
        caret = " " * (self.position - begin - left) + "^"
        return f"{self.source_name}, line {self.line}, column {self.column}: {self.message}\n  {excerpt}\n  {caret}"


@dataclass(unsafe_hash=True)
class SpecError(SpecificationError):
    """A behaviour specification that means nothing, or that nobody could follow to the end."""

    message: str
    """What is wrong and what to do, a sentence without its full stop."""
    where: str
    """The part at fault, for the reader: "react.yaml, line 7", "rule 'confirm'", "segment 'answer'"."""
    rules: tuple[str, ...] = ()
    """The ids of the rules that are at fault together."""
    witness: str = ""
    """A trace that shows it."""

    def __str__(self) -> str:
        rules = f" (rules: {', '.join(self.rules)})" if self.rules else ""
        return f"{self.where}: {self.message}{rules}." + (f"\n  {self.witness}" if self.witness else "")


@dataclass(unsafe_hash=True)
class UnsupportedSchema(SpecificationError):
    """A JSON Schema uses something that cannot be enforced exactly, so it is refused, never ignored."""

    keyword: str
    pointer: str
    reason: str = "is not supported yet"
    others: tuple[UnsupportedSchema, ...] = ()
    """The refusals of other subschemas of the same document, where reading could go on."""

    def __str__(self) -> str:
        more = f" ({len(self.others)} more refused)" if self.others else ""
        return f"JSON Schema keyword {self.keyword!r} at '{self.pointer or '/'}' {self.reason}{more}."


@dataclass(unsafe_hash=True)
class UnsupportedPattern(SpecificationError):
    """A regular expression uses something that is not regular, or that cannot be honoured exactly."""

    construct: str
    source: str
    position: int
    advice: str

    def __str__(self) -> str:
        where = f"at position {self.position} of the pattern {self.source[:200]!r}"
        return f"{self.construct} {where} cannot be enforced exactly: {self.advice}."


@dataclass(unsafe_hash=True)
class InvalidSchema(SpecificationError):
    """A JSON Schema is malformed: a keyword has a value that no draft allows."""

    keyword: str
    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"JSON Schema keyword {self.keyword!r} at '{self.pointer or '/'}' {self.reason}."


@dataclass(unsafe_hash=True)
class InvalidStructuralTag(SpecificationError):
    """A structural tag, or a schema or grammar in it, is malformed; `pointer` leads to the place in the tag."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        where = f" at '{self.pointer}'" if self.pointer else ""
        return f"The structural tag is wrong{where}: {self.reason}."


@dataclass(unsafe_hash=True)
class UnsupportedStructuralTag(SpecificationError):
    """A structural tag asks for something that cannot be enforced exactly, so it is refused, never ignored."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        where = f" at '{self.pointer}'" if self.pointer else ""
        return f"The structural tag cannot be enforced exactly{where}: {self.reason}."


@dataclass(unsafe_hash=True)
class UnsupportedType(SpecificationError):
    """A Python type that was given as a specification, or one inside it, has no exact JSON form."""

    type_name: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"The Python type {self.type_name} at {self.path} has no JSON Schema: {self.reason}."


@dataclass(unsafe_hash=True)
class UnsupportedComposition(SpecificationError):
    """Grammars are combined in a way that cannot be carried out exactly."""

    operation: str
    construct: str
    advice: str

    def __str__(self) -> str:
        return f"{self.operation} is not possible with {self.construct}: {self.advice}."


@dataclass(unsafe_hash=True)
class UnsupportedConversion(SpecificationError):
    """A grammar has something that the notation it is to be written in cannot say exactly."""

    construct: str
    rule: str
    notation: str
    advice: str

    def __str__(self) -> str:
        return f"{self.construct} in rule '{self.rule}' cannot be written in {self.notation}: {self.advice}."


@dataclass(unsafe_hash=True)
class UnsupportedInCanvas(SpecificationError):
    """A grammar asks for something that cannot be kept exactly where texts are filled in any order."""

    feature: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.feature} cannot be kept exactly in a canvas: {self.remedy}."


@dataclass(unsafe_hash=True)
class EmptyLanguage(SpecificationError):
    """No text at all satisfies the specification."""

    reason: str
    pointer: str = ""

    def __str__(self) -> str:
        where = f" (at '{self.pointer}')" if self.pointer else ""
        return f"No text can satisfy this specification: {self.reason}{where}."


@dataclass(unsafe_hash=True)
class LimitExceeded(SpecificationError):
    """A stage that may blow up asked for more than its limit."""

    stage: str
    asked: int
    allowed: int
    where: str = ""
    remedy: str = "simplify that part or raise the limit"

    def __str__(self) -> str:
        where = f" at '{self.where}'" if self.where else ""
        return f"{self.stage}{where} needs {_shown(self.asked)}, more than the {self.allowed} allowed: {self.remedy}."


def _shown(number: int) -> str:
    """A number in digits, unless these were more than anybody reads, or than Python writes."""
    return str(number) if number.bit_length() < 200 else f"more than 10**{int(number.bit_length() * 0.30102)}"


class SchemaTooComplex(LimitExceeded):
    """A part of a JSON Schema needs more than one of the limits of its options; `where` is its pointer."""


class CompletionUndecided(LimitExceeded):
    """It was not found out whether a text can be completed; to ask for less at once does not help."""


@dataclass(unsafe_hash=True)
class VocabularyGap(VocabularyError):
    """The language needs bytes that the vocabulary cannot spell, and cutting them out would not be exact."""

    missing: bytes

    def __str__(self) -> str:
        listed = ", ".join(f"0x{byte:02X}" for byte in self.missing[:16])
        return (
            f"The vocabulary has no single-byte token for {listed}, which this specification needs in places "
            "where a text could get stuck: use a vocabulary with those bytes or a specification without them."
        )


@dataclass(unsafe_hash=True)
class UnsupportedTokenizer(VocabularyError):
    """The exact bytes of this tokenizer's tokens cannot be determined."""

    reason: str

    def __str__(self) -> str:
        return f"The exact bytes of this tokenizer's tokens are unknown: {self.reason}."


@dataclass(unsafe_hash=True)
class InvalidVocabulary(VocabularyError):
    """The parts of a vocabulary do not fit together: a token that is not bytes, an id outside the logits, ..."""

    reason: str

    def __str__(self) -> str:
        return f"This vocabulary cannot be used: {self.reason}."


@dataclass(unsafe_hash=True)
class TokenRejected(MaskwrightError):
    """A token (or a byte) was offered that the specification does not allow here; nothing was changed."""

    token_id: int
    position: int
    reason: str

    def __str__(self) -> str:
        return f"Token {self.token_id} is not allowed after {self.position} tokens: {self.reason}."


@dataclass(unsafe_hash=True)
class MatcherError(MaskwrightError):
    """A matcher or mask was used in a way that has no meaning, such as rolling back more than was accepted."""

    reason: str

    def __str__(self) -> str:
        return f"{self.reason}."


@dataclass(unsafe_hash=True)
class NotJSON(MaskwrightError):
    """A text that is read as a JSON document, as it arrives, is none, or nests too deep; `position` counts bytes."""

    position: int
    reason: str

    def __str__(self) -> str:
        return f"The text is no JSON document, at byte {self.position}: {self.reason}."


@dataclass(unsafe_hash=True)
class TextRefused(MaskwrightError):
    """A text that somebody else wrote for a segment of a trace is none that the specification allows there."""

    segment: str
    reason: str

    def __str__(self) -> str:
        return f"This is no text of segment '{self.segment}': {self.reason}."


@dataclass(unsafe_hash=True)
class InvalidOption(MaskwrightError):
    """An option has a value that means nothing."""

    name: str
    value: object
    reason: str

    def __str__(self) -> str:
        return f"{self.name} must be {self.reason}, not {self.value!r}."


@dataclass(unsafe_hash=True)
class BudgetTooSmall(MaskwrightError):
    """No text of the language fits into the tokens that are allowed."""

    max_tokens: int
    reason: str = "at least one token is needed, the end token"

    def __str__(self) -> str:
        return f"A budget of {self.max_tokens} tokens is too small: {self.reason}."


@dataclass(unsafe_hash=True)
class UnsupportedBudget(SpecificationError):
    """No budget of tokens can be kept for a grammar, because what it takes to complete a text is not known."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"No budget of tokens can be kept: {self.reason}; {self.remedy}."


@dataclass(unsafe_hash=True)
class InvalidCanvas(MaskwrightError):
    """The slots of a canvas, or what is to be put into them, mean nothing."""

    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"The canvas cannot be used: {self.reason}" + (f"; {self.remedy}." if self.remedy else ".")


@dataclass(unsafe_hash=True)
class CanvasNotCompletable(MaskwrightError):
    """No text of the grammar fits into a canvas.

    `conflict` are the numbers of decided slots that cannot stand together, so few that any of them may be blamed; empty
    where the length alone is at fault. `n_missing` is how many open slots more would do, `n_spare` how many fewer; None
    where neither helps, or it was not found out.
    """

    conflict: tuple[int, ...] = ()
    n_missing: int | None = None
    n_spare: int | None = None

    def __str__(self) -> str:
        return f"No text of the grammar fits into the canvas: {self.reason}."

    @property
    def reason(self) -> str:
        """Why, and what would help."""
        if self.n_missing is not None:
            slots = "slot is" if self.n_missing == 1 else "slots are"
            return f"it is too short, {self.n_missing} more open {slots} needed"
        if self.n_spare is not None:
            slots = "slot" if self.n_spare == 1 else "slots"
            return f"it is too long by {self.n_spare} {slots}; leave these out, or allow an end token"
        if self.conflict:
            slots = ", ".join(map(str, self.conflict))
            one = len(self.conflict) == 1
            return f"slot {slots} holds what cannot stand there" if one else f"slots {slots} contradict each other"
        return "no number of slots would do"


@dataclass(unsafe_hash=True)
class BadScore(MaskwrightError):
    """A twist or a critic gave something that is no logarithm of a weight: not a number, +inf, or too few of them."""

    reason: str

    def __str__(self) -> str:
        return f"The scores of texts cannot be used: {self.reason}."


@dataclass(unsafe_hash=True)
class EnvelopeExceeded(MaskwrightError):
    """A soft target gave a text more than the bound that it had given one of its beginnings, or more than 1.

    Bounds are natural logarithms; `position` is the number of tokens of the text at fault.
    """

    log_value: float
    log_bound: float
    position: int

    def __str__(self) -> str:
        return (
            f"A soft target has the log value {self.log_value:.6g} after {self.position} tokens, above its bound "
            f"{self.log_bound:.6g} before: its envelope has to fall along every text."
        )


@dataclass(unsafe_hash=True)
class InvalidPrefix(MaskwrightError):
    """A language model was asked what follows a text that it cannot read."""

    reason: str

    def __str__(self) -> str:
        return f"The model cannot continue this prefix: {self.reason}."


@dataclass(unsafe_hash=True)
class InadmissibleBound(MaskwrightError):
    """A bound that the caller gave to a search was too low: a text below it is more probable."""

    token_ids: tuple[int, ...]
    log_probability: float
    log_bound: float

    def __str__(self) -> str:
        return (
            f"The text {self.token_ids} has log probability {self.log_probability:.6g}, above the {self.log_bound:.6g} "
            "that the bound allowed: give an upper bound of every future, or none."
        )


@dataclass(unsafe_hash=True)
class UnsuitableChecker(MaskwrightError):
    """A checker that cannot run in another process."""

    reason: str

    def __str__(self) -> str:
        return (
            f"This checker cannot run in another process: {self.reason}. Its predicates must be functions of a module "
            "that can be imported, and a program that starts processes must do so under `if __name__ == '__main__':`."
        )


class ModelError(MaskwrightError):
    """The fault lies in the language model: in what it said, or in what it is."""


@dataclass(unsafe_hash=True)
class BadLogits(ModelError):
    """A row of logits is no distribution: not a number in it, +inf, or nothing but −inf; or it has the wrong shape.

    `position` is how many tokens of the text stood before it, −1 if that is not known.
    """

    reason: str
    position: int = -1

    def __str__(self) -> str:
        where = f" after {self.position} tokens" if self.position >= 0 else ""
        return f"The logits of the model{where} cannot be used: {self.reason}."


@dataclass(unsafe_hash=True)
class NoContinuation(ModelError):
    """A text cannot go on: no token is allowed after it, or the model gives none of those any probability."""

    reason: str
    position: int

    def __str__(self) -> str:
        return f"The text cannot go on after {self.position} tokens: {self.reason}."


@dataclass(unsafe_hash=True)
class UnsupportedModel(ModelError):
    """A language model cannot be used in the way that was asked for, and would give wrong rows if it were tried."""

    reason: str

    def __str__(self) -> str:
        return f"This model cannot be used here: {self.reason}."


@dataclass(unsafe_hash=True)
class UnsupportedHost(MaskwrightError):
    """A program that serves models is not as this library knows it, so it would not be kept inside a grammar."""

    host: str
    version: str
    reason: str

    def __str__(self) -> str:
        return f"{self.host} {self.version} cannot be served: {self.reason}; use a version that docs/ names for it."


@dataclass(unsafe_hash=True)
class UnlistedProbability(ModelError):
    """A service listed the most probable tokens only, and their probabilities do not sum to one.

    listed: how many tokens were listed; mass: the sum of their probabilities.
    """

    position: int
    listed: int
    mass: float

    def __str__(self) -> str:
        return (
            f"After {self.position} tokens the {self.listed} listed ones have a probability of {self.mass:.6f}, not 1: "
            "ask for more tokens, or declare the model cut to its listed tokens as the target."
        )


@dataclass(unsafe_hash=True)
class ModelCallFailed(ModelError):
    """The function or service behind a model failed, or answered with something that is no row."""

    reason: str
    attempts: int = 1

    def __str__(self) -> str:
        tried = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        return f"The model did not answer{tried}: {self.reason}."


@dataclass(unsafe_hash=True)
class RequestsFailed(MaskwrightError):
    """Some requests of a batch failed, each for a reason of its own; the others were answered.

    failures: the place of the output, and the reason, a sentence; n_requests: how many outputs were asked for;
    outputs: all of them, in order, also those that were cut short by a failure.
    """

    failures: tuple[tuple[int, str], ...]
    n_requests: int
    outputs: list[Any] = field(default_factory=list, compare=False, repr=False)

    def __str__(self) -> str:
        place, reason = self.failures[0]
        return (
            f"{len(self.failures)} of {self.n_requests} requests failed, the others are in `outputs`; "
            f"output {place}: {reason.removesuffix('.')}."
        )


@dataclass(unsafe_hash=True)
class InvalidGrammarFile(MaskwrightError):
    """A saved grammar cannot be loaded: damaged, of another version, or for another vocabulary."""

    reason: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or 'This'} cannot be loaded as a compiled grammar: {self.reason}."


@dataclass(unsafe_hash=True)
class InvalidTrieFile(MaskwrightError):
    """A saved prefix trie cannot be loaded: damaged, of another version, or learnt from another target."""

    reason: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or 'This'} cannot be loaded as a prefix trie: {self.reason}."


@dataclass(unsafe_hash=True)
class InvalidTraceFile(MaskwrightError):
    """A file is no trace of a run, or one of another version."""

    reason: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or 'This'} cannot be read as a trace: {self.reason}."
