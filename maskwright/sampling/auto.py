"""Which method for this target? A pilot run looks, and the answer says why.

    choice = choose(key, target, n)
    choice.method, choice.reason, choice.trie        # what the pilot has learnt serves the method

What decides is how much of the model's mass a text keeps, and how quickly that can be learnt. The pilot draws some
texts by ASAp: every one of them is a text, has a proper weight, and teaches the trie. From it come an estimate of Z, an
upper bound ĉ(ε), hence the acceptance Z / ĉ(ε) that CARS would have, and the spread of the weights.

- A checker beside the grammar: AWRS within SMC, as nothing else knows it.
- One text: masked decoding, the fastest; it is drawn by the masked law, and who repeats it sees that law. Ask CARS by
  name for one text by the model's law.
- Accepted once in `worst_acceptance` attempts or more often: CARS, since nothing is better than exact draws.
- Else SMC, guided by the trie: it pays with weights where CARS would pay with attempts.

The pilot's estimate is itself a sample: where Z lies mostly in texts that were never drawn it is too low, and SMC is
chosen, whose weights show the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.asap import asap
from maskwright.sampling.methods import Method
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Target
from maskwright.sampling.weighted_texts import WeightedTexts

PILOT = 2**63 - 1
"""The child of the key that draws the pilot; no method uses it, as the trie has to be independent of what follows."""


@dataclass(frozen=True, slots=True)
class AutoOptions:
    """n_pilot: texts of the pilot run.  worst_acceptance: attempts for a text that CARS may need."""

    n_pilot: int = 32
    batch: int = 8
    worst_acceptance: float = 1 / 20

    def __post_init__(self) -> None:
        for name in ("n_pilot", "batch"):
            if (value := getattr(self, name)) < 1:
                raise InvalidOption(name, value, "at least 1")
        if not 0 <= self.worst_acceptance <= 1:
            raise InvalidOption("worst_acceptance", self.worst_acceptance, "between 0 and 1")


@dataclass(frozen=True, slots=True)
class Choice:
    """A method and the reason, in words with figures.

    trie: what the pilot has learnt, for the method to go on with.  pilot: the texts that were drawn to find out, None
    if none were.
    """

    method: Method
    reason: str
    trie: PrefixTrie
    pilot: WeightedTexts | None = None


def choose(
    key: RandomKey,
    target: Target,
    n: int,
    *,
    has_checker: bool = False,
    options: AutoOptions | None = None,
    trie: PrefixTrie | None = None,
) -> Choice:
    """The method for n texts of a target, of which `trie` may know something already.

    has_checker: a Python check narrows the target.  The pilot's randomness is its own, so the method may have the same
    key.  Raises `InvalidOption` and `BadLogits`.
    `choose(key, target, 50).method` -> `Method.CARS`
    """
    if n < 1:
        raise InvalidOption("n", n, "at least 1")
    options, trie = options or AutoOptions(), PrefixTrie() if trie is None else trie
    if has_checker:
        return Choice(Method.AWRS, "there is a checker, which no mask knows", trie)
    if n == 1:
        return Choice(Method.MASKED, "one text, at once and by the masked law; CARS would draw it by the model's", trie)
    pilot = asap(key.child(PILOT), target, options.n_pilot, options.batch, trie)
    assert pilot.log_evidence is not None
    if not pilot.alive:
        ends = ", ".join(sorted({text.ending.value for text in pilot.texts}))
        return Choice(
            Method.SMC, f"none of {len(pilot.texts)} texts of a pilot run was completed ({ends})", trie, pilot
        )
    acceptance = min(1.0, math.exp(pilot.log_evidence - trie.log_root))
    seen = (
        f"{len(pilot.texts)} texts of a pilot run put the language's mass at {_power(pilot.log_evidence)}, with "
        f"log weights that spread by {_spread(pilot):.1f} nats"
    )
    tries = f"{_number(1 / acceptance)} attempts for each text" if acceptance > 0 else "no end of attempts"
    if acceptance >= options.worst_acceptance:
        return Choice(Method.CARS, f"{seen}; exact draws take about {tries}", trie, pilot)
    return Choice(Method.SMC, f"{seen}; exact draws would take about {tries}", trie, pilot)


def _spread(sample: WeightedTexts) -> float:
    return float(np.std([text.log_weight for text in sample.alive]))


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 1e6 else f"{value:.1e}"


def _power(log_value: float) -> str:
    """e**x in decimal, however small."""
    exponent = math.floor(log_value / math.log(10))
    return f"{math.exp(log_value - exponent * math.log(10)):.1f}e{exponent}"
