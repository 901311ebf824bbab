"""Search for the most probable texts of a target: beams, best-first search with a proof, spans of a passage.

In reading order: `result` (what is found, and what is known of the rest), `continuations` (one row as search sees it),
`beam`, `diverse_beam`, `frontier` (prefixes that wait, children made lazily), `best_first`, `stochastic_beam` (samples
without replacement), `token_spans`, `spans`.
"""

from maskwright.sampling.search.beam import BeamOptions, beam_search
from maskwright.sampling.search.best_first import SearchLimits, best_first_search
from maskwright.sampling.search.diverse_beam import DiverseOptions, diverse_beam_search
from maskwright.sampling.search.result import FoundText, SearchResult
from maskwright.sampling.search.spans import FoundSpans, Span, SpanOf, SpanOptions, best_spans, every_span, span_target
from maskwright.sampling.search.stochastic_beam import ArrivedText, Law, StochasticBeam, stochastic_beam_search

__all__ = [
    "ArrivedText",
    "BeamOptions",
    "DiverseOptions",
    "FoundSpans",
    "FoundText",
    "Law",
    "SearchLimits",
    "SearchResult",
    "Span",
    "SpanOf",
    "SpanOptions",
    "StochasticBeam",
    "beam_search",
    "best_first_search",
    "best_spans",
    "diverse_beam_search",
    "every_span",
    "span_target",
    "stochastic_beam_search",
]
