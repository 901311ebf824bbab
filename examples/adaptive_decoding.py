"""One prompt and one grammar, decoded in eight ways: transforms of the model's logits, side by side.

Every way writes a valid document; what differs is which one, and how surprising its tokens were to the model. The mask
is applied twice. Before the transform, so that a truncation chooses among the allowed tokens: of the whole vocabulary,
top-p may keep nothing that the grammar allows. And after it, because a transform may bring in another model's row.
The small model of EAD is the same network, allowed to see the last 12 tokens only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

import maskwright as mw
from maskwright.integrations.generation import LoadedModel, load_model
from maskwright.matching.bitmask import n_mask_words
from maskwright.sampling.logits import (
    EAD,
    GRAD,
    AdaCAD,
    AdaDec,
    Context,
    LogitsTransform,
    Mirostat,
    OtherPrompt,
    Temperature,
    TopK,
    TopP,
    TransitionGraph,
    chain,
    learned_threshold,
)
from maskwright.sampling.logits.distributions import log_probabilities
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow

PROMPT = "A person as JSON:"
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 30},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "city": {"type": "string", "maxLength": 20},
    },
    "required": ["name", "age", "city"],
    "additionalProperties": False,
}
TRUSTED = ('{"name": "Ada Lovelace", "age": 36, "city": "London"}', '{"name": "Kurt Gödel", "age": 71, "city": "Brno"}')
SHORT_SIGHT = 12
MAX_TOKENS = 120
KEY = RandomKey.from_seed(8)


def plain_model(loaded: LoadedModel, sight: int | None = None) -> Any:
    """The network as a function from prefixes to rows of logits; with `sight` it sees that many last tokens."""

    def model(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        with torch.no_grad():
            texts = [torch.tensor([list(prefix)[-sight:] if sight else list(prefix)]) for prefix in prefixes]
            return np.stack([loaded.model(text).logits[0, -1].numpy() for text in texts])

    return model


def decode(
    model: Any, transform: LogitsTransform[Any], prompt: Sequence[int], grammar: mw.CompiledGrammar
) -> tuple[tuple[int, ...], float, Any]:
    """The text inside the grammar, its surprise per token to the masked model in bits, the transform's last state."""
    matcher, state, text, surprise = mw.Matcher(grammar), transform.init(), list(prompt), 0.0
    while not matcher.is_finished() and len(text) < len(prompt) + MAX_TOKENS:
        logits = model([text])[0]
        words = np.zeros(n_mask_words(len(logits)), dtype=np.int32)
        matcher.fill_bitmask(words)
        allowed = MaskedRow(logits, words).allowed()
        masked = np.full(len(logits), -np.inf)
        masked[allowed] = logits[allowed]
        state, changed = transform(state, Context(tuple(text), model), masked)
        token = MaskedRow(changed, words).draw(KEY.child(len(text)).uniform())
        matcher.accept_token(token)
        surprise -= log_probabilities(masked)[token] / np.log(2)
        text.append(token)
    generated = tuple(text[len(prompt) :])
    return generated, surprise / len(generated), state


def main() -> None:
    torch.set_num_threads(1)
    loaded = load_model()
    full, short = plain_model(loaded), plain_model(loaded, SHORT_SIGHT)
    grammar = mw.Compiler(loaded.vocabulary).compile_json_schema(SCHEMA)
    ends = tuple(loaded.vocabulary.eos_token_ids)
    prompt = loaded.tokenizer(PROMPT)["input_ids"]
    trusted = [[*prompt, *loaded.tokenizer(text, add_special_tokens=False)["input_ids"], ends[0]] for text in TRUSTED]
    bare = OtherPrompt(len(prompt), tuple(loaded.tokenizer("JSON:")["input_ids"]))
    ways: dict[str, tuple[Any, LogitsTransform[Any]]] = {
        "the model itself": (full, chain()),
        "temperature, top-p": (full, chain(Temperature(0.5), TopP(0.9))),
        "Mirostat, 2 bits": (full, Mirostat(2.0, 0.3)),
        "greedy": (full, TopK(1)),
        "AdaDec, greedy": (full, chain(AdaDec(learned_threshold(full, trusted), ends), TopK(1))),
        "AdaCAD": (full, AdaCAD(bare)),
        "GRAD": (full, GRAD(TransitionGraph.of_corpus(full, trusted), 8.0)),
        "EAD": (short, EAD(full, 1.0)),
    }
    for name, (model, transform) in ways.items():
        token_ids, bits, state = decode(model, transform, prompt, grammar)
        text = loaded.vocabulary.decode(token_ids[:-1]).decode()
        remark = f", large model {state.share_of_large:.0%}" if name == "EAD" else ""
        print(f"{name:20} {json.dumps(json.loads(text), ensure_ascii=False)}  ({bits:.2f} bits per token{remark})")


if __name__ == "__main__":
    main()
