"""The most probable span of a passage, exactly: extraction by a generative model.

    found = best_spans(model, prompt_ids, passage_ids, eos_token_ids, SpanOptions(n=3))
    found.spans[0].starts, found.spans[0].n_tokens

The model would answer the prompt with anything; of all spans s of the passage the one is wanted that maximises
p(s, end | prompt). Source: Castel, Ram, Efrat and Levy, "How Optimal is Greedy Decoding for Extractive Question
Answering?", AKBC 2022, whose exact-extract scores every span by one pass of the model for each beginning.

Two ways, which agree. `every_span` asks for the row of each distinct prefix, which holds both the tokens that go on and
the end: all spans, n rows for each beginning at most. `best_spans` searches best first (`best_first.py`) with
log p so far as the bound, so that a beginning that the model would never write costs nothing: far fewer rows.

What is a span? `TokenSpans`: any run of the passage's own tokens. A word whose beginning lies inside a token cannot be
quoted then, and each span is scored in one way of splitting it. `SpanOf(text)`: any run of characters (words, lines)
of a text, by the engine's grammar of substrings over bytes, in any tokenisation that spells it. It finds what
`TokenSpans` cannot cut, at the price of more prefixes; two tokenisations of one span are two texts, and the best one
of them counts, not their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from maskwright.errors import BudgetTooSmall
from maskwright.grammar.ir import Grammar
from maskwright.grammar.substrings import Unit, substring_of
from maskwright.sampling.enumeration import exact
from maskwright.sampling.language_model import LanguageModel
from maskwright.sampling.search.best_first import SearchLimits, best_first_search
from maskwright.sampling.search.result import SearchResult
from maskwright.sampling.search.token_spans import TokenSpans
from maskwright.sampling.target import Target


@dataclass(frozen=True, slots=True)
class SpanOptions:
    """Which spans are looked for.

    n: how many.  min_tokens, max_tokens: their lengths, without the end token; None: any.  limits: of the search.
    """

    n: int = 1
    min_tokens: int = 1
    max_tokens: int | None = None
    limits: SearchLimits = field(default_factory=SearchLimits)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a passage.

    token_ids: without the end token.  starts: every place of the passage where it begins, in tokens.
    log_probability: log p of its tokens and the end, all end tokens together.
    """

    token_ids: tuple[int, ...]
    starts: tuple[int, ...]
    log_probability: float

    @property
    def n_tokens(self) -> int:
        """Its length."""
        return len(self.token_ids)


@dataclass(frozen=True, slots=True)
class FoundSpans:
    """The best spans, best first, and the search that found them, which says whether they are proved to be the best."""

    spans: tuple[Span, ...]
    search: SearchResult


def span_target(
    model: LanguageModel,
    prompt_ids: Sequence[int],
    passage_ids: Sequence[int],
    eos_token_ids: frozenset[int],
    options: SpanOptions,
) -> Target:
    """The target whose texts are the spans of a passage: for any search or sampler.

    Raises `BudgetTooSmall` if no span is so short, and `InvalidOption` for end tokens in the passage.
    """
    longest = len(passage_ids) if options.max_tokens is None else min(options.max_tokens, len(passage_ids))
    if longest < options.min_tokens <= len(passage_ids):
        raise BudgetTooSmall(longest)
    matcher = TokenSpans(passage_ids, eos_token_ids, options.min_tokens)
    return Target(model, tuple(prompt_ids), matcher, longest + 1, eos_token_ids)


def best_spans(
    model: LanguageModel,
    prompt_ids: Sequence[int],
    passage_ids: Sequence[int],
    eos_token_ids: frozenset[int],
    options: SpanOptions | None = None,
) -> FoundSpans:
    """The n most probable spans of a passage as the answer to a prompt, which usually holds the passage too.

    Raises `BadLogits`; `InvalidOption`, for end tokens in a passage too; `BudgetTooSmall` if no span is so short.
    """
    options = options or SpanOptions()
    target = span_target(model, prompt_ids, passage_ids, eos_token_ids, options)
    result = best_first_search(target, n=options.n, limits=options.limits)
    spans = tuple(_span(target, target.without_end(text.token_ids), text.log_probability) for text in result.texts)
    return FoundSpans(spans, result)


def every_span(
    model: LanguageModel,
    prompt_ids: Sequence[int],
    passage_ids: Sequence[int],
    eos_token_ids: frozenset[int],
    options: SpanOptions | None = None,
) -> tuple[Span, ...]:
    """All distinct spans with their probabilities, best first; `n` and `limits` of the options have no say.

    Raises `LimitExceeded` for more than a million.
    """
    target = span_target(model, prompt_ids, passage_ids, eos_token_ids, options or SpanOptions())
    truth = exact(target)
    ranked = sorted(zip((-truth.log_probabilities).tolist(), truth.texts, strict=True))
    return tuple(_span(target, text, -cost) for cost, text in ranked)


def _span(target: Target, token_ids: tuple[int, ...], log_probability: float) -> Span:
    matcher = target.matcher.fork()
    assert isinstance(matcher, TokenSpans)
    for token in token_ids:
        matcher.accept_token(token)
    return Span(token_ids, matcher.starts, log_probability)


@dataclass(frozen=True, slots=True)
class SpanOf:
    """The parts of a text that are not empty, cut between characters, words or lines, however they are tokenised.

    compiled = compiler.compile_grammar(SpanOf(article, by="words").grammar())
    best_first_search(Target.of(model, prompt_ids, compiled.matcher(), max_tokens=40))
    """

    text: str
    by: Unit = "characters"

    def grammar(self) -> Grammar:
        """The constraint, for a compiler; raises `LimitExceeded` for a very long text."""
        return substring_of(self.text, by=self.by) - ""

    def starts(self, spelling: bytes) -> tuple[int, ...]:
        """Every character of the text at which a span begins: `SpanOf("abab").starts(b"ab")` -> `(0, 2)`."""
        part = spelling.decode()
        return tuple(place for place in range(len(self.text)) if part and self.text.startswith(part, place))
