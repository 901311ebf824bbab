"""Attribute names that exist: the bundled model completes Python code, with and without a monitor.

The grammar allows any name behind the dot. The monitor asks jedi which members the object has, and lets the model write
no others. It needs the extras `hf` and `monitors`.
"""

from __future__ import annotations

import numpy as np
import torch

import maskwright as mw
from maskwright.integrations.generation import LoadedModel, load_model
from maskwright.integrations.python_members import PythonMembers
from maskwright.sampling.masked_decoding import TokenMatcher, unpack_bitmask
from maskwright.sampling.monitors import MonitoredMatcher, NamesAfterTriggers

PROMPT = """\
class Order:
    def __init__(self, price: float, customer: str) -> None:
        self.price = price
        self.customer = customer


def label(order: Order) -> str:
    return order."""


def most_probable(loaded: LoadedModel, matcher: TokenMatcher, max_tokens: int = 24) -> str:
    """What the model writes behind the prompt if it always takes the most probable token that is allowed."""
    prompt_ids = loaded.tokenizer(PROMPT)["input_ids"]
    token_ids: list[int] = []
    row = mw.allocate_bitmask(1, loaded.vocabulary.size)[0]
    while len(token_ids) < max_tokens:
        matcher.fill_bitmask(row)
        allowed = unpack_bitmask(row, loaded.vocabulary.size)
        if not allowed.any():
            return loaded.vocabulary.decode(token_ids).decode() + "  (a dead end)"
        with torch.no_grad():
            logits = loaded.model(torch.tensor([prompt_ids + token_ids])).logits[0, -1].double().numpy()
        token = int(np.where(allowed, logits, -np.inf).argmax())
        matcher.accept_token(token)
        if matcher.is_finished():
            break
        token_ids.append(token)
    return loaded.vocabulary.decode(token_ids).decode()


def main() -> None:
    loaded = load_model()
    compiler = mw.Compiler(loaded.vocabulary)
    grammar = compiler.compile_regex(r"[a-z_]{1,12}\.[a-z_]{1,12}")
    print(PROMPT)
    print(f"  by the grammar alone:    order.{most_probable(loaded, grammar.matcher())}")
    with NamesAfterTriggers(compiler, PythonMembers()) as names:
        monitor = names.monitor(before=PROMPT.encode())
        matcher = MonitoredMatcher(grammar.matcher(), monitor, loaded.vocabulary)
        print(f"  with jedi's members:     order.{most_probable(loaded, matcher)}")
        print(f"  {names.report}")


if __name__ == "__main__":
    main()
