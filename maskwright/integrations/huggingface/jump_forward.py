"""`generate` with jump-forward: what the grammar forces is appended without asking the model for each token.

    jump_forward = JumpForward(tokenizer)  # once per tokenizer
    model.generate(**inputs, custom_generate=jump_forward, grammar=grammar, max_new_tokens=200)

The idea is in growing_text.py: forced bytes are appended and the text is cut into the tokenizer's own tokens. The model
then reads all new tokens in one forward pass, with the keys and values of those that stayed (prefix_reader.py). So the
number of forward passes is the number of tokens that somebody had to choose.

Honoured, as in `generate`: greedy choice and sampling with temperature, top-k, top-p and other processors (the mask
comes before all of them), stopping criteria (asked about every new token, those within a jump too, and the text is cut
where they say stop), several end tokens, `use_cache=False`, and the streamer. A streamer is told the text, in tokens:
where a jump has replaced tokens that were streamed before, it gets tokens that spell what is new.

Refused with `InvalidOption`: more than one row (rows would jump by different numbers of tokens, so each is a call),
beams and assisted decoding, which are other ways to choose, scores and hidden states of tokens that no model was asked
for, inputs besides tokens, and processors that count on one new token a call (`guidance_scale`, a
`GrammarLogitsProcessor`). Where all tokens that the grammar allows are forbidden by another processor (`bad_words_ids`,
`min_new_tokens` in a text that must end), there is no right answer: `NoContinuation`.

Cost, bundled model: see docs/huggingface.md.

Rejected: to put forced tokens through `generate` by a mask with one bit each: right, and as slow as without a grammar.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import torch
from transformers.generation import GenerateDecoderOnlyOutput

from maskwright import CompiledGrammar, Vocabulary
from maskwright.errors import InvalidOption, MatcherError, NoContinuation
from maskwright.integrations.causal_model import CausalModel
from maskwright.integrations.huggingface.growing_text import GrowingText, Retokenize, TokensBeyond, sole_token
from maskwright.integrations.huggingface.logits_processor import GrammarLogitsProcessor
from maskwright.integrations.huggingface.prefix_reader import PrefixReader
from maskwright.integrations.huggingface.retokenizing import Retokenizer
from maskwright.integrations.huggingface.text_budget import TextBudget, landed
from maskwright.integrations.huggingface.token_stream import TokenStream
from maskwright.integrations.torch_masks.scores import apply_bitmask
from maskwright.matching.bitmask import n_mask_words
from maskwright.matching.text_pieces import n_shared

#: Tokens of one forward pass; a text is one row, however long.
NO_LIMIT: Final = 1 << 30

#: What `generate` hands to its loops besides tokens; anything else is an input that this loop does not know.
KNOWN_INPUTS: Final = frozenset(
    ("attention_mask", "position_ids", "cache", "past_key_values", "use_cache", "logits_to_keep")
)

#: Options of the generation config, with the values under which this loop does what they ask for, and a reason.
ONE_TOKEN_AT_A_TIME: Final = (
    ("num_beams", (None, 1), "1: jump-forward is for greedy choice and sampling"),
    ("prompt_lookup_num_tokens", (None,), "None: drafts and jumps exclude each other"),
    ("guidance_scale", (None, 1.0), "None: guidance counts on one new token a call"),
    ("cache_implementation", (None, "dynamic"), "None: the cache must be one that can be cut back"),
)
PER_TOKEN_OUTPUTS: Final = ("output_scores", "output_logits", "output_attentions", "output_hidden_states")


@dataclass(frozen=True, slots=True)
class JumpStatistics:
    """What a text took.

    n_new_tokens: behind the prompt.  n_forced_tokens: of these, how many no model chose.  n_model_calls: forward
    passes.  n_tokens_read: by these passes, the prompt included.
    """

    n_new_tokens: int
    n_forced_tokens: int
    n_model_calls: int
    n_tokens_read: int

    @property
    def share_forced(self) -> float:
        """Forced tokens among the new ones."""
        return self.n_forced_tokens / max(1, self.n_new_tokens)


@dataclass
class JumpForwardOutput(GenerateDecoderOnlyOutput):  # type: ignore[misc,unused-ignore]
    """What `generate` returns with `return_dict_in_generate=True`: `sequences`, int64[1, T], and `statistics`."""

    statistics: JumpStatistics | None = None  # the base allows one field without a default


@final
class JumpForward:
    """A loop for `model.generate(..., custom_generate=JumpForward(tokenizer), grammar=grammar)`; see the module.

    tokenizer: the model's.  retokenize: which tokens jumps may replace by the tokenizer's own; with `Retokenize.TEXT` a
    complete text is exactly the tokens that the tokenizer makes of it.
    The object may serve any number of calls, models and grammars, one at a time.
    """

    def __init__(self, tokenizer: Any, retokenize: Retokenize = Retokenize.TEXT) -> None:
        self._tokenizer: Final = tokenizer
        self._retokenize: Final = retokenize
        self._causal: CausalModel | None = None
        self._texts: _Texts | None = None

    def __call__(
        self,
        model: Any,
        input_ids: torch.LongTensor,
        *,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        grammar: CompiledGrammar | None = None,
        max_tokens: int | None = None,
        soft_landing: float = 0.0,
        streamer: Any = None,
        **inputs: Any,
    ) -> torch.LongTensor | JumpForwardOutput:
        """Called by `generate`; input_ids: int64[1, T]. max_tokens, soft_landing: those of `TextBudget`."""
        streamer = _argument_of_generate("streamer") if streamer is None else streamer
        _check_options(generation_config, logits_processor)
        _check_inputs(input_ids, inputs)
        if _argument_of_generate("assistant_model") is not None:
            raise InvalidOption("assistant_model", "a model", "None: drafts and jumps exclude each other")
        if grammar is None:
            raise InvalidOption("grammar", None, "the compiled grammar of the text, generate(..., grammar=grammar)")
        if not grammar.vocabulary.eos_token_ids:
            raise MatcherError("The vocabulary has no end-of-text token, so generation could never end")
        budget = TextBudget(max_tokens, soft_landing)
        texts = self._texts_of(grammar.vocabulary)
        run = _Run(
            budget=budget,
            text=GrowingText(
                grammar.matcher(max_tokens=max_tokens), texts.retokenizer.encode, texts.beyond, self._retokenize
            ),
            reader=PrefixReader(self._causal_of(model), use_cache=generation_config.use_cache is not False),
            prompt=input_ids,
            read_prompt=_without_padding(input_ids, inputs.get("attention_mask")),
            logits_processor=logits_processor,
            stopping_criteria=stopping_criteria,
            do_sample=bool(generation_config.do_sample),
            stream=None if streamer is None else TokenStream(streamer, grammar.vocabulary),
        )
        with torch.no_grad():
            run.to_the_end()
        if not generation_config.return_dict_in_generate:
            return run.sequences()
        return JumpForwardOutput(
            sequences=run.sequences(),
            statistics=JumpStatistics(
                n_new_tokens=len(run.text.token_ids),
                n_forced_tokens=run.text.n_forced,
                n_model_calls=run.reader.n_calls,
                n_tokens_read=run.reader.n_tokens_read,
            ),
        )

    def _texts_of(self, vocabulary: Vocabulary) -> _Texts:
        if self._texts is None or self._texts.vocabulary != vocabulary:
            self._texts = _Texts(vocabulary, Retokenizer(self._tokenizer, vocabulary), TokensBeyond(vocabulary))
        return self._texts

    def _causal_of(self, model: Any) -> CausalModel:
        if self._causal is None or self._causal.model is not model:
            self._causal = CausalModel(model, NO_LIMIT)
        return self._causal


@dataclass(frozen=True, slots=True)
class _Texts:
    """What is known of a vocabulary and its tokenizer before any grammar."""

    vocabulary: Vocabulary
    retokenizer: Retokenizer
    beyond: TokensBeyond


@dataclass(slots=True)
class _Run:
    """One text from its prompt to its end.

    prompt: int64[1, T] as `generate` has it; read_prompt: what the model reads of it, without padding.
    """

    budget: TextBudget
    text: GrowingText
    reader: PrefixReader
    prompt: torch.LongTensor
    read_prompt: list[int]
    logits_processor: Any
    stopping_criteria: Any
    do_sample: bool
    stream: TokenStream | None

    def to_the_end(self) -> None:
        """Jump where bytes are forced, else take a token, until the text has ended or a criterion stops it."""
        row = np.zeros(n_mask_words(self.text.matcher.vocabulary.size), dtype=np.int32)
        is_stopped = False
        while not is_stopped and not self.text.matcher.is_finished():
            before = self.text.token_ids
            if not self.text.jump():
                self._take_a_token(row)
            is_stopped = self._stop_where_told(before)
            if self.stream is not None:
                self.stream.update(self.text.token_ids)
        if self.stream is not None:
            self.stream.end()

    def _take_a_token(self, row: Any) -> None:
        self.text.matcher.fill_bitmask(row)
        sole = sole_token(row)
        token = self._chosen(row) if sole is None else sole
        if not self.text.matcher.vocabulary.text_of(token):
            self._retokenize_before_the_end()
        self.text.append(token, chosen=sole is None)

    def _chosen(self, row: Any) -> int:
        logits = self.reader.logits([*self.read_prompt, *self.text.token_ids]).to(self.prompt.device)
        logits = landed(logits, [self.budget.bias(self.text.matcher)])
        scores = self.logits_processor(self.sequences(), apply_bitmask(logits, row[None]))
        if not torch.isfinite(scores).any():
            reason = "other processors forbid all tokens that the grammar allows"
            raise NoContinuation(reason, len(self.text.token_ids))
        if self.do_sample:
            return int(torch.multinomial(torch.softmax(scores, dim=-1), num_samples=1))
        return int(scores.argmax(dim=-1))

    def _retokenize_before_the_end(self) -> None:
        """Replace tokens by the tokenizer's own, unless a criterion would stop the text earlier then."""
        tokens = self.text.retokenized()
        if tokens is None:
            return
        begin = n_shared(self.text.token_ids, tokens) + 1
        if not any(self._stops(tokens[:n]) for n in range(begin, len(tokens) + 1)):
            self.text.replace(tokens)

    def _stop_where_told(self, before: tuple[int, ...]) -> bool:
        """Ask the criteria about every new token, as a loop without jumps does; what is behind a stop is cut off."""
        tokens = self.text.token_ids
        for n_tokens in range(n_shared(before, tokens) + 1, len(tokens) + 1):
            if self._stops(tokens[:n_tokens]):
                if n_tokens < len(tokens):
                    self.text.shorten(n_tokens)
                return True
        return False

    def _stops(self, tokens: tuple[int, ...]) -> bool:
        return bool(self.stopping_criteria(self._with_prompt(tokens), None).all())

    def sequences(self) -> torch.LongTensor:
        """int64[1, T]: the prompt and the text so far."""
        return self._with_prompt(self.text.token_ids)

    def _with_prompt(self, tokens: tuple[int, ...]) -> Any:
        new = torch.tensor([tokens], dtype=self.prompt.dtype, device=self.prompt.device)
        return torch.cat([self.prompt, new], dim=-1)


