"""SGLang's specifications in, grammar objects out: one `Compiler` for the server's vocabulary.

SGLang calls a `dispatch_` method in a thread of its pool, waits for the object, keeps a copy by (kind, text), and gives
each request a copy of that. A specification that is refused becomes an `InvalidGrammarObject`, and the request is
answered with its message: what cannot be enforced exactly is never run without.

    json            a JSON Schema, or `$$ANY$$` for any JSON value
    regex           Python's syntax; the whole answer must match
    ebnf            Lark, GBNF or EBNF, as the text itself shows (`grammar_text`)
    structural_tag  both of SGLang's forms (`structural_tags`)

The server's options about blanks in JSON are honoured where there is an exact counterpart, and refused at the start of
the server where there is none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, final

import torch
from sglang.srt.constrained.base_grammar_backend import BaseGrammarBackend, InvalidGrammarObject

from maskwright import CompiledGrammar, Compiler, JSONSchemaOptions, Vocabulary, Whitespace
from maskwright.errors import InvalidOption, MaskwrightError
from maskwright.integrations.grammar_text import compile_grammar_text
from maskwright.integrations.readiness import make_kernels_ready
from maskwright.integrations.sglang.grammar_object import SGLangGrammar
from maskwright.integrations.sglang.masks import allocate_mask, apply_mask, filter_tokens, move_mask
from maskwright.integrations.sglang.structural_tags import structural_tag
from maskwright.matching.tokenizer_bytes import one_or_many

logger = logging.getLogger(__name__)

#: What SGLang writes for "any JSON value".
ANY_JSON: Final = "$$ANY$$"


def json_options(serving: Any) -> JSONSchemaOptions | None:
    """The options of JSON texts that SGLang's `constrained_json_*` ask for; None leaves the choice to each schema.

    serving: whatever has these three attributes. Raises `InvalidOption` for a pattern of blanks.
    """
    if serving.constrained_json_whitespace_pattern is not None:
        raise InvalidOption(
            "--constrained-json-whitespace-pattern",
            serving.constrained_json_whitespace_pattern,
            "left out with this backend: --constrained-json-max-whitespace-cnt bounds blanks",
        )
    if serving.constrained_json_disable_any_whitespace:
        return JSONSchemaOptions(whitespace=Whitespace.COMPACT)
    if serving.constrained_json_max_whitespace_cnt is not None:
        return JSONSchemaOptions(max_whitespace=serving.constrained_json_max_whitespace_cnt)
    return None


@final
class SGLangBackend(BaseGrammarBackend):  # type: ignore[misc,unused-ignore]
    """The grammar backend of one scheduler.

    tokenizer: as `Vocabulary.from_huggingface` takes it; vocab_size: the width of the logits; eos_token_ids: those of
    the model, to which the tokenizer's own is added, since SGLang ends a text at either.
    """

    def __init__(
        self,
        tokenizer: object,
        vocab_size: int,
        eos_token_ids: int | Iterable[int] | None = None,
        options: JSONSchemaOptions | None = None,
    ) -> None:
        super().__init__()
        make_kernels_ready()
        named = (eos_token_ids, getattr(tokenizer, "eos_token_id", None))
        ends = sorted({end for ids in named if ids is not None for end in one_or_many(ids)})
        self._compiler = Compiler(Vocabulary.from_huggingface(tokenizer, size=vocab_size, eos_token_ids=ends or None))
        self._compiler.warm_up()
        self._options = options

    def dispatch_json(self, key_string: str) -> Any:
        """The object of a JSON Schema given as text."""
        schema = True if key_string == ANY_JSON else key_string
        return self._compiled(
            "json", key_string, lambda: self._compiler.compile_json_schema(schema, options=self._options)
        )

    def dispatch_regex(self, key_string: str) -> Any:
        """The object of a pattern that the whole answer must match."""
        return self._compiled("regex", key_string, lambda: self._compiler.compile_regex(key_string))

    def dispatch_ebnf(self, key_string: str) -> Any:
        """The object of a grammar in Lark, GBNF or EBNF."""
        return self._compiled("ebnf", key_string, lambda: compile_grammar_text(self._compiler, key_string))

    def dispatch_structural_tag(self, key_string: str) -> Any:
        """The object of a structural tag given as JSON text."""
        return self._compiled(
            "structural_tag",
            key_string,
            lambda: self._compiler.compile_structural_tag(structural_tag(key_string), options=self._options),
        )

    def _compiled(self, kind: str, key_string: str, compiled: Callable[[], CompiledGrammar]) -> Any:
        try:
            return SGLangGrammar(compiled().matcher(), kind, key_string)
        except MaskwrightError as error:
            logger.info("Refused a %s: %s", kind, error)
            return InvalidGrammarObject(str(error))

    def reset(self) -> None:
        """Forget all grammars that no request uses."""
        super().reset()
        self._compiler.clear_cache()

    # What SGLang's wrapper for reasoning asks of a backend rather than of an object.

    @property
    def is_support_token_filter(self) -> bool:
        """Strict thinking can be enforced."""
        return True

    def set_token_filter(
        self,
        vocab_mask: torch.Tensor,
        token_ids: Iterable[int],
        batch_idx: int,
        is_allowed: bool = True,
        reset_vocab_mask: bool = True,
    ) -> None:
        """Allow or forbid some tokens of a row."""
        filter_tokens(vocab_mask, token_ids, batch_idx, is_allowed, reset_vocab_mask)

    @staticmethod
    def allocate_vocab_mask(
        vocab_size: int,
        batch_size: int,
        device: object,  # noqa: ARG004 - filled on the host
    ) -> torch.Tensor:
        """As the method of `SGLangGrammar`."""
        return allocate_mask(vocab_size, batch_size)

    move_vocab_mask = staticmethod(move_mask)
    apply_vocab_mask = staticmethod(apply_mask)
