"""Does a new version of a specification accept everything that the old one did, and if not, which text shows it?

    compare_schemas(old, new)     -> "narrowed", only old: {"name":""}, refused at $, after 10 bytes
    compare_grammars(old, new)

JSON Schemas are compared exactly, as sets of values (`grammar.json_schema.difference`). Grammars are compared exactly
as far as the side that is taken away is regular (`grammar.regular_table`, `regular_product`); whether one of two
context-free grammars accepts all that another does is undecidable, so there texts are tried, the shortest first, and a
comparison that found none says just that. The same is tried where the exact way is refused or meets a limit; then first
texts of which both schemas without `uniqueItems` tell that they differ.

No text is reported that was not read by both: a matcher of the one accepts it, a matcher of the other does not.
Cost: compiling both, twice; trying a text costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from maskwright.errors import (
    EmptyLanguage,
    LimitExceeded,
    NotJSON,
    TokenRejected,
    UnsupportedComposition,
    UnsupportedSchema,
)
from maskwright.grammar.characters import Escapes
from maskwright.grammar.ir import NOTHING, Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions, NumberSpelling, Whitespace, json_schema_grammar
from maskwright.grammar.json_schema.difference import comparable_options, schema_difference, wider
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.regular_product import restricted
from maskwright.grammar.regular_table import regular_table
from maskwright.matching.comparison import Answer, Comparison, Refusal, Surplus
from maskwright.matching.compiler import Compiler
from maskwright.matching.examples import example_texts, names_tokens, single_bytes
from maskwright.matching.json_events import JSONReader, Path
from maskwright.matching.matcher import Matcher
from maskwright.matching.random_texts import random_texts

if TYPE_CHECKING:
    from referencing import Registry

DEFAULT_TRIES: Final = 300
"""How many texts of a side are tried where there is no exact way."""

MAX_EXAMPLES: Final = 100
"""How many of them are the shortest ones that take different ways; the others are random."""

MAX_LIKELY: Final = 20
"""How many texts are tried first that break all but `uniqueItems`."""

_OPERATION: Final = "A comparison"
_REFUSALS: Final = (UnsupportedSchema, UnsupportedComposition, LimitExceeded)

_NOTHING: Final = Grammar("root", {"root": NOTHING}, is_document=True)
"""Of a schema that no value satisfies."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two: its texts to show, and a matcher of all texts that it accepts, or None if it accepts none.

    has_all_spellings: does it take the texts of the other side for what they mean?
    """

    shown: Grammar
    matcher: Matcher | None
    has_all_spellings: bool = True

    @classmethod
    def of(cls, shown: Grammar, accepted: Grammar) -> _Side:
        return cls(shown, Compiler(single_bytes()).compile_grammar(accepted).matcher())

    def texts(self) -> Iterator[bytes]:
        """Texts to try: short ones that take different ways, then random ones."""
        seen: set[bytes] = set()
        for text in islice(example_texts(self.shown), MAX_EXAMPLES):
            seen.add(text)
            yield text
        for text in random_texts(self.shown, (0,)):
            if text not in seen:
                yield text

    def refusal(self, text: bytes) -> Refusal | None:
        """Where a text is refused; None if it is not."""
        matcher = self.matcher
        if matcher is None:
            return Refusal(0, () if self.shown.is_document else None)
        matcher.reset()
        position = 0
        try:
            for byte in text:
                matcher.accept_token(byte)
                position += 1
        except TokenRejected:
            pass
        if position == len(text) and matcher.is_accepting():
            return None
        where = matcher.where()
        return Refusal(position, self._path(text[:position]), where.innermost, where.schema)

    def _path(self, text: bytes) -> Path | None:
        """Where in a JSON document the text is; None if it is none."""
        if not self.shown.is_document:
            return None
        try:
            reader, _ = JSONReader().read(text)
        except NotJSON:  # it nests deeper than is read
            return None
        return reader.path


def compare_schemas(
    old: object,
    new: object,
    *,
    options: JSONSchemaOptions | None = None,
    registry: Registry[Any] | None = None,
    n_tries: int = DEFAULT_TRIES,
) -> Comparison:
    """Compare the values that two JSON Schemas accept, given as `json_schema_grammar` takes them.

    Of the options only `formats` and the limits count: spellings and the order of members are no part of a value.
    Without them the schemas' own count. `n_tries` texts are tried where the exact way is refused.
    Raises what compiling either of them raises, but for EmptyLanguage: a schema may accept nothing.

    `compare_schemas({"type": "integer"}, {"type": "number"}).relation` -> `Relation.WIDENED`.
    """
    documents = read_document(old), read_document(new)
    shown = comparable_options(*documents, options)
    anyhow = replace(shown, whitespace=Whitespace.ANY, escapes=Escapes.EXACT, numbers=NumberSpelling.EXACT)

    def side(document: object) -> _Side:
        try:
            terse = json_schema_grammar(document, shown, registry)
        except EmptyLanguage:
            return _Side(_NOTHING, None)
        try:
            return _Side.of(terse, json_schema_grammar(document, anyhow, registry))
        except UnsupportedSchema:  # numbers that must differ, and have too many spellings
            return replace(_Side.of(terse, terse), has_all_spellings=False)

    def difference(left: int, right: int) -> Grammar | None:
        names = ("old", "new") if left == 0 else ("new", "old")
        return schema_difference(documents[left], documents[right], shown, registry, names)

    def likely(left: int, right: int) -> Grammar | None:
        return schema_difference(wider(documents[left]), wider(documents[right]), shown, registry)

    sides = side(documents[0]), side(documents[1])
    return Comparison(
        _surplus(sides[0], sides[1], lambda: difference(0, 1), n_tries, lambda: likely(0, 1)),
        _surplus(sides[1], sides[0], lambda: difference(1, 0), n_tries, lambda: likely(1, 0)),
    )


def compare_grammars(old: Grammar, new: Grammar, *, n_tries: int = DEFAULT_TRIES) -> Comparison:
    """Compare the texts of two grammars; where there is no exact way, `n_tries` texts of a side are tried.

    Raises what compiling either of them raises, and UnsupportedComposition where special tokens stand in one.

    `compare_grammars(Grammar.from_regex("a+"), Grammar.from_regex("a*")).relation` -> `Relation.WIDENED`.
    """
    if names_tokens(old) or names_tokens(new):
        raise UnsupportedComposition(_OPERATION, "special tokens", "compare the grammars without them")
    sides = _Side.of(old, old), _Side.of(new, new)
    return Comparison(
        _surplus(sides[0], sides[1], lambda: _grammar_difference(old, new), n_tries),
        _surplus(sides[1], sides[0], lambda: _grammar_difference(new, old), n_tries),
    )


class _NoExactWay(Exception):
    """The question is undecidable in general, and nothing makes this case simpler."""


def _grammar_difference(left: Grammar, right: Grammar) -> Grammar | None:
    table = regular_table(right)
    if table is None:
        raise _NoExactWay
    try:
        return restricted(left, table.complement(), _OPERATION)
    except EmptyLanguage:
        return None


_Difference: TypeAlias = Callable[[], Grammar | None]


def _surplus(
    one: _Side, other: _Side, difference: _Difference, n_tries: int, likely: _Difference = lambda: None
) -> Surplus:
    """What `one` accepts beyond `other`: `difference` finds that exactly or raises, `likely` has texts worth a try."""
    if one.matcher is None:
        return Surplus(Answer.NOTHING)
    reason = ""
    try:
        found = difference()
        if found is None:
            return Surplus(Answer.NOTHING)
        text = next(example_texts(found))
        assert one.refusal(text) is None, "it is one of the texts of this side"
        refusal = other.refusal(text)
        assert refusal is not None, "it is none of the texts of the other side"
        return Surplus(Answer.A_TEXT, text.decode("utf-8", "backslashreplace"), refusal)
    except _REFUSALS as error:
        reason = str(error).removesuffix(".")
    except _NoExactWay:
        pass
    return _searched(one, other, reason, n_tries, likely)


def _searched(one: _Side, other: _Side, reason: str, n_tries: int, likely: _Difference) -> Surplus:
    """Try texts of one side, if the other can tell a value that it refuses from a spelling."""
    n_tried = 0
    n_tries = n_tries if other.has_all_spellings else 0
    try:
        for text in islice(chain(_likely_texts(one, likely), one.texts()), n_tries):
            n_tried += 1
            refusal = other.refusal(text)
            if refusal is not None:
                return Surplus(Answer.A_TEXT, text.decode("utf-8", "backslashreplace"), refusal, n_tried)
    except LimitExceeded as error:
        reason = reason or str(error).removesuffix(".")
    answer = Answer.UNDECIDED if reason else Answer.NONE_FOUND
    return Surplus(answer, n_tried=n_tried, reason=reason)


def _likely_texts(one: _Side, likely: _Difference) -> Iterator[bytes]:
    """The first of the likely texts, as far as they are texts of this side at all."""
    try:
        found = likely()
        if found is not None:
            yield from (text for text in islice(example_texts(found), MAX_LIKELY) if one.refusal(text) is None)
    except _REFUSALS:
        return
