"""One compiler for each set of stop tokens, shared by everything in the process.

vLLM names the tokens that end a request with the request: the model's own ends and those that its user adds. They are
the end tokens of the vocabulary, so that a stop token can neither stand within a text, where the host would cut it,
nor be missing at its end. Requests with the same stop tokens, which is nearly all, share a compiler and its caches; in
one process the front end and the engine do as well, so what was compiled to check a request is compiled once.

Cost: a second or two and 40 MB for a vocabulary of 128,000 tokens and each further set of stop tokens, for which only
the requests with that set wait; the tokenizer's own and the last ones are kept, MAX_COMPILERS in all. Rejected: to
correct the bits of extra stop tokens in each mask. It is exact for special tokens only; an ordinary one may be the only
way on.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from maskwright.integrations.readiness import make_kernels_ready
from maskwright.integrations.vllm.constraints import Constraints
from maskwright.matching.bitmask import n_mask_words, set_bits
from maskwright.matching.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.matching.compiler import Compiler

#: Sets of stop tokens that are kept ready for one tokenizer.
MAX_COMPILERS: Final = 4


class Vocabularies:
    """The vocabularies of one tokenizer by the tokens that end a text; `plain` has those of the tokenizer.

    Thread-safe.
    """

    def __init__(self, plain: Vocabulary) -> None:
        self._plain: Final = plain
        self._lock: Final = threading.Lock()
        self._kept: Final[OrderedDict[tuple[int, ...], Future[Constraints]]] = OrderedDict()

    def warm_up(self) -> None:
        """Load all kernels, and make what grammars share, before the first request; compile them where need be."""
        make_kernels_ready()
        self.constraints().compiler.warm_up()

    @property
    def row_words(self) -> int:
        """How many words of 32 bits a mask has."""
        return n_mask_words(self._plain.size)

    @cached_property
    def end_row(self) -> NDArray[np.int32]:
        """int32[row_words]: the mask of the tokenizer's own end tokens."""
        row = np.zeros(self.row_words, np.int32)
        set_bits(row, self._plain.eos_token_ids)
        return row

    def constraints(self, stop_token_ids: Iterable[int] | None = None) -> Constraints:
        """What makes texts that end with these tokens, or with the tokenizer's own end where there are none."""
        size, own = self._plain.size, self._plain.eos_token_ids
        stops = tuple(sorted({stop for stop in stop_token_ids or () if 0 <= stop < size})) or own
        with self._lock:
            made = self._kept.get(stops)
            is_maker = made is None
            if made is None:
                made = self._kept[stops] = Future()
            self._kept.move_to_end(stops)
            others = [kept for kept in self._kept if kept not in {own, stops}]
            for old in others[: max(0, len(self._kept) - MAX_COMPILERS)]:
                del self._kept[old]
        if is_maker:  # outside of the lock: only those who want the same stop tokens wait
            try:
                made.set_result(Constraints(self._compiler(stops)))
            except BaseException as error:
                made.set_exception(error)
                with self._lock:
                    self._kept.pop(stops, None)
                raise
        return made.result()

    def with_stops(self, stop_token_ids: Iterable[int] | None) -> Constraints:
        """The same for a request that adds stop tokens to the tokenizer's own end."""
        return self.constraints({*self._plain.eos_token_ids, *(stop_token_ids or ())})

    def _compiler(self, stops: tuple[int, ...]) -> Compiler:
        from maskwright.matching.compiler import Compiler

        plain = self._plain
        if stops == plain.eos_token_ids:
            return Compiler(plain)
        vocabulary = Vocabulary(
            plain.token_bytes,
            eos_token_ids=stops,
            special_token_ids=plain.special_token_ids | {*plain.eos_token_ids} - {*stops},
            size=plain.size,
            special_token_names=plain.special_token_names,
        )
        return Compiler(vocabulary)


def _vocabulary_of(tokenizer: Any, size: int) -> Vocabulary:
    """The vocabulary of a fast tokenizer, or of the mistral-common one that vLLM wraps."""
    mistral = getattr(tokenizer, "mistral", None)
    if mistral is not None:
        return Vocabulary.from_mistral_tekken(mistral, size=size)
    return Vocabulary.from_huggingface(tokenizer, size=size)


_by_tokenizer: Final[weakref.WeakKeyDictionary[Any, dict[int, Vocabularies]]] = weakref.WeakKeyDictionary()
_by_content: Final[weakref.WeakValueDictionary[str, Vocabularies]] = weakref.WeakValueDictionary()
_making: Final = threading.Lock()


def vocabularies_of(tokenizer: Any, size: int) -> Vocabularies:
    """The vocabularies of a tokenizer for logits of that width, made once in a process for as long as it lives.

    Tokenizers with the same tokens have the same: a process may hold several copies of its model's.
    """
    with _making:
        of_tokenizer = _by_tokenizer.setdefault(tokenizer, {})
        if size not in of_tokenizer:
            plain = _vocabulary_of(tokenizer, size)
            found = _by_content.get(plain.key) or Vocabularies(plain)
            of_tokenizer[size] = _by_content[plain.key] = found
        return of_tokenizer[size]
