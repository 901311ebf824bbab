"""Continuous batching, a grammar for each request: `generate_batch` in one call, `attach` for a manager that streams.

    outputs = generate_batch(model, [ids, other_ids], [grammar, other_grammar], generation_config=config)

    manager = model.init_continuous_batching(generation_config=config, continuous_batching_config=batching)
    requests = attach(manager, grammar.vocabulary)  # before manager.start()
    request_id = requests.add(ids, grammar, max_new_tokens=200, streaming=True)

The idea: *the state of a request travels with the request*. transformers keeps what a request says about its logits
processors (`logit_processor_kwargs`) in the request's own state, so there lies a `RequestGrammar`: the grammar, and a
matcher that has read the tokens so far. There is no table from requests to matchers: when a request has finished, has
failed or was cancelled, its state goes at the next step, and the matcher with it. What transformers does to a state, it
does to the matcher: `num_return_sequences` copies the state after the first token (the matcher is forked), and a
request that is put back for lack of memory comes back with its tokens moved into its prompt (they are found there).

How a mask reaches the scores. Ordinary processors see the last token of each row only, so ours is of the other kind,
`ContinuousBatchingLogitsProcessor`. Before each forward pass it is shown the requests that will get a token
(`prepare_tensor_args`), follows their tokens and fills one row of the mask for each; after the pass it is called with
their scores, in the same order, and with rows of requests that still read their prompts behind them. It stands in front
of all other processors, so that temperature, top-k and top-p choose among the allowed tokens, as in `generate`.

Where a mask cannot be made within the limits of a grammar, raising would end the generating thread and all requests
with it. Then only the end of that text is allowed, and the output of the request has the reason in its field `error`,
where transformers puts those of its own; `generate_batch` raises `RequestsFailed` when all others are answered. So no
text leaves its grammar, and none that is cut short passes for a whole one.

Refused, with an error that says what to do: asynchronous batching, where a step begins before the last token is known;
CUDA graphs and compiled steps, whose padding rows and recorded kernels know nothing of masks that are written on the
host; tensor parallelism, which sends requests to other processes. The hooks are private to transformers, so what is
used of them is looked for first, and `UnsupportedHost` names what a version lacks.

Cost: one mask for each request and step, as in `generate`, and a comparison of the tokens so far (1 µs per 1,000).

Rejected: a table from request ids to matchers beside the manager. Nothing tells a processor that a request has ended,
so the table would grow, or forget requests that are only waiting.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt
import torch
import transformers

from maskwright import Vocabulary
from maskwright.errors import (
    InvalidOption,
    MaskwrightError,
    MatcherError,
    ModelCallFailed,
    RequestsFailed,
    UnsupportedHost,
)
from maskwright.integrations.huggingface.logits_processor import Constraint
from maskwright.integrations.huggingface.text_budget import TextBudget, landed
from maskwright.integrations.torch_masks.scores import apply_bitmask
from maskwright.matching.bitmask import n_mask_words, set_bits

try:
    from transformers import ContinuousBatchingConfig
    from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessor
except ImportError:  # a version without continuous batching, or without processors for it: `attach` says so
    ContinuousBatchingConfig = None
    ContinuousBatchingLogitsProcessor = object

#: What is used of a manager, and of parts of it, that its documentation does not promise.
HOOKS: Final = (
    "batch_processor",
    "logit_processor.logits_processor",
    "logit_processor.tensors_required",
    "logit_processor.supported_keys",
    "logit_processor.do_processing",
    "continuous_batching_config.use_async_batching",
    "continuous_batching_config.cuda_graph_booleans",
    "distributed_helper.tp_size",
)

UNLIMITED: Final = TextBudget()

#: Seconds between looks whether the thread that generates is still alive.
PATIENCE: Final = 1.0


@final
class RequestGrammar:
    """The grammar of one request, and the matcher that follows its tokens; a copy goes its own way.

    `failure` is the error that kept a mask from being made, after which the text may only end; None as a rule.
    """

    __slots__ = ("_budget", "_grammar", "_matcher", "_tokens", "failure")

    def __init__(self, grammar: Constraint, budget: TextBudget = UNLIMITED) -> None:
        self._grammar = grammar
        self._budget = budget
        self._matcher = budget.begin(grammar)
        self._tokens: list[int] = []
        self.failure: MaskwrightError | None = None

    def __deepcopy__(self, _memo: dict[int, Any]) -> RequestGrammar:
        copied = RequestGrammar(self._grammar, self._budget)
        copied._matcher = self._matcher.fork()
        copied._tokens = self._tokens.copy()
        copied.failure = self.failure
        return copied

    def fill_bitmask(self, tokens: list[int], row: npt.NDArray[np.int32]) -> None:
        """The mask after `tokens`, all that the request has generated; usually one more than the last time.

        Raises `TokenRejected` for tokens that no mask allowed.
        """
        n_known = len(self._tokens)
        if tokens[:n_known] != self._tokens:
            self._matcher, self._tokens, n_known = self._budget.begin(self._grammar), [], 0
        for token in tokens[n_known:]:
            self._matcher.accept_token(token)
            self._tokens.append(token)
        self._matcher.fill_bitmask(row)

    def bias(self) -> npt.NDArray[np.float32] | None:
        """What to add to the scores behind the tokens that the last mask was for; None for nothing."""
        return self._budget.bias(self._matcher)


@final
class _GrammarProcessor(ContinuousBatchingLogitsProcessor):  # type: ignore[misc,unused-ignore]
    """Masks the scores of requests that came with a `RequestGrammar`."""

    supported_kwargs: Final = {"grammar": RequestGrammar}
    ignored_kwargs: Final = ()

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._n_words = n_mask_words(vocabulary.size)
        self._bitmask = np.empty((0, self._n_words), dtype=np.int32)
        self._biases: list[npt.NDArray[np.float32] | None] = []
        self._end_only = np.zeros(self._n_words, dtype=np.int32)
        set_bits(self._end_only, vocabulary.eos_token_ids)

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        """Nothing travels by the tensor; a mask has more words than it has room for."""
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> torch.Tensor:
        """Fill a row for each request, all bits for one without a grammar; int32[n], zeros."""
        self._bitmask = np.full((len(requests_with_new_token), self._n_words), -1, dtype=np.int32)
        self._biases = [None] * len(requests_with_new_token)
        for place, request in enumerate(requests_with_new_token):
            grammar = request.state.logit_processor_kwargs.get("grammar")
            if grammar is not None:
                self._biases[place] = self._fill(request.state, grammar, self._bitmask[place])
        return torch.zeros(len(requests_with_new_token), dtype=torch.int32)

    def _fill(self, state: Any, grammar: RequestGrammar, row: npt.NDArray[np.int32]) -> npt.NDArray[np.float32] | None:
        if grammar.failure is None:
            try:
                grammar.fill_bitmask(_tokens_since_prompt(state), row)
                return grammar.bias()
            except MaskwrightError as error:
                grammar.failure = error
        state.error = str(grammar.failure)  # anew at each step: a request that is put back gets a new state
        row[:] = self._end_only
        return None

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """scores: float[n, V]: a row for each mask, in their order, then rows that nobody reads."""
        n_masks = len(self._bitmask)
        if len(scores) < n_masks:
            raise MatcherError(f"{len(scores)} rows of scores came for {n_masks} masks")
        if n_masks == 0:  # all requests are still reading their prompts
            return scores
        masked = apply_bitmask(landed(scores[:n_masks], self._biases), self._bitmask)
        return masked if n_masks == len(scores) else torch.cat([masked, scores[n_masks:]])


def _tokens_since_prompt(state: Any) -> list[int]:
    """All tokens that a request has generated; if it was put back, some lie behind its true prompt."""
    generated: list[int] = state.generated_tokens
    n_prompt = state._true_initial_tokens
    return state.initial_tokens[n_prompt:] + generated if n_prompt else generated


@final
class GrammarRequests:
    """Adds requests with grammars to the manager that it was attached to; results come from the manager as ever."""

    def __init__(self, manager: Any, vocabulary: Vocabulary) -> None:
        self._manager = manager
        self._vocabulary = vocabulary

    def add(
        self,
        input_ids: Sequence[int],
        grammar: Constraint | None,
        *,
        max_tokens: int | None = None,
        soft_landing: float = 0.0,
        **options: Any,
    ) -> str:
        """Queue a prompt with its grammar (None: without), and give the id of the request.

        max_tokens, soft_landing: those of `TextBudget`, for a text with a grammar; with max_new_tokens as large it ends
        by itself.
        options: those of `manager.add_request`: request_id, max_new_tokens, streaming, eos_token_id (by default all
        end-of-text tokens of the vocabulary), ...  Raises `MatcherError` for a grammar of another vocabulary,
        `BudgetTooSmall` and `UnsupportedBudget` for max_tokens, and `ModelCallFailed` if the manager takes no more
        requests.
        """
        budget = TextBudget(max_tokens, soft_landing)
        if grammar is not None:
            if grammar.vocabulary != self._vocabulary:
                raise MatcherError("The grammar was compiled for another vocabulary than the manager was attached with")
            ends = list(self._vocabulary.eos_token_ids)
            options = {"eos_token_id": ends, **options, "grammar": RequestGrammar(grammar, budget)}
        request_id: str | None = self._manager.add_request(list(input_ids), **options)
        if request_id is None:
            raise ModelCallFailed("the manager takes no requests: it was stopped, or generation has failed")
        return request_id


def attach(manager: Any, vocabulary: Vocabulary) -> GrammarRequests:
    """Make a continuous-batching manager that was not started yet heed grammars of `vocabulary`.

    Raises `UnsupportedHost` if this version of transformers lacks what is needed, `InvalidOption` for a configuration
    under which masks would come too late, and `MatcherError` if the manager has started or was attached before.
    """
    _check_host(manager)
    _check_configuration(manager)
    if manager.batch_processor is not None:
        raise MatcherError("Grammars must be attached before the manager is started or warmed up")
    processors = manager.logit_processor
    if any(isinstance(processor, _GrammarProcessor) for processor in processors.logits_processor):
        raise MatcherError("Grammars were attached to this manager before")
    if not vocabulary.eos_token_ids:
        raise MatcherError("The vocabulary has no end-of-text token, so generation could never end")
    processors.logits_processor.insert(0, _GrammarProcessor(vocabulary))
    processors.tensors_required += 1
    processors.supported_keys.update(_GrammarProcessor.supported_kwargs)
    processors.do_processing = True
    return GrammarRequests(manager, vocabulary)


def _check_host(manager: Any) -> None:
    lacking = [name for name in HOOKS if not _has(manager, name)]
    if ContinuousBatchingLogitsProcessor is object:
        lacking.insert(0, "logits processors")
    if lacking:
        reason = f"its continuous batching has no {', '.join(lacking)}"
        raise UnsupportedHost("transformers", transformers.__version__, reason)


def _has(manager: Any, hook: str) -> bool:
    try:
        operator.attrgetter(hook)(manager)
    except AttributeError:
        return False
    return True


def _check_configuration(manager: Any) -> None:
    config = manager.continuous_batching_config
    if config.use_async_batching:
        raise InvalidOption(
            "use_async_batching", True, "False with grammars, since it begins a step before the last token is known"
        )
    if any(config.cuda_graph_booleans):
        raise InvalidOption("use_cuda_graph", config.use_cuda_graph, "False with grammars")
    for name in ("varlen_compile_config", "decode_compile_config"):
        if getattr(config, name, None) is not None:
            raise InvalidOption(name, getattr(config, name), "None with grammars")
    if manager.distributed_helper.tp_size > 1:
        raise InvalidOption("tp_size", manager.distributed_helper.tp_size, "1 with grammars")


def generate_batch(
    model: Any,
    inputs: Sequence[Sequence[int]],
    grammars: Constraint | Sequence[Constraint | None],
    *,
    generation_config: Any = None,
    continuous_batching_config: Any = None,
    max_new_tokens: int | None = None,
    max_tokens: int | None = None,
    soft_landing: float = 0.0,
) -> list[Any]:
    """`model.generate_batch` inside grammars: the `GenerationOutput`s in the order of `inputs`.

    grammars: one for all prompts, or one for each (None leaves its prompt free). With `num_return_sequences` of n, n
    outputs follow each other for each prompt. max_tokens, soft_landing: those of `TextBudget`, for each
    text. Give a `continuous_batching_config` that says how much memory the cache may take: by default transformers
    takes most of what there is.

        [output] = generate_batch(model, [ids], grammar, max_new_tokens=100)
        vocabulary.decode(output.generated_tokens)  # -> b'{"name": "Ann"}'

    Raises what `attach` raises, `MatcherError` if numbers do not fit, `RequestsFailed` with all outputs if a mask could
    not be made or transformers failed a request, and `ModelCallFailed` if generation ended without answers.
    """
    owned = list(grammars) if isinstance(grammars, Sequence) else [grammars] * len(inputs)
    if len(owned) != len(inputs):
        raise MatcherError(f"{len(owned)} grammars were given for {len(inputs)} prompts")
    vocabulary = next((grammar.vocabulary for grammar in owned if grammar is not None), None)
    if vocabulary is None:
        raise MatcherError("None of the prompts has a grammar: `model.generate_batch` does this")
    if ContinuousBatchingConfig is None:
        raise UnsupportedHost("transformers", transformers.__version__, "it has no configurable continuous batching")
    manager = model.init_continuous_batching(
        generation_config=generation_config, continuous_batching_config=_synchronous(continuous_batching_config)
    )
    requests = attach(manager, vocabulary)
    manager.start()
    ids: list[str] = []
    try:
        for prompt, grammar in zip(inputs, owned, strict=True):
            ids.append(
                requests.add(
                    prompt, grammar, max_tokens=max_tokens, soft_landing=soft_landing, max_new_tokens=max_new_tokens
                )
            )
        n_children = manager.num_return_sequences - 1
        wanted = [name for id_ in ids for name in (id_, *(f"{id_}__child#{child}" for child in range(n_children)))]
        outputs = _collected(manager, len(wanted))
    except BaseException:
        for id_ in ids:
            manager.cancel_request(id_)
        raise
    finally:
        manager.stop(block=True)
        manager.destroy()
    return _sound([outputs[name] for name in wanted])


def _synchronous(config: Any) -> Any:
    """The configuration with what grammars need where it leaves that open; what it asks for is checked by `attach`."""
    chosen = ContinuousBatchingConfig() if config is None else copy.copy(config)
    for name in ("use_async_batching", "use_cuda_graph"):
        if getattr(chosen, name) is None:
            setattr(chosen, name, False)
    return chosen


def _collected(manager: Any, n_outputs: int) -> dict[str, Any]:
    """The outputs of so many requests by id."""
    outputs: dict[str, Any] = {}
    while len(outputs) < n_outputs:
        output = manager.get_result(timeout=PATIENCE)
        if output is None:
            if not manager.is_running():
                reasons = [f" ({output.error})" for output in outputs.values() if output.error is not None]
                what = "the thread that generates has ended before all requests were answered"
                raise ModelCallFailed(what + "".join(reasons[:1]))
        elif output.is_finished():  # or has failed
            outputs[output.request_id] = output
    return outputs


def _sound(outputs: list[Any]) -> list[Any]:
    failures = tuple((place, output.error) for place, output in enumerate(outputs) if output.error is not None)
    if failures:
        raise RequestsFailed(failures, len(outputs), outputs)
    return outputs