def _argument_of_generate(name: str) -> Any:
    """What `generate`, which called our caller, was given.

    transformers 5 keeps the streamer and the assistant from a loop that is given as a function, without a word, so a
    streamer would wait for ever. Its own frame still has them.
    """
    frame = sys._getframe(2)
    return frame.f_locals.get(name) if frame.f_code.co_name == "generate" else None


def _check_options(config: Any, logits_processor: Any) -> None:
    for name, possible, meaning in ONE_TOKEN_AT_A_TIME:
        if getattr(config, name, None) not in possible:
            raise InvalidOption(name, getattr(config, name), meaning)
    for name in PER_TOKEN_OUTPUTS:
        if config.return_dict_in_generate and getattr(config, name, False):
            raise InvalidOption(name, True, "False: no model is asked for forced tokens")
    if any(isinstance(processor, GrammarLogitsProcessor) for processor in logits_processor):
        raise InvalidOption("logits_processor", "a GrammarLogitsProcessor", "without it, the grammar alone is enough")


def _check_inputs(input_ids: torch.Tensor, inputs: dict[str, Any]) -> None:
    if len(input_ids) != 1:
        raise InvalidOption("the number of rows", len(input_ids), "1 with jump-forward: call generate for each prompt")
    unknown = sorted(name for name, value in inputs.items() if value is not None and name not in KNOWN_INPUTS)
    if unknown:
        raise InvalidOption("inputs", ", ".join(unknown), "token ids alone with jump-forward")
    for name in ("cache", "past_key_values"):
        if inputs.get(name) is not None and inputs[name].get_seq_length():
            raise InvalidOption(name, "a cache with tokens in it", "empty: the prompt is read from its beginning")
    mask, positions = inputs.get("attention_mask"), inputs.get("position_ids")
    if positions is not None:
        attended = torch.ones_like(input_ids) if mask is None else mask
        if not torch.equal((positions * attended)[attended > 0], (attended.cumsum(-1) - 1)[attended > 0]):
            raise InvalidOption("position_ids", positions.tolist(), "those of a text that is read from its beginning")


def _without_padding(input_ids: torch.Tensor, mask: torch.Tensor | None) -> list[int]:
    ids: list[int] = (input_ids if mask is None else input_ids[mask > 0]).flatten().tolist()
    return ids
