"""llama-cpp-python: a grammar as a logits processor.

    llama = Llama("model.gguf", n_ctx=2048)
    grammar = Compiler(vocabulary_of(llama)).compile_json_schema(schema)      # once for a model, once for a schema
    with constrained_by(grammar, llama) as processors:
        answer = llama.create_chat_completion(messages, logits_processor=processors)

llama.cpp calls Python back from C there, and three things would end a constraint without a word (0.3.36, read and
tested). `constrained_by` stands against each:

 *  An exception in a processor is printed and dropped, and the token drawn from all. So a processor never raises: the
    text may only end then, and the error is raised where the `with` ends.
 *  With `logit_bias` the list of processors is lost, since `list.extend` returns None. The list here returns itself.
 *  With a draft model a processor is shown all drafts, whichever token is drawn. Such a model is refused.

Which text a call belongs to is found by its tokens (`prefix_states`). All methods that write a text call
`Llama.generate`, so `constrained_by` puts a function in front of it, on that one object and until the `with` ends, that
begins a new text: prompts may follow each other in one `with`, whatever they have in common with earlier texts.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Self, final

import llama_cpp
import numpy as np
import numpy.typing as npt

from maskwright import CompiledGrammar, Vocabulary
from maskwright.errors import UnsupportedModel
from maskwright.integrations.prefix_states import PrefixStates
from maskwright.integrations.readiness import make_kernels_ready
from maskwright.integrations.score_rows import constrained_scores

Scores = npt.NDArray[np.float32]

SPECIAL: Final = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
NAMED: Final = SPECIAL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED


def vocabulary_of(llama: llama_cpp.Llama) -> Vocabulary:
    """The exact bytes of a model's tokens, all tokens that end its texts, and the width of its logits.

    The model may be loaded with `vocab_only=True`. The first time on a machine the kernels are compiled here.
    """
    make_kernels_ready()
    vocab = llama_cpp.llama_model_get_vocab(llama.model)
    kinds = [llama_cpp.llama_vocab_get_attr(vocab, token) for token in range(llama.n_vocab())]
    unused = llama_cpp.LLAMA_TOKEN_ATTR_UNUSED
    pieces = [b"" if kind & unused else _piece(vocab, token) for token, kind in enumerate(kinds)]
    named = [token for token, kind in enumerate(kinds) if kind & NAMED and pieces[token]]
    return Vocabulary(
        pieces,
        eos_token_ids=[token for token in range(len(kinds)) if llama_cpp.llama_vocab_is_eog(vocab, token)],
        special_token_ids=[token for token, kind in enumerate(kinds) if kind & SPECIAL],
        special_token_names={pieces[token].decode("utf-8"): token for token in named},
    )


def _piece(vocab: Any, token: int) -> bytes:
    """The bytes of a token, of a special one its spelling."""
    room = 64
    while True:
        buffer = ctypes.create_string_buffer(room)
        n_bytes = llama_cpp.llama_token_to_piece(vocab, token, buffer, room, 0, True)
        if n_bytes >= 0:
            return buffer.raw[:n_bytes]
        room = -n_bytes


@final
class GrammarLogitsProcessor:
    """Keeps texts inside a grammar: `processor(ids: int32[T], scores: float32[V]) -> float32[V]`.

    `failure` is the error that kept a mask from being made, after which texts may only end; None as a rule.
    """

    def __init__(self, grammar: CompiledGrammar) -> None:
        self._states = PrefixStates(grammar)
        self.failure: Exception | None = None
        self._end_token_ids = list(grammar.vocabulary.eos_token_ids)

    def __call__(self, input_ids: npt.NDArray[np.intc], scores: Scores) -> Scores:
        """The scores with −inf for tokens that are not allowed; `scores` may be a strided view and stays as it is."""
        if self.failure is None:
            try:
                return constrained_scores(scores, self._states.matcher_of(input_ids))
            except Exception as error:  # noqa: BLE001 - raised here it would be dropped, and the constraint with it
                self.failure = error
        ending = np.full(len(scores), -np.inf, np.float32)  # whatever the scores are, which may be the reason
        ending[self._end_token_ids] = 0.0
        return ending

    def forget(self) -> None:
        """The next call shows another prompt, even if it looks like a text that was seen."""
        self._states.forget()


class _Processors(llama_cpp.LogitsProcessorList):  # type: ignore[misc,unused-ignore]
    """A list that is still one after llama-cpp-python has extended it by the processor of `logit_bias`."""

    def extend(self, processors: Iterable[Any]) -> Self:  # type: ignore[override,unused-ignore]
        super().extend(processors)
        return self


@contextmanager
def constrained_by(grammar: CompiledGrammar, llama: llama_cpp.Llama) -> Iterator[llama_cpp.LogitsProcessorList]:
    """The processors that keep what `llama` writes inside a grammar, for any of its methods that take some.

    Raises `UnsupportedModel` for one with a draft model, and at the end what has kept a mask from being made.
    """
    if llama.draft_model is not None:
        raise UnsupportedModel(
            "llama-cpp-python shows its drafts to a grammar as if they were decided; load it without"
        )
    processor = GrammarLogitsProcessor(grammar)
    with _told_of_calls(llama, processor):
        yield _Processors([processor])
    if processor.failure is not None:
        raise processor.failure


@contextmanager
def _told_of_calls(llama: llama_cpp.Llama, processor: GrammarLogitsProcessor) -> Iterator[None]:
    own, generate = vars(llama).get("generate"), llama.generate

    def generate_anew(*arguments: Any, **options: Any) -> Any:
        processor.forget()
        return generate(*arguments, **options)

    llama.generate = generate_anew
    try:
        yield
    finally:
        if own is None:
            del llama.generate
        else:  # of a `with` around this one
            llama.generate = own
