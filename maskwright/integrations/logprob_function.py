"""A service that lists log-probabilities, as OpenAI's completions do, as a `LanguageModel`. No client is needed.

    def ask(prefix):                       # the one thing that knows of a service
        answer = client.completions.create(model=..., prompt=list(prefix), max_tokens=1, logprobs=20)
        return read_completion_logprobs(answer.model_dump()["choices"][0]["logprobs"])

    model = ListedModel(each_prefix(retrying(ask)), vocabulary.size, token_ids_by_text(vocabulary))

Services list the n most probable tokens, and n is small. A sampler that is given −inf for the others samples from
another distribution than the service's model without noticing. So a row is only accepted if what is listed has all the
mass: every token is listed, or their probabilities sum to one up to `MISSING_MASS`. Else `UnlistedProbability` says how
much is listed. Whoever wants the other distribution declares it, `target=Target.LISTED`: the model cut to its listed
tokens is then the target, its rows are the listed log-probabilities, not renormalised, and the mass that each lacks is
reported. Services compute in single precision or less, so a lack of less than some 1e-6 cannot be seen.

Equal prefixes of a call are asked once; rows of earlier calls are `CachedModel`'s business. How a service is called is
a function around a function: `retrying`, and `each_prefix` for services that take one prefix at a time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Final, TypeVar, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption, ModelCallFailed, UnlistedProbability

Floats = npt.NDArray[np.float64]
Prefix = tuple[int, ...]

#: Log-probabilities by token id, or by the text of a token.
Listing = Mapping[int, float] | Mapping[str, float] | Mapping[int | str, float]

#: Unlisted probability up to which a row counts as wholly listed: a few roundings of single precision.
MISSING_MASS: Final = 1e-6

#: Listed probability above one that is still rounding; float32 log-probabilities of 150,000 tokens are off by 5e-5.
EXCESS_MASS: Final = 1e-3

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Target(Enum):
    """Which distribution the rows of a `ListedModel` stand for."""

    MODEL = "the model itself; rows that are not wholly listed are refused"
    LISTED = "the model cut to its listed tokens, not renormalised"


@final
class ListedModel:
    """A `LanguageModel` of listed log-probabilities.

    ask: from distinct prefixes to a listing for each.  n_tokens: the size of the vocabulary, V.
    token_ids: for listings by text; a text that it does not have is refused.
    `max_lost_mass` is the greatest mass that any row has lacked so far.

    `ListedModel(lambda prefixes: [{0: log(0.25), 1: log(0.75)}] * len(prefixes), 3)([(5,)])` -> `log [[.25, .75, 0]]`
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Prefix]], Sequence[Listing]],
        n_tokens: int,
        token_ids: Mapping[str, int] | None = None,
        target: Target = Target.MODEL,
    ) -> None:
        self._ask: Final = ask
        self._token_ids: Final = token_ids or {}
        self.n_tokens: Final = n_tokens
        self.target: Final = target
        self.max_lost_mass = 0.0

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Floats:
        """float64[n, V]: log-probabilities, −inf where nothing is listed."""
        return self.rows_and_lost_mass(prefixes)[0]

    def rows_and_lost_mass(self, prefixes: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """float64[n, V] and float64[n]: the rows, and the probability that each of them lacks, 0 if it is whole.

        Raises `UnlistedProbability` for a row that is not, unless the target is `LISTED`, and `ModelCallFailed` for an
        answer that is no listing.
        """
        keys = [tuple(prefix) for prefix in prefixes]
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        listings = self._ask(list(places)) if places else ()
        if len(listings) != len(places):
            raise ModelCallFailed(f"it gave {len(listings)} listings for {len(places)} prefixes")
        rows = np.full((len(places), self.n_tokens), -np.inf)
        lost = np.zeros(len(places))
        for key, place in places.items():
            lost[place] = self._fill(rows[place], key, listings[place])
        self.max_lost_mass = max(self.max_lost_mass, float(lost.max(initial=0.0)))
        chosen = np.array([places[key] for key in keys], np.intp)
        return rows[chosen], lost[chosen]

    def _fill(self, row: Floats, prefix: Prefix, listing: Listing) -> float:
        """Write a listing into its row; the mass that is missing."""
        tokens = [self._token(name) for name in listing]
        values = list(listing.values())
        if len(set(tokens)) < len(tokens):
            raise ModelCallFailed("it listed a token twice")
        if any(math.isnan(value) for value in values):
            raise ModelCallFailed("it listed NaN as a log-probability")
        row[tokens] = values
        mass = math.fsum(map(math.exp, (min(value, 1.0) for value in values)))
        if mass > 1 + EXCESS_MASS:
            raise ModelCallFailed(f"the listed probabilities sum to {mass:.6g} or more")
        if len(tokens) == self.n_tokens or mass >= 1 - MISSING_MASS:
            return 0.0
        if self.target is Target.MODEL:
            raise UnlistedProbability(len(prefix), len(tokens), mass)
        return 1.0 - mass

    def _token(self, name: int | str) -> int:
        token = self._token_ids.get(name) if isinstance(name, str) else name
        if token is None:
            raise ModelCallFailed(f"it listed the text {name!r}, which is none of the known tokens")
        if not 0 <= token < self.n_tokens:
            raise ModelCallFailed(f"it listed token {token}, and there are {self.n_tokens}")
        return token


def retrying(
    function: Callable[[Asked], Answer],
    max_attempts: int = 3,
    pause_seconds: float = 0.5,
    retry_on: tuple[type[Exception], ...] = (OSError,),
) -> Callable[[Asked], Answer]:
    """The function, called again if it fails for a reason that may pass; `ModelCallFailed` after the last attempt.

    pause_seconds: before the second attempt, then twice as long each time.  retry_on: all connection errors and
    time-outs of the standard library are OSError; those of a client are often not. Other errors pass through at once.
    """
    if max_attempts < 1:
        raise InvalidOption("max_attempts", max_attempts, "at least 1")

    def ask(asked: Asked) -> Answer:
        for attempt in range(1, max_attempts):
            try:
                return function(asked)
            except retry_on:
                time.sleep(pause_seconds * 2 ** (attempt - 1))
        try:
            return function(asked)
        except retry_on as error:
            raise ModelCallFailed(repr(error), max_attempts) from error

    return ask


def each_prefix(
    function: Callable[[Prefix], Listing], n_threads: int = 8
) -> Callable[[Sequence[Prefix]], Sequence[Listing]]:
    """A function of one prefix as one of many, called by at most `n_threads` threads at a time.

    The first error ends it: calls that have not begun are not made, those that have are waited for.
    """
    if n_threads < 1:
        raise InvalidOption("n_threads", n_threads, "at least 1")

    def ask(prefixes: Sequence[Prefix]) -> Sequence[Listing]:
        with ThreadPoolExecutor(n_threads) as threads:
            answers = [threads.submit(function, prefix) for prefix in prefixes]
            try:
                return [answer.result() for answer in answers]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    return ask
