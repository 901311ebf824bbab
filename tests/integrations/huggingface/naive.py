"""Generation as plain loops: no cache, no rollback, no table of states; every step begins from the prompt."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import maskwright as mw
from maskwright.integrations.huggingface import Retokenize
from maskwright.matching.bitmask import n_mask_words, unpack_bitmask


def matcher_after(grammar: mw.CompiledGrammar, tokens: list[int]) -> mw.Matcher:
    matcher = grammar.matcher()
    for token in tokens:
        matcher.accept_token(token)
    return matcher


def allowed_after(grammar: mw.CompiledGrammar, tokens: list[int]) -> Any:
    """bool[size]."""
    row = np.zeros(n_mask_words(grammar.vocabulary.size), dtype=np.int32)
    matcher_after(grammar, tokens).fill_bitmask(row)
    return unpack_bitmask(row, grammar.vocabulary.size)


def best_token(model: Any, grammar: mw.CompiledGrammar, prompt: list[int], tokens: list[int]) -> int:
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *tokens]])).logits[0, -1].numpy()
    return int(np.where(allowed_after(grammar, tokens)[: len(logits)], logits, -np.inf).argmax())


def greedy(model: Any, grammar: mw.CompiledGrammar, prompt: list[int], limit: int) -> list[int]:
    """The best of the allowed tokens, again and again."""
    tokens: list[int] = []
    while len(tokens) < limit and not matcher_after(grammar, tokens).is_finished():
        tokens.append(best_token(model, grammar, prompt, tokens))
    return tokens


def greedy_with_jumps(
    model: Any, tokenizer: Any, grammar: mw.CompiledGrammar, prompt: list[int], limit: int, retokenize: Retokenize
) -> tuple[list[int], int]:
    """What growing_text.py describes, word for word; the tokens, and how often the model was asked."""
    tokens: list[int] = []
    n_calls = 0
    while len(tokens) < limit and not matcher_after(grammar, tokens).is_finished():
        jumped = after_jump(tokenizer, grammar, tokens, retokenize)
        if jumped is not None:
            tokens = jumped
            continue
        allowed = np.flatnonzero(allowed_after(grammar, tokens)).tolist()
        if len(allowed) == 1:
            chosen = allowed[0]
        else:
            chosen = best_token(model, grammar, prompt, tokens)
            n_calls += 1
        if chosen in grammar.vocabulary.eos_token_ids and retokenize is Retokenize.TEXT:
            own = encoded(tokenizer, grammar.vocabulary.decode(tokens))
            tokens = own if len(own) < limit else tokens
        tokens.append(chosen)
    return tokens[:limit], n_calls


def after_jump(
    tokenizer: Any, grammar: mw.CompiledGrammar, tokens: list[int], retokenize: Retokenize
) -> list[int] | None:
    vocabulary = grammar.vocabulary
    text = vocabulary.decode(tokens)
    forced = matcher_after(grammar, tokens).forced_bytes()
    while forced and not is_text(text + forced):
        forced = forced[:-1]
    if not forced or goes_beyond(grammar, tokens, forced):
        return None
    own = encoded(tokenizer, text + forced)
    if retokenize is Retokenize.SEAM:
        joints = [
            [*tokens[:kept], *own[first:]]
            for kept in range(len(tokens) + 1)
            for first in range(len(own) + 1)
            if vocabulary.decode(tokens[:kept]) == vocabulary.decode(own[:first])
        ]
        own = joints[-1]
    for n_taken in range(1, len(own)):
        n_spelt = len(vocabulary.decode(own[:n_taken])) - len(text)
        if n_spelt > 0 and goes_beyond(grammar, own[:n_taken], forced[n_spelt:]):
            return own[:n_taken]
    return own


def goes_beyond(grammar: mw.CompiledGrammar, tokens: list[int], rest: bytes) -> bool:
    allowed = np.flatnonzero(allowed_after(grammar, tokens)).tolist()
    texts = [grammar.vocabulary.text_of(token) for token in allowed]
    return any(text.startswith(rest) and len(text) > len(rest) for text in texts)


def encoded(tokenizer: Any, text: bytes) -> list[int]:
    return tokenizer(text.decode(), add_special_tokens=False)["input_ids"]


def is_text(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
