"""Where a text is in its grammar, found by its tokens, for hosts that pass whole texts, prompts included.

Such hosts call a function with all tokens so far and the scores of the next one. Nothing says where the prompt ends, or
that a call begins another text, so both are read off the tokens:

 *  A text that was seen before is where it was; one token more than that continues it.
 *  A beginning of a text that was seen, no shorter than its prompt, is that text taken back: drafts were dropped.
 *  A text that leaves a known one and goes on by one token is a fork of it.
 *  Any other text begins anew, and its prompt is what it consists of.

Two readings are possible where a text goes on by several tokens at once and the grammar allows them: a host that left
out calls, or a new prompt that quotes an old answer. That is refused, and so is a single token that the grammar does
not allow; who means a new text says so with `forget`. Two new prompts cannot be told from a host's usual calls, and are
read as those: one that is an earlier text, whole or cut short anywhere behind its own prompt (that text taken back),
and one that is such a text and one token more that the grammar allows there (its next step, or a fork). After the
prompt `v` with the answer `123` under `[0-9]{3}`, the new prompts `v12` and `v4` are such. A host's module that
learns when a call begins says so with `forget`, as `llama_cpp` does.

Cost: a step is a look-up by the bytes of the tokens, some microseconds for a thousand; going back copies one matcher.
`integrations/huggingface` has batches, where rows are re-ordered and padded in every step, so it keeps digests of rows.

Rejected: to count calls, or to trust the last token alone: wrong as soon as a host goes back.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import MatcherError, TokenRejected
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.matcher import Matcher

#: Texts that can be gone back to: some rounds of drafts, or so many sequences that take turns.
MAX_TEXTS: Final = 256

_TOKEN_BYTES: Final = 4


@final
class PrefixStates:
    """The places in `grammar` of texts that are known by their tokens."""

    def __init__(self, grammar: CompiledGrammar) -> None:
        self.grammar: Final = grammar
        self._texts: OrderedDict[bytes, tuple[int, Matcher]] = OrderedDict()  # by tokens: bytes of the prompt, place

    def forget(self) -> None:
        """The next text begins anew, whatever it is."""
        self._texts.clear()

    def matcher_of(self, token_ids: npt.NDArray[np.integer]) -> Matcher:
        """The matcher that has read what follows the prompt; it is read from, not moved.

        token_ids: int[n], prompt included. Raises `TokenRejected` for one token more that is not allowed, and
        `MatcherError` for several more that are.
        """
        text = np.ascontiguousarray(token_ids, dtype=np.int32).tobytes()
        known = self._texts.pop(text, None) or self._one_more(text) or self._taken_back(text)
        n_prompt, matcher = known or (len(text), self.grammar.matcher())
        self._texts[text] = n_prompt, matcher
        if len(self._texts) > MAX_TEXTS:
            self._texts.popitem(last=False)
        return matcher

    def _one_more(self, text: bytes) -> tuple[int, Matcher] | None:
        """The usual step: the last text goes on, in place."""
        known = self._texts.get(text[:-_TOKEN_BYTES])
        if known is not None:
            _accept(known[1], _tokens(text[-_TOKEN_BYTES:]))
            del self._texts[text[:-_TOKEN_BYTES]]
        return known

    def _taken_back(self, text: bytes) -> tuple[int, Matcher] | None:
        """A fork of the text that shares the most with this one, the newest of several; None for a new text."""
        shared_with = {
            known: shared
            for known, (n_prompt, _) in self._texts.items()
            if (shared := _n_shared_bytes(known, text)) >= n_prompt
        }
        if not shared_with:
            return None
        best = max(reversed(shared_with), key=shared_with.__getitem__)
        n_prompt, matcher = self._texts[best]
        fork = matcher.fork()
        fork.rollback((len(best) - shared_with[best]) // _TOKEN_BYTES)
        more = _tokens(text[shared_with[best] :])
        if len(more) <= 1:
            _accept(fork, more)
            return n_prompt, fork
        if fork.accept_tokens(more) < len(more):
            return None
        raise MatcherError(
            f"{len(more)} tokens at once continue a known text: forget the texts so far if they belong to a new "
            "prompt, and leave no call out if they do not"
        )


def _accept(matcher: Matcher, token_ids: list[int]) -> None:
    try:
        for token in token_ids:
            matcher.accept_token(token)
    except TokenRejected as error:
        reason = f"{error.reason}; forget the texts so far if it belongs to a new prompt"
        raise TokenRejected(error.token_id, error.position, reason) from error


def _tokens(text: bytes) -> list[int]:
    tokens: list[int] = np.frombuffer(text, np.int32).tolist()
    return tokens


def _n_shared_bytes(first: bytes, second: bytes) -> int:
    """The bytes of the tokens that two texts begin with together."""
    n = min(len(first), len(second))
    differ = np.frombuffer(first[:n], np.int32) != np.frombuffer(second[:n], np.int32)
    return _TOKEN_BYTES * int(differ.argmax()) if differ.any() else n
