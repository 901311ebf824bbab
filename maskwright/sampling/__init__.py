"""Sampling from a language model inside a grammar, and what it does to the model's distribution.

    from maskwright.sampling import Method, RandomKey, Target, exact, run

    target = Target.of(model, prompt_ids, grammar.matcher(), max_tokens=100)
    sample = run(Method.CARS, RandomKey.from_seed(0), target, n=50)
    sample.is_exact, sample.log_evidence, sample.probabilities()

In reading order: `random_key`, `language_model`, `rows` (one row and its mask), `target`, `weighted_texts`,
`enumeration` (the judge); `masked_decoding`, `distortion`; `prefix_trie`, `trie_steps`, `descents`, `cars`, `asap`,
`soft_targets`, `trie_file`; `proposal`, `smc`, `resampling`, `twists`, `twisted_smc`, `awrs/`; `mcmc`; `search/`;
`monitors/`, `logits/`; `methods`, `auto`. Modules named after a method hold its function and options.
"""

from maskwright.sampling.auto import Choice, choose
from maskwright.sampling.enumeration import ExactDistribution, exact
from maskwright.sampling.masked_decoding import DecodedText, DecodingOptions, decode
from maskwright.sampling.methods import Method, MethodOptions, run
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Ending, Target
from maskwright.sampling.weighted_texts import SampledText, WeightedTexts

__all__ = [
    "Choice",
    "DecodedText",
    "DecodingOptions",
    "Ending",
    "ExactDistribution",
    "Method",
    "MethodOptions",
    "PrefixTrie",
    "RandomKey",
    "SampledText",
    "Target",
    "WeightedTexts",
    "choose",
    "decode",
    "exact",
    "run",
]
